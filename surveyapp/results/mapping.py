"""One pure function over the parts of a file: on threads, processes or a Dask cluster.

Parts are joined as a tree in the order of the file, and only a few wait at a time, so that the
memory does not grow with the file.
"""

import importlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

from analysis.reduction import in_pairs
from surveyapp.errors import AppError

T = TypeVar("T")
Work = Callable[[int], T]
Join = Callable[[T, T], T]

#: `--cluster` of this machine alone.
LOCAL = "local"
#: How long a scheduler may take to answer.
_PATIENCE = "10s"


@dataclass(frozen=True, slots=True)
class Workers:
    """Where parts are reduced.

    `n` threads, or processes; or the Dask cluster whose scheduler listens at `cluster`
    (tcp://host:8786), with "local" for `n` Dask processes on this machine.
    """

    n: int = 1
    processes: bool = False
    cluster: str | None = None

    def join(self, work: Work[T], count: int, join: Join[T]) -> T:
        """Call `work` for the parts 0 .. count - 1 and join what they return."""
        if self.cluster is not None:
            return _on_cluster(self.cluster, self.n, work, count, join)
        if self.n == 1:
            return in_pairs(map(work, range(count)), join)
        with self._pool() as pool:
            return in_pairs(_in_order(pool, work, count, 2 * self.n), join)

    def _pool(self) -> Executor:
        if not self.processes:
            return ThreadPoolExecutor(self.n)
        # a forked child would inherit the locks of threads that it does not have
        return ProcessPoolExecutor(self.n, mp_context=get_context("spawn"))


def _in_order(pool: Executor, work: Work[T], count: int, ahead: int) -> Iterator[T]:
    waiting = deque(pool.submit(work, part) for part in range(min(ahead, count)))
    submitted = len(waiting)
    while waiting:
        found = waiting.popleft().result()
        if submitted < count:
            waiting.append(pool.submit(work, submitted))
            submitted += 1
        yield found


def _on_cluster(address: str, n: int, work: Work[T], count: int, join: Join[T]) -> T:
    """Map and join on the workers; only the joined part comes back."""
    with _client(address, n) as client:
        # not pure: the same file name may hold other answers in a later call
        row = client.map(work, range(count), pure=False)
        while len(row) > 1:
            pairs = zip(row[::2], row[1::2], strict=False)
            joined = [client.submit(join, *pair, pure=False) for pair in pairs]
            row = [*joined, *row[len(row) - len(row) % 2 :]]
        found: T = row[0].result()
        return found


@contextmanager
def _client(address: str, n: int) -> Iterator[Any]:
    """Connect to a cluster, or start one on this machine; both are closed at the end."""
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise AppError(
            "RESULTS-030",
            "Máy này chưa cài phần chạy trên cụm máy.",
            'Cài thêm: pip install "sipas[cluster]", hoặc bỏ --cluster.',
        ) from error
    if address == LOCAL:
        with (
            distributed.LocalCluster(
                n_workers=n, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise AppError(
            "RESULTS-031",
            f"Không kết nối được cụm máy «{address}».",
            "Kiểm tra địa chỉ, dạng tcp://máy:8786, và dịch vụ điều phối (dask scheduler).",
        ) from error
    with client:
        yield client
