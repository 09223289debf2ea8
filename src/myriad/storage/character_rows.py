"""A character's row between the database and `CharacterRow`.

Responsible for: the columns in their order, and the rows that several requests read.
Not here: what changes them (`characters.py`, `cuts.py`).
"""

from __future__ import annotations

from typing import Final

from myriad.cluster.requests import CharacterRow, ZoneKey
from myriad.storage.connection import Connection, Row, unsigned

COLUMNS: Final = (
    "character, account, name, owner_zone, owner_layer, epoch, presence, hop, session, x, y, record, layout, last_input"
)
DELETED: Final = 2
"""A presence that nobody else sees: the number is taken, the character is gone."""


def from_columns(row: Row) -> CharacterRow:
    """One row of `COLUMNS`."""
    character, account, name, zone, layer, epoch, presence, hop, session, x, y, *rest = row
    owner, place = ZoneKey(zone, layer), (float(x), float(y))  # RETURNING of SQLite gives whole numbers as integers
    return CharacterRow(character, account, name, owner, epoch, presence, hop, unsigned(session), *place, *rest)


def find(db: Connection, character: int, lock: bool = False) -> CharacterRow | None:
    """The character, None if there is none; with `lock` nobody changes it until the transaction ends."""
    sql = f"SELECT {COLUMNS} FROM character WHERE character = ? AND presence < {DELETED}"
    rows = db.run(sql + " /*pg FOR UPDATE*/" if lock else sql, character)
    return from_columns(rows[0]) if rows else None


def playing_in(db: Connection, key: ZoneKey) -> tuple[CharacterRow, ...]:
    """Characters that the zone owns and that are PLAYING, by number."""
    rows = db.run(
        f"SELECT {COLUMNS} FROM character WHERE owner_zone = ? AND owner_layer = ? AND presence = 1 ORDER BY character",
        *key,
    )
    return tuple(from_columns(row) for row in rows)
