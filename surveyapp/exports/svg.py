"""Pictures as SVG text for pages and for download: no script, style or outside reference."""

from collections.abc import Iterator
from html import escape

from analysis.report import Figure, FunnelFigure, Interval, Missing, TrendFigure
from surveyapp.exports.figure import Band, Line, Look, Mark, Picture, Shape, Word, corners
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pictures import pictures
from surveyapp.exports.wording import STAMP, break_reason, clean

#: System faces (Noto Sans, Segoe UI, DejaVu Sans) run up to 1.24 times as wide as Liberation Serif.
_SYSTEM_FACE = 1.24
_MARGIN = 16.0


def figure_svg(
    figure: Figure,
    style: NumberStyle,
    *,
    simulated: bool,
    width: float = 1100,
    size: float = 14,
) -> str:
    """Return `figure` as one SVG element, `width` px wide, that a page can hold as it is.

    Every shape has a class `fig-...`; colours are presentation attributes, so they pass a strict
    content security policy and a style sheet can override them.
    """
    look = Look(width - 2 * _MARGIN, size, _SYSTEM_FACE)
    (picture,) = pictures(figure, look, style, simulated=simulated)
    return _element(figure, picture, size, _description(figure, style, simulated=simulated))


def _element(figure: Figure, picture: Picture, size: float, description: str) -> str:
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN
    name = f"fig-{figure.code}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" lang="vi"'
            f' width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
            f' font-family="system-ui, Roboto, Noto Sans, Segoe UI, sans-serif"'
            f' font-size="{_n(size)}" aria-labelledby="{name}-title {name}-desc">',
            f'<title id="{name}-title">{_t(figure.title)}</title>',
            f'<desc id="{name}-desc">{_t(description)}</desc>',
            f'<rect class="fig-paper" width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>',
            f'<g transform="translate({_n(_MARGIN)} {_n(_MARGIN)})">',
            *(_shape(shape) for shape in picture.shapes),
            "</g>",
            "</svg>\n",
        ]
    )


def _description(figure: Figure, style: NumberStyle, *, simulated: bool) -> str:
    """Tell in words what the picture shows, for those who do not see it."""
    sentences = [STAMP + "."] if simulated else []
    sentences.append(figure.how_to_read)
    if isinstance(figure, TrendFigure):
        return " ".join([*sentences, *_told_trend(figure, style)])
    if figure.reference is not None:
        value = style.quantity(figure.reference.value, figure.unit)
        sentences.append(f"{figure.reference.label}: {value}.")
    if isinstance(figure, FunnelFigure):
        told = [f"{m.label}: {style.quantity(m.value, figure.unit)}." for m in figure.marks]
        return " ".join([*sentences, *told])
    for row in figure.rows:
        said = _told_value(row.value, row.interval, figure.unit, style)
        sentences.append(f"{row.label}: {said}.")
    return " ".join(sentences)


def _told_trend(figure: TrendFigure, style: NumberStyle) -> Iterator[str]:
    """Tell each series, and between two of them why they are not joined."""
    for before, series in zip((None, *figure.series), figure.series, strict=False):
        if before is not None:
            yield f"Ngắt: {break_reason(before, series)}."
        yield f"{series.publisher}. Đối tượng: {series.population}."
        yield f"Phương pháp {series.method}:"
        for point in series.points:
            yield f"{point.year}: {_told_value(point.value, point.interval, figure.unit, style)}."
        for target in series.targets:
            yield f"Chỉ tiêu {target.year}: {style.quantity(target.value, figure.unit)}."


def _told_value(
    value: float | Missing, interval: Interval | None, unit: str, style: NumberStyle
) -> str:
    if isinstance(value, Missing):
        return value.reason
    span = f" ({style.interval(interval, unit)})" if interval is not None else ""
    return style.quantity(value, unit) + span


def _shape(shape: Shape) -> str:
    match shape:
        case Line():
            return _line(shape)
        case Band():
            return (
                f'<rect class="fig-{shape.role}" x="{_n(shape.x)}" y="{_n(shape.y)}"'
                f' width="{_n(shape.width)}" height="{_n(shape.height)}" fill="{shape.colour}"/>'
            )
        case Mark():
            return _mark(shape)
        case Word():
            return _word(shape)


def _line(line: Line) -> str:
    dash = " ".join(_n(length) for length in line.dash)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line class="fig-{line.role}" x1="{_n(line.x1)}" y1="{_n(line.y1)}" x2="{_n(line.x2)}"'
        f' y2="{_n(line.y2)}" stroke="{line.colour}" stroke-width="{_n(line.thickness)}"{dashed}/>'
    )


def _mark(mark: Mark) -> str:
    fill = "#ffffff" if mark.hollow else mark.colour
    paint = f'fill="{fill}" stroke="{mark.colour}" stroke-width="{_n(mark.radius * 0.4)}"'
    if mark.shape == "dot":
        place = f'cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}"'
        return f'<circle class="fig-{mark.role}" {place} {paint}/>'
    first, *rest = corners(mark)
    path = f"M{_n(first[0])} {_n(first[1])}" + "".join(f"L{_n(x)} {_n(y)}" for x, y in rest)
    return f'<path class="fig-{mark.role}" d="{path}Z" {paint}/>'


def _word(word: Word) -> str:
    weight = ' font-weight="bold"' if word.bold else ""
    look = f'font-size="{_n(word.size)}" fill="{word.colour}" text-anchor="{word.anchor}"{weight}'
    place = f'x="{_n(word.x)}" y="{_n(word.y)}"'
    return f'<text class="fig-{word.role}" {place} {look}>{_t(word.text)}</text>'


def _n(value: float) -> str:
    """Write a length with two places at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _t(text: str) -> str:
    return escape(clean(text))
