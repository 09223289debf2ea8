"""Whatever players say about trade, in whatever order: nothing is made, lost or doubled, and nobody is cheated.

A seeded simulation of two or three players; a failure names its seed. The witness judges by the messages alone.
"""

from __future__ import annotations

import random
import struct
from collections import Counter

import pytest

from myriad.wire.layouts import TRADE_GIVE, TRADE_OPEN
from myriad.zone.trade import Given
from tests.unit.zone.market import ADA, BOB, CANCEL, CARL, Market, Seen, ask, confirm, give, offer

MOVES = ("walk", "freeze", "leave", "check", *["return"] * 6)


def random_doing(rng: random.Random, me: int, players: tuple[int, ...]) -> str | bytes:
    """What a player does next: mostly something that leads to a trade."""
    amounts = {rng.choice((0, 0, 0, 1, 2)): rng.choice((1, 1, 1, 2, 40)) for _ in range(rng.randrange(4))}
    other = me if rng.random() < 0.02 else rng.choice([player for player in players if player != me])
    messages = {
        b"newest": 10,
        b"late": 3,
        offer(*amounts.items()): 8,
        ask(other): 6,
        give(other, rng.randrange(3), rng.randint(1, 60)): 1,
        rng.randbytes(rng.randrange(12)): 1,
        CANCEL: 1,
    }
    return rng.choice(MOVES) if rng.random() < 0.04 else rng.choices(list(messages), list(messages.values()))[0]


class Witness(Market):
    """Remembers what each player was shown and agreed to, by the messages alone."""

    def __init__(self) -> None:
        super().__init__()
        self.agreed: dict[int, list[Seen]] = {ADA: [], BOB: [], CARL: []}
        self.gift: tuple[int, int, Given, Given] | None = None
        self.num_trades = 0
        """Trades in which something changed hands."""

    def do(self, character: int, doing: str | bytes) -> None:
        match doing:
            case "walk":
                self.places_m[character] = 30.0
            case "return":
                self.places_m[character] = 5.0
            case "freeze":
                self.trades.cancel(character)
                self.places_m.pop(character, None)
            case "leave":
                self.trades.gone(character)
                self.places_m.pop(character, None)
            case "check":
                self.trades.check(self.now_ns)
            case bytes():
                self.act(character, doing)

    def act(self, character: int, body: bytes) -> None:
        shown = [seen for seen in self.seen[character] if seen.version]
        if body in (b"newest", b"late"):  # late: the newest offer is still under way to the player
            basis = shown[-2:][0 if body == b"late" else -1] if shown else None
            body = confirm(basis.version if basis else 1)
            self.agreed[character] += [basis] if basis and basis.state == TRADE_OPEN else []
        self.gift = None
        if len(body) == 10 and body[0] == TRADE_GIVE:
            _, entity, asset, amount = struct.unpack("<BIBI", body)
            self.gift = (character, entity, ((asset, amount),), ())
        self.hear(character, body)

    def exchange(self, a: int, b: int, gives_a: Given, gives_b: Given) -> bool:
        trade = (a, b, gives_a, gives_b) != self.gift
        if trade:
            by_a = {seen.version for seen in self.agreed[a] if seen[1:2] + seen[4:] == (b, gives_a, gives_b)}
            by_b = {seen.version for seen in self.agreed[b] if seen[1:2] + seen[4:] == (a, gives_b, gives_a)}
            assert by_a & by_b
        distance_m = self.distance_m(a, b)
        assert distance_m is not None and distance_m <= 10.0
        done = super().exchange(a, b, gives_a, gives_b)
        self.num_trades += done and trade and bool(gives_a or gives_b)
        return done

    def receive(self, character: int, body: bytes) -> None:
        super().receive(character, body)
        shown = self.seen[character][-1]
        if shown.version and shown.state != TRADE_OPEN:
            self.agreed[character].clear()


@pytest.mark.parametrize("seed", range(12))
def test_no_sequence_of_messages_creates_loses_or_doubles_anything_or_trades_what_both_did_not_confirm(
    seed: int,
) -> None:
    rng = random.Random(seed)
    num_trades = 0
    for players in [(ADA, BOB), (ADA, BOB, CARL)] * 6:
        market = Witness()
        total = sum(market.holdings.values(), Counter[int]())
        for _ in range(150):
            me = rng.choice(players)
            market.do(me, random_doing(rng, me, players))
            assert sum(market.holdings.values(), Counter[int]()) == total
            assert all(amount >= 0 for held in market.holdings.values() for amount in held.values())
        num_trades += market.num_trades
    assert num_trades > 0
