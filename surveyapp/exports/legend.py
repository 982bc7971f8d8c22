"""What stands below a picture: each mark that occurs with its words, then the notes."""

from collections.abc import Sequence
from dataclasses import replace

from surveyapp.exports.figure import MUTED, Line, Look, Picture, Shape, Word
from surveyapp.exports.wording import clean

#: Shapes around the height 0, from 0 to the right, and what they mean.
Key = tuple[list[Shape], str]


def legend(look: Look, keys: Sequence[Key], notes: Sequence[str], rows: int) -> Picture:
    """Explain the marks of a picture of `rows` rows, then write its notes."""
    shapes, y = list[Shape](), look.line
    indent = look.size * 2.2
    for key, text in keys:
        shapes += [lowered(shape, y - look.size * 0.34) for shape in key]
        y = _write(shapes, look, text, (indent, y))
    for note in notes:
        y = _write(shapes, look, note, (0.0, y))
    height = y - look.line * 0.6 if shapes else 0.0
    return Picture(look.width, height, tuple(shapes), (0, rows))


def stacked(upper: Picture, lower: Picture) -> Picture:
    """Set one picture under another."""
    moved = tuple(lowered(shape, upper.height) for shape in lower.shapes)
    return Picture(upper.width, upper.height + lower.height, upper.shapes + moved, upper.rows)


def lowered(shape: Shape, by: float) -> Shape:
    """Return a shape further down."""
    if isinstance(shape, Line):
        return replace(shape, y1=shape.y1 + by, y2=shape.y2 + by)
    return replace(shape, y=shape.y + by)


def _write(shapes: list[Shape], look: Look, text: str, at: tuple[float, float]) -> float:
    """Write `text` from the point `at` on; return the base line of the next line."""
    x, y = at
    for line in look.wrap(clean(text), look.width - x):
        shapes.append(Word(x, y, line, look.size * 0.95, MUTED))
        y += look.line
    return y
