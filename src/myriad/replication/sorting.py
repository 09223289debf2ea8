"""Rows into cells, and the rows of crowded cells into parts.

Responsible for: the quantised record of every row, the cell and part it is listed in, and when and how a cell is
divided anew.
Not here: keyframes and sections (`keyframes.py`, `sections.py`).

Invariants: a row stays in its cell until it is 7 m beyond the border, and in its part until the cell is divided anew.
A part never has more than 64 entities; who finds no place is hidden by the crowd and counted. A row that was given to
another entity starts from nothing. Hidden entities are in no cell.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import HIDDEN_BY_CROWD, LAYOUT_SNAPSHOTS, LAYOUTS, PARTS_EXHAUSTED, CellArrays, Table
from myriad.replication.geometry import SUB_SQUARES, sort_ascending, sub_square
from myriad.sim.columns import HIDDEN
from myriad.wire.layouts import CELL_UNITS, MARGIN_UNITS, MAX_PART_ENTITIES, MAX_PARTS, TARGET_PART_ENTITIES
from myriad.wire.quantise import to_cell_position

GROW_ABOVE = 48  # entities a part on average, before a cell gets more parts
SHRINK_BELOW = 30  # entities a part with one part fewer, before a cell gets fewer
HASTE_SNAPSHOTS = 5  # between two divisions of a cell that hides someone
ROW_BITS = 20


@bare_kernel
def health_byte(hp: int, max_hp: int) -> int:
    """Share of health as on the wire: 0 only for 0 hit points, 255 for what has none."""
    if max_hp == 0:
        return 255
    if hp == 0:
        return 0
    return min(max(hp * 255 // max_hp, 1), 255)


@inner_kernel
def _place_rows(cells: CellArrays, entities: Table, num_rows: int) -> None:
    """Refresh id, cell and word of every row, and count the rows of each cell."""
    zone = cells.zone
    ids, flags, headings = entities["id"], entities["flags"], entities["heading"]
    qx, qy, hp, max_hp = entities["qx"], entities["qy"], entities["hp"], entities["max_hp"]
    states, kinds = entities["state"], entities["kind"]
    row_id, row_cell, row_part, row_word = cells.rows["id"], cells.rows["cell"], cells.rows["part"], cells.rows["word"]
    left, bottom, counts = cells.cells["left"], cells.cells["bottom"], cells.cells["count"]
    width, height = i64(zone["width"][0]), i64(zone["height"][0])
    origin_x, origin_y = i64(zone["origin_x"][0]), i64(zone["origin_y"][0])
    counts[:] = 0
    for row in range(num_rows):
        entity = ids[row]
        old = i64(row_cell[row])
        if entity != row_id[row]:
            row_id[row] = entity
            row_part[row] = -1
            old = i64(-1)
        if entity == 0 or (flags[row] & HIDDEN) != 0:
            row_cell[row] = -1
            row_part[row] = -1
            continue
        x, y = i64(qx[row]), i64(qy[row])
        cell = old
        if old >= 0:
            dx, dy = x - i64(left[old]) + MARGIN_UNITS, y - i64(bottom[old]) + MARGIN_UNITS
            limit = CELL_UNITS + 2 * MARGIN_UNITS
            if dx < 0 or dx >= limit or dy < 0 or dy >= limit:
                cell = i64(-1)
        if cell < 0:
            column = min(max(x // CELL_UNITS - origin_x, 0), width - 1)
            line = min(max(y // CELL_UNITS - origin_y, 0), height - 1)
            cell = line * width + column
            if cell != old:
                row_part[row] = -1
        row_cell[row] = cell
        counts[cell] += 1
        px = to_cell_position(x, i64(left[cell]) // CELL_UNITS)
        py = to_cell_position(y, i64(bottom[cell]) // CELL_UNITS)
        facing = ((i64(headings[row]) + 128) >> 8) & 255
        health = health_byte(i64(hp[row]), i64(max_hp[row]))
        upper = facing | (health << 8) | (i64(states[row]) << 16) | (i64(kinds[row]) << 24)
        row_word[row] = px | (py << 12) | (upper << 24)
    for row in range(num_rows, i64(zone["num_rows"][0])):
        row_id[row] = 0
        row_cell[row] = -1
        row_part[row] = -1
    zone["num_rows"][0] = num_rows


@inner_kernel
def _order_by_cell(cells: CellArrays, num_rows: int) -> None:
    counts, starts, row_cell = cells.cells["count"], cells.cells["start"], cells.rows["cell"]
    at = i64(0)
    for number in range(len(counts)):
        starts[number] = at
        at += i64(counts[number])
        counts[number] = 0
    for row in range(num_rows):
        cell = i64(row_cell[row])
        if cell >= 0:
            cells.cell_order[i64(starts[cell]) + i64(counts[cell])] = row
            counts[cell] += 1


@inner_kernel
def _take_part(cells: CellArrays, cell: int, number: int) -> bool:
    """Give `cell` a pooled part as its part `number`; False when none is left."""
    left = i64(cells.zone["num_free"][0]) - 1
    if left < 0:
        cells.counters[PARTS_EXHAUSTED] += 1
        return False
    cells.zone["num_free"][0] = left
    part = i64(cells.free_parts[left])
    cells.cells["part"][cell, number] = part
    parts = cells.parts
    parts["cell"][part] = cell
    parts["number"][part] = number
    parts["has_base"][part] = 0
    parts["has_next"][part] = 0
    parts["num_events"][part] = 0
    parts["count"][part] = 0
    return True


@inner_kernel
def _set_num_parts(cells: CellArrays, cell: int, wanted: int) -> int:
    """Take or give back parts of `cell`; returns how many it has now."""
    num = i64(cells.cells["num_parts"][cell])
    while num < wanted and _take_part(cells, cell, num):
        num += 1
    while num > wanted:
        num -= 1
        part = i64(cells.cells["part"][cell, num])
        cells.cells["part"][cell, num] = -1
        cells.parts["cell"][part] = -1
        free = i64(cells.zone["num_free"][0])
        cells.free_parts[free] = part
        cells.zone["num_free"][0] = free + 1
    cells.cells["num_parts"][cell] = num
    return num


@inner_kernel
def _shown_first(cells: CellArrays, cell: int, limit: int) -> int:
    """Keys of at most `limit` rows of the cell, those in a part first, into the scratch; returns how many."""
    start, count = i64(cells.cells["start"][cell]), i64(cells.cells["count"][cell])
    row_part, row_id, row_word = cells.rows["part"], cells.rows["id"], cells.rows["word"]
    taken = 0
    for turn in range(2):
        for i in range(start, start + count):
            row = i64(cells.cell_order[i])
            if taken < limit and (row_part[row] >= 0) == (turn == 0):
                # Sub-square (4 bits), id (32), place among the cell's rows (20): the spatial order, ties by id.
                key = (sub_square(i64(row_word[row])) << 32) | i64(row_id[row])
                cells.scratch[taken] = (key << ROW_BITS) | (i - start)
                taken += 1
    return taken


@inner_kernel
def _divide(cells: CellArrays, cell: int, snapshot: int) -> None:
    """Divide the cell anew: ranges of the spatial order, as equal as they can be."""
    count = i64(cells.cells["count"][cell])
    start = i64(cells.cells["start"][cell])
    wanted = min(max((count + TARGET_PART_ENTITIES - 1) // TARGET_PART_ENTITIES, 1), MAX_PARTS)
    num = _set_num_parts(cells, cell, wanted)
    shown = _shown_first(cells, cell, num * MAX_PART_ENTITIES)
    row_part, part_of, part_count = cells.rows["part"], cells.cells["part"], cells.parts["count"]
    for i in range(start, start + count):
        row_part[i64(cells.cell_order[i])] = -1
    for number in range(num):
        part = i64(part_of[cell, number])
        part_count[part] = 0
        cells.parts["wants_roll"][part] = 1
    sort_ascending(cells.scratch, shown)
    sub_part = cells.cells["sub_part"]
    sub = 0
    number = 0
    for i in range(shown):
        key = i64(cells.scratch[i])
        number = i * num // shown
        while sub <= key >> (ROW_BITS + 32):
            sub_part[cell, sub] = number
            sub += 1
        part = i64(part_of[cell, number])
        row = i64(cells.cell_order[start + (key & ((1 << ROW_BITS) - 1))])
        row_part[row] = part
        part_count[part] += 1
    while sub < SUB_SQUARES:
        sub_part[cell, sub] = number
        sub += 1
    cells.cells["laid_out_at"][cell] = snapshot
    cells.counters[LAYOUTS] += 1


@inner_kernel
def _admit(cells: CellArrays, cell: int, row: int) -> bool:
    """Put an arrival into the part of its sub-square or the least loaded one; False when all are full."""
    num = i64(cells.cells["num_parts"][cell])
    part_of, part_count = cells.cells["part"], cells.parts["count"]
    chosen = i64(part_of[cell, 0])
    if num > 1:
        number = i64(cells.cells["sub_part"][cell, sub_square(i64(cells.rows["word"][row]))])
        chosen = i64(part_of[cell, min(number, num - 1)])
        if part_count[chosen] >= MAX_PART_ENTITIES:
            for other in range(num):
                part = i64(part_of[cell, other])
                if part_count[part] < part_count[chosen]:
                    chosen = part
    if part_count[chosen] >= MAX_PART_ENTITIES:
        return False
    cells.rows["part"][row] = chosen
    part_count[chosen] += 1
    return True


@inner_kernel
def _should_divide(cells: CellArrays, cell: int, snapshot: int) -> bool:
    num, count = i64(cells.cells["num_parts"][cell]), i64(cells.cells["count"][cell])
    if num == 1 and count <= GROW_ABOVE:
        return False
    if num < MAX_PARTS and count > num * MAX_PART_ENTITIES:
        return snapshot - i64(cells.cells["laid_out_at"][cell]) >= HASTE_SNAPSHOTS
    if (snapshot + i64(cells.cells["hash"][cell])) % LAYOUT_SNAPSHOTS != 0:
        return False
    if num < MAX_PARTS and count > num * GROW_ABOVE:
        return True
    if num > 1 and count < (num - 1) * SHRINK_BELOW:
        return True
    fullest, emptiest = 0, MAX_PART_ENTITIES
    for number in range(num):
        members = i64(cells.parts["count"][i64(cells.cells["part"][cell, number])])
        fullest, emptiest = max(fullest, members), min(emptiest, members)
    return fullest == MAX_PART_ENTITIES and emptiest < TARGET_PART_ENTITIES // 2


@inner_kernel
def _list_part_rows(cells: CellArrays, cell: int) -> None:
    """Fill `part_order` for the parts of one cell, inside the cell's own range."""
    at = i64(cells.cells["start"][cell])
    first, count = at, i64(cells.cells["count"][cell])
    part_count, part_start = cells.parts["count"], cells.parts["start"]
    for number in range(i64(cells.cells["num_parts"][cell])):
        part = i64(cells.cells["part"][cell, number])
        part_start[part] = at
        at += i64(part_count[part])
        part_count[part] = 0
    row_part = cells.rows["part"]
    for i in range(first, first + count):
        row = i64(cells.cell_order[i])
        part = i64(row_part[row])
        if part >= 0:
            cells.part_order[i64(part_start[part]) + i64(part_count[part])] = row
            part_count[part] += 1


@inner_kernel
def sort_rows(cells: CellArrays, entities: Table, num_rows: int, snapshot: int) -> None:
    """Sort rows 0..num_rows-1 of `entities` into cells and parts; fills the rows', cells' and parts' columns."""
    _place_rows(cells, entities, num_rows)
    _order_by_cell(cells, num_rows)
    counts, starts, num_parts = cells.cells["count"], cells.cells["start"], cells.cells["num_parts"]
    part_of, part_count, row_part = cells.cells["part"], cells.parts["count"], cells.rows["part"]
    for cell in range(len(counts)):
        for number in range(i64(num_parts[cell])):
            part_count[i64(part_of[cell, number])] = 0
        count, start = i64(counts[cell]), i64(starts[cell])
        if count == 0 and num_parts[cell] == 1:
            continue
        for i in range(start, start + count):
            part = i64(row_part[i64(cells.cell_order[i])])
            if part >= 0:
                part_count[part] += 1
        if _should_divide(cells, cell, snapshot):
            _divide(cells, cell, snapshot)
        room = i64(num_parts[cell]) * MAX_PART_ENTITIES
        for number in range(i64(num_parts[cell])):
            room -= i64(part_count[i64(part_of[cell, number])])
        hidden = 0
        for i in range(start, start + count):
            row = i64(cells.cell_order[i])
            if row_part[row] < 0:
                if room > 0 and _admit(cells, cell, row):
                    room -= 1
                else:
                    hidden += 1
        cells.counters[HIDDEN_BY_CROWD] += hidden
        _list_part_rows(cells, cell)
