"""Bodies of reliable messages, as a client reads and writes them.

Responsible for: the bytes of the messages of all three channels (`docs/protocol.md`).
Not here: fragments and delivery (`netcode/reliable.py`), what becomes of a message (`client/player.py`, `loadtest/`);
welcome and load, which the receiving kernel takes (`client/receiving.py`).

Invariants: reading never raises; a message that is not well formed, or of a type that is not known here, is None.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from myriad.wire.layouts import (
    CHANNEL_CHAT,
    CHANNEL_CONTROL,
    CHANNEL_INVENTORY,
    CHAT_HEARD,
    CHAT_NEARBY,
    CHAT_SAY,
    CHAT_TELL,
    CHAT_WHISPER,
    CHAT_WORLD,
    CHAT_ZONE,
    CONTROL_EVENT,
    CONTROL_GOODBYE,
    CONTROL_PASSAGE,
    CONTROL_WALL,
    CONTROL_WELCOME,
    EVENT_STARTED,
    INVENTORY_CONFIRMED,
    INVENTORY_TRADE,
    MAX_CHAT_BYTES,
    MAX_TRADE_ASSETS,
    TRADE_ASK,
    TRADE_CANCEL,
    TRADE_CONFIRM,
    TRADE_FLAG_MINE,
    TRADE_FLAG_PARTNER,
    TRADE_GIVE,
    TRADE_OFFER,
)

SCOPES: Final = {"zone": CHAT_ZONE, "nearby": CHAT_NEARBY, "world": CHAT_WORLD}
"""How far one may speak."""

TOKEN_BYTES: Final = 2048

Assets = tuple[tuple[int, int], ...]
"""(asset, amount) each."""


class Welcome(NamedTuple):
    """The player is in `zone` now."""

    zone: str


class Goodbye(NamedTuple):
    """The server ends the session, and why."""

    reason: str


class Passage(NamedTuple):
    """A connect token (2048 bytes) with which to wait at `zone`; empty: the offer is withdrawn."""

    zone: str
    token: bytes


class Wall(NamedTuple):
    """There is no way into `zone` for now."""

    zone: str


class WorldEvent(NamedTuple):
    """Something that happens in the whole world began or ended."""

    number: int
    name: str
    started: bool
    text: str


class Confirmed(NamedTuple):
    """Movement `serial` of the character is durable; it then held `balance` of `asset` (255: its level)."""

    serial: int
    reason: int
    asset: int
    balance: int


class Trade(NamedTuple):
    """A trade as it stands. `state`: TRADE_ASKED, TRADE_OPEN, TRADE_DONE or TRADE_CANCELLED."""

    state: int
    partner: int
    version: int
    """What `confirm` has to name: goes up with every change of an offer."""
    confirmed: bool
    partner_confirmed: bool
    mine: Assets
    theirs: Assets


class Chat(NamedTuple):
    """Something that was said. `scope`: CHAT_ZONE, CHAT_NEARBY, CHAT_WORLD, CHAT_WHISPER or CHAT_NOTICE."""

    speaker: int
    name: str
    text: str
    scope: int

    @property
    def nearby(self) -> bool:
        """Only those close by heard it."""
        return self.scope == CHAT_NEARBY

    @property
    def whispered(self) -> bool:
        """Nobody else heard it."""
        return self.scope == CHAT_WHISPER


Message = Welcome | Goodbye | Passage | Wall | WorldEvent | Confirmed | Trade | Chat


def read_message(channel: int, body: bytes) -> Message | None:
    """What a whole message from the server says, or None."""
    read = _READERS.get((channel, body[0])) if body else None
    if read is None:
        return None
    try:
        return read(body)
    except (struct.error, IndexError, ValueError):
        return None


def _words(body: bytes, at: int) -> str:
    """A text after its u8 length."""
    end = at + 1 + body[at]
    if end > len(body):
        raise ValueError
    return body[at + 1 : end].decode(errors="replace")


def _read_welcome(body: bytes) -> Welcome:
    return Welcome(_words(body, 13))


def _read_goodbye(body: bytes) -> Goodbye:
    return Goodbye(_words(body, 1))


def _read_passage(body: bytes) -> Passage:
    at = 2 + body[1]
    (length,) = struct.unpack_from("<H", body, at)
    token = body[at + 2 : at + 2 + length]
    if len(token) != length or length > TOKEN_BYTES:
        raise ValueError
    return Passage(_words(body, 1), token.ljust(TOKEN_BYTES, b"\0") if token else b"")


def _read_wall(body: bytes) -> Wall:
    return Wall(_words(body, 1))


def _read_event(body: bytes) -> WorldEvent:
    phase, number = struct.unpack_from("<BI", body, 1)
    return WorldEvent(number, _words(body, 6), phase == EVENT_STARTED, body[7 + body[6] :].decode(errors="replace"))


def _read_confirmed(body: bytes) -> Confirmed:
    return Confirmed(*struct.unpack_from("<IBBI", body, 1))


def _read_trade(body: bytes) -> Trade:
    state, partner, version, flags = struct.unpack_from("<BIHB", body, 1)
    mine, at = _read_assets(body, 9)
    theirs, _ = _read_assets(body, at)
    return Trade(state, partner, version, bool(flags & TRADE_FLAG_MINE), bool(flags & TRADE_FLAG_PARTNER), mine, theirs)


def _read_assets(body: bytes, at: int) -> tuple[Assets, int]:
    end = at + 1 + 5 * body[at]
    if end > len(body):
        raise ValueError
    return tuple(struct.iter_unpack("<BI", body[at + 1 : end])), end


def _read_chat(body: bytes) -> Chat:
    scope, speaker = struct.unpack_from("<BI", body, 1)
    return Chat(speaker, _words(body, 6), body[7 + body[6] :].decode(errors="replace"), scope)


_READERS: Final[dict[tuple[int, int], Callable[[bytes], Message]]] = {
    (CHANNEL_CONTROL, CONTROL_WELCOME): _read_welcome,
    (CHANNEL_CONTROL, CONTROL_GOODBYE): _read_goodbye,
    (CHANNEL_CONTROL, CONTROL_PASSAGE): _read_passage,
    (CHANNEL_CONTROL, CONTROL_WALL): _read_wall,
    (CHANNEL_CONTROL, CONTROL_EVENT): _read_event,
    (CHANNEL_INVENTORY, INVENTORY_CONFIRMED): _read_confirmed,
    (CHANNEL_INVENTORY, INVENTORY_TRADE): _read_trade,
    (CHANNEL_CHAT, CHAT_HEARD): _read_chat,
}


def _cut(text: str) -> bytes:
    """At most 200 bytes, whole characters."""
    return text.encode()[:MAX_CHAT_BYTES].decode(errors="ignore").encode()


def say(scope: str, text: str) -> bytes:
    """Says `text` in a scope of `SCOPES`. Raises KeyError if it is none."""
    return bytes([CHAT_SAY, SCOPES[scope]]) + _cut(text)


def whisper(name: str, text: str) -> bytes:
    """Says `text` to the character of that name alone, wherever it is. Raises ValueError if no name is so long."""
    raw = name.encode()
    return bytes([CHAT_TELL, len(raw)]) + raw + _cut(text)


def ask_trade(entity: int) -> bytes:
    """Asks a player to trade, or accepts that one's asking."""
    return struct.pack("<BI", TRADE_ASK, entity)


def offer(assets: Sequence[tuple[int, int]]) -> bytes:
    """All that I would give. Raises ValueError for more than 20 assets."""
    if len(assets) > MAX_TRADE_ASSETS:
        raise ValueError(f"an offer has at most {MAX_TRADE_ASSETS} assets")
    return bytes([TRADE_OFFER, len(assets)]) + b"".join(struct.pack("<BI", *asset) for asset in assets)


def confirm(version: int) -> bytes:
    """Agrees to the trade as it stands in `version`."""
    return struct.pack("<BH", TRADE_CONFIRM, version)


def cancel() -> bytes:
    """Ends the trade."""
    return bytes([TRADE_CANCEL])


def give(entity: int, asset: int, amount: int) -> bytes:
    """Gives something away, to a player close by."""
    return struct.pack("<BIBI", TRADE_GIVE, entity, asset, amount)
