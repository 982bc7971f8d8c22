"""A report of invented figures: nothing in it is a result of a survey."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from analysis.report import (
    Box,
    Column,
    Interval,
    IntervalFigure,
    IntervalRow,
    Missing,
    Paragraph,
    Reference,
    Report,
    ReportTable,
    Section,
    Signature,
)
from tests.missing import give_up

AGENCIES = (
    "Sở Nông nghiệp và Phát triển nông thôn",
    "Sở Nội vụ",
    "Sở Y tế",
    "Ban Quản lý Khu kinh tế",
    "Thanh tra tỉnh",
    "Văn phòng Ủy ban nhân dân tỉnh",
)
TOO_FEW = Missing("không đo lường: 4 hồ sơ, dưới ngưỡng 10")


def _table_row(position: int) -> tuple:
    name = f"{AGENCIES[position % 6]} số {position + 1}"
    if position % 6 == 4:
        return (position + 1, name, 4, TOO_FEW, TOO_FEW, TOO_FEW)
    value = 92.0 - position / 3
    flag = "low" if position % 5 == 2 else "ok"
    return (position + 1, name, 1148 + position, value, Interval(value - 7.5, value + 4.25), flag)


@pytest.fixture
def make_table() -> Callable[..., ReportTable]:
    """Make a table of invented figures with `size` agencies."""

    def make(size: int, code: str = "co-quan", **more: object) -> ReportTable:
        columns = (
            Column("order", "STT", "count"),
            Column("agency", "Cơ quan được đánh giá", "text"),
            Column("n", "Số phiếu", "count"),
            Column("share", "Mức độ hài lòng", "percent", group="Kết quả"),
            Column("ci", "Khoảng tin cậy 95%", "interval", group="Kết quả", unit="%"),
            Column("flag", "Lưu ý", "flag"),
        )
        rows = tuple(_table_row(position) for position in range(size))
        told = {"notes": ("Số liệu bịa để kiểm thử.",), "source": "Không có khảo sát nào.", **more}
        return ReportTable(code, "Kết quả theo cơ quan", columns, rows, **told)

    return make


@pytest.fixture
def make_figure() -> Callable[..., IntervalFigure]:
    """Make a picture of invented figures with `size` agencies."""

    def make(size: int, code: str = "hinh-co-quan") -> IntervalFigure:
        rows = []
        for position in range(size):
            _, name, n, value, interval, flag = _table_row(position)
            known = {} if value is TOO_FEW else {"interval": interval, "flag": flag}
            row = IntervalRow(name, value, conducting="Nội vụ" in name, cells=(n,), **known)
            rows.append(row)
        return IntervalFigure(
            code,
            "Mức độ hài lòng theo cơ quan",
            "%",
            "Chấm tròn là kết quả, vạch ngang là khoảng tin cậy 95%.",
            tuple(rows),
            columns=(Column("n", "Số phiếu", "count"),),
            reference=Reference("Toàn tỉnh", 82.7, Interval(80.2, 85.2)),
            notes=("Số liệu bịa để kiểm thử.",),
        )

    return make


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """Make a report around some blocks and annexes."""

    def make(*blocks: object, annexes: tuple[Section, ...] = (), **more: object) -> Report:
        settings = {
            "code": "bao-cao-kiem-thu",
            "title": "Kết quả điều tra xã hội học năm 2024",
            "agency": ("Ủy ban nhân dân tỉnh Bình Định", "Sở Nội vụ"),
            "number": "12/BC-SNV",
            "place": "Bình Định",
            "issued_on": date(2024, 2, 5),
            "recipients": ("Ủy ban nhân dân tỉnh", "Lưu: VT"),
            "signature": Signature(("GIÁM ĐỐC",), "Nguyễn Văn Thử"),
            "simulated": True,
            **more,
        }
        return Report(sections=(Section("Kết quả", blocks),), annexes=annexes, **settings)

    return make


@pytest.fixture
def report(make_report, make_table, make_figure) -> Report:
    """Make a report with every kind of block."""
    ministry = ReportTable(
        "bo", "Chỉ số do Bộ công bố", (Column("v", "Năm 2023", "points", decimals=2),), ((85.24,),)
    )
    return make_report(
        Paragraph("Người dân được hỏi về thái độ phục vụ, ưu tiên những hồ sơ trễ hẹn; rộng khắp."),
        make_table(6),
        make_figure(6),
        Box("Kết quả của Bộ Nội vụ", (Paragraph("Đối tượng là hộ gia đình."),), ministry),
        Paragraph("Kính báo cáo Ủy ban nhân dân tỉnh."),
        annexes=(
            Section("Chi tiết", (make_table(60, "chi-tiet"),)),
            Section("Hình", (make_figure(60, "hinh-60"),)),
        ),
    )


@pytest.fixture
def poppler() -> Callable[..., str]:
    """Run a tool of poppler-utils and return what it prints."""

    def run(tool: str, *arguments: str | Path) -> str:
        found = shutil.which(tool)
        if found is None:
            give_up(tool, "poppler-utils")
        command = [found, *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  a fixed tool on our own file

    return run
