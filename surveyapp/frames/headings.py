"""The columns of the two kinds of lists, with the headings that offices write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from surveyapp.frames.rules import Rule
from surveyapp.importers.table import Problems, Table, TableProblem, Wanted
from surveyapp.surveys.names import clean, nearest, spelling

#: Characters of a person's texts that can be stored; an office leaves room for «và 2 nơi khác».
LONGEST: Final = {"name": 200, "office": 180, "address": 300}


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its field in the program, its heading in the template, what else it is called."""

    field: str
    title: str
    hint: str
    synonyms: tuple[str, ...] = ()
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The heading of the template first."""
        return self.title, *self.synonyms


RATERS = (
    Heading(
        "code",
        "Mã người",
        "Không bắt buộc. Một người giữ nhiều chức vụ ghi cùng một mã ở các dòng.",
        ("Mã", "Mã số", "Mã người đánh giá"),
    ),
    Heading("name", "Họ và tên", "Bắt buộc.", ("Họ tên", "Tên", "Họ và tên người đánh giá"), True),
    Heading(
        "group",
        "Nhóm người đánh giá",
        "Bắt buộc, đúng tên nhóm trong kế hoạch.",
        ("Nhóm", "Đối tượng", "Nhóm đánh giá", "Thành phần"),
        True,
    ),
    Heading(
        "area",
        "Địa bàn",
        "Bắt buộc với nhóm chỉ đánh giá đơn vị mình: tên huyện, thị xã, thành phố.",
        ("Huyện", "Huyện, thị xã, thành phố", "Đơn vị hành chính", "Nơi bầu cử"),
    ),
    Heading(
        "office",
        "Cơ quan công tác",
        "Bắt buộc. Không ai đánh giá cơ quan mình. Nhiều cơ quan cách nhau bằng dấu chấm phẩy.",
        ("Cơ quan", "Đơn vị", "Đơn vị công tác", "Nơi công tác"),
        True,
    ),
    Heading(
        "line",
        "Cơ quan ngành dọc",
        "Bắt buộc với lãnh đạo phòng chuyên môn: các sở quản lý ngành, cách nhau bằng dấu ;.",
        ("Lĩnh vực", "Ngành dọc", "Lĩnh vực/cơ quan ngành dọc", "Lĩnh vực, cơ quan ngành dọc"),
    ),
    Heading(
        "birth",
        "Năm sinh",
        "Không bắt buộc. Giúp nhận ra một người có tên trong hai danh sách.",
        ("Ngày sinh", "Ngày tháng năm sinh", "Ngày, tháng, năm sinh"),
    ),
    Heading("phone", "Điện thoại", "Không bắt buộc.", ("Số điện thoại", "Di động", "SĐT", "ĐT")),
    Heading(
        "address",
        "Nơi nhận phiếu",
        "Nơi gửi thư mời.",
        ("Địa chỉ", "Địa chỉ nhận phiếu", "Nơi nhận", "Địa chỉ liên hệ"),
    ),
)
FILES = (
    Heading(
        "code",
        "Mã hồ sơ",
        "Mỗi hồ sơ một mã.",
        ("Số hồ sơ", "Mã số hồ sơ", "Mã biên nhận", "Mã HS"),
    ),
    Heading(
        "agency",
        "Cơ quan",
        "Bắt buộc, đúng tên cơ quan trong kế hoạch.",
        ("Cơ quan giải quyết", "Đơn vị", "Đơn vị giải quyết", "Cơ quan thực hiện"),
        True,
    ),
    Heading(
        "respondent",
        "Đối tượng",
        "Bắt buộc: cá nhân hoặc tổ chức.",
        ("Loại đối tượng", "Cá nhân/tổ chức", "Cá nhân, tổ chức"),
        True,
    ),
    Heading(
        "outcome",
        "Kết quả",
        "Bắt buộc: đã cấp, từ chối, trả lại hoặc đang giải quyết.",
        ("Kết quả giải quyết", "Trạng thái", "Tình trạng", "Tình trạng hồ sơ"),
        True,
    ),
    Heading(
        "channel",
        "Hình thức nộp",
        "Bắt buộc: trực tiếp, trực tuyến hoặc bưu chính.",
        ("Cách nộp", "Kênh nộp", "Hình thức tiếp nhận", "Hình thức"),
        True,
    ),
    Heading(
        "finished_on",
        "Ngày trả kết quả",
        "Dạng 15/11/2024; để trống nếu đang giải quyết.",
        ("Ngày trả", "Ngày kết thúc", "Ngày hoàn thành"),
    ),
    Heading(
        "due_on",
        "Ngày hẹn trả",
        "Không bắt buộc. Dạng 15/11/2024; để biết hồ sơ trễ hạn.",
        ("Ngày hẹn trả kết quả", "Hạn trả", "Hạn giải quyết", "Ngày hẹn"),
    ),
    Heading(
        "name",
        "Họ tên",
        "Người hoặc tổ chức nộp hồ sơ.",
        ("Họ và tên", "Người nộp", "Tên người nộp", "Chủ hồ sơ", "Tên tổ chức, cá nhân"),
    ),
    Heading("phone", "Điện thoại", "Để mời trả lời.", ("Số điện thoại", "Di động", "SĐT", "ĐT")),
)
KINDS = {"raters": RATERS, "files": FILES}
#: How alike a heading must be to be proposed.
_LIKE = 0.8


def wanted(headings: Sequence[Heading]) -> Wanted:
    """Return what the reader of files looks for: every known name, none of them required."""
    names = tuple(name for heading in headings for name in heading.names)
    return Wanted(optional=names, repairs=True)


def propose(names: Sequence[str], headings: Sequence[Heading]) -> dict[str, str]:
    """Propose the heading of a file for each field, "" where none is like it."""
    by_spelling = {spelling(name): name for name in reversed(list(names))}
    found: dict[str, str] = {}
    for heading in headings:
        known = [by_spelling.get(spelling(name)) for name in heading.names]
        found[heading.field] = next((n for n in known if n and n not in found.values()), "")
    for heading in headings:
        if not found[heading.field]:
            free = [name for name in names if name not in found.values()]
            near = [nearest(name, free, _LIKE) for name in heading.names]
            found[heading.field] = next((name for name in near if name), "")
    return found


def mapped(table: Table, headings: Sequence[Heading], mapping: Mapping[str, str]) -> Table:
    """Return the table with the headings of the template, as `mapping` says (field -> heading)."""
    columns = {
        heading.title: table.columns[mapping[heading.field]]
        for heading in headings
        if mapping.get(heading.field) in table.columns
    }
    return replace(table, columns=columns)


def lacks_columns(table: Table, headings: Sequence[Heading]) -> bool:
    """Whether a required column was not found."""
    return any(heading.required and _found(table, heading) is None for heading in headings)


def fields(
    table: Table, headings: Sequence[Heading], problems: Problems
) -> dict[str, Sequence[str]]:
    """Return the columns by field; an absent one is a column of empty cells.

    A required column that is absent is a fault, which names the nearest heading of the file.
    """
    columns: dict[str, Sequence[str]] = {}
    taken: set[str] = set()
    for heading in headings:
        name = _found(table, heading)
        if name is not None:
            taken.add(name)
        columns[heading.field] = table.columns[name] if name else [""] * len(table.rows)
    for heading in headings:
        if heading.required and _found(table, heading) is None:
            problems.add(_absent(table, heading, taken))
    return columns


def check_lengths(
    table: Table,
    headings: Sequence[Heading],
    columns: Mapping[str, Sequence[str]],
    problems: Problems,
) -> None:
    """Refuse texts that are longer than can be stored; nothing is cut."""
    for heading in headings:
        most = LONGEST.get(heading.field)
        if most is None:
            continue
        for row, text in zip(table.rows, columns[heading.field], strict=True):
            if len(text) > most and len(clean(text)) > most:
                problems.add(
                    TableProblem(
                        Rule.TOO_LONG,
                        f"Ô có {len(clean(text))} ký tự, nhiều nhất {most}.",
                        "Ghi ngắn lại.",
                        table.sheet,
                        row,
                        heading.title,
                    )
                )


def _found(table: Table, heading: Heading) -> str | None:
    by_spelling = {spelling(name): name for name in reversed(list(table.columns))}
    for name in heading.names:
        if spelling(name) in by_spelling:
            return by_spelling[spelling(name)]
    return None


def _absent(table: Table, heading: Heading, taken: set[str]) -> TableProblem:
    near = nearest(heading.title, [name for name in table.columns if name not in taken], 0.4)
    return TableProblem(
        Rule.NO_COLUMN,
        f"Không có cột «{heading.title}».",
        f"Cột gần nhất là «{near}»: nếu đúng thì chọn ở phần Ghép cột, hoặc sửa tên cột."
        if near
        else "Chọn cột của tệp ở phần Ghép cột, hoặc thêm cột này theo tệp mẫu.",
        table.sheet,
    )
