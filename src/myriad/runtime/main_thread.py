"""The main thread of a process: functions that other threads hand to it, and sleep until there is something to do.

Responsible for: the queue and the wake-up. Not here: signals (`runtime/stopping.py`).

Invariant: what is handed over runs in order, on the thread that calls `run_waiting`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
from collections.abc import Callable, Sequence
from typing import Protocol


class HasFileno(Protocol):
    """Something that `select` can wait for."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


class MainThread:
    """Made by the main thread."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def call(self, function: Callable[[], None]) -> None:
        """Has `function` run on the main thread; from any thread."""
        self._queue.put(function)
        with contextlib.suppress(OSError):  # full of unread wakes, or closed at the very end
            os.write(self._write, b"\0")

    def wait(self, timeout_s: float | None, others: Sequence[HasFileno] = ()) -> list[HasFileno]:
        """Sleeps until somebody calls, one of `others` can be read, or the time is over; the readable of `others`."""
        by_number = {one.fileno(): one for one in others}
        ready = select.select([self._read, *by_number], [], [], timeout_s)[0]
        if self._read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)
        return [by_number[number] for number in ready if number in by_number]

    def run_waiting(self) -> None:
        """Runs what was handed over."""
        while True:
            try:
                function = self._queue.get_nowait()
            except queue.Empty:
                return
            function()

    def close(self) -> None:
        """At the end."""
        os.close(self._read)
        os.close(self._write)
