"""The PDF, opened again: text, pages, faces, stamp, and that nothing breaks it."""

import io
import re
import unicodedata
from dataclasses import replace

import pytest

from analysis.report import (
    Column,
    Interval,
    IntervalFigure,
    IntervalRow,
    Missing,
    Paragraph,
    ReportTable,
    Section,
)
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.pdf_tables import layout_of

DASH = "\N{EN DASH}"
TEXT_COLUMNS = (Column("a", "Cơ quan", "text"), Column("b", "Ý kiến", "text"))


@pytest.fixture
def pages(tmp_path, poppler):
    """Write a report and return the text of each page."""

    def read(report) -> list[str]:
        path = tmp_path / "bao-cao.pdf"
        with path.open("wb") as file:
            write_pdf(report, file)
        text = poppler("pdftotext", "-layout", path, "-")
        return text.split("\f")[:-1]

    return read


def squeeze(text: str) -> str:
    return " ".join(text.split())


def test_the_first_page_has_the_parts_of_an_administrative_document(report, pages) -> None:
    first = squeeze(pages(report)[0])

    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "SỞ NỘI VỤ",
        "Số: 12/BC-SNV",
        "Bình Định, ngày 05 tháng 02 năm 2024",
        "BÁO CÁO",
        "Kết quả điều tra xã hội học năm 2024",
        "I. Kết quả",
        "thái độ phục vụ, ưu tiên những hồ sơ trễ hẹn; rộng khắp.",
    ):
        assert part in first


def test_every_vietnamese_letter_can_be_read_back(make_report, pages) -> None:
    vowels = "aăâeêioôơuưy"
    marks = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
    letters = [unicodedata.normalize("NFC", v + m) for v in vowels for m in marks] + ["đ"]
    both = " ".join(letters) + " " + " ".join(letter.upper() for letter in letters)
    blocks = (Paragraph(both), Paragraph(both, strong=True))
    cells = ((both, unicodedata.normalize("NFD", both)),)
    figure = IntervalFigure("h", "Hình", "%", both, (IntervalRow(both, 80.0),))

    text = "".join(
        pages(make_report(*blocks, ReportTable("b", "Bảng", TEXT_COLUMNS, cells), figure))
    )

    assert set(letters) | {letter.upper() for letter in letters} <= set(text)
    assert unicodedata.is_normalized("NFC", text)


def test_the_body_ends_with_its_sign_and_the_signature_follows(report, pages) -> None:
    whole = squeeze(" ".join(pages(report)))

    assert "Kính báo cáo Ủy ban nhân dân tỉnh./." in whole
    assert whole.count("./.") == 1
    after = whole.split("./.")[1]
    assert after.index("Nơi nhận:") < after.index("- Lưu: VT.") < after.index("Phụ lục I")
    assert "Nguyễn Văn Thử" in after


@pytest.mark.parametrize("last", ["table", "none"])
def test_a_body_that_ends_without_a_paragraph_is_closed_too(
    last, make_report, make_table, pages
) -> None:
    blocks = (make_table(2),) if last == "table" else (Paragraph("Hết."),)
    assert squeeze(" ".join(pages(make_report(*blocks)))).count("./.") == 1


def test_annexes_name_their_document_and_count_their_own_pages(report, pages) -> None:
    texts = [squeeze(page) for page in pages(report)]
    starts = [n for n, text in enumerate(texts) if text.startswith("Phụ lục")]

    assert len(starts) == 2
    assert (
        "(Kèm theo Báo cáo số 12/BC-SNV ngày 05 tháng 02 năm 2024 của Sở Nội vụ)"
        in texts[starts[0]]
    )
    numbers = [re.match(r"(\d+) ", text) for text in texts]
    parts = [numbers[: starts[0]], numbers[starts[0] : starts[1]], numbers[starts[1] :]]
    for part in parts:
        assert part[0] is None
        assert [int(found.group(1)) for found in part[1:]] == list(range(2, len(part) + 1))


def test_the_stamp_stands_on_every_page_of_practice_data_only(report, pages) -> None:
    assert all("SỐ LIỆU MÔ PHỎNG" in squeeze(page) for page in pages(report))
    assert "MÔ PHỎNG" not in " ".join(pages(replace(report, simulated=False)))


def test_a_long_table_repeats_its_header_and_loses_no_row(make_report, make_table, pages) -> None:
    table = make_table(60)
    texts = [squeeze(page) for page in pages(make_report(table))]
    held = [text for text in texts if re.search(r" số \d+ 1\.\d", text)]
    whole = " ".join(texts)

    assert len(held) >= 2
    assert all("(1) (2) (3) (4) (5) (6)" in text for text in held)
    assert all("1.148" not in text for text in held[1:])
    for row in table.rows:
        if not isinstance(row[3], Missing):
            assert f"{row[3]:.1f}".replace(".", ",") + "%" in whole


@pytest.mark.parametrize("lines", range(0, 24, 2))
def test_no_header_stands_alone_at_the_foot_of_a_page(make_report, pages, lines) -> None:
    """Rows of several lines, pushed down line by line: a header once per page of its table."""
    text = "Nếu nêu thì từ các ô khác tính ngược ra được ô phải giữ kín. " * 3
    rows = tuple((f"Sở {n:02}", text * (1 + n % 4)) for n in range(40))
    before = tuple(Paragraph(f"Đoạn {n}.") for n in range(lines))
    table = ReportTable("long", "Ý kiến theo cơ quan", TEXT_COLUMNS, rows)
    made = pages(make_report(*before, table))
    headers = [page.count("Cơ quan") for page in made]
    assert max(headers) == 1
    assert sum(headers) >= 2
    assert all(f"Sở {n:02}" in " ".join(made) for n in range(40))


def test_numbers_and_reasons_stand_in_the_table(make_report, make_table, pages) -> None:
    whole = squeeze(" ".join(pages(make_report(make_table(6)))))

    assert f"1.148 92,0% 84,5{DASH}96,3%" in whole
    # the number stands in the next line of the cell
    assert re.search(
        r"không đo lường: 4 hồ sơ, dưới ngưỡng \D*5 Thanh tra tỉnh\D*5 4 \D*10 ", whole
    )
    assert "chưa đủ tin cậy" in whole


def test_a_decimal_point_is_a_setting(make_report, make_table, pages) -> None:
    report = make_report(make_table(1), decimal_comma=False, decimals=2)
    assert f"1,148 92.00% 84.50{DASH}96.25%" in squeeze(" ".join(pages(report)))


def test_figures_of_another_publisher_carry_their_caveat(report, pages) -> None:
    whole = squeeze(" ".join(pages(report)))
    assert whole.count("khác đối tượng và phương pháp, không so sánh trực tiếp") == 2
    assert "85,24" in whole


def test_a_long_picture_goes_over_pages_and_keeps_every_agency(
    make_report, make_figure, pages
) -> None:
    figure = make_figure(60)
    texts = pages(make_report(figure))
    whole = squeeze(" ".join(texts))

    parts = sorted({int(found) for found in re.findall(r"\(phần (\d+)/", whole)})
    assert len(parts) >= 2
    assert parts == list(range(1, len(parts) + 1))
    for position in range(60):
        assert f" số {position + 1}" in whole
    assert "(thực hiện khảo sát)" in whole


def test_all_faces_are_embedded_subsets(report, tmp_path, poppler) -> None:
    path = tmp_path / "bao-cao.pdf"
    with path.open("wb") as file:
        write_pdf(report, file)

    rows = poppler("pdffonts", path).splitlines()[2:]

    assert len(rows) == 4
    for row in rows:
        assert re.match(r"[A-Z]{6}\+LiberationSerif", row)
        assert re.search(r"\s+yes yes yes\s+\d+\s+\d+$", row), row


def test_the_eight_columns_of_agencies_need_no_turned_page() -> None:
    columns = (
        Column("agency", "Cơ quan", "text"),
        Column("value", "Chỉ số hài lòng", "percent"),
        Column("interval", "Khoảng tin cậy 95%", "interval", unit="%"),
        Column("n", "Số phiếu", "count"),
        Column("place", "Thứ hạng (đồng hạng)", "count"),
        Column("range", "Khoảng thứ hạng", "text"),
        Column("against", "So với mức chung", "text"),
        Column("flag", "Ghi chú", "flag"),
    )
    name = "Sở Nông nghiệp và Phát triển nông thôn"
    row = (
        name,
        87.41,
        Interval(82.37, 91.21),
        118,
        14,
        f"12{DASH}15",
        "không khác biệt rõ",
        "none",
    )
    layout = layout_of(ReportTable("agencies", "Theo cơ quan", columns, (row,)), NumberStyle(2))
    assert not layout.landscape
    assert layout.size >= 10


@pytest.mark.parametrize("landscape", [False, True])
def test_pages_are_a4_and_turned_for_wide_tables(landscape, make_report, tmp_path, poppler) -> None:
    columns = [Column(f"c{n}", "Tiêu chí", "percent") for n in range(16 if landscape else 3)]
    table = ReportTable("b", "Bảng", tuple(columns), ((50.0,) * len(columns),) * 3)
    path = tmp_path / "bao-cao.pdf"
    with path.open("wb") as file:
        write_pdf(make_report(Paragraph("Mở đầu."), table), file)

    sizes = re.findall(r"size:\s+([\d.]+) x ([\d.]+)", poppler("pdfinfo", "-l", "9", path))

    turned = [float(width) > float(height) for width, height in sizes]
    assert {tuple(sorted((float(w), float(h)))) for w, h in sizes} == {(595.276, 841.89)}
    assert turned == ([False, True, False] if landscape else [False])


def test_the_same_report_gives_the_same_bytes(report) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_pdf(report, first)
    write_pdf(report, second)
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    "block",
    [
        ReportTable("b", "Bảng", TEXT_COLUMNS, (("x" * 300, "y" * 900),)),
        ReportTable("b", "Bảng", TEXT_COLUMNS, (("Sở Y tế", "Một ý kiến dài. " * 600),)),
        ReportTable("b", "Bảng", TEXT_COLUMNS, (("a", "b"),) * 3, notes=("Dài. " * 2000,)),
        ReportTable(
            "b",
            "Bảng",
            tuple(Column(f"c{n}", "Tiêu chí", "count") for n in range(40)),
            ((1,) * 40,),
        ),
        IntervalFigure("h", "Hình", "điểm", "Đọc.", ()),
        IntervalFigure("h", "Hình", "điểm", "Đọc.", (IntervalRow("Z" * 300, 7.25),)),
        IntervalFigure(
            "h", "Hình", "%", "Đọc.", (IntervalRow("A", Missing("rất dài " * 60)),) * 30
        ),
    ],
)
def test_nothing_that_a_table_or_picture_may_hold_breaks_the_page(
    block, make_report, pages
) -> None:
    assert "./." in " ".join(pages(make_report(block, annexes=(Section("Phụ lục", ()),))))


def test_an_empty_table_says_so(make_report, make_table, pages) -> None:
    assert "Không có dòng nào." in squeeze(" ".join(pages(make_report(make_table(0)))))


def test_markup_in_names_is_text(make_report, pages) -> None:
    text = squeeze(" ".join(pages(make_report(Paragraph("Phí <b>A & B</b> \x07xong")))))
    assert "Phí <b>A & B</b> xong./." in text
