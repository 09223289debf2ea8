"""Rows of a directory, for tests of what decides by them."""

from __future__ import annotations

from collections.abc import Iterable

from myriad.cluster.directory import DirectoryView
from myriad.cluster.requests import Directory, HostId, LeaseRow, ZoneKey, ZoneLoad

S = 1_000_000_000
FOREVER_MS = 1 << 50


def lease(
    zone: str,
    layer: int = 0,
    *,
    connected: int = 0,
    players: int | None = None,
    capacity: int = 10,
    state: str = "running",
    epoch: int = 1,
    host: str = "host-1",
    expires_ms: int = FOREVER_MS,
    lateness_ms: float = 1.0,
    cores: float = 0.1,
    endpoint: str = "127.0.0.1:1337",
) -> LeaseRow:
    load = ZoneLoad(connected if players is None else players, connected, lateness_ms, cores, state)
    key = ZoneKey(zone, layer)
    return LeaseRow(key, epoch, HostId(host, "m", 1), endpoint, bytes(32), 7, expires_ms, capacity, load)


def view(rows: Iterable[LeaseRow], read_ns: int = 0, now_ms: int = 0) -> DirectoryView:
    return DirectoryView(Directory(tuple(rows), now_ms), read_ns)
