"""The table of metrics follows Prometheus' rules for names."""

from __future__ import annotations

import re

import pytest

from myriad.core.durations import Durations
from myriad.core.metrics import BUCKETS_NS, METRICS, PAGES, Metric, rows_of

BASE_UNITS = {"", "seconds", "bytes", "ratio"}
UNITS_THAT_ARE_NONE = ("_ms", "_milliseconds", "_us", "_ns", "_kb", "_kib", "_percent")


def test_names_are_unique() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_tells_unit_and_kind(metric: Metric) -> None:
    assert re.fullmatch(r"(myriad|process)_[a-z0-9_]+", metric.name)
    assert metric.kind in ("counter", "gauge", "histogram")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.unit in BASE_UNITS
    base = metric.name.removesuffix("_total")
    assert not metric.unit or base.endswith(f"_{metric.unit}")
    assert all(not base.endswith(f"_{unit}") for unit in BASE_UNITS - {metric.unit, ""})
    assert not base.endswith(UNITS_THAT_ARE_NONE)
    assert not base.endswith(("_bucket", "_sum", "_count")), "Prometheus makes these names itself"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_row_says_what_it_is_in_one_sentence_and_where(metric: Metric) -> None:
    assert metric.sentence.endswith(".") and "|" not in metric.sentence
    assert metric.pages and set(metric.pages) <= set(PAGES)
    assert len(set(metric.labels)) == len(metric.labels)
    assert all(re.fullmatch(r"[a-z]+", label) and label != "le" for label in metric.labels)


def test_every_page_has_rows() -> None:
    assert all(rows_of(page) for page in PAGES)


def test_histogram_bounds_ascend() -> None:
    assert list(BUCKETS_NS) == sorted(set(BUCKETS_NS))


def test_durations_are_counted_by_the_published_buckets() -> None:
    taken = Durations()
    for duration_ns in (1, BUCKETS_NS[0], BUCKETS_NS[0] + 1, BUCKETS_NS[-1] + 1):
        taken.record(duration_ns)
    counts, total_ns = taken.buckets
    assert len(counts) == len(BUCKETS_NS) + 1
    assert (counts[0], counts[1], counts[-1], sum(counts)) == (2, 1, 1, 4)
    assert total_ns == 2 + 2 * BUCKETS_NS[0] + BUCKETS_NS[-1] + 1
