"""The official's whole way of sampling in Chromium: by keyboard alone, WCAG on every page."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import func, select

from surveyapp import clock
from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from surveyapp.exports.numbers import day
from surveyapp.models import Assignment, Disposition, SampleDraw, SizeDecision
from tests.app import sample_factory as make
from tests.browser.live_server import LiveServer

pytestmark = pytest.mark.browser
#: More than any page of the way has to tab through.
MOST_TABS = 250
#: «Xử lý» is no heading that the program knows: the official says what it is.
COLUMNS = "Mã hồ sơ;Cơ quan;Đối tượng;Xử lý;Hình thức nộp;Ngày trả kết quả;Họ tên;Điện thoại\n"
AGENCIES = {"Sở Nội vụ": 60, "Sở Tư pháp": 120, "Sở Y tế": 80}
OUTCOMES = ("đã cấp", "đã cấp", "đã cấp", "từ chối", "trả lại")
QUOTA = "Chỉ tiêu: Các cơ quan thuộc Ủy ban nhân dân tỉnh"
RESULT = "#size-result h2"


class Keyboard:
    """Walks a page with Tab, Enter, Space, arrows and typing; looks at every page it comes to."""

    def __init__(self, page: Page, look: Callable[[Page, str], None]) -> None:
        self.page, self._look = page, look
        # the browser hands over dialogues of files only some time after the first one listens
        page.on("filechooser", lambda _: None)

    def to(self, wanted: Locator) -> None:
        """Go on by Tab to a control."""
        wanted.wait_for()
        for _ in range(MOST_TABS):
            if wanted.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {wanted} on {self.page.url}")

    def press(self, role: str, name: str) -> None:
        """Press a button or a link that leads to another page, by what a screen reader says."""
        self.to(self.page.get_by_role(role, name=name).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        """Type into a field, over what stands there."""
        self.to(self.page.get_by_label(label).first)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, wanted: str) -> None:
        """Go through a list with the arrow keys."""
        field = self.page.get_by_label(label, exact=True)
        self.to(field)
        texts = [text.strip() for text in field.locator("option").all_inner_texts()]
        steps = texts.index(wanted) - int(field.evaluate("one => one.selectedIndex"))
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert field.evaluate("one => one.selectedOptions[0].text").strip() == wanted

    def file(self, path: Path, label: str) -> None:
        """Open the dialogue of files: Space does in Chromium, Enter would send the form."""
        self.to(self.page.get_by_label(label).first)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(path)

    def download(self, role: str, name: str) -> bytes:
        """Press what gives a file and return it."""
        self.to(self.page.get_by_role(role, name=name).first)
        with self.page.expect_download() as download:
            self.page.keyboard.press("Enter")
        return download.value.path().read_bytes()

    def look(self, name: str) -> None:
        """Check the page at both sizes."""
        self._look(self.page, f"way-{name}")


@pytest.fixture
def keys(page: Page, look: Callable[[Page, str], None]) -> Keyboard:
    return Keyboard(page, look)


@pytest.fixture
def password(live_server: LiveServer) -> str:
    """Store the account of one official."""
    with Database(live_server.settings.database_url) as database, database.session() as db:
        made = accounts.add(db, None, "lan.anh", "Trần Lan Anh", ("manager", "approver"))
        accounts.find(db, "lan.anh").must_change_password = False
        db.commit()
        return made.password


def listed(folder: Path) -> Path:
    """Write a list of transactions as a one-stop counter exports it."""
    lines = [COLUMNS]
    for agency, count in AGENCIES.items():
        for i in range(count):
            channel = ("trực tiếp", "trực tuyến")[i % 2]
            lines.append(
                f"{agency[-2:]}.{i:04};{agency};cá nhân;{OUTCOMES[i % 5]};{channel};"
                f"{i % 28 + 1:02}/06/2024;Nguyễn Văn {i};09{len(lines):08}\n"
            )
    path = folder / "Danh sách.csv"
    path.write_text("".join(lines), encoding="utf-8-sig")
    return path


def test_the_whole_way_of_sampling_by_keyboard(
    keys: Keyboard, live_server: LiveServer, password: str, tmp_path: Path
) -> None:
    keys.page.goto(live_server.url)
    sign_in(keys, password)
    create(keys, tmp_path)
    upload_and_freeze(keys, tmp_path)
    decide_sizes(keys)
    announce_and_draw(keys)
    verify(keys)
    assign_and_print(keys)
    replace_one(keys)

    with Database(live_server.settings.database_url) as database, database.read_session() as db:
        draw = db.scalars(select(SampleDraw)).one()
        decision = db.scalars(select(SizeDecision)).one()
        assert draw.protocol["notes"]["size_decision_sha256"] == decision.sha256
        assert decision.content["main"] == draw.protocol["counts"]["main"] == 90
        assert {one["n"] for one in decision.content["strata"]} == {30}
        assert db.scalar(select(func.count()).select_from(Assignment)) == 91
        assert db.scalars(select(Disposition.reason)).all() == ["not_reached"]


def sign_in(keys: Keyboard, password: str) -> None:
    keys.look("sign-in")
    keys.fill("Tên đăng nhập", "lan.anh")
    keys.fill("Mật khẩu", password)
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")
    keys.look("surveys")


def create(keys: Keyboard, folder: Path) -> None:
    plan = folder / "ke-hoach.toml"
    plan.write_text(make.SERVICE_PLAN, encoding="utf-8")
    keys.press("link", "Tạo cuộc khảo sát")
    keys.look("create")
    keys.to(keys.page.get_by_role("radio").first)
    keys.page.keyboard.press("ArrowUp")  # from the first to the last: a file of one's own
    keys.file(plan, "Tệp kế hoạch (.toml)")
    keys.press("button", "Tạo cuộc khảo sát")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Khảo sát sự hài lòng thử")
    keys.look("survey")


def upload_and_freeze(keys: Keyboard, folder: Path) -> None:
    keys.press("link", "Nhập danh sách")
    keys.look("frame")
    keys.file(listed(folder), "Tệp")
    keys.press("button", "trước")  # looks first, stores nothing
    keys.look("draft-refused")
    keys.choose("Kết quả", "Xử lý")
    keys.press("button", "Xem lại theo cách ghép này")
    expect(keys.page.get_by_text("Danh sách không có lỗi, chưa lưu: 260 dòng")).to_be_visible()
    keys.look("draft")
    keys.press("button", "Lưu danh sách")
    confirm = keys.page.locator("input[name=confirm]")
    for place in range(confirm.count()):
        keys.to(confirm.nth(place))
        keys.page.keyboard.press("Space")
    keys.look("stored")
    keys.press("button", "Chốt danh sách")
    keys.look("frozen")


def decide_sizes(keys: Keyboard) -> None:
    keys.press("link", "Đến bước cỡ mẫu")
    keys.look("size")
    keys.fill(QUOTA, "90")
    keys.choose("Cách phân bổ", "Đều nhau")
    keys.fill("Dự phòng, % số phiếu chính", "20")
    # the script takes the new tables over when a field is left; without it the button does
    keys.page.keyboard.press("Tab")
    expect(keys.page.locator(RESULT).first).to_contain_text("90 phiếu, 18 dự phòng")
    keys.press("button", "Tính lại")
    expect(keys.page.locator(RESULT).first).to_contain_text("90 phiếu, 18 dự phòng")
    keys.look("size-again")
    keys.press("button", "Dùng phương án này")
    expect(keys.page.get_by_role("alert")).to_contain_text("phải có lý do")
    keys.look("size-refused")
    keys.to(keys.page.get_by_label("Lý do", exact=True))
    keys.page.keyboard.type("thêm phiếu cho từng cơ quan")
    keys.press("button", "Dùng phương án này")
    keys.look("announce")


def announce_and_draw(keys: Keyboard) -> None:
    keys.fill("Hạt giống", "12345")
    keys.press("button", "Công bố hạt giống và chỉ tiêu")
    keys.look("announced")
    keys.press("button", "Chọn mẫu")
    expect(keys.page.get_by_text("90 phiếu từ 260 dòng")).to_be_visible()
    keys.look("drawn")


def verify(keys: Keyboard) -> None:
    keys.press("link", "Tính lại để kiểm tra")
    expect(keys.page.get_by_role("status").filter(has_text="Khớp")).to_be_visible()
    keys.look("verified")
    assert keys.download("link", "Biên bản để ký (PDF)").startswith(b"%PDF")
    assert "hạt giống tự chọn" in keys.download("link", "Biên bản (JSON)").decode()
    assert keys.download("button", "Tải Excel").startswith(b"PK")


def assign_and_print(keys: Keyboard) -> None:
    keys.press("link", "Khảo sát sự hài lòng thử")
    keys.look("survey-drawn")
    keys.press("link", "Đến bước giao phiếu")
    keys.look("fieldwork")
    keys.press("button", "Giao phiếu")
    keys.look("assigned")
    keys.fill("Mã phiếu dùng đến hết ngày", day(clock.today() + timedelta(days=30)))
    assert keys.download("button", "Phát hành mã và tải thư mời").startswith(b"%PDF")


def replace_one(keys: Keyboard) -> None:
    keys.press("link", "Người được giao phiếu")
    keys.look("people")
    assert keys.download("button", "Tải PDF").startswith(b"%PDF")
    keys.to(keys.page.get_by_role("radio").first)
    keys.page.keyboard.press("Space")
    keys.choose("Lý do", keys.page.locator("option[value=not_reached]").inner_text().strip())
    letter = keys.download("button", "Ghi nhận và thay bằng người dự phòng")
    assert letter.startswith(b"%PDF")
    keys.press("link", "Giao phiếu và thu phiếu")
    keys.look("collecting")


@pytest.fixture
def size_page(keys: Keyboard, live_server: LiveServer, password: str) -> Keyboard:
    """Open the page on sizes of a frozen list of 260 files."""
    lists = {"so-noi-vu": 60, "so-tu-phap": 120, "so-y-te": 80}
    with Database(live_server.settings.database_url) as database, database.session() as db:
        make.survey_with(db, make.official(db, "goc"), make.SERVICE_PLAN, make.files(lists))
        db.commit()
    keys.page.goto(live_server.url)
    keys.fill("Tên đăng nhập", "lan.anh")
    keys.fill("Mật khẩu", password)
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")
    keys.page.goto(f"{live_server.url}/surveys/service-test/sample/size")
    return keys


def test_live_tables_say_which_number_is_wrong_and_come_back_with_the_right_one(
    size_page: Keyboard,
) -> None:
    """A wrong number once brought the plan's tables back without a word."""
    page = size_page.page
    size_page.fill(QUOTA, "90")
    size_page.fill("Sai số cho phép", "năm")
    page.keyboard.press("Tab")

    expect(page.locator("#size-result")).to_contain_text("Sai số cho phép, ± %: Cần nhập một số")
    expect(page.locator(RESULT)).to_have_text("Chưa tính lại được")
    size_page.look("size-wrong-number")

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    expect(page.locator(RESULT).first).to_contain_text("90 phiếu")


def test_a_late_answer_to_an_earlier_number_never_replaces_the_tables(
    size_page: Keyboard,
) -> None:
    page = size_page.page
    held: list[Route] = []
    page.route("**/sample/size", lambda route: route.continue_() if held else held.append(route))

    size_page.fill(QUOTA, "70")
    page.keyboard.press("Tab")  # asks for the tables of 70, whose answer is kept back
    expect(page.locator("#size-result")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("Shift+Tab")
    size_page.fill(QUOTA, "90")
    page.keyboard.press("Tab")
    expect(page.locator(RESULT).first).to_contain_text("90 phiếu")
    late = held[0].fetch()
    assert "70 phiếu" in late.text()
    with page.expect_event("requestfinished"):
        held[0].fulfill(response=late)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    expect(page.locator(RESULT).first).to_contain_text("90 phiếu")
