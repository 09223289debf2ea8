"""Players hand things to each other: who holds something gives, trades or drops it, and trades come to their end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from myriad.client.messages import Trade
from myriad.loadtest.barter import LOOK_EVERY_NS, Barter
from myriad.loadtest.promises import Promises
from myriad.loadtest.swarm import PLAYING
from myriad.wire.layouts import CHANNEL_INVENTORY, TRADE_ASKED, TRADE_DONE, TRADE_OPEN
from tests.unit.client.scripted_zone import MEADOW_GAME
from tests.unit.loadtest.journey_bench import Bench

ASK, OFFER, CONFIRM, GIVE = 1, 2, 3, 5


class Market:
    """Three players; the first has five coins."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        plan, clients = bench.swarm.plan, bench.swarm.clients
        plan["stage"] = PLAYING
        plan["x"], plan["y"] = [0.0, 2.0, 500.0], 0.0
        clients.sessions["entity_id"][:3] = [71, 72, 73]
        bench.travel.zone_of[:] = ["west"] * 3
        private: Any = np.zeros(1, MEADOW_GAME.private_dtype)
        private["coins"] = 5
        clients.states["private"][0, : private.itemsize] = private.view(np.uint8)
        promises = Promises(MEADOW_GAME, bench.swarm, bench.travel)
        self.barter = Barter(MEADOW_GAME, bench.crew, bench.travel, promises, seed=1)
        self.now_ns = 1_000_000_000

    def act(self) -> None:
        self.now_ns += LOOK_EVERY_NS
        self.barter.act(self.now_ns)

    def sent(self, player: int) -> list[bytes]:
        """The messages that wait to be sent, taken away."""
        reliable = self.bench.swarm.clients.reliable
        channel = reliable.channels[player, CHANNEL_INVENTORY]
        first, end = int(channel["first"]), int(channel["next"])
        found = []
        for k in range(first, end):
            entry = reliable.slab[int(channel["slots"][k % 64])]
            found.append(entry["data"][: int(entry["length"])].tobytes())
        channel["first"] = end
        return found

    def hear(self, player: int, trade: Trade) -> None:
        for hear in self.bench.travel.listeners:
            hear(player, trade)


@pytest.fixture
def market() -> Iterator[Market]:
    with Bench(3) as bench:
        yield Market(bench)


def test_who_holds_something_gives_it_to_or_trades_with_somebody_close_by(market: Market) -> None:
    kinds = set()
    for _ in range(12):
        market.act()
        for body in market.sent(0):
            kinds.add(body[0])
            assert body in (struct.pack("<BI", ASK, 72), struct.pack("<BIBI", GIVE, 72, 0, 1))
        market.barter._busy_until_ns[:] = 0
    assert kinds == {ASK, GIVE}
    assert market.sent(1) == market.sent(2) == []


def test_a_player_does_one_thing_at_a_time(market: Market) -> None:
    market.act()
    assert len(market.sent(0)) == 1
    market.act()
    assert market.sent(0) == []


def test_a_partner_farther_away_is_sent_there_and_a_lonely_one_drops_a_thing(market: Market) -> None:
    plan, bots = market.bench.swarm.plan, market.bench.swarm.bots.bots
    plan["x"][1] = 20.0
    market.act()
    assert market.sent(0) == []
    assert (int(bots["walking"][1]), float(bots["to_x"][1])) == (1, 0.0)
    private = market.bench.swarm.clients.states["private"][0, : MEADOW_GAME.private_dtype.itemsize]
    held: Any = private.copy().view(MEADOW_GAME.private_dtype)
    held["slot_item"][0, 6], held["slot_count"][0, 6] = 3, 2
    market.bench.swarm.clients.states["private"][0, : held.itemsize] = held.view(np.uint8)
    plan["x"][1] = 100.0
    market.barter._busy_until_ns[:] = 0
    market.act()
    queue = market.bench.swarm.clients.queues[0]
    assert int(queue["intent"][int(queue["num_runs"]) - 1]) == MEADOW_GAME.intents["drop"]
    assert int(queue["argument"][int(queue["num_runs"]) - 1]) == 6 | 1 << 8


def test_travellers_go_their_way(market: Market) -> None:
    market.bench.swarm.bots.bots["travels"][:] = 1
    market.act()
    assert market.sent(0) == []


def test_a_trade_is_agreed_to_offered_confirmed_and_counted(market: Market) -> None:
    market.hear(1, Trade(TRADE_ASKED, 71, 0, False, True, (), ()))
    assert market.sent(1) == [struct.pack("<BI", ASK, 71)]
    market.hear(0, Trade(TRADE_ASKED, 72, 0, True, False, (), ()))
    assert market.sent(0) == [], "its own asking"
    for player, partner in ((0, 72), (1, 71)):
        market.hear(player, Trade(TRADE_OPEN, partner, 1, False, False, (), ()))
    assert market.sent(0) == [bytes([OFFER, 1]) + struct.pack("<BI", 0, 1)]
    assert market.sent(1) == [], "it has nothing to offer"
    market.hear(0, Trade(TRADE_OPEN, 72, 2, False, False, ((0, 1),), ()))
    market.hear(1, Trade(TRADE_OPEN, 71, 2, False, True, (), ((0, 1),)))
    assert market.sent(0) == market.sent(1) == [struct.pack("<BH", CONFIRM, 2)]
    market.hear(0, Trade(TRADE_OPEN, 72, 2, True, False, ((0, 1),), ()))
    assert market.sent(0) == [], "it has confirmed"
    market.hear(0, Trade(TRADE_DONE, 72, 2, True, True, ((0, 1),), ()))
    market.hear(1, Trade(TRADE_DONE, 71, 2, True, True, (), ((0, 1),)))
    assert market.barter.num_trades == 1
