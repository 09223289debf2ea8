"""Numbered messages: what a zone took must arrive; what went down with a connection or around a loss is not judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from myriad.client.messages import Chat
from myriad.loadtest.gossip import LATE_NS, WORLD_EVERY_NS, Gossip
from myriad.wire.layouts import CHANNEL_CHAT, CHAT_WHISPER, CHAT_WORLD
from tests.unit.loadtest.journey_bench import Bench

NAMES = ["Ada", "Bob", "Cid", "Dee"]


class Square:
    """Four players in two zones, all in place; the test acknowledges and delivers."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.travel.zone_of[:] = ["west", "west", "east", "east"]
        bench.swarm.clients.sessions["joined"][:4] = 1
        self.gossip = Gossip(bench.crew, bench.travel, bench.losses, NAMES, seed=3)
        self.now_ns = 10 * LATE_NS
        self.gossip.begin(self.now_ns)

    def say(self) -> None:
        """Exactly what is due now: one whisper and one word to the world."""
        self.gossip.talk(self.now_ns)

    def acknowledge(self) -> None:
        channels = self.bench.swarm.clients.reliable.channels
        channels["first"][:, CHANNEL_CHAT] = channels["next"][:, CHANNEL_CHAT]
        self.gossip.judge(self.now_ns)

    def hear(self, player: int, number: int, scope: int = CHAT_WHISPER) -> None:
        for hear in self.bench.travel.listeners:
            hear(player, Chat(1, "Somebody", f"#{number}", scope))

    def later(self) -> None:
        self.now_ns += LATE_NS + 1
        self.gossip.judge(self.now_ns)

    @property
    def sent_and_lost(self) -> tuple[int, int]:
        return self.gossip.num_sent, self.gossip.num_lost


@pytest.fixture
def square() -> Iterator[Square]:
    with Bench(4) as bench:
        yield Square(bench)


def test_a_whisper_counts_once_and_the_world_for_each_listener(square: Square) -> None:
    square.say()
    square.acknowledge()
    for player in range(4):
        square.hear(player, 0)
        square.hear(player, 1, CHAT_WORLD)
        square.hear(player, 1, CHAT_WORLD)
    square.gossip.judge(square.now_ns)
    assert square.sent_and_lost == (1 + 3, 0)
    assert not square.gossip.is_waiting


def test_what_was_taken_and_not_heard_in_time_is_lost(square: Square) -> None:
    square.say()
    square.acknowledge()
    square.later()
    assert square.sent_and_lost == (4, 4)


def test_speakers_and_hearers_are_in_different_zones(square: Square) -> None:
    zones = square.bench.travel.zone_of
    assert len(square.gossip._pairs) == 2
    assert all(zones[one] != zones[other] for one, other in square.gossip._pairs)


def test_what_no_zone_took_is_not_judged(square: Square) -> None:
    square.say()
    square.later()
    square.later()
    assert square.sent_and_lost == (0, 0)
    assert not square.gossip.is_waiting


def test_what_was_said_on_a_connection_that_is_left_before_it_was_taken_is_not_judged(square: Square) -> None:
    square.say()
    square.bench.swarm.plan["row"][:] += 4
    square.gossip.judge(square.now_ns)
    square.acknowledge()
    square.later()
    assert square.sent_and_lost == (0, 0)


def test_around_a_loss_nothing_is_judged(square: Square) -> None:
    square.say()
    square.acknowledge()
    square.bench.losses.last_ns[:] = square.now_ns
    square.later()
    assert square.sent_and_lost == (0, 0)


def test_who_is_lost_says_nothing(square: Square) -> None:
    square.bench.losses.since_ns[:] = square.now_ns
    square.say()
    assert not square.gossip.is_waiting


def test_talk_goes_on_at_its_pace(square: Square) -> None:
    for _ in range(100):
        square.say()
        square.now_ns += WORLD_EVERY_NS // 10
    assert 18 <= square.gossip._number <= 22, "two pairs whisper every two seconds, the world hears one a second"
