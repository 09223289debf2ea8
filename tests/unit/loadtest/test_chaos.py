"""Killing hosts: only what the gateway names, and a fair view of who was untouched."""

from __future__ import annotations

import signal
from typing import Any, cast

import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.loadtest.chaos import Killer, Untouched, hosts_of
from myriad.loadtest.impairment import parse_chaos
from myriad.loadtest.travel import Travel
from myriad.runtime.login import FrontDoorError, Gateway


def layer(pid: int | None) -> dict[str, Any]:
    return {"layer": 0, "pid": pid}


WORLD = {
    "zones": [
        {"name": "zone-1", "layers": [layer(11)]},
        {"name": "zone-2", "layers": [layer(11), layer(12)]},
        {"name": "zone-3", "layers": [layer(12)]},
        {"name": "zone-4", "layers": []},
        {"name": "zone-5", "layers": [layer(None)]},
    ]
}


class FakeGateway:
    """Says what it is told to."""

    def __init__(self, world: dict[str, Any] | None) -> None:
        self.answer = world

    def world(self) -> dict[str, Any]:
        if self.answer is None:
            raise FrontDoorError("gone")
        return self.answer


class FakeTravel:
    """Players in zones."""

    def __init__(self, *zones: str) -> None:
        self.zone_of = list(zones)
        self.visited = [{zone} for zone in zones]

    def forget_visits(self) -> None:
        self.visited = [{zone} for zone in self.zone_of]

    def go(self, player: int, zone: str) -> None:
        self.zone_of[player] = zone
        self.visited[player].add(zone)


def killer(world: dict[str, Any] | None, killed: list[tuple[int, int]]) -> Killer:
    return Killer(cast(Gateway, FakeGateway(world)), 1, lambda pid, number: killed.append((pid, number)))


def untouched(travel: FakeTravel) -> Untouched:
    return Untouched(cast(Travel, travel))


def test_chaos_is_read_as_seconds_and_refused_in_one_line() -> None:
    assert parse_chaos("") == 0.0
    assert parse_chaos("kill-host=10s") == parse_chaos("kill-host=10") == 10.0
    for wrong in ("kill-host", "kill-host=soon", "kill-host=0.5s", "kill-zone=10s", "10s"):
        with pytest.raises(StartupError, match=r"^--chaos: [^\n]+$"):
            parse_chaos(wrong)


def test_hosts_are_what_the_gateway_names_to_this_machine() -> None:
    assert [(host.pid, set(host.zones)) for host in hosts_of(WORLD)] == [
        (11, {"zone-1", "zone-2"}),
        (12, {"zone-2", "zone-3"}),
    ]


def test_one_host_is_killed_by_its_process_id() -> None:
    killed: list[tuple[int, int]] = []
    one = killer(WORLD, killed)
    zones = [one.kill_one() for _ in range(20)]
    assert {pid for pid, _ in killed} == {11, 12}
    assert {number for _, number in killed} == {signal.SIGKILL}
    assert set(zones) == {host.zones for host in hosts_of(WORLD)}
    assert one.num_killed == 20


@pytest.mark.parametrize("world", [None, {"zones": []}])
def test_without_an_answer_or_a_host_nothing_is_killed(world: dict[str, Any] | None) -> None:
    killed: list[tuple[int, int]] = []
    one = killer(world, killed)
    assert one.kill_one() == frozenset()
    assert killed == []
    assert one.num_killed == 0


def test_who_was_in_a_killed_host_s_zone_is_touched_until_the_next_kill() -> None:
    travel = FakeTravel("zone-1", "zone-2", "zone-3")
    watch = untouched(travel)
    watch.begin(np.array([0, 0, 0]), frozenset(), 0.0)
    watch.end(np.array([200, 200, 200]), 10.0)
    watch.begin(np.array([200, 200, 200]), frozenset({"zone-1"}), 10.0)
    travel.go(1, "zone-1")
    watch.end(np.array([300, 350, 395]), 20.0)
    assert watch.rates_hz == [20.0, 19.5], "one that came into a killed zone may have waited there"
    watch.begin(np.array([300, 350, 395]), frozenset({"zone-3"}), 20.0)
    watch.end(np.array([495, 540, 400]), 30.0)
    assert watch.lowest_hz == 19.0
    assert watch.was_touched.tolist() == [True, True, True]


def test_times_too_short_and_worlds_without_anybody_untouched_say_nothing() -> None:
    watch = untouched(FakeTravel("zone-1"))
    watch.begin(np.array([0]), frozenset(), 0.0)
    watch.end(np.array([1]), 1.0)
    watch.begin(np.array([1]), frozenset({"zone-1"}), 1.0)
    watch.end(np.array([1]), 11.0)
    assert watch.lowest_hz is None
