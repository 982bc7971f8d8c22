"""Lists become frames on both engines: typed, merged, pseudonymous, all rows or none."""

import csv
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames import service
from surveyapp.frames.lists import read_list
from surveyapp.frames.pseudonyms import pseudonym
from surveyapp.importers.table import Table
from surveyapp.models import AuditEntry, Contact, Frame, FrameRow, Survey
from surveyapp.samples import service as samples
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from surveyapp.surveys.service import Exclusion
from tests.app import sample_factory as make
from tests.app.sample_factory import SERVICE_PLAN

MANAGER = Actor(1, "manager", frozenset({"manager"}))
KEY = bytes(range(32))
RATER_HEAD = [
    "Mã người",
    "Họ và tên",
    "Nhóm người đánh giá",
    "Địa bàn",
    "Cơ quan công tác",
    "Cơ quan ngành dọc",
    "Điện thoại",
    "Nơi nhận phiếu",
]
FILE_HEAD = [
    "Mã hồ sơ",
    "Cơ quan",
    "Đối tượng",
    "Kết quả",
    "Hình thức nộp",
    "Ngày trả kết quả",
    "Họ tên",
    "Điện thoại",
]
DEPUTY = [
    "",
    "Nguyễn Văn An",
    "Đại biểu Hội đồng nhân dân tỉnh",
    "",
    "Sở Y tế",
    "",
    "0912345678",
    "",
]
HEAD_OF_HEALTH = [
    "",
    "NGUYỄN VĂN AN",
    "Lãnh đạo các cơ quan thuộc Ủy ban nhân dân tỉnh",
    "",
    "Sở Y tế; Sở Nội vụ",
    "",
    "912345678",
    "Sở Y tế",
]
DISTRICT = [
    "D1",
    "Trần Thị Bình",
    "Đại biểu HĐND cấp huyện",
    "UBND huyện An Lão",
    "Trường THPT An Lão",
    "",
    "",
    "",
]
DIVISION = [
    "P1",
    "Lê Cường",
    "Lãnh đạo các phòng chuyên môn cấp huyện",
    "",
    "Phòng Kinh tế huyện Phù Cát",
    "Sở Công Thương; Sở Xây dựng",
    "",
    "",
]
FILE = ["H01", "Sở Y tế", "Cá nhân", "Đã cấp", "Trực tuyến", "15/10/2024", "Đỗ Hoà", "0905111222"]


@pytest.fixture(autouse=True)
def in_november():
    with clock.set_to(datetime(2024, 11, 9, 5, tzinfo=UTC)):
        yield


@pytest.fixture
def raters_survey(db: Session) -> Survey:
    return surveys.create_from_plan(db, MANAGER, definitions.plan_text("binh-dinh-par-2024"))


@pytest.fixture
def files_survey(db: Session) -> Survey:
    return surveys.create_from_plan(db, MANAGER, definitions.plan_text("binh-dinh-service-2024"))


def table(head: Sequence[str], *rows: Sequence[str]) -> Table:
    columns = {name: [row[i] for row in rows] for i, name in enumerate(head)}
    return Table("danh-sach.xlsx", "Trang1", columns, range(2, len(rows) + 2))


def load(db: Session, survey: Survey, made: Table, **options: bool) -> service.FrameReport:
    return service.import_rows(db, MANAGER, survey, made, key=KEY, **options)


def freeze(db: Session, frame: Frame) -> Frame:
    rules = [note.rule for note in service.notes(db, frame)]
    return service.freeze(db, MANAGER, frame, confirmed=rules)


def stored(db: Session) -> tuple[int, int, int]:
    return tuple(db.scalar(select(func.count()).select_from(t)) for t in (Frame, FrameRow, Contact))


def changed(row: Sequence[str], **values: str) -> list[str]:
    place = {"code": 0, "name": 1, "group": 2, "area": 3, "office": 4, "line": 5, "phone": 6}
    new = list(row)
    for name, value in values.items():
        new[place[name]] = value
    return new


def test_a_deputy_gets_a_row_in_each_group_that_deputies_rate(
    db: Session, raters_survey: Survey
) -> None:
    report = load(db, raters_survey, table(RATER_HEAD, DEPUTY, DISTRICT, DIVISION))

    assert report.is_good
    assert (report.rows, report.persons) == (4, 3)
    assert report.strata == {
        "central | provincial_council": 1,
        "district | district_council | huyen-an-lao": 1,
        "provincial | district_divisions": 1,
        "provincial | provincial_council": 1,
    }
    rows = {row.stratum: row for row in db.scalars(select(FrameRow))}
    assert rows["provincial | provincial_council"].attributes == {
        "rater_group": "provincial_council",
        "area": "",
        "own_agencies": ["so-y-te"],
        "line": [],
    }
    assert rows["provincial | district_divisions"].attributes["line"] == [
        "so-cong-thuong",
        "so-xay-dung",
    ]
    deputies = [rows["provincial | provincial_council"], rows["central | provincial_council"]]
    assert len({row.person_code for row in deputies}) == 1
    assert len({row.unit_code for row in rows.values()}) == 4
    assert db.scalar(select(AuditEntry.action).order_by(AuditEntry.id.desc())) == "frame.import"


def test_one_person_with_two_posts_is_merged_with_all_her_agencies(
    db: Session, raters_survey: Survey
) -> None:
    report = load(db, raters_survey, table(RATER_HEAD, DEPUTY, HEAD_OF_HEALTH))

    assert (report.rows, report.persons) == (3, 1)
    assert any("gộp" in text and "2, 3" in text for text in report.warnings)
    rows = db.scalars(select(FrameRow)).all()
    assert {tuple(row.attributes["own_agencies"]) for row in rows} == {("so-noi-vu", "so-y-te")}
    assert {row.group_code for row in rows} == {"provincial", "central", "district"}
    contact = db.scalars(select(Contact)).one()
    assert (contact.name, contact.phone, contact.address) == (
        "Nguyễn Văn An",
        "0912345678",
        "Sở Y tế",
    )


def test_the_frame_holds_no_name_phone_or_code(db: Session, raters_survey: Survey) -> None:
    load(db, raters_survey, table(RATER_HEAD, DEPUTY, DISTRICT))

    held = " ".join(
        f"{r.unit_code} {r.person_code} {r.stratum} {r.attributes}"
        for r in db.scalars(select(FrameRow))
    )
    for secret in ("An", "0912345678", "D1", "Bình"):
        assert secret not in held


def test_ids_stay_whatever_the_order_of_rows_spelling_and_unicode_form(
    db: Session, raters_survey: Survey
) -> None:
    load(db, raters_survey, table(RATER_HEAD, DEPUTY, DISTRICT, HEAD_OF_HEALTH))
    before = set(db.scalars(select(FrameRow.unit_code)))
    other = [unicodedata.normalize("NFD", cell) for cell in changed(DEPUTY, name="nguyễn  văn an")]

    load(db, raters_survey, table(RATER_HEAD, HEAD_OF_HEALTH, DISTRICT, other))

    assert set(db.scalars(select(FrameRow.unit_code))) == before
    assert stored(db)[0] == 1


def test_another_key_gives_other_ids() -> None:
    one = pseudonym(KEY, "unit", "code 1")

    assert len(one) == 10
    assert one == pseudonym(KEY, "unit", "code 1")
    assert one != pseudonym(bytes(32), "unit", "code 1")
    assert one != pseudonym(KEY, "unit", "code 2")


@pytest.mark.parametrize(
    ("row", "code", "column", "words"),
    [
        (changed(DEPUTY, name=""), "FRAME-002", "Họ và tên", "Điền họ và tên"),
        (changed(DEPUTY, group="Đại biểu HĐND tỉn"), "FRAME-003", "Nhóm người đánh giá", "«Đại biểu Hội đồng nhân dân tỉnh»"),
        (changed(DEPUTY, office="Sở Y tê"), "FRAME-004", "Cơ quan công tác", "«Sở Y tế»"),
        (changed(DEPUTY, office=""), "FRAME-002", "Cơ quan công tác", "nơi công tác"),
        (changed(DEPUTY, phone="12"), "FRAME-005", "Điện thoại", "0912345678"),
        (changed(DISTRICT, area="An Lảo"), "FRAME-006", "Địa bàn", "«Huyện An Lão»"),
        (changed(DISTRICT, area=""), "FRAME-006", "Địa bàn", "Chưa ghi địa bàn"),
        (changed(DIVISION, line=""), "FRAME-007", "Cơ quan ngành dọc", "Ghi tên sở"),
        (changed(DIVISION, line="Sở Công Thươn"), "FRAME-004", "Cơ quan ngành dọc", "«Sở Công Thương»"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_named_by_sheet_row_column_and_rule(
    db: Session, raters_survey: Survey, row: list[str], code: str, column: str, words: str
) -> None:
    report = load(db, raters_survey, table(RATER_HEAD, HEAD_OF_HEALTH, row))

    (problem,) = report.problems
    assert (problem.code, problem.sheet, problem.row, problem.column) == (code, "Trang1", 3, column)
    assert words in str(problem)
    assert stored(db) == (0, 0, 0)


def test_duplicates_and_contradictions_name_both_rows(db: Session, raters_survey: Survey) -> None:
    rows = [
        DEPUTY,
        changed(DEPUTY, phone=""),  # the same name, office and group
        DISTRICT,
        changed(DISTRICT, name="Trần Bình"),  # one code, two names
        changed(HEAD_OF_HEALTH, code="X1"),
        changed(HEAD_OF_HEALTH, code="X2", group="Lãnh đạo UBND cấp huyện"),  # two codes
    ]
    report = load(db, raters_survey, table(RATER_HEAD, *rows))

    found = [(p.code, p.row, p.message) for p in report.problems]
    assert [(code, row) for code, row, _ in found] == [
        ("FRAME-008", 3),
        ("FRAME-009", 5),
        ("FRAME-010", 7),
    ]
    assert "dòng 2" in found[0][2]
    assert "dòng 4" in found[1][2]
    assert stored(db) == (0, 0, 0)


def test_two_persons_of_one_name_and_office_need_codes(db: Session, raters_survey: Survey) -> None:
    other = changed(DEPUTY, phone="0987654321")
    refused = load(db, raters_survey, table(RATER_HEAD, DEPUTY, other))
    assert [(p.code, p.row) for p in refused.problems] == [("FRAME-015", 3)]

    coded = [changed(DEPUTY, code="A1"), changed(other, code="A2")]
    assert load(db, raters_survey, table(RATER_HEAD, *coded)).persons == 2


def test_an_office_that_is_no_rated_agency_is_accepted_and_said(
    db: Session, raters_survey: Survey
) -> None:
    report = load(db, raters_survey, table(RATER_HEAD, DISTRICT))

    assert report.is_good
    assert any("Trường THPT An Lão" in text for text in report.warnings)
    assert any("kế hoạch cần 630" in text for text in report.warnings)
    (nobody,) = (text for text in report.warnings if "chưa có ai" in text)
    assert nobody.startswith("7 nhóm người đánh giá chưa có ai: Đại biểu Hội đồng nhân dân tỉnh (")


def test_a_missing_column_names_the_nearest_heading(
    db: Session, raters_survey: Survey, tmp_path: Path
) -> None:
    head = ["Ho va ten nguoi", *RATER_HEAD[2:]]
    path = tmp_path / "ds.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, DEPUTY[1:]])

    report = load(db, raters_survey, read_list(path, "raters"))

    (problem,) = report.problems
    assert problem.code == "FRAME-001"
    assert "«Họ và tên»" in problem.message
    assert "«Ho va ten nguoi»" in problem.fix


def test_a_list_as_excel_writes_it_is_read(
    db: Session, raters_survey: Survey, tmp_path: Path
) -> None:
    lines = [
        "ỦY BAN NHÂN DÂN TỈNH;;;;;",
        "DANH SÁCH NGƯỜI ĐÁNH GIÁ;;;;;",
        "STT;Họ tên;Đối tượng;Huyện;Đơn vị công tác;SĐT",
        "1;Trần Thị Bình;Đại biểu HĐND cấp huyện;Huyện An Lão;Trường THPT An Lão;912345678",
    ]
    path = tmp_path / "ds.csv"
    path.write_text(unicodedata.normalize("NFD", "\n".join(lines)), encoding="utf-8-sig")

    report = load(db, raters_survey, read_list(path, "raters"))

    assert report.problems == ()
    assert report.strata == {"district | district_council | huyen-an-lao": 1}
    assert db.scalar(select(Contact.phone)) == "0912345678"


def test_an_empty_file_and_a_header_alone_store_nothing(
    db: Session, raters_survey: Survey, tmp_path: Path
) -> None:
    empty = tmp_path / "rong.csv"
    empty.write_bytes(b"")
    with pytest.raises(AppError, match="IMPORT-007"):
        read_list(empty, "raters")
    header = tmp_path / "td.csv"
    header.write_text(",".join(RATER_HEAD), encoding="utf-8")
    assert load(db, raters_survey, read_list(header, "raters")).problem_count == 1
    assert stored(db) == (0, 0, 0)


def test_a_dry_run_says_the_same_and_stores_nothing(db: Session, raters_survey: Survey) -> None:
    made = table(RATER_HEAD, DEPUTY, DISTRICT)
    dry = load(db, raters_survey, made, dry_run=True)

    assert stored(db) == (0, 0, 0)
    real = load(db, raters_survey, made)
    assert (dry.rows, dry.strata, dry.warnings) == (real.rows, real.strata, real.warnings)


def test_files_get_their_agency_as_stratum(db: Session, files_survey: Survey) -> None:
    other = ["H02", "UBND huyện An Lão", "tổ chức", "Từ chối", "Bưu chính", "", "Công ty Hòa", ""]
    report = load(db, files_survey, table(FILE_HEAD, FILE, other))

    assert report.problems == ()
    rows = {row.stratum: row for row in db.scalars(select(FrameRow))}
    assert rows["so-y-te"].attributes == {
        "agency": "so-y-te",
        "respondent": "person",
        "outcome": "granted",
        "channel": "online",
    }
    assert rows["huyen-an-lao"].group_code == "district"
    assert rows["huyen-an-lao"].attributes["outcome"] == "rejected"
    assert stored(db) == (1, 2, 2)


def test_files_of_one_person_share_her_code(db: Session, files_survey: Survey) -> None:
    again = ["H02", "Sở Xây dựng", *FILE[2:6], "Đỗ Hòa", "+84 905 111 222"]
    load(db, files_survey, table(FILE_HEAD, FILE, again))

    assert len(set(db.scalars(select(FrameRow.person_code)))) == 1
    assert stored(db) == (1, 2, 1)


@pytest.mark.parametrize(
    ("place", "value", "code", "words"),
    [
        (1, "Sở Y tê", "FRAME-004", "«Sở Y tế»"),
        (1, "", "FRAME-004", "Chưa ghi cơ quan"),
        (2, "hộ", "FRAME-011", "cá nhân, tổ chức"),
        (3, "xong", "FRAME-011", "đã cấp, từ chối, trả lại, đang giải quyết"),
        (4, "", "FRAME-011", "trực tiếp, trực tuyến, bưu chính"),
        (5, "31/02/2024", "FRAME-012", "15/11/2024"),
        (5, "15/12/2024", "FRAME-013", "sau hôm nay"),
        (7, "không có", "FRAME-005", "0912345678"),
    ],
)
def test_a_faulty_file_is_named(
    db: Session, files_survey: Survey, place: int, value: str, code: str, words: str
) -> None:
    bad = ["H02", *FILE[1:]]
    bad[place] = value
    report = load(db, files_survey, table(FILE_HEAD, FILE, bad))

    (problem,) = report.problems
    assert (problem.code, problem.row, problem.column) == (code, 3, FILE_HEAD[place])
    assert words in str(problem)
    assert stored(db) == (0, 0, 0)


def test_a_file_twice_or_without_any_key_is_refused(db: Session, files_survey: Survey) -> None:
    nameless = ["", *FILE[1:6], "", ""]
    report = load(db, files_survey, table(FILE_HEAD, FILE, FILE, nameless))

    assert [(p.code, p.row) for p in report.problems] == [("FRAME-008", 3), ("FRAME-014", 4)]
    assert "dòng 2" in report.problems[0].message


def test_a_file_without_a_name_is_refused_as_nobody_could_be_invited(
    db: Session, files_survey: Survey
) -> None:
    agency = "so-noi-vu"
    surveys.exclude_agency(db, MANAGER, files_survey, agency, Exclusion("no_transactions"))
    unmeasured = ["H03", "Sở Nội vụ", *FILE[2:6], "", ""]
    report = load(
        db, files_survey, table(FILE_HEAD, FILE, ["H02", *FILE[1:6], " ", ""], unmeasured)
    )

    (problem,) = report.problems
    assert (problem.code, problem.row, problem.column) == ("FRAME-016", 3, "Họ tên")
    assert stored(db) == (0, 0, 0)


def test_a_list_without_refused_files_is_suspect_and_short_agencies_are_named(
    db: Session, files_survey: Survey
) -> None:
    rows = [[f"H{i}", *FILE[1:]] for i in range(30)]
    rows += [[f"N{i}", "Sở Nội vụ", *FILE[2:]] for i in range(29)]
    report = load(db, files_survey, table(FILE_HEAD, *rows))

    assert any("bị từ chối" in note.text for note in report.notes)
    few = {agency.agency_code: (agency.count, agency.threshold) for agency in report.few}
    assert "so-y-te" not in few
    assert few["so-noi-vu"] == (29, 30)
    assert few["so-tai-chinh"] == (0, 30)


def test_a_frozen_frame_keeps_its_digest_and_the_next_import_is_a_new_version(
    db: Session, raters_survey: Survey
) -> None:
    one = load(db, raters_survey, table(RATER_HEAD, DEPUTY, DISTRICT)).frame
    digest = freeze(db, one).sha256
    assert freeze(db, one).sha256 == digest
    two = load(db, raters_survey, table(RATER_HEAD, DISTRICT, DEPUTY)).frame
    assert (one.version, two.version) == (1, 2)
    assert freeze(db, two).sha256 == digest
    three = load(db, raters_survey, table(RATER_HEAD, DISTRICT)).frame
    assert freeze(db, three).sha256 != digest
    assert service.strata(db, three) == {"district | district_council | huyen-an-lao": 1}


def test_files_of_agencies_left_out_are_no_part_of_the_frozen_frame(
    db: Session, files_survey: Survey
) -> None:
    rows = [FILE, ["H02", "Sở Nội vụ", *FILE[2:6], "Lý Tư", ""]]
    frame = load(db, files_survey, table(FILE_HEAD, *rows)).frame
    exclusion = Exclusion("too_few_transactions", 1, 30)
    surveys.exclude_agency(db, MANAGER, files_survey, "so-noi-vu", exclusion)
    freeze(db, frame)

    assert frame.pop_size == 1
    assert list(db.scalars(select(Contact.name))) == ["Đỗ Hoà"]
    with pytest.raises(AppError, match="SURVEY-009"):
        surveys.include_agency(db, MANAGER, files_survey, "so-noi-vu")
    again = load(db, files_survey, table(FILE_HEAD, *rows))
    assert any("Bỏ qua 1 hồ sơ" in text for text in again.warnings)
    assert again.rows == 1


def test_after_the_draw_the_list_is_closed(db: Session, raters_survey: Survey) -> None:
    raters_survey.state = "sampled"
    with pytest.raises(AppError, match="FRAME-021"):
        load(db, raters_survey, table(RATER_HEAD, DEPUTY))


def test_a_list_stays_as_it_is_between_the_announcement_and_the_draw(db: Session) -> None:
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files({"so-y-te": 90}))
    choices = Choices(few_reason="thử")
    for agency in ("so-noi-vu", "so-tu-phap"):
        next(a for a in survey.agencies if a.code == agency).exclusion = "no_transactions"
    announced = samples.announce(db, actor, frame, "2024-10-01", choices, make.SECRET)

    with pytest.raises(AppError, match="FRAME-025"):
        load(db, survey, table(FILE_HEAD, FILE))

    assert samples.draw(db, actor, announced).drawn_at is not None
    late = Frame(survey_id=survey.id, version=2, pop_size=0, imported_at=make.NOW)
    db.add(late)
    db.flush()
    with pytest.raises(AppError, match="FRAME-021"):
        service.freeze(db, MANAGER, late)


def test_a_long_list_of_files_comes_in_whole(db: Session, files_survey: Survey) -> None:
    n = 12_000
    columns = {name: [cell] * n for name, cell in zip(FILE_HEAD, FILE, strict=True)}
    columns["Mã hồ sơ"] = [f"H{i}" for i in range(n)]
    columns["Họ tên"] = [f"Người {i % 7_000}" for i in range(n)]
    columns["Kết quả"][7] = "Từ chối"
    report = load(db, files_survey, Table("lon.csv", "", columns, range(2, n + 2)))

    assert (report.rows, report.persons) == (n, 7_000)
    assert stored(db) == (1, n, 7_000)
