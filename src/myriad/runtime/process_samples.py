"""What every process of a world tells about itself: CPU, memory, collections of garbage, log lines.

Responsible for: those numbers, under the names that every exporter has for them.
Not here: what zones, store and bus tell (each its own).

Invariant: asking costs microseconds; nothing is measured for it but the time of collections.
"""

from __future__ import annotations

import gc
import os
import time
from typing import Any, Final

from myriad.core.clock import NS_PER_S
from myriad.core.metrics import Sample
from myriad.runtime.clocks import RealClock, process_cpu_ns, resident_bytes
from myriad.runtime.logs import log_samples


class CollectionTimes:
    """Counts Python's collections of garbage and their time, from `watch` on."""

    def __init__(self) -> None:
        self.number = 0
        self.spent_ns = 0
        self._began_ns = 0

    def watch(self) -> None:
        """Begins, once in a process."""
        if self._noted not in gc.callbacks:
            gc.callbacks.append(self._noted)

    def _noted(self, phase: str, _: dict[str, Any]) -> None:
        now_ns = time.perf_counter_ns()
        if phase == "start":
            self._began_ns = now_ns
        else:
            self.number += 1
            self.spent_ns += now_ns - self._began_ns


COLLECTIONS: Final = CollectionTimes()
"""Of this process."""


def process_samples() -> list[Sample]:
    """The numbers of this process now."""
    return [
        Sample("process_cpu_seconds_total", (), process_cpu_ns() / NS_PER_S),
        Sample("process_resident_memory_bytes", (), resident_bytes()),
        Sample("process_start_time_seconds", (), _start_time_s()),
        Sample("process_open_fds", (), _num_open_files()),
        Sample("myriad_collections_total", (), COLLECTIONS.number),
        Sample("myriad_collection_seconds_total", (), COLLECTIONS.spent_ns / NS_PER_S),
        *log_samples(),
    ]


def _start_time_s() -> float:
    """When this process began: what the operating system says, else when it first asked."""
    if os.getpid() not in _started_s:  # a child of a fork is another process
        _started_s.clear()
        _started_s[os.getpid()] = round(time.time() - _age_s(), 2)
    return _started_s[os.getpid()]


_started_s: dict[int, float] = {}


def _age_s() -> float:
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            began = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0
    return RealClock().now_ns() / NS_PER_S - began


def _num_open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # not the one that looks
    except OSError:
        return 0
