"""A simulated day: the scaling policy and the load balancer together, against players who come and go.

Four zones of 100 players each (layers alike), up to 3 hosts of 4 zones. Players follow a daily wave; in the evening a
crowd wants into one zone within two minutes; at noon a host dies with all its zones. Zones start in 4 s and drain in
10 s; loads are as old as a renewal. One step is 4 s.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import pytest

from myriad.cluster.directory import DirectoryView
from myriad.cluster.placement import LoadBalancer, Place, Waiting
from myriad.cluster.requests import Directory, LeaseRow, ZoneKey
from myriad.cluster.scaling import (
    AddLayer,
    Decision,
    Hibernate,
    MergeLayer,
    ScalingLimits,
    ScalingPolicy,
    Start,
    choose_host,
)
from tests.unit.cluster.lease_rows import S, lease

STEP_S = 4
DAY_S = 24 * 3600
NOON_S = 12 * 3600
CROWD_S = 20 * 3600
CROWD = 250
CAPACITY = 100
START_S, DRAIN_S = 4, 10
ZONES = ("a", "b", "c", "d")
SHARES = {"a": 0.45, "b": 0.3, "c": 0.2, "d": 0.05}
LIMITS = ScalingLimits(zones_per_host=4, max_hosts=3, hibernate_after_s=300)


@dataclass
class Running:
    host: str
    epoch: int
    players: set[int] = field(default_factory=set)
    ends_s: int | None = None


@dataclass
class Day:
    """The world outside of the policy."""

    policy: ScalingPolicy = field(default_factory=lambda: ScalingPolicy(LIMITS, [ZoneKey("a")]))
    balancer: LoadBalancer = field(default_factory=lambda: LoadBalancer(max_online=1000, max_waiting=1000))
    running: dict[ZoneKey, Running] = field(default_factory=dict)
    starting: dict[ZoneKey, tuple[int, str]] = field(default_factory=dict)
    waiting: dict[int, tuple[str, int]] = field(default_factory=dict)
    decisions: list[tuple[int, Decision]] = field(default_factory=list)
    waited_s: list[tuple[int, int]] = field(default_factory=list)
    most_hosts: int = 0
    most_layers: Counter[str] = field(default_factory=Counter)
    moved: set[int] = field(default_factory=set)
    next_player: int = 1
    epoch: int = 0
    num_hosts: int = 0

    def wanted_players(self, zone: str, at_s: int) -> int:
        """From almost nobody at 4 in the morning to 300 in all at 4 in the afternoon, and a crowd in c at 20:00."""
        wave = (1 - math.cos((at_s / 3600 - 4) / 24 * 2 * math.pi)) / 2
        number = 300 * wave * SHARES[zone]
        if zone == "c" and CROWD_S <= at_s < CROWD_S + 1800:
            number += CROWD * min(1.0, (at_s - CROWD_S) / 120)
        return round(number)

    def run(self) -> None:
        for at_s in range(STEP_S, DAY_S, STEP_S):
            self.start_and_end(at_s)
            if at_s == NOON_S:
                victim = self.running[ZoneKey("a")].host
                self.running = {key: one for key, one in self.running.items() if one.host != victim}
            now_ns = at_s * S
            rows = self.rows()
            self.balancer.observe(DirectoryView(Directory(tuple(rows), 0), now_ns), now_ns)
            wanted = self.come_and_go(at_s, now_ns)
            for decision in self.policy.decide(rows, wanted, now_ns):
                self.carry_out(decision, at_s)
            self.check(at_s)

    def rows(self) -> list[LeaseRow]:
        return [
            lease(
                key.zone,
                key.layer,
                connected=len(one.players),
                capacity=CAPACITY,
                state="running" if one.ends_s is None else "draining",
                epoch=one.epoch,
                host=one.host,
            )
            for key, one in self.running.items()
        ]

    def start_and_end(self, at_s: int) -> None:
        for key, (when_s, host) in list(self.starting.items()):
            if when_s <= at_s:
                self.epoch += 1
                self.running[key] = Running(host, self.epoch)
                del self.starting[key]
        for key, one in list(self.running.items()):
            if one.ends_s is not None and one.ends_s <= at_s:
                del self.running[key]

    def come_and_go(self, at_s: int, now_ns: int) -> set[ZoneKey]:
        """Players log in and leave until there are as many as there should be; returns what the gateway wants."""
        wanted = set()
        for zone in ZONES:
            inside = [(key, player) for key, one in self.running.items() for player in one.players if key.zone == zone]
            lining = [player for player, (where, _) in self.waiting.items() if where == zone]
            missing = self.wanted_players(zone, at_s) - len(inside) - len(lining)
            for key, player in sorted(inside)[: max(0, -missing)]:
                self.running[key].players.discard(player)
            for _ in range(missing):
                self.waiting[self.next_player] = (zone, at_s)
                self.next_player += 1
        for player, (zone, since_s) in list(self.waiting.items()):
            answer = self.balancer.place(player, zone, now_ns)
            if isinstance(answer, Place):
                self.running[answer.row.key].players.add(player)
                del self.waiting[player]
                if player not in self.moved:
                    self.waited_s.append((since_s, at_s - since_s))
            elif isinstance(answer, Waiting) and answer.wanted is not None:
                wanted.add(answer.wanted)
        return wanted

    def carry_out(self, decision: Decision, at_s: int) -> None:
        self.decisions.append((at_s, decision))
        if isinstance(decision, Start | AddLayer):
            hosts = Counter(one.host for one in self.running.values()) + Counter(h for _, h in self.starting.values())
            host = choose_host(hosts, {}, LIMITS)
            assert host is not None, "the policy keeps within what the hosts take"
            if not host:
                self.num_hosts += 1
                host = f"host-{self.num_hosts}"
            assert decision.key not in self.running and decision.key not in self.starting
            self.starting[decision.key] = (at_s + START_S, host)
        else:
            one = self.running[decision.key]
            if isinstance(decision, Hibernate) and one.players:
                return  # somebody has come since it was measured: as a host does, it stays
            one.ends_s = at_s + (DRAIN_S if isinstance(decision, MergeLayer) else STEP_S)
            for player in one.players:
                self.waiting[player] = (decision.key.zone, at_s)
            self.moved |= one.players
            one.players.clear()

    def check(self, at_s: int) -> None:
        hosts = {one.host for one in self.running.values()} | {host for _, host in self.starting.values()}
        self.most_hosts = max(self.most_hosts, len(hosts))
        assert len(hosts) <= LIMITS.max_hosts
        assert len(self.running) + len(self.starting) <= LIMITS.max_hosts * LIMITS.zones_per_host
        for zone in ZONES:
            layers = sum(key.zone == zone for key in self.running)
            self.most_layers[zone] = max(self.most_layers[zone], layers)
        assert all(len(one.players) <= CAPACITY for one in self.running.values())


@pytest.fixture(scope="module")
def day() -> Day:
    lived = Day()
    lived.run()
    return lived


def of_kind(day: Day, kind: type[Decision]) -> list[tuple[int, Decision]]:
    return [(at_s, decision) for at_s, decision in day.decisions if isinstance(decision, kind)]


def test_the_day_needs_few_decisions_and_each_has_a_reason(day: Day) -> None:
    assert 10 <= len(day.decisions) <= 40, day.decisions
    assert all(len(decision.reason) > 10 for _, decision in day.decisions)


def test_nobody_waits_longer_than_a_zone_takes_to_start_even_in_a_crowd(day: Day) -> None:
    assert max(waited for _, waited in day.waited_s) <= 5 * START_S
    assert not day.waiting


def test_capacity_is_ahead_of_a_slow_wave(day: Day) -> None:
    special = ((0, 60), (NOON_S, NOON_S + 60), (CROWD_S, CROWD_S + 1800))
    waits = [waited for at_s, waited in day.waited_s if not any(start <= at_s < end for start, end in special)]
    assert len(waits) > 200
    assert len([waited for waited in waits if waited]) <= len(ZONES), "only those for whom a sleeping zone wakes"


def test_layers_are_added_for_the_crowd_and_merged_when_it_has_gone(day: Day) -> None:
    assert day.most_layers["c"] >= 3 and day.most_layers["a"] == 2
    assert len(of_kind(day, AddLayer)) == len(of_kind(day, MergeLayer))
    assert all(key.layer == 0 for key in day.running)
    assert len(day.moved) <= CAPACITY, "few had to move"


def test_what_died_is_started_again_within_seconds(day: Day) -> None:
    again = [decision.key for at_s, decision in day.decisions if NOON_S <= at_s <= NOON_S + 2 * STEP_S]
    assert ZoneKey("a") in again


def test_empty_zones_sleep_at_night_and_zones_with_players_never(day: Day) -> None:
    slept = of_kind(day, Hibernate)
    assert slept and all(decision.key.zone != "a" for _, decision in slept)


def test_nothing_flaps(day: Day) -> None:
    """No zone is added and taken away, or the other way round, within ten minutes, but for a crash."""
    latest: dict[ZoneKey, tuple[int, bool]] = {}
    for at_s, decision in day.decisions:
        up = isinstance(decision, Start | AddLayer)
        before_s, was_up = latest.get(decision.key, (-DAY_S, not up))
        assert up == was_up or at_s - before_s >= 600, (at_s, decision)
        latest[decision.key] = (at_s, up)


def test_the_same_day_gives_the_same_decisions(day: Day) -> None:
    again = Day()
    again.run()
    assert again.decisions == day.decisions
