"""How a process is asked to stop: signals, a time limit, or a part that failed.

Responsible for: turning SIGTERM, SIGINT and calls from threads into one wake-up of the main thread.
Not here: stopping the parts (`runtime/host.py`).

Invariant: nothing but one byte into a pipe happens inside a signal handler once the program runs. Before that there is
nobody to be told, so a signal ends the process at once, even within a long compilation; and so does a second signal.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Made and waited for by the main thread; use it as a context manager, which gives the signals back."""

    def __init__(self, signals: tuple[signal.Signals, ...] = _SIGNALS) -> None:
        self._signals = signals
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._ready = False
        self._signalled = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        for number in self._signals:
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def ready(self) -> None:
        """From now on there are clients to tell, so signals ask instead of ending the process."""
        self._ready = True

    def ask(self) -> None:
        """Asks to stop; from any thread."""
        with contextlib.suppress(OSError):
            os.write(self._write, b"\0")

    def fileno(self) -> int:
        """Readable once somebody has asked."""
        return self._read

    def wait(self, timeout_s: float | None) -> bool:
        """Sleeps until somebody asks (True) or the time is over (False)."""
        return bool(select.select([self._read], [], [], timeout_s)[0])

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self._ready or self._signalled:
            sys.stdout.flush()
            os._exit(128 + number)
        self._signalled = True
        self.ask()
