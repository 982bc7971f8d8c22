"""The offline tablet application: its page, its few files, and recordings."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, abort, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from surveyapp import web
from surveyapp.collect import api_views, recordings

STATIC: Final = Path(__file__).parents[1] / "static"
#: In the order of their imports. They are joined into one answer, so that a tablet never runs
#: modules of two versions and starts after few requests; a name defined twice is an error of
#: syntax in the joined text, which the browser tests would see.
MODULES: Final = (
    *("storage", "seal", "routing", "answers", "machine", "records", "queue", "configuration"),
    *("speech", "idle", "later", "codes", "elements", "pages", "official", "visit", "app"),
)
STYLES: Final = ("citizen.css", "tablet/tablet.css")
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src blob:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
bp = Blueprint("tablet", __name__, url_prefix="/tablet")


@dataclass(frozen=True, slots=True)
class File:
    """One file of the application, as it is sent."""

    content: bytes
    compressed: bytes
    mimetype: str


@cache
def _files() -> dict[str, File]:
    """Read the application once; the version in the service worker covers all of it."""
    texts = {
        "": (_read("tablet/index.html"), "text/html"),
        "app.js": (_joined(), "text/javascript"),
        "style.css": ("".join(map(_read, STYLES)), "text/css"),
        "manifest.webmanifest": (_read("tablet/manifest.json"), "application/manifest+json"),
        "icon.svg": (_read("icon.svg"), "image/svg+xml"),
    }
    worker = _read("tablet/worker.js")
    everything = "\0".join([worker, *(text for text, _ in texts.values())])
    version = hashlib.sha256(everything.encode()).hexdigest()[:16]
    texts["worker.js"] = (f'const VERSION = "{version}";\n{worker}', "text/javascript")
    return {
        name: File(text.encode(), gzip.compress(text.encode(), mtime=0), mimetype)
        for name, (text, mimetype) in texts.items()
    }


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _joined() -> str:
    """Return the modules as one: without their imports of one another, and without exports."""
    lines = "".join(_read(f"tablet/{name}.js") for name in MODULES).splitlines(keepends=True)
    return "".join(line.removeprefix("export ") for line in lines if not line.startswith("import "))


def _sent(name: str) -> Response:
    file = _files().get(name)
    if file is None:
        abort(404)
    squeezed = request.accept_encodings["gzip"] > 0
    response = Response(file.compressed if squeezed else file.content, mimetype=file.mimetype)
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


@bp.get("/")
def page() -> ResponseReturnValue:
    """Give the page that holds the application."""
    return _sent("")


@bp.get("/<name>")
def file(name: str) -> ResponseReturnValue:
    """Give one file of the application."""
    return _sent(name)


@bp.get("/audio/<questionnaire>/<version>/<language>/<name>")
def recording(questionnaire: str, version: str, language: str, name: str) -> ResponseReturnValue:
    """Give one recorded question or answer."""
    path = recordings.path_of(web.settings().home, (questionnaire, version, language, name))
    if path is None:
        abort(404)
    return send_file(path, mimetype=recordings.TYPES[path.suffix])


@bp.after_request
def sign(response: Response) -> Response:
    """Mark the files as this server's: the tablet keeps nothing that is not marked."""
    if response.status_code == 200:
        response.headers[api_views.SERVER_HEADER[0]] = api_views.SERVER_HEADER[1]
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
