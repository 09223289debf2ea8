"""What operators are told of processes and zones; what they ask of the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from myriad.cluster.requests import ZoneKey, ZoneLoad
from myriad.runtime.control import Message
from myriad.runtime.happenings import Happenings
from myriad.runtime.tenancy import ACQUIRING, DRAINING, RUNNING
from tests.unit.runtime.test_supervisor import World

KEY = ZoneKey("zone-1")
EAST = ZoneKey("zone-3")
Make = Callable[..., World]


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:

        def new_world(**arguments: Any) -> World:
            world = World(**arguments)
            stack.callback(world.fleet.close)
            return world

        yield new_world


def beat(state: str, epoch: int) -> dict[ZoneKey, Message]:
    return {KEY: {"state": state, "epoch": epoch}}


def told(happened: Happenings, pid: int = 1) -> list[tuple[str, str]]:
    return [(message["kind"], message["text"]) for message in happened.news(pid)]


def test_a_new_gateway_is_told_everything_that_is_kept_and_everything_once() -> None:
    happened = Happenings()
    happened.note("crash", "one", 1.0, host="host-1", lost=[KEY])
    (message,) = happened.news(1)
    assert message == {"kind": "crash", "text": "one", "at_s": 1.0, "host": "host-1", "lost": [["zone-1", 0]]}
    assert happened.news(1) == []
    happened.note("start", "two", 2.0, key=KEY)
    assert told(happened) == [("start", "two")]
    assert told(happened, pid=2) == [("crash", "one"), ("start", "two")]
    for i in range(2000):
        happened.note("start", str(i), 3.0)
    assert len(told(happened, pid=3)) == 1000


def test_heartbeats_tell_of_starts_failures_restarts_and_drains() -> None:
    happened = Happenings()
    happened.reasons[KEY] = "somebody wants to go there"
    beats = [beat(ACQUIRING, 0), beat(RUNNING, 1), beat(RUNNING, 1), beat(ACQUIRING, 1), beat(RUNNING, 2)]
    before: dict[ZoneKey, Message] = {}
    for each in [*beats, beat(DRAINING, 2), beat(DRAINING, 2)]:
        happened.heard("host-1", before, each, 1.0)
        before = each
    assert [kind for kind, _ in told(happened)] == ["start", "crash", "start", "drain"]
    happened.reasons[KEY] = "asked for by Ada"
    happened.heard("host-1", beat(RUNNING, 2), beat(RUNNING, 3), 2.0)  # so quick that no beat saw it
    assert told(happened) == [
        ("restart", "starts anew: asked for by Ada"),
        ("start", "runs under epoch 3: asked for by Ada"),
    ]


def test_a_crash_its_restart_and_a_hang_are_told(make: Make) -> None:
    world = make()
    world.live(10)
    told(world.supervisor.happened)
    pid = world.hosts[0].pid
    world.end(world.hosts[0])
    crash, restart = world.supervisor.happened.news(1)
    assert (crash["kind"], crash["host"], crash["text"]) == ("crash", "host-1", f"process {pid} ended: signal 9")
    assert sorted(map(tuple, crash["lost"])) == [("zone-1", 0), ("zone-2", 0)]
    assert restart["kind"] == "restart" and "zone-1, zone-2" in restart["text"]
    world.live(1)
    told(world.supervisor.happened)
    world.beat(working_s=60.0)
    world.supervisor.step(world.now_s)
    assert {kind for kind, _ in told(world.supervisor.happened)} == {"hang"}


def command(world: World, what: str, key: ZoneKey) -> tuple[bool, str]:
    message = {"type": "command", "number": 7, "what": what, "zone": key.zone, "layer": key.layer, "by": "Ada"}
    world.fleet.told(world.gateway)
    world.supervisor.heard(world.gateway, message, world.now_s)
    (answer,) = [one for one in world.fleet.told(world.gateway) if one["type"] == "done"]
    assert answer["number"] == 7
    return answer["ok"], answer["text"]


def test_a_drained_zone_is_ended_and_started_by_nobody_but_an_operator(make: Make) -> None:
    world = make()
    world.live(5)
    host = world.hosts[1]
    world.fleet.told(host)
    assert command(world, "drain", EAST)[0]
    assert {"type": "end", "zone": "zone-3", "layer": 0} in world.fleet.told(host)
    world.supervisor.heard(host, {"type": "ended", "zone": "zone-3", "layer": 0}, world.now_s)
    world.supervisor.want(EAST, world.now_s)
    world.live(20)
    assert world.supervisor.status()["held"] == ["zone-3"]
    assert all(EAST not in slot.zones for slot in world.supervisor.hosts)
    assert command(world, "drain", EAST) == (False, "zone-3 does not run")
    assert command(world, "start", EAST)[0]
    assert world.supervisor.status()["held"] == [] and EAST in world.supervisor.hosts[1].zones
    assert not command(world, "start", EAST)[0]


def test_the_zone_where_players_start_stays_down_too_when_an_operator_ended_it(make: Make) -> None:
    world = make()
    world.live(5)
    command(world, "drain", KEY)
    world.supervisor.heard(world.hosts[0], {"type": "ended", "zone": "zone-1", "layer": 0}, world.now_s)
    world.live(10)
    assert KEY not in world.supervisor.hosts[0].zones


def test_a_host_that_dies_while_it_drains_a_zone_does_not_get_it_back(make: Make) -> None:
    world = make()
    world.live(10)
    command(world, "drain", EAST)
    world.end(world.hosts[1])
    assert [key for key, _ in world.launched[-1]] == [ZoneKey("zone-4")]


def test_a_restart_goes_to_the_host_of_a_zone_that_runs(make: Make) -> None:
    world = make()
    assert command(world, "restart", EAST) == (False, "zone-3 does not run")
    world.live(5)
    world.fleet.told(world.hosts[1])
    assert command(world, "restart", EAST) == (True, "restarts zone-3")
    assert world.fleet.told(world.hosts[1]) == [{"type": "restart", "zone": "zone-3", "layer": 0}]


def test_only_the_gateway_commands(make: Make) -> None:
    world = make()
    world.live(5)
    message = {"type": "command", "number": 1, "what": "drain", "zone": "zone-3", "layer": 0, "by": "host-1"}
    world.supervisor.heard(world.hosts[0], message, world.now_s)
    assert world.supervisor.status()["held"] == []


def test_decisions_are_told_with_their_reasons(make: Make) -> None:
    world = make(hibernate_after_s=3)
    world.live(8, load=lambda key: ZoneLoad())
    kinds = [kind for kind, _ in told(world.supervisor.happened)]
    assert kinds.count("hibernate") >= 1
