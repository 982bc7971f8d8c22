"""Bad input of a draw on files: named by row (or stratum) and rule, and nothing is stored.

The ways: `sample draw`, `announce`, `verify`, and `draw` again into a folder that is in use.
What surveys in a database refuse stands in test_sample_bad_surveys.

- duplicates: here, by all ways; test_sample_command (draw)
- a row without a stratum: here, by all ways
- a stratum of the plan without rows (N_h = 0): here, by all ways; a quota of 0 asks for
  nobody (tests/pure/test_sampling_protocol)
- size 0, negative, no number in PPS, in one stage and in several: here, by all ways
- two seeds for one draw: here (every option of a seed); test_sample_command (another seed over
  an earlier draw), test_witness_command (a seed beside the witnessed one)
- a frame changed after the draw: here; after the announcement: test_witness_command
- one bad line among very many: here (rule and row); test_importers_tables (memory); the bench
  runs two million rows
"""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from surveyapp.cli import cli
from surveyapp.errors import AppError
from surveyapp.importers import csv_tables

HEAD = "ma,nhom,xa,so"
#: 6 units of A in lines 2 to 7, 6 of B in lines 8 to 13
LINES = [f"H{i:02d},{'AB'[i // 6]},Xã {i // 3},{i + 1}" for i in range(12)]
PPS = '[sample]\nunit_id = "ma"\nstratum = "nhom"\nmethod = "{}"\nsize = "so"\n[quotas]\nA = 2\nB = 2\n'
STAGES = """[sample]
unit_id = "ma"
stratum = "nhom"
[quotas]
A = 1
B = 1
[[stages]]
unit = "xa"
method = "pps"
size = "so"
[[stages]]
n = 2
"""
STAGED = [f"H{i:02d},{'AB'[i // 6]},Xã {i // 3},{i // 3 + 1}" for i in range(12)]


def run(*args: object) -> AppError | None:
    """Run `sipas sample ARGS`; gives its refusal, or None where it was done."""
    done = CliRunner().invoke(cli, ["sample", *map(str, args)])
    if done.exit_code == 0:
        return None
    assert isinstance(done.exception, AppError), done.exception
    assert done.stdout == ""
    return done.exception


def told(refused: AppError | None) -> str:
    """Return the whole text of a refusal."""
    assert refused is not None
    return "\n".join([str(refused), *refused.problems])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(plan: str, lines: list[str]) -> None:
    Path("frame.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    Path("plan.toml").write_text(plan, encoding="utf-8")


FILES = ("--frame", "frame.csv", "--plan", "plan.toml")
DRAW = ("draw", *FILES, "--seed", "s", "--recheck-seed", "r")
WAYS: dict[str, tuple[str, ...]] = {
    "draw": (*DRAW, "--out", "new"),
    "draw again": (*DRAW, "--out", "old"),
    "announce": (
        *("announce", *FILES, "--public", "Xổ số, 1/1/2100", "--public-digits", "5"),
        *("--out", "new"),
    ),
    "verify": ("verify", *FILES, "--protocol", "old/protocol.json"),
}


def refused_every_way(plan: str, good: list[str], bad: list[str]) -> dict[str, str]:
    """Draw from good lines, then hand in bad ones by every way; gives what each said."""
    write(plan, good)
    assert run(*DRAW, "--out", "old") is None
    before = {path: path.read_bytes() for path in Path("old").iterdir()}
    write(plan, bad)
    said = {name: told(run(*way)) for name, way in WAYS.items()}
    assert {path: path.read_bytes() for path in Path("old").iterdir()} == before
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["frame.csv", "old", "plan.toml"]
    return said


def named(said: dict[str, str], words: str) -> bool:
    """Say whether a fault that only drawing finds is named before anything is drawn.

    Beside an earlier draw the list is refused before, as another one than was drawn from.
    """
    assert "Không khớp tại frame." in said["verify"]
    assert "SAMPLE-157" in said["draw again"]
    return words in said["draw"] and words in said["announce"]


def with_line(lines: list[str], number: int, text: str) -> list[str]:
    """Replace a line, numbered as in the file."""
    return [*lines[: number - 2], text, *lines[number - 1 :]]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("method", ["pps", "pps-exact"])
@pytest.mark.parametrize(
    ("number", "line", "code"),
    [
        (9, "H03,B,Xã 2,1", "SAMPLE-103"),
        (5, "H03, ,Xã 1,4", "SAMPLE-104"),
        (6, "H04,A,Xã 1,nhiều", "IMPORT-024"),
        (6, "H04,A,Xã 1,", "IMPORT-024"),
        (6, "H04,A,Xã 1,nan", "IMPORT-024"),
        (6, "H04,A,Xã 1,1" + "0" * 400, "SAMPLE-105"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_rule_by_every_way(method, number, line, code):
    said = refused_every_way(PPS.format(method), LINES, with_line(LINES, number, line))
    assert all(f"[{code}] Dòng {number}" in one for one in said.values())


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("method", ["pps", "pps-exact"])
@pytest.mark.parametrize("size", ["0", "-3", "-0,0"])
def test_a_size_that_is_not_above_zero_is_named_with_its_line(method, size):
    bad = with_line(LINES, 6, f'H04,A,Xã 1,"{size}"')
    said = refused_every_way(PPS.format(method), LINES, bad)
    assert named(said, "[SAMPLE-106] Dòng 6: Mã «H04»: kích cỡ «so»")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("number", "line", "code"),
    [
        (6, "H04,A,Xã 1,0", "SAMPLE-106"),
        (6, "H04,A,Xã 1,9", "SAMPLE-121"),
        (6, "H04,A,,2", "SAMPLE-108"),
        (9, "H07,B,Xã 0,1", "SAMPLE-109"),
    ],
)
def test_a_bad_row_of_a_plan_of_stages_is_named_with_its_line(number, line, code):
    said = refused_every_way(STAGES, STAGED, with_line(STAGED, number, line))
    assert named(said, f"[{code}] Dòng {number}: ")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(("plan", "lines"), [(PPS.format("pps"), LINES), (STAGES, STAGED)])
def test_a_stratum_of_the_plan_without_rows_is_named_by_every_way(plan, lines):
    said = refused_every_way(plan, lines, [line for line in lines if ",A," in line])
    assert named(said, "[SAMPLE-119] Nhóm «B» có trong [quotas] mà không có trong danh sách.")


@pytest.mark.usefixtures("place")
def test_a_spread_that_differs_within_its_stratum_is_named_with_its_line():
    plan = (
        '[sample]\nunit_id = "ma"\nstratum = "nhom"\ntotal = 4\nallocation = "neyman"\nsd = "so"\n'
    )
    even = [line.rsplit(",", 1)[0] + ",2" for line in LINES]
    said = refused_every_way(plan, even, with_line(even, 12, "H10,B,Xã 3,3"))
    assert named(said, "[SAMPLE-107] Dòng 12: ")


def test_a_bad_size_in_a_workbook_is_named_with_its_sheet_and_row(place):
    book = openpyxl.Workbook()
    book.active.title = "Danh sách"
    for line in ["Danh sách xã", "", HEAD, *with_line(LINES, 6, "H04,A,Xã 1,0")]:
        book.active.append(line.split(","))
    book.save("frame.xlsx")
    Path("plan.toml").write_text(PPS.format("pps"), encoding="utf-8")
    said = told(
        run("draw", "--frame", "frame.xlsx", "--plan", "plan.toml", "--seed", "s", "--out", "new")
    )
    assert "[SAMPLE-106] Trang «Danh sách», dòng 8: Mã «H04»" in said
    assert not (place / "new").exists()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "more",
    [
        ("--seed", "khác"),
        ("--seed", "s"),  # even the same one: what stands there is not clear
        ("--recheck-seed", "khác"),
        ("--first", "old/protocol.json"),
        ("--public-value", "12345", "--public-value", "54321"),
    ],
)
def test_two_seeds_for_one_draw_are_refused(more):
    write(PPS.format("pps"), LINES)
    assert run(*DRAW, "--out", "old") is None
    assert "SAMPLE-153" in told(run(*DRAW, *more, "--out", "new"))
    assert not Path("new").exists()


MOVED = with_line(LINES, 4, "H02,B,Xã 0,3")
CHANGES: dict[str, Callable[[], list[str]]] = {
    "a unit added": lambda: [*LINES, "H99,B,Xã 3,1"],
    "a unit removed": lambda: LINES[:-1],
    "a unit renamed": lambda: with_line(LINES, 4, "bạn,A,Xã 0,3"),
    "a unit moved to another stratum": lambda: MOVED,
    "a size changed": lambda: with_line(LINES, 4, "H02,A,Xã 0,3.001"),
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_frame_changed_after_the_draw_is_found_and_not_drawn_over(change):
    write(PPS.format("pps"), LINES)
    assert run(*DRAW, "--out", "old") is None
    before = Path("old/sample.csv").read_bytes()
    write(PPS.format("pps"), change())
    assert "Không khớp tại frame." in told(run(*WAYS["verify"]))
    assert "SAMPLE-157" in told(run(*WAYS["draw again"]))
    assert Path("old/sample.csv").read_bytes() == before
    write(PPS.format("pps"), LINES[::-1])  # another order is no other frame
    assert run(*WAYS["verify"]) is None


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("line", "code"),
    [("H41234", "IMPORT-020"), ("H00007,A", "SAMPLE-103"), ("H41234,", "SAMPLE-104")],
)
def test_one_bad_line_among_many_is_named_as_the_quick_reader_reads_them(monkeypatch, line, code):
    monkeypatch.setattr(csv_tables, "QUICK_FROM", 0)
    lines = [f"H{i:05d},{'AB'[i % 2]}" for i in range(50_000)]
    lines[41_234] = line
    Path("frame.csv").write_text("ma,nhom\n" + "\n".join(lines) + "\n", encoding="utf-8")
    plan = '[sample]\nunit_id = "ma"\nstratum = "nhom"\n[quotas]\nA = 5\nB = 5\n'
    Path("plan.toml").write_text(plan, encoding="utf-8")
    refused = run(*WAYS["draw"])
    assert refused is not None and len(refused.problems) == 1
    assert f"[{code}] Dòng 41236: " in refused.problems[0]
    assert not Path("new").exists()
