"""What a paired tablet asks for and tells: configuration, counts, codes."""

import re
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from surveyapp import web
from surveyapp.collect import (
    api_views,
    devices,
    later,
    later_views,
    rate_limits,
    rights,
    tablet_configuration,
    tablet_ledger,
)
from surveyapp.errors import AppError
from surveyapp.models import Survey

MAX_LEDGER_BYTES = 64 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
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


@bp.post("/code")
def check_code() -> ResponseReturnValue:
    """Say whether a form sent with a code would have the right to; looking spends nothing."""
    api_views.buckets().require(rate_limits.CODES, api_views.sender())
    db = web.reading()
    device = devices.of_header(db.connection(), request.headers.get("Authorization", ""))
    wanted = request.get_json(force=True, silent=True)
    code_sha256 = wanted.get("code_sha256") if isinstance(wanted, dict) else None
    if not isinstance(code_sha256, str) or not _SHA256.fullmatch(code_sha256):
        raise AppError(
            "COLLECT-078",
            "Máy hỏi về mã phiếu không đúng quy định.",
            "Gửi SHA-256 của mã, 64 chữ số thập lục phân: code_sha256.",
            status=422,
        )
    survey_code = db.get_one(Survey, device.survey_id).code
    survey = rights.collecting_survey(db.connection(), survey_code)
    form = rights.by_invitation(db.connection(), survey, code_sha256)
    rights.check_tablet(form)
    rights.check_counter_agency(form, device.agency_code)
    return {"ok": True, "statement": "usable"}


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
