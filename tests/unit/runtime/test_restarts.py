"""What ended is started again at once, or after ever longer waits if it keeps ending."""

from __future__ import annotations

from myriad.runtime.restarts import STEADY_S, BackOff


def test_what_ran_for_a_while_is_started_again_at_once_however_often() -> None:
    back_off = BackOff()
    for start in range(20):
        back_off.started(start * 10.0)
        assert back_off.ended(start * 10.0 + STEADY_S) == 0


def test_what_ends_soon_after_each_start_waits_longer_each_time_up_to_a_limit() -> None:
    back_off = BackOff()
    waits = []
    now_s = 0.0
    for _ in range(12):
        back_off.started(now_s)
        now_s += 0.1
        waits.append(back_off.ended(now_s))
        now_s += waits[-1]
    assert waits[:5] == [0, 0.25, 0.5, 1, 2]
    assert waits == sorted(waits)
    assert waits[-1] == 10


def test_a_good_run_makes_up_for_earlier_failures() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.started(0)
        back_off.ended(1)
    back_off.started(100)
    assert back_off.ended(100 + STEADY_S) == 0
    back_off.started(200)
    assert back_off.ended(200.1) == 0
