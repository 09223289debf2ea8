"""Who is a zone's own: the characters that it simulates.

Responsible for: one entry per resident.
Not here: how residents come and go (`entrance.py`, `passages.py`), their state (`residents.py`).

Invariant: whoever is in the book is in the world of the zone, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Resident:
    """A character that is this zone's under `hop`."""

    character: int
    hop: int
    session: int
    account: int
    name: str
    frozen: bool = False
    """A cut with its departure is under way."""
    wants_out: bool = False
    """Its player has left for good."""


Book = dict[int, Resident]
"""By character."""
