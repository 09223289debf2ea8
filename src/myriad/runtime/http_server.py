"""The HTTP server of a process, on a thread of its own.

Responsible for: serving an ASGI application on a bound socket, and stopping within a second.
Not here: the application (`web/api`, handed in), opening the socket (`runtime/endpoints.py`).

Invariant: it never takes signals: the main thread of a process does.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop
from uvicorn.protocols.http.h11_impl import H11Protocol

AsgiApplication = Callable[[Any, Any, Any], Any]


class HttpServer:
    """One application on one socket."""

    def __init__(self, application: AsgiApplication, sock: socket.socket, tls: tuple[str, str] | None = None) -> None:
        """`sock` is bound; the server listens on it and closes it at its end. `tls` is (certificate chain, key), as
        names of PEM files."""
        config = uvicorn.Config(
            application,
            lifespan="off",
            http=H11Protocol,  # by its class: a name would be imported only after the fork, by each child
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # a token names the address that the connection really came to
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
            limit_concurrency=2048,
            backlog=1024,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
        self._server = uvicorn.Server(config)
        self._socket = sock
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ends it, open requests included; False if it did not end in time."""
        self._server.should_exit = True
        self._thread.join(timeout_s * 0.6)
        self._server.force_exit = True
        self._thread.join(timeout_s * 0.4)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        """True while it serves."""
        return self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))
