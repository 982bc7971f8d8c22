"""A file is looked at before it is stored: mapping, presets, notes, all faults as a file."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp import clock
from surveyapp.db import Database
from surveyapp.models import ColumnPreset, FrameNote, FrameRow, ListDraft
from tests.app.frames_world import Seen, csv_file

FRAME = "/surveys/service-2024/frame/"
HEAD = ["Số biên nhận", "Cơ quan", "Loại", "Kết quả", "Nộp qua", "Ngày trả", "Hạn", "Chủ hồ sơ", "SĐT"]  # fmt: skip
ROW = ["H1", "Sở Y tế", "Cá nhân", "Đã cấp", "Trực tuyến", "15/10/2024", "14/10/2024", "Đỗ Hoà", "905111222"]  # fmt: skip
MAPPING = {
    "code": "Số biên nhận",
    "agency": "Cơ quan",
    "respondent": "Loại",
    "outcome": "Kết quả",
    "channel": "Nộp qua",
    "finished_on": "Ngày trả",
    "due_on": "Hạn",
    "name": "Chủ hồ sơ",
    "phone": "SĐT",
}


@pytest.fixture(autouse=True)
def in_november():
    with clock.set_to(datetime(2024, 11, 9, 5, tzinfo=UTC)):
        yield


@pytest.fixture
def seen(database: Database) -> Seen:
    return Seen(database)


@pytest.fixture
def manager(signed_in: Callable[..., FlaskClient]) -> FlaskClient:
    client = signed_in("manager")
    client.post("/surveys/new", data={"plan": "binh-dinh-service-2024"})
    return client


def look(client: FlaskClient, *rows: list[str], name: str = "hồ sơ.csv") -> str:
    data = {"file": (io.BytesIO(csv_file(*rows, head=HEAD)), name)}
    answer = client.post(FRAME, data=data, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    return answer.location


def numbered(row: list[str], n: int, **changed: str) -> list[list[str]]:
    places = dict(zip(MAPPING, range(9), strict=True))
    made = []
    for i in range(n):
        new = [f"{row[0]}-{i}", *row[1:]]
        for field, value in changed.items():
            new[places[field]] = value
        made.append(new)
    return made


def test_a_mapping_is_proposed_changed_saved_and_used_again(
    manager: FlaskClient, seen: Seen
) -> None:
    draft = look(manager, ROW)
    page = manager.get(draft).text
    assert '<option value="Cơ quan" selected>' in page
    assert "Không có cột «Đối tượng»" in page
    twice = manager.post(f"{draft}columns", data={**MAPPING, "name": "Cơ quan"})
    assert (twice.status_code, "được ghép hai lần" in twice.text) == (422, True)
    manager.post(f"{draft}columns", data={**MAPPING, "save_as": "Một cửa"})
    page = manager.get(draft).text
    assert "Danh sách không có lỗi, chưa lưu: 1 dòng" in page
    assert ">Đỗ Hoà</td>" in page
    assert seen.one(select(func.count()).select_from(FrameRow)) == 0

    other = look(manager, ROW)
    manager.post(f"{other}columns", data={"preset": "Một cửa"})
    assert manager.post(f"{other}store").location == FRAME
    assert seen.one(select(ColumnPreset.mapping)) == MAPPING
    assert seen.one(select(func.count()).select_from(FrameRow)) == 1
    assert manager.get(other).status_code == 404
    assert seen.one(select(func.count()).select_from(ListDraft)) == 1


def test_all_faults_are_handed_out_as_a_file_in_the_files_own_words(manager: FlaskClient) -> None:
    draft = look(manager, *numbered(ROW, 300, outcome="=xong"))
    manager.post(f"{draft}columns", data=MAPPING)
    refused = manager.post(f"{draft}store")
    assert refused.status_code == 422
    assert "Nêu 200 lỗi đầu" in refused.text
    raw = manager.get(f"{draft}problems.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    assert sheet.max_row == 301
    assert [cell.value for cell in sheet[2]][1:3] == [2, "Kết quả"]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_a_file_that_is_dropped_leaves_nothing(manager: FlaskClient, seen: Seen) -> None:
    draft = look(manager, ROW)
    assert manager.post(f"{draft}drop").location == FRAME
    assert manager.get(draft).status_code == 404
    assert seen.one(select(func.count()).select_from(ListDraft)) == 0


def test_a_preview_belongs_to_the_official_who_brought_the_file(
    manager: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    draft = look(manager, ROW)
    other = signed_in("manager")
    for answer in (other.get(draft), other.post(f"{draft}store"), other.post(f"{draft}drop")):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("rows", "rule", "number"),
    [
        (numbered(ROW, 4, finished_on="15/10/2023"), "FRAME-040", 4),
        (numbered(ROW, 4), "FRAME-041", 0),
        (numbered(ROW, 4, due_on=""), "FRAME-042", 0),
        (numbered(ROW, 4, due_on="16/10/2024"), "FRAME-042", 0),
        (numbered(ROW, 4, phone=""), "FRAME-043", 1.0),
        (numbered(ROW, 6), "FRAME-044", 1),
        (numbered(ROW, 4), "FRAME-046", 1),
        (numbered(ROW, 4, outcome="Đang giải quyết"), "FRAME-047", 4),
    ],
)
def test_a_suspect_list_is_noted_with_its_number(
    manager: FlaskClient, seen: Seen, rows: list[list[str]], rule: str, number: float
) -> None:
    draft = look(manager, *rows)
    manager.post(f"{draft}columns", data=MAPPING)
    assert rule in manager.get(draft).text
    manager.post(f"{draft}store")
    assert seen.one(select(FrameNote.number).where(FrameNote.rule == rule)) == number
    assert manager.post(f"{FRAME}1/freeze").status_code == 409


def test_a_list_that_nothing_speaks_against_has_no_notes(manager: FlaskClient, seen: Seen) -> None:
    ask = {"units": "Sở Y tế; 3"}
    assert manager.post("/surveys/service-2024/lists/", data=ask).status_code == 302
    refused = ["H8", *ROW[1:3], "Từ chối", "Trực tiếp", *ROW[5:7], "Lê An", "0905111333"]
    draft = look(manager, *numbered(ROW, 2), refused)
    manager.post(f"{draft}columns", data=MAPPING)
    manager.post(f"{draft}store")
    assert seen.every(select(FrameNote.rule)) == []
    assert manager.post(f"{FRAME}1/freeze").status_code == 302


def test_a_count_that_differs_from_the_published_one_is_noted(
    manager: FlaskClient, seen: Seen
) -> None:
    manager.post("/surveys/service-2024/lists/", data={"units": "Sở Y tế; 1.200"})
    draft = look(manager, ROW)
    manager.post(f"{draft}columns", data=MAPPING)
    manager.post(f"{draft}store")
    note = seen.one(select(FrameNote).where(FrameNote.rule == "FRAME-045"))
    assert (note.number, "so-y-te: 1 so với 1200" in note.text) == (1, True)


#: The test client leaves its own temporary copy of a large body to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine_name", "size"),
    [("sqlite", 100_000), ("postgresql", 20_000)],
    ids=["sqlite", "postgresql"],
)
def test_a_long_list_comes_in_through_the_page_in_little_memory(
    manager: FlaskClient, seen: Seen, size: int
) -> None:
    """The list is read, held and looked through in the same way before either engine stores it."""
    rows = ([f"H{i}", *ROW[1:8], f"09{i:08d}"] for i in range(size))
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the kernel's own peak begins anew
    draft = look(manager, *rows)
    manager.post(f"{draft}columns", data=MAPPING)
    assert manager.post(f"{draft}store").location == FRAME
    peak = _memory("VmHWM") - before
    assert seen.one(select(func.count()).select_from(FrameRow)) == size
    assert peak < 80_000_000 + 3_200 * size


def _memory(name: str) -> int:
    """Return what the kernel says of this process, in bytes; tracing would take twice the time."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))
