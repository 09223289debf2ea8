"""Real servers for tests: private, temporary processes that nobody else sees, gone with the test.

Use: `with redis_server() as redis: ... redis.url ...`. A server that is not installed fails the test with one line that
says what to install.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RedisServer:
    """A redis-server on a unix socket in `folder`, with nothing on disk unless `durable`."""

    def __init__(self, folder: Path, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it is, or will be: the same after a restart."""
        return f"unix://{self._folder}/redis.sock"

    def start(self) -> None:
        """Run it; returns when it takes commands."""
        program = shutil.which("redis-server")
        assert program is not None, "redis-server is not installed: apt-get install redis-server"
        options = ["--port", "0", "--unixsocket", f"{self._folder}/redis.sock", "--dir", str(self._folder)]
        keeping = ["--save", "", "--appendonly", "yes" if self._durable else "no", "--appendfsync", "always"]
        self._process = subprocess.Popen(
            [program, *options, *keeping, "--daemonize", "no"], stdout=subprocess.PIPE, text=True
        )
        lines = []
        assert self._process.stdout is not None
        for line in self._process.stdout:  # ends when the server does
            lines.append(line)
            if "ready to accept connections" in line.lower():
                return
        raise AssertionError("redis-server did not start: " + "".join(lines))

    def stop(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def pause(self) -> None:
        """It answers nobody from now on, but its connections stay."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on after a pause."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def redis_server(durable: bool = False) -> Iterator[RedisServer]:
    """A running redis-server of the caller's own; `durable`: it remembers what it was told when it is started again."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder), durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
