"""What devices call: send a submission, ask whether the server is ready, read how to call it."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import structlog
from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.wrappers import Response

from surveyapp import clock, codes, web
from surveyapp.collect import devices, metrics, rate_limits, release, service
from surveyapp.collect.intake_desk import Desk, told
from surveyapp.collect.keys import Keyring
from surveyapp.collect.problems import SubmissionError
from surveyapp.collect.rate_limits import Buckets, TooOftenError
from surveyapp.collect.service import Filing, Receipt
from surveyapp.collect.submission import MAX_BODY_BYTES, digest_of, parse, too_large
from surveyapp.db import check_current
from surveyapp.errors import AppError

OPENAPI: Final = Path(__file__).parents[1] / "static" / "openapi.json"
#: Below this the server says that it is not ready: an answer must still fit on the disk.
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024
#: What a device looks for, so that no other page on the way passes for this server.
SERVER_HEADER: Final = ("Sipas", "1")
bp = Blueprint("collect_api", __name__)
log = structlog.get_logger()


def keyring() -> Keyring:
    """Return the keys of this server."""
    kept = current_app.extensions
    if "sipas_keyring" not in kept:
        kept["sipas_keyring"] = Keyring(web.settings().keys)
    return cast(Keyring, kept["sipas_keyring"])


def desk() -> Desk:
    """Return the desk of this process; of two that are made at once one is kept."""
    kept = current_app.extensions
    if "sipas_desk" not in kept:
        kept.setdefault("sipas_desk", Desk(web.database(), keyring()))
    return cast(Desk, kept["sipas_desk"])


@bp.put("/api/submissions/<uuid:submission_id>")
def put_submission(submission_id: UUID) -> ResponseReturnValue:
    """Store one submission; sending it again is harmless."""
    token_sha256 = _token_sha256()
    if token_sha256 is None:
        buckets().require(rate_limits.CODES, sender())
    else:
        buckets().take(rate_limits.DEVICE, token_sha256)
    body = _body()
    if token_sha256 is not None:
        _refuse_unknown(token_sha256)
    submission = parse(submission_id, body, web.settings().keys)
    receipt = hand_in(Filing(submission, token_sha256))
    said = {"ok": True, "receipt": receipt.digest, "statement": "stored"}
    return said, 201 if receipt.created else 200


def _refuse_unknown(token_sha256: str) -> None:
    """Refuse a token that no tablet has before it costs more: unsealing, the turn to write.

    A token that was right once is not looked up again here: the intake decides about it.
    """
    right: set[str] = current_app.extensions.setdefault("sipas_tokens", set())
    if token_sha256 in right:
        return
    with web.database().read_engine.connect() as connection:
        found = devices.recognise_all(connection, [token_sha256])[token_sha256]
    if isinstance(found, AppError):
        raise found
    right.add(token_sha256)


def buckets() -> Buckets:
    """Return the limits that all processes of this server share."""
    kept = current_app.extensions
    if "sipas_buckets" not in kept:
        kept.setdefault("sipas_buckets", Buckets(web.settings().home / "limits"))
    return cast(Buckets, kept["sipas_buckets"])


def sender() -> str:
    """Return from where a request comes, as coarse as the limits need it; kept nowhere."""
    return rate_limits.prefix_of(request.remote_addr)


def count_try(error: AppError) -> None:
    """Count a code or token that nobody was given."""
    if rate_limits.is_guess(error):
        with contextlib.suppress(TooOftenError):
            buckets().take(rate_limits.CODES, sender())


def hand_in(filing: Filing) -> Receipt:
    """Store one sending durably, and release what it makes due."""
    receipt = desk().hand_in(service.looked_through(filing))
    if receipt.arrival is not None:
        size = web.settings().release_size
        release.settle_after(web.database(), keyring(), receipt.arrival, size)
    return receipt


def _body() -> bytes:
    """Read the body; one that is too large is refused before it fills the memory."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_large()
    body = request.stream.read(MAX_BODY_BYTES + 1)
    g.received = digest_of(body)
    return body


def _token_sha256() -> str | None:
    """Return the hash of the tablet's token, if one comes with the request."""
    header = request.headers.get("Authorization")
    return None if header is None else codes.sha256(devices.token_of(header))


@bp.errorhandler(AppError)
def refuse(error: AppError) -> ResponseReturnValue:
    """Say what is wrong; nothing that came with the request is repeated."""
    web.session().rollback()
    count_try(error)
    log.info("submission refused", code=error.code)
    problems = [
        {"item": fault.item, "rule": fault.rule, "message": fault.message}
        for fault in (error.faults if isinstance(error, SubmissionError) else ())
    ]
    body = {
        "ok": False,
        "receipt": g.get("received"),
        "statement": "refused",
        "code": error.code,
        "message": error.message,
        "fix": error.fix,
        "problems": problems,
    }
    return body, error.status, rate_limits.headers_of(error)


@bp.errorhandler(OSError)
@bp.errorhandler(DBAPIError)
def refuse_unstored(error: OSError | DBAPIError) -> ResponseReturnValue:
    """Say that the disk is full wherever that shows: limits, keys, release after a receipt."""
    known = told(error)
    if not isinstance(known, AppError):
        raise error
    return refuse(known)


@bp.after_app_request
def sign(response: Response) -> Response:
    """Mark every answer to a device as this server's, refusals of the framework included."""
    if request.path.startswith("/api/"):
        response.headers[SERVER_HEADER[0]] = SERVER_HEADER[1]
    return response


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process answers."""
    return {"ok": True}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether an answer could be stored now: database, its schema, keys, disk."""
    failing = [name for name, check in _CHECKS.items() if not check()]
    return {"ok": not failing, "failing": failing}, 503 if failing else 200


def _database_works() -> bool:
    try:
        web.reading().execute(text("SELECT 1"))
        check_current(web.database())
    except (SQLAlchemyError, AppError):
        return False
    return True


def _keys_work() -> bool:
    try:
        return bool(keyring().keeper)
    except OSError:
        return False


def _disk_has_room() -> bool:
    return shutil.disk_usage(web.settings().home).free >= LEAST_FREE_BYTES


_CHECKS: Final = {"database": _database_works, "keys": _keys_work, "disk": _disk_has_room}


@bp.get("/metrics")
def figures() -> ResponseReturnValue:
    """Give figures for monitoring: counts of the installation, nothing of a person or a device."""
    with web.database().read_engine.connect() as connection:
        content = metrics.text(connection, web.settings().home, clock.today())
    return content, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


@bp.get("/api/openapi.json")
def openapi() -> ResponseReturnValue:
    """Describe the way to send submissions."""
    description: dict[str, object] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    return description
