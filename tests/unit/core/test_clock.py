"""The fixed step and the clock that is moved by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myriad.core.clock import NS_PER_S, FixedStep, ManualClock

HZ = st.integers(1, 240)
START = st.integers(0, 2**62)


@given(HZ, START, st.lists(st.integers(0, 50_000_000), max_size=50))
def test_ticks_run_and_skipped_are_exactly_the_time_passed(hz: int, start_ns: int, pauses_ns: list[int]) -> None:
    step = FixedStep(hz, catch_up_ticks=3)
    step.start(start_ns)
    now_ns, run = start_ns, 0
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        due = step.due(now_ns)
        assert 0 <= due <= 3
        run += due
        assert run + step.skipped_ticks == (now_ns - start_ns) * hz // NS_PER_S


@given(HZ, START, st.lists(st.integers(0, 50_000_000), max_size=50))
def test_ticks_run_one_at_a_time_are_as_many_as_those_run_in_one_go(
    hz: int, start_ns: int, pauses_ns: list[int]
) -> None:
    one, many = FixedStep(hz, catch_up_ticks=3), FixedStep(hz, catch_up_ticks=3)
    one.start(start_ns)
    many.start(start_ns)
    now_ns = start_ns
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        due = many.due(now_ns)
        for _ in range(due):
            assert one.due_one(now_ns)
        assert not one.due_one(now_ns)
        assert (one.skipped_ticks, one.origin) == (many.skipped_ticks, many.origin)


@given(HZ, START, st.integers(0, 10_000))
def test_a_tick_is_due_exactly_from_its_moment_on_and_never_drifts(hz: int, start_ns: int, before: int) -> None:
    step = FixedStep(hz)
    step.start(start_ns)
    step.due(start_ns + before * NS_PER_S // hz)
    moment_ns = step.next_due_ns
    assert step.due(moment_ns - 1) == 0
    assert step.due(moment_ns) == 1
    assert step.lateness_ns == 0


def test_a_long_pause_is_caught_up_only_so_far_and_the_rest_is_counted() -> None:
    step = FixedStep(60, catch_up_ticks=5)
    step.start(0)
    assert step.due(NS_PER_S) == 5
    assert step.skipped_ticks == 55
    assert step.lateness_ns == NS_PER_S - 16_666_667
    assert step.due(NS_PER_S) == 0
    assert step.lateness_ns == 0


def test_starting_anew_after_a_sleep_owes_nothing() -> None:
    step = FixedStep(60)
    step.start(0)
    step.start(100 * NS_PER_S)
    assert step.due(100 * NS_PER_S) == 0
    assert step.due(100 * NS_PER_S + 16_666_667) == 1
    assert step.skipped_ticks == 0


def test_a_moment_before_the_start_makes_nothing_due() -> None:
    step = FixedStep(60)
    step.start(NS_PER_S)
    assert step.due(0) == 0


@pytest.mark.parametrize(("hz", "catch_up_ticks"), [(0, 5), (60, 0), (-1, 1)])
def test_a_step_that_could_never_run_is_refused(hz: int, catch_up_ticks: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        FixedStep(hz, catch_up_ticks)


def test_the_manual_clock_moves_both_times_together_and_never_back() -> None:
    clock = ManualClock(now_ns=5, wall_s=1000)
    assert clock.advance_ns(3 * NS_PER_S) == 3 * NS_PER_S + 5
    assert (clock.now_ns(), clock.wall_s()) == (3 * NS_PER_S + 5, 1003)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance_ns(-1)
    assert clock.now_ns() == 3 * NS_PER_S + 5
