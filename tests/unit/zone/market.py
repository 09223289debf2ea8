"""Three who may trade, what they hold and where they stand; and the bytes they speak, written from the document."""

from __future__ import annotations

import struct
from collections import Counter
from typing import NamedTuple

from myriad.wire.layouts import (
    INVENTORY_TRADE,
    TRADE_ASK,
    TRADE_CANCEL,
    TRADE_CONFIRM,
    TRADE_GIVE,
    TRADE_OFFER,
    TRADE_OPEN,
)
from myriad.zone.trade import Given, Trades

ADA, BOB, CARL = 7, 8, 9
SECOND = 1_000_000_000


def ask(entity: int) -> bytes:
    return struct.pack("<BI", TRADE_ASK, entity)


def offer(*assets: tuple[int, int]) -> bytes:
    return bytes([TRADE_OFFER, len(assets)]) + b"".join(struct.pack("<BI", *one) for one in assets)


def confirm(version: int) -> bytes:
    return struct.pack("<BH", TRADE_CONFIRM, version)


def give(entity: int, asset: int, amount: int) -> bytes:
    return struct.pack("<BIBI", TRADE_GIVE, entity, asset, amount)


CANCEL = bytes([TRADE_CANCEL])


class Seen(NamedTuple):
    """A message of the server's, as the document says."""

    state: int
    partner: int
    version: int
    flags: int
    mine: Given
    theirs: Given


def read(body: bytes) -> Seen:
    kind, state, partner, version, flags, n = struct.unpack_from("<BBIHBB", body)
    assert kind == INVENTORY_TRADE
    assets = [struct.unpack_from("<BI", body, 10 + 5 * i) for i in range(n)]
    m = body[10 + 5 * n]
    others = [struct.unpack_from("<BI", body, 11 + 5 * (n + i)) for i in range(m)]
    assert len(body) == 11 + 5 * (n + m)
    return Seen(state, partner, version, flags, tuple(assets), tuple(others))


class Market:
    """Characters with things on a line, whose messages come a second apart."""

    def __init__(self) -> None:
        self.holdings = {ADA: Counter({0: 100, 1: 2}), BOB: Counter({0: 50, 2: 1}), CARL: Counter({0: 10})}
        self.places_m = {ADA: 0.0, BOB: 5.0, CARL: 8.0}
        self.seen: dict[int, list[Seen]] = {ADA: [], BOB: [], CARL: []}
        self.exchanges: list[tuple[int, int, Given, Given]] = []
        self.now_ns = 0
        self.trades = Trades(max_distance_m=10.0, distance_m=self.distance_m, exchange=self.exchange, send=self.receive)

    def distance_m(self, a: int, b: int) -> float | None:
        both = self.places_m.keys() >= {a, b}
        return abs(self.places_m[a] - self.places_m[b]) if both else None

    def exchange(self, a: int, b: int, gives_a: Given, gives_b: Given) -> bool:
        self.exchanges.append((a, b, gives_a, gives_b))
        if not (self.has(a, gives_a) and self.has(b, gives_b)):
            return False
        for source, target, gives in ((a, b, gives_a), (b, a, gives_b)):
            for asset, amount in gives:
                self.holdings[source][asset] -= amount
                self.holdings[target][asset] += amount
        return True

    def has(self, character: int, gives: Given) -> bool:
        return all(self.holdings[character][asset] >= amount for asset, amount in gives)

    def receive(self, character: int, body: bytes) -> None:
        if character in self.seen:
            self.seen[character].append(read(body))

    def hear(self, character: int, body: bytes) -> int | None:
        self.now_ns += SECOND
        return self.trades.hear(character, body, self.now_ns)

    def open(self) -> None:
        self.hear(ADA, ask(BOB))
        self.hear(BOB, ask(ADA))
        assert self.seen[ADA][-1].state == self.seen[BOB][-1].state == TRADE_OPEN

    def last(self, character: int) -> Seen:
        return self.seen[character][-1]

    def state(self) -> object:
        """Everything that a rejected message must leave alone."""
        return self.holdings, {who: list(seen) for who, seen in self.seen.items()}, list(self.exchanges)
