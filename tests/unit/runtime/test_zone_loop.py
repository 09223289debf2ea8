"""The loop of a zone on a clock moved by hand: when it ticks, what it receives, how it sleeps."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from myriad.core.clock import NS_PER_S, ManualClock
from myriad.core.histogram import count, maximum
from myriad.core.phases import PHASE_RECEIVE, PHASE_STEP, PhaseTimer
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.lean_turn import RECEIVE_BATCH
from myriad.runtime.zone_loop import MAX_WAITING_COMMANDS, ZoneLoop
from tests.processes.small_zone import SmallZone
from tests.unit.runtime.fake_port import FakePort

HZ = 60
MS = 1_000_000


class Setting:
    """One loop with everything around it."""

    def __init__(self, receive_budget: int = 4096) -> None:
        self.clock = ManualClock(now_ns=10 * NS_PER_S)
        self.port = FakePort(self.clock)
        self.zone = SmallZone(ZoneSite("zone-1", (), PhaseTimer(self.clock.now_ns)))
        self.loop = ZoneLoop(
            self.zone,
            self.port,
            self.clock,
            tick_hz=HZ,
            receive_budget=receive_budget,
            cpu_ns=lambda: 0,
        )

    def joined(self) -> Setting:
        """With one player in, just before the first tick."""
        self.port.arrive(self.clock.now_ns(), b"join")
        while self.zone.idle:
            self.loop.turn()
        return self

    def run_until(self, end_ns: int) -> None:
        while self.clock.now_ns() < end_ns:
            self.loop.turn()


def test_ticks_come_at_their_times_without_drift() -> None:
    setting = Setting().joined()
    start_ns = setting.clock.now_ns()
    setting.run_until(start_ns + 10 * NS_PER_S)
    assert len(setting.zone.ticks) == 600
    for k, at_ns in enumerate(setting.zone.ticks, 1):
        assert 0 <= at_ns - (start_ns + k * NS_PER_S // HZ) <= 1
    assert maximum(setting.loop.measures.lateness) <= 1


def test_what_a_tick_produces_is_sent_after_it() -> None:
    setting = Setting().joined()
    setting.run_until(setting.clock.now_ns() + 100 * MS)
    assert [text for _, text, _ in setting.port.sent] == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_slow_tick_is_caught_up_and_the_excess_skipped_and_counted() -> None:
    setting = Setting().joined()
    setting.zone.on_tick = lambda: slow_once(setting)
    setting.run_until(setting.clock.now_ns() + 2 * NS_PER_S)
    measures = setting.loop.measures
    assert measures.num_skipped_ticks > 0
    assert measures.num_ticks == len(setting.zone.ticks)
    assert measures.num_ticks + measures.num_skipped_ticks == 120
    assert maximum(measures.lateness) > 400 * MS


def spend(setting: Setting, duration_ns: int) -> None:
    setting.clock.advance_ns(duration_ns)


def slow_once(setting: Setting) -> None:
    if len(setting.zone.ticks) == 3:
        setting.clock.advance_ns(500 * MS)


def test_an_idle_zone_does_not_tick_and_looks_around_once_a_second() -> None:
    setting = Setting()
    setting.run_until(setting.clock.now_ns() + 10 * NS_PER_S)
    assert setting.zone.ticks == []
    assert 10 <= len(setting.zone.polls) <= 12
    assert setting.port.num_waits <= 13


def test_a_packet_wakes_an_idle_zone_at_once() -> None:
    setting = Setting()
    setting.loop.turn()
    at_ns = setting.clock.now_ns() + 317 * MS
    setting.port.arrive(at_ns, b"join")
    setting.run_until(at_ns + 2 * NS_PER_S // HZ)
    assert at_ns in setting.zone.polls
    assert setting.zone.ticks[0] == pytest.approx(at_ns + NS_PER_S // HZ, abs=2)


def test_a_flood_wakes_an_idle_zone_no_more_often_than_it_would_tick() -> None:
    setting = Setting()
    start_ns = setting.clock.now_ns()
    for k in range(2000):
        setting.port.arrive(start_ns + k * MS // 2, b"noise")
    setting.run_until(start_ns + NS_PER_S)
    assert setting.port.num_waits <= 2 * HZ + 10
    assert sum(setting.zone.received) >= 1900


def test_a_zone_that_empties_stops_ticking() -> None:
    setting = Setting().joined()
    setting.port.arrive(setting.clock.now_ns() + 100 * MS, b"leave")
    setting.run_until(setting.clock.now_ns() + 5 * NS_PER_S)
    assert len(setting.zone.ticks) == 6  # the one in which it left is the last


def test_receiving_ends_at_its_budget_of_datagrams_and_goes_on_next_tick() -> None:
    setting = Setting(receive_budget=2 * RECEIVE_BATCH).joined()
    setting.zone.received.clear()
    setting.port.arrive(setting.clock.now_ns(), b"noise", times=3 * RECEIVE_BATCH)
    setting.loop.turn()
    assert setting.zone.received == [RECEIVE_BATCH, RECEIVE_BATCH]
    assert setting.loop.measures.num_receive_cut == 1
    setting.loop.turn()
    assert setting.zone.received == [RECEIVE_BATCH] * 3


def test_receiving_ends_after_half_a_ticks_time_so_that_a_flood_does_not_stop_the_ticks() -> None:
    setting = Setting().joined()
    setting.port.cost_ns_per_receive = 5 * MS
    setting.port.arrive(setting.clock.now_ns(), b"noise", times=20 * RECEIVE_BATCH)
    setting.run_until(setting.clock.now_ns() + NS_PER_S)
    assert setting.loop.measures.num_receive_cut > 5
    assert len(setting.zone.ticks) + setting.loop.measures.num_skipped_ticks >= 58
    assert setting.loop.measures.num_skipped_ticks == 0


def test_commands_run_between_ticks_and_give_their_result() -> None:
    setting = Setting().joined()
    future: Future[int] = setting.loop.call(lambda: len(setting.zone.ticks))
    assert not future.done()
    setting.loop.turn()
    assert future.result(timeout=0) == 0


def test_a_command_that_fails_tells_its_caller_and_not_the_zone() -> None:
    setting = Setting()
    future: Future[float] = setting.loop.call(lambda: 1 / 0)
    setting.loop.turn()
    assert isinstance(future.exception(timeout=0), ZeroDivisionError)


def test_many_commands_are_spread_over_turns_and_none_is_lost() -> None:
    setting = Setting().joined()
    futures = [setting.loop.call(lambda: setting.clock.advance_ns(MS)) for _ in range(100)]
    setting.run_until(setting.clock.now_ns() + NS_PER_S // 2)
    assert all(future.done() for future in futures)
    assert setting.loop.measures.num_skipped_ticks == 0


def test_commands_beyond_the_queue_are_refused() -> None:
    setting = Setting()
    for _ in range(MAX_WAITING_COMMANDS):
        setting.loop.call(lambda: None)
    with pytest.raises(RuntimeError, match="too many"):
        setting.loop.call(lambda: None)


def test_answers_to_the_zone_are_never_refused_and_come_before_what_waits() -> None:
    setting = Setting()
    order: list[int] = []
    for _ in range(MAX_WAITING_COMMANDS):
        setting.loop.post(lambda: order.append(1))
    setting.loop.post_first(lambda: order.append(-1))
    setting.loop.turn()
    assert order[0] == -1


def test_closing_tells_clients_and_refuses_waiting_and_later_commands() -> None:
    setting = Setting().joined()
    waiting: Future[None] = setting.loop.call(lambda: None)
    setting.loop.close()
    assert setting.port.sent[-1][1] == b"bye"
    assert isinstance(waiting.exception(timeout=0), RuntimeError)
    with pytest.raises(RuntimeError, match="stopped"):
        setting.loop.call(lambda: None)


def test_phases_are_measured_once_per_turn() -> None:
    setting = Setting().joined()
    setting.zone.on_tick = lambda: spend(setting, 3 * MS)
    setting.port.cost_ns_per_receive = 2 * MS
    setting.run_until(setting.clock.now_ns() + NS_PER_S)
    phases = setting.loop.measures.phases
    assert count(phases[PHASE_STEP]) == count(phases[PHASE_RECEIVE]) == len(setting.zone.ticks)
    assert maximum(phases[PHASE_STEP]) == 3 * MS
    assert maximum(phases[PHASE_RECEIVE]) == 2 * MS


def test_a_zone_is_told_how_much_of_its_time_it_used() -> None:
    setting = Setting().joined()
    setting.zone.on_tick = lambda: spend(setting, 6 * MS)
    setting.run_until(setting.clock.now_ns() + NS_PER_S // 4)
    for busy_s, interval_s in setting.zone.loads:
        assert busy_s == pytest.approx(0.006)
        assert interval_s == pytest.approx(1 / HZ, rel=1e-6)


def test_commands_may_come_from_other_threads() -> None:
    setting = Setting()
    results: list[Future[int]] = []
    threads = [threading.Thread(target=lambda n=n: results.append(setting.loop.call(lambda: n))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    setting.loop.turn()
    assert sorted(result.result(timeout=0) for result in results) == list(range(20))
