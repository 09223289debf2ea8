"""A port without a socket, on a clock that only its sleeper moves."""

from __future__ import annotations

import numpy as np

from myriad.core.clock import ManualClock
from myriad.wire.datagram import Batch


class FakePort:
    """Packets arrive at scripted moments; `wait` moves the clock to what ends it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.arrivals: list[tuple[int, bytes, int]] = []
        """(moment in ns, bytes, number of the sender), in order."""
        self.sent: list[tuple[int, bytes, int]] = []
        """(moment, bytes, number of the receiver)."""
        self.num_waits = 0
        self.cost_ns_per_receive = 0
        self._woken = False

    def arrive(self, at_ns: int, text: bytes, sender: int = 1, times: int = 1) -> None:
        self.arrivals += [(at_ns, text, sender)] * times
        self.arrivals.sort(key=lambda arrival: arrival[0])

    def receive(self, batch: Batch) -> int:
        self.clock.advance_ns(self.cost_ns_per_receive)
        now_ns = self.clock.now_ns()
        ready = [arrival for arrival in self.arrivals if arrival[0] <= now_ns][: len(batch)]
        del self.arrivals[: len(ready)]
        for i, (_, text, sender) in enumerate(ready):
            batch["length"][i] = len(text)
            batch["data"][i, : len(text)] = np.frombuffer(text, np.uint8)
            batch["address"][i] = (sender, 0, 0, 0)
        return len(ready)

    def send(self, batch: Batch, count: int) -> int:
        for i in range(count):
            text = batch["data"][i, : batch["length"][i]].tobytes()
            self.sent.append((self.clock.now_ns(), text, int(batch["address"][i, 0])))
        return count

    def wait(self, timeout_ns: int, *, for_packets: bool) -> int:
        self.num_waits += 1
        now_ns = self.clock.now_ns()
        end_ns = now_ns + max(timeout_ns, 0)
        if self._woken:
            self._woken = False
            return now_ns
        if for_packets and self.arrivals:
            end_ns = max(min(end_ns, self.arrivals[0][0]), now_ns)
        return self.clock.advance_ns(end_ns - now_ns)

    def wake(self) -> None:
        self._woken = True

    def forget_wakes(self) -> None:
        self._woken = False
