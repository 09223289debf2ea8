"""The store in a PostgreSQL database.

Responsible for: connecting (again, when the connection was lost), translating PostgreSQL's errors.
Not here: the requests (`store.py` and what it calls).

A host that is stopped in the middle of a transaction would keep its locks, and nobody could take its zones: the server
ends such a session after `IDLE_MS`. Nobody waits for a lock longer than `LOCK_WAIT_MS`; who did asks again.

Statements run one by one; only what goes in as many rows travels as one batch. In a pipeline they were a little faster,
but between them the server would not count the session as idle (decision 14).

Invariant: time is the server's, unless a test gives another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from myriad.core.errors import StartupError
from myriad.storage.connection import Row, Unfit, Value, for_database
from myriad.storage.port import StoreUnavailable
from myriad.storage.store import SqlStore, open_sql

IDLE_MS: Final = 4_000
LOCK_WAIT_MS: Final = 3_000
_DEFAULTS: Final = {
    "connect_timeout": 3,
    "tcp_user_timeout": 8_000,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "myriad",
}
_SERVER_CLOCK: Final = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


def open_postgres(
    url: str,
    *,
    random_bytes: Callable[[int], bytes],
    wall_ms: Callable[[], int] | None = None,
    create: bool = True,
) -> SqlStore:
    """The store in the database that `url` names. Raises StartupError or StoreUnavailable.

    `wall_ms` is for tests: a clock instead of the server's.
    """
    try:
        conninfo = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise StartupError(f"not a place of PostgreSQL: {error}") from None
    return open_sql(PostgresConnection({**_DEFAULTS, **conninfo}, wall_ms), random_bytes, create)


class PostgresConnection:
    """One connection to one database; made at the first `begin`, and anew at the first after it was lost."""

    def __init__(self, conninfo: dict[str, Any], wall_ms: Callable[[], int] | None = None) -> None:
        """`conninfo` is libpq's parameters."""
        self.lock_wait_ns = 0
        self._conninfo = conninfo
        self._wall_ms = wall_ms
        self._now_ms: int | None = None
        self._db: psycopg.Connection[Row] | None = None
        self._cursor: psycopg.Cursor[Row] | None = None

    def begin(self, writing: bool) -> None:
        """Starts a transaction; a reading one sees one moment."""
        self._now_ms = None
        start_ns = time.monotonic_ns()
        if self._db is None or self._db.closed:
            self._connect()
        self.run("BEGIN" if writing else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.lock_wait_ns = time.monotonic_ns() - start_ns

    def run(self, sql: str, *values: Value) -> list[Row]:
        """One statement, and its rows."""
        with _translated():
            cursor = self._open_cursor()
            cursor.execute(_text(sql), values)
            return cursor.fetchall() if cursor.description else []

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """One statement for each of `rows`, in one batch."""
        with _translated():
            self._open_cursor().executemany(_text(sql), rows)

    def now_ms(self) -> int:
        """The server's clock, read once in a transaction."""
        if self._now_ms is None:
            self._now_ms = self._wall_ms() if self._wall_ms is not None else int(self.run(_SERVER_CLOCK)[0][0])
        return self._now_ms

    def commit(self) -> None:
        """COMMIT."""
        self.run("COMMIT")
        if self._open_cursor().statusmessage != "COMMIT":  # it says ROLLBACK where it could not
            raise StoreUnavailable("PostgreSQL rolled the transaction back")

    def rollback(self) -> None:
        """ROLLBACK; a connection that cannot even do that is given up."""
        if self._db is None or self._db.closed:
            return
        try:
            self._db.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._db is not None:
            with suppress(psycopg.Error):
                self._db.close()

    def _connect(self) -> None:
        with _translated():
            self._db = psycopg.connect(**self._conninfo, autocommit=True)
            self._cursor = self._db.cursor(binary=True)
            self._db.execute(
                f"SET idle_in_transaction_session_timeout = {IDLE_MS}; SET lock_timeout = {LOCK_WAIT_MS};"
                " SET client_min_messages = warning"
            )

    def _open_cursor(self) -> psycopg.Cursor[Row]:
        if self._cursor is None:
            raise StoreUnavailable("PostgreSQL: not connected")
        return self._cursor


@cache
def _text(sql: str) -> bytes:
    return for_database(sql, "pg").replace("?", "%s").encode()


@contextmanager
def _translated() -> Iterator[None]:
    """psycopg's errors as the port's."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError, UnicodeError) as error:
        raise Unfit(_line(error)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
        raise StoreUnavailable(f"PostgreSQL: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
