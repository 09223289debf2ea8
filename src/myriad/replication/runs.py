"""Runs: the coverage mask, quiet list and sections that end a snapshot's payload, and those built ahead for sharing.

Responsible for: writing a run for any choice of parts, and the ready run of each (view cell, tier), built when the
first viewer asks for it and copied for all others.
Not here: whether a viewer can decode it (`assembly.py`), the sections themselves (`sections.py`).

Invariants: a ready run covers every part that is due, completely; it is the same for all viewers of its view cell and
tier. Sections are copied, never changed. Runs outside the rectangle of cells, beyond the table's room or longer than a
payload are marked as unusable, and viewers then pick their own parts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import inner_kernel
from myriad.core.native import copy_memory
from myriad.replication.cells import FULL, MAX_DELTA_PERIOD, NUM_TIERS, QUIET, Bytes, CellArrays, Table
from myriad.replication.encode import encode_in_full
from myriad.replication.geometry import (
    cell_number,
    mix_cell,
    ring_of,
    ring_period,
    since_due,
    torus_slot,
    view_mask_of,
)
from myriad.wire.datagram import MAX_PAYLOAD_BYTES
from myriad.wire.layouts import VIEW_CELLS, VIEW_RADIUS_CELLS, VIEW_SIDE_CELLS
from myriad.wire.pack import put_u32

MAX_NEEDS = VIEW_CELLS * 8 * 2
NO_ROOM = -1
DIVIDED = -2
Cover = npt.NDArray[np.int64]
"""(25,) per place of the view: bits of the covered parts, and bit 8 where sections are in full; 0 = not covered."""
IN_FULL = 256
_ANNOUNCED_AT = 32
"""Where announced cells stand in the scratch, after those with a section."""


@inner_kernel
def view_cell_number(zone: Table, view_x: int, view_y: int, place: int) -> int:
    """Number of the cell at `place` 0..24 of a view, -1 if outside the zone."""
    x = view_x + place % VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS
    y = view_y + place // VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS
    return cell_number(zone, x, y)


@inner_kernel
def needed_key(parts: Table, part: int, in_full: bool) -> int:
    """The keyframe (index in `keys`) that a viewer must have to be sent the part's section now, -1 for none."""
    if in_full or parts["has_base"][part] == 0 or parts["section"][part] == FULL:
        return -1
    return part * 2 + i64(parts["base"][part])


@inner_kernel
def full_length(cells: CellArrays, part: int) -> int:
    """Bytes that the part's state in full takes in a run; 0 if it is empty. Encodes it if that was not done."""
    if cells.parts["count"][part] == 0:
        return 0
    encode_in_full(cells, part)
    return i64(cells.parts["full_length"][part])


# Long because length and bytes must agree: first what the run takes, then the same walk again, writing.
@inner_kernel
def write_run(
    cells: CellArrays, view_x: int, view_y: int, cover: Cover, buf: Bytes, at: int, limit: int
) -> tuple[int, bool]:
    """Write the run that covers `cover`, from `at`, not beyond `limit`; returns (end or NO_ROOM, multi).

    The caller must set the MULTI flag of the snapshot as `multi` says. Bytes up to `limit` may be scribbled on.
    """
    mask, num_multi, num_covered, num_quiet = 0, 0, 0, 0
    part_of, num_parts, section = cells.cells["part"], cells.cells["num_parts"], cells.parts["section"]
    sections = 0
    for place in range(VIEW_CELLS):
        bits = i64(cover[place]) & 255
        if bits == 0:
            continue
        mask |= 1 << place
        cell = view_cell_number(cells.zone, view_x, view_y, place)
        num_multi += 1 if num_parts[cell] > 1 else 0
        in_full = i64(cover[place]) >= IN_FULL
        for number in range(i64(num_parts[cell])):
            if bits & (1 << number):
                part = i64(part_of[cell, number])
                length = full_length(cells, part) if in_full else i64(cells.parts["length"][part])
                num_covered += 1
                num_quiet += 1 if length == 0 else 0
                sections += length
    head = 4 + (num_covered + 7) // 8 + (num_quiet + 1) // 2
    if num_multi > 0:
        head += 1 + 2 * num_multi
    if at + head + sections > limit:
        return NO_ROOM, False
    put_u32(buf, at, i64(mask))
    at += 4
    if num_multi > 0:
        buf[at] = num_multi
        at += 1
    quiet_at = at + 2 * num_multi
    nibble_at = quiet_at + (num_covered + 7) // 8
    section_at = nibble_at + (num_quiet + 1) // 2
    for k in range(quiet_at, section_at):
        buf[k] = 0
    to, source = buf.ctypes.data, cells.arena.ctypes.data
    covered, quiet = 0, 0
    for place in range(VIEW_CELLS):
        bits = i64(cover[place]) & 255
        if bits == 0:
            continue
        cell = view_cell_number(cells.zone, view_x, view_y, place)
        in_full = i64(cover[place]) >= IN_FULL
        if num_parts[cell] > 1:
            buf[at] = place | ((i64(num_parts[cell]) - 1) << 5)
            buf[at + 1] = bits
            at += 2
        for number in range(i64(num_parts[cell])):
            if bits & (1 << number) == 0:
                continue
            part = i64(part_of[cell, number])
            if cells.parts["count"][part] == 0 or (not in_full and section[part] == QUIET):
                nibble = 0
                if cells.parts["count"][part] > 0:
                    key = part * 2 + i64(cells.parts["base"][part])
                    nibble = 1 + i64(cells.keys["generation"][key]) % 15
                buf[quiet_at + covered // 8] |= np.uint8(1 << (covered % 8))
                buf[nibble_at + quiet // 2] |= np.uint8(nibble << (4 * (quiet % 2)))
                quiet += 1
            else:
                start, length = i64(cells.parts["at"][part]), i64(cells.parts["length"][part])
                if in_full:
                    start, length = i64(cells.parts["full_at"][part]), i64(cells.parts["full_length"][part])
                copy_memory(to + section_at, source + start, length)
                section_at += length
            covered += 1
    return section_at, num_multi > 0


@inner_kernel
def _note_needs(cells: CellArrays, run: int, view_x: int, view_y: int, cover: Cover, level: int, tier: int) -> None:
    """List the keyframes that the run takes for granted, then those announced in the view; there is room."""
    need, at = cells.needs, i64(cells.zone["need_at"][0])
    cells.runs["need_at"][run] = at
    for announced in range(2):
        for place in range(VIEW_CELLS):
            cell = view_cell_number(cells.zone, view_x, view_y, place)
            period = ring_period(tier, ring_of(place), level)
            if cell < 0 or period == 0 or period > MAX_DELTA_PERIOD or (announced == 0 and cover[place] == 0):
                continue
            slot = torus_slot(i64(cells.cells["x"][cell]), i64(cells.cells["y"][cell]))
            for number in range(i64(cells.cells["num_parts"][cell])):
                part = i64(cells.cells["part"][cell, number])
                key, base = -1, -1
                if announced == 0:
                    key = needed_key(cells.parts, part, period == 0)
                elif cells.parts["has_next"][part]:
                    key = part * 2 + 1 - i64(cells.parts["base"][part])
                    if cells.parts["has_base"][part]:
                        base = i64(cells.keys["generation"][part * 2 + i64(cells.parts["base"][part])])
                if key >= 0:
                    need["known"][at] = slot + number * 64
                    need["key"][at] = key
                    need["generation"][at] = cells.keys["generation"][key]
                    need["base"][at] = base
                    need["cell"][at] = place | (number << 5)
                    at += 1
        if announced == 0:
            cells.runs["num_bases"][run] = at - i64(cells.runs["need_at"][run])
    cells.runs["num_needs"][run] = at - i64(cells.runs["need_at"][run])
    cells.zone["need_at"][0] = at


@inner_kernel
def due_cover(cells: CellArrays, view_x: int, view_y: int, tier: int, cover: Cover) -> int:
    """Fill `cover` with all parts that are due for viewers of that cell and tier; returns how many cells are."""
    snapshot, level = i64(cells.zone["snapshot"][0]), i64(cells.zone["level"][0])
    view_hash = mix_cell(view_x, view_y)
    num = 0
    for place in range(VIEW_CELLS):
        cover[place] = 0
        cell = view_cell_number(cells.zone, view_x, view_y, place)
        period = ring_period(tier, ring_of(place), level)
        if cell < 0 or period == 0:
            continue
        if since_due(snapshot, tier, period, i64(cells.cells["hash"][cell]), view_hash) == 0:
            cover[place] = (1 << i64(cells.cells["num_parts"][cell])) - 1
            if period > MAX_DELTA_PERIOD:
                cover[place] |= IN_FULL
            num += 1
    return num


# Long because one walk over the view does all: places, lengths and needs, so that each summary is read once.
@inner_kernel
def _build_undivided(cells: CellArrays, run: int, view_x: int, view_y: int, at: int) -> int:
    """As `due_cover`, `_note_needs` and `write_run` for tier 0: the end of the run, or NO_ROOM; DIVIDED, and nothing
    that counts is done, if a cell in view has more than one part.

    `at` is where the run begins in `cells.run_bytes`.
    """
    zone, summaries, need, sections = cells.zone, cells.summaries, cells.needs, cells.scratch
    in_view = view_mask_of(0, i64(zone["level"][0]))
    first = i64(zone["need_at"][0])
    need_at = first
    mask, num_covered, num_quiet, quiet_bits, low_nibbles, high_nibbles = 0, 0, 0, 0, 0, 0
    num_sections, length, num_announced = 0, 0, 0
    for place in range(VIEW_CELLS):
        cell = view_cell_number(zone, view_x, view_y, place)
        if cell < 0 or (in_view >> place) & 1 == 0:
            continue
        if summaries["undivided"][cell] == 0:
            return DIVIDED
        if summaries["next"][cell] >= 0:
            sections[_ANNOUNCED_AT + num_announced] = (cell << 5) | place
            num_announced += 1
        if (i64(summaries["due"][cell]) >> ring_of(place)) & 1 == 0:
            continue
        mask |= 1 << place
        if summaries["length"][cell] == 0:
            nibble = i64(summaries["nibble"][cell])
            quiet_bits |= 1 << num_covered
            if num_quiet < 15:
                low_nibbles |= nibble << (4 * num_quiet)
            else:
                high_nibbles |= nibble << (4 * (num_quiet - 15))
            num_quiet += 1
        else:
            sections[num_sections] = cell
            num_sections += 1
            length += i64(summaries["length"][cell])
        num_covered += 1
        if summaries["key"][cell] >= 0:
            need["known"][need_at] = summaries["slot"][cell]
            need["key"][need_at] = summaries["key"][cell]
            need["generation"][need_at] = summaries["generation"][cell]
            need["base"][need_at] = -1
            need["cell"][need_at] = place
            need_at += 1
    cells.runs["need_at"][run] = first
    cells.runs["num_bases"][run] = need_at - first
    for n in range(num_announced):
        cell = i64(sections[_ANNOUNCED_AT + n]) >> 5
        need["known"][need_at] = summaries["slot"][cell]
        need["key"][need_at] = summaries["next"][cell]
        need["generation"][need_at] = summaries["next_generation"][cell]
        need["base"][need_at] = summaries["base"][cell]
        need["cell"][need_at] = i64(sections[_ANNOUNCED_AT + n]) & 31
        need_at += 1
    cells.runs["num_needs"][run] = need_at - first
    zone["need_at"][0] = need_at
    buf = cells.run_bytes
    section_at = at + 4 + (num_covered + 7) // 8 + (num_quiet + 1) // 2
    if section_at + length - at > MAX_PAYLOAD_BYTES:
        return NO_ROOM
    put_u32(buf, at, i64(mask))
    at += 4
    for k in range((num_covered + 7) // 8):
        buf[at] = (quiet_bits >> (8 * k)) & 255
        at += 1
    for k in range(0, num_quiet, 2):
        low, high = k, k + 1
        byte = (low_nibbles >> (4 * low)) & 15 if low < 15 else (high_nibbles >> (4 * (low - 15))) & 15
        byte |= ((low_nibbles >> (4 * high)) & 15 if high < 15 else (high_nibbles >> (4 * (high - 15))) & 15) << 4
        buf[at] = byte
        at += 1
    for n in range(num_sections):
        cell = i64(sections[n])
        length = i64(summaries["length"][cell])
        copy_memory(buf.ctypes.data + at, cells.arena.ctypes.data + i64(summaries["at"][cell]), length)
        at += length
    return at


@inner_kernel
def ready_run(cells: CellArrays, view_x: int, view_y: int, tier: int, cover: Cover) -> int:
    """Index of the ready run of that view cell and tier, built now if it was not; -1 outside the zone's cells.

    `cover` (25,) is scratch. A run whose `length` is -1 must not be used.
    """
    cell = cell_number(cells.zone, view_x, view_y)
    if cell < 0:
        return -1
    run = cell * NUM_TIERS + tier
    runs, zone = cells.runs, cells.zone
    if runs["snapshot"][run] == zone["snapshot"][0]:
        return run
    runs["snapshot"][run] = zone["snapshot"][0]
    runs["length"][run] = -1
    runs["num_bases"][run] = 0
    runs["num_needs"][run] = 0
    at = i64(zone["run_at"][0])
    if at + MAX_PAYLOAD_BYTES > len(cells.run_bytes) or i64(zone["need_at"][0]) + MAX_NEEDS > len(cells.needs):
        return run
    end, multi = DIVIDED, False
    if tier == 0:
        end = _build_undivided(cells, run, view_x, view_y, at)
    if end == DIVIDED:
        due_cover(cells, view_x, view_y, tier, cover)
        _note_needs(cells, run, view_x, view_y, cover, i64(zone["level"][0]), tier)
        end, multi = write_run(cells, view_x, view_y, cover, cells.run_bytes, at, at + MAX_PAYLOAD_BYTES)
    if end != NO_ROOM:
        runs["at"][run] = at
        runs["length"][run] = end - at
        runs["multi"][run] = 1 if multi else 0
        zone["run_at"][0] = end
    return run
