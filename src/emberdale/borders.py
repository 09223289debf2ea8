"""What happens across a border: neighbours' entities and ours.

Responsible for: judging what an entity of a neighbour did to one of ours, and what goes back to it.
Not here: our attacks on ghosts (`combat.py`), how effects travel (the engine).

Invariants: only the owner of an entity takes its health; an effect that the rules do not allow changes nothing but a
counter; who kills across a border is told by an effect of its own, so each kill is credited once.
"""

from __future__ import annotations

from emberdale.combat import hurt, in_sight, is_attackable
from emberdale.fields import COUNT_EFFECTS, COUNT_EFFECTS_LOST, COUNT_EFFECTS_REFUSED, EFFECT_ATTACK, EFFECT_CREDIT
from emberdale.levels import experience_for, reward
from myriad.game import FROZEN, GHOST, PLAYER, UNITS_PER_M, World, add_effect, as_int, find_row, inner_kernel, kernel


@inner_kernel
def _near_enough(world: World, row: int, x: int, y: int) -> bool:
    """True if an attacker at (x, y) (1/1024 m) could reach an entity, with some tolerance, in plain sight."""
    clock = world.clock[0]
    me = world.entities[row]
    qx, qy = as_int(me["qx"]), as_int(me["qy"])
    reach = as_int(world.params[0]["border_reach"])
    if (x - qx) * (x - qx) + (y - qy) * (y - qy) > reach * reach:
        return False
    left = as_int(clock["origin_x"]) * UNITS_PER_M
    bottom = as_int(clock["origin_y"]) * UNITS_PER_M
    return in_sight(world, x - left, y - bottom, qx - left, qy - bottom)


@inner_kernel
def _take_attack(world: World, damage: int, source: int, row: int, x: int, y: int, neighbour: int) -> bool:
    """An attack on one of ours, if the rules allow it; the credit for a kill goes to whoever has the attacker."""
    now = as_int(world.clock[0]["tick"]) + 1
    me = world.entities[row]
    if (me["flags"] & GHOST) != 0 or damage < 0 or not is_attackable(world, row, now):
        return False
    attacker = as_int(find_row(world, source))
    by = world.entities[attacker]
    if not _near_enough(world, row, x, y) and not (
        attacker >= 0 and _near_enough(world, row, as_int(by["qx"]), as_int(by["qy"]))
    ):
        return False
    if not hurt(world, row, attacker, damage, now):
        return True
    experience = experience_for(world, row)
    if attacker >= 0 and (by["flags"] & PLAYER) == 0:
        return True
    if attacker >= 0 and (by["flags"] & GHOST) == 0:  # it has come over in the meantime
        reward(world, attacker, experience)
        return True
    if neighbour < 0 and attacker >= 0:
        neighbour = as_int(world.ghost_neighbour[attacker])
    if neighbour < 0 or not add_effect(world, EFFECT_CREDIT, experience, as_int(me["id"]), source, neighbour, x, y):
        world.counters[COUNT_EFFECTS_LOST] += 1
    return True


@kernel
def judge_effect(
    world: World, kind: int, amount: int, source: int, target: int, x: int, y: int, neighbour: int
) -> bool:
    """Judge, between two ticks, what `source` of a neighbour did to `target`; false and no change if it may not be.

    `x`, `y` in 1/1024 m; `neighbour` as in `ghost_neighbour`, -1 = who shows the ghost of `source`.
    """
    row = as_int(find_row(world, target))
    done = False
    if row >= 0 and kind == EFFECT_ATTACK:
        done = _take_attack(world, amount, source, row, x, y, neighbour)
    elif row >= 0 and kind == EFFECT_CREDIT and amount >= 0:
        done = (world.entities[row]["flags"] & (PLAYER | GHOST | FROZEN)) == PLAYER
        if done:
            reward(world, row, amount)
    world.counters[COUNT_EFFECTS if done else COUNT_EFFECTS_REFUSED] += 1
    return done
