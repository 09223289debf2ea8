"""A page of metrics in Prometheus' text format, made from samples and the table.

Responsible for: the text, with a head for every row of a page and escaped labels; made in a few milliseconds for
thousands of samples, for a page is asked for again and again and must cost nothing to speak of.
Not here: the table (`core/metrics.py`), the numbers (each page gathers its own).

Invariant: only metrics of the page's own rows are published, with exactly the labels of their row.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Final

from myriad.core.metrics import BUCKETS_NS, Buckets, Metric, Sample, rows_of

CONTENT_TYPE: Final = "text/plain; version=0.0.4"
_NS_PER_S: Final = 1e9
_BOUNDS: Final = (*(repr(bound / _NS_PER_S) for bound in BUCKETS_NS), "+Inf")
_MAX_KNOWN: Final = 1 << 15


def page_text(page: str, samples: Iterable[Sample]) -> bytes:
    """The page (of `core.metrics.PAGES`). Raises KeyError or ValueError for a sample that is not of the table."""
    rows = {metric.name: metric for metric in rows_of(page)}
    lines: dict[str, list[str]] = {name: [_head(metric)] for name, metric in rows.items()}
    for name, labels, value in samples:
        if isinstance(value, Buckets):
            lines[name].append(_histogram(rows[name], labels, value))
        else:
            lines[name].append(f"{_series(rows[name], labels)} {float(value)!r}\n")
    return "".join(text for texts in lines.values() for text in texts).encode()


@lru_cache(_MAX_KNOWN)
def _head(metric: Metric) -> str:
    sentence = metric.sentence.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {sentence}\n# TYPE {metric.name} {metric.kind}\n"


@lru_cache(_MAX_KNOWN)
def _series(metric: Metric, labels: tuple[str, ...]) -> str:
    text = _label_text(metric, labels)
    return f"{metric.name}{{{text}}}" if text else metric.name


@lru_cache(_MAX_KNOWN)
def _bucket_series(metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
    """What comes before the number in each line of a histogram: the buckets, sum and count."""
    text = _label_text(metric, labels)
    start, end = (f"{text},", f"{{{text}}}") if text else ("", "")
    buckets = (f'{metric.name}_bucket{{{start}le="{bound}"}} ' for bound in _BOUNDS)
    return (*buckets, f"{metric.name}_sum{end} ", f"{metric.name}_count{end} ")


def _histogram(metric: Metric, labels: tuple[str, ...], value: Buckets) -> str:
    counts = list(accumulate(value.counts))
    numbers = (*counts, value.total_ns / _NS_PER_S, counts[-1])
    parts = zip(_bucket_series(metric, labels), numbers, strict=True)
    return "".join(f"{series}{float(number)!r}\n" for series, number in parts)


def _label_text(metric: Metric, labels: tuple[str, ...]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(metric.labels, labels, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
