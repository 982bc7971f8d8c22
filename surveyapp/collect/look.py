"""How a citizen wants the pages: language, text size, contrast; kept in a plain cookie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from surveyapp.labels import LANGUAGES

COOKIE = "sipas_look"
SIZES = (100, 125, 150, 200)


@dataclass(frozen=True, slots=True)
class Look:
    """Language of the interface, text size in per cent, high contrast."""

    language: str = "vi"
    size: int = 100
    is_strong: bool = False

    @property
    def larger(self) -> int:
        """Return the next text size; after the largest the first again."""
        return SIZES[(SIZES.index(self.size) + 1) % len(SIZES)]

    @property
    def cookie(self) -> str:
        """Return the value of the cookie."""
        return f"{self.language}.{self.size}.{int(self.is_strong)}"

    def within(self, languages: Sequence[str]) -> "Look":
        """Return the same look in a language that the form has."""
        if self.language in languages:
            return self
        return replace(self, language=next(one for one in LANGUAGES if one in languages))


def from_cookie(value: str | None) -> Look:
    """Read the cookie; whatever is not understood is the default."""
    language, _, rest = (value or "").partition(".")
    size, _, strong = rest.partition(".")
    return Look(
        language if language in LANGUAGES else "vi",
        int(size) if size in {str(one) for one in SIZES} else 100,
        strong == "1",
    )


def changed(look: Look, wish: str) -> Look:
    """Return the look after a button: "language:en", "size:150", "contrast:1"."""
    name, _, value = wish.partition(":")
    if name == "language" and value in LANGUAGES:
        return replace(look, language=value)
    if name == "size" and value in {str(one) for one in SIZES}:
        return replace(look, size=int(value))
    if name == "contrast":
        return replace(look, is_strong=value == "1")
    return look
