"""A proxy between devices and server that does what bad networks do."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 30
#: Names of the weather that a request may meet.
FAIR = "fair"
REQUEST_LOST = "request lost"
REPLY_LOST = "reply lost"
DOUBLED = "doubled"
#: Kept back and delivered after what is sent later; its sender believes it lost.
REORDERED = "reordered"
PORTAL = "portal"
TOO_LARGE = "413"
BROKEN = "500"
KINDS = (FAIR, REQUEST_LOST, REPLY_LOST, DOUBLED, REORDERED, PORTAL, TOO_LARGE, BROKEN)
LATER = 5
OWN_PAGES = {PORTAL: 200, TOO_LARGE: 413, BROKEN: 500}
PAGE = "<!doctype html><title>Wi-Fi</title>Mời đăng nhập".encode()
#: Headers of one connection, not of the message.
OF_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """Forwards to the server; `weather` names what becomes of each request."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.weather: Callable[[Request], str] = lambda _: FAIR
        #: method, path -> a body to answer with instead of asking the server
        self.own: dict[str, tuple[str, bytes]] = {}
        self.met: Counter[str] = Counter()
        self._late: list[Request] = []
        self._guard = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def forward(self, request: Request) -> Answer | None:
        """Ask the server; None if it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=PATIENCE)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def treat(self, request: Request) -> Answer | None:
        """Let a request meet its weather; None is a broken connection."""
        if request.path in self.own:
            mimetype, body = self.own[request.path]
            return Answer(200, [("Content-Type", mimetype)], body)
        kind = self.weather(request)
        with self._guard:
            self.met[kind] += 1
            if kind == REORDERED:
                self._late.append(request)
        if kind in OWN_PAGES:
            page = [("Content-Type", "text/html; charset=utf-8")]
            return Answer(OWN_PAGES[kind], page, PAGE)
        if kind in {REQUEST_LOST, REORDERED}:
            return None
        answer = self.forward(request)
        if kind == DOUBLED:
            answer = self.forward(request)
        self.deliver_late(LATER)
        return None if kind == REPLY_LOST else answer

    def deliver_late(self, more_than: int = 0) -> None:
        """Deliver what was kept back, the newest first, until only `more_than` are left."""
        while True:
            with self._guard:
                if len(self._late) <= more_than:
                    return
                request = self._late.pop()
            self.forward(request)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, writes what becomes of it."""

    owner: Proxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Treat any request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        answer = self.owner.treat(Request(self.command, self.path, kept, body))
        if answer is None:
            self.close_connection = True
            return
        with suppress(OSError):
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name.lower() not in OF_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    do_PUT = do_POST = do_HEAD = do_GET  # noqa: N815  names of http.server

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def proxied(server_port: int) -> Iterator[Proxy]:
    """Put a proxy before a server."""
    proxy = Proxy(server_port)
    try:
        yield proxy
    finally:
        proxy.close()
