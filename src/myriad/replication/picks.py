"""A viewer's own choice of parts, where the ready run does not serve.

Responsible for: listing the parts in view with what they need and how long they have waited, their order, and choosing
what a datagram covers.
Not here: writing it (`assembly.py`, `runs.py`).

Invariants: a part that its viewer could not decode is never chosen. Priority grows with every snapshot that a part
waits, so the part that has waited longest (near cells counting four times, mid cells twice) is always tried first.
"""

from __future__ import annotations

from myriad.core.integers import i64
from myriad.core.kernel import inner_kernel
from myriad.replication.cells import (
    MAX_DELTA_PERIOD,
    NUM_SLOTS,
    CellArrays,
)
from myriad.replication.geometry import mix_cell, ring_of, ring_period, since_due, sort_ascending, torus_slot
from myriad.replication.runs import (
    IN_FULL,
    full_length,
    needed_key,
    view_cell_number,
)
from myriad.replication.viewers import (
    ViewerArrays,
    in_flight,
    knows,
)
from myriad.wire.layouts import (
    VIEW_CELLS,
)

PICK_BITS = 10


@inner_kernel
def gather_picks(cells: CellArrays, viewers: ViewerArrays, row: int, patience: int) -> int:
    """List every part in view as a pick, with what it needs and how long it has waited; returns how many."""
    rows, picks = viewers.rows, viewers.picks
    view_x, view_y = i64(rows["view_x"][row]), i64(rows["view_y"][row])
    tier, level = i64(rows["tier"][row]), i64(cells.zone["level"][0])
    snapshot, view_hash = i64(cells.zone["snapshot"][0]), mix_cell(view_x, view_y)
    own = rows["own_mode"][row] != 0
    num = 0
    for place in range(VIEW_CELLS):
        ring = ring_of(place)
        period = ring_period(tier, ring, level)
        cell = view_cell_number(cells.zone, view_x, view_y, place)
        if cell < 0 or period == 0:
            continue
        in_full = period > MAX_DELTA_PERIOD
        late = since_due(snapshot, tier, period, i64(cells.cells["hash"][cell]), view_hash)
        slot = torus_slot(i64(cells.cells["x"][cell]), i64(cells.cells["y"][cell]))
        for number in range(i64(cells.cells["num_parts"][cell])):
            part = i64(cells.cells["part"][cell, number])
            known = slot + number * NUM_SLOTS
            since = late if late > 0 else period
            if own:
                since = (snapshot - i64(rows["covered_at"][row, known])) & 0xFFFF
            else:
                rows["covered_at"][row, known] = (snapshot - since) & 0xFFFF
            key = needed_key(cells.parts, part, in_full)
            decodable = key < 0
            if key >= 0:
                generation = i64(cells.keys["generation"][key])
                decodable = knows(rows, row, known, generation)
                decodable = decodable or in_flight(rows, row, known, generation, snapshot, patience)
            wanted = late == 0 or (own and since >= period)
            length = i64(cells.parts["length"][part])
            if in_full:
                length = full_length(cells, part) if wanted else i64(0)
            picks["score"][num] = since << (2 - ring)
            picks["known"][num] = known
            picks["key"][num] = key
            picks["length"][num] = length
            picks["place"][num] = place
            picks["number"][num] = number
            picks["decodable"][num] = 1 if decodable else 0
            picks["wanted"][num] = 1 if wanted else 0
            picks["next"][num] = 1 if cells.parts["has_next"][part] and not in_full else 0
            picks["in_full"][num] = 1 if in_full else 0
            num += 1
    return num


@inner_kernel
def order_picks(viewers: ViewerArrays, num: int) -> None:
    """Pick numbers by falling score into `order`."""
    order = viewers.order
    for p in range(num):
        order[p] = (-i64(viewers.picks["score"][p]) << PICK_BITS) | p
    sort_ascending(order, num)
    for p in range(num):
        order[p] &= (1 << PICK_BITS) - 1


@inner_kernel
def choose_cover(cells: CellArrays, viewers: ViewerArrays, row: int, num: int, room: int) -> tuple[int, bool]:
    """Choose what to cover with `room` bytes: quiet parts, then sections by priority; returns what was left out.

    Also returns whether the section that has waited longest found no room.
    """
    picks, cover = viewers.picks, viewers.cover
    rows, snapshot = viewers.rows, i64(cells.zone["snapshot"][0])
    cover[:] = 0
    covered, quiet, multi, sections, deferred, first_left_out = 0, 0, 0, 0, 0, False
    first = True
    for turn in range(2):
        for p in range(num):
            pick = i64(viewers.order[p])
            length = i64(picks["length"][pick])
            if not picks["wanted"][pick] or (length == 0) != (turn == 0):
                continue
            if not picks["decodable"][pick]:
                deferred += 1
                continue
            place = i64(picks["place"][pick])
            view_x, view_y = i64(rows["view_x"][row]), i64(rows["view_y"][row])
            cell = view_cell_number(cells.zone, view_x, view_y, place)
            more_multi = 1 if cover[place] == 0 and cells.cells["num_parts"][cell] > 1 else 0
            more_quiet = 1 if length == 0 else 0
            size = 4 + (covered + 8) // 8 + (quiet + more_quiet + 1) // 2 + sections + length
            if multi + more_multi > 0:
                size += 1 + 2 * (multi + more_multi)
            if size > room:
                deferred += 1
                first_left_out = first_left_out or (first and turn == 1)
                first = first and turn == 0
                continue
            first = first and turn == 0
            covered += 1
            quiet += more_quiet
            multi += more_multi
            sections += length
            cover[place] |= 1 << i64(picks["number"][pick])
            if picks["in_full"][pick]:
                cover[place] |= IN_FULL
            rows["covered_at"][row, i64(picks["known"][pick])] = snapshot & 0xFFFF
    return deferred, first_left_out
