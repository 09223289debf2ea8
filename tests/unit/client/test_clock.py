"""The client's clock: estimate of the server's tick, jitter, and the pace of inputs."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.client.clock import (
    CLOCK,
    MAX_DUE_TICKS,
    observe_tick,
    server_tick,
    start_clock,
    take_due_ticks,
    target_tick,
)

MS = 1_000_000


def run(jitter_ms: float, start_tick: int = 1000, seconds: float = 10, seed: int = 1) -> tuple[np.ndarray, int, float]:
    """Snapshots at 20 Hz, 40 ms round trip, jitter uniform; returns the clock, now and the true tick now."""
    rng = random.Random(seed)
    clocks = np.zeros(1, CLOCK)
    start_clock(clocks, 0, 0, 60.0)
    now = 0
    for k in range(int(seconds * 20)):
        now = k * 50 * MS + 20 * MS + int(rng.uniform(-jitter_ms, jitter_ms) * MS)
        observe_tick(clocks, 0, (start_tick + 3 * k) & 0xFFFFFFFF, now, 40 * MS, 60.0)
    return clocks, now, start_tick + now * 60e-9


@pytest.mark.parametrize("jitter_ms", [0.0, 5.0, 15.0])
def test_estimate_stays_within_a_tick_of_the_truth(jitter_ms: float) -> None:
    clocks, now, truth = run(jitter_ms)
    assert abs(server_tick(clocks, 0, now) - truth) < 1.0
    assert abs(server_tick(clocks, 0, now + 100 * MS) - truth - 6.0) < 1.0


def test_jitter_is_the_spread_of_the_arrivals() -> None:
    clocks, _, _ = run(15.0)
    sigma_ticks = 15.0 / 3**0.5 * 0.06
    assert 0.5 * sigma_ticks < float(clocks["jitter_ticks"][0]) < 1.5 * sigma_ticks


def test_inputs_aim_at_half_a_trip_two_sigma_and_a_tick_ahead() -> None:
    clocks, now, _ = run(0.0)
    assert target_tick(clocks, 0, now) - server_tick(clocks, 0, now) == pytest.approx(0.02 * 60 + 1, abs=0.1)


def test_estimate_runs_on_over_the_wrap_of_the_tick() -> None:
    clocks, now, truth = run(0.0, start_tick=0xFFFFFFFF - 200)
    assert abs(server_tick(clocks, 0, now) - truth) < 1.0


def test_a_far_error_is_taken_over_at_once() -> None:
    clocks, now, _ = run(0.0)
    observe_tick(clocks, 0, 90_000, now + 50 * MS, 40 * MS, 60.0)
    assert server_tick(clocks, 0, now + 50 * MS) == pytest.approx(90_001.2, abs=0.01)


@pytest.mark.parametrize(("hint", "expected"), [(0, 600), (5, 594), (-5, 606), (127, 588), (-128, 612)])
def test_the_buffer_hint_paces_inputs_by_two_per_cent_at_most(hint: int, expected: int) -> None:
    clocks = np.zeros(1, CLOCK)
    start_clock(clocks, 0, 0, 60.0)
    made = sum(take_due_ticks(clocks, 0, k * 100 * MS, hint) for k in range(1, 101))
    assert abs(made - expected) <= 1


def test_a_long_pause_is_not_made_up_for() -> None:
    clocks = np.zeros(1, CLOCK)
    start_clock(clocks, 0, 0, 60.0)
    assert take_due_ticks(clocks, 0, 60_000 * MS, 0) == MAX_DUE_TICKS
    assert take_due_ticks(clocks, 0, 60_000 * MS, 0) == 0
