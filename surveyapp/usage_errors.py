"""What click says about a wrong call, in Vietnamese with a code; the exit code stays 2."""

import click
from click.exceptions import NoSuchCommand

from surveyapp.errors import AppError


def refused(error: click.UsageError) -> AppError:
    """Say which option, argument or command is wrong, and which call shows the right ones."""
    fix = "Xem cách dùng: sipas --help"
    if error.ctx is not None:
        fix = f"Xem cách dùng: {_called(error.ctx)} --help"
    code, message = _sentence(error)
    return AppError(code, message, fix)


def _called(ctx: click.Context) -> str:
    return " ".join(["sipas", *ctx.command_path.split()[1:]])


def _sentence(error: click.UsageError) -> tuple[str, str]:
    """Code and sentence; the kinds are click's classes, most special first."""
    if isinstance(error, click.MissingParameter):
        return "USAGE-001", f"Thiếu {_named(error.param)}."
    if isinstance(error, click.BadParameter):
        return "USAGE-002", f"{_capital(_named(error.param))} không dùng được: {_rule(error)}."
    if isinstance(error, click.NoSuchOption):
        return "USAGE-003", f"Không có tùy chọn {error.option_name}.{_near(error.possibilities)}"
    if isinstance(error, NoSuchCommand):
        return "USAGE-004", f"Không có lệnh «{error.command_name}».{_near(error.possibilities)}"
    if isinstance(error, click.BadOptionUsage):
        return "USAGE-005", f"Tùy chọn {error.option_name} thiếu giá trị hoặc thừa giá trị."
    if error.ctx is not None and isinstance(error.ctx.command, click.Group):
        return "USAGE-006", "Thiếu tên lệnh."
    return "USAGE-007", f"Thừa giá trị trên dòng lệnh{_quoted(error.message)}."


def _named(param: click.Parameter | None) -> str:
    if param is None:
        return "giá trị trên dòng lệnh"
    if isinstance(param, click.Option):
        return f"tùy chọn {max(param.opts, key=len)}"
    return f"giá trị {param.make_metavar(click.Context(click.Command('sipas')))}"


def _rule(error: click.BadParameter) -> str:
    """Say what the parameter takes, by its type."""
    kind = None if error.param is None else error.param.type
    if isinstance(kind, click.Choice):
        return "phải là một trong: " + ", ".join(map(str, kind.choices))
    if isinstance(kind, click.IntRange):
        return f"phải là số nguyên{_range(kind)}"
    if isinstance(kind, click.FloatRange):
        return f"phải là số{_range(kind)}"
    if kind is click.INT:
        return "phải là số nguyên"
    if kind is click.FLOAT:
        return "phải là số, dấu thập phân là dấu chấm"
    if isinstance(kind, click.Path | click.File):
        return f"không mở được tệp hoặc thư mục này{_quoted(error.message)}"
    return error.message.rstrip(".")


def _range(kind: click.IntRange | click.FloatRange) -> str:
    low = "" if kind.min is None else f" {'trên' if kind.min_open else 'từ'} {kind.min}"
    high = "" if kind.max is None else f" {'dưới' if kind.max_open else 'đến'} {kind.max}"
    return low + (" trở lên" if low and not high and not kind.min_open else high)


def _quoted(message: str) -> str:
    """Keep what click names between signs: the value or the path that was given."""
    for left, right in (("(", ")"), ("'", "'")):
        start, end = message.find(left), message.rfind(right)
        if 0 <= start < end:
            return f" («{message[start + 1 : end]}»)"
    return ""


def _near(possibilities: object) -> str:
    names = list(possibilities) if isinstance(possibilities, list | tuple) else []
    return f" Có phải là {', '.join(names)}?" if names else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
