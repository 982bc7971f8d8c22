"""The page of a counter tablet that gives a code for answering at home."""

import segno
from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from surveyapp import codes, web
from surveyapp.collect import later, rights
from surveyapp.collect.visits import open_visit, page, refusal
from surveyapp.errors import AppError
from surveyapp.exports.numbers import day

bp = Blueprint("later", __name__)
bp.register_error_handler(AppError, refusal)
#: Pixels of one module: the whole picture is about 5 cm wide on a tablet.
SCALE = 6


@bp.post("/s/<survey_code>/later")
def give(survey_code: str) -> Response:
    """Give a code that works once; asked for by a button only, never by following a link."""
    visit = open_visit(survey_code)
    if visit.device is None:
        rights.check_counter(visit.survey)
        raise AppError(
            "COLLECT-077",
            "Chỉ máy đã ghép tại quầy phát mã để trả lời sau.",
            "Mời Ông/Bà nhập mã phiếu nếu đã có.",
            status=403,
        )
    db = web.session()
    slip = later.give(db.connection(), visit.survey, visit.device)
    db.commit()
    site = web.settings().public_address or url_for("home", _external=True)
    address = f"{site.rstrip('/')}/s/{survey_code}"
    return page(
        "later",
        visit.look,
        visit=visit,
        address=address,
        picture=_picture(f"{address}/code#{slip.code}"),
        code=codes.readable(slip.code),
        expires_on=day(slip.expires_on),
    )


def _picture(content: str) -> str:
    """Return a QR code as an address that holds the picture itself: nothing is stored."""
    return str(segno.make(content, error="m", micro=False).svg_data_uri(scale=SCALE, light="white"))
