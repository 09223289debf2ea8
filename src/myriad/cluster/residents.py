"""What a zone is to the part of it that takes part in the world: the port between ownership and simulation.

Responsible for: `Residents`, which `zone/` implements over its arrays and the simulation over a dictionary.
Not here: when any of it is called (`cluster/member.py`).

Invariant: all calls come between two ticks, from the zone's thread.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from myriad.cluster.requests import CharacterRow, LedgerEntry, ZoneKey, ZoneState


class CutBody(NamedTuple):
    """What stands in memory at the end of a tick; see `requests.Cut` for the fields."""

    tick: int
    layout: str
    residents: bytes
    ground: bytes
    entries: tuple[LedgerEntry, ...]
    totals: tuple[tuple[int, int], ...]


class Leaving(NamedTuple):
    """A character's state as it leaves: for good (`requests.Leaver`) or for another zone (`requests.Departure`)."""

    x: float
    y: float
    record: bytes
    last_input: int
    session: int


class Residents(Protocol):
    """The characters of one zone, as its member of the world handles them."""

    def load(self, state: ZoneState | None, residents: tuple[CharacterRow, ...]) -> None:
        """After the lease was granted, before the first tick: what the zone held when it last wrote.

        `residents` are the owned ones, each already with the newer of its two records; they stand in the world without
        a connection until their players resume or their linger time is over.
        """
        ...

    def cut(self) -> CutBody:
        """Everything as it stands now. The ledger entries in it are handed over: the next cut does not repeat them."""
        ...

    def committed(self, cut: int) -> None:
        """What was in that cut is durable: what players were waiting for is confirmed to them."""
        ...

    def install(self, row: CharacterRow, connection: int) -> bool:
        """The character is this zone's now: it enters the world with `row.record` (None: for the first time), played
        through connection row `connection` (-1: nobody yet). False if there is no room."""
        ...

    def freeze(self, character: int) -> Leaving:
        """It stands still from now on: no input is applied, nothing happens to it; it stays in `cut`."""
        ...

    def thaw(self, character: int) -> None:
        """It goes on where it was frozen."""
        ...

    def depart(self, character: int, target: ZoneKey) -> None:
        """It is another zone's now: it leaves the world here, and its connection is let go without a word."""
        ...

    def take_out(self, character: int) -> Leaving:
        """Its player has left: it is removed from the world, and this is its last state."""
        ...

    def offer_passage(self, character: int, target: ZoneKey, token: bytes) -> None:
        """Tell the player of the token with which it may connect to `target`; empty: that offer is withdrawn."""
        ...

    def tell_wall(self, character: int, target: ZoneKey) -> None:
        """Tell the player that it cannot go on into `target` for now."""
        ...

    def make_token(self, character: int, name: str, session: int) -> bytes:
        """A connect token (2048 bytes) for a passage into this zone: who uses it watches until it is activated."""
        ...

    def refuse(self, connection: int, reason: str) -> None:
        """End a connection whose character may not play here."""
        ...

    def receive_effect(self, source: ZoneKey, body: bytes) -> None:
        """A neighbour's entity did something to one of ours; delivered once, in order."""
        ...

    def receive_talk(self, source: ZoneKey, body: bytes) -> None:
        """Something said in another zone, delivered once, in order."""
        ...

    def receive_border(self, source: ZoneKey, body: bytes, now_ns: int) -> None:
        """The newest state of a neighbour's entities near our border; may be lost, is never older than the last."""
        ...
