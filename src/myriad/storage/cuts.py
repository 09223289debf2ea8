"""Cuts: everything that a zone writes, and with it who left and who departed for another zone.

Responsible for: applying a cut once, in the order entries, leavers, departures, state.
Not here: when a zone cuts (`cluster/member.py`), the ledger's arithmetic (`ledger.py`).

Invariants: a cut is applied whole or not at all, only under the zone's epoch, and only if its number is new; asked
again, the answer is the same. A departure's first outcome under its transfer number counts for ever.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import HOLDER_CHARACTER, Committed, Cut, Departure, Fenced, Holder
from myriad.storage.connection import Connection, signed
from myriad.storage.leases import fence, holds
from myriad.storage.ledger import Source, book, holdings_of

KEPT_CUTS: Final = 1000
"""For so many cuts the outcomes of departures are kept; only the newest is ever asked about again."""


def apply_cut(db: Connection, cut: Cut) -> Committed | Fenced:
    """See `requests.Cut`."""
    fenced = fence(db, cut.key, cut.epoch)
    if fenced is not None:
        return fenced
    if is_applied(db, cut):
        return Committed(cut.cut, tuple(bool(outcome(db, departure.transfer)) for departure in cut.departures))
    book(db, Source(cut.key, cut.epoch, cut.cut), cut.entries)
    _let_leave(db, cut)
    outcomes, departed = _send_off(db, cut)
    _save(db, cut, departed)
    return Committed(cut.cut, outcomes)


def is_applied(db: Connection, cut: Cut) -> bool:
    """True if the zone's newest cut is this one or a later one."""
    rows = db.run("SELECT epoch, cut FROM zone_state WHERE zone = ? AND layer = ?", *cut.key)
    return bool(rows) and tuple(rows[0]) >= (cut.epoch, cut.cut)


def outcome(db: Connection, transfer: int) -> bool | None:
    """What became of a departure, None if it was never tried."""
    rows = db.run("SELECT done FROM handoff WHERE transfer = ?", signed(transfer))
    return bool(rows[0][0]) if rows else None


def _send_off(db: Connection, cut: Cut) -> tuple[tuple[bool, ...], list[int]]:
    """The outcome of each departure, and who went now: a transfer that was tried before is not tried again."""
    outcomes, departed = [], []
    for departure in cut.departures:
        known = outcome(db, departure.transfer)
        if known is None:
            known = depart(db, cut, departure)
            departed += [departure.character] if known else []
        outcomes.append(known)
    return tuple(outcomes), departed


def depart(db: Connection, cut: Cut, departure: Departure) -> bool:
    """Gives a character to another zone, if it is this zone's and both epochs hold, and keeps the outcome."""
    done = holds(db, departure.target, departure.target_epoch) and _change_owner(db, cut, departure)
    db.run(
        "INSERT INTO handoff (transfer, zone, layer, epoch, cut, character, target_zone, target_layer, done)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        signed(departure.transfer),
        *cut.key,
        cut.epoch,
        cut.cut,
        departure.character,
        *departure.target,
        int(done),
    )
    return done


def _change_owner(db: Connection, cut: Cut, departure: Departure) -> bool:
    changed = db.run(
        "UPDATE character SET owner_zone = ?, owner_layer = ?, epoch = ?, hop = hop + 1, session = ?, x = ?, y = ?,"
        " record = ?, layout = ?, last_input = ?"
        " WHERE character = ? AND owner_zone = ? AND owner_layer = ? AND presence = 1 AND hop = ? RETURNING character",
        *departure.target,
        departure.target_epoch,
        signed(departure.session),
        departure.x,
        departure.y,
        departure.record,
        cut.layout,
        departure.last_input,
        departure.character,
        *cut.key,
        departure.hop,
    )
    return bool(changed)


def _let_leave(db: Connection, cut: Cut) -> None:
    """Leavers are away from now on; one that is not the zone's (any more) stays as it is."""
    db.run_many(
        "UPDATE character SET presence = 0, hop = hop + 1, x = ?, y = ?, record = ?, layout = ?, last_input = ?"
        " WHERE character = ? AND owner_zone = ? AND owner_layer = ? AND presence = 1 AND hop = ?",
        [
            (each.x, each.y, each.record, cut.layout, each.last_input, each.character, *cut.key, each.hop)
            for each in cut.leavers
        ],
    )


def _save(db: Connection, cut: Cut, departed: list[int]) -> None:
    """What the zone holds from now on. What departed characters hold is no longer in its totals: their new owners'
    cuts may change it before the auditor looks."""
    totals = Counter(dict(cut.totals))
    for character in departed:
        totals.subtract(dict(holdings_of(db, Holder(HOLDER_CHARACTER, character))))
    db.run(
        "INSERT INTO zone_state (zone, layer, epoch, cut, tick, layout, totals, residents, ground)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (zone, layer) DO UPDATE SET epoch = excluded.epoch,"
        " cut = excluded.cut, tick = excluded.tick, layout = excluded.layout, totals = excluded.totals,"
        " residents = excluded.residents, ground = excluded.ground",
        *cut.key,
        cut.epoch,
        cut.cut,
        cut.tick,
        cut.layout,
        json.dumps({asset: amount for asset, amount in sorted(totals.items()) if amount}),
        cut.residents,
        cut.ground,
    )
    if cut.departures:
        db.run(
            "DELETE FROM handoff WHERE zone = ? AND layer = ? AND (epoch < ? OR (epoch = ? AND cut < ?))",
            *cut.key,
            cut.epoch,
            cut.epoch,
            cut.cut - KEPT_CUTS,
        )


HANDLERS: Final[Mapping[type, Any]] = {Cut: apply_cut}
