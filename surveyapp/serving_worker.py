"""The worker of the server: gunicorn's threads, which share new connections evenly."""

import socket
import time

from gunicorn.workers.gthread import ThreadWorker

#: So long a worker leaves the next new connection to the others; it answers nobody anew meanwhile.
PAUSE_SECONDS = 0.001


class Worker(ThreadWorker):
    """Pauses after each new connection.

    All workers listen on one socket. Of connections that come together the first to wake would take
    nearly all, and serve them on one processor for as long as they are kept, beside an idle one.
    """

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, unless another worker was faster; leave the next one to the others."""
        super().accept(listener)
        if self.cfg.workers > 1:
            time.sleep(PAUSE_SECONDS)
