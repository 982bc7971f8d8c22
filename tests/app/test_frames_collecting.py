"""Lists are collected per unit: pre-filled, sent, returned, put together, doubts decided."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from surveyapp import clock
from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from surveyapp.frames import collecting, drafts
from surveyapp.models import (
    Account,
    AuditEntry,
    Contact,
    FrameNote,
    FrameRow,
    ListDraft,
    PostDecision,
    Survey,
    UnitList,
)
from tests.app.frames_world import (
    AN_LAO,
    ASKED,
    DEPUTIES,
    LEADERS,
    OFFICE,
    PHU_CAT,
    Seen,
    csv_file,
    filled,
)

Browser = Callable[..., FlaskClient]
LISTS = "/surveys/par-2024/lists/"
FRAME = "/surveys/par-2024/frame/"
AN = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", "0912345678"]
BINH = ["Lê Thị Bình", DEPUTIES, "Sở Nội vụ", "1975", ""]


@pytest.fixture(autouse=True)
def in_october():
    with clock.set_to(datetime(2024, 10, 9, 5, tzinfo=UTC)):
        yield


@pytest.fixture
def seen(database: Database) -> Seen:
    return Seen(database)


@pytest.fixture
def manager(signed_in: Browser) -> FlaskClient:
    client = signed_in("manager")
    client.post("/surveys/new", data={"plan": "binh-dinh-par-2024"})
    asked = client.post(LISTS, data={"units": ASKED, "due_on": "20/10/2024"})
    assert asked.location == LISTS
    return client


@pytest.fixture
def focal(signed_in: Browser, seen: Seen) -> Callable[[str], FlaskClient]:
    """Sign in the focal point of a unit."""

    def make(unit: str) -> FlaskClient:
        client = signed_in("focal")
        login = seen.one(select(Account.login).order_by(Account.id.desc()).limit(1))
        with seen.database.session() as db:
            accounts.set_unit(db, None, login, unit)
            db.commit()
        return client

    return make


def send(client: FlaskClient, unit: str, content: bytes, name: str = "ds.csv"):
    data = {"file": (io.BytesIO(content), name)}
    looked_at = client.post(f"{LISTS}{unit}/", data=data, content_type="multipart/form-data")
    assert looked_at.status_code == 302, looked_at.text
    return client.post(f"{looked_at.location}store")


def send_and_accept(client: FlaskClient, unit: str, *rows: list[str]) -> None:
    assert send(client, unit, csv_file(*rows)).location == f"{LISTS}{unit}/"
    assert client.post(f"{LISTS}{unit}/accept").location == LISTS


def pair_of(client: FlaskClient) -> str:
    page = client.get(f"{LISTS}pairs").text
    return page.partition('name="pair" value="')[2].partition('"')[0]


def test_the_table_says_who_has_sent_and_who_was_asked_again(manager: FlaskClient) -> None:
    send(manager, OFFICE, csv_file(AN))
    manager.post(f"{LISTS}remind")
    page = manager.get(LISTS).text
    assert "1 trên 3 đơn vị đã gửi, 0 danh sách được chấp nhận" in page
    assert "20/10/2024" in page
    assert page.count("1 lần, 09/10/2024 12:00") == 2
    assert "lệch" in page
    late = {"units": ASKED, "due_on": "08/10/2024"}
    assert manager.post(LISTS, data=late, follow_redirects=True).text.count("quá hạn") == 2


@pytest.mark.usefixtures("manager")
def test_asking_many_units_takes_no_query_for_each(database: Database) -> None:
    texts = {n: "".join(f"Xã số {i}; {DEPUTIES}; 1\n" for i in range(n)) for n in (5, 60)}
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    reads = {}
    for n, text in texts.items():
        with database.session() as db:
            survey = db.scalars(select(Survey)).one()
            actor = accounts.as_actor(db.scalars(select(Account)).first())
            said.clear()
            asked = collecting.ask(db, actor, survey, text)
            again = collecting.ask(db, actor, survey, text)
            assert [one.id for one in asked] == [one.id for one in again]
            reads[n] = sum(statement.startswith("SELECT") for statement in said)
            db.rollback()

    assert reads[60] == reads[5]


def test_faulty_lines_of_units_are_named_together(manager: FlaskClient) -> None:
    long = "x" * 201
    lines = f"Sở Y tế; {DEPUTIES}x; 3\nSở Y tế; 5\n{long}; {DEPUTIES}; 1"
    answer = manager.post(LISTS, data={"units": lines})
    assert "Dòng 3: tên đơn vị có 201 ký tự, nhiều nhất 200." in answer.text
    assert answer.status_code == 422
    assert "Dòng 1" in answer.text
    assert f"gần nhất là «{DEPUTIES}»" in answer.text
    assert "Dòng 2: có 2 phần, cần 3" in answer.text


def test_the_template_of_a_unit_holds_its_groups_and_codes(manager: FlaskClient) -> None:
    book = openpyxl.load_workbook(io.BytesIO(manager.get(f"{LISTS}{OFFICE}/template.xlsx").data))
    head, *rows = book["Danh sách"].iter_rows(values_only=True)
    first = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["Nhóm người đánh giá"] for row in first] == [DEPUTIES, DEPUTIES]
    assert len({row["Mã người"] for row in first}) == 2
    assert {row["Họ và tên"] for row in first} == {None}
    assert "Hạn gửi" in [cell.value for cell in book["Hướng dẫn"]["A"]]


def test_a_filled_template_goes_in_without_its_unused_rows(
    manager: FlaskClient, focal: Callable[[str], FlaskClient], seen: Seen
) -> None:
    assert manager.get(LISTS).status_code == 200
    client = focal(OFFICE)
    assert "Danh sách phải gửi" in client.get("/lists/").text
    template = client.get(f"{LISTS}{OFFICE}/template.xlsx").data
    content = filled(template, {"Họ và tên": "Đỗ Hoà", "Cơ quan công tác": "Sở Y tế"})
    assert send(client, OFFICE, content, "ds.xlsx").location == f"{LISTS}{OFFICE}/"
    sent = seen.one(select(UnitList).where(UnitList.state == "sent"))
    assert (sent.rows, sent.counts) == (1, {"provincial_council": 1})
    assert "đã gửi 1" in client.get(f"{LISTS}{OFFICE}/").text


def test_a_focal_account_meets_no_list_but_its_units_own(
    focal: Callable[[str], FlaskClient], manager: FlaskClient
) -> None:
    client = focal(AN_LAO)
    for page in (f"{LISTS}{PHU_CAT}/", f"{LISTS}{PHU_CAT}/template.xlsx", f"{LISTS}khong-co/"):
        assert client.get(page).status_code == 404
    file = {"file": (io.BytesIO(csv_file(AN)), "ds.csv")}
    assert client.post(f"{LISTS}{PHU_CAT}/", data=file).status_code == 404
    assert client.get(f"{LISTS}{AN_LAO}/").status_code == 200
    for page in (LISTS, f"{LISTS}pairs", FRAME):
        assert client.get(page).status_code == 403
    assert client.post(f"{LISTS}{AN_LAO}/accept").status_code == 403
    data = {"file": (io.BytesIO(csv_file(AN)), "ds.csv")}
    draft = manager.post(f"{LISTS}{PHU_CAT}/", data=data).location
    assert client.get(draft).status_code == 404


def test_a_list_is_returned_with_a_reason_and_sent_again(
    manager: FlaskClient, focal: Callable[[str], FlaskClient]
) -> None:
    client = focal(OFFICE)
    assert manager.post(f"{LISTS}{OFFICE}/accept").status_code == 409
    send(client, OFFICE, csv_file(AN))
    assert manager.post(f"{LISTS}{OFFICE}/return", data={"reason": " "}).status_code == 422
    manager.post(f"{LISTS}{OFFICE}/return", data={"reason": "Thiếu một người"})
    assert "Thiếu một người" in client.get(f"{LISTS}{OFFICE}/").text
    assert manager.post(f"{LISTS}build").status_code == 409
    send(client, OFFICE, csv_file(AN, BINH))
    assert "Thiếu một người" not in client.get(f"{LISTS}{OFFICE}/").text


def test_the_frame_is_the_union_of_the_accepted_lists(manager: FlaskClient, seen: Seen) -> None:
    send_and_accept(manager, OFFICE, AN, BINH)
    send_and_accept(manager, AN_LAO, ["Trần Cường", LEADERS, "UBND huyện An Lão", "", "0987654321"])
    assert manager.post(f"{LISTS}build").location == FRAME
    assert manager.post(f"{LISTS}build").location == FRAME  # once more: the same frame
    assert len(set(seen.every(select(FrameRow.person_code)))) == 3
    notes = {note.rule: note for note in seen.every(select(FrameNote))}
    assert "Huyện Phù Cát" in notes["FRAME-048"].text
    assert notes["FRAME-048"].number == 1
    assert manager.post(f"{FRAME}1/freeze").status_code == 409
    confirmed = {"confirm": list(notes)}
    assert manager.post(f"{FRAME}1/freeze", data=confirmed).status_code == 302
    assert {note.confirmed_by for note in seen.every(select(FrameNote))} == {"can-bo-0"}


def test_one_person_in_two_lists_is_shown_and_merged_with_all_her_agencies(
    manager: FlaskClient, seen: Seen
) -> None:
    send_and_accept(manager, OFFICE, AN)
    again = ["NGUYỄN  văn an", LEADERS, "Huyện An Lão", "1970", ""]
    send_and_accept(manager, AN_LAO, again)
    assert "chưa quyết định, đang coi là hai người" in manager.get(f"{LISTS}pairs").text
    manager.post(f"{LISTS}build")
    assert len(set(seen.every(select(FrameRow.person_code)))) == 2

    data = {"pair": pair_of(manager), "verdict": "same"}
    assert manager.post(f"{LISTS}pairs", data=data).location == f"{LISTS}pairs"
    assert manager.post(f"{LISTS}pairs", data=data).location == f"{LISTS}pairs"
    manager.post(f"{LISTS}build")
    rows = seen.every(select(FrameRow))
    assert len({row.person_code for row in rows}) == 1
    assert {tuple(row.attributes["own_agencies"]) for row in rows} == {("huyen-an-lao", "so-y-te")}
    assert seen.one(select(PostDecision.decided_by)) == "can-bo-0"


def test_two_persons_of_one_name_are_kept_with_a_reason(manager: FlaskClient, seen: Seen) -> None:
    send_and_accept(manager, OFFICE, AN)
    send_and_accept(manager, AN_LAO, [AN[0], LEADERS, "Huyện An Lão", "", AN[4]])
    assert "đang gộp" in manager.get(f"{LISTS}pairs").text
    choice = {"pair": pair_of(manager), "verdict": "different"}
    assert manager.post(f"{LISTS}pairs", data=choice).status_code == 422
    manager.post(f"{LISTS}pairs", data={**choice, "reason": "Máy bàn chung của cơ quan"})
    manager.post(f"{LISTS}build")
    assert len(set(seen.every(select(FrameRow.person_code)))) == 2
    assert not seen.every(select(FrameNote).where(FrameNote.rule == "FRAME-050"))


def test_nothing_of_a_list_lies_open_before_it_is_a_frame(manager: FlaskClient, seen: Seen) -> None:
    send(manager, OFFICE, csv_file(AN))
    held = [
        *(repr(vars(row)) for row in seen.every(select(UnitList))),
        *(repr(vars(row)) for row in seen.every(select(ListDraft))),
        *(f"{row.subject} {row.detail}" for row in seen.every(select(AuditEntry))),
    ]
    assert not any("Nguyễn" in text or "0912345678" in text for text in held)
    assert seen.every(select(Contact)) == []
    entry = seen.one(select(AuditEntry).where(AuditEntry.action == "list.send"))
    assert (entry.detail["rows"], len(entry.detail["sha256"])) == (1, 64)


def test_what_nobody_confirms_is_gone_after_a_day_and_lists_when_a_sample_is_drawn(
    manager: FlaskClient, seen: Seen
) -> None:
    send(manager, OFFICE, csv_file(AN))
    data = {"file": (io.BytesIO(csv_file(AN)), "ds.csv")}
    draft = manager.post(FRAME, data=data).location
    assert manager.get(draft).status_code == 200
    with clock.set_to(datetime(2024, 10, 10, 6, tzinfo=UTC)), seen.database.session() as db:
        assert drafts.tidy(db) == 1
        assert db.scalars(select(ListDraft)).all() == []
        db.scalar(select(Survey)).state = "sampled"
        db.flush()
        assert drafts.tidy(db) == 1
        db.commit()
    assert seen.one(select(UnitList.sealed).where(UnitList.rows == 1)) is None
