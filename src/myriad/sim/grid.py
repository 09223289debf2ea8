"""Who is near: a grid of 16 m cells over all entities, and a coarse one of 64 m that says where players are.

Responsible for: rebuilding both once a tick (counting sort) and bounded neighbour searches.
Not here: the 50 m cells of the wire (`replication/`).

Invariants: the lists are a function of positions and rows alone (rows ascend within a cell); a search looks at no more
than `max_checks` entities, so a crowd costs no more than that; every distance check is counted in `clock.pair_checks`.
"""

from __future__ import annotations

from myriad.core.kernel import inner_kernel
from myriad.sim.columns import GHOST, HIDDEN, PLAYER, UNITS_PER_M, as_int
from myriad.sim.world import World

_CELL_SHIFT = 14  # 16 m in 1/1024 m
_COARSE_SHIFT = 2  # 64 m in cells of 16 m


@inner_kernel
def rebuild_grid(world: World) -> None:
    """List every visible entity but ghosts in its cell by `qx`, `qy`, and count the players of each coarse cell."""
    entities = world.entities
    ids, flags, qx, qy = entities["id"], entities["flags"], entities["qx"], entities["qy"]
    start, listed, row_cell, presence = world.cell_start, world.cell_rows, world.row_cell, world.presence
    columns = as_int(world.grid[0]["num_columns"])
    rows = as_int(world.grid[0]["num_rows"])
    coarse_columns = as_int(world.grid[0]["num_coarse_columns"])
    left = as_int(world.clock[0]["origin_x"]) * UNITS_PER_M
    bottom = as_int(world.clock[0]["origin_y"]) * UNITS_PER_M
    num_rows = as_int(world.clock[0]["num_rows"])
    for cell in range(start.shape[0]):
        start[cell] = 0
    for cell in range(presence.shape[0]):
        presence[cell] = 0
    for row in range(num_rows):
        if ids[row] == 0 or (flags[row] & (HIDDEN | GHOST)) != 0:
            row_cell[row] = -1
            continue
        column = max(0, min(columns - 1, (as_int(qx[row]) - left) >> _CELL_SHIFT))
        line = max(0, min(rows - 1, (as_int(qy[row]) - bottom) >> _CELL_SHIFT))
        cell = line * columns + column
        row_cell[row] = cell
        start[cell] += 1
        if (flags[row] & PLAYER) != 0:
            presence[(line >> _COARSE_SHIFT) * coarse_columns + (column >> _COARSE_SHIFT)] += 1
    total = as_int(0)
    for cell in range(start.shape[0]):
        total += as_int(start[cell])
        start[cell] = total
    for row in range(num_rows - 1, -1, -1):
        cell = as_int(row_cell[row])
        if cell >= 0:
            start[cell] -= 1
            listed[start[cell]] = row


@inner_kernel
def players_around(world: World, qx: int, qy: int) -> int:
    """Number of players in the 3 x 3 coarse cells around a point: all within 64 m, none beyond 181 m."""
    coarse_columns = as_int(world.grid[0]["num_coarse_columns"])
    coarse_rows = as_int(world.grid[0]["num_coarse_rows"])
    shift = _CELL_SHIFT + _COARSE_SHIFT
    column = (qx - as_int(world.clock[0]["origin_x"]) * UNITS_PER_M) >> shift
    line = (qy - as_int(world.clock[0]["origin_y"]) * UNITS_PER_M) >> shift
    found = as_int(0)
    for other_line in range(max(0, line - 1), min(coarse_rows, line + 2)):
        for other_column in range(max(0, column - 1), min(coarse_columns, column + 2)):
            found += as_int(world.presence[other_line * coarse_columns + other_column])
    return found


@inner_kernel
def nearest_entity(
    world: World, qx: int, qy: int, radius: int, flags_wanted: int, exclude_row: int, max_checks: int
) -> int:
    """Row of the nearest entity with one of `flags_wanted` within `radius` of (qx, qy) (1/1024 m), or -1.

    Only entities with health left count, or without health at all. Looks at no more than `max_checks` entities of the
    cells that the circle touches, the own cell first. On equal distances the first one looked at wins.
    """
    entities = world.entities
    flags, other_x, other_y = entities["flags"], entities["qx"], entities["qy"]
    hp, max_hp = entities["hp"], entities["max_hp"]
    columns = as_int(world.grid[0]["num_columns"])
    rows = as_int(world.grid[0]["num_rows"])
    x = qx - as_int(world.clock[0]["origin_x"]) * UNITS_PER_M
    y = qy - as_int(world.clock[0]["origin_y"]) * UNITS_PER_M
    own_column = max(0, min(columns - 1, x >> _CELL_SHIFT))
    own_line = max(0, min(rows - 1, y >> _CELL_SHIFT))
    first_column = max(0, (x - radius) >> _CELL_SHIFT)
    last_column = min(columns - 1, (x + radius) >> _CELL_SHIFT)
    first_line = max(0, (y - radius) >> _CELL_SHIFT)
    last_line = min(rows - 1, (y + radius) >> _CELL_SHIFT)
    best = as_int(-1)
    best_distance = radius * radius + 1
    checks = as_int(0)
    for turn in range(2):  # the own cell, then the others
        for line in range(first_line, last_line + 1):
            for column in range(first_column, last_column + 1):
                if (column == own_column and line == own_line) != (turn == 0):
                    continue
                cell = line * columns + column
                for i in range(world.cell_start[cell], world.cell_start[cell + 1]):
                    row = as_int(world.cell_rows[i])
                    if checks >= max_checks:
                        break
                    checks += 1
                    if (flags[row] & flags_wanted) == 0 or row == exclude_row:
                        continue
                    if max_hp[row] != 0 and hp[row] == 0:
                        continue
                    dx = as_int(other_x[row]) - qx
                    dy = as_int(other_y[row]) - qy
                    distance = dx * dx + dy * dy
                    if distance < best_distance:
                        best_distance = distance
                        best = row
    world.clock[0]["pair_checks"] += checks
    return best
