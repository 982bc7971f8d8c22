"""The worker of the server: gunicorn's threads, which share new connections evenly."""

import socket
import time

from gunicorn.workers.gthread import ThreadWorker

#: After each new connection a worker leaves so long the next one to the others.
PAUSE_SECONDS = 0.001


class Worker(ThreadWorker):
    """Takes new connections one at a time.

    All workers listen on one socket. Of connections that come together the first to wake would take
    nearly all, and serve them on one processor for as long as they are kept, beside an idle one.
    """

    def accept(self, listener: socket.socket) -> None:
        """Take one connection, then wait a moment: whoever is less busy takes the next one."""
        super().accept(listener)
        time.sleep(PAUSE_SECONDS)
