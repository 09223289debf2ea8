"""The port to a database: what SQLite and PostgreSQL must be able to do so that everything else is written once.

Responsible for: `Connection`, the dialect of its SQL, and unsigned numbers in signed columns.
Not here: the two implementations (`sqlite.py`, `postgres.py`), the statements (the other files of this package).

The dialect: what both understand, with `?` for values. `/*pg ...*/` is for PostgreSQL alone (mostly the locks that it
takes row by row, where SQLite's one writer has locked everything), `/*lite ...*/` for SQLite alone.

Locks: who writes for a zone holds its lease row FOR NO KEY UPDATE, so that a repeated request waits for the first;
a departure holds the target's row FOR KEY SHARE, which agrees with that (two zones that hand players to each other do
not wait in a circle); taking a lease needs the row FOR UPDATE, against both.

Invariant: between `begin` and `commit` or `rollback` nothing else uses the connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Value = int | float | str | bytes | None
Row = tuple[Any, ...]


class Unfit(Exception):
    """A value that the database cannot hold, or a row that its constraints forbid: the request's fault."""


class Connection(Protocol):
    """One connection, used by one thread at a time. Every method raises StoreUnavailable if the database fails."""

    lock_wait_ns: int
    """How long the newest `begin` waited for the right to write."""

    def begin(self, writing: bool) -> None:
        """Starts a transaction; one that only reads sees one moment, whatever others write."""
        ...

    def run(self, sql: str, *values: Value) -> list[Row]:
        """Runs one statement and gives the rows that it returns. Raises Unfit; then roll back to a savepoint."""
        ...

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Runs one statement for each row of values. Raises Unfit; then roll back to a savepoint."""
        ...

    def now_ms(self) -> int:
        """The store's clock, the same throughout a transaction: milliseconds since 1970."""
        ...

    def commit(self) -> None:
        """Makes the transaction durable. After StoreUnavailable its outcome is unknown."""
        ...

    def rollback(self) -> None:
        """Undoes the transaction; never raises."""
        ...

    def close(self) -> None:
        """Ends the connection; never raises."""
        ...


def for_database(sql: str, name: str) -> str:
    """The text with what stands in comments for database `name` as part of it."""
    return re.sub(rf"/\*{name} (.*?)\*/", r"\1", sql, flags=re.DOTALL)


def signed(number: int) -> int:
    """An unsigned 64-bit number as a column holds it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def unsigned(number: int) -> int:
    """The inverse of `signed`."""
    return number + (1 << 64) if number < 0 else number
