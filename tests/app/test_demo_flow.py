"""The demonstration in small: from plans to reports, the same for the same seed."""

import csv
import json
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import func, select

from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.exports.wording import STAMP
from surveyapp.models import Response, Survey, WaitingAnswer
from surveyapp.practice import cli as practice_cli
from surveyapp.practice import demo as demonstration
from surveyapp.practice.demo import Demo
from surveyapp.practice.outputs import Files
from surveyapp.practice.world import Step
from tests.app import demo_plans
from tests.missing import give_up

PAR, SERVICE = Files("par-nho-practice"), Files("service-nho-practice")


def small(seed: str) -> Demo:
    return Demo(seed, (demo_plans.RATERS, demo_plans.FILES), demo_plans.SCALE)


@dataclass(frozen=True)
class Made:
    """A demonstration that was run: its folder, and the figures of its steps by survey."""

    out: Path
    steps: dict[str, dict[str, str]]

    def bytes(self, name: str) -> bytes:
        """Read a file."""
        return (self.out / name).read_bytes()

    def json(self, name: str) -> dict:
        """Read a JSON file."""
        return json.loads(self.bytes(name))

    def csv(self, name: str) -> list[dict[str, str]]:
        """Read the rows of a csv."""
        with (self.out / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


def run(out: Path, seed: str) -> Made:
    demonstration.prepare(out)
    done: list[tuple[str, list[Step]]] = demonstration.run(small(seed), out, lambda _: None)
    steps = {title: {step.title: step.figures for step in steps} for title, steps in done}
    return Made(out, steps)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run(tmp_path_factory.mktemp("first"), "1")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run(tmp_path_factory.mktemp("again"), "1")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run(tmp_path_factory.mktemp("other"), "2")


def pdf_text(path: Path) -> str:
    if shutil.which("pdftotext") is None:
        give_up("pdftotext", "poppler-utils")
    command = ["pdftotext", "-layout", str(path), "-"]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603  fixed words
    return done.stdout.decode()


def workbook_cells(path: Path) -> dict[str, list[str]]:
    book = load_workbook(path)
    return {
        sheet.title: [str(c) for row in sheet.iter_rows(values_only=True) for c in row if c]
        for sheet in book
    }


def test_the_forms_drawn_are_those_of_the_plan_or_of_the_shorter_list(first: Made) -> None:
    protocol = first.json(PAR.protocol)
    drawn: Counter[str] = Counter()
    for stratum in protocol["strata"]:
        drawn[stratum["stratum"].split(" | ")[0]] += stratum["main"]
    listed = [row["Nhóm người đánh giá"] for row in first.csv("lists/par-nho-practice.csv")]
    provincial = sum("Hội đồng nhân dân tỉnh" in g or "phòng chuyên môn" in g for g in listed)

    assert provincial < 60
    assert drawn == {"provincial": provincial, "district": 50}
    assert sum(decision["available"] for decision in protocol["decisions"]) == provincial
    assert "ít hơn chỉ tiêu" in protocol["notes"]["reason"]
    assert first.json(SERVICE.protocol)["counts"]["main"] == 60


def test_answers_come_in_through_the_api_and_are_all_released(first: Made) -> None:
    counted = select(Survey.code, func.count()).join(Response, Response.survey_id == Survey.id)
    url = f"sqlite:///{first.out}/database/survey.sqlite3"
    with Database(url) as database, database.read_session() as db:
        received = dict(db.execute(counted.group_by(Survey.code)).all())
        waiting = db.scalar(select(func.count()).select_from(WaitingAnswer))
        states = {(survey.state, survey.is_practice) for survey in db.scalars(select(Survey))}

    assert states == {("analysed", True)}
    assert waiting == 0
    for files in (PAR, SERVICE):
        issued = first.json(files.protocol)["counts"]["main"]
        assert 0.70 * issued < received[files.code] < issued


def test_every_page_and_every_sheet_says_that_the_data_are_simulated(first: Made) -> None:
    for files in (PAR, SERVICE):
        pages = pdf_text(first.out / files.report).split("\f")[:-1]
        assert len(pages) > 3
        assert all(STAMP in page for page in pages)
        for sheet, cells in workbook_cells(first.out / files.workbook).items():
            assert any(STAMP in cell for cell in cells), sheet
    assert first.bytes("README.txt").decode().startswith(STAMP)


def test_the_same_seed_gives_the_same_bytes(first: Made, again: Made) -> None:
    for files in (PAR, SERVICE):
        for name in files.titles:
            assert first.bytes(name) == again.bytes(name), name


def test_another_seed_gives_another_sample_and_other_results(first: Made, other: Made) -> None:
    for files in (PAR, SERVICE):
        drawn, other_drawn = (
            {row["unit_id"] for row in made.csv(files.sample)} for made in (first, other)
        )
        assert drawn & other_drawn == set()
        assert first.bytes(files.workbook) != other.bytes(files.workbook)


def test_no_name_and_no_phone_of_the_lists_leaves_them(first: Made) -> None:
    for files, column in ((PAR, "Họ và tên"), (SERVICE, "Họ tên")):
        rows = first.csv(f"lists/{files.code}.csv")
        private = {row[column] for row in rows} | {row["Điện thoại"] for row in rows}
        private |= {row.get("Mã hồ sơ") or row["Mã người"] for row in rows}
        texts = [pdf_text(first.out / files.report)]
        with zipfile.ZipFile(first.out / files.workbook) as book:
            texts += [book.read(name).decode() for name in book.namelist()]
        texts += [
            first.bytes(name).decode() for name in (files.protocol, files.sample, files.frame)
        ]
        assert len(private) > 100
        assert [text for text in private if any(text in one for one in texts)] == []


def test_an_agency_with_too_few_transactions_is_left_out_by_number_and_threshold(
    first: Made,
) -> None:
    cells = workbook_cells(first.out / SERVICE.workbook)
    sheets = [found for found in cells.values() if any("không đo lường" in c for c in found)]

    assert any("14 giao dịch, ngưỡng 30" in cell for found in sheets for cell in found)
    assert all("thanh-tra-tinh" not in row["stratum"] for row in first.csv(SERVICE.frame))


def test_the_draw_can_be_recomputed_by_command(first: Made) -> None:
    for files in (PAR, SERVICE):
        paths = (first.out / name for name in (files.frame, files.plan, files.protocol))
        options = zip(("--frame", "--plan", "--protocol"), map(str, paths), strict=True)
        done = CliRunner().invoke(cli, ["sample", "verify", *(p for o in options for p in o)])
        assert done.exit_code == 0, done.output
        assert "khớp" in done.output


def test_a_tenth_is_asked_again_and_the_agreement_is_reported(first: Made) -> None:
    steps = first.steps["Điều tra xã hội học nhỏ"]

    assert "đã hỏi lại" in steps["Phúc tra"]
    assert any(
        "trùng khớp" in cell
        for cells in workbook_cells(first.out / PAR.workbook).values()
        for cell in cells
    )


def test_the_command_tells_every_step_and_replaces_an_earlier_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "shipped", lambda seed: Demo(seed, (demo_plans.FILES,), 0.1))
    out = tmp_path / "demo"
    out.mkdir()
    (out / demonstration.MARK).write_text(json.dumps({"seed": "0", "files": ["cu.txt"]}))
    (out / "cu.txt").write_text("kết quả cũ")
    (out / "ghi-chu.txt").write_text("của người dùng")

    done = CliRunner().invoke(practice_cli.demo, ["--out", str(out), "--seed", "5"])

    assert done.exit_code == 0, done.output
    assert "Đã xóa kết quả tập dượt trước" in done.stderr
    assert done.stdout.startswith(STAMP)
    for title in ("Chọn mẫu", "Thu phiếu qua API", "Phúc tra", "Khóa số liệu", "Xong sau"):
        assert title in done.stdout
    assert not (out / "cu.txt").exists()
    assert (out / "ghi-chu.txt").read_text() == "của người dùng"
    assert (out / SERVICE.report).stat().st_size > 10_000


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "bao-cao.docx").write_bytes(b"x")

    with pytest.raises(AppError, match="PRACTICE-002"):
        demonstration.prepare(tmp_path)
    with pytest.raises(AppError, match="PRACTICE-001"):
        demonstration.prepare(tmp_path / "bao-cao.docx")

    assert [path.name for path in tmp_path.iterdir()] == ["bao-cao.docx"]
