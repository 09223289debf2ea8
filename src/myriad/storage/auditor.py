"""The auditor that works all the time: the whole once in a while, by many short reads.

Responsible for: advancing through the ledger by a watermark for each zone, comparing zones one after the other, and
the balance of the whole in one last short read.
Not here: what is compared (`audit.py`), the clock and the thread (`runtime/`).

Each zone's entries come in the order (epoch, cut, number), so a watermark for each zone misses none, whoever commits
when. Entries never change, so reading them in pieces is as good as at once; only the rest is read together with the
holdings that it must equal.

Invariant: a read takes at most `CHUNK` entries, one zone, or the sums.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from typing import Final, Protocol

from myriad.cluster.requests import HOLDER_VOID, AuditReport, ZoneKey
from myriad.storage.audit import held_by_all, unbalanced, zone_problems, zones_that_cut
from myriad.storage.connection import Connection
from myriad.storage.ledger import GATEWAY, REASON_SHORTFALL
from myriad.storage.port import StoreUnavailable

CHUNK: Final = 5_000

_BEGINNING: Final = (0, 0, -1)
_NEXT: Final = (
    "SELECT epoch, cut, number, asset, amount, source_kind, target_kind, reason FROM entry WHERE zone = ? AND layer = ?"
    " AND (epoch, cut, number) > (?, ?, ?) ORDER BY epoch, cut, number LIMIT ?"
)


class Readable(Protocol):
    """What the auditor needs of a store (`SqlStore`); one of its own, so that it is in nobody's way."""

    def transaction(self, writing: bool) -> AbstractContextManager[Connection]:
        """A transaction for the block."""
        ...


class Auditor:
    """Call `poll` often; every `every_ns` the world has been audited, and `report` is new."""

    def __init__(self, store: Readable, every_ns: int) -> None:
        """Begins at the first entry there is."""
        self.report: AuditReport | None = None
        """The newest; None until the first audit is complete."""
        self.num_audits = 0
        self.num_alarms = 0
        """Audits that did not balance."""
        self.num_failures = 0
        """Reads that the store could not serve; they are made again."""
        self._store = store
        self._every_ns = every_ns
        self._due_ns: int | None = None
        self._marks: dict[ZoneKey, tuple[int, int, int]] = {}
        self._minted: Counter[int] = Counter()
        self._burned: Counter[int] = Counter()
        self._num_entries = 0
        self._shortfalls: Counter[ZoneKey] = Counter()
        self._to_read: list[ZoneKey] | None = None
        self._to_compare: list[ZoneKey] = []
        self._problems: list[str] = []

    def poll(self, now_ns: int) -> AuditReport | None:
        """Does one short read if an audit is due or under way. The report, when it has just become complete."""
        if self._due_ns is not None and now_ns < self._due_ns:
            return None
        try:
            with self._store.transaction(writing=False) as db:
                report = self._step(db)
        except StoreUnavailable:
            self.num_failures += 1
            return None
        if report is not None:
            self._due_ns = now_ns + self._every_ns
        return report

    def _step(self, db: Connection) -> AuditReport | None:
        if self._to_read is None:
            self._to_compare = zones_that_cut(db)
            self._to_read = [GATEWAY, *self._to_compare]
            self._problems = []
        elif self._to_read:
            if self._advance(db, self._to_read[-1]) < CHUNK:
                self._to_read.pop()
        elif self._to_compare:
            self._problems.extend(zone_problems(db, self._to_compare[-1]))
            self._to_compare.pop()
        else:
            return self._conclude(db)
        return None

    def _advance(self, db: Connection, key: ZoneKey) -> int:
        """Reads on in one zone's entries; how many there were, at most CHUNK."""
        rows = db.run(_NEXT, *key, *self._marks.get(key, _BEGINNING), CHUNK)
        for _, _, _, asset, amount, source_kind, target_kind, reason in rows:
            self._minted[asset] += amount if source_kind == HOLDER_VOID else 0
            self._burned[asset] += amount if target_kind == HOLDER_VOID else 0
            self._shortfalls[key] += reason == REASON_SHORTFALL
        if rows:
            self._marks[key] = rows[-1][:3]
        self._num_entries += len(rows)
        return len(rows)

    def _conclude(self, db: Connection) -> AuditReport:
        """The rest of the entries and the holdings, at one moment."""
        for key in (GATEWAY, *zones_that_cut(db)):
            while self._advance(db, key) == CHUNK:
                pass
        minted, burned, held = +self._minted, +self._burned, held_by_all(db)
        problems = (*unbalanced(minted, burned, held), *self._shortfall_sentences(), *self._problems)
        self._to_read = None
        self.report = AuditReport(dict(minted), dict(burned), held, self._num_entries, problems)
        self.num_audits += 1
        self.num_alarms += not self.report.balanced
        return self.report

    def _shortfall_sentences(self) -> list[str]:
        return [
            f"{key}: {number} times something was given away that the ledger did not know of"
            for key, number in sorted(self._shortfalls.items())
            if number
        ]
