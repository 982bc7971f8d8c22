"""Many clients at once: keep-alive connections that send requests made beforehand.

They share the processors with the server, so they do as little as a client can: bytes that are
ready, one reply read at a time.
"""

import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader

from tests.load.replies import read
from tests.load.servers import Address, Server

CLIENTS = 32
PROCESSES = 2
#: Until then all processes have their threads ready.
READY_SECONDS = 1.0
TIMEOUT_SECONDS = 60
#: A run ends after so long even if requests are left.
RUN_SECONDS = 8
CREATED = 201


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of all clients found: rate per second, latencies in milliseconds.

    `work` is the processor time of the server per submission, in milliseconds: it tells two
    programs apart even on a busy machine. `busiest` is the part of it that one worker did.
    """

    per_second: float
    p50: float
    p99: float
    longest: float
    accepted: int
    work: float
    busiest: float


@dataclass(frozen=True, slots=True)
class _Replies:
    begun: float
    ended: float
    seconds: list[float]


class Crowd:
    """So many clients in a few processes, kept for several runs."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def send(self, server: Server, requests: Sequence[bytes]) -> Run:
        """Send requests, shared among the clients, until none or no time is left; all must succeed."""
        before = server.processor_seconds()
        start = time.monotonic() + READY_SECONDS
        shares = [requests[place::CLIENTS] for place in range(CLIENTS)]
        jobs = [
            self._pool.submit(_send_some, server.address, shares[place::PROCESSES], start)
            for place in range(PROCESSES)
        ]
        replies = [one for job in jobs for one in job.result()]
        lasted = max(one.ended for one in replies) - min(one.begun for one in replies)
        used = [b - a for a, b in zip(before, server.processor_seconds(), strict=True)]
        seconds = sorted(value for one in replies for value in one.seconds)
        return Run(
            len(seconds) / lasted,
            1000 * seconds[len(seconds) // 2],
            1000 * seconds[len(seconds) * 99 // 100],
            1000 * seconds[-1],
            len(seconds),
            1000 * sum(used) / len(seconds),
            max(used) / sum(used),
        )


@contextmanager
def crowd() -> Iterator[Crowd]:
    """Start the processes of the clients."""
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.1] * PROCESSES))
        yield Crowd(pool)


def put_request(path: str, body: bytes, token: str | None = None) -> bytes:
    """Return a whole PUT request as it goes over the wire."""
    lines = [
        f"PUT {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _send_some(address: Address, shares: Sequence[Sequence[bytes]], start: float) -> list[_Replies]:
    """Run the clients of one process, a thread each."""
    with ThreadPoolExecutor(len(shares)) as pool:
        return list(pool.map(lambda requests: _client(address, requests, start), shares))


def _client(address: Address, requests: Sequence[bytes], start: float) -> _Replies:
    time.sleep(max(0.0, start - time.monotonic()))
    seconds = []
    with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as replies:
            begun = time.monotonic()
            for one in requests:
                sent = time.monotonic()
                if sent > start + RUN_SECONDS:
                    break
                connection.sendall(one)
                _read_created(replies)
                seconds.append(time.monotonic() - sent)
    return _Replies(begun, time.monotonic(), seconds)


def _read_created(replies: BufferedReader) -> None:
    """Read one reply; anything but "created" ends the measurement with what was said."""
    reply = read(replies)
    if reply.status != CREATED:
        raise RuntimeError(f"{reply.status} {reply.content[:500]!r}")
