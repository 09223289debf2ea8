"""Both ends of a turn, with a real zone and a real socket: what they do in silence, early, and with peers' packets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from emberdale.game import GAME
from myriad.cli.zones import ZoneStates, zone_maker
from myriad.cluster.requests import LeaseGranted
from myriad.core.clock import FixedStep
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import open_udp
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.lean_turn import LeanTurn
from myriad.runtime.turn_kernels import ATTENTION, CALLED, EARLY, NEEDED, OPENED, PAUSED
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE
from myriad.zone.world_zone import WorldZone

ALWAYS_NS = 1 << 62


@dataclass
class Bench:
    """One turn's kernels with everything around them."""

    zone: WorldZone
    port: UdpPort
    turn: LeanTurn
    measures: ZoneMeasures
    sender: socket.socket

    def send(self, first: int) -> None:
        """A datagram waits in the zone's socket: loopback delivers before `sendto` returns."""
        self.sender.sendto(bytes([first]) + os.urandom(40), ("127.0.0.1", self.port.endpoint.port))

    def begin(self, *, speak_until_ns: int = ALWAYS_NS, may_open: bool = True) -> int:
        return self.turn.begin(0, speak_until_ns, 0, may_open=may_open)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    settings = Settings(npcs=20, max_entities=1024)
    port = UdpPort(open_udp("127.0.0.1", 0))
    site = ZoneSite(GAME.zones[0], (port.endpoint,), PhaseTimer(lambda: 1), secret=bytes(32))
    zone = zone_maker(GAME, ZoneStates(GAME, settings))(settings, site)
    assert isinstance(zone, WorldZone)
    zone.start(LeaseGranted(1, None, ()), RealClock().now_ns())
    measures = ZoneMeasures()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield Bench(zone, port, LeanTurn(zone, port, measures, 16_666_666, 4096), measures, sender)
    port.close()


def test_a_turn_to_which_nothing_comes_opens_the_tick_by_itself(bench: Bench) -> None:
    assert bench.begin() == OPENED
    assert bench.begin(may_open=False) == 0


def test_after_the_lease_nothing_is_taken_and_no_input_is_handed_out(bench: Bench) -> None:
    bench.send(PEER_BYTE)
    before = bench.measures.num_silenced
    assert bench.begin(speak_until_ns=1) == 0
    assert bench.turn.take_peers() == 0
    bench.turn.note_counts()
    assert bench.measures.num_silenced == before + 1


def test_packets_of_peers_call_python_but_calm_ones_wait_for_it(bench: Bench) -> None:
    bench.send(CALM_PEER_BYTE)
    assert bench.begin() == OPENED
    bench.send(CALM_PEER_BYTE)
    bench.send(PEER_BYTE)
    assert bench.begin() == NEEDED
    assert bench.turn.take_peers() == 3
    assert bench.turn.peers["data"][:3, 0].tolist() == [CALM_PEER_BYTE, CALM_PEER_BYTE, PEER_BYTE]
    assert bench.turn.take_peers() == 0


def test_messages_of_players_wait_for_the_slow_lane_until_half_of_the_inbox_is_full(bench: Bench) -> None:
    state, inbox = bench.zone.arrays.reliable.state, bench.zone.arrays.reliable.inbox
    came = []
    for waiting in (len(inbox) // 2, len(inbox) // 2 + 1):
        state["num_inbox"] = waiting
        came.append(bench.begin())
    state["num_inbox"] = 0
    assert came == [OPENED, NEEDED]


def test_more_packets_of_peers_than_there_is_room_for_are_counted_drops(bench: Bench) -> None:
    drops = bench.zone.arrays.server.drops
    before = int(drops.sum())
    for _ in range(3):
        for _ in range(100):
            bench.send(CALM_PEER_BYTE)
        bench.begin()
    assert bench.turn.take_peers() == len(bench.turn.peers)
    assert int(drops.sum()) == before + 300 - len(bench.turn.peers)


def test_a_sleeper_that_is_woken_early_does_nothing(bench: Bench) -> None:
    bench.send(PEER_BYTE)
    bench.port.wake()
    later_ns = RealClock().now_ns() + 60_000_000_000
    assert bench.turn.begin(later_ns, ALWAYS_NS, 0, may_open=True) == CALLED | EARLY
    bench.port.forget_wakes()
    assert bench.begin() == NEEDED  # what had come was still there
    assert bench.turn.take_peers() == 1


def test_nothing_is_sent_after_the_lease(bench: Bench) -> None:
    sent = bench.port.traffic().num_sent
    before = bench.measures.num_silenced
    bench.begin()
    bench.turn.finish(3, 1, (False, -1, 1), (0, 0, 0))
    bench.turn.note_counts()
    assert bench.port.traffic().num_sent == sent
    assert bench.measures.num_silenced == before + 3


ATTENTION_TICKS = 6
HZ = 600
"""So that whole turns take little time to wait for, and a busy machine is in time for them."""
MAX_TRIES = 200
SLOW_NS = 1_000_000_000


def started(ago_ns: int = 0) -> FixedStep:
    step = FixedStep(HZ)
    step.start(RealClock().now_ns() - ago_ns)
    return step


def tick_of(bench: Bench) -> int:
    return int(bench.zone.world.clock["tick"][0])


def to_the_slow_lane(bench: Bench) -> None:
    while (tick_of(bench) + 1) % ATTENTION_TICKS:
        bench.zone.advance()
    bench.zone.advance()


def run_to_the_slow_lane(bench: Bench) -> int:
    """Whole turns, again and again if the machine is too busy to be in time for one; returns how many they were."""
    ran = 0
    for _ in range(MAX_TRIES):
        step = started()
        came = bench.turn.run(step, ALWAYS_NS, SLOW_NS)
        ran += step.origin[1]
        if came & ATTENTION:
            return ran
    raise AssertionError("the machine is never in time")


def test_whole_turns_run_until_the_slow_lane_is_due(bench: Bench) -> None:
    to_the_slow_lane(bench)
    before, counted = tick_of(bench), bench.measures.num_ticks
    assert run_to_the_slow_lane(bench) == ATTENTION_TICKS - 1
    assert tick_of(bench) == before + ATTENTION_TICKS - 1
    assert bench.measures.num_ticks == counted + ATTENTION_TICKS - 1


def test_a_world_is_the_same_whether_its_ticks_were_whole_turns_or_not(bench: Bench) -> None:
    settings = Settings(npcs=20, max_entities=1024)
    site = ZoneSite(GAME.zones[0], (bench.port.endpoint,), PhaseTimer(lambda: 1), secret=bytes(32))
    zones = [zone_maker(GAME, ZoneStates(GAME, settings))(settings, site) for _ in range(2)]
    whole, parts = zones
    assert isinstance(whole, WorldZone) and isinstance(parts, WorldZone)
    measures = ZoneMeasures()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        turn = LeanTurn(whole, bench.port, measures, 1, 4096)
        run_to_the_slow_lane(Bench(whole, bench.port, turn, measures, sender))
    while parts.world.clock["tick"][0] < whole.world.clock["tick"][0]:
        parts.advance()
        parts.take_show()
    assert whole.world.clock.tobytes() == parts.world.clock.tobytes()
    assert whole.world.entities.tobytes() == parts.world.entities.tobytes()
    assert whole.arrays.pace["encoded"] == parts.arrays.pace["encoded"] == 1


def test_ticks_that_are_owed_are_run_one_after_another_and_those_beyond_the_catch_up_are_for_python(
    bench: Bench,
) -> None:
    to_the_slow_lane(bench)
    before = tick_of(bench)
    step = FixedStep(1, catch_up_ticks=3)  # one a second, so that a busy machine owes none more
    step.start(RealClock().now_ns() - 3_020_000_000)
    bench.port.wake()  # when nothing is owed any more it sleeps: this ends it
    assert bench.turn.run(step, ALWAYS_NS, SLOW_NS) == CALLED | EARLY
    bench.port.forget_wakes()
    assert (tick_of(bench), step.origin[1]) == (before + 3, 3)
    step.start(RealClock().now_ns() - 4_020_000_000)
    assert bench.turn.run(step, ALWAYS_NS, SLOW_NS) == OPENED
    assert tick_of(bench) == before + 3
    assert step.due_one(RealClock().now_ns())
    assert (step.skipped_ticks, step.origin[1]) == (1, 2)


def test_a_turn_after_the_lease_is_for_python_and_opens_nothing(bench: Bench) -> None:
    to_the_slow_lane(bench)
    before = tick_of(bench)
    assert bench.turn.run(started(), 1, SLOW_NS) == 0
    assert tick_of(bench) == before


def test_whole_turns_end_with_a_slow_one_and_with_a_packet_for_python(bench: Bench) -> None:
    to_the_slow_lane(bench)
    for _ in range(MAX_TRIES):
        step = started()
        came = bench.turn.run(step, ALWAYS_NS, 0)
        if step.origin[1]:  # a busy machine may be late for it
            break
    assert (came, step.origin[1]) == (PAUSED, 1)
    assert bench.turn.turn_ns > 0
    bench.send(PEER_BYTE)
    assert bench.turn.run(started(), ALWAYS_NS, SLOW_NS) & NEEDED
    assert bench.turn.take_peers() == 1


def test_nobody_is_taken_to_hang_after_whole_turns(bench: Bench) -> None:
    to_the_slow_lane(bench)
    run_to_the_slow_lane(bench)
    assert bench.turn.working_since_ns == 0


def test_turns_that_somebody_wants_to_see_are_not_run_whole(bench: Bench) -> None:
    seen = []
    for watched in (False, True, False):
        bench.measures.watched = watched
        seen.append(bench.turn.runs_by_itself)
    assert seen == [True, False, True]
