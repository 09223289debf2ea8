"""Who runs what: the directory as the store gave it, read at a later moment.

Responsible for: which rows still hold, the layers of a zone, totals.
Not here: reading it (a gateway, a host), deciding by it (`placement.py`, `scaling.py`).

Invariant: a row counts only while its lease runs by the store's clock, so a directory that cannot be read anew grows
empty by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from myriad.cluster.requests import Directory, LeaseRow, ZoneKey

NS_PER_MS: Final = 1_000_000
DRAINING: Final = "draining"
HIBERNATING: Final = "hibernating"


class Totals(NamedTuple):
    """Everything that runs, added up."""

    zones: int
    """Layers included."""
    hosts: int
    players: int
    connected: int
    capacity: int


class DirectoryView:
    """One reading of the directory. Immutable; times are `now_ns` of the reader's own clock."""

    def __init__(self, directory: Directory, read_ns: int) -> None:
        """`read_ns` is when it was asked for, so that a slow answer makes rows end early, never late."""
        self.read_ns = read_ns
        self._read_ms = directory.now_ms
        self._rows = {row.key: row for row in sorted(directory.rows, key=lambda row: row.key)}
        self._by_zone: dict[str, list[LeaseRow]] = {}
        for row in self._rows.values():
            self._by_zone.setdefault(row.key.zone, []).append(row)

    def find(self, key: ZoneKey, now_ns: int) -> LeaseRow | None:
        """Who runs a zone (or layer) now, if anybody does."""
        row = self._rows.get(key)
        return row if row is not None and self._holds(row, now_ns) else None

    def layers(self, zone: str, now_ns: int) -> tuple[LeaseRow, ...]:
        """The running layers of a zone, lowest first."""
        return tuple(row for row in self._by_zone.get(zone, ()) if self._holds(row, now_ns))

    def rows(self, now_ns: int) -> Iterator[LeaseRow]:
        """Everything that runs, by zone and layer."""
        return (row for row in self._rows.values() if self._holds(row, now_ns))

    def totals(self, now_ns: int) -> Totals:
        """Sums over everything that runs."""
        rows = list(self.rows(now_ns))
        return Totals(
            zones=len(rows),
            hosts=len({row.host.name for row in rows}),
            players=sum(row.load.players for row in rows),
            connected=sum(row.load.connected for row in rows),
            capacity=sum(row.capacity for row in rows),
        )

    def _holds(self, row: LeaseRow, now_ns: int) -> bool:
        return row.expires_ms > self._read_ms + (now_ns - self.read_ns) // NS_PER_MS


def takes_players(row: LeaseRow) -> bool:
    """True unless it is about to end; one that sleeps wakes when somebody comes."""
    return row.load.state != DRAINING


EMPTY_VIEW: Final = DirectoryView(Directory((), 0), 0)
"""What is known before the first reading."""
