"""The auditor: proves that nothing was doubled and nothing was lost.

Responsible for: the exact whole (`Audit`), and the auditor that goes on all the time in short reads.
Not here: who drives it, what is done about an alarm.

Three accounts of the same world are compared: the ledger's entries, the holdings that they add up to, and what each
zone had in memory at its newest cut. For every asset minted - burned = held; for every holder the entries add up to the
holding; for every zone its totals are what the ledger says that its ground and the residents of that cut hold. Those
are the characters named in the cut whose hop is still the same: who came later is not in its totals, and who departed
was taken out of them in the cut's transaction. So a world may be audited at any moment of its life.

Invariant: each comparison is made within one transaction that sees one moment.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from myriad.cluster.records import unpack_residents
from myriad.cluster.requests import HOLDER_CHARACTER, HOLDER_GROUND, Audit, AuditReport, Holder, ZoneKey
from myriad.storage.connection import Connection
from myriad.storage.ledger import REASON_SHORTFALL

MAX_SENTENCES: Final = 100
"""So many problems are spelt out; then only their number is."""

_SUMS: Final = (
    "SELECT asset, CAST(SUM(CASE WHEN source_kind = 0 THEN amount ELSE 0 END) AS BIGINT),"
    " CAST(SUM(CASE WHEN target_kind = 0 THEN amount ELSE 0 END) AS BIGINT), COUNT(*) FROM entry GROUP BY asset"
)
_HELD: Final = "SELECT asset, CAST(SUM(amount) AS BIGINT) FROM holding GROUP BY asset"
_DRIFTS: Final = (
    "SELECT kind, id, asset, CAST(SUM(booked) AS BIGINT), CAST(SUM(held) AS BIGINT) FROM ("
    "SELECT target_kind AS kind, target AS id, asset, amount AS booked, 0 AS held FROM entry"
    " UNION ALL SELECT source_kind, source, asset, -amount, 0 FROM entry"
    " UNION ALL SELECT kind, id, asset, 0, amount FROM holding) AS said"
    " WHERE kind <> 0 GROUP BY kind, id, asset HAVING SUM(booked) <> SUM(held) ORDER BY kind, id, asset"
)
_SHORTFALLS: Final = (
    "SELECT zone, layer, epoch, cut, asset, amount, target_kind, target FROM entry WHERE reason = ?"
    " ORDER BY zone, layer, epoch, cut, number"
)
_HOLDERS_GONE: Final = (
    "SELECT id, asset, amount FROM holding WHERE kind = 1 AND amount > 0"
    " AND id NOT IN (SELECT character FROM character WHERE presence < 2) ORDER BY id, asset"
)


def audit(db: Connection, request: Audit) -> AuditReport:
    """Adds up everything; reads the whole ledger."""
    sums = db.run(_SUMS)
    minted = {asset: amount for asset, amount, _, _ in sums if amount}
    burned = {asset: amount for asset, _, amount, _ in sums if amount}
    held = held_by_all(db)
    problems = [
        *unbalanced(minted, burned, held),
        *_drifts(db),
        *_shortfalls(db),
        *_holders_gone(db),
        *(problem for key in zones_that_cut(db) for problem in zone_problems(db, key)),
    ]
    return AuditReport(minted, burned, held, sum(row[3] for row in sums), _shortened(problems))


def held_by_all(db: Connection) -> dict[int, int]:
    """For each asset how much of it there is."""
    return {asset: amount for asset, amount in db.run(_HELD) if amount}


def unbalanced(minted: Mapping[int, int], burned: Mapping[int, int], held: Mapping[int, int]) -> Iterator[str]:
    """A sentence for each asset of which more or less is held than was minted and not burned."""
    for asset in sorted({*minted, *burned, *held}):
        should, does = minted.get(asset, 0) - burned.get(asset, 0), held.get(asset, 0)
        if should != does:
            yield f"asset {asset}: minted less burned is {should}, held is {does}"


def zones_that_cut(db: Connection) -> list[ZoneKey]:
    """Every zone that ever wrote."""
    return [ZoneKey(*row) for row in db.run("SELECT zone, layer FROM zone_state ORDER BY zone, layer")]


def zone_problems(db: Connection, key: ZoneKey) -> Iterator[str]:
    """A sentence for each asset of which a zone's memory had another amount than the ledger knows of."""
    totals, residents = db.run("SELECT totals, residents FROM zone_state WHERE zone = ? AND layer = ?", *key)[0]
    try:
        heads, _ = unpack_residents(residents)
    except ValueError as error:
        yield f"{key}: {error}"
        return
    hops = dict(zip(heads["character"].tolist(), heads["hop"].tolist(), strict=True))
    remembered = {int(asset): amount for asset, amount in json.loads(totals).items()}
    booked = _booked(db, key, hops)
    for asset in sorted({*remembered, *booked}):
        if remembered.get(asset, 0) != booked[asset]:
            yield f"{key}: asset {asset}: in memory {remembered.get(asset, 0)}, by the ledger {booked[asset]}"


def _booked(db: Connection, key: ZoneKey, hops: Mapping[int, int]) -> Counter[int]:
    """What the ledger says that the ground of a zone and the residents in `hops` hold."""
    booked: Counter[int] = Counter()
    rows = db.run(
        "SELECT asset, amount FROM holding JOIN ground ON kind = 2 AND holding.id = ground.id"
        " WHERE zone = ? AND layer = ? AND amount > 0",
        *key,
    )
    for asset, amount in rows:
        booked[asset] += amount
    rows = db.run(
        "SELECT character, hop, asset, amount FROM character JOIN holding ON kind = 1 AND id = character"
        " WHERE owner_zone = ? AND owner_layer = ? AND presence = 1 AND amount > 0",
        *key,
    )
    for character, hop, asset, amount in rows:
        if hops.get(character) == hop:
            booked[asset] += amount
    return booked


def _drifts(db: Connection) -> Iterator[str]:
    for kind, number, asset, booked, held in db.run(_DRIFTS):
        yield f"{_holder(kind, number)}, asset {asset}: entries add up to {booked}, held is {held}"


def _shortfalls(db: Connection) -> Iterator[str]:
    for row in db.run(_SHORTFALLS, REASON_SHORTFALL):
        yield _shortfall(*row)


def _shortfall(zone: str, layer: int, epoch: int, cut: int, asset: int, amount: int, kind: int, number: int) -> str:
    where = f"{ZoneKey(zone, layer)}, epoch {epoch}, cut {cut}"
    return f"{where}: {_holder(kind, number)} gave {amount} of asset {asset} that the ledger did not know of"


def _holders_gone(db: Connection) -> Iterator[str]:
    for number, asset, amount in db.run(_HOLDERS_GONE):
        yield f"{amount} of asset {asset} belong to character {number}, which does not exist"


def _holder(kind: int, number: int) -> str:
    name = {HOLDER_CHARACTER: "character", HOLDER_GROUND: "ground"}.get(kind, f"holder of kind {kind},")
    return f"{name} {Holder(kind, number).id}"


def _shortened(problems: list[str]) -> tuple[str, ...]:
    rest = len(problems) - MAX_SENTENCES
    return tuple(problems) if rest <= 0 else (*problems[:MAX_SENTENCES], f"and {rest} more")


HANDLERS: Final[Mapping[type, Any]] = {Audit: audit}
