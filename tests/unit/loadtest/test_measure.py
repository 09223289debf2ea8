"""Counters of a window: open-loop latency, one count per tick, gaps; histograms against plain lists."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.core.histogram import count, maximum, percentile
from myriad.loadtest.measure import (
    LATENCY,
    MAX_PENDING,
    SEND_LATENESS,
    begin_window,
    end_window,
    new_measures,
    note_confirmed,
    note_received,
    note_sent,
    note_sent_input,
    note_tick,
)

MS = 1_000_000


@pytest.mark.parametrize("start", [0, 0xFFFFFFC0])
def test_latency_counts_from_the_intended_time_to_the_first_confirmation(start: int) -> None:
    rng = random.Random(3)
    measures = new_measures(2)
    begin_window(measures, 0)
    expected = []
    now = 0
    for k in range(200):
        intended = k * 100 * MS
        now = intended + rng.randint(0, 3) * MS
        note_sent_input(measures, 1, (start + 6 * k) & 0xFFFFFFFF, intended, now)
        now += rng.randint(10, 90) * MS
        note_confirmed(measures, 1, (start + 6 * k - 1) & 0xFFFFFFFF, now)
        assert int(measures.pending["count"][1]) == 1, "the number before does not confirm it"
        note_confirmed(measures, 1, (start + 6 * k + rng.randint(0, 3)) & 0xFFFFFFFF, now)
        note_confirmed(measures, 1, (start + 6 * k) & 0xFFFFFFFF, now + 5 * MS)
        expected.append(now - intended)
    histogram = measures.histograms[LATENCY]
    assert count(histogram) == 200
    assert maximum(histogram) == max(expected)
    assert percentile(histogram, 50) == pytest.approx(np.percentile(expected, 50), rel=0.03)
    assert maximum(measures.histograms[SEND_LATENESS]) == 3 * MS
    assert int(measures.counts["inputs"][1]) == 200


def test_inputs_never_confirmed_count_with_the_time_they_waited() -> None:
    measures = new_measures(1)
    begin_window(measures, 0)
    for k in range(MAX_PENDING + 2):
        note_sent_input(measures, 0, k + 1, k * MS, k * MS)
    histogram = measures.histograms[LATENCY]
    assert count(histogram) == 2, "the ring was full"
    end_window(measures, 1000 * MS)
    assert count(histogram) == MAX_PENDING + 2
    assert maximum(histogram) == 998 * MS


def test_what_was_sent_before_the_window_is_not_measured() -> None:
    measures = new_measures(1)
    note_sent_input(measures, 0, 1, 0, 0)
    note_received(measures, 0, 100)
    begin_window(measures, 5 * MS)
    note_confirmed(measures, 0, 1, 9 * MS)
    assert count(measures.histograms[LATENCY]) == 0
    assert not measures.counts.tobytes().strip(b"\0")


def test_a_snapshot_counts_once_per_tick_in_any_order_and_gaps_are_seen() -> None:
    measures = new_measures(1)
    begin_window(measures, 0)
    arrivals = [(3, 50), (3, 51), (9, 160), (6, 161), (9, 162), (12, 200), (15, 301)]
    news = [note_tick(measures, 0, tick, at * MS) for tick, at in arrivals]
    assert news == [True, False, True, True, False, True, True]
    assert int(measures.counts["snapshots"][0]) == 5
    assert int(measures.counts["gaps"][0]) == 2, "50 to 160 ms and 200 to 301 ms"


def test_bytes_and_datagrams_are_counted_both_ways() -> None:
    measures = new_measures(1)
    note_received(measures, 0, 480)
    note_sent(measures, 0, 60, True)
    note_sent(measures, 0, 60, False)
    counts = measures.counts[0]
    assert (int(counts["down_bytes"]), int(counts["down_datagrams"])) == (480, 1)
    assert (int(counts["up_bytes"]), int(counts["up_datagrams"]), int(counts["send_failures"])) == (60, 1, 1)
    assert measures.sizes[0] == 480
