"""Slow ticks are counted, and told with their phases at most once a second."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from myriad.core.phases import PHASES
from myriad.runtime.slow_ticks import SlowTicks

MS = 1_000_000
S = 1_000_000_000
SPENT = [1 * MS, 2 * MS, 20 * MS, 3 * MS, 4 * MS, 5 * MS]


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(line)["fields"] for line in caplog.records if line.levelno == logging.WARNING]


def test_a_slow_tick_tells_where_its_time_went(caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowTicks(25, zone="zone-1")
    slow.look(40 * MS, 1, SPENT, 0)
    (fields,) = told(caplog)
    assert fields["zone"] == "zone-1" and (fields["tick_ms"], fields["ticks"], fields["untold"]) == (40.0, 1, 0)
    assert set(fields["phases_ms"]) == {*PHASES, "rest"}
    assert fields["phases_ms"]["step"] == 20.0
    assert fields["phases_ms"]["rest"] == 5.0
    assert sum(fields["phases_ms"].values()) == fields["tick_ms"]


def test_ticks_within_the_threshold_and_several_at_once_that_share_their_time_are_not_slow(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = SlowTicks(25)
    slow.look(25 * MS, 1, SPENT, 0)
    slow.look(75 * MS, 3, SPENT, 0)
    assert (slow.num_slow, told(caplog)) == (0, [])
    slow.look(76 * MS, 3, SPENT, 0)
    assert (slow.num_slow, len(told(caplog))) == (3, 1)


def test_one_line_a_second_says_how_many_were_not_told(caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowTicks(25)
    for tick in range(60):
        slow.look(40 * MS, 1, SPENT, tick * S // 20)
    assert slow.num_slow == 60
    assert [fields["untold"] for fields in told(caplog)] == [0, 19, 19]


def test_without_a_threshold_no_tick_is_slow(caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowTicks(0)
    slow.look(10 * S, 1, SPENT, 0)
    assert (slow.num_slow, told(caplog)) == (0, [])
