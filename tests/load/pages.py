"""Weight of the first load of a citizen's page: the page and every file that it names."""

import gzip
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from surveyapp.config import load
from surveyapp.db import Database, upgrade
from tests.app.collect_world import made
from tests.load.figure import Figure
from tests.load.servers import real_server

TIMEOUT_SECONDS = 30
#: Links of a page that a browser loads by itself.
LOADED_RELATIONS = frozenset({"stylesheet", "icon", "manifest", "preload", "modulepreload"})
_IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file of a page: bytes as this server sends them, and bytes when packed with gzip."""

    address: str
    sent: int
    packed: int
    named: tuple[str, ...]


class _Names(HTMLParser):
    """Collects the addresses that a browser loads with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the address of one element."""
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and LOADED_RELATIONS & set(given.get("rel", "").lower().split()):
            self.found.append(given.get("href", ""))
        if tag in {"script", "img", "source", "audio", "iframe", "use", "image"}:
            self.found.append(given.get("src") or given.get("href") or "")


def measure(place: Path) -> list[Figure]:
    """Load the first page of a survey with the longest questionnaire, as a new browser does."""
    settings = load({"SURVEY_HOME": str(place)})
    upgrade(settings.database_url)
    with Database(settings.database_url) as database:
        survey = made(database, "service", "sipas_a").survey.code
    with real_server(place) as server:
        host = f"http://{server.address[0]}:{server.address[1]}"
        files = list(_first_load(f"{host}/s/{survey}"))
    own = [file for file in files if file.address.startswith(host)]
    paths = ", ".join(urlsplit(file.address).path for file in own)
    kilobytes = "kB of 1,000 bytes, bodies only"
    return [
        Figure("first load, gzip", sum(one.packed for one in own) / 1000, "kB", kilobytes),
        Figure("first load, as sent", sum(one.sent for one in own) / 1000, "kB", kilobytes),
        Figure("first load, requests", len(own), "requests", paths),
        Figure("first load, other hosts", len(files) - len(own), "requests"),
    ]


def _first_load(start: str) -> Iterator[Loaded]:
    """Yield the page and, once each, what it and its style sheets name; foreign files unread."""
    waiting, seen = [start], {start}
    host = urlsplit(start).netloc
    while waiting:
        address = waiting.pop(0)
        if urlsplit(address).netloc != host:
            yield Loaded(address, 0, 0, ())
            continue
        loaded = _get(address)
        yield loaded
        fresh = [name for name in dict.fromkeys(loaded.named) if name not in seen]
        seen.update(fresh)
        waiting += fresh


def _get(address: str) -> Loaded:
    asking = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(asking, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310  our own
        sent = reply.read()
        kind = reply.headers.get_content_type()
        is_packed = reply.headers.get("Content-Encoding") == "gzip"
    content = gzip.decompress(sent) if is_packed else sent
    packed = len(sent) if is_packed else len(gzip.compress(content, 6))
    named = tuple(urldefrag(urljoin(address, name))[0] for name in _named(kind, content))
    return Loaded(address, len(sent), packed, named)


def _named(kind: str, content: bytes) -> list[str]:
    """Return the addresses in a page or a style sheet, but for those that hold their content."""
    found: list[str] = []
    if kind == "text/html":
        parser = _Names()
        parser.feed(content.decode())
        found = parser.found
        if not any("icon" in name for name in found):
            found.append("/favicon.ico")  # browsers ask for it when no icon is named
    elif kind == "text/css":
        found = [first or second for first, second in _IN_STYLES.findall(content.decode())]
    return [name for name in found if name and not name.startswith("data:")]
