"""What a paired tablet asks for and tells: its configuration, and its counts for each day."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from surveyapp import web
from surveyapp.collect import api_views, devices, tablet_configuration, tablet_ledger
from surveyapp.errors import AppError

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
