"""The bytes of talk: from players and to them, between zones, and on the bus.

Responsible for: each message both ways.
Not here: who hears what (`talk.py`), fragments and delivery (`netcode/reliable.py`, `peer_link.py`, `bus/`).

Between zones: `u8 1 (nearby) · f64 x · f64 y · said`, `u8 2 (whisper) · u8 hops · u8 length, to · said`,
`u8 3 (outcome) · u32 epoch · u64 number · u8 1 if delivered`. On the bus: `said`. It is
`u8 length, zone · u8 layer · u32 epoch · u64 number · u32 speaker · u8 length, name · text`.

Invariant: decoding never raises; what is not well formed to the last byte is None.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NamedTuple

from myriad.cluster.requests import ZoneKey
from myriad.wire.layouts import (
    CHAT_HEARD,
    CHAT_NEARBY,
    CHAT_SAY,
    CHAT_TELL,
    CHAT_WHISPER,
    CHAT_WORLD,
    CHAT_ZONE,
    MAX_CHAT_BYTES,
    MAX_NAME_BYTES,
)

_NEARBY: Final = 1
_WHISPER: Final = 2
_OUTCOME: Final = 3

_SAID: Final = struct.Struct("<BIQI")
_PLACE: Final = struct.Struct("<dd")
_SETTLED: Final = struct.Struct("<IQB")


class Spoken(NamedTuple):
    """What a player says: `scope` CHAT_ZONE, CHAT_NEARBY, CHAT_WORLD, or CHAT_WHISPER `to` a character by name."""

    scope: int
    to: str
    text: str


class Said(NamedTuple):
    """Something said, and where: `number` goes up with everything that leaves the zone under `epoch`."""

    zone: ZoneKey
    epoch: int
    number: int
    speaker: int
    name: str
    text: str


class Nearby(NamedTuple):
    """For everybody within earshot of (x, y), metres."""

    x: float
    y: float
    said: Said


class Whisper(NamedTuple):
    """For the character `to`; `hops` zones passed it on because that one had moved on."""

    hops: int
    to: str
    said: Said


class Outcome(NamedTuple):
    """To the zone of the one who whispered: its message `number` was delivered, or cannot be."""

    epoch: int
    number: int
    delivered: bool


PeerTalk = Nearby | Whisper | Outcome


def decode_spoken(body: bytes) -> Spoken | None:
    """What a player says on the chat channel, or None. The text is 1 to 200 bytes that can be printed."""
    try:
        if body[0] == CHAT_SAY and body[1] in (CHAT_ZONE, CHAT_NEARBY, CHAT_WORLD):
            return Spoken(body[1], "", _text(body, 2))
        if body[0] == CHAT_TELL:
            to, at = _short(body, 1)
            return Spoken(CHAT_WHISPER, to, _text(body, at)) if 0 < at - 2 <= MAX_NAME_BYTES else None
    except (IndexError, ValueError):
        return None
    return None


def encode_heard(scope: int, speaker: int, name: str, text: str) -> bytes:
    """Talk as a player hears it."""
    return struct.pack("<BBI", CHAT_HEARD, scope, speaker) + _with_length(name) + text.encode()


def encode_said(said: Said) -> bytes:
    """Talk as it goes over the bus."""
    head = _SAID.pack(said.zone.layer, said.epoch, said.number, said.speaker)
    return _with_length(said.zone.zone) + head + _with_length(said.name) + said.text.encode()


def decode_said(body: bytes) -> Said | None:
    """The opposite of `encode_said`."""
    try:
        return _said(body, 0)
    except (IndexError, ValueError, struct.error):
        return None


def encode_peer_talk(talk: PeerTalk) -> bytes:
    """Talk, or what became of it, as it goes from zone to zone."""
    match talk:
        case Nearby(x, y, said):
            return bytes([_NEARBY]) + _PLACE.pack(x, y) + encode_said(said)
        case Whisper(hops, to, said):
            return bytes([_WHISPER, hops]) + _with_length(to) + encode_said(said)
        case Outcome(epoch, number, delivered):
            return bytes([_OUTCOME]) + _SETTLED.pack(epoch, number, delivered)


def decode_peer_talk(body: bytes) -> PeerTalk | None:
    """The opposite of `encode_peer_talk`."""
    try:
        if body[0] == _NEARBY:
            x, y = _PLACE.unpack_from(body, 1)
            return Nearby(x, y, _said(body, 1 + _PLACE.size)) if math.isfinite(x) and math.isfinite(y) else None
        if body[0] == _WHISPER:
            to, at = _short(body, 2)
            return Whisper(body[1], to, _said(body, at))
        if body[0] == _OUTCOME:
            epoch, number, delivered = _SETTLED.unpack(body[1:])
            return Outcome(epoch, number, bool(delivered))
    except (IndexError, ValueError, struct.error):
        return None
    return None


def _said(body: bytes, at: int) -> Said:
    zone, at = _short(body, at)
    layer, epoch, number, speaker = _SAID.unpack_from(body, at)
    name, at = _short(body, at + _SAID.size)
    return Said(ZoneKey(zone, layer), epoch, number, speaker, name, _text(body, at))


def _with_length(words: str) -> bytes:
    raw = words.encode()
    return bytes([len(raw)]) + raw


def _short(body: bytes, at: int) -> tuple[str, int]:
    """A text after its u8 length, and where it ends."""
    end = at + 1 + body[at]
    if end > len(body):
        raise ValueError
    return body[at + 1 : end].decode(), end


def _text(body: bytes, at: int) -> str:
    text = body[at:].decode()
    if not 0 < len(body) - at <= MAX_CHAT_BYTES or not text.isprintable():
        raise ValueError
    return text
