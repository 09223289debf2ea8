"""The thread that a zone's loop runs on.

Responsible for: starting it, stopping it in time, and keeping what made it fail.
Not here: the loop itself (`runtime/zone_loop.py`).

Invariant: whatever happens, clients are told that the zone ends, unless telling them is what failed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from myriad.core.log_lines import Lines
from myriad.runtime.logs import thread_is
from myriad.runtime.zone_loop import ZoneLoop
from myriad.runtime.zone_ports import DatagramPort

_LOG = Lines(__name__)


class ZoneThread:
    """Runs one loop until it is asked to stop or fails."""

    def __init__(
        self, name: str, loop: ZoneLoop, port: DatagramPort, on_failure: Callable[[], None] | None = None
    ) -> None:
        """`on_failure` is called on the zone's thread after `failure` was set."""
        self.name = name
        self.loop = loop
        self.failure: BaseException | None = None
        """What ended the loop, if it did not end by `stop`."""
        self._port = port
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"zone {name}", daemon=True)

    @property
    def running(self) -> bool:
        """True from `start` to the end of the loop."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the loop to end after its turn; returns at once. May be called twice."""
        self._stopping.set()
        self._port.wake()

    def join(self, timeout_s: float) -> bool:
        """Waits for the end; False if it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        zone, _, layer = self.name.partition("/")
        thread_is(zone=zone, layer=int(layer or 0))
        lines = _LOG.about(zone=zone, layer=int(layer or 0))
        try:
            while not self._stopping.is_set():
                self.loop.turn()
        except BaseException as error:  # a thread has nobody above it
            lines.exception("the zone failed")
            self.failure = error
        try:
            self.loop.close()
        except BaseException as error:
            lines.exception("the zone could not tell its clients that it ends")
            self.failure = self.failure or error
        if self.failure is not None and self._on_failure is not None:
            self._on_failure()
