"""The Flask application: one factory, the table of roles in front of every view."""

import importlib
from datetime import datetime
from typing import Final

from flask import Flask, abort, redirect, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from surveyapp import clock, error_pages, key_files, roles, web
from surveyapp.accounts import service as accounts
from surveyapp.config import Settings
from surveyapp.db import Database, check_current
from surveyapp.exports.numbers import NumberStyle, day

#: Views of the stages, in the order of the work.
BLUEPRINTS: Final = (
    "surveyapp.accounts.views",
    "surveyapp.surveys.views",
    "surveyapp.surveys.wave_views",
    "surveyapp.frames.views",
    "surveyapp.frames.draft_views",
    "surveyapp.frames.list_views",
    "surveyapp.samples.views",
    "surveyapp.samples.size_views",
    "surveyapp.samples.witness_views",
    "surveyapp.fieldwork.views",
    "surveyapp.collect.api_views",
    "surveyapp.collect.views",
    "surveyapp.collect.question_views",
    "surveyapp.collect.check_views",
    "surveyapp.collect.pairing_views",
    "surveyapp.collect.later_views",
    "surveyapp.collect.device_views",
    "surveyapp.collect.tablet_views",
    "surveyapp.collect.tablet_api_views",
    "surveyapp.recheck.views",
    "surveyapp.results.views",
)
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; media-src blob:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"
)
#: The only page that an official sees before replacing a one-time password.
BEFORE_PASSWORD: Final = frozenset({"accounts.change_password", "accounts.sign_out", "static"})
#: Browsers then use HTTPS by themselves for so long: a year.
HTTPS_SECONDS: Final = 365 * 24 * 3600
csrf = CSRFProtect()


def create_app(settings: Settings) -> Flask:
    """Build the application on a database whose schema is this program's."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=key_files.read_or_make(settings.keys, "session.key"),
        SESSION_COOKIE_NAME="sipas",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.insecure_cookies,
        MAX_CONTENT_LENGTH=20 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=8 * 3600,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own pages forbid
    )
    if isinstance(app.json, DefaultJSONProvider):
        app.json.ensure_ascii = False  # people read replies of the intake, in Vietnamese
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(count=NumberStyle().count, day=day, instant=_instant)
    app.extensions["sipas_settings"] = settings
    app.extensions["sipas_database"] = database = Database(settings.database_url)
    check_current(database)
    csrf.init_app(app)
    error_pages.init_app(app)
    _sign_in(app)
    # the citizens' pages stand in several modules of one blueprint
    for bp in dict.fromkeys(importlib.import_module(module).bp for module in BLUEPRINTS):
        app.register_blueprint(bp)
    for name in ("collect_api", "tablet_api"):
        csrf.exempt(app.blueprints[name])  # devices send no cookie
    app.add_url_rule("/", "home", _home)
    app.before_request(_check_role)
    app.after_request(_protect)
    app.after_request(web.pack_static)
    if settings.proxies:
        hops = settings.proxies
        behind = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = behind  # type: ignore[method-assign]
    app.session_interface = _Sessions()
    app.teardown_appcontext(web.close_sessions)
    return app


def _home() -> ResponseReturnValue:
    return redirect(url_for("surveys.index" if web.official() else "accounts.sign_in"))


def _instant(value: datetime) -> str:
    return f"{value.astimezone(clock.VIETNAM):%d/%m/%Y %H:%M}"


def _sign_in(app: Flask) -> None:
    manager = LoginManager(app, add_context_processor=False)

    def load(token: str) -> web.Official | None:
        with web.database().read_session() as db:
            account = accounts.account_of_session(db, token, clock.now())
        return web.Official.of(token, account) if account else None

    manager.user_loader(load)

    @app.context_processor
    def for_templates() -> dict[str, object]:
        is_for_citizens = bool(request) and request.blueprint == "collect"
        return {} if is_for_citizens else {"official": web.official()}


def _check_role() -> ResponseReturnValue | None:
    """Refuse whoever the table does not name; an endpoint that is not in it is refused to all."""
    if request.endpoint is None:
        return None  # 404 or 405 follow
    allowed = roles.ENDPOINTS.get(request.endpoint, frozenset())
    if allowed == roles.PUBLIC:
        return None
    official = web.official()
    if official is None:
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    if not official.actor.has_any(allowed):
        abort(403)
    if accounts.is_seen_long_ago(web.reading(), official.id):
        with web.database().session() as db:
            accounts.touch(db, official.id)
            db.commit()
    if official.must_change_password and request.endpoint not in BEFORE_PASSWORD:
        return redirect(url_for("accounts.change_password"))
    return None


class _Sessions(SecureCookieSessionInterface):
    """Cookies that go over HTTPS only, wherever this request came over HTTPS."""

    _made: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs the cookie: made once, as the key never changes while we run."""
        if self._made is None:
            self._made = super().get_signing_serializer(app)
        return self._made

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie is marked as secure."""
        return bool(app.config["SESSION_COOKIE_SECURE"]) or request.is_secure


def _protect(response: Response) -> Response:
    headers = response.headers
    if request.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={HTTPS_SECONDS}"
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response
