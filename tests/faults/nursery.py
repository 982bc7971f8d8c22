"""Starts servers fast: forks from a process that has imported the program already.

The child runs `sipas serve` as typed; only the last step, becoming gunicorn by exec, which would
import everything anew, is a call. So a thousand kills take minutes.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from gunicorn.app import wsgiapp

from surveyapp import cli, serving, serving_worker, web
from surveyapp.app import create_app
from surveyapp.config import load
from surveyapp.db import upgrade

#: Imported here, once: the command finds them, and its workers, as they are.
IMPORTED = (serving, serving_worker)
#: prctl(2): the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1


def _serve(order: dict[str, Any]) -> NoReturn:
    """Be one server, in a process group of its own, that ends with the nursery."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (0, 1, 2):
        os.dup2(log, stream)
    os.environ.update(order["environment"])
    os.execv = _without_exec  # type: ignore[assignment]
    sys.argv = ["sipas", "serve", f"--bind={order['bind']}", f"--workers={order['workers']}"]
    cli.main()
    raise SystemExit(0)


def _without_exec(_program: str, words: list[str]) -> NoReturn:
    sys.argv = words[2:]
    wsgiapp.run(prog="gunicorn")
    raise SystemExit(0)


def _warm_up() -> None:
    """Build one application and send it a request, so that what is made once is made here."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/survey.sqlite3"
        upgrade(url)
        app = create_app(load({"SURVEY_HOME": folder, "SURVEY_DATABASE_URL": url}))
        app.test_client().get("/readyz")
        web.database_of(app).dispose()


def main() -> None:
    """Read orders, one JSON object a line; answer each with the process group of the server."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _serve(order)
        Path(order["log"]).touch()
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
