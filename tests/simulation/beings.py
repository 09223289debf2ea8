"""What a character of the toy game is, and the archive that makes records of it (and of tokens).

A being never changes: each step makes a new one. So a record is only its number in the archive, however long its
history is, and whoever holds a record has exactly what was written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from myriad.game.world_map import WorldMap, ZoneArea
from tests.simulation.wires import Token

SIDE_M = 100
REACH_M = 6.0
WORLD = WorldMap(
    ZoneArea(f"z{x}{y}", 1 + x + 2 * y, x * SIDE_M, y * SIDE_M, SIDE_M, SIDE_M) for y in range(2) for x in range(2)
)
LAYOUT = "number in the archive"
COINS, SHELLS = 0, 1
ASSETS = (COINS, SHELLS)


class Chain(NamedTuple):
    """The newest of a list that only grows; older states share its tail."""

    before: Chain | None
    number: int
    what: int


class Being(NamedTuple):
    x: float
    y: float
    session: int = 0
    last_input: int = 0
    purse: tuple[int, int] = (0, 0)
    inputs: Chain | None = None
    """Every input ever applied, in order."""
    entries: Chain | None = None
    """Every ledger entry about it, by serial."""
    restored: frozenset[int] | None = None
    """Set when it came back from an older record: the sessions of which inputs were applied since. What the others have
    sent before is rightly lost."""

    @property
    def serial(self) -> int:
        return 0 if self.entries is None else self.entries.number


def walk(chain: Chain | None) -> Iterator[Chain]:
    while chain is not None:
        yield chain
        chain = chain.before


class Archive:
    def __init__(self) -> None:
        self.tokens: dict[int, Token] = {}
        """Tokens of passages by number: the bytes on the wire are only that."""
        self._beings: list[Being] = []

    def record(self, being: Being) -> bytes:
        self._beings.append(being)
        return struct.pack("<Q", len(self._beings) - 1)

    def being(self, record: bytes) -> Being:
        return self._beings[int(struct.unpack("<Q", record)[0])]
