"""The thread of a process that talks to the bus.

Responsible for: when the bus is polled, and passing on what it brings.
Not here: the bus (`bus/`), what messages mean (zones).

Invariant: nobody waits for the bus but this thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

from myriad.core.metrics import BUS_METRICS, Sample

POLL_S: Final = 0.05
_METRICS: Final = {
    metric.name.removeprefix("myriad_bus_").removesuffix("_total"): metric.name for metric in BUS_METRICS
}


class BusLike(Protocol):
    """`bus.Bus`, or a fake."""

    def publish(self, topic: str, body: bytes) -> bool:
        """From any thread; sent by the next poll."""
        ...

    def poll(self) -> list[tuple[str, bytes]]:
        """Sends what waits and returns what came."""
        ...

    def close(self) -> None:
        """Sends what waits, as far as possible, and ends."""
        ...

    def numbers(self) -> dict[str, int]:
        """What it did so far; from any thread. Each is a metric `myriad_bus_...`."""
        ...


class BusThread:
    """Polls one bus every 50 ms, or at once when something is to be sent."""

    def __init__(self, bus: BusLike, on_post: Callable[[str, bytes], None]) -> None:
        """`on_post(topic, body)` is called on this thread for everything that comes."""
        self._bus = bus
        self._on_post = on_post
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def publish(self, topic: str, body: bytes) -> None:
        """From any thread; what a full bus does not take is counted there."""
        self._bus.publish(topic, body)
        self._wake.set()

    def samples(self) -> list[Sample]:
        """From any thread: its numbers, for metrics."""
        numbers = self._bus.numbers()
        return [Sample(_METRICS[name], (), number) for name, number in numbers.items() if name in _METRICS]

    def stop(self, timeout_s: float) -> bool:
        """Sends what waits and ends; False if it did not end in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(POLL_S)
            self._wake.clear()
            for topic, body in self._bus.poll():
                self._on_post(topic, body)
        self._bus.close()
