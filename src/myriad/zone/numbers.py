"""What a zone's arrays tell about it: the numbers of `/v1/zone`, and the digests that views are checked against.

Responsible for: reading arrays into plain values.
Not here: what only the zone object knows (who joined and left, the ladder), their names as metrics (`core/metrics.py`).

Invariant: nothing here changes anything.
"""

from __future__ import annotations

import numpy as np

from myriad.core.errors import DROP_INPUT_LATE, DROP_REASONS, DROP_RELIABLE_OVERFLOW
from myriad.replication.cells import COUNTER_NAMES, HIDDEN_BY_CROWD
from myriad.sim.columns import NPC
from myriad.wire.layouts import MAX_PARTS
from myriad.zone.arrays import ZoneArrays


def numbers_of(arrays: ZoneArrays) -> dict[str, object]:
    """Each number under its metric's name without `myriad_` and `_total`."""
    world = arrays.world
    used = world.entities["id"][: int(world.clock["num_rows"][0])] != 0
    flags = world.entities["flags"][: len(used)]
    counters = dict(zip(COUNTER_NAMES, (arrays.cells.counters + arrays.viewers.counters).tolist(), strict=True))
    return {
        "tick": int(world.clock["tick"][0]),
        "npcs": int(np.count_nonzero(used & (flags & NPC != 0))),
        "entities": int(np.count_nonzero(used)),
        "drops": drops_of(arrays),
        "inputs_late": int(arrays.queues["late"].sum()),
        "inputs_applied": int(arrays.pace["num_inputs"][0]),
        "snapshots_sent": int(arrays.pace["num_snapshots"][0]),
        "encoded_bytes": counters["bytes_encoded"],
        "keyframes_sent": counters["keyframes_sent"],
        "keyframe_repairs": counters["nacks"],
        "sections_deferred": counters["deferrals"],
        "hidden_by_crowd": int(arrays.cells.counters[HIDDEN_BY_CROWD]),
        "replication": counters,
        "chat_dropped": int(arrays.reliable.state["chat_dropped"][0]),
        "pair_checks": int(world.clock["pair_checks"][0]),
    }


def drops_of(arrays: ZoneArrays) -> dict[str, int]:
    """What was thrown away, by reason; two reasons are counted where they arise."""
    drops = arrays.server.drops.copy()
    drops[DROP_INPUT_LATE] += arrays.queues["late"].sum()
    drops[DROP_RELIABLE_OVERFLOW] += arrays.reliable.state["overflows"][0]
    return {row.name: int(n) for row, n in zip(DROP_REASONS, drops, strict=True)}


def digests_of(arrays: ZoneArrays, tick: int) -> dict[tuple[int, int, int], int] | None:
    """Digest of every part that held anything at snapshot tick `tick`, None if that is not (any longer) kept."""
    cells = arrays.cells
    kept = np.flatnonzero(cells.digest_ticks == tick)
    if cells.digests.shape[1] == 0 or len(kept) == 0:
        return None
    found = {}
    for index in np.flatnonzero(cells.digests[kept[0]]):
        cell, part = divmod(int(index), MAX_PARTS)
        place = (int(cells.cells["x"][cell]), int(cells.cells["y"][cell]), part)
        found[place] = int(cells.digests[kept[0], index])
    return found
