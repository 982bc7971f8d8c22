"""What a paired tablet asks for and tells: configuration, counts, a code to take home."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from surveyapp import web
from surveyapp.collect import (
    api_views,
    devices,
    later,
    later_views,
    rights,
    tablet_configuration,
    tablet_ledger,
)
from surveyapp.errors import AppError
from surveyapp.models import Survey

MAX_LEDGER_BYTES = 64 * 1024
bp = Blueprint("tablet_api", __name__, url_prefix="/api/device")
bp.register_error_handler(AppError, api_views.refuse)


@bp.get("/configuration")
def configuration() -> ResponseReturnValue:
    """Give a tablet everything that it needs to work without a connection."""
    db = web.reading()
    device = devices.of_header(db.connection(), request.headers.get("Authorization", ""))
    settings = web.settings()
    body = tablet_configuration.configuration(db, settings.home, settings.keys, device)
    response = Response(body, mimetype="application/json")
    response.set_etag(tablet_configuration.etag(body))
    return response.make_conditional(request)


@bp.post("/ledger")
def ledger() -> ResponseReturnValue:
    """Keep what a tablet counted; sending it again is harmless."""
    db = web.session()
    device = devices.of_header(db.connection(), request.headers.get("Authorization", ""))
    if (request.content_length or 0) > MAX_LEDGER_BYTES:
        raise AppError("COLLECT-072", "Sổ phiếu gửi lên quá lớn.", "Gửi ít ngày hơn.", status=413)
    tablet_ledger.report(db, device.id, request.get_json(force=True, silent=True))
    db.commit()
    return {"ok": True, "statement": "counted"}


@bp.post("/later")
def give_later() -> ResponseReturnValue:
    """Give a code for answering at home; counted for this tablet, each time anew."""
    db = web.session()
    device = devices.of_header(db.connection(), request.headers.get("Authorization", ""))
    code = db.get_one(Survey, device.survey_id).code
    survey = rights.collecting_survey(db.connection(), code)
    slip = later.give(db.connection(), survey, device)
    db.commit()
    return later.as_shown(slip, later_views.site(), code)
