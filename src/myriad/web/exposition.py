"""A page of metrics in Prometheus' text format, made from samples and the table.

Responsible for: the text, with a head for every row of a page and escaped labels; made in a few milliseconds for
thousands of samples, for a page is asked for again and again and must cost nothing to speak of.
Not here: the table (`core/metrics.py`), the numbers (each page gathers its own).

Invariant: only metrics of the page's own rows are published, with exactly the labels of their row.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import accumulate, chain
from typing import Final

from myriad.core.metrics import BUCKETS_NS, PAGES, Buckets, Metric, Sample, rows_of

CONTENT_TYPE: Final = "text/plain; version=0.0.4"
_NS_PER_S: Final = 1e9
_BOUNDS: Final = (*(repr(bound / _NS_PER_S) for bound in BUCKETS_NS), "+Inf")
_LABELS: Final = {metric.name: metric.labels for page in PAGES for metric in rows_of(page)}
_MAX_KNOWN: Final = 1 << 15


class Page:
    """A page (of `core.metrics.PAGES`) that is being made."""

    def __init__(self, page: str) -> None:
        self._lines = {name: [head] for name, head in _heads(page)}

    def add(self, samples: Iterable[Sample]) -> None:
        """More samples. Raises KeyError or ValueError for one that is not of the page's rows."""
        lines = self._lines
        for name, labels, value in samples:
            if isinstance(value, Buckets):
                counts = [*accumulate(value.counts)]
                lines[name].append(_buckets(name, labels) % (*counts, value.total_ns / _NS_PER_S, counts[-1]))
            elif isinstance(value, dict):
                lines[name].append(_several(name, labels, tuple(value)) % tuple(value.values()))
            else:
                lines[name].append(f"{_series(name, labels)} {float(value)!r}\n")

    def text(self) -> bytes:
        """All of it."""
        return "".join(chain.from_iterable(self._lines.values())).encode()


def page_text(page: str, samples: Iterable[Sample]) -> bytes:
    """A page at once. Raises as `Page.add`."""
    made = Page(page)
    made.add(samples)
    return made.text()


@cache
def _heads(page: str) -> tuple[tuple[str, str], ...]:
    """For each row its name, and what comes before its samples."""
    return tuple((metric.name, _head(metric)) for metric in rows_of(page))


def _head(metric: Metric) -> str:
    sentence = metric.sentence.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {sentence}\n# TYPE {metric.name} {metric.kind}\n"


@lru_cache(_MAX_KNOWN)
def _series(name: str, labels: tuple[str, ...]) -> str:
    text = _label_text(name, labels)
    return f"{name}{{{text}}}" if text else name


@lru_cache(_MAX_KNOWN)
def _several(name: str, labels: tuple[str, ...], own: tuple[str, ...]) -> str:
    """The lines of samples that differ in the last label, but for their numbers."""
    return "".join(_series(name, (*labels, each)).replace("%", "%%") + " %s\n" for each in own)


@lru_cache(_MAX_KNOWN)
def _buckets(name: str, labels: tuple[str, ...]) -> str:
    """The lines of a histogram but for their numbers: those of the buckets, sum and count."""
    text = _label_text(name, labels).replace("%", "%%")
    start, end = (f"{text},", f"{{{text}}}") if text else ("", "")
    buckets = (f'{name}_bucket{{{start}le="{bound}"}} %s\n' for bound in _BOUNDS)
    return "".join((*buckets, f"{name}_sum{end} %s\n", f"{name}_count{end} %s\n"))


def _label_text(name: str, labels: tuple[str, ...]) -> str:
    return ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(_LABELS[name], labels, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
