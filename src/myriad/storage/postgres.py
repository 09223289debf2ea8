"""The store in a PostgreSQL database.

Responsible for: connecting (again, when the connection was lost), translating PostgreSQL's errors.
Not here: the requests (`store.py` and what it calls).

A host that is stopped in the middle of a transaction would keep its locks, and nobody could take its zones: the server
ends such a session after `IDLE_MS`. Nobody waits for a lock longer than `LOCK_WAIT_MS`; who did asks again.

Statements whose result nobody waits for (INSERT, UPDATE, DELETE without RETURNING, the beginning of a transaction or
savepoint) travel in a pipeline with the next one that is waited for: a cut asks the server seven times instead of
eighteen.

Invariants: an error of a statement that was not waited for is raised at the next that is, at the latest when the
savepoint is released, so it meets its own request. Time is the server's, unless a test gives another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
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
        """Time that connecting took: rows are locked one by one, later."""
        self._conninfo = conninfo
        self._wall_ms = wall_ms
        self._now_ms: int | None = None
        self._db: psycopg.Connection[Row] | None = None
        self._pipeline: psycopg.Pipeline | None = None
        self._ended = ExitStack()

    def begin(self, writing: bool) -> None:
        """Starts a transaction; a reading one sees one moment."""
        self._now_ms = None
        start_ns = time.monotonic_ns()
        if self._db is None or self._db.closed:
            self._connect()
        self.lock_wait_ns = time.monotonic_ns() - start_ns
        self.run("BEGIN" if writing else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def run(self, sql: str, *values: Value) -> list[Row]:
        """One statement, and its rows."""
        with self._translated():
            text, gives_rows, waits = _text(sql)
            cursor = self._open().execute(text, values, binary=True)
            if gives_rows:
                return cursor.fetchall()
            if waits:
                self._wait()
            return []

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """One statement for each of `rows`."""
        with self._translated(), self._open().cursor() as cursor:
            cursor.executemany(_text(sql)[0], rows)

    def now_ms(self) -> int:
        """The server's clock, read once in a transaction."""
        if self._now_ms is None:
            self._now_ms = self._wall_ms() if self._wall_ms is not None else int(self.run(_SERVER_CLOCK)[0][0])
        return self._now_ms

    def commit(self) -> None:
        """COMMIT."""
        with self._translated():
            cursor = self._open().execute("COMMIT")
            self._wait()
        if cursor.statusmessage != "COMMIT":  # it says ROLLBACK where it could not
            raise StoreUnavailable("PostgreSQL rolled the transaction back")

    def rollback(self) -> None:
        """ROLLBACK; a connection that cannot even do that is given up."""
        if self._db is None or self._db.closed:
            return
        try:
            self.run("ROLLBACK")
        except (StoreUnavailable, psycopg.Error):
            self.close()

    def close(self) -> None:
        """Ends the connection."""
        with suppress(psycopg.Error):
            self._ended.close()
        self._db = self._pipeline = None

    def _connect(self) -> None:
        self.close()
        with self._translated():
            self._db = psycopg.connect(**self._conninfo, autocommit=True)
            self._ended.callback(self._db.close)
            self._db.execute(
                f"SET idle_in_transaction_session_timeout = {IDLE_MS}; SET lock_timeout = {LOCK_WAIT_MS};"
                " SET client_min_messages = warning"
            )
            self._pipeline = self._ended.enter_context(self._db.pipeline())

    def _open(self) -> psycopg.Connection[Row]:
        if self._db is None:
            raise StoreUnavailable("PostgreSQL: not connected")
        return self._db

    def _wait(self) -> None:
        """Returns when the server has done everything so far; raises its first error."""
        if self._pipeline is not None:
            self._pipeline.sync()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """psycopg's errors as the port's, after what followed the statement in the pipeline is done with."""
        try:
            yield
        except (psycopg.IntegrityError, psycopg.DataError, UnicodeError) as error:
            with suppress(psycopg.Error):
                self._wait()
            raise Unfit(_line(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
            raise StoreUnavailable(f"PostgreSQL: {_line(error)}") from error


_DEFERRED: Final = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "BEGIN")


@cache
def _text(sql: str) -> tuple[bytes, bool, bool]:
    """A statement as psycopg wants it; whether it gives rows, and else whether it is waited for."""
    text = for_database(sql, "pg").replace("?", "%s").strip()
    return text.encode(), text.startswith("SELECT") or "RETURNING" in text, not text.startswith(_DEFERRED)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
