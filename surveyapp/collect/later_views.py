"""The page of a counter tablet that gives a code for answering at home."""

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from surveyapp import web
from surveyapp.collect import later, rights
from surveyapp.collect.visits import open_visit, page, refusal
from surveyapp.errors import AppError

bp = Blueprint("later", __name__)
bp.register_error_handler(AppError, refusal)


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
    shown = later.as_shown(slip, site(), survey_code)
    return page("later", visit.look, visit=visit, slip=shown)


def site() -> str:
    """Return the address that phones reach this server by."""
    return web.settings().public_address or url_for("home", _external=True)
