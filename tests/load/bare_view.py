"""The least that a durable intake can do: a Flask view with one SQLite insert."""

import os
import sqlite3
import threading
from pathlib import Path

from flask import Flask, request


def application() -> Flask:
    """Build the application; each thread keeps its connection, as a pool would."""
    app = Flask(__name__)
    path = Path(os.environ["SURVEY_HOME"]) / "bare.sqlite3"
    kept = threading.local()
    _connect(path).execute(
        "CREATE TABLE IF NOT EXISTS body (id TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID"
    )

    @app.put("/api/submissions/<uuid:submission_id>")
    def put(submission_id: object) -> tuple[dict[str, bool], int]:
        if not hasattr(kept, "connection"):
            kept.connection = _connect(path)
        content = request.get_data()
        kept.connection.execute("INSERT INTO body VALUES (?, ?)", (str(submission_id), content))
        return {"ok": True}, 201

    return app


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)  # each statement commits
    connection.execute("PRAGMA busy_timeout=20000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection
