"""Histograms with logarithmic buckets: fixed size, mergeable, recorded from kernels.

Responsible for: recording non-negative integers (nanoseconds, bytes, counts) with a relative error of at most 1/64,
and reading percentiles back.
Not here: which histograms exist (`core/metrics.py`).

A histogram is an int64 array of `HISTOGRAM_LENGTH`: the counts of `NUM_BUCKETS` buckets, then sum, then maximum. Many
of them are the rows of one two-dimensional array. Values below 128 have a bucket each; above, every power of two is
divided into 64 buckets. Values above `MAX_VALUE` count in the last bucket, negative ones as 0.

Invariants: `count`, `total` and `maximum` are exact; a percentile is never below the true one and at most 1/64 above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel

SUB_BITS: Final = 6
SUB_BUCKETS: Final = 1 << SUB_BITS
MAX_VALUE: Final = (1 << 42) - 1
NUM_BUCKETS: Final = (42 - SUB_BITS) * SUB_BUCKETS + SUB_BUCKETS
HISTOGRAM_LENGTH: Final = NUM_BUCKETS + 2
_SUM: Final = NUM_BUCKETS
_MAXIMUM: Final = NUM_BUCKETS + 1

Histogram = NDArray[np.int64]


@kernel
def record(histogram: Histogram, value: int) -> None:
    """Counts one value (int, e.g. nanoseconds); `histogram` (HISTOGRAM_LENGTH,) int64 is changed in place."""
    exact = max(int(value), 0)
    scaled = min(exact, MAX_VALUE)
    shift = 0
    while (scaled >> shift) >= 2 * SUB_BUCKETS:
        shift += 1
    histogram[shift * SUB_BUCKETS + (scaled >> shift)] += 1
    histogram[_SUM] += exact
    if exact > histogram[_MAXIMUM]:
        histogram[_MAXIMUM] = exact


def new_histogram() -> Histogram:
    """An empty histogram."""
    return np.zeros(HISTOGRAM_LENGTH, np.int64)


def new_histograms(number: int) -> Histogram:
    """`number` empty histograms as the rows of one array (number, HISTOGRAM_LENGTH)."""
    return np.zeros((number, HISTOGRAM_LENGTH), np.int64)


def bucket_upper(index: int) -> int:
    """The highest value that counts in bucket `index` (0..NUM_BUCKETS-1)."""
    shift = max(index // SUB_BUCKETS - 1, 0)
    return ((index - shift * SUB_BUCKETS + 1) << shift) - 1


def merge(into: Histogram, other: Histogram) -> None:
    """Adds `other` to `into`, which is changed in place."""
    into[: NUM_BUCKETS + 1] += other[: NUM_BUCKETS + 1]
    into[_MAXIMUM] = max(into[_MAXIMUM], other[_MAXIMUM])


def difference(later: Histogram, earlier: Histogram) -> Histogram:
    """What was recorded between two copies of one histogram. Its maximum is exact only to the bucket."""
    result = later - earlier
    filled = np.flatnonzero(result[:NUM_BUCKETS])
    result[_MAXIMUM] = min(bucket_upper(int(filled[-1])), int(later[_MAXIMUM])) if len(filled) else 0
    return result


def count(histogram: Histogram) -> int:
    """Number of values recorded."""
    return int(histogram[:NUM_BUCKETS].sum())


def total(histogram: Histogram) -> int:
    """Sum of the values recorded."""
    return int(histogram[_SUM])


def maximum(histogram: Histogram) -> int:
    """The highest value recorded, 0 if none."""
    return int(histogram[_MAXIMUM])


def percentile(histogram: Histogram, percent: float) -> int:
    """The value that `percent` (0..100) of the recorded ones do not exceed, rounded up within its bucket; 0 if none."""
    cumulative = np.cumsum(histogram[:NUM_BUCKETS])
    if cumulative[-1] == 0:
        return 0
    rank = max(int(np.ceil(percent / 100.0 * int(cumulative[-1]))), 1)
    return min(bucket_upper(int(np.searchsorted(cumulative, rank))), maximum(histogram))


def cumulative_counts(histogram: Histogram, bounds: Sequence[int]) -> list[int]:
    """For each upper bound (ascending) the number of values in buckets wholly at or below it, as Prometheus wants."""
    cumulative = np.concatenate(([0], np.cumsum(histogram[:NUM_BUCKETS])))
    uppers = [bucket_upper(index) for index in range(NUM_BUCKETS)]
    return [int(cumulative[np.searchsorted(uppers, bound, side="right")]) for bound in bounds]


def summary_ms(histogram: Histogram) -> dict[str, float]:
    """`p50`, `p99` and `max` in milliseconds of a histogram of nanoseconds, rounded to a microsecond."""
    found = {
        "p50": percentile(histogram, 50),
        "p99": percentile(histogram, 99),
        "max": maximum(histogram),
    }
    return {name: round(value_ns / 1e6, 3) for name, value_ns in found.items()}


def to_sparse(histogram: Histogram) -> dict[str, object]:
    """For JSON: `counts` of the buckets in use by bucket number (as text), `sum` and `max`."""
    filled = np.flatnonzero(histogram[:NUM_BUCKETS])
    counts = {str(bucket): int(histogram[bucket]) for bucket in filled}
    return {"counts": counts, "sum": total(histogram), "max": maximum(histogram)}


def from_sparse(sparse: Mapping[str, Any]) -> Histogram:
    """What `to_sparse` was made of. Raises KeyError or ValueError if it was not made so."""
    histogram = new_histogram()
    for bucket, number in sparse["counts"].items():
        if not 0 <= int(bucket) < NUM_BUCKETS:
            raise ValueError(f"there is no bucket {bucket}")
        histogram[int(bucket)] = number
    histogram[_SUM] = sparse["sum"]
    histogram[_MAXIMUM] = sparse["max"]
    return histogram
