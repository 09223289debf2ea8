"""Who runs which zone, in the store: leases, epochs, the directory, and the zones that somebody wants.

Responsible for: carrying out the requests about leases, and `fence`, which every write of a zone passes.
Not here: when a host renews or gives up (`cluster/lease.py`), where players go (`cluster/placement.py`).

Invariants: a zone's epoch never falls and never comes back; it changes only when the zone is taken. A lease whose time
is over is still the host's until another takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import (
    AcquireLease,
    Directory,
    Done,
    Fenced,
    HostId,
    LeaseGranted,
    LeaseRefused,
    LeaseRow,
    ReadDirectory,
    ReleaseLease,
    RenewLease,
    TakeWanted,
    Wanted,
    WantZone,
    ZoneKey,
    ZoneLoad,
    ZoneState,
)
from myriad.storage.character_rows import playing_in
from myriad.storage.connection import Connection, Row, signed, unsigned


def fence(db: Connection, key: ZoneKey, epoch: int) -> Fenced | None:
    """None if the zone is held under `epoch`, and until the transaction ends nobody can take it; else the refusal."""
    rows = db.run("SELECT epoch, host FROM lease WHERE zone = ? AND layer = ? /*pg FOR NO KEY UPDATE*/", *key)
    held = int(rows[0][0]) if rows else 0
    return None if rows and rows[0][1] and held == epoch else Fenced(held)


def holds(db: Connection, key: ZoneKey, epoch: int) -> bool:
    """True if somebody holds the zone under `epoch`, and will until the transaction ends."""
    sql = "SELECT 1 FROM lease WHERE zone = ? AND layer = ? AND epoch = ? AND host <> '' /*pg FOR KEY SHARE*/"
    return bool(db.run(sql, *key, epoch))


def acquire(db: Connection, request: AcquireLease) -> LeaseGranted | LeaseRefused:
    """Gives the zone to the host, if it is nobody's. The same host with the same key has only asked again."""
    key, host = request.key, request.host
    db.run("INSERT INTO lease (zone, layer, epoch) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", *key)
    epoch, name, machine, pid, private_key, expires_ms = db.run(
        "SELECT epoch, host, machine, pid, private_key, expires_ms FROM lease"
        " WHERE zone = ? AND layer = ? /*pg FOR UPDATE*/",
        *key,
    )[0]
    left_ms = expires_ms - db.now_ms()
    if name not in ("", host.name, request.dead_host) and left_ms > 0:
        return LeaseRefused(HostId(name, machine, pid), left_ms)
    expires_ms = db.now_ms() + request.ttl_ms
    if name == host.name and private_key == request.private_key:
        db.run("UPDATE lease SET expires_ms = ? WHERE zone = ? AND layer = ?", expires_ms, *key)
    else:
        epoch += 1
        _take(db, request, epoch, expires_ms)
    return LeaseGranted(epoch, _state(db, key), playing_in(db, key))


def _take(db: Connection, request: AcquireLease, epoch: int, expires_ms: int) -> None:
    db.run(
        "UPDATE lease SET epoch = ?, host = ?, machine = ?, pid = ?, endpoint = ?, private_key = ?, protocol_id = ?,"
        " expires_ms = ?, capacity = ?, front_door = ?, players = 0, connected = 0, lateness_p99_ms = 0, cpu_cores = 0,"
        " state = 'running' WHERE zone = ? AND layer = ?",
        epoch,
        *request.host,
        request.endpoint,
        request.private_key,
        signed(request.protocol_id),
        expires_ms,
        request.capacity,
        request.front_door,
        *request.key,
    )


def _state(db: Connection, key: ZoneKey) -> ZoneState | None:
    rows = db.run(
        "SELECT epoch, cut, tick, residents, ground, layout FROM zone_state WHERE zone = ? AND layer = ?", *key
    )
    return ZoneState(*rows[0]) if rows else None


def renew(db: Connection, request: RenewLease) -> Done | Fenced:
    """Keeps the zone, also when its time was over but nobody came."""
    fenced = fence(db, request.key, request.epoch)
    if fenced is not None:
        return fenced
    db.run(
        "UPDATE lease SET expires_ms = ?, players = ?, connected = ?, lateness_p99_ms = ?, cpu_cores = ?, state = ?"
        " WHERE zone = ? AND layer = ?",
        db.now_ms() + request.ttl_ms,
        *request.load,
        *request.key,
    )
    return Done()


def release(db: Connection, request: ReleaseLease) -> Done:
    """The zone is nobody's; its epoch stays."""
    db.run(
        "UPDATE lease SET host = '', private_key = NULL, expires_ms = 0 WHERE zone = ? AND layer = ? AND epoch = ?",
        *request.key,
        request.epoch,
    )
    return Done()


def read_directory(db: Connection, request: ReadDirectory) -> Directory:
    """All leases whose time is not over."""
    rows = db.run(
        "SELECT zone, layer, epoch, host, machine, pid, endpoint, private_key, protocol_id, expires_ms, capacity,"
        " front_door, players, connected, lateness_p99_ms, cpu_cores, state"
        " FROM lease WHERE host <> '' AND expires_ms > ? ORDER BY zone, layer",
        db.now_ms(),
    )
    return Directory(tuple(_lease_row(row) for row in rows), db.now_ms())


def _lease_row(row: Row) -> LeaseRow:
    zone, layer, epoch, name, machine, pid, endpoint, private_key, protocol_id, expires_ms, capacity, front_door = row[
        :12
    ]
    return LeaseRow(
        ZoneKey(zone, layer),
        epoch,
        HostId(name, machine, pid),
        endpoint,
        private_key,
        unsigned(protocol_id),
        expires_ms,
        capacity,
        ZoneLoad(*row[12:]),
        front_door,
    )


def want(db: Connection, request: WantZone) -> Done:
    """Somebody needs the zone."""
    db.run("INSERT INTO wanted (zone, layer) VALUES (?, ?) ON CONFLICT DO NOTHING", *request.key)
    return Done()


def take_wanted(db: Connection, request: TakeWanted) -> Wanted:
    """The zones wanted, which are forgotten. If the answer is lost, whoever still waits will want them again."""
    return Wanted(tuple(sorted(ZoneKey(*row) for row in db.run("DELETE FROM wanted RETURNING zone, layer"))))


HANDLERS: Final[Mapping[type, Any]] = {
    AcquireLease: acquire,
    RenewLease: renew,
    ReleaseLease: release,
    ReadDirectory: read_directory,
    WantZone: want,
    TakeWanted: take_wanted,
}
