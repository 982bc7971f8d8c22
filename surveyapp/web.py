"""What every view needs: the request's database session, the official, the settings."""

import gzip
from functools import lru_cache
from typing import Final, cast

from flask import Flask, current_app, g, request
from flask_login import UserMixin, current_user
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from surveyapp.actor import Actor
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Account

#: Kinds of files that are worth it; fonts, sounds and other pictures are packed already.
PACKED: Final = ("text/", "application/javascript", "application/json", "image/svg")


class Official(UserMixin):
    """The signed-in official of this request; its id is the session's token."""

    def __init__(self, token: str, actor: Actor, name: str, *, must_change_password: bool) -> None:
        self.id = token
        self.actor = actor
        self.name = name
        self.must_change_password = must_change_password

    @classmethod
    def of(cls, token: str, account: Account) -> "Official":
        """Return the official of an account."""
        actor = Actor(account.id, account.login, account.role_names)
        changing = account.must_change_password
        return cls(token, actor, account.display_name, must_change_password=changing)


def settings() -> Settings:
    """Return the settings of the installation."""
    return cast(Settings, current_app.extensions["sipas_settings"])


def database() -> Database:
    """Return the database of the installation."""
    return database_of(current_app)


def database_of(app: Flask) -> Database:
    """Return the database that `app` was made with."""
    return cast(Database, app.extensions["sipas_database"])


def session() -> Session:
    """Return this request's writing session; the view commits it once."""
    if "db" not in g:
        g.db = database().session()
    return cast(Session, g.db)


def reading() -> Session:
    """Return this request's reading session."""
    if "db_reading" not in g:
        g.db_reading = database().read_session()
    return cast(Session, g.db_reading)


def session_by_method() -> Session:
    """Return the session of a page that is shown by GET and acts by POST: showing only reads."""
    return session() if request.method == "POST" else reading()


def connection() -> Connection:
    """Return this request's reading connection: what citizens' pages ask needs no more."""
    if "db_connection" not in g:
        g.db_connection = database().read_engine.connect()
    return cast(Connection, g.db_connection)


def close_sessions(_error: BaseException | None = None) -> None:
    """Give the sessions back when the request ends; what was not committed is rolled back."""
    for name in ("db", "db_reading", "db_connection"):
        opened = g.pop(name, None)
        if opened is not None:
            opened.close()


def official() -> Official | None:
    """Return the signed-in official; None for a citizen."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def actor() -> Actor:
    """Return who acts; only for pages that the table of roles keeps for officials."""
    signed_in = official()
    if signed_in is None:
        raise LookupError("no official is signed in")
    return signed_in.actor


def pack_static(response: Response) -> Response:
    """Send style sheets, scripts and pictures of the program packed, where the browser can unpack.

    Files of the program only: a packed page that has a secret token beside something that came
    with the request would tell the token by its length (BREACH).
    """
    is_wanted = request.endpoint == "static" and response.status_code == 200
    if not is_wanted or not (response.mimetype or "").startswith(PACKED):
        return response
    response.vary.add("Accept-Encoding")
    if request.range is None and request.accept_encodings["gzip"] > 0:
        response.direct_passthrough = False
        response.set_data(_packed(response.get_data()))
        response.content_encoding = "gzip"
    return response


@lru_cache(maxsize=64)
def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)
