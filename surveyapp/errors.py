"""The one error that is shown to people: which rule, where, and what to do."""

from dataclasses import dataclass


@dataclass
class AppError(Exception):
    """A mistake the user can fix.

    `code` is STAGE-NNN and never reused, so that a log can be searched by it; `message` and `fix`
    are one Vietnamese sentence each; `problems` lists every mistake of a file or a form at once.
    """

    code: str
    message: str
    fix: str = ""
    status: int = 400
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Put the code first, as log lines are searched by it."""
        return f"[{self.code}] {self.message}"
