"""What is no request at all is refused, and the log keeps no address of who sent it."""

import socket
from pathlib import Path

import pytest

from surveyapp.config import load
from tests.databases import make_tables
from tests.faults.server import Nursery, Server

#: Words that are no request, a header that breaks the rules, and the beginning of TLS.
BROKEN = (
    b"phieu\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\r\n",
)


@pytest.fixture
def server(nursery: Nursery, tmp_path: Path):
    home = tmp_path / "home"
    make_tables(load({"SURVEY_HOME": str(home)}).database_url)
    server = Server(nursery, home, "")
    server.start()
    yield server
    server.stop()


def test_what_is_no_request_leaves_no_address_in_the_log(server: Server) -> None:
    for sent in BROKEN:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(4096).startswith(b"HTTP/1.1 400")

    assert "127.0.0.1" not in server.log.read_text(encoding="utf-8")
