"""A client's view: a snapshot's keyframes and sections made into entities again.

Responsible for: keeping what a checked payload says, part by part: keyframes, states, ticks, events, and the NACKs for
what could not be decoded.
Not here: checking it (`view_parse.py`), decoding bodies (`view_states.py`), the head of the snapshot
(`client/snapshot.py`), drawing (`view_listing.py`).

Invariants: a payload is refused whole or applied whole. A part's tick never goes back, across leaving and entering
view too. The state of a part stamped tick t is exactly what the server had at t, or the part is left as it was.
Doubled and late payloads change nothing that a newer one has said.
"""

from __future__ import annotations

import numpy as np

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import Bytes, Table
from myriad.replication.geometry import ring_of
from myriad.replication.view_arrays import (
    KEYFRAME_MS,
    NACK_MS,
    NEWS_QUIET,
    QUIET_KEYFRAME_MS,
    U32,
    ViewArrays,
    keyframe_place,
    newer,
    ticks_of,
)
from myriad.replication.view_parse import parse, place_x, place_y
from myriad.replication.view_slots import look, part_of, slot_at
from myriad.replication.view_states import apply_delta, apply_full, get_word, load_key, set_state
from myriad.replication.viewers import NACK_QUIET
from myriad.wire.layouts import (
    MAX_NACKS,
    MAX_PARTS,
    RECORD_BYTES,
    SECTION_FULL,
    VIEW_CELLS,
)
from myriad.wire.pack import get_u32, put_u16

MALFORMED = -1
APPLIED = 0
"""Applied; it was not newer than another already applied."""
NEWEST = 1
"""Applied, and the newest so far."""


@inner_kernel
def _keep_keyframe(views: ViewArrays, row: int, ref: int, slot: int, tick: int, buf: Bytes) -> None:
    part = part_of(views, row, slot, i64(views.keyframe_refs["number"][ref]))
    if part < 0:
        return
    parts = views.parts
    patience = ticks_of(i64(KEYFRAME_MS), i64(views.views["tick_hz"][row]))
    if newer(tick, (i64(parts["used"][row, part]) + patience) & U32):
        parts["has"][row, part, 0] = 0
        parts["has"][row, part, 1] = 0
    generation = i64(views.keyframe_refs["generation"][ref])
    where = keyframe_place(
        parts["has"][row, part, 0] != 0,
        i64(parts["generation"][row, part, 0]),
        parts["has"][row, part, 1] != 0,
        i64(parts["generation"][row, part, 1]),
        generation,
    )
    empty = parts["has"][row, part, 0] == 0 and parts["has"][row, part, 1] == 0
    held = False
    for which in range(2):
        held = held or (parts["has"][row, part, which] != 0 and parts["generation"][row, part, which] == generation)
    if empty or ((where >= 0 or held) and newer(tick, i64(parts["used"][row, part]))):
        parts["used"][row, part] = tick
    if where < 0:
        return
    count, at = i64(views.keyframe_refs["count"][ref]), i64(views.keyframe_refs["at"][ref])
    parts["has"][row, part, where] = 1
    parts["generation"][row, part, where] = generation
    parts["key_count"][row, part, where] = count
    key_id, key_word = views.keys["id"], views.keys["word"]
    for k in range(count):
        key_id[row, part * 2 + where, k] = get_u32(buf, at)
        key_word[row, part * 2 + where, k] = get_word(buf, at + 4)
        at += RECORD_BYTES
    views.views["keyframes"][row] += 1


@inner_kernel
def _find_key(parts: Table, row: int, part: int, named: int, modulus: int, tick: int, patience: int) -> int:
    """Which held keyframe (0 or 1) is named by its generation's remainder, -1 if none is, or not used for too long."""
    if part < 0 or newer(tick, (i64(parts["used"][row, part]) + patience) & U32):
        return -1
    for which in range(2):
        if parts["has"][row, part, which] and i64(parts["generation"][row, part, which]) % modulus == named:
            return which
    return -1


@inner_kernel
def _miss(views: ViewArrays, row: int, slot: int, number: int, tick: int, generation: int) -> None:
    """Count a part that could not be decoded, and ask for its keyframe, not more than once in 150 ms."""
    view, slots = views.views, views.slots
    view["undecodable"][row] += 1
    num = i64(view["num_nacks"][row])
    bit = 1 << number
    pause = ticks_of(i64(NACK_MS), i64(view["tick_hz"][row]))
    asked = i64(slots["has_nack"][row, slot]) & bit != 0
    if num >= MAX_NACKS or (asked and newer((i64(slots["nacked"][row, slot, number]) + pause) & U32, tick)):
        return
    slots["has_nack"][row, slot] |= np.uint8(bit)
    slots["nacked"][row, slot, number] = tick
    view["nack_x"][row, num] = slots["x"][row, slot]
    view["nack_y"][row, num] = slots["y"][row, slot]
    view["nack_part"][row, num] = number
    view["nack_generation"][row, num] = generation
    view["num_nacks"][row] = num + 1


@inner_kernel
def _apply_quiet(views: ViewArrays, row: int, slot: int, number: int, named: int, tick: int) -> bool:
    """The part is empty (`named` 0) or equals a keyframe; False if that keyframe is missing."""
    part = i64(views.slots["part"][row, slot, number])
    if named == 0:
        if part >= 0 and views.parts["count"][row, part] > 0:
            set_state(views, row, slot, part, i64(0), i64(0), i64(0), tick, i64(-1))
        return True
    patience = ticks_of(i64(QUIET_KEYFRAME_MS), i64(views.views["tick_hz"][row]))
    which = _find_key(views.parts, row, part, named - 1, i64(15), tick, patience)
    if which < 0:
        _miss(views, row, slot, number, tick, NACK_QUIET + named - 1)
        return False
    views.parts["used"][row, part] = tick
    generation = i64(views.parts["generation"][row, part, which])
    if views.parts["quiet"][row, part] != generation:
        key, count = part * 2 + which, i64(views.parts["key_count"][row, part, which])
        load_key(views.keys, views.decoded, views.reasons, row, key, count)
        set_state(views, row, slot, part, count, key, i64(0), tick, generation)
    return True


@inner_kernel
def _apply_news(views: ViewArrays, row: int, slot: int, news: int, tick: int, buf: Bytes) -> bool:
    """Bring one covered part up to date; False if it was not newer or could not be decoded."""
    slots = views.slots
    number, kind = i64(views.news["number"][news]), i64(views.news["kind"][news])
    bit = np.uint8(1 << number)
    if slots["has_tick"][row, slot] & bit and not newer(tick, i64(slots["tick"][row, slot, number])):
        return False
    named = i64(views.news["named"][news])
    if kind == NEWS_QUIET:
        if not _apply_quiet(views, row, slot, number, named, tick):
            return False
    elif kind == SECTION_FULL:
        part = part_of(views, row, slot, number)
        if part < 0:
            return False
        apply_full(views, row, slot, number, part, news, tick, buf)
    else:
        part = i64(slots["part"][row, slot, number])
        patience = ticks_of(i64(KEYFRAME_MS), i64(views.views["tick_hz"][row]))
        which = _find_key(views.parts, row, part, named, i64(64), tick, patience)
        if which < 0 or views.parts["key_count"][row, part, which] != views.news["base_count"][news]:
            _miss(views, row, slot, number, tick, named)
            return False
        views.parts["used"][row, part] = tick
        apply_delta(views, row, slot, number, part, which, news, tick, buf)
    slots["has_tick"][row, slot] |= bit
    slots["tick"][row, slot, number] = tick
    views.views["sections"][row] += 1
    return True


@inner_kernel
def _set_num_parts(views: ViewArrays, row: int, slot: int, num: int, tick: int) -> None:
    """The cell has `num` parts as of `tick`; what it had beyond is empty."""
    slots = views.slots
    if slots["num_parts"][row, slot] == 0 or newer(tick, i64(slots["parts_tick"][row, slot])):
        slots["num_parts"][row, slot] = num
        slots["parts_tick"][row, slot] = tick
    if i64(slots["has_tick"][row, slot]) >> num == 0:
        return
    for number in range(num, MAX_PARTS):
        bit = np.uint8(1 << number)
        if slots["has_tick"][row, slot] & bit and newer(tick, i64(slots["tick"][row, slot, number])):
            _apply_quiet(views, row, slot, number, i64(0), tick)
            slots["tick"][row, slot, number] = tick


@bare_kernel
def apply(
    views: ViewArrays, row: int, buf: Bytes, at: int, end: int, tick: int, view_x: int, view_y: int, flags: int
) -> int:
    """Apply the keyframes and run `buf[at:end]` of a snapshot to client `row`.

    `tick` (u32), `view_x`, `view_y` (i16) and `flags` are those of the snapshot's head; `end` at most `len(buf)`.
    Returns NEWEST, APPLIED (an older or doubled one), or MALFORMED: then nothing but the counter changed.
    """
    num_keys, num_news = parse(views, row, buf, at, end, tick, view_x, view_y, flags)
    view = views.views
    if num_news < 0:
        view["malformed"][row] += 1
        return MALFORMED
    view["datagrams"][row] += 1
    newest = view["has_tick"][row] == 0 or newer(tick, i64(view["tick"][row]))
    if newest:
        look(views, row, tick, view_x, view_y)
    for k in range(num_keys):
        place = i64(views.keyframe_refs["place"][k])
        slot = slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
        if slot >= 0:
            _keep_keyframe(views, row, k, slot, tick, buf)
    for place in range(VIEW_CELLS):
        slot = slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
        if slot >= 0 and views.num_parts[place] > 0:
            _set_num_parts(views, row, slot, i64(views.num_parts[place]), tick)
        if newest and ring_of(place) == 0:
            view["near_parts"][row] += i64(views.slots["num_parts"][row, slot])
    for k in range(num_news):
        place = i64(views.news["place"][k])
        slot = slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
        if slot >= 0 and _apply_news(views, row, slot, k, tick, buf) and newest and ring_of(place) == 0:
            view["near_covered"][row] += 1
    return NEWEST if newest else APPLIED


@bare_kernel
def take_nacks(views: ViewArrays, row: int, buf: Bytes, at: int) -> int:
    """Write the NACK list of an input packet (count, then at most 4 of 6 bytes) and empty it; returns the end."""
    view = views.views
    num = i64(view["num_nacks"][row])
    buf[at] = num
    at += 1
    for k in range(num):
        put_u16(buf, at, i64(view["nack_x"][row, k]) & 0xFFFF)
        put_u16(buf, at + 2, i64(view["nack_y"][row, k]) & 0xFFFF)
        buf[at + 4] = view["nack_part"][row, k]
        buf[at + 5] = view["nack_generation"][row, k]
        at += 6
    view["num_nacks"][row] = 0
    return at
