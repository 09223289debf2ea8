"""Numbers that are given out once, in the order in which transactions commit.

Responsible for: `next_number`. A sequence of the database's would give a lower number to a transaction that commits
later, and who reads "everything after the newest I know" would miss it.

Invariant: the counter's row is locked until the transaction ends; a number that was rolled back is given out again.
"""

from __future__ import annotations

from myriad.storage.connection import Connection


def next_number(db: Connection, name: str) -> int:
    """The next number of a row of `counter`, from 1 on."""
    return int(db.run("UPDATE counter SET value = value + 1 WHERE name = ? RETURNING value", name)[0][0])


def newest_number(db: Connection, name: str) -> int:
    """The highest number given out, 0 for none."""
    return int(db.run("SELECT value FROM counter WHERE name = ?", name)[0][0])
