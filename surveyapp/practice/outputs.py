"""What a demonstration leaves behind: reports, workbooks, protocols, samples, a page to read."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.listing import COLUMNS
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.wording import STAMP
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.models import SampleDraw, SampleUnit, Survey
from surveyapp.practice.world import Step
from surveyapp.results import document
from surveyapp.results import service as results
from surveyapp.samples import papers
from surveyapp.samples import service as samples

README = "README.txt"
DATABASE, LISTS = "database", "lists"


@dataclass(frozen=True, slots=True)
class Files:
    """The names of one survey's files, each with what it is."""

    code: str

    @property
    def report(self) -> str:
        """The report for reading and printing."""
        return f"{self.code}-report.pdf"

    @property
    def workbook(self) -> str:
        """The same tables for computing."""
        return f"{self.code}-report.xlsx"

    @property
    def protocol(self) -> str:
        """The protocol of the draw."""
        return f"{self.code}-protocol.json"

    @property
    def sample(self) -> str:
        """Who was drawn, by pseudonym."""
        return f"{self.code}-sample.csv"

    @property
    def frame(self) -> str:
        """The published list: pseudonyms and strata."""
        return f"{self.code}-frame.csv"

    @property
    def plan(self) -> str:
        """The plan of the draw."""
        return f"{self.code}-plan.toml"

    @property
    def titles(self) -> dict[str, str]:
        """Every file with its title."""
        return {
            self.report: "báo cáo kết quả",
            self.workbook: "bảng tính của báo cáo",
            self.protocol: "biên bản chọn mẫu",
            self.sample: "mẫu đã chọn (mã giả danh)",
            self.frame: "danh sách chọn mẫu công bố (mã giả danh và nhóm)",
            self.plan: "kế hoạch chọn mẫu",
        }


def write(db: Session, survey: Survey, out: Path) -> None:
    """Write all files of a survey that is analysed."""
    files = Files(survey.code)
    report = document.build(db, survey, results.latest(db, survey))
    with (out / files.report).open("wb") as file:
        write_pdf(report, file)
    with (out / files.workbook).open("wb") as file:
        write_xlsx(report, file)
    drawn = samples.draws(db, survey)[-1]
    protocol = json.dumps(drawn.protocol, ensure_ascii=False, indent=1, sort_keys=True)
    (out / files.protocol).write_text(f"{protocol}\n", encoding="utf-8")
    (out / files.plan).write_text(papers.plan_toml(drawn), encoding="utf-8")
    _write_csv(out / files.sample, COLUMNS, _sample(db, drawn))
    (out / files.frame).write_text(papers.frame_csv(db, drawn), encoding="utf-8")


def _sample(db: Session, drawn: SampleDraw) -> Iterable[Sequence[object]]:
    rows = select(SampleUnit).where(SampleUnit.draw_id == drawn.id)
    order = (SampleUnit.role, SampleUnit.stratum, SampleUnit.order)
    for unit in db.scalars(rows.order_by(*order)):
        weight = "" if unit.design_weight is None else repr(unit.design_weight)
        probability = repr(unit.inclusion_probability)
        yield unit.unit_code, unit.stratum, unit.role, unit.order, probability, weight


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_readme(out: Path, seed: str, surveys: Sequence[tuple[str, str, Sequence[Step]]]) -> None:
    """Say what lies in the folder and how it came about."""
    lines = [
        STAMP,
        "",
        "Mọi tên người, số điện thoại, hồ sơ và câu trả lời ở đây do chương trình tạo ra để tập",
        "dượt. Không dùng các con số này để đánh giá cơ quan nào.",
        f"Tạo bằng lệnh: sipas demo --seed {seed}. Cùng số này luôn cho cùng biên bản và bảng",
        "tính.",
    ]
    for code, title_of_survey, steps in surveys:
        files = Files(code)
        lines += [
            "",
            title_of_survey,
            *(f"  {name}: {title}" for name, title in files.titles.items()),
        ]
        lines += ["", *(f"  - {step.title}: {step.figures}." for step in steps)]
        lines += [
            "",
            "  Tự kiểm tra việc chọn mẫu:",
            f"    sipas sample verify --frame {files.frame} --plan {files.plan} "
            f"--protocol {files.protocol}",
        ]
    lines += [
        "",
        "Thư mục",
        f"  {LISTS}: các danh sách như đơn vị gửi lên (tên, số điện thoại bịa)",
        f"  {DATABASE}: cơ sở dữ liệu và khóa của lần chạy này",
    ]
    (out / README).write_text("\n".join(lines) + "\n", encoding="utf-8")
