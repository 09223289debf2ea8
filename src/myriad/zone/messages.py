"""Bodies of reliable messages between a zone and its players.

Responsible for: the bytes of `docs/protocol.md` section 4's table, as the server writes them.
Not here: fragments and delivery (`netcode/reliable.py`), talk (`cluster/talk_bodies.py`), trade (`trade.py`).
"""

from __future__ import annotations

import struct
from typing import Final

from myriad.wire.layouts import (
    CONTROL_GOODBYE,
    CONTROL_LOAD,
    CONTROL_PASSAGE,
    CONTROL_WALL,
    CONTROL_WELCOME,
    INVENTORY_CONFIRMED,
)

SUPERSEDED: Final = "somebody else plays this character now"
"""Why a player whose avatar another session took over is told goodbye."""


def _short(text: str) -> bytes:
    raw = text.encode()[:255]
    return bytes([len(raw)]) + raw


def welcome(entity_id: int, tick_hz: int, snapshot_hz: int, last_input: int, zone: str) -> bytes:
    """First message to a player."""
    return struct.pack("<BIHHI", CONTROL_WELCOME, entity_id, tick_hz, snapshot_hz, last_input) + _short(zone)


def goodbye(reason: str) -> bytes:
    """Last message to a player."""
    return bytes([CONTROL_GOODBYE]) + _short(reason)


def load_notice(rung: int, dilation: int, name: str) -> bytes:
    """Tells players which rung of the overload ladder the zone stands on."""
    return struct.pack("<BBB", CONTROL_LOAD, rung, dilation) + _short(name)


def passage(zone: str, token: bytes) -> bytes:
    """A player near the border to `zone` may connect there with `token` (2048 bytes; empty: not any more)."""
    trimmed = token.rstrip(b"\0")
    return bytes([CONTROL_PASSAGE]) + _short(zone) + struct.pack("<H", len(trimmed)) + trimmed


def wall(zone: str) -> bytes:
    """A player cannot go on into `zone` for now."""
    return bytes([CONTROL_WALL]) + _short(zone)


def confirmed(serial: int, reason: int, asset: int, balance: int) -> bytes:
    """Movement `serial` of a character is durable; it then held `balance` of `asset`."""
    return struct.pack("<BIBBI", INVENTORY_CONFIRMED, serial, reason, asset, balance)
