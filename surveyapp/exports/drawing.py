"""Pictures as reportlab drawings, in the embedded face, for the PDF."""

from reportlab.graphics.shapes import Circle, Drawing, Polygon, Rect, String
from reportlab.graphics.shapes import Line as Stroke
from reportlab.lib.colors import HexColor, white

from surveyapp.exports.face import BOLD, REGULAR, register
from surveyapp.exports.figure import Band, Line, Mark, Picture, Shape, Word, corners

_ROUND = 1


def drawing(picture: Picture) -> Drawing:
    """Turn `picture` upside down, as PDF counts from below, and draw it in points."""
    register()
    page = Drawing(picture.width, picture.height, initialFontName=REGULAR)
    for shape in picture.shapes:
        page.add(_drawn(shape, picture.height))
    return page


def _drawn(shape: Shape, height: float) -> Stroke | Rect | Circle | Polygon | String:
    match shape:
        case Line():
            return Stroke(
                shape.x1,
                height - shape.y1,
                shape.x2,
                height - shape.y2,
                strokeColor=HexColor(shape.colour),
                strokeWidth=shape.thickness,
                strokeDashArray=list(shape.dash) or None,
            )
        case Band():
            place = (shape.x, height - shape.y - shape.height, shape.width, shape.height)
            return Rect(*place, fillColor=HexColor(shape.colour), strokeColor=None)
        case Mark():
            return _mark(shape, height)
        case Word():
            return String(
                shape.x,
                height - shape.y,
                shape.text,
                fontName=BOLD if shape.bold else REGULAR,
                fontSize=shape.size,
                fillColor=HexColor(shape.colour),
                textAnchor=shape.anchor,
            )


def _mark(mark: Mark, height: float) -> Circle | Polygon:
    colour = HexColor(mark.colour)
    paint = {
        "fillColor": white if mark.hollow else colour,
        "strokeColor": colour,
        "strokeWidth": mark.radius * 0.4,
    }
    if mark.shape == "dot":
        return Circle(mark.x, height - mark.y, mark.radius, **paint)
    points = [length for x, y in corners(mark) for length in (x, height - y)]
    return Polygon(points, strokeLineJoin=_ROUND, **paint)
