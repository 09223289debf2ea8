"""Taking and freeing rows of the entity table, and finding a row by entity id.

Responsible for: the free list, the index from id to row, transient ids, and putting an entity at a place.
Not here: what the columns mean to the game.

Invariants: an id is in the index exactly while a row holds it; a freed row is all zero; rows are taken last freed
first, so the same calls give the same rows. A row number is valid until the row is freed, an id for ever.
"""

from __future__ import annotations

from myriad.core.kernel import inner_kernel, kernel
from myriad.sim.columns import HISTORY_TICKS, UNITS_PER_M, as_int
from myriad.sim.world import World


@inner_kernel
def _index_slot(entity_id: int, mask: int) -> int:
    return (((int(entity_id) * 0x9E3779B1) & 0xFFFFFFFF) >> 5) & mask


@kernel
def find_row(world: World, entity_id: int) -> int:
    """Row of the entity with that id, or -1. Id 0 is nobody."""
    if entity_id == 0:
        return -1
    ids = world.entities["id"]
    index = world.id_index
    mask = index.shape[0] - 1
    slot = _index_slot(entity_id, mask)
    while index[slot] != 0:
        row = as_int(index[slot]) - 1
        if ids[row] == entity_id:
            return row
        slot = (slot + 1) & mask
    return -1


@kernel
def allocate_row(world: World, entity_id: int) -> int:
    """Take a row for a new entity: all fields zero but `id`, and `client` = -1.

    Returns the row, or -1 when the table is full, the id is 0 or the id is present already (nothing changes then).
    """
    clock = world.clock[0]
    if entity_id == 0 or find_row(world, entity_id) >= 0:
        return -1
    num_free = as_int(clock["num_free"])
    num_rows = as_int(clock["num_rows"])
    if num_free > 0:
        row = as_int(world.free_rows[num_free - 1])
        clock["num_free"] = num_free - 1
    elif num_rows < world.entities.shape[0]:
        row = num_rows
        clock["num_rows"] = num_rows + 1
    else:
        return -1
    world.entities["id"][row] = entity_id
    world.entities["client"][row] = -1
    index = world.id_index
    mask = index.shape[0] - 1
    slot = _index_slot(entity_id, mask)
    while index[slot] != 0:
        slot = (slot + 1) & mask
    index[slot] = row + 1
    return row


@kernel
def free_row(world: World, row: int) -> None:
    """Remove the entity in `row` from the world. The row must be in use."""
    ids = world.entities["id"]
    index = world.id_index
    mask = index.shape[0] - 1
    slot = _index_slot(as_int(ids[row]), mask)
    while as_int(index[slot]) != row + 1:
        slot = (slot + 1) & mask
    # Close the gap, so that no search stops early: every later entry of the run that may move back does.
    following = (slot + 1) & mask
    while index[following] != 0:
        wanted = _index_slot(as_int(ids[as_int(index[following]) - 1]), mask)
        if ((following - wanted) & mask) >= ((following - slot) & mask):
            index[slot] = index[following]
            slot = following
        following = (following + 1) & mask
    index[slot] = 0
    words = world.entity_words
    for i in range(words.shape[1]):
        words[row, i] = 0
    world.inputs["count"][row] = 0
    world.row_cell[row] = -1
    num_free = as_int(world.clock[0]["num_free"])
    world.free_rows[num_free] = row
    world.clock[0]["num_free"] = num_free + 1


@kernel
def take_transient_id(world: World) -> int:
    """The next id of the zone's block of transient ids, or 0 when the block is used up."""
    clock = world.clock[0]
    next_id = as_int(clock["next_id"])
    if next_id >= as_int(clock["end_id"]):
        return 0
    clock["next_id"] = next_id + 1
    return next_id


@kernel
def place(world: World, row: int, qx: int, qy: int, tick: int) -> None:
    """Put an entity at (qx, qy) (1/1024 m) without a path to there: no rewind reaches back across it.

    `tick` is the first tick whose state has the entity there: the current tick when called between steps, the next
    one when called by a rule.
    """
    entity = world.entities[row]
    entity["x"] = qx / UNITS_PER_M
    entity["y"] = qy / UNITS_PER_M
    entity["qx"] = qx
    entity["qy"] = qy
    entity["placed_tick"] = tick
    slot = as_int(tick) & (HISTORY_TICKS - 1)
    world.history_x[slot, row] = qx
    world.history_y[slot, row] = qy
