"""One reply of a server, read with as little work as a client can do: it shares the processors."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers with their names in small letters, and content."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes

    def all_of(self, name: bytes) -> Iterator[bytes]:
        """Give the values of a header."""
        return (value for known, value in self.headers if known == name)


def read(replies: BufferedReader) -> Reply:
    """Read the next reply of a connection; this server always says how long it is."""
    line = replies.readline()
    if not line:
        raise RuntimeError("the server closed the connection")
    headers = []
    length = 0
    while (header := replies.readline()) not in (b"\r\n", b""):
        name, _, value = header.partition(b":")
        name, value = name.lower(), value.strip()
        headers.append((name, value))
        if name == b"content-length":
            length = int(value)
    return Reply(int(line.split(None, 2)[1]), headers, replies.read(length))
