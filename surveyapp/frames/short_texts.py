"""One-line texts that officials type: too long ones are refused, never cut."""

from surveyapp.errors import AppError
from surveyapp.surveys.names import clean


def short_text(text: str, most: int, what: str) -> str:
    """Return a clean text of at most `most` characters, or refuse; `what` names it on screen."""
    text = clean(text)
    if len(text) > most:
        raise AppError(
            "FRAME-052",
            f"{what} có {len(text)} ký tự, nhiều nhất {most}.",
            "Viết ngắn lại rồi gửi lại.",
            status=422,
        )
    return text
