"""Worlds for the contract of the store: the same tests over SQLite and PostgreSQL, with a clock that tests move."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from myriad.cluster.records import RESIDENT_HEAD, pack_residents
from myriad.cluster.requests import (
    VOID,
    AcquireLease,
    Answer,
    CharacterRow,
    Claim,
    Claimed,
    CreateAccount,
    CreateCharacter,
    Cut,
    Departure,
    Holder,
    HostId,
    LeaseGranted,
    Leaver,
    LedgerEntry,
    Request,
    ZoneKey,
)
from myriad.storage.sqlite import open_sqlite
from myriad.storage.store import SqlStore

WEST, EAST = ZoneKey("west"), ZoneKey("east", 1)
TTL_MS = 10_000
LAYOUT = "f4 health"


class Wall:
    """The store's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


class Place:
    """A world that several may open at once."""

    def __init__(self, kind: str, where: str) -> None:
        self.kind = kind
        self.where = where
        self.wall = Wall()
        self._opened: list[SqlStore] = []

    def open(self) -> SqlStore:
        """Another connection; closed with the place."""
        store = open_at(self.kind, self.where, self.wall)
        self._opened.append(store)
        return store

    def close(self) -> None:
        """Close all that were opened."""
        for store in self._opened:
            store.close()


def open_at(kind: str, where: str, wall_ms: Callable[[], int]) -> SqlStore:
    """A store by kind (sqlite, postgres) and place (file, URL), with a secret that is no secret."""
    if kind == "sqlite":
        return open_sqlite(Path(where), wall_ms=wall_ms, random_bytes=bytes)
    from myriad.storage.postgres import open_postgres

    return open_postgres(where, wall_ms=wall_ms, random_bytes=bytes)


def host(name: str) -> HostId:
    return HostId(name, "machine", 4711)


def acquire(key: ZoneKey, name: str = "host", private_key: bytes = b"key", dead_host: str = "") -> AcquireLease:
    return AcquireLease(
        key, host(name), TTL_MS, "127.0.0.1:1337", private_key, 2**63 + 7, 500, "127.0.0.1:80", dead_host
    )


def one(store: SqlStore, request: Request) -> Answer:
    """The answer to one request."""
    (answer,) = store.execute([request])
    return answer


def take(store: SqlStore, key: ZoneKey, name: str = "host", private_key: bytes = b"key") -> int:
    """Acquires a zone that is free; its epoch."""
    granted = one(store, acquire(key, name, private_key))
    assert isinstance(granted, LeaseGranted), granted
    return granted.epoch


_names = itertools.count(1)


def new_character(store: SqlStore, owner: ZoneKey = WEST) -> CharacterRow:
    """A character of an account of its own, away."""
    name = f"somebody {next(_names)}"
    account = one(store, CreateAccount(name, None))
    row = one(store, CreateCharacter(getattr(account, "account", 0), name, owner, 1.5, -2.0))
    assert isinstance(row, CharacterRow), row
    return row


def play(store: SqlStore, key: ZoneKey, epoch: int) -> CharacterRow:
    """A new character that plays in a zone."""
    answer = one(store, Claim(key, epoch, new_character(store, key).character, 2**64 - 5))
    assert isinstance(answer, Claimed), answer
    return answer.row


def character(number: int) -> Holder:
    return Holder(1, number)


def ground(key: ZoneKey) -> Holder:
    return Holder(2, {WEST: 256, EAST: 513}[key])


def mint(amount: int, target: Holder, asset: int = 0) -> LedgerEntry:
    return LedgerEntry(asset, amount, VOID, target, 1)


def move(amount: int, source: Holder, target: Holder, asset: int = 0) -> LedgerEntry:
    return LedgerEntry(asset, amount, source, target, 2)


def blob(*rows: CharacterRow) -> bytes:
    """Residents as a zone packs them."""
    heads = np.zeros(len(rows), RESIDENT_HEAD)
    for head, row in zip(heads, rows, strict=True):
        head["character"], head["hop"], head["session"], head["last_input"] = row.character, row.hop, row.session, 7
    return pack_residents(heads, np.zeros((len(rows), 4), np.uint8))


def cut(
    key: ZoneKey,
    epoch: int,
    number: int,
    *residents: CharacterRow,
    entries: tuple[LedgerEntry, ...] = (),
    leavers: tuple[Leaver, ...] = (),
    departures: tuple[Departure, ...] = (),
    totals: tuple[tuple[int, int], ...] = (),
) -> Cut:
    """A cut with made-up content."""
    body = blob(*residents)
    return Cut(key, epoch, number, number * 30, LAYOUT, body, b"ground", entries, leavers, departures, totals)


def leaver(row: CharacterRow) -> Leaver:
    return Leaver(row.character, row.hop, 10.0, 20.5, b"left", 99)


def departure(row: CharacterRow, target: ZoneKey, target_epoch: int, transfer: int = 2**64 - 9) -> Departure:
    return Departure(transfer, row.character, row.hop, target, target_epoch, 30.0, 40.25, b"went", 77, row.session)


def everything(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables that hold the world, to see that nothing has changed."""
    tables = "account session character lease wanted zone_state handoff entry holding ground post counter"
    with store.transaction(writing=False) as db:
        return {table: sorted(db.run(f"SELECT * FROM {table}"), key=repr) for table in tables.split()}
