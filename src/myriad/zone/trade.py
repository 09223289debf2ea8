"""Trade between two players of one zone, and gifts.

Responsible for: who trades with whom, what each offers, who has agreed to what, when a trade ends, and the messages
about it on channel 1.
Not here: moving anything (the game's `exchange`), making it durable (ledger entries and the next cut).

A trade begins when each of two players has asked the other. It is in memory only: whatever ends it (a player leaves, is
frozen, walks away) before the exchange, nothing has changed hands. A gift is answered as a trade with version 0.

Invariants: a character is in at most one trade and asks at most one other. Every change of an offer makes a new version
and voids both confirmations, so things change hands only as both have seen and confirmed them. A message that is not
well formed, or one too many, changes nothing. Memory is bounded by the number of characters.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from myriad.core.errors import DROP_RELIABLE_MALFORMED, DROP_TRADE_RATE
from myriad.wire.layouts import (
    ASSET_LEVEL,
    INVENTORY_TRADE,
    MAX_TRADE_ASSETS,
    TRADE_ASK,
    TRADE_ASKED,
    TRADE_CANCEL,
    TRADE_CANCELLED,
    TRADE_CONFIRM,
    TRADE_DONE,
    TRADE_FLAG_MINE,
    TRADE_FLAG_PARTNER,
    TRADE_GIVE,
    TRADE_OFFER,
    TRADE_OPEN,
)
from myriad.zone.chat import ChatRate

Given = tuple[tuple[int, int], ...]
"""(asset, amount) each."""

ASK_NS: Final = 30_000_000_000
"""How long an ask may be answered."""
MESSAGES_PER_S: Final = 5.0

_ASSET: Final = struct.Struct("<BI")
_HEAD: Final = struct.Struct("<BBIHB")


class Ask(NamedTuple):
    """A player wants to trade with `entity`, or agrees to."""

    entity: int


class Offer(NamedTuple):
    """All that a player would give."""

    gives: Given


class Confirm(NamedTuple):
    """A player agrees to the trade as it stands in `version`."""

    version: int


class Cancel(NamedTuple):
    """A player does not want to trade any more."""


class Gift(NamedTuple):
    """A player gives something away."""

    entity: int
    gives: Given


def decode(body: bytes) -> Ask | Offer | Confirm | Cancel | Gift | None:
    """What a player's message about trade says, or None if it is not well formed to its last byte."""
    kind, rest = body[:1], body[1:]
    if kind == bytes([TRADE_ASK]) and len(rest) == 4:
        return Ask(int.from_bytes(rest, "little"))
    if kind == bytes([TRADE_OFFER]) and rest and len(rest) == 1 + rest[0] * _ASSET.size:
        offered = _decode_assets(rest[1:])
        return None if offered is None else Offer(offered)
    if kind == bytes([TRADE_CONFIRM]) and len(rest) == 2:
        return Confirm(int.from_bytes(rest, "little"))
    if kind == bytes([TRADE_CANCEL]) and not rest:
        return Cancel()
    if kind == bytes([TRADE_GIVE]) and len(rest) == 4 + _ASSET.size:
        given = _decode_assets(rest[4:])
        return None if given is None else Gift(int.from_bytes(rest[:4], "little"), given)
    return None


def _decode_assets(raw: bytes) -> Given | None:
    """Whole entries, or None unless they are few enough and each is tradable, named once and of some amount."""
    given = tuple(_ASSET.iter_unpack(raw))
    assets = {asset for asset, amount in given if asset != ASSET_LEVEL and amount > 0}
    return given if len(given) == len(assets) and len(given) <= MAX_TRADE_ASSETS else None


def _encode_assets(given: Given) -> bytes:
    return bytes([len(given)]) + b"".join(_ASSET.pack(*one) for one in given)


class _Trade:
    """An open trade between `a` and `b`."""

    def __init__(self, a: int, b: int, version: int) -> None:
        self.a = a
        self.b = b
        self.version = version
        self.offers: dict[int, Given] = {a: (), b: ()}
        self.confirmed: set[int] = set()

    def partner(self, character: int) -> int:
        return self.b if character == self.a else self.a


class Trades:
    """All trades of one zone."""

    def __init__(
        self,
        *,
        max_distance_m: float,
        distance_m: Callable[[int, int], float | None],
        exchange: Callable[[int, int, Given, Given], bool],
        send: Callable[[int, bytes], None],
    ) -> None:
        """`distance_m(a, b)`: how far two characters stand apart, None if one cannot trade now (is not here, frozen).

        `exchange(a, b, gives_a, gives_b)` lets both lists change hands and is true, or changes nothing and is false.
        `send(character, body)` hands a message to channel 1; to one who is gone it goes nowhere.
        """
        self.num_exchanges = 0
        """Trades and gifts carried out."""
        self._max_distance_m = max_distance_m
        self._distance_m = distance_m
        self._exchange = exchange
        self._send = send
        self._trades: dict[int, _Trade] = {}
        self._asks: dict[int, tuple[int, int]] = {}
        """By who asks: who is asked, and until when (ns)."""
        self._rates: dict[int, ChatRate] = {}
        self._version = 0

    def hear(self, character: int, body: bytes, now_ns: int) -> int | None:
        """A message of a player's about trade; None, or the reason (DROP_...) for which it was ignored."""
        message = decode(body)
        if message is None:
            return DROP_RELIABLE_MALFORMED
        rate = self._rates.setdefault(character, ChatRate(MESSAGES_PER_S, now_ns))
        if not isinstance(message, Cancel) and not rate.allow(now_ns):
            return DROP_TRADE_RATE
        match message:
            case Ask(entity):
                self._ask(character, entity, now_ns)
            case Offer(gives):
                self._offer(character, gives)
            case Confirm(version):
                self._confirm(character, version)
            case Cancel():
                self.cancel(character)
            case Gift(entity, gives):
                self._give(character, entity, gives)
        return None

    @property
    def idle(self) -> bool:
        """True if nobody trades and nobody has asked: `check` would find nothing."""
        return not self._trades and not self._asks

    def cancel(self, character: int) -> None:
        """It cannot trade for now, or does not want to: its trade ends, what it asked and what it was asked too."""
        trade = self._trades.get(character)
        if trade is not None:
            self._close(trade, TRADE_CANCELLED)
        self._withdraw_asks({character})

    def gone(self, character: int) -> None:
        """It has left the zone."""
        self.cancel(character)
        self._rates.pop(character, None)

    def check(self, now_ns: int) -> None:
        """Ends what has lasted too long or is too far apart. Call it every second or so."""
        for trade in {id(trade): trade for trade in self._trades.values()}.values():
            if not self._near(trade.a, trade.b):
                self._close(trade, TRADE_CANCELLED)
        for asker, (asked, until_ns) in list(self._asks.items()):
            if now_ns >= until_ns or not self._near(asker, asked):
                self._withdraw(asker)

    # Commands of players.

    def _ask(self, me: int, other: int, now_ns: int) -> None:
        mine = self._trades.get(me)
        if mine is not None and mine.partner(me) == other:
            return
        if mine is not None or other in self._trades or me == other or not self._near(me, other):
            self._say(me, TRADE_CANCELLED, other)
        elif self._asks.get(other, (0, 0))[0] == me:
            self._open(other, me)
        else:
            self._note_ask(me, other, now_ns + ASK_NS)

    def _note_ask(self, me: int, other: int, until_ns: int) -> None:
        before = self._asks.get(me)
        if before is not None and before[0] != other:
            self._withdraw(me)
        self._asks[me] = (other, until_ns)
        if before is None or before[0] != other:
            self._say(me, TRADE_ASKED, other, flags=TRADE_FLAG_MINE)
            self._say(other, TRADE_ASKED, me, flags=TRADE_FLAG_PARTNER)

    def _open(self, a: int, b: int) -> None:
        del self._asks[a]
        self._withdraw_asks({a, b})
        trade = self._trades[a] = self._trades[b] = _Trade(a, b, self._next_version())
        self._show(trade, TRADE_OPEN)

    def _offer(self, me: int, gives: Given) -> None:
        trade = self._trades.get(me)
        if trade is None:
            return
        trade.version = self._next_version()
        trade.offers[me] = gives
        trade.confirmed.clear()
        self._show(trade, TRADE_OPEN)

    def _confirm(self, me: int, version: int) -> None:
        trade = self._trades.get(me)
        if trade is None or trade.version != version:
            return
        trade.confirmed.add(me)
        if len(trade.confirmed) < 2:
            self._show(trade, TRADE_OPEN)
            return
        done = self._carry_out(trade.a, trade.b, trade.offers[trade.a], trade.offers[trade.b])
        self._close(trade, TRADE_DONE if done else TRADE_CANCELLED)

    def _give(self, me: int, other: int, gift: Given) -> None:
        if me == other or me in self._trades or not self._carry_out(me, other, gift, ()):
            self._say(me, TRADE_CANCELLED, other)
            return
        both = TRADE_FLAG_MINE | TRADE_FLAG_PARTNER
        self._say(me, TRADE_DONE, other, flags=both, mine=gift)
        self._say(other, TRADE_DONE, me, flags=both, theirs=gift)

    def _next_version(self) -> int:
        """One of no other trade either, so that a confirmation that is late counts for nothing; u16, never 0."""
        self._version = self._version % 0xFFFF + 1
        return self._version

    # Ends.

    def _carry_out(self, a: int, b: int, gives_a: Given, gives_b: Given) -> bool:
        done = self._near(a, b) and self._exchange(a, b, gives_a, gives_b)
        self.num_exchanges += done
        return done

    def _close(self, trade: _Trade, state: int) -> None:
        del self._trades[trade.a], self._trades[trade.b]
        self._show(trade, state)

    def _withdraw_asks(self, characters: set[int]) -> None:
        """All asks that come from or go to one of these."""
        for asker in [asker for asker, (asked, _) in self._asks.items() if characters & {asker, asked}]:
            self._withdraw(asker)

    def _withdraw(self, asker: int) -> None:
        asked, _ = self._asks.pop(asker)
        self._say(asker, TRADE_CANCELLED, asked)
        self._say(asked, TRADE_CANCELLED, asker)

    def _near(self, a: int, b: int) -> bool:
        distance_m = self._distance_m(a, b)
        return distance_m is not None and distance_m <= self._max_distance_m

    # Messages to players.

    def _show(self, trade: _Trade, state: int) -> None:
        """Tell both how the trade stands."""
        for me in (trade.a, trade.b):
            other = trade.partner(me)
            flags = TRADE_FLAG_MINE * (me in trade.confirmed) | TRADE_FLAG_PARTNER * (other in trade.confirmed)
            self._say(me, state, other, trade.version, flags, trade.offers[me], trade.offers[other])

    def _say(
        self, to: int, state: int, partner: int, version: int = 0, flags: int = 0, mine: Given = (), theirs: Given = ()
    ) -> None:
        head = _HEAD.pack(INVENTORY_TRADE, state, partner, version, flags)
        self._send(to, head + _encode_assets(mine) + _encode_assets(theirs))
