"""Experience and levels: what a player gets for a kill, and what it becomes of it.

Responsible for: kills, experience, levels and the health that comes with them. Not here: who is killed (`combat.py`).

Invariant: a level is in the ledger before it counts, so that a player is told of it once it is durable.
"""

from __future__ import annotations

from emberdale.fields import COUNT_LEDGER_FULL, COUNT_LEVELS, EVENT_LEVEL, REASON_LEVEL
from myriad.game import PLAYER, World, as_int, emit, inner_kernel, note_level

MAX_EXPERIENCE = 0xFFFFFFFF


@inner_kernel
def experience_for(world: World, row: int) -> int:
    """What beating the entity in a row is worth."""
    me = world.entities[row]
    if (me["flags"] & PLAYER) != 0:
        return as_int(world.params[0]["player_experience"])
    return as_int(world.kinds[as_int(me["kind"])]["experience"])


@inner_kernel
def _rise(world: World, row: int) -> None:
    """Raise a player by all levels for which it has the experience; later, if the ledger is full."""
    params = world.params[0]
    me = world.entities[row]
    first = as_int(params["level_experience"])
    level = as_int(me["level"])
    while level < as_int(params["max_level"]) and as_int(me["experience"]) >= first * level * (level + 1) // 2:
        if not note_level(world, as_int(me["id"]), level + 1, REASON_LEVEL):
            world.counters[COUNT_LEDGER_FULL] += 1
            return
        level += 1
        me["level"] = level
        me["max_hp"] = as_int(me["max_hp"]) + as_int(params["level_hp"])
        if me["hp"] != 0:
            me["hp"] = as_int(me["hp"]) + as_int(params["level_hp"])
        world.counters[COUNT_LEVELS] += 1
        emit(world, EVENT_LEVEL, level, row, row)


@inner_kernel
def reward(world: World, row: int, experience: int) -> None:
    """A player has beaten somebody."""
    me = world.entities[row]
    me["kills"] = min(65535, as_int(me["kills"]) + 1)
    me["experience"] = min(MAX_EXPERIENCE, as_int(me["experience"]) + experience)
    me["private_version"] = (as_int(me["private_version"]) + 1) & 0xFF
    _rise(world, row)
