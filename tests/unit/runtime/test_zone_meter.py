"""What a zone tells operators: counters, and times of the last moments."""

from __future__ import annotations

from myriad.core.histogram import Histogram, count, new_histogram, record
from myriad.runtime.zone_meter import FRESH_NS, WINDOW_NS, Recent, ZoneMeter, phase_rows


def of(*values_ms: float) -> Histogram:
    histogram = new_histogram()
    for value in values_ms:
        record(histogram, round(value * 1e6))
    return histogram


def test_times_are_of_what_happened_since_the_last_look_and_unknown_where_nothing_did() -> None:
    meter = ZoneMeter()
    first = meter.read({"players": 3, "connections": 2, "drops": {"empty": 0, "input_late": 4}}, {"turn": of(5.0)}, 0)
    assert (first["players"], first["connected"], first["drops"]) == (3, 2, {"input_late": 4})
    assert 5.0 <= first["tick_p99_ms"] < 5.1 and first["late_p99_ms"] is None
    then = meter.read({}, {"turn": of(5.0, 20.0)}, FRESH_NS)
    assert 20.0 <= then["tick_p50_ms"] < 20.4
    assert meter.read({}, {"turn": of(5.0, 20.0)}, 2 * FRESH_NS)["tick_p99_ms"] is None


def test_who_asks_a_moment_after_another_hears_the_same() -> None:
    meter = ZoneMeter()
    assert meter.fresh(0) is None
    told = meter.read({}, {}, 0)
    assert meter.fresh(FRESH_NS - 1) is told
    assert meter.fresh(FRESH_NS) is None


def test_the_slower_of_the_newest_cut_and_the_one_under_way_counts() -> None:
    meter = ZoneMeter()
    assert meter.read({"cut_age_seconds": 0.2, "cut_took_ns": 7_000_000}, {}, 0)["cut_ms"] == 200.0
    assert meter.read({"cut_age_seconds": 0.0, "cut_took_ns": 7_000_000}, {}, 0)["cut_ms"] == 7.0
    assert meter.read({}, {}, 0)["cut_ms"] is None


def test_recent_histograms_cover_the_last_seconds() -> None:
    recent = Recent()
    assert count(recent.read({"step": of(1, 2)}, 100 * WINDOW_NS)["step"]) == 2
    assert count(recent.read({"step": of(1, 2, 3)}, 100 * WINDOW_NS + 1)["step"]) == 3
    recent.read({"step": of(1, 2, 3)}, 101 * WINDOW_NS)
    assert count(recent.read({"step": of(1, 2, 3, 4)}, 102 * WINDOW_NS)["step"]) == 1


def test_phases_that_took_time_are_rows_in_their_order() -> None:
    rows = phase_rows({"step": of(2.0), "receive": of(1.0), "send": new_histogram(), "turn": of(9.0)})
    assert [row["phase"] for row in rows] == ["receive", "step"]
    assert rows[1]["max_ms"] == 2.0
