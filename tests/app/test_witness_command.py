"""`sipas sample` commit, announce, reveal, draw, verify: a draw before witnesses, and attacks."""

import json
import stat
import sys
from datetime import UTC, datetime

import pytest

from surveyapp import cli as root
from surveyapp import clock

PUBLIC = ("--public", "Xổ số miền Bắc, giải đặc biệt, 25/11/2026", "--public-digits", "5")
TODAY = datetime(2026, 11, 20, 3, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def sipas(capsys, monkeypatch, tmp_path):
    """Run `sipas sample ARGS` as the shell does, on a day; gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    lines = [f"HS-{i:03d}" for i in range(80)]
    (tmp_path / "frame.csv").write_text("\n".join(["ma", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "plan.toml").write_text('[sample]\nunit_id = "ma"\ntotal = 9\n', encoding="utf-8")

    def run(*args, on=TODAY):
        monkeypatch.setattr(sys, "argv", ["sipas", "sample", *args])
        with clock.set_to(on), pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


FILES = ("--frame", "frame.csv", "--plan", "plan.toml")


def _commit(sipas, *parties):
    for folder, name in parties:
        code, said, problem = sipas("commit", "--party", name, "--out", folder)
        assert code == 0, problem
        assert name in said


def _announce(sipas, *more, folders="ab", out="announced.json"):
    given = [word for f in folders for word in ("--commitment", f"{f}/commitment.json")]
    return sipas("announce", *FILES, *given, *more, "--out", out)


def _reveal(sipas, folder, announced="announced.json", out=None):
    secret = ("--secret", f"{folder}/secret.json")
    return sipas("reveal", "--announcement", announced, *secret, "--out", out or f"{folder}.json")


def _draw(sipas, *more, reveals="ab", on=LATER):
    given = [word for f in reveals for word in ("--reveal", f"{f}.json")]
    return sipas(
        "draw", *FILES, "--announcement", "announced.json", *given, *more, "--out", "out", on=on
    )


@pytest.fixture
def announced(sipas):
    """Two parties have committed, and a public number is named."""
    _commit(sipas, ("a", "Sở Nội vụ"), ("b", "MTTQ tỉnh"))
    code, said, problem = _announce(sipas, *PUBLIC)
    assert code == 0, problem
    return said


def test_a_draw_before_witnesses_from_commitment_to_verification(sipas, announced, tmp_path):
    assert stat.S_IMODE((tmp_path / "a" / "secret.json").stat().st_mode) == 0o600
    secret = json.loads((tmp_path / "a" / "secret.json").read_text(encoding="utf-8"))
    told = (tmp_path / "announced.json").read_text(encoding="utf-8")
    assert secret["part"] not in told
    assert secret["nonce"] not in told
    digest = announced.split("bản công bố: ")[1].split()[0]
    for folder in "ab":
        code, said, _ = _reveal(sipas, folder)
        assert code == 0
        assert digest in said
    code, said, _ = _draw(sipas, "--public-value", "01234")
    assert code == 0
    assert "(có chứng kiến)" in said
    code, said, note = sipas("verify", *FILES, "--protocol", "out/protocol.json")
    assert (code, said) == (0, "khớp\n")
    assert digest in note
    assert _draw(sipas, "--public-value", "01234")[0] == 0  # the same again changes nothing


@pytest.mark.usefixtures("announced")
def test_a_party_that_does_not_reveal_stops_the_draw(sipas, tmp_path):
    _reveal(sipas, "a")
    code, _, said = _draw(sipas, "--public-value", "01234", reveals="a")
    assert (code, "Chưa có phần đã mở của: MTTQ tỉnh" in said) == (1, True)
    assert not (tmp_path / "out").exists()
    code, _, said = _announce(sipas, *PUBLIC, "--previous", "announced.json", out="two.json")
    assert (code, "SAMPLE-156" in said) == (1, True)
    again = ("--previous", "announced.json", "--reason", "MTTQ không mở phần")
    assert _announce(sipas, *PUBLIC, *again, out="two.json")[0] == 0
    listed = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))["previous"]
    assert [entry["reason"] for entry in listed] == ["MTTQ không mở phần"]


@pytest.mark.usefixtures("announced")
def test_a_changed_part_is_refused(sipas, tmp_path):
    for folder in "ab":
        _reveal(sipas, folder)
    opened = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    (tmp_path / "b.json").write_text(json.dumps(opened | {"part": "đổi"}), encoding="utf-8")
    code, _, said = _draw(sipas, "--public-value", "01234")
    assert (code, "không khớp với cam kết" in said) == (1, True)


@pytest.mark.usefixtures("announced")
def test_a_commitment_after_the_announcement_is_refused(sipas, tmp_path):
    _commit(sipas, ("c", "Người đến sau"))
    code, _, said = _reveal(sipas, "c")
    assert (code, "cam kết muộn" in said) == (1, True)
    for folder in "ab":
        _reveal(sipas, folder)
    changed = json.loads((tmp_path / "announced.json").read_text(encoding="utf-8"))
    late = json.loads((tmp_path / "c" / "commitment.json").read_text(encoding="utf-8"))
    changed["commitments"].append(late)
    (tmp_path / "announced.json").write_text(json.dumps(changed), encoding="utf-8")
    assert _reveal(sipas, "c")[0] == 0
    code, _, said = _draw(sipas, "--public-value", "01234", reveals="abc")
    assert (code, "cho một bản công bố khác" in said) == (1, True)


@pytest.mark.usefixtures("announced")
def test_a_frame_or_plan_that_was_changed_after_the_announcement_is_refused(sipas, tmp_path):
    for folder in "ab":
        _reveal(sipas, folder)
    frame = tmp_path / "frame.csv"
    frame.write_text(frame.read_text(encoding="utf-8").replace("HS-079", "HS-bạn"))
    code, _, said = _draw(sipas, "--public-value", "01234")
    assert (code, "announcement.frame.sha256" in said) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("announced")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "Con số công khai thiếu"),
        (("--public-value", "1234"), "số chữ số đã hẹn"),
        (("--public-value", "01234", "--seed", "x"), "SAMPLE-164"),
        (("--public-value", "01234", "--shortfall", "lower"), "SAMPLE-164"),
    ],
)
def test_what_was_not_announced_is_refused_at_the_draw(sipas, more, said):
    for folder in "ab":
        _reveal(sipas, folder)
    code, _, problem = _draw(sipas, *more)
    assert (code, said in problem) == (1, True)


@pytest.mark.usefixtures("announced")
def test_the_public_number_is_not_taken_before_its_day(sipas):
    for folder in "ab":
        _reveal(sipas, folder)
    code, _, said = _draw(sipas, "--public-value", "01234", on=TODAY)
    assert (code, "SAMPLE-163" in said) == (1, True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "Chỉ có 0 bên"),
        (("--public", "Xổ số, 20/11/2026", "--public-digits", "5"), "một ngày sau ngày công bố"),
        (("--public", "Xổ số, 25/11/2026", "--public-digits", "2"), "quá ít"),
        (("--public", "Xổ số, 31/02/2026", "--public-digits", "5"), "SAMPLE-162"),
        (("--public", "25/11/2026", "--public-digits", "5"), "SAMPLE-162"),
        (("--public", "Xổ số, 25/11/2026"), "SAMPLE-162"),
        (("--commitment", "frame.csv"), "SAMPLE-140"),
        (("--commitment", "none.json"), "SAMPLE-142"),
    ],
)
def test_a_source_of_chance_that_can_be_steered_is_not_announced(sipas, tmp_path, more, said):
    code, _, problem = _announce(sipas, *more, folders="")
    assert (code, said in problem) == (1, True)
    assert "Traceback" not in problem
    assert not (tmp_path / "announced.json").exists()


def test_a_plan_that_cannot_be_drawn_is_refused_before_anybody_reveals(sipas, tmp_path):
    _commit(sipas, ("a", "A"), ("b", "B"))
    (tmp_path / "plan.toml").write_text('[sample]\nunit_id = "ma"\ntotal = 99\n', encoding="utf-8")
    code, _, said = _announce(sipas)
    assert (code, "SAMPLE-132" in said) == (1, True)
    assert not (tmp_path / "announced.json").exists()
    assert _announce(sipas, "--shortfall", "census")[0] == 0


@pytest.mark.usefixtures("announced")
def test_no_file_is_written_over(sipas):
    assert "SAMPLE-160" in sipas("commit", "--party", "Sở Nội vụ", "--out", "a")[2]
    assert "SAMPLE-160" in _announce(sipas, *PUBLIC)[2]
    assert "SAMPLE-161" in sipas("commit", "--party", "X", "--out", "frame.csv/x")[2]


@pytest.mark.usefixtures("announced")
def test_parts_without_an_announcement_and_a_wrong_announcement_are_refused(sipas):
    _reveal(sipas, "a")
    start = ("draw", *FILES, "--out", "out", "--reveal", "a.json")
    assert "SAMPLE-159" in sipas(*start, "--seed", "x")[2]
    code, _, said = sipas("draw", *FILES, "--out", "out", "--announcement", "a/commitment.json")
    assert (code, "không phải bản công bố" in said) == (1, True)


@pytest.mark.usefixtures("announced")
def test_json_for_programs(sipas, tmp_path):
    code, said, _ = sipas("commit", "--party", "Báo tỉnh", "--out", "c", "--json")
    stored = json.loads((tmp_path / "c" / "commitment.json").read_text(encoding="utf-8"))
    assert (code, json.loads(said)) == (0, stored)
    code, said, _ = _announce(sipas, "--json", folders="abc", out="two.json")
    assert len(json.loads(said)["announcement_sha256"]) == 64


def test_later_draws_with_the_seed_of_a_witnessed_one_say_so(sipas, tmp_path):
    _commit(sipas, ("a", "Sở Nội vụ"), ("b", "Mặt trận"))
    _announce(sipas)
    _reveal(sipas, "a"), _reveal(sipas, "b")
    assert _draw(sipas)[0] == 0
    first = json.loads((tmp_path / "out/protocol.json").read_text(encoding="utf-8"))
    text = (tmp_path / "plan.toml").read_text(encoding="utf-8")
    (tmp_path / "more.toml").write_text(text.replace("= 9", "= 12"), encoding="utf-8")
    (tmp_path / "wave.toml").write_text(text + "[wave]\nkeep = 0\n", encoding="utf-8")
    previous = ("--previous", "out/protocol.json", "--reason", "thêm")
    after = ("--first", "out/protocol.json")
    made = {
        "more": (*previous, "--seed", first["seed"]),
        "wave": after,
        "other": (*previous, "--seed", "tự chọn"),
    }
    for out, given in made.items():
        plan = "wave.toml" if out == "wave" else "more.toml"
        files = ("--frame", "frame.csv", "--plan", plan)
        assert sipas("draw", *files, *given, "--out", out)[0] == 0
        stored = json.loads((tmp_path / out / "protocol.json").read_text(encoding="utf-8"))
        witnessed = out != "other"
        assert (stored["label"] == "có chứng kiến", bool(stored["witness"])) == (witnessed,) * 2
        checked = (*files, "--protocol", f"{out}/protocol.json")
        assert sipas("verify", *checked, *(after if out == "wave" else ()))[:2] == (0, "khớp\n")
