"""The table of metrics follows Prometheus' rules for names."""

from __future__ import annotations

from myriad.core.metrics import BUCKETS_NS, METRICS, PREFIX


def test_names_are_unique_and_tell_unit_and_kind() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith(PREFIX)
        assert metric.kind in ("counter", "gauge", "histogram")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.unit in metric.name
        assert metric.sentence.endswith(".")


def test_histogram_bounds_ascend() -> None:
    assert list(BUCKETS_NS) == sorted(set(BUCKETS_NS))
