"""Reading a snapshot's keyframes and run without believing any of it yet.

Responsible for: checking every byte of the KEYFRAMES block and the run against the wire layout, section bodies
included, and listing what they say in the scratch of the views.
Not here: keeping it (`view.py`).

Invariants: nothing but scratch is written, nothing beyond `end` is read, for arbitrary bytes. A section is checked
against the very keyframe that it will be decoded with, those that come in the same payload included; one whose
keyframe is missing is only checked for its length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import Bytes, Table
from myriad.replication.geometry import torus_slot
from myriad.replication.view_arrays import (
    KEYFRAME_MS,
    MAX_KEYFRAMES,
    NEWS_QUIET,
    ViewArrays,
    keyframe_place,
    newer,
    ticks_of,
)
from myriad.wire.layouts import (
    DELTA_CHANGED,
    DELTA_ENTERED,
    DELTA_EVENTS,
    DELTA_REMOVED,
    EVENT_BYTES,
    KEYFRAME_HEADER_BYTES,
    MAX_PART_ENTITIES,
    RECORD_BYTES,
    REMOVED_HIDDEN,
    SECTION_DELTA,
    SECTION_FULL,
    SNAPSHOT_KEYFRAMES,
    SNAPSHOT_MULTI,
    VIEW_CELLS,
    VIEW_RADIUS_CELLS,
    VIEW_SIDE_CELLS,
)
from myriad.wire.pack import get_u32

BAD = -1


@inner_kernel
def place_x(view_x: int, place: int) -> int:
    """World-wide column of place 0..24 of a view."""
    return view_x + place % VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS


@inner_kernel
def place_y(view_y: int, place: int) -> int:
    """World-wide line of place 0..24 of a view."""
    return view_y + place // VIEW_SIDE_CELLS - VIEW_RADIUS_CELLS


@inner_kernel
def _check_records(buf: Bytes, at: int, end: int, count: int) -> int:
    """End of `count` records from `at`, BAD if beyond `end` or without an id."""
    if at + count * RECORD_BYTES > end:
        return BAD
    for k in range(count):
        if get_u32(buf, at + k * RECORD_BYTES) == 0:
            return BAD
    return at + count * RECORD_BYTES


@inner_kernel
def _check_keyframes(refs: Table, buf: Bytes, at: int, end: int) -> tuple[int, int]:
    """List the keyframes from `at`; returns (end of the block or BAD, how many)."""
    if at >= end:
        return BAD, 0
    num = i64(buf[at])
    at += 1
    if num == 0 or num > MAX_KEYFRAMES:
        return BAD, 0
    for k in range(num):
        if at + KEYFRAME_HEADER_BYTES > end:
            return BAD, 0
        place, count = i64(buf[at]) & 31, i64(buf[at + 3])
        if place >= VIEW_CELLS or count == 0 or count > MAX_PART_ENTITIES:
            return BAD, 0
        refs["place"][k] = place
        refs["number"][k] = i64(buf[at]) >> 5
        refs["generation"][k] = buf[at + 1]
        refs["count"][k] = count
        refs["at"][k] = at + KEYFRAME_HEADER_BYTES
        at = _check_records(buf, at + KEYFRAME_HEADER_BYTES, end, count)
        if at == BAD:
            return BAD, 0
    return at, num


@inner_kernel
def _check_events(buf: Bytes, at: int, end: int, num_targets: int) -> int:
    if at >= end:
        return BAD
    num = i64(buf[at])
    at += 1
    if num == 0 or at + num * EVENT_BYTES > end:
        return BAD
    for e in range(num):
        if i64(buf[at + e * EVENT_BYTES + 2]) >= num_targets:
            return BAD
    return at + num * EVENT_BYTES


@inner_kernel
def _check_changed(buf: Bytes, at: int, end: int, num: int) -> int:
    """End of the changed bitmap, masks and columns over a keyframe of `num` records, BAD if malformed."""
    masks = at + (num + 7) // 8
    if masks > end:
        return BAD
    changed = 0
    for k in range((masks - at) * 8):
        if i64(buf[at + k // 8]) >> (k % 8) & 1:
            if k >= num:
                return BAD
            changed += 1
    columns = masks + (changed * 3 + 7) // 8
    if changed == 0 or columns > end:
        return BAD
    length = 0
    for c in range((columns - masks) * 8 // 3 + 1):
        bit = c * 3
        mask = 0
        for b in range(bit, min(bit + 3, (columns - masks) * 8)):
            mask |= (i64(buf[masks + b // 8]) >> (b % 8) & 1) << (b - bit)
        if (mask == 0) != (c >= changed):
            return BAD
        length += (3 if mask & 1 else 0) + (1 if mask & 2 else 0) + (2 if mask & 4 else 0)
    return columns + length if columns + length <= end else BAD


@bare_kernel
def check_delta(buf: Bytes, at: int, end: int, num: int) -> bool:
    """True if the bytes are a well-formed DELTA body over a keyframe of `num` records."""
    if at >= end:
        return False
    flags = i64(buf[at])
    start = at + 1
    at = start
    if flags & ~(DELTA_CHANGED | DELTA_REMOVED | DELTA_ENTERED | DELTA_EVENTS):
        return False
    if flags & DELTA_CHANGED:
        at = _check_changed(buf, at, end, num)
        if at == BAD:
            return False
    present = num
    if flags & DELTA_REMOVED:
        if at >= end:
            return False
        removed, last = i64(buf[at]), -1
        at += 1
        if removed == 0 or at + removed * 2 > end:
            return False
        for r in range(removed):
            index = i64(buf[at + r * 2])
            if index <= last or index >= num or i64(buf[at + r * 2 + 1]) > REMOVED_HIDDEN:
                return False
            if flags & DELTA_CHANGED and i64(buf[start + index // 8]) >> (index % 8) & 1:
                return False
            last = index
        at += removed * 2
        present -= removed
    entered = 0
    if flags & DELTA_ENTERED:
        if at >= end:
            return False
        entered = i64(buf[at])
        if entered == 0 or present + entered > MAX_PART_ENTITIES:
            return False
        at = _check_records(buf, at + 1, end, entered)
        if at == BAD:
            return False
    if flags & DELTA_EVENTS:
        at = _check_events(buf, at, end, num + entered)
    return at == end


@inner_kernel
def _check_full(buf: Bytes, at: int, end: int) -> bool:
    if at + 2 > end:
        return False
    flags, count = i64(buf[at]), i64(buf[at + 1])
    if flags & ~DELTA_EVENTS or count > MAX_PART_ENTITIES:
        return False
    at = _check_records(buf, at + 2, end, count)
    if at != BAD and flags & DELTA_EVENTS:
        at = _check_events(buf, at, end, count)
    return at == end


@inner_kernel
def _base_count(views: ViewArrays, row: int, tick: int, x: int, y: int, place: int, news: int, num_keys: int) -> int:
    """Records of the keyframe that a DELTA will find once the payload's own keyframes are kept; -1 for none."""
    number, named = i64(views.news["number"][news]), i64(views.news["named"][news])
    slot = torus_slot(x, y)
    slots, parts = views.slots, views.parts
    has0, has1, generation0, generation1, count0, count1, used = False, False, 0, 0, 0, 0, tick
    part = i64(slots["part"][row, slot, number])
    if part >= 0 and slots["in_view"][row, slot] and slots["x"][row, slot] == x and slots["y"][row, slot] == y:
        has0, has1 = parts["has"][row, part, 0] != 0, parts["has"][row, part, 1] != 0
        generation0 = i64(parts["generation"][row, part, 0])
        generation1 = i64(parts["generation"][row, part, 1])
        count0 = i64(parts["key_count"][row, part, 0])
        count1 = i64(parts["key_count"][row, part, 1])
        used = i64(parts["used"][row, part])
    patience = ticks_of(i64(KEYFRAME_MS), i64(views.views["tick_hz"][row]))
    if newer(tick, (used + patience) & 0xFFFFFFFF):
        has0, has1 = False, False
    refs = views.keyframe_refs
    for k in range(num_keys):
        if refs["place"][k] == place and refs["number"][k] == number:
            generation = i64(refs["generation"][k])
            where = keyframe_place(has0, generation0, has1, generation1, generation)
            if where == 0:
                has0, generation0, count0 = True, generation, i64(refs["count"][k])
            elif where == 1:
                has1, generation1, count1 = True, generation, i64(refs["count"][k])
    if has0 and generation0 & 63 == named:
        return count0
    if has1 and generation1 & 63 == named:
        return count1
    return -1


@inner_kernel
def _check_cover(
    num_parts: npt.NDArray[np.int64], news: Table, buf: Bytes, at: int, end: int, multi: bool
) -> tuple[int, int]:
    """List the covered parts; returns (end of the mask and the multi list or BAD, how many)."""
    if at + 4 > end:
        return BAD, 0
    mask = get_u32(buf, at)
    at += 4
    if mask >> VIEW_CELLS:
        return BAD, 0
    lists = 0
    if multi:
        if at >= end:
            return BAD, 0
        lists = i64(buf[at])
        at += 1
        if lists == 0 or at + lists * 2 > end:
            return BAD, 0
    listed, num = 0, 0
    for place in range(VIEW_CELLS):
        num_parts[place] = mask >> place & 1
        bits = mask >> place & 1
        if listed < lists and i64(buf[at + listed * 2]) & 31 == place:
            parts = (i64(buf[at + listed * 2]) >> 5) + 1
            bits = i64(buf[at + listed * 2 + 1])
            if num_parts[place] == 0 or parts < 2 or bits == 0 or bits >> parts:
                return BAD, 0
            num_parts[place] = parts
            listed += 1
        for number in range(8):
            if bits >> number & 1:
                news["place"][num] = place
                news["number"][num] = number
                num += 1
    return (at + lists * 2, num) if listed == lists else (BAD, 0)


@inner_kernel
def _check_sections(news: Table, buf: Bytes, at: int, end: int, num: int) -> bool:
    """Fill in what each covered part is said to be, from the quiet mask to the end of the payload."""
    quiet_at, nibble_at = at, at + (num + 7) // 8
    if nibble_at > end:
        return False
    num_quiet = 0
    for k in range((nibble_at - quiet_at) * 8):
        if i64(buf[quiet_at + k // 8]) >> (k % 8) & 1:
            if k >= num:
                return False
            num_quiet += 1
    at = nibble_at + (num_quiet + 1) // 2
    if at > end or (num_quiet % 2 == 1 and i64(buf[at - 1]) >> 4):
        return False
    quiet = 0
    for k in range(num):
        if i64(buf[quiet_at + k // 8]) >> (k % 8) & 1:
            news["kind"][k] = NEWS_QUIET
            news["named"][k] = i64(buf[nibble_at + quiet // 2]) >> (4 * (quiet % 2)) & 15
            quiet += 1
            continue
        if at + 2 > end:
            return False
        kind = i64(buf[at]) >> 6
        if kind != SECTION_DELTA and kind != SECTION_FULL:
            return False
        news["kind"][k] = kind
        news["named"][k] = i64(buf[at]) & 63
        length = i64(buf[at + 1])
        at += 2
        if length >= 128:
            if at >= end:
                return False
            length = (length & 127) | (i64(buf[at]) << 7)
            at += 1
        news["at"][k] = at
        at += length
        if at > end:
            return False
        news["end"][k] = at
    return at == end


@bare_kernel
def parse(
    views: ViewArrays, row: int, buf: Bytes, at: int, end: int, tick: int, view_x: int, view_y: int, flags: int
) -> tuple[int, int]:
    """Check the keyframes and run in `buf[at:end]`; returns (keyframes, news) listed in the scratch, or (-1, -1)."""
    num_keys = 0
    if flags & SNAPSHOT_KEYFRAMES:
        at, num_keys = _check_keyframes(views.keyframe_refs, buf, at, end)
        if at == BAD:
            return BAD, BAD
    at, num = _check_cover(views.num_parts, views.news, buf, at, end, flags & SNAPSHOT_MULTI != 0)
    if at == BAD or not _check_sections(views.news, buf, at, end, num):
        return BAD, BAD
    news = views.news
    for k in range(num):
        if news["kind"][k] == NEWS_QUIET:
            continue
        body, body_end = i64(news["at"][k]), i64(news["end"][k])
        if news["kind"][k] == SECTION_FULL:
            if not _check_full(buf, body, body_end):
                return BAD, BAD
            continue
        place = i64(news["place"][k])
        count = _base_count(views, row, tick, place_x(view_x, place), place_y(view_y, place), place, k, num_keys)
        news["base_count"][k] = count
        if count >= 0 and not check_delta(buf, body, body_end, count):
            return BAD, BAD
    return num_keys, num
