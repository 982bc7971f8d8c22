"""Two surveys that follow one another: nobody asked again, a panel kept, the seed sealed."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.protocol import verify as verify_protocol
from sampling.waves import seed_digest, unsealed
from surveyapp.errors import AppError
from surveyapp.frames import service as frames
from surveyapp.importers.table import Table
from surveyapp.models import Frame, FrameRow, SampleDraw, SampleUnit, Survey
from surveyapp.samples import acts, papers, service
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import keys, waves
from surveyapp.surveys import service as surveys
from tests.app import sample_factory as make
from tests.app.sample_factory import SERVICE_PLAN

PLAN = SERVICE_PLAN.replace("questionnaires = 60", "questionnaires = 30")
LATER = PLAN.replace("service-test", "service-later").replace("year = 2024", "year = 2025")
SIZES = {"so-noi-vu": 40, "so-tu-phap": 60, "so-y-te": 50}
CHOICES = Choices(reserve_share="0.2", reason="thử", few_reason="thử")


def first_wave(db: Session) -> tuple[Survey, SampleDraw]:
    """Draw a first wave with a seed that nobody knows."""
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, PLAN, make.files(SIZES))
    announced = service.announce(db, actor, frame, None, CHOICES)
    return survey, service.draw(db, actor, announced)


def second_wave(db: Session, first: Survey, keep: str, rows: list | None = None) -> SampleDraw:
    """Draw a second wave from the same persons, or from other rows."""
    actor = make.official(db, "minh")
    survey = surveys.create_from_plan(db, actor, LATER)
    waves.follow(db, actor, survey, first, keep)
    frame = make.frame_of(db, survey, rows or make.files(SIZES))
    return service.draw(db, actor, service.announce(db, actor, frame, None, CHOICES))


def units(db: Session, drawn: SampleDraw, *roles: str) -> set[str]:
    """Return the drawn units."""
    wanted = (SampleUnit.draw_id == drawn.id, SampleUnit.role.in_(roles or ("main", "reserve")))
    return set(db.scalars(select(SampleUnit.unit_code).where(*wanted)))


def test_nobody_of_the_first_wave_is_drawn_again(db: Session) -> None:
    survey, first = first_wave(db)
    second = second_wave(db, survey, "0")
    assert not units(db, first) & units(db, second)
    assert len(units(db, second, "main")) == 30
    assert service.verify(db, second) is None


def test_a_panel_keeps_exactly_its_share(db: Session) -> None:
    survey, first = first_wave(db)
    second = second_wave(db, survey, "0,5")
    kept = units(db, first, "main") & units(db, second, "main")
    per_stratum = [len(part["ids"]) for part in first.protocol["lists"]["main"]]
    assert len(kept) == sum(n // 2 for n in per_stratum)
    assert service.verify(db, second) is None


def test_a_person_of_the_first_wave_is_not_drawn_by_another_row(db: Session) -> None:
    survey, first = first_wave(db)
    actor = make.official(db, "minh")
    later = surveys.create_from_plan(db, actor, LATER)
    waves.follow(db, actor, later, survey)
    asked = sorted(units(db, first, "main"))[:8]
    more = [  # eight rows more, each of a person who was asked
        make.row(f"x{i}", "so-y-te", agency="so-y-te") | {"person": f"p{unit}"}
        for i, unit in enumerate(asked)
    ]
    frame = make.frame_of(db, later, [*make.files(SIZES), *more])
    second = service.draw(db, actor, service.announce(db, actor, frame, None, CHOICES))
    assert second.protocol["wave"]["also"] == [f"x{i}" for i in range(8)]
    assert not {f"x{i}" for i in range(8)} & units(db, second)
    assert service.verify(db, second) is None


def test_the_seed_is_nowhere_until_both_waves_are_closed(db: Session) -> None:
    survey, first = first_wave(db)
    second = second_wave(db, survey, "0")
    seed = first.sealed_seed
    assert second.sealed_seed == seed
    for drawn in (first, second):
        assert (drawn.seed, drawn.protocol["seed"]) == ("", None)
        assert drawn.protocol["seed_sha256"] == seed_digest(seed)
        assert seed not in str(drawn.protocol)
        assert seed.encode() not in papers.paper(db, survey, drawn, "protocol.pdf").content
    later = db.get_one(Survey, second.survey_id)
    for state in ("draft", "collecting"):
        later.state = state
        survey.state = "locked"
        with pytest.raises(AppError, match="SAMPLE-263"):
            papers.paper(db, survey, first, "seed.txt")
    later.state = "locked"
    shown = papers.paper(db, survey, first, "seed.txt").content.decode().strip()
    frame, plan, act = acts.unseeded(db, survey, first)
    opened = unsealed(first.protocol, shown)
    assert verify_protocol(frame, plan, opened, act.secret) is None
    other = verify_protocol(frame, plan, unsealed(first.protocol, "khác"), act.secret)
    assert other.path == "seed_sha256"


def test_verify_finds_a_person_who_was_left_out_by_hand(db: Session) -> None:
    survey, _first = first_wave(db)
    second = second_wave(db, survey, "0")
    other = min(set(db.scalars(select(FrameRow.unit_code))) - units(db, second))
    second.protocol = {**second.protocol, "wave": {**second.protocol["wave"], "also": [other]}}
    assert service.verify(db, second).path.startswith("wave.also")


def test_after_the_second_wave_the_first_draws_nobody_more(db: Session) -> None:
    survey, first = first_wave(db)
    second_wave(db, survey, "0")
    found = db.get_one(Frame, first.frame_id)
    with pytest.raises(AppError, match="SAMPLE-262"):
        service.announce(db, make.official(db, "hoa"), found, None, CHOICES)


def test_a_list_without_enough_new_persons_is_refused_before_the_draw(db: Session) -> None:
    survey, _first = first_wave(db)
    few = make.files({"so-noi-vu": 10, "so-tu-phap": 12, "so-y-te": 11})
    with pytest.raises(AppError) as refused:
        second_wave(db, survey, "0", few)
    assert any("chỉ còn" in text for text in refused.value.problems)


def test_a_seed_beside_a_sealed_one_is_refused(db: Session) -> None:
    survey, first = first_wave(db)
    found = db.get_one(Frame, first.frame_id)
    more = Choices(quotas={"provincial": 33}, reason="thêm", few_reason="thử", reserve_share="0.2")
    with pytest.raises(AppError, match="SAMPLE-259"):
        service.announce(db, make.official(db, "hoa"), found, "khác", more)
    added = service.announce(db, make.official(db, "mai"), found, None, more)
    assert added.sealed_seed == first.sealed_seed
    drawn = service.draw(db, make.official(db, "an"), added)
    assert units(db, first, "main") < units(db, drawn, "main")
    assert drawn.protocol["previous"][0]["seed_sha256"] == first.seed_sha256
    assert survey.first is None and service.verify(db, drawn) is None


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SURVEY-060", {"keep": "2"}),
        ("SURVEY-060", {"keep": "nửa"}),
        ("SURVEY-064", {"open": True}),
        ("SURVEY-065", {"list": True}),
        ("SURVEY-062", {"practice": True}),
    ],
)
def test_two_surveys_that_cannot_be_two_waves_are_refused(
    db: Session, code: str, change: dict
) -> None:
    first, drawn = first_wave(db)
    actor = make.official(db, "minh")
    later = surveys.create_from_plan(db, actor, LATER, is_practice="practice" in change)
    if "open" in change:
        drawn.seed, drawn.seed_sha256, drawn.sealed_seed = "mở", None, None
    if "list" in change:
        make.frame_of(db, later, make.files(SIZES))
    db.flush()
    with pytest.raises(AppError, match=code):
        waves.follow(db, actor, later, first, change.get("keep", "0"))


def test_following_twice_is_once_and_a_third_wave_is_refused(db: Session) -> None:
    first, _drawn = first_wave(db)
    actor = make.official(db, "minh")
    later = surveys.create_from_plan(db, actor, LATER)
    third = surveys.create_from_plan(db, actor, LATER.replace("service-later", "third"))
    waves.follow(db, actor, later, first)
    waves.follow(db, actor, later, first)
    waves.follow(db, actor, later, first, "0.25")  # still without a list: another share
    assert (first.second, later.wave_keep) == (later, "1/4")
    for one in (first, later):
        with pytest.raises(AppError, match="SURVEY-063"):
            waves.follow(db, actor, third, one)


def test_a_seed_given_free_takes_no_second_wave(db: Session) -> None:
    first, drawn = first_wave(db)
    actor = make.official(db, "minh")
    with pytest.raises(AppError, match="SURVEY-068"):
        waves.open_seed(db, actor, first)
    first.state = "locked"
    waves.open_seed(db, actor, first)
    waves.open_seed(db, actor, first)
    assert papers.paper(db, first, drawn, "seed.txt").content.decode().strip() == drawn.sealed_seed
    later = surveys.create_from_plan(db, actor, LATER)
    with pytest.raises(AppError, match="SURVEY-064"):
        waves.follow(db, actor, later, first)


def test_both_waves_share_the_key_of_the_pseudonyms(db: Session, tmp_path: Path) -> None:
    first, _drawn = first_wave(db)
    actor = make.official(db, "minh")
    later = surveys.create_from_plan(db, actor, LATER)
    waves.follow(db, actor, later, first)
    assert keys.pseudonym_key(tmp_path, later) == keys.pseudonym_key(tmp_path, first)
    alone = surveys.create_from_plan(db, actor, LATER.replace("service-later", "alone"))
    assert keys.pseudonym_key(tmp_path, alone) != keys.pseudonym_key(tmp_path, first)
    keys.remove(tmp_path, keys.Removed(later.code, ()))
    assert (tmp_path / f"{first.code}.pseudonym").exists()


HEAD = ("Mã hồ sơ", "Cơ quan", "Đối tượng", "Kết quả", "Hình thức nộp", "Họ tên", "Điện thoại")


def test_files_of_a_person_have_the_ids_of_her_other_files_a_year_later(db: Session) -> None:
    actor = make.official(db)
    survey = surveys.create_from_plan(db, actor, PLAN)

    def ids(*files: tuple[str, str, str]) -> set[str]:
        rows = [(c, "Sở Y tế", "Cá nhân", "Đã cấp", "Trực tuyến", n, p) for c, n, p in files]
        cells = {name: [row[i] for row in rows] for i, name in enumerate(HEAD)}
        table = Table("hồ sơ.csv", "", cells, range(2, len(rows) + 2))
        frame = frames.import_rows(db, actor, survey, table, key=bytes(32)).frame
        return set(db.scalars(select(FrameRow.unit_code).where(FrameRow.frame_id == frame.id)))

    hoa, other = ("Đỗ Hoà", "0905111222"), ("Đỗ Hoàng", "0905111222")
    first = ids(("H01", *hoa), ("H02", *hoa), ("H03", "Đỗ Hoà", ""))
    later = ids(("K77", *hoa))
    assert (len(first), len(later)) == (3, 1)
    assert later < first and not ids(("K77", *other)) & first
