"""Virtual time: a heap of events, one generator of chances, and a network that loses, repeats and delays."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

NS_PER_S = 1_000_000_000

Event = Callable[[], None]


class Timeline:
    def __init__(self, seed: int) -> None:
        self.now_ns = NS_PER_S
        self.chance = random.Random(seed)
        self._heap: list[tuple[int, int, Event]] = []
        self._count = 0

    @property
    def now_s(self) -> float:
        return self.now_ns / NS_PER_S

    def after(self, delay_s: float, event: Event) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.now_ns + int(delay_s * NS_PER_S), self._count, event))

    def run_until(self, end_s: float) -> None:
        end_ns = int(end_s * NS_PER_S)
        while self._heap and self._heap[0][0] <= end_ns:
            at_ns, _, event = heapq.heappop(self._heap)
            self.now_ns = max(self.now_ns, at_ns)
            event()
        self.now_ns = end_ns

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability


class Network:
    """Datagrams between named ends. `loss` and `doubling` are shares; some datagrams take their time."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.loss = 0.0
        self.doubling = 0.0
        self.late = 0.0
        self.cut_off: set[tuple[str, str]] = set()
        """(source, target): one way only."""

    def send(self, source: str, target: str, deliver: Event) -> None:
        timeline = self._timeline
        if (source, target) in self.cut_off or timeline.happens(self.loss):
            return
        copies = 2 if timeline.happens(self.doubling) else 1
        for _ in range(copies):
            slow_s = timeline.chance.uniform(0.02, 0.3) if timeline.happens(self.late) else 0.0
            timeline.after(timeline.chance.uniform(0.001, 0.01) + slow_s, deliver)
