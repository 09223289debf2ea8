"""The store in one SQLite file, or in memory.

Responsible for: opening it, waiting for the right to write, translating SQLite's errors.
Not here: the requests (`store.py` and what it calls).

SQLite itself would wait for a lock in sleeps of up to 100 ms. Here a busy database is asked again after half a
millisecond, then ever more seldom up to 5 ms, for at most `PATIENCE_NS`. A process that is stopped in the middle of a
transaction keeps its lock: everybody waits until it goes on or dies, which is why hosts are watched.

Invariant: the write lock is taken at the beginning of a transaction that writes, so nothing fails for it later.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from myriad.core.errors import StartupError
from myriad.storage.connection import Row, Unfit, Value, for_database
from myriad.storage.port import MEMORY, StoreUnavailable
from myriad.storage.store import SqlStore, open_sql

PATIENCE_NS: Final = 2_000_000_000
_FIRST_WAIT_S: Final = 0.0005
_LONGEST_WAIT_S: Final = 0.005
CHECKPOINT_PAGES: Final = 8_000
"""After so many pages the log is written into the file, by whoever commits (32 MB, some ten seconds of twenty zones).
SQLite's own 1,000 makes the disk's slowest moments come eight times as often: zones overwrite their states anyway."""
_OLDEST: Final = (3, 35, 0)
"""The first SQLite with RETURNING."""


def open_sqlite(
    file: str | Path,
    *,
    wall_ms: Callable[[], int],
    random_bytes: Callable[[int], bytes],
    sync: str = "normal",
    create: bool = True,
) -> SqlStore:
    """The store in `file` (":memory:": of its own, gone when closed). Raises StartupError or StoreUnavailable."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StartupError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 is needed")
    if str(file) != MEMORY:
        _look_for(Path(file), create)
    return open_sql(SqliteConnection(file, wall_ms, sync), random_bytes, create)


def _look_for(file: Path, create: bool) -> None:
    if not create and not file.is_file():
        raise StartupError(f"there is no world in {file.parent}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"cannot make the folder {file.parent}: {error.strerror}") from None


class SqliteConnection:
    """One connection to one file."""

    def __init__(self, file: str | Path, wall_ms: Callable[[], int], sync: str = "normal") -> None:
        """`sync` is "normal" (survives the death of any process) or "full" (and of the machine)."""
        self.lock_wait_ns = 0
        self._wall_ms = wall_ms
        self._now_ms: int | None = None
        with _translated():
            self._db = sqlite3.connect(
                file, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
            )
        if str(file) != MEMORY:
            try:
                self._patiently(self._db.execute, "PRAGMA journal_mode = WAL")
                self.run(f"PRAGMA synchronous = {'FULL' if sync == 'full' else 'NORMAL'}")
                self.run(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            except StoreUnavailable:
                self.close()
                raise

    def begin(self, writing: bool) -> None:
        """Starts a transaction, with the write lock or on a snapshot."""
        self._now_ms = None
        if writing:
            self.lock_wait_ns = self._patiently(self._db.execute, "BEGIN IMMEDIATE")
            return
        self.lock_wait_ns = 0
        with _translated():
            self._db.execute("BEGIN")
        self._patiently(self._db.execute, "SELECT count(*) FROM sqlite_master")  # the snapshot is of this moment

    def run(self, sql: str, *values: Value) -> list[Row]:
        """One statement, and its rows."""
        with _translated():
            return self._db.execute(_text(sql), values).fetchall()

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """One statement for each of `rows`."""
        with _translated():
            self._db.executemany(_text(sql), rows)

    def now_ms(self) -> int:
        """The clock that was given, read once in a transaction."""
        if self._now_ms is None:
            self._now_ms = self._wall_ms()
        return self._now_ms

    def commit(self) -> None:
        """COMMIT."""
        with _translated():
            self._db.execute("COMMIT")

    def rollback(self) -> None:
        """ROLLBACK, if there is anything to undo."""
        if self._db.in_transaction:
            self._db.rollback()

    def close(self) -> None:
        """Ends the connection; what was not committed is gone."""
        self._db.close()

    def _patiently(self, execute: Callable[[str], object], sql: str) -> int:
        """Runs `sql` as soon as nobody is in the way; nanoseconds waited. Raises StoreUnavailable."""
        start_ns = time.monotonic_ns()
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                execute(sql)
                return time.monotonic_ns() - start_ns
            except sqlite3.DatabaseError as error:
                busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not busy or time.monotonic_ns() - start_ns > PATIENCE_NS:
                    self.rollback()
                    raise StoreUnavailable(f"SQLite: {error}") from error
            time.sleep(wait_s)
            wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)


@cache
def _text(sql: str) -> str:
    return for_database(sql, "lite")


@contextmanager
def _translated() -> Iterator[None]:
    """SQLite's errors as the port's."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError) as error:
        raise Unfit(str(error)) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise  # a statement that is wrong: a fault of this program
        raise StoreUnavailable(f"SQLite: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"SQLite: {error}") from error
