"""How runs follow each other: limits are found, waves compared, overloads judged by what they must show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace

from myriad.bench import plans
from myriad.bench.capacity import Run
from myriad.bench.options import BenchOptions
from myriad.bench.plans import PLANS, Outcome, find_overload_faults, numbers_to_try
from myriad.bench.scenarios import Scenario, find_scenario
from myriad.bench.server import BenchServer
from myriad.core.errors import MyriadError
from tests.unit.bench.runs import run


class FakeServer:
    """Stands on a rung for a while."""

    def __init__(self) -> None:
        self.levels = [3, 2, 1, 0]

    def load_level(self) -> int | None:
        return self.levels.pop(0) if self.levels else 0


class FakeBench:
    """Serves up to `limit` players; the memory of each run is the next of `memories`."""

    def __init__(self, name: str, limit: int, clients: int = 0, memories: tuple[int, ...] = ()) -> None:
        self.scenario: Scenario = find_scenario(name)
        self.options = BenchOptions(clients=clients)
        self.clients = clients or self.scenario.clients
        self.seconds = 0.001
        self.notes: list[str] = []
        self.settings: list[dict[str, str]] = []
        self.measured: list[tuple[str, int]] = []
        self._limit = limit
        self._memories = memories

    @contextmanager
    def server(self, clients: int, settings: Mapping[str, str] | None = None) -> Iterator[BenchServer]:
        self.settings.append(dict(settings or {}))
        yield cast("BenchServer", FakeServer())

    def measure(self, server: BenchServer, clients: int, label: str, seconds: float = 0.0) -> Run:
        self.measured.append((label, clients))
        if clients > 3 * self._limit:
            raise MyriadError("the load test failed")
        lowest = 19.9 if clients <= self._limit else 12.0
        changes: dict[str, Any] = {
            "clients": clients,
            "connected": clients,
            "snapshots_per_client_hz": {"min": lowest, "p1": lowest, "p50": 20.0},
        }
        found = run(label, **changes)
        if self._memories:
            memory = self._memories[len(self.measured) - 1]
            return replace(found, memory_bytes=memory)
        return found


def carry_out(bench: FakeBench) -> Outcome:
    return PLANS[bench.scenario.plan](bench)


@pytest.mark.parametrize("limit", [430, 1000, 2345, 9000])
def test_the_limit_is_found_and_the_largest_run_that_was_served_tells(limit: int) -> None:
    bench = FakeBench("limit", limit, clients=700)
    found = carry_out(bench)
    assert found.telling.valid
    assert found.telling.players <= limit
    smallest_failed = min(one.players for one in found.runs if not one.valid)
    assert (
        limit
        < smallest_failed
        <= max(found.telling.players * plans.CLOSE_ENOUGH, found.telling.players + plans.ROUND_TO)
    )
    assert len(found.runs) <= plans.MAX_STEPS


def test_where_nothing_is_served_the_smallest_run_tells_why_not() -> None:
    found = carry_out(FakeBench("limit", 20, clients=55))
    assert not found.telling.valid
    assert found.telling.players == min(one.players for one in found.runs)


def test_a_load_test_that_fails_is_a_step_that_was_not_served() -> None:
    bench = FakeBench("limit", 100, clients=1000)
    found = carry_out(bench)
    assert found.telling.players == 100
    assert bench.notes[0] == "1000 players: the load test failed"


def test_numbers_go_up_by_steps_and_then_halve_what_is_left() -> None:
    tries = numbers_to_try(1000)
    assert [next(tries), tries.send(True), tries.send(True), tries.send(False)] == [1000, 1400, 1950, 1700]


def test_one_run_is_the_outcome_of_one_run() -> None:
    found = carry_out(FakeBench("zone", 500))
    assert [one.players for one in found.runs] == [500]
    assert found.reason == ""


@pytest.mark.parametrize(("last", "grows"), [(101, False), (110, True), (50, False)])
def test_waves_compare_the_memory_of_the_last_with_the_second(last: int, grows: bool) -> None:
    bench = FakeBench("soak", 2000, memories=(60, 100, last))
    bench.seconds = 0.0
    found = carry_out(bench)
    assert found.memory_growth == pytest.approx(last / 100 - 1)
    assert ("memory grew" in found.reason) is grows
    assert [label for label, _ in bench.measured] == ["wave 1", "wave 2", "wave 3"]


def test_variants_run_each_setting_that_there_is_for_each_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "thread_settings", lambda: {"send_threads": "2"})
    bench = FakeBench("threads", 9000)
    found = carry_out(bench)
    assert bench.settings == [{}, {"send_threads": "2"}] * 2
    assert [one.players for one in found.runs] == [500, 500, 5000, 5000]
    assert bench.notes == ["no such settings: receive_thread, encode_threads, step_threads"]


def test_variants_without_any_thread_setting_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "thread_settings", dict)
    bench = FakeBench("threads", 9000, clients=50)
    assert len(carry_out(bench).runs) == 1
    assert bench.notes == ["no thread settings exist yet"]


def test_an_overload_finds_the_limit_itself_and_goes_half_as_far_again() -> None:
    bench = FakeBench("overload", 1000)
    found = carry_out(bench)
    assert found.telling.players == 1500
    assert bench.measured[-1] == ("after it", 500)
    assert found.recovered_s is not None
    assert found.reason == ""
    assert found.telling.valid, "few snapshots are what an overload is"


def test_an_overload_takes_the_number_that_is_given() -> None:
    bench = FakeBench("overload", 1000, clients=1000)
    assert [players for _, players in bench.measured] == []
    carry_out(bench)
    assert [players for _, players in bench.measured] == [1500, 500]


def test_whatever_an_overload_must_show_and_did_not_is_told() -> None:
    fine = run("fine", snapshots_per_client_hz={"min": 8.0, "p1": 9.0, "p50": 12.0})
    starving = run("starving", snapshots_per_client_hz={"min": 0.5, "p1": 9.0, "p50": 12.0})
    calm = replace(fine, highest_load_level=0)
    assert find_overload_faults(fine, run(), 3.0) == []
    for heavy, light, recovered_s, word in (
        (run(connected=99), run(), 3.0, "1 clients lost"),
        (starving, run(), 3.0, "starved: 0.50"),
        (calm, run(), 3.0, "no overload"),
        (fine, run(), None, "not left"),
        (fine, run(connected=99), 3.0, "after it: 1 clients"),
    ):
        (fault,) = find_overload_faults(heavy, light, recovered_s)
        assert word in fault
