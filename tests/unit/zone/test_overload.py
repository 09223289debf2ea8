"""The overload ladder climbs and descends one rung at a time."""

from __future__ import annotations

from myriad.zone.overload import ENTER_SECONDS, RUNGS, OverloadLadder

TICK_S = 1 / 60


def test_rungs_are_entered_and_left_in_order_under_a_slow_step() -> None:
    ladder = OverloadLadder()
    seen = [ladder.rung]
    for busy in [TICK_S * 1.5] * 600 + [TICK_S * 0.2] * 1500:
        if ladder.observe(busy, TICK_S):
            seen.append(ladder.rung)
    top = len(RUNGS) - 1
    assert seen == [*range(top + 1), *range(top - 1, -1, -1)]


def test_one_slow_tick_does_not_enter_a_rung() -> None:
    ladder = OverloadLadder()
    for tick in range(600):
        ladder.observe(TICK_S * (3.0 if tick % 60 == 0 else 0.3), TICK_S)
        assert ladder.rung == 0


def test_load_between_the_thresholds_keeps_the_rung() -> None:
    ladder = OverloadLadder()
    for _ in range(int((ENTER_SECONDS + 1.0) * 60)):
        ladder.observe(TICK_S * 1.2, TICK_S)
    rung = ladder.rung
    assert rung > 0
    for _ in range(1200):
        ladder.observe(TICK_S * 0.7, TICK_S)
    assert ladder.rung == rung
