"""HTTPS: the guide's own commands make certificates that the server uses and a client trusts."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from surveyapp.app import create_app
from surveyapp.config import Settings, load
from surveyapp.errors import AppError
from surveyapp.serving import serve
from tests.databases import make_tables

GUIDE = Path(__file__).parents[2] / "docs" / "https.md"
NAME = "may-chu.noibo"
START_SECONDS = 60


@pytest.fixture
def engine_name() -> str:
    """Use one engine: what is tested stands in front of the database."""
    return "sqlite"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the commands of the guide as they stand there."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        subprocess.run(  # noqa: S602  the guide's own text
            block, shell=True, check=True, cwd=folder, capture_output=True
        )
    return folder


@pytest.fixture
def address(certificates: Path, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Serve an installation with `sipas serve --certfile --keyfile`."""
    home = tmp_path / "home"
    make_tables(load({"SURVEY_HOME": str(home)}).database_url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = [f"--certfile={certificates}/chung-thu.pem", f"--keyfile={certificates}/khoa.pem"]
    sipas = Path(sys.executable).with_name("sipas")
    with subprocess.Popen(  # noqa: S603  our own command
        [sipas, "serve", f"--bind=127.0.0.1:{port}", "--workers=1", *files],
        env={**os.environ, "SURVEY_HOME": str(home), "SURVEY_DATABASE_URL": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        yield "127.0.0.1", port
        process.terminate()


def connected(address: tuple[str, int], context: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect as soon as the server answers, by the name that stands in its certificate."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            plain = socket.create_connection(address, timeout=START_SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)  # the server, which is just starting, needs the processor
            continue
        return context.wrap_socket(plain, server_hostname=NAME)


def test_the_local_authority_of_the_guide_is_trusted_and_strangers_are_not(
    address: tuple[str, int], certificates: Path
) -> None:
    trusting = ssl.create_default_context(cafile=certificates / "ca.pem")
    asked = HTTPSConnection(NAME)
    asked.sock = connected(address, trusting)
    asked.request("GET", "/device")
    reply = asked.getresponse()
    reply.read()
    asked.close()

    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"
    [cookie] = reply.headers.get_all("Set-Cookie")
    assert "Secure" in cookie
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(address, ssl.create_default_context())


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["--certfile", "chung-thu.pem"], "APP-013"),
        (["--certfile", "chung-thu.pem", "--keyfile", "ca.key"], "APP-014"),
        (["--certfile", "yeu-cau.csr", "--keyfile", "khoa.pem"], "APP-014"),
    ],
)
def test_a_pair_that_does_not_work_is_refused_before_anything_starts(
    certificates: Path, names: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(certificates)
    refused = CliRunner().invoke(serve, ["--bind", "127.0.0.1:0", *names])

    assert isinstance(refused.exception, AppError)
    assert refused.exception.code == code


def headers_of(app: Flask, **sent: str) -> dict[str, str]:
    answer = app.test_client().get("/device", headers=sent)
    return dict(answer.headers)


def test_only_a_trusted_proxy_can_say_that_a_request_came_over_https(
    settings: Settings, database_url: str
) -> None:
    behind = load(
        {"SURVEY_HOME": str(settings.home), "SURVEY_DATABASE_URL": database_url}
        | {"SURVEY_PROXIES": "1"}
    )
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}

    assert "Strict-Transport-Security" not in headers_of(create_app(settings), **forwarded)
    seen = headers_of(create_app(behind), **forwarded)
    assert seen["Strict-Transport-Security"]
    assert "Secure" in seen["Set-Cookie"]
    with pytest.raises(AppError, match="APP-012"):
        load({"SURVEY_PROXIES": "many"})


def test_a_form_can_be_sent_over_https(settings: Settings) -> None:
    client = create_app(settings).test_client()
    over_https = {"base_url": "https://localhost"}
    page = client.get("/device", **over_https)
    [token] = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)

    sent = client.post("/device", data={"csrf_token": token, "token": "WRONG"}, **over_https)

    assert sent.status_code == 401
