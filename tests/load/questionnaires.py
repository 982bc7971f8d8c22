"""Complete questionnaires through the pages without JavaScript, as 32 people at once fill them in.

The same 39 questions twice: in 7 pages of grouped questions, and one question a page.
"""

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select

from surveyapp.config import load
from surveyapp.db import Database, upgrade
from surveyapp.models import Exchange
from tests.app.collect_world import World, codes_for
from tests.load.clients import CLIENTS, PROCESSES, READY_SECONDS, TIMEOUT_SECONDS
from tests.load.figure import Figure
from tests.load.replies import read
from tests.load.servers import WORKERS, Address, Server, real_server

ITEMS, PAGES = 39, 7
RUN_SECONDS = 15
#: way -> name of the figures
WAYS = {
    "grouped": f"questionnaires in {PAGES} pages",
    "single": "questionnaires, 1 question a page",
}
SURVEY = "ks-2024"
OK, SEE_OTHER = 200, 303
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_NAME = re.compile(rb'name="(q\d+)"')


@dataclass(frozen=True, slots=True)
class _Done:
    begun: float
    ended: float
    #: Seconds of each page: a request and its reply.
    pages: list[float]
    finished: int


def definition(way: str) -> str:
    """Return 39 questions on a scale of five, in 7 topics."""
    head = (
        f'code = "{way}"\nversion = 1\nlanguages = ["vi"]\nrespondents = ["person"]\n'
        'rates = "one"\nreview = "x"\ntitle.vi = "Phiếu"\npurpose.vi = "Mời Ông/Bà góp ý."\n'
        '[[scales]]\ncode = "s"\noptions = [\n'
    )
    steps = ("Rất không hài lòng", "Không hài lòng", "Bình thường", "Hài lòng", "Rất hài lòng")
    head += "".join(
        f'  {{code = "{n}", score = {n}, text.vi = "{step}"}},\n' for n, step in enumerate(steps, 1)
    )
    numbers = iter(range(1, ITEMS + 1))
    return f"{head}]\n" + "".join(_page(way, page, numbers) for page in range(PAGES))


def _page(way: str, page: int, numbers: Iterator[int]) -> str:
    size = ITEMS // PAGES + (page < ITEMS % PAGES)
    text = f'[[pages]]\ncode = "p{page}"\ntitle.vi = "Phần {page + 1}"\n'
    text += f"together = {str(way == 'grouped').lower()}\n"
    for number in islice(numbers, size):
        text += f'[[pages.items]]\ncode = "q{number}"\nkind = "choice"\nscale = "s"\n'
        text += f'text.vi = "Ông/Bà có hài lòng về việc thứ {number} của cơ quan này không?"\n'
    return text


def measure(place: Path) -> list[Figure]:
    """Measure both ways, each on an installation of its own."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.1] * PROCESSES))
        return [figure for way in WAYS for figure in _measure_way(place / way, way, pool)]


def _measure_way(home: Path, way: str, pool: ProcessPoolExecutor) -> list[Figure]:
    home.mkdir()
    settings = load({"SURVEY_HOME": str(home)})
    upgrade(settings.database_url)
    with Database(settings.database_url) as database:
        with database.session() as db:
            world = World(db, "service", way, definition(way))
            db.commit()
        issued = codes_for(database, world, [number % 3 for number in range(2000)])
        with real_server(home) as server:
            warm = _fill(pool, server, issued[:CLIENTS])  # each worker has read what it keeps
            used = sum(server.processor_seconds())
            done = _fill(pool, server, issued[CLIENTS:])
            used = sum(server.processor_seconds()) - used
        _check_stored(database, sum(one.finished for one in [*warm, *done]))
    return _figures(way, done, used)


def _fill(pool: ProcessPoolExecutor, server: Server, codes: list[str]) -> list[_Done]:
    """Let all people of all processes fill in forms, until no code or no time is left."""
    start = time.monotonic() + READY_SECONDS
    shares = [codes[place::PROCESSES] for place in range(PROCESSES)]
    jobs = [pool.submit(_fill_many, server.address, share, start) for share in shares]
    return [one for job in jobs for one in job.result()]


def _check_stored(database: Database, finished: int) -> None:
    """Refuse a rate unless every finished questionnaire is there."""
    with database.read_session() as db:
        stored = db.scalar(select(func.count()).select_from(Exchange))
    if stored != finished:
        raise RuntimeError(f"{finished} questionnaires finished, {stored} stored")


def _figures(way: str, done: list[_Done], used: float) -> list[Figure]:
    lasted = max(one.ended for one in done) - min(one.begun for one in done)
    finished = sum(one.finished for one in done)
    pages = sorted(second for one in done for second in one.pages)
    how = f"{ITEMS} questions, {CLIENTS} clients, {WORKERS} workers, SQLite, no JavaScript"
    name = WAYS[way]
    return [
        Figure(name, finished / lasted, "per second", f"{finished} in {lasted:.0f} s; {how}"),
        Figure(f"{name}: pages", len(pages) / lasted, "per second"),
        Figure(f"{name}: p50 of a page", 1000 * pages[len(pages) // 2], "ms"),
        Figure(f"{name}: p99 of a page", 1000 * pages[len(pages) * 99 // 100], "ms"),
        Figure(f"{name}: longest page", 1000 * pages[-1], "ms"),
        Figure(f"{name}: processor time of a page", 1000 * used / len(pages), "ms"),
    ]


def _fill_many(address: Address, codes: list[str], start: float) -> list[_Done]:
    """Run the people of one process, a thread each."""
    count = CLIENTS // PROCESSES
    with ThreadPoolExecutor(count) as pool:
        shares = [codes[place::count] for place in range(count)]
        return list(pool.map(lambda share: _person(address, share, start), shares))


def _person(address: Address, codes: list[str], start: float) -> _Done:
    time.sleep(max(0.0, start - time.monotonic()))
    pages: list[float] = []
    begun = time.monotonic()
    finished = 0
    for code in codes:
        if time.monotonic() > start + RUN_SECONDS:
            break
        visit = _Browser(address, pages)
        visit.fill_in(code)
        finished += 1
    return _Done(begun, time.monotonic(), pages, finished)


class _Browser:
    """A browser of one person: a connection, cookies, forms with their token, redirects."""

    def __init__(self, address: Address, pages: list[float]) -> None:
        self._connection = socket.create_connection(address, TIMEOUT_SECONDS)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = self._connection.makefile("rb")
        self._cookies: dict[bytes, bytes] = {}
        self._pages = pages
        self._at = f"/s/{SURVEY}"

    def fill_in(self, code: str) -> None:
        """Fill in one form from the start to the thanks."""
        page = self._get(self._at)
        while not self._at.endswith("/thanks"):
            fields = {name.decode(): "4" for name in _NAME.findall(page)}
            if self._at.endswith("/code"):
                fields["invitation"] = code
            token = _TOKEN.search(page)
            if token is None:
                raise RuntimeError(f"no form at {self._at}: {page[:300]!r}")
            page = self._post({**fields, "csrf_token": token[1].decode(), "go": "next"})
        self._replies.close()
        self._connection.close()

    def _get(self, path: str) -> bytes:
        self._at = urlsplit(path).path
        return self._ask("GET", path, b"")

    def _post(self, fields: dict[str, str]) -> bytes:
        before = self._at
        page = self._ask("POST", before, urlencode(fields).encode())
        if page:
            raise RuntimeError(f"refused at {before}: {page[:2000]!r}")
        return self._get(self._at)

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1"]
        if self._cookies:
            kept = b"; ".join(b"%b=%b" % cookie for cookie in self._cookies.items())
            lines.append(b"Cookie: " + kept)
        if method == "POST":
            lines.append(b"Content-Type: application/x-www-form-urlencoded")
            lines.append(b"Content-Length: %d" % len(body))
        sent = time.monotonic()
        self._connection.sendall(b"\r\n".join([*lines, b"", body]))
        reply = read(self._replies)
        self._pages.append(time.monotonic() - sent)
        for cookie in reply.all_of(b"set-cookie"):
            name, _, value = cookie.partition(b";")[0].partition(b"=")
            self._cookies[name] = value
        if reply.status == SEE_OTHER:
            self._at = next(reply.all_of(b"location")).decode()
            return b""
        if reply.status != OK:
            raise RuntimeError(f"{reply.status} at {path}: {reply.content[:500]!r}")
        return reply.content
