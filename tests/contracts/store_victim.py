"""A process that dies by SIGKILL in a transaction: `python -m tests.contracts.store_victim kind place number`.

It opens the store and carries out the cut of `transfer_cut`. After `number` statements, or before the commit if it is
BEFORE_COMMIT, it dies with the transaction open; if there are fewer statements, it ends after the commit.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Sequence

from myriad.cluster.requests import CharacterRow, Cut, FindCharacter
from myriad.storage.connection import Connection, Row, Value
from myriad.storage.store import SqlStore
from tests.contracts.store_places import EAST, WEST, Wall, character, cut, departure, ground, leaver, mint, open_at

BEFORE_COMMIT = -1


class Dying:
    """A connection that lets `num_statements` through and then ends the process."""

    def __init__(self, db: Connection, num_statements: int) -> None:
        self.lock_wait_ns = 0
        self._db = db
        self._left = num_statements

    def begin(self, writing: bool) -> None:
        self._db.begin(writing)

    def run(self, sql: str, *values: Value) -> list[Row]:
        self._count()
        return self._db.run(sql, *values)

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._count()
        self._db.run_many(sql, rows)

    def now_ms(self) -> int:
        return self._db.now_ms()

    def commit(self) -> None:
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._db.commit()

    def rollback(self) -> None:
        self._db.rollback()

    def close(self) -> None:
        self._db.close()

    def _count(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= self._left > 0


def transfer_cut(goes: CharacterRow, leaves: CharacterRow) -> Cut:
    """A cut with some of everything, of WEST under its first epoch."""
    return cut(
        WEST,
        1,
        1,
        goes,
        entries=(mint(5, character(goes.character)), mint(3, ground(WEST))),
        leavers=(leaver(leaves),),
        departures=(departure(goes, EAST, 1),),
        totals=((0, 8),),
    )


def main(kind: str, where: str, num_statements: int) -> None:
    """See above; the characters 1 and 2 play in WEST."""
    store = open_at(kind, where, Wall())
    rows = store.execute([FindCharacter(character=1), FindCharacter(character=2)])
    goes, leaves = (row for row in rows if isinstance(row, CharacterRow))
    victim = SqlStore(store._db, bytes)
    victim._db = Dying(store._db, num_statements)
    victim.execute([transfer_cut(goes, leaves)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
