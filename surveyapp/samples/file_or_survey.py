"""One command for two sources: `--frame` is a file, `--survey` is the database, never both."""

import importlib
from typing import Any

import click

from surveyapp.errors import AppError

DRAW_FROM_SURVEY = (
    "Với cơ sở dữ liệu: sipas sample draw --survey MÃ --seed HẠT-GIỐNG --as TÀI-KHOẢN; "
    "xem sipas sample draw --survey MÃ --help."
)
VERIFY_SURVEY = "Với cơ sở dữ liệu: sipas sample verify --survey MÃ."
_MODULE = "surveyapp.samples.survey_cli"  # imported when it is called: files need no database


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
        command: click.Command = getattr(importlib.import_module(_MODULE), f"{self.name}_command")
        return command.make_context(info_name, args, parent, **extra)


def _given(args: list[str], option: str) -> bool:
    return any(arg == option or arg.startswith(f"{option}=") for arg in args)
