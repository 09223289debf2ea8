"""The real clocks.

Responsible for: monotonic time, wall time and CPU time of threads and of the process.
Not here: clocks for tests (`core/clock.py`).

Invariant: `now_ns` is the clock that kernels of this package read too (`socket_records.CLOCK`). It runs on while a
machine sleeps, because leases run on too.
"""

from __future__ import annotations

import os
import resource
import sys
import time

from myriad.runtime.socket_records import CLOCK


class RealClock:
    """`core.clock.Clock` by the operating system."""

    def now_ns(self) -> int:
        """Nanoseconds since the machine started, those asleep included."""
        return time.clock_gettime_ns(CLOCK)

    def wall_s(self) -> int:
        """Whole seconds since 1970."""
        return int(time.time())


def thread_cpu_ns() -> int:
    """CPU time of the calling thread."""
    return time.thread_time_ns()


def process_cpu_ns() -> int:
    """CPU time of the process, all threads, since it began."""
    return time.process_time_ns()


def other_process(pid: int) -> tuple[int, int] | None:
    """CPU time (ns) and resident memory (bytes) of another process of this machine; None where nobody tells."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        ticks_hz, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // ticks_hz, int(fields[21]) * page
    except (OSError, IndexError, ValueError):
        return None


def resident_bytes() -> int:
    """Resident memory of the process: the present one on Linux, the highest so far elsewhere."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
