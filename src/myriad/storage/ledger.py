"""The ledger: entries, and the holdings that they add up to.

Responsible for: booking entries, and what happens when one takes more than there is.
Not here: who writes entries (the game's rules), whether all of it adds up (`audit.py`).

An entry that takes more than its source holds means that an entry before it is missing: the zone's memory had the
thing, the ledger did not know where from. Refusing the cut would stop the zone for good, refusing the entry would take
a thing from who has it. So the missing amount is minted in an entry of its own, REASON_SHORTFALL, in the same cut: the
books agree with the world, nothing is lost, and the auditor names every such entry (decision 13).

Invariants: a holding is what the entries about it add up to, and never below 0; entries are never changed or removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from myriad.cluster.requests import HOLDER_GROUND, HOLDER_VOID, VOID, Holder, LedgerEntry, ZoneKey
from myriad.storage.connection import Connection

REASON_SHORTFALL: Final = -1
"""A holder gave away what the ledger did not know it had."""
REASON_DELETED: Final = -2
"""The character was deleted."""

GATEWAY: Final = ZoneKey("", 0)
"""In whose name the entries are that come from no zone."""


class Source(NamedTuple):
    """Which cut entries come from; with a number for each entry, the name of a ledger row."""

    key: ZoneKey
    epoch: int
    cut: int


def book(db: Connection, source: Source, entries: Sequence[LedgerEntry]) -> None:
    """Writes entries and moves what they say. Raises Unfit for an amount that is not above 0."""
    changes: Counter[tuple[Holder, int]] = Counter()
    for entry in entries:
        changes[entry.source, entry.asset] -= entry.amount
        changes[entry.target, entry.asset] += entry.amount
    known = [(holder, asset, change) for (holder, asset), change in changes.items() if holder.kind != HOLDER_VOID]
    shortfalls = [entry for holder, asset, change in known if change < 0 for entry in _take(db, holder, asset, -change)]
    db.run_many(
        "INSERT INTO holding (kind, id, asset, amount) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, id, asset) DO UPDATE SET amount = holding.amount + excluded.amount",
        [(*holder, asset, change) for holder, asset, change in known if change > 0],
    )
    db.run_many(
        "INSERT INTO entry (zone, layer, epoch, cut, number, asset, amount, source_kind, source, target_kind, target,"
        " reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*source.key, source.epoch, source.cut, i, e.asset, e.amount, *e.source, *e.target, e.reason)
            for i, e in enumerate([*entries, *shortfalls])
        ],
    )
    grounds = {holder.id for holder, _ in changes if holder.kind == HOLDER_GROUND}
    db.run_many(
        "INSERT INTO ground (id, zone, layer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(ground, *source.key) for ground in sorted(grounds)],
    )


def _take(db: Connection, holder: Holder, asset: int, amount: int) -> list[LedgerEntry]:
    """Takes `amount` from a holding; gives the entry that makes up for what is missing, if anything is."""
    where = "WHERE kind = ? AND id = ? AND asset = ?"
    sql = f"UPDATE holding SET amount = amount - ? {where} AND amount >= ? RETURNING amount"
    if db.run(sql, amount, *holder, asset, amount):
        return []
    held = dict(holdings_of(db, holder)).get(asset, 0)
    db.run(f"UPDATE holding SET amount = 0 {where}", *holder, asset)
    return [LedgerEntry(asset, amount - held, VOID, holder, REASON_SHORTFALL)]


def holdings_of(db: Connection, holder: Holder) -> list[tuple[int, int]]:
    """(asset, amount) of everything that a holder has, by asset."""
    rows = db.run("SELECT asset, amount FROM holding WHERE kind = ? AND id = ? AND amount > 0 ORDER BY asset", *holder)
    return [(int(asset), int(amount)) for asset, amount in rows]
