"""How long something took, where it is counted in Python: in the buckets in which metrics publish it.

Responsible for: recording, and reading percentiles back.
Not here: what is recorded from kernels, finer and in bulk (`core/histogram.py`).

Invariants: `count`, `total_ns` and `maximum_ns` are exact; a percentile is never below the true one.
"""

from __future__ import annotations

from bisect import bisect_left

from myriad.core.metrics import BUCKETS_NS, Buckets


class Durations:
    """How long something took: counts by the buckets in which they are published, sum and maximum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_NS) + 1)
        """`counts[i]` took at most `BUCKETS_NS[i]`, the last one longer than all."""
        self.count = 0
        self.total_ns = 0
        self.maximum_ns = 0

    def record(self, duration_ns: int) -> None:
        """Counts one."""
        self.counts[bisect_left(BUCKETS_NS, duration_ns)] += 1
        self.count += 1
        self.total_ns += duration_ns
        self.maximum_ns = max(self.maximum_ns, duration_ns)

    @property
    def buckets(self) -> Buckets:
        """As metrics have it."""
        return Buckets(tuple(self.counts), self.total_ns)

    def percentile_ns(self, percent: float) -> int:
        """Upper bound of what `percent` of them took: a bucket's, at most the maximum; 0 if there are none."""
        wanted = self.count * percent / 100
        seen = 0
        for number, bound in zip(self.counts, BUCKETS_NS, strict=False):
            seen += number
            if seen >= wanted and seen:
                return min(bound, self.maximum_ns)
        return self.maximum_ns
