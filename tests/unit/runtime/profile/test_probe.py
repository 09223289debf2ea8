"""A profile of a zone's thread, on clocks moved by hand: what is counted as what, and that nothing is left behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from myriad.core.clock import NS_PER_S
from myriad.runtime.profile.allocations import the_counter
from myriad.runtime.profile.probe import AROUND, COLLECTION, LOOP, WORK, WORLD, Busy, Probe
from tests.unit.runtime.test_zone_loop import MS, Setting


class Part:
    """What a zone of a world has besides."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def before_tick(self, now_ns: int) -> None:
        self._work()


class Profiled:
    """A loop with one player, whose thread's CPU clock goes as the wall clock while it works."""

    def __init__(self, seconds: float = 100.0) -> None:
        self.setting = Setting().joined()
        self.slept_ns = 0
        wait = self.setting.port.wait

        def sleep(timeout_ns: int, *, for_packets: bool) -> int:
            before_ns = self.wall_ns()
            woke_ns = wait(timeout_ns, for_packets=for_packets)
            self.slept_ns += self.wall_ns() - before_ns
            return woke_ns

        self.setting.port.wait = sleep  # type: ignore[method-assign]
        self.part = Part(lambda: self.work(2 * MS))
        self.targets: dict[str, Any] = {
            "phases": self.setting.zone.phases,
            "measures": self.setting.loop.measures,
            "zone": self.setting.zone,
            "part": self.part,
        }
        self.probe = Probe(self.targets, seconds, wall_ns=self.wall_ns, cpu_ns=self.cpu_ns)
        self.probe.begin()

    def wall_ns(self) -> int:
        return self.setting.clock.now_ns()

    def cpu_ns(self) -> int:
        return self.wall_ns() - self.slept_ns

    def work(self, duration_ns: int) -> None:
        self.setting.clock.advance_ns(duration_ns)

    def wait_for_a_core(self, duration_ns: int) -> None:
        self.work(duration_ns)
        self.slept_ns += duration_ns

    def tick(self, number: int = 1) -> dict[str, Any]:
        for _ in range(number):
            before = len(self.setting.zone.ticks)
            while len(self.setting.zone.ticks) == before:
                self.setting.loop.turn()
        return self.read()

    def read(self) -> dict[str, Any]:
        return self.probe.read()

    def ms(self, name: str) -> float:
        return self.read()["work_ns"][name] / MS  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _prepared() -> None:
    the_counter.prepare()


@pytest.fixture
def profiled() -> Iterator[Profiled]:
    made = Profiled()
    yield made
    made.probe.end()


def test_each_kind_of_work_has_its_time_and_all_sum_to_the_threads(profiled: Profiled) -> None:
    profiled.setting.port.cost_ns_per_receive = MS
    profiled.setting.zone.on_tick = lambda: profiled.work(3 * MS)
    figures = profiled.tick(10)
    assert profiled.ms("receive") == pytest.approx(10)
    assert profiled.ms("step") == pytest.approx(30)
    assert figures["ticks"] == figures["turns"] == 10
    assert sum(figures["work_ns"].values()) == pytest.approx(figures["cpu_ns"], abs=len(WORK))
    assert figures["cpu_ns"] == pytest.approx(40 * MS)


def test_time_between_phases_is_the_loops_and_time_between_turns_is_around(profiled: Profiled) -> None:
    profiled.setting.zone.observe_load = lambda *_: profiled.work(MS)  # type: ignore[method-assign]
    profiled.setting.loop.call(lambda: profiled.work(5 * MS))
    send = profiled.setting.zone.phases.start
    profiled.setting.zone.phases.start = lambda: (profiled.work(2 * MS), send())  # type: ignore
    profiled.tick()
    assert profiled.ms(LOOP) == pytest.approx(2)
    assert profiled.ms(AROUND) == pytest.approx(6)


def test_a_turn_that_had_to_wait_is_brought_down_to_its_cpu_time(profiled: Profiled) -> None:
    profiled.setting.port.cost_ns_per_receive = MS
    profiled.setting.zone.on_tick = lambda: (profiled.work(MS), profiled.wait_for_a_core(2 * MS))  # type: ignore
    figures = profiled.tick()
    assert figures["cpu_ns"] == pytest.approx(2 * MS)
    assert (figures["turns_wall_ns"], figures["turns_cpu_ns"]) == (4 * MS, 2 * MS)
    assert profiled.ms("receive") == pytest.approx(0.5)
    assert profiled.ms("step") == pytest.approx(1.5)


def test_work_for_the_world_is_taken_out_of_its_phase(profiled: Profiled) -> None:
    def slow_lane() -> None:
        profiled.work(MS)
        profiled.part.before_tick(0)
        profiled.setting.zone.phases.done(1)

    profiled.setting.zone.on_tick = slow_lane
    profiled.tick()
    assert profiled.ms(WORLD) == pytest.approx(2)
    assert profiled.ms("slow") == pytest.approx(1)


def test_answers_between_turns_are_work_for_the_world(profiled: Profiled) -> None:
    profiled.tick()
    zone = profiled.setting.zone
    hear = zone.hear  # the probe's

    def command() -> None:
        hear("topic", b"")
        profiled.work(MS)

    profiled.setting.loop.call(command)
    profiled.tick()
    assert profiled.ms(AROUND) == pytest.approx(1)
    assert zone.heard == [("topic", b"")]


def test_collections_are_counted_by_themselves(profiled: Profiled) -> None:
    profiled.setting.loop.call(gc.collect)
    figures = profiled.tick()
    assert figures["collections"] == 1
    assert profiled.ms(COLLECTION) == 0


def test_an_idle_zones_time_is_around_turns() -> None:
    profiled = Profiled()
    profiled.setting.port.arrive(profiled.wall_ns(), b"leave")
    while not profiled.setting.zone.idle:
        profiled.setting.loop.turn()
    before_ms = profiled.ms(AROUND)
    profiled.setting.loop.call(lambda: profiled.work(MS))
    profiled.setting.run_until(profiled.wall_ns() + 3 * NS_PER_S)
    assert profiled.ms(AROUND) - before_ms == pytest.approx(1)
    profiled.probe.end()


def test_allocations_are_those_of_turns(profiled: Profiled) -> None:
    kept: list[object] = []
    profiled.setting.zone.on_tick = lambda: kept.extend(object() for _ in range(1000))
    few = profiled.tick()["allocations"]
    assert 1000 <= few["blocks"] < 2000
    assert few["num_bytes"] >= 16 * 1000
    [object() for _ in range(100_000)]
    assert profiled.read()["allocations"] == few


def test_nothing_is_left_behind_and_the_figures_stay() -> None:
    profiled = Profiled()
    assert "clear" in vars(profiled.setting.zone.phases)
    profiled.tick(3)
    profiled.probe.end()
    figures = profiled.read()
    assert not figures["running"]
    assert "clear" not in vars(profiled.setting.zone.phases)
    assert "record_phases" not in vars(profiled.setting.loop.measures)
    assert "before_tick" not in vars(profiled.part)
    assert "hear" not in vars(profiled.setting.zone)
    assert not any(getattr(one, "__self__", None) is profiled.probe for one in gc.callbacks)
    profiled.tick(3)
    assert profiled.read() == figures


def test_it_ends_by_itself_if_nobody_asks_any_more() -> None:
    profiled = Profiled(seconds=1.0)
    profiled.tick(70)
    figures = profiled.read()
    assert not figures["running"]
    assert 60 <= figures["ticks"] <= 62


def test_one_zone_of_a_process_is_profiled_at_a_time(profiled: Profiled) -> None:
    other = Probe(profiled.targets, 1.0)
    with pytest.raises(Busy):
        other.begin()
    profiled.probe.end()
    other.begin()
    other.end()
