"""SQLite alone: waiting for its lock, what it survives, cheap worlds in memory."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from myriad.cluster.requests import CreateAccount, FindAccount, ReadDirectory
from myriad.core.errors import StartupError
from myriad.storage import sqlite as sqlite_module
from myriad.storage.connection import for_database, signed, unsigned
from myriad.storage.port import MEMORY, StoreUnavailable, open_store
from myriad.storage.schema import migrations
from myriad.storage.sqlite import open_sqlite
from myriad.storage.store import SqlStore


def open_file(folder: Path, sync: str = "normal") -> SqlStore:
    return open_sqlite(folder / "world.sqlite3", wall_ms=int, random_bytes=bytes, sync=sync)


def test_a_writer_goes_on_as_soon_as_the_lock_is_free(tmp_path: Path) -> None:
    first, second = open_file(tmp_path), open_file(tmp_path)
    locked, free = threading.Event(), threading.Event()

    def hold() -> None:
        with first.transaction(writing=True):
            locked.set()
            free.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait()
    threading.Timer(0.05, free.set).start()
    second.execute([CreateAccount("Ada", None)])
    assert second.lock_wait_ns > 10_000_000
    thread.join()
    first.close()
    second.close()


def test_a_lock_that_is_never_freed_makes_the_store_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_module, "PATIENCE_NS", 20_000_000)
    first, second = open_file(tmp_path), open_file(tmp_path)
    with first.transaction(writing=True):
        with pytest.raises(StoreUnavailable, match="locked"):
            second.execute([CreateAccount("Ada", None)])
        second.execute([ReadDirectory()])  # reading needs no lock
    second.execute([CreateAccount("Ada", None)])
    first.close()
    second.close()


def test_a_world_is_still_there_when_opened_again(tmp_path: Path) -> None:
    first = open_store(tmp_path / "data", wall_ms=int, random_bytes=lambda n: b"s" * n)
    (row,) = first.execute([CreateAccount("Ada", "hash")])
    first.close()
    second = open_store(tmp_path / "data", wall_ms=int, random_bytes=bytes, create=False)
    assert second.execute([FindAccount("Ada")]) == [row]
    assert second.secret() == b"s" * 32
    second.close()


@pytest.mark.parametrize(("sync", "number"), [("normal", 1), ("full", 2)])
def test_the_setting_decides_what_a_commit_survives(tmp_path: Path, sync: str, number: int) -> None:
    store = open_file(tmp_path, sync)
    with store.transaction(writing=False) as db:
        assert db.run("PRAGMA synchronous") == [(number,)]
        assert db.run("PRAGMA journal_mode") == [("wal",)]
    store.close()


def test_worlds_in_memory_know_nothing_of_each_other() -> None:
    first, second = (open_store(MEMORY, wall_ms=int, random_bytes=bytes) for _ in range(2))
    first.execute([CreateAccount("Ada", None)])
    assert second.execute([FindAccount("Ada")]) != first.execute([FindAccount("Ada")])
    first.close()
    second.close()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="cannot make the folder"):
        open_store(tmp_path / "file" / "data", wall_ms=int, random_bytes=bytes)


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "world.sqlite3").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(tmp_path, wall_ms=int, random_bytes=bytes)


def test_a_fault_of_this_program_is_not_taken_for_a_fault_of_the_store() -> None:
    store = open_store(MEMORY, wall_ms=int, random_bytes=bytes)
    assert isinstance(store, SqlStore)
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store.transaction(writing=True) as db:
        db.run("SELECT * FROM nowhere")
    store.execute([CreateAccount("Ada", None)])
    store.close()


def test_nothing_happens_without_requests() -> None:
    store = open_store(MEMORY, wall_ms=int, random_bytes=bytes)
    assert store.execute([]) == []
    store.close()


def test_comments_with_a_name_are_for_that_database() -> None:
    text = "SELECT 1 /*pg FOR UPDATE*/ /*lite LIMIT 1*/"
    assert for_database(text, "pg") == "SELECT 1 FOR UPDATE /*lite LIMIT 1*/"
    assert for_database(text, "lite") == "SELECT 1 /*pg FOR UPDATE*/ LIMIT 1"


def test_unsigned_numbers_survive_signed_columns() -> None:
    for number in (0, 1, 2**63 - 1, 2**63, 2**64 - 1):
        assert -(2**63) <= signed(number) < 2**63
        assert unsigned(signed(number)) == number


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))
