"""What a supervisor does when children speak, end, hang, and when zones are wanted or empty; time is moved by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from myriad.cluster.requests import ZoneKey, ZoneLoad
from myriad.cluster.scaling import ScalingLimits
from myriad.core.errors import EXIT_CANNOT_START
from myriad.runtime.control import Channel, Message
from myriad.runtime.fleet import Child, Run
from myriad.runtime.supervisor import FIRST_BEAT_S, STOP_S, Launch, Plan, Supervisor

ZONES = tuple(ZoneKey(f"zone-{number}") for number in range(1, 5))
WATCHDOG_S = 5.0


class FakeFleet:
    """Children that only write down what they were started with and told."""

    def __init__(self) -> None:
        self.pids = itertools.count(1 << 22)  # beyond what a system gives out
        self.running: list[Child] = []
        self.killed: list[Child] = []
        self.ends: dict[int, Channel] = {}

    def start(self, name: str, run: Run) -> Child:
        ours, theirs = Channel.pair()
        child = Child(name, next(self.pids), ours)
        self.ends[child.pid] = theirs
        self.running.append(child)
        return child

    def kill(self, child: Child) -> None:
        self.killed.append(child)

    def take_ended(self) -> list[tuple[Child, int]]:
        return []

    def close(self) -> None:
        for child in self.running:
            child.channel.close()
            self.ends[child.pid].close()

    def told(self, child: Child) -> list[Message]:
        return [message for message, _ in self.ends[child.pid].receive()]


class World:
    """A supervisor of four zones, two in each host."""

    def __init__(self, eager: tuple[ZoneKey, ...] = ZONES, *, relay: bool = False, **limits: Any) -> None:
        self.now_s = 1000.0
        self.fleet = FakeFleet()
        self.launched: list[Sequence[tuple[ZoneKey, str]]] = []
        plan = Plan(
            ZONES,
            eager,
            (ZoneKey("zone-1"),),
            ScalingLimits(zones_per_host=2, max_hosts=4, **limits),
            WATCHDOG_S,
            100,
        )
        launch = Launch(nothing, self.launch, lambda key: 0, nothing if relay else None)
        self.supervisor = Supervisor(plan, self.fleet, launch, self.now_s)
        self.supervisor.start(self.now_s)

    def launch(self, token: str, zones: Sequence[tuple[ZoneKey, str]]) -> Run:
        self.launched.append(zones)
        return nothing

    @property
    def hosts(self) -> list[Child]:
        return [slot.child for slot in self.supervisor.hosts if slot.child is not None]

    @property
    def gateway(self) -> Child:
        assert self.supervisor.gateway.child is not None
        return self.supervisor.gateway.child

    @property
    def relay(self) -> Child:
        assert self.supervisor.relay.child is not None
        return self.supervisor.relay.child

    def beat(self, load: Callable[[ZoneKey], ZoneLoad] = lambda key: ZoneLoad(1, 1), working_s: float = 0.0) -> None:
        """Everybody tells that all is well."""
        self.supervisor.heard(self.gateway, {"type": "beat"}, self.now_s)
        if self.supervisor.relay.child is not None:
            self.supervisor.heard(self.relay, {"type": "beat", "players": 7}, self.now_s)
        for slot in self.supervisor.hosts:
            if slot.child is not None:
                zones = [
                    {
                        "zone": key.zone,
                        "layer": key.layer,
                        "state": "running",
                        "epoch": 1,
                        "working_s": working_s,
                        "load": list(load(key)),
                    }
                    for key in sorted(slot.zones)
                ]
                self.supervisor.heard(
                    slot.child, {"type": "beat", "zones": zones, "front_door": "127.0.0.1:1"}, self.now_s
                )

    def live(self, seconds: float, **beat: Any) -> None:
        """Lets time pass in good health."""
        for _ in range(round(seconds * 4)):
            self.now_s += 0.25
            self.beat(**beat)
            self.supervisor.step(self.now_s)

    def end(self, child: Child, code: int = -9) -> None:
        self.supervisor.child_ended(child, code, self.now_s)


def nothing(_: Channel) -> int:
    return 0


Make = Callable[..., World]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes worlds, and closes what they opened."""
    with ExitStack() as stack:

        def new_world(**arguments: Any) -> World:
            world = World(**arguments)
            stack.callback(world.fleet.close)
            return world

        yield new_world


def test_zones_are_spread_over_hosts_in_their_order(make: Make) -> None:
    world = make()
    assert [[key for key, _ in zones] for zones in world.launched] == [list(ZONES[:2]), list(ZONES[2:])]
    assert not world.supervisor.running
    world.beat()
    assert world.supervisor.running


def test_a_host_that_died_is_started_again_at_once_and_told_which_host_is_dead(make: Make) -> None:
    world = make()
    world.live(10)
    dead = world.supervisor.hosts[0].identity
    assert dead is not None
    world.end(world.hosts[0])
    assert world.launched[-1] == [(key, dead.name) for key in ZONES[:2]]
    assert len(world.hosts) == 2


def test_a_host_that_dies_again_and_again_is_started_after_ever_longer_waits(make: Make) -> None:
    world = make()
    world.live(10)
    world.end(world.hosts[0])
    starts = len(world.launched)
    world.now_s += 0.1
    world.end(world.hosts[0])
    assert len(world.launched) == starts + 1
    world.end(world.hosts[0])
    assert len(world.launched) == starts + 1
    world.now_s += 0.3
    world.supervisor.step(world.now_s)
    assert len(world.launched) == starts + 2


def test_the_gateway_is_started_again_and_hosts_are_left_alone(make: Make) -> None:
    world = make()
    world.live(10)
    hosts, gateway = world.hosts, world.gateway
    world.end(gateway)
    assert world.gateway is not gateway
    assert world.hosts == hosts


def test_a_host_whose_zone_does_not_tick_is_killed(make: Make) -> None:
    world = make()
    world.live(2)
    world.beat(working_s=WATCHDOG_S + 1)
    world.supervisor.step(world.now_s)
    assert world.fleet.killed == world.hosts


@pytest.mark.parametrize("heard", [True, False])
def test_a_child_that_falls_silent_is_killed_one_that_starts_is_given_time(make: Make, heard: bool) -> None:
    world = make()
    if heard:
        world.beat()
    for _ in range(4 * int(WATCHDOG_S + 1)):
        world.now_s += 0.25
        world.supervisor.step(world.now_s)
    assert bool(world.fleet.killed) == heard
    for _ in range(4 * int(FIRST_BEAT_S)):
        world.now_s += 0.25
        world.supervisor.step(world.now_s)
    assert len({child.pid for child in world.fleet.killed}) == 3


def test_a_supervisor_that_was_paused_itself_kills_nobody_for_it(make: Make) -> None:
    world = make()
    world.live(2)
    world.now_s += 60
    world.supervisor.step(world.now_s)
    assert world.fleet.killed == []
    world.live(2)
    assert world.fleet.killed == []


def test_a_world_whose_first_host_cannot_start_stops_with_that_exit_code(make: Make) -> None:
    world = make()
    world.end(world.hosts[0], EXIT_CANNOT_START)
    assert world.supervisor.stopping
    for child in (*world.hosts, world.gateway):
        world.end(child, 0)
    assert world.supervisor.finished
    assert world.supervisor.exit_code == EXIT_CANNOT_START


def test_stopping_hosts_drain_first_and_the_gateway_ends_last(make: Make) -> None:
    world = make()
    world.live(2)
    hosts, gateway = world.hosts, world.gateway
    world.supervisor.stop(world.now_s)
    assert [message["type"] for message in world.fleet.told(gateway)] == ["drain"]
    assert [message["type"] for child in hosts for message in world.fleet.told(child)] == ["stop", "stop"]
    world.end(hosts[0], 0)
    assert world.fleet.told(gateway) == []
    world.end(hosts[1], 0)
    world.supervisor.step(world.now_s)
    assert [message["type"] for message in world.fleet.told(gateway)] == ["stop"]
    seen = [world.supervisor.finished]
    world.end(gateway, 0)
    seen.append(world.supervisor.finished)
    assert seen == [False, True]
    assert world.supervisor.exit_code == 0


def test_a_world_with_a_relay_runs_once_that_does_and_tells_what_it_says_of_itself(make: Make) -> None:
    world = make(relay=True)
    world.supervisor.heard(world.gateway, {"type": "beat"}, world.now_s)
    running = [world.supervisor.running]
    world.beat()
    running.append(world.supervisor.running)
    assert running == [False, True]
    assert world.supervisor.status()["relay"] == {"pid": world.relay.pid, "starts": 1, "players": 7}
    assert make().supervisor.status()["relay"] is None


def test_the_relay_is_started_again_and_everybody_else_is_left_alone(make: Make) -> None:
    world = make(relay=True)
    world.live(10)
    hosts, gateway, relay = world.hosts, world.gateway, world.relay
    world.end(relay)
    assert world.relay is not relay
    assert (world.hosts, world.gateway) == (hosts, gateway)
    world.end(world.relay)
    starts = [world.supervisor.relay.num_starts]
    world.end(world.relay)  # the second time soon after its start: not at once
    starts.append(world.supervisor.relay.num_starts)
    world.now_s += 0.3
    world.supervisor.step(world.now_s)
    starts.append(world.supervisor.relay.num_starts)
    assert starts == [3, 3, 4]


def test_a_relay_that_falls_silent_is_killed(make: Make) -> None:
    world = make(relay=True)
    world.live(2)
    for _ in range(4 * int(WATCHDOG_S + 1)):
        world.now_s += 0.25
        world.supervisor.heard(world.gateway, {"type": "beat"}, world.now_s)
        world.supervisor.step(world.now_s)
    assert world.relay in world.fleet.killed
    assert world.gateway not in world.fleet.killed


def test_stopping_the_relay_ends_after_the_hosts_whose_farewells_it_carries(make: Make) -> None:
    world = make(relay=True)
    world.live(2)
    hosts, gateway, relay = world.hosts, world.gateway, world.relay
    world.supervisor.stop(world.now_s)
    assert world.fleet.told(relay) == []
    for host in hosts:
        world.end(host, 0)
    world.supervisor.step(world.now_s)
    assert [message["type"] for message in world.fleet.told(relay)] == ["stop"]
    world.end(gateway, 0)
    finished = [world.supervisor.finished]
    world.supervisor.step(world.now_s + 10)
    assert world.fleet.killed == [relay]
    world.end(relay)
    finished.append(world.supervisor.finished)
    assert finished == [False, True]


def test_hosts_that_do_not_drain_in_time_are_killed(make: Make) -> None:
    world = make()
    world.live(2)
    hosts = world.hosts
    world.supervisor.stop(world.now_s)
    world.supervisor.step(world.now_s + STOP_S)
    assert world.fleet.killed == hosts


def test_nothing_is_started_once_the_world_stops(make: Make) -> None:
    world = make()
    world.live(10)
    world.supervisor.stop(world.now_s)
    starts = len(world.fleet.running)
    world.end(world.hosts[0])
    world.end(world.gateway)
    world.supervisor.want(ZONES[3], world.now_s)
    world.supervisor.step(world.now_s + 1)
    assert len(world.fleet.running) == starts


def test_an_empty_zone_is_put_to_sleep_but_not_where_players_start(make: Make) -> None:
    world = make(hibernate_after_s=5.0)
    world.live(20, load=lambda key: ZoneLoad())
    told = [message for child in world.hosts for message in world.fleet.told(child)]
    assert sorted(message["zone"] for message in told) == ["zone-2", "zone-3", "zone-4"]
    assert {message["type"] for message in told} == {"end"}
    assert all(decision["reason"] for decision in world.supervisor.decisions)


def test_a_zone_that_sleeps_is_run_again_when_it_is_wanted(make: Make) -> None:
    world = make()
    world.live(2)
    host = world.hosts[1]
    world.supervisor.heard(host, {"type": "ended", "zone": "zone-4", "layer": 0}, world.now_s)
    assert world.supervisor.asleep == {ZONES[3]}
    world.supervisor.want(ZONES[3], world.now_s)
    world.supervisor.step(world.now_s)
    (told,) = world.fleet.told(host)
    assert (told["type"], told["zone"]) == ("run", "zone-4")
    assert world.supervisor.asleep == set()


def test_a_zone_that_the_world_does_not_have_is_not_started(make: Make) -> None:
    world = make()
    world.live(2)
    starts = len(world.fleet.running)
    world.supervisor.want(ZoneKey("zone-99"), world.now_s)
    world.live(3)
    assert len(world.fleet.running) == starts


def test_a_world_that_starts_few_zones_makes_hosts_as_zones_are_wanted(make: Make) -> None:
    world = make(eager=ZONES[:1])
    world.live(2)
    assert len(world.hosts) == 1
    for key in ZONES[1:]:
        world.supervisor.want(key, world.now_s)
    world.live(2)
    assert len(world.hosts) == 2
    assert sorted(key for slot in world.supervisor.hosts for key in slot.zones) == list(ZONES)


def test_a_full_zone_gets_a_layer_in_a_host_with_room(make: Make) -> None:
    world = make()
    world.live(20, load=lambda key: ZoneLoad(95, 95) if key.zone == "zone-1" else ZoneLoad(1, 1))
    layer = ZoneKey("zone-1", 1)
    assert any(layer in slot.zones for slot in world.supervisor.hosts)
    assert world.supervisor.status()["counts"]["layers_added"] >= 1


def test_a_dead_host_that_had_nothing_left_to_run_is_not_started_again(make: Make) -> None:
    world = make()
    world.live(10)
    host = world.hosts[1]
    for key in ZONES[2:]:
        world.supervisor.heard(host, {"type": "ended", "zone": key.zone, "layer": 0}, world.now_s)
    starts = len(world.launched)
    world.end(host)
    assert len(world.launched) == starts
