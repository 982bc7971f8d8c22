"""Pages of surveys and frames through the client, and who may use them."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.config import Settings
from surveyapp.models import Contact, Frame, FrameRow, Survey
from surveyapp.surveys import definitions

Browser = Callable[..., FlaskClient]
HOME = "/surveys/par-2024/"
FRAME = "/surveys/par-2024/frame/"
LIST = (
    "Họ và tên;Nhóm người đánh giá;Địa bàn;Cơ quan công tác;Điện thoại\n"
    "Nguyễn Văn An;Đại biểu Hội đồng nhân dân tỉnh;;Sở Y tế;0912345678\n"
    "Trần Thị Bình;Đại biểu HĐND cấp huyện;Huyện An Lão;Trường THPT An Lão;\n"
)


@pytest.fixture(autouse=True)
def before_the_deadline():
    with clock.set_to(datetime(2024, 11, 9, 5, tzinfo=UTC)):
        yield


@pytest.fixture
def manager(signed_in: Browser) -> FlaskClient:
    client = signed_in("manager")
    made = client.post("/surveys/new", data={"plan": "binh-dinh-par-2024"})
    assert made.location == HOME
    return client


def upload(client: FlaskClient, text: str, address: str = FRAME):
    """Bring a file in and look at it; nothing is stored yet."""
    file = (io.BytesIO(text.encode("utf-8-sig")), "Danh sách.csv")
    data = {"file": file}
    return client.post(address, data=data, content_type="multipart/form-data")


def store(client: FlaskClient, text: str, address: str = FRAME):
    """Bring a file in, look at it and store it."""
    draft = upload(client, text, address).location
    return client.post(f"{draft}store", follow_redirects=True)


def test_the_first_page_says_what_to_do_next(manager: FlaskClient) -> None:
    page = manager.get(HOME).text

    assert "Việc cần làm tiếp: nhập danh sách chọn mẫu" in page
    assert 'href="/surveys/par-2024/frame/"' in page
    assert "400 + 630 + 70 phiếu, phúc tra tối đa 10%" in page
    assert "SỐ LIỆU MÔ PHỎNG" not in page
    assert "Điều tra xã hội học phục vụ" in manager.get("/surveys/").text


def test_a_survey_by_code_leads_to_its_tablets_where_they_can_ask_its_form(
    manager: FlaskClient,
) -> None:
    manager.post("/surveys/new", data={"plan": "binh-dinh-service-2024"})
    tablets = "/surveys/service-2024/devices/"

    assert f'<a href="{tablets}">Máy tại quầy</a>' in manager.get("/surveys/service-2024/").text
    assert "<h1>Máy tại quầy</h1>" in manager.get(tablets).text
    assert "Máy tại quầy" not in manager.get(HOME).text  # raters answer a table of many agencies


def test_a_practice_survey_is_stamped_on_every_page_and_can_be_removed(
    signed_in: Browser, settings: Settings, db: Session
) -> None:
    client = signed_in("manager")
    client.post("/surveys/new", data={"plan": "binh-dinh-par-2024", "practice": "y"})
    home = "/surveys/par-2024-practice/"
    store(client, LIST, f"{home}frame/")
    assert (settings.keys / "par-2024-practice.pseudonym").stat().st_mode & 0o777 == 0o600
    for page in (home, f"{home}agencies", f"{home}frame/", f"{home}remove"):
        assert "SỐ LIỆU MÔ PHỎNG" in client.get(page).text

    assert client.post(f"{home}remove").location == "/surveys/"

    assert db.scalar(select(func.count()).select_from(Survey)) == 0
    assert not (settings.keys / "par-2024-practice.pseudonym").exists()


def test_a_real_survey_cannot_be_removed(manager: FlaskClient, db: Session) -> None:
    assert manager.post(f"{HOME}remove").status_code == 409
    assert db.scalar(select(func.count()).select_from(Survey)) == 1


def test_a_plan_of_ones_own_is_uploaded_and_its_faults_are_shown(signed_in: Browser) -> None:
    client = signed_in("manager")
    text = definitions.plan_text("binh-dinh-par-2024").replace("year = 2024", "yaer = 2024")

    def send(content: bytes):
        data = {"plan": "file", "file": (io.BytesIO(content), "ke-hoach.toml")}
        return client.post("/surveys/new", data=data, content_type="multipart/form-data")

    answer = send(text.encode())
    assert answer.status_code == 422
    assert "gần nhất là «year»" in answer.text
    assert "UTF-8" in send("năm".encode("utf-16")).text
    assert "Chưa chọn tệp" in client.post("/surveys/new", data={"plan": "file"}).text
    assert send(text.replace("yaer", "year").encode()).location == HOME


def test_a_list_is_checked_stored_and_frozen(manager: FlaskClient, db: Session) -> None:
    looked_at = manager.get(upload(manager, LIST).location)
    assert "Danh sách không có lỗi, chưa lưu: 3 dòng, 2 người." in looked_at.text
    assert db.scalar(select(func.count()).select_from(Frame)) == 0
    db.rollback()

    assert "Đã lưu: 3 dòng, 2 người." in store(manager, LIST).text
    assert "xem lại và chốt danh sách" in manager.get(HOME).text
    assert "FRAME-049" in manager.post(f"{FRAME}1/freeze").text
    assert manager.post(f"{FRAME}1/freeze", data={"confirm": "FRAME-049"}).location == HOME
    page = manager.get(FRAME).text
    assert db.scalar(select(Frame.sha256)) in page
    assert "3 lượt người, chốt ngày 09/11/2024" in manager.get(HOME).text


def test_no_page_shows_a_name_of_the_vault(manager: FlaskClient, db: Session) -> None:
    store(manager, LIST)

    names = list(db.scalars(select(Contact.name)))
    assert len(names) == 2
    for page in (HOME, FRAME, "/surveys/", f"{HOME}agencies"):
        assert not any(name in manager.get(page).text for name in names)


def test_a_faulty_list_is_shown_by_row_and_column_and_not_stored(
    manager: FlaskClient, db: Session
) -> None:
    answer = store(manager, LIST.replace("Huyện An Lão", "An Lảo"))

    assert answer.status_code == 422
    assert "Danh sách có 1 lỗi; chưa lưu dòng nào" in answer.text
    assert "<td>3</td><td>Địa bàn</td>" in answer.text
    assert "«Huyện An Lão»" in answer.text
    assert store(manager, "").status_code == 422
    assert manager.post(FRAME, data={}).status_code == 422
    assert db.scalar(select(func.count()).select_from(FrameRow)) == 0


def test_the_template_goes_in_again_when_it_is_filled(manager: FlaskClient) -> None:
    book = openpyxl.load_workbook(io.BytesIO(manager.get(f"{FRAME}template.xlsx").data))
    assert book.sheetnames == ["Danh sách", "Hướng dẫn", "Danh mục"]
    names = [cell.value for cell in book["Danh mục"]["B"]]
    assert "Ban Quản lý Khu kinh tế tỉnh" in names
    row = [
        "",
        "Đỗ An",
        "Lãnh đạo Ủy ban nhân dân cấp huyện",
        "",
        "Huyện Phù Cát",
        "",
        "",
        "0912345678",
    ]
    book["Danh sách"].append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)

    looked_at = manager.post(
        FRAME, data={"file": (out, "ds.xlsx")}, content_type="multipart/form-data"
    )
    answer = manager.post(f"{looked_at.location}store", follow_redirects=True)

    assert "Đã lưu: 2 dòng, 1 người." in answer.text


def test_an_agency_is_left_out_on_its_page(manager: FlaskClient) -> None:
    address = f"{HOME}agencies/thanh-tra-tinh/exclude"
    assert "Chọn một lý do" in manager.post(address, data={}).text
    missing = manager.post(address, data={"reason": "too_few_transactions", "count": "5"})
    assert missing.status_code == 422
    assert "ngưỡng" in missing.text
    done = {"reason": "too_few_transactions", "count": "5", "threshold": "30"}
    assert manager.post(address, data=done).location == f"{HOME}agencies"
    assert "có quá ít giao dịch để chọn mẫu (5, ngưỡng 30)" in manager.get(HOME).text
    manager.post(f"{HOME}agencies/thanh-tra-tinh/include")
    assert "Cơ quan ngoài diện đo lường" not in manager.get(HOME).text


def test_a_step_shows_what_is_missing(manager: FlaskClient) -> None:
    assert "Chưa chốt danh sách chọn mẫu." in manager.get(f"{HOME}advance/sampled").text
    refused = manager.post(f"{HOME}advance/sampled")
    assert refused.status_code == 409
    assert "Chưa chọn mẫu." in refused.text
    assert manager.get(f"{HOME}advance/published").location == HOME


def test_the_approver_writes_number_and_day_of_the_decision(
    manager: FlaskClient, signed_in: Browser, db: Session
) -> None:
    db.scalar(select(Survey)).state = "appraised"
    db.commit()
    address = f"{HOME}advance/approved"
    approver = signed_in("approver")

    assert "31/01/2025" in approver.get(address).text
    assert approver.post(address, data={"number": "12", "signed_on": "hôm qua"}).status_code == 422
    data = {"number": "12/QĐ-UBND", "signed_on": "31/01/2025"}
    assert manager.post(address, data=data).status_code == 403
    assert approver.post(address, data=data).location == HOME
    assert "Quyết định số 12/QĐ-UBND, ngày 31/01/2025" in approver.get(HOME).text


def test_an_unknown_survey_is_not_found(manager: FlaskClient) -> None:
    answer = manager.get("/surveys/par-2025/")
    assert answer.status_code == 404
    assert "«par-2024»" in answer.text


@pytest.mark.usefixtures("manager")
def test_each_role_sees_and_changes_what_the_table_says(signed_in: Browser, db: Session) -> None:
    sees = {"manager", "approver", "auditor", "council", "analyst", "admin"}
    db.scalar(select(Survey)).state = "collecting"
    db.commit()
    for role in sorted(sees | {"recheck", "interviewer", "agency", "focal", "entry"}):
        client = signed_in(role)
        assert client.get("/surveys/").status_code == 200, role
        assert client.get(HOME).status_code == (200 if role in sees else 403), role
        assert client.get(FRAME).status_code == (200 if role in sees else 403), role
        assert upload(client, LIST).status_code == (422 if role == "manager" else 403), role
        assert client.get("/surveys/new").status_code == (200 if role == "manager" else 403), role
