"""Refusals of the sampling package, said to officials: where, which rule, what to do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sampling.errors import (
    ArgumentError,
    FrameError,
    InfeasibleAllocationError,
    PlanError,
    Problem,
    Shortfall,
    UnsupportedMethodError,
    WitnessError,
)
from sampling.intercept import CountsError
from surveyapp.errors import AppError
from surveyapp.rules import in_vietnamese

#: argument of the sampling package -> what is allowed, for officials
_RANGES = {
    "margin": "Sai số phải lớn hơn 0 và nhỏ hơn 1, ví dụ 0,05.",
    "level": "Độ tin cậy phải lớn hơn 0 và nhỏ hơn 1, ví dụ 0,95.",
    "p": "Tỷ lệ dự kiến phải lớn hơn 0 và nhỏ hơn 1, ví dụ 0,5.",
    "deff": "Hệ số thiết kế phải lớn hơn 0.",
    "response": "Tỷ lệ trả lời phải lớn hơn 0 và không quá 1.",
    "pop_size": "Danh sách phải có ít nhất 1 người.",
    "seed": "Hạt giống không được trống.",
    "recheck_share": "Tỷ lệ phúc tra phải từ 0 đến 1.",
    "reserve_share": "Tỷ lệ dự phòng không được âm.",
    "first": "Đợt sau cần biên bản của đợt đầu (--first), chọn ngẫu nhiên đơn giản (srs).",
    "names": "Mỗi khối câu hỏi ghi một lần.",
    "sd": "Mỗi nhóm cần một độ lệch chuẩn không âm.",
    "cost": "Mỗi nhóm cần một chi phí lớn hơn 0.",
}

#: rule of a witnessed draw -> what is wrong ({place}, {found}), what to do
_WITNESS = {
    "chance": (
        "Chỉ có {found} bên góp hạt giống.",
        "Cần ít nhất 2 bên, hoặc một con số công khai của ngày đã hẹn trước.",
    ),
    "commitment": (
        "Cam kết «{place}» không đọc được hoặc thiếu tên bên.",
        "Dùng tệp commitment.json do lệnh sipas sample commit tạo.",
    ),
    "twice": ("«{found}» đứng hai lần.", "Mỗi bên góp một phần; bỏ tệp thừa."),
    "public-date": (
        "Con số công khai phải có nguồn và thuộc một ngày sau ngày công bố; đang ghi {found}.",
        "Hẹn một ngày chưa đến.",
    ),
    "public-digits": ("Con số công khai có {found} chữ số, quá ít.", "Cần ít nhất 5 chữ số."),
    "announcement": (
        "Tệp không phải bản công bố, hoặc phần đã mở là cho một bản công bố khác ({place}).",
        "Mọi bên dùng cùng một bản công bố; so mã SHA-256 của nó.",
    ),
    "frozen": (
        "Danh sách, kế hoạch hoặc cách chọn đã khác bản công bố ({place}).",
        "Dùng đúng bản đã công bố; muốn đổi thì công bố lại, nêu --previous và --reason.",
    ),
    "late": (
        "Bản công bố không có cam kết của «{found}»; cam kết muộn không được nhận.",
        "Công bố lại với đủ cam kết, khi chưa bên nào mở phần của mình.",
    ),
    "missing": (
        "Chưa có phần đã mở của: {found}.",
        "Chờ đủ các bên; nếu có bên từ chối, công bố lại và nêu lý do.",
    ),
    "changed": (
        "Phần đã mở không khớp với cam kết ({place}).",
        "Bên đó mở lại đúng phần đã cam kết.",
    ),
    "public-value": (
        "Con số công khai thiếu hoặc không đúng số chữ số đã hẹn.",
        "Ghi đúng các chữ số như nguồn công bố, kể cả số 0 ở đầu.",
    ),
    "inherited": (
        "Biên bản không nêu lần chọn mà hạt giống của nó được dùng lại ({place}).",
        "Nêu biên bản của lần chọn có chứng kiến đó (--previous hoặc --first).",
    ),
    "not-named": ("Bản công bố không hẹn con số công khai nào.", "Bỏ --public-value."),
}


@contextmanager
def translated(rows: Sequence[int] = (), sheet: str = "") -> Iterator[None]:
    """Turn a refusal of `sampling` into an `AppError`.

    `rows` holds the row in its file of every unit of the frame, `sheet` the sheet.
    """
    try:
        yield
    except FrameError as error:
        raise _frame(error, rows, sheet) from error
    except PlanError as error:
        raise AppError(
            "SAMPLE-131",
            f"Kế hoạch chọn mẫu có {error.total} lỗi; chưa chọn ai.",
            "Sửa kế hoạch rồi làm lại.",
            status=422,
            problems=tuple(_text(problem) for problem in error.problems),
        ) from error
    except InfeasibleAllocationError as error:
        raise _infeasible(error) from error
    except CountsError as error:
        raise AppError(
            "SAMPLE-136",
            f"Số đếm tại quầy có {error.total} lỗi; chưa tính quyền số.",
            "Sửa số đếm rồi làm lại.",
            status=422,
            problems=tuple(_text(problem, rows, sheet) for problem in error.problems),
        ) from error
    except WitnessError as error:
        message, fix = _WITNESS[error.rule]
        found = ", ".join(error.found) if isinstance(error.found, list) else error.found
        raise AppError(
            "SAMPLE-135", message.format(place=error.place, found=found), fix, status=409
        ) from error
    except UnsupportedMethodError as error:
        raise AppError(
            "SAMPLE-133",
            f"{error.argument} = «{error.value}» chưa hỗ trợ.",
            "Chọn cách khác trong kế hoạch.",
        ) from error
    except ArgumentError as error:
        raise AppError(
            "SAMPLE-134",
            f"Giá trị «{error.argument}» = {error.value} không dùng được.",
            _RANGES.get(error.argument, f"Quy tắc: {in_vietnamese(error.rule)}."),
        ) from error


def shortfall_sentence(shortfall: Shortfall) -> str:
    """Say which constraint binds."""
    name = f"Nhóm «{shortfall.stratum}»" if shortfall.stratum else "Cả danh sách"
    wanted, available = shortfall.wanted, shortfall.available
    return {
        "pop_size": f"{name}: cần {wanted} phiếu, danh sách chỉ có {available}.",
        "maximum": f"{name}: cần {wanted} phiếu, mức tối đa chỉ cho {available}.",
        "wave": f"{name}: cần {wanted} người chưa hỏi (kể cả dự phòng), chỉ còn {available}.",
        "minimum": f"{name}: các mức tối thiểu cộng lại là {wanted}, lớn hơn tổng {available}.",
    }[shortfall.constraint]


def _frame(error: FrameError, rows: Sequence[int], sheet: str) -> AppError:
    """List the faults of a frame with their rows."""
    more = "" if error.total <= len(error.problems) else f" (nêu {len(error.problems)} lỗi đầu)"
    return AppError(
        "SAMPLE-130",
        f"Danh sách chọn mẫu có {error.total} lỗi{more}; chưa chọn ai.",
        "Sửa danh sách rồi làm lại.",
        status=422,
        problems=tuple(_text(problem, rows, sheet) for problem in error.problems),
    )


def _infeasible(error: InfeasibleAllocationError) -> AppError:
    """Name the binding constraints and the choices."""
    constraints = {shortfall.constraint for shortfall in error.shortfalls}
    if "minimum" in constraints:
        fix = "Tăng tổng số phiếu (total) hoặc hạ mức tối thiểu (minimum)."
    elif "wave" in constraints:
        fix = "Hạ chỉ tiêu hoặc dự phòng của nhóm, hoặc tăng keep trong bảng [wave]."
    else:
        fix = (
            "Chọn: hạ chỉ tiêu, nêu lý do (lệnh: --shortfall lower); "
            "hoặc lấy toàn bộ danh sách của nhóm (lệnh: --shortfall census)."
        )
    return AppError(
        "SAMPLE-132",
        "Chỉ tiêu vượt quá danh sách; chưa chọn ai.",
        fix,
        status=409,
        problems=tuple(shortfall_sentence(shortfall) for shortfall in error.shortfalls),
    )


def _text(problem: Problem, rows: Sequence[int] = (), sheet: str = "") -> str:
    """Write a fault with its place."""
    place = ""
    if problem.row is not None:
        number = rows[problem.row] if rows else problem.row + 1
        place = f"Trang «{sheet}», dòng {number}: " if sheet else f"Dòng {number}: "
    return f"[{problem.code}] {place}{problem.message} {problem.fix}".rstrip()
