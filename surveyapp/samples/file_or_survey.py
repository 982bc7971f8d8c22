"""One command for two sources: `--frame` is a file, `--survey` is the database, never both."""

import importlib
from typing import Any

import click

from surveyapp.errors import AppError

DRAW_FROM_SURVEY = (
    "Với cơ sở dữ liệu: sipas sample draw --survey MÃ --seed HẠT-GIỐNG --as TÀI-KHOẢN; "
    "xem sipas sample draw --survey MÃ --help."
)
WITNESS_SURVEY = "Với cơ sở dữ liệu: thêm --survey MÃ --as TÀI-KHOẢN, rồi --help."
SIZE_SURVEY = "Với cơ sở dữ liệu: sipas sample size --survey MÃ; xem thêm bằng --help."
VERIFY_SURVEY = "Với cơ sở dữ liệu: sipas sample verify --survey MÃ."
_WITNESS = "surveyapp.samples.witness_survey_cli"
#: command -> where its namesake for surveys is; imported when called: files need no database
_MODULES = {
    "size": "surveyapp.samples.size_cli",
    **dict.fromkeys(("draw", "verify", "protocol", "forget"), "surveyapp.samples.survey_cli"),
    **dict.fromkeys(("open", "commit", "announce", "reveal", "abandon"), _WITNESS),
}


class FileOrSurvey(click.Command):
    """A command on files that hands over to its namesake for surveys when `--survey` is given."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  click's signature
    ) -> click.Context:
        """Parse the arguments by the command that they are for."""
        if not _given(args, "--survey"):
            return super().make_context(info_name, args, parent, **extra)
        if _given(args, "--frame"):
            raise AppError(
                "SAMPLE-222",
                "Chỉ dùng một trong hai: --frame (tệp) hoặc --survey (cơ sở dữ liệu).",
                "Bỏ một trong hai.",
            )
        return _for_survey(self).make_context(info_name, args, parent, **extra)


class OnSurvey(click.Command):
    """A command that there is for surveys only."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  click's signature
    ) -> click.Context:
        """Hand over to the command itself."""
        return _for_survey(self).make_context(info_name, args, parent, **extra)


SURVEY_COMMANDS = (
    OnSurvey("open", help="Mở lần chọn mẫu có chứng kiến của một cuộc khảo sát."),
    OnSurvey("abandon", help="Bỏ lần chọn mẫu đã công bố mà chưa thực hiện, kèm lý do."),
    OnSurvey("protocol", help="Biên bản chọn mẫu một trang (PDF) để ký."),
    OnSurvey("forget", help="Xóa họ tên, liên hệ của những người không được chọn."),
)


def _for_survey(command: click.Command) -> click.Command:
    name = command.name or ""
    found: click.Command = getattr(importlib.import_module(_MODULES[name]), f"{name}_command")
    return found


def _given(args: list[str], option: str) -> bool:
    return any(arg == option or arg.startswith(f"{option}=") for arg in args)
