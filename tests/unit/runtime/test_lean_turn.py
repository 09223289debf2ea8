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
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import open_udp
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.lean_turn import CALLED, EARLY, NEEDED, OPENED, LeanTurn
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
    bench.turn.finish(3, 1, (False, -1, 1), (0, 0, 0), RealClock().now_ns())
    bench.turn.note_counts()
    assert bench.port.traffic().num_sent == sent
    assert bench.measures.num_silenced == before + 3
