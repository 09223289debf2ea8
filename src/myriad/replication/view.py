"""A client's view: a snapshot's keyframes and sections made into entities again.

Responsible for: keeping what a checked payload says, part by part: keyframes, states, ticks, events, and the NACKs for
what could not be decoded.
Not here: checking it (`view_parse.py`), the head of the snapshot (`client/snapshot.py`), drawing (`view_listing.py`).

Invariants: a payload is refused whole or applied whole. A part's tick never goes back, across leaving and entering
view too. The state of a part stamped tick t is exactly what the server had at t, or the part is left as it was.
Doubled and late payloads change nothing that a newer one has said.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.cells import NUM_SLOTS, Bytes, Table, ring_of, torus_slot
from myriad.replication.integers import i64
from myriad.replication.view_arrays import (
    KEYFRAME_MS,
    MAX_LINGERING,
    MAX_VIEW_EVENTS,
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
from myriad.replication.viewers import NACK_QUIET
from myriad.wire.layouts import (
    DELTA_CHANGED,
    DELTA_ENTERED,
    DELTA_EVENTS,
    DELTA_REMOVED,
    EVENT_BYTES,
    MAX_NACKS,
    MAX_PARTS,
    RECORD_BYTES,
    REMOVED_DESPAWNED,
    REMOVED_MOVED_ELSEWHERE,
    SECTION_FULL,
    VIEW_CELLS,
    VIEW_RADIUS_CELLS,
)
from myriad.wire.pack import get_u16, get_u32, put_u16

MALFORMED = -1
APPLIED = 0
"""Applied; it was not newer than another already applied."""
NEWEST = 1
"""Applied, and the newest so far."""


@inner_kernel
def _get_word(buf: Bytes, at: int) -> int:
    """The seven bytes of a record behind its id."""
    upper = get_u16(buf, at + 4) | (i64(buf[at + 6]) << 16)
    return get_u32(buf, at) | (upper << 32)


@inner_kernel
def _give_back(views: ViewArrays, row: int, slot: int, number: int) -> None:
    part = i64(views.slots["part"][row, slot, number])
    if part >= 0:
        free = i64(views.views["num_free"][row])
        views.free_parts[row, free] = part
        views.views["num_free"][row] = free + 1
        views.slots["part"][row, slot, number] = -1


@inner_kernel
def _reclaim(views: ViewArrays, row: int) -> None:
    """Give back the parts that their cells no longer have."""
    for slot in range(NUM_SLOTS):
        for number in range(i64(views.slots["num_parts"][row, slot]), MAX_PARTS):
            if views.slots["in_view"][row, slot]:
                _give_back(views, row, slot, number)


@inner_kernel
def _part_of(views: ViewArrays, row: int, slot: int, number: int) -> int:
    """The pooled part, taken now if there was none; -1 if the pool is empty."""
    part = i64(views.slots["part"][row, slot, number])
    if part >= 0:
        return part
    if views.views["num_free"][row] == 0:
        _reclaim(views, row)
    free = i64(views.views["num_free"][row]) - 1
    if free < 0:
        views.views["no_room"][row] += 1
        return -1
    views.views["num_free"][row] = free
    part = i64(views.free_parts[row, free])
    views.slots["part"][row, slot, number] = part
    views.parts["count"][row, part] = 0
    views.parts["quiet"][row, part] = -1
    views.parts["has"][row, part, 0] = 0
    views.parts["has"][row, part, 1] = 0
    return part


@inner_kernel
def _look(views: ViewArrays, row: int, tick: int, view_x: int, view_y: int) -> None:
    """Follow the newest snapshot's view: drop the cells that left, start those that came."""
    view, slots = views.views, views.slots
    known = view["has_tick"][row] != 0
    if not known or view["view_x"][row] != view_x or view["view_y"][row] != view_y:
        for slot in range(NUM_SLOTS):
            dx = i64(slots["x"][row, slot]) - view_x
            dy = i64(slots["y"][row, slot]) - view_y
            if slots["in_view"][row, slot] and max(abs(dx), abs(dy)) > VIEW_RADIUS_CELLS:
                slots["in_view"][row, slot] = 0
                for number in range(MAX_PARTS):
                    _give_back(views, row, slot, number)
        # A snapshot between the last one without the cell and this one may have it, so those count too.
        entered = (i64(view["tick"][row]) + 1) & U32 if known else (tick - 0x10000) & U32
        for place in range(VIEW_CELLS):
            x, y = place_x(view_x, place), place_y(view_y, place)
            slot = torus_slot(x, y)
            if slots["in_view"][row, slot] == 0:
                slots["in_view"][row, slot] = 1
                slots["x"][row, slot] = x
                slots["y"][row, slot] = y
                slots["entered"][row, slot] = entered
                slots["num_parts"][row, slot] = 0
                slots["has_tick"][row, slot] = 0
                slots["has_event"][row, slot] = 0
                slots["has_nack"][row, slot] = 0
    view["has_tick"][row] = 1
    view["tick"][row] = tick
    view["view_x"][row] = view_x
    view["view_y"][row] = view_y


@inner_kernel
def _slot_at(slots: Table, row: int, tick: int, x: int, y: int) -> int:
    """Slot of a cell that a snapshot of `tick` may speak about, -1 if it is out of view or that is too old."""
    slot = torus_slot(x, y)
    if slots["in_view"][row, slot] == 0 or slots["x"][row, slot] != x or slots["y"][row, slot] != y:
        return -1
    return -1 if newer(i64(slots["entered"][row, slot]), tick) else slot


@inner_kernel
def _keep_keyframe(views: ViewArrays, row: int, ref: int, slot: int, tick: int, buf: Bytes) -> None:
    part = _part_of(views, row, slot, i64(views.keyframe_refs["number"][ref]))
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
        key_word[row, part * 2 + where, k] = _get_word(buf, at + 4)
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
def _take_records(decoded: Table, buf: Bytes, at: int, num: int, count: int) -> int:
    """Append `count` records from the bytes to the decoded state, which has `num`; returns the new number."""
    for k in range(count):
        decoded["id"][num + k] = get_u32(buf, at + k * RECORD_BYTES)
        decoded["word"][num + k] = _get_word(buf, at + k * RECORD_BYTES + 4)
    return num + count


@inner_kernel
def _changed_words(words: npt.NDArray[np.int64], buf: Bytes, at: int, num: int) -> int:
    """Apply the changed columns to the keyframe in `decoded`; returns the end."""
    masks = at + (num + 7) // 8
    changed = 0
    for k in range(num):
        changed += i64(buf[at + k // 8]) >> (k % 8) & 1
    column = masks + (changed * 3 + 7) // 8
    for field in range(3):
        bit = 0
        for k in range(num):
            if i64(buf[at + k // 8]) >> (k % 8) & 1 == 0:
                continue
            mask_bit = bit + field
            bit += 3
            if i64(buf[masks + mask_bit // 8]) >> (mask_bit % 8) & 1 == 0:
                continue
            word = i64(words[k])
            if field == 0:
                value = get_u16(buf, column) | (i64(buf[column + 2]) << 16)
                words[k] = (word & ~0xFFFFFF) | value
                column += 3
            elif field == 1:
                words[k] = (word & ~(0xFF << 24)) | (i64(buf[column]) << 24)
                column += 1
            else:
                words[k] = (word & ~(0xFFFF << 32)) | (get_u16(buf, column) << 32)
                column += 2
    return column


@inner_kernel
def _note_events(
    views: ViewArrays,
    row: int,
    slot: int,
    number: int,
    key: int,
    num_key: int,
    tick: int,
    buf: Bytes,
    at: int,
    entered: int,
) -> None:
    """Put the part's events that are new into the client's ring. `entered`: where the entered records are."""
    num = i64(buf[at])
    slots, events = views.slots, views.events
    bit = np.uint8(1 << number)
    for e in range(num):
        here = at + 1 + e * EVENT_BYTES
        event_number, index = i64(buf[here]), i64(buf[here + 2])
        if slots["has_event"][row, slot] & bit:
            ahead = (event_number - i64(slots["event"][row, slot, number])) & 255
            if ahead == 0 or ahead >= 128:
                continue
        slots["has_event"][row, slot] |= bit
        slots["event"][row, slot, number] = event_number
        ring = i64(views.views["num_events"][row]) % MAX_VIEW_EVENTS
        if index < num_key:
            events["target"][row, ring] = views.keys["id"][row, key, index]
        else:
            events["target"][row, ring] = get_u32(buf, entered + (index - num_key) * RECORD_BYTES)
        events["tick"][row, ring] = tick
        events["kind"][row, ring] = buf[here + 1]
        events["amount"][row, ring] = buf[here + 3]
        events["source"][row, ring] = get_u16(buf, here + 4)
        views.views["num_events"][row] += 1


@inner_kernel
def _linger(views: ViewArrays, row: int, slot: int, part: int, count: int, key: int, num_key: int, tick: int) -> None:
    """Remember who was in the part and is not in `decoded[:count]`, unless it is known to be gone for good."""
    old_id, new_id, view = views.states["id"], views.decoded["id"], views.views
    there = 0
    for k in range(i64(views.parts["count"][row, part])):
        entity = old_id[row, part, k]
        # Both lists mostly keep their order, so the next of the one is usually the next of the other.
        if there < count and new_id[there] == entity:
            there += 1
            continue
        found = False
        for other in range(count):
            if new_id[other] == entity:
                found = True
                there = other + 1
        reason = REMOVED_MOVED_ELSEWHERE
        for other in range(num_key):
            if views.keys["id"][row, key, other] == entity and views.reasons[other] >= 0:
                reason = i64(views.reasons[other])
        if found or reason >= REMOVED_DESPAWNED:
            continue
        at = i64(view["linger_at"][row])
        view["linger_at"][row] = (at + 1) % MAX_LINGERING
        views.lingering["id"][row, at] = entity
        views.lingering["word"][row, at] = views.states["word"][row, part, k]
        views.lingering["tick"][row, at] = tick
        views.lingering["x"][row, at] = views.slots["x"][row, slot]
        views.lingering["y"][row, at] = views.slots["y"][row, slot]


@inner_kernel
def _set_state(
    views: ViewArrays, row: int, slot: int, part: int, count: int, key: int, num_key: int, tick: int, quiet: int
) -> None:
    """Make `decoded[:count]` the part's state."""
    _linger(views, row, slot, part, count, key, num_key, tick)
    state_id, state_word = views.states["id"], views.states["word"]
    for k in range(count):
        state_id[row, part, k] = views.decoded["id"][k]
        state_word[row, part, k] = views.decoded["word"][k]
    views.parts["count"][row, part] = count
    views.parts["quiet"][row, part] = quiet


@inner_kernel
def _load_key(keys: Table, decoded: Table, reasons: npt.NDArray[np.int64], row: int, key: int, count: int) -> None:
    for k in range(count):
        decoded["id"][k] = keys["id"][row, key, k]
        decoded["word"][k] = keys["word"][row, key, k]
        reasons[k] = -1


@inner_kernel
def _apply_delta(
    views: ViewArrays, row: int, slot: int, number: int, part: int, which: int, news: int, tick: int, buf: Bytes
) -> None:
    key = part * 2 + which
    num = i64(views.parts["key_count"][row, part, which])
    _load_key(views.keys, views.decoded, views.reasons, row, key, num)
    at = i64(views.news["at"][news])
    flags = i64(buf[at])
    at += 1
    if flags & DELTA_CHANGED:
        at = _changed_words(views.decoded["word"], buf, at, num)
    count = num
    if flags & DELTA_REMOVED:
        removed = i64(buf[at])
        for r in range(removed):
            views.reasons[i64(buf[at + 1 + r * 2])] = buf[at + 2 + r * 2]
        at += 1 + removed * 2
        count = 0
        for k in range(num):
            if views.reasons[k] < 0:
                views.decoded["id"][count] = views.decoded["id"][k]
                views.decoded["word"][count] = views.decoded["word"][k]
                count += 1
    entered_at = at + 1
    if flags & DELTA_ENTERED:
        count = _take_records(views.decoded, buf, entered_at, count, i64(buf[at]))
        at = entered_at + i64(buf[at]) * RECORD_BYTES
    if flags & DELTA_EVENTS:
        _note_events(views, row, slot, number, key, num, tick, buf, at, entered_at)
    _set_state(views, row, slot, part, count, key, num, tick, i64(-1))


@inner_kernel
def _apply_full(
    views: ViewArrays, row: int, slot: int, number: int, part: int, news: int, tick: int, buf: Bytes
) -> None:
    at = i64(views.news["at"][news])
    count = _take_records(views.decoded, buf, at + 2, i64(0), i64(buf[at + 1]))
    none = i64(0)
    if buf[at] & DELTA_EVENTS:
        _note_events(views, row, slot, number, none, none, tick, buf, at + 2 + count * RECORD_BYTES, at + 2)
    _set_state(views, row, slot, part, count, none, none, tick, i64(-1))


@inner_kernel
def _apply_quiet(views: ViewArrays, row: int, slot: int, number: int, named: int, tick: int) -> bool:
    """The part is empty (`named` 0) or equals a keyframe; False if that keyframe is missing."""
    part = i64(views.slots["part"][row, slot, number])
    if named == 0:
        if part >= 0 and views.parts["count"][row, part] > 0:
            _set_state(views, row, slot, part, i64(0), i64(0), i64(0), tick, i64(-1))
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
        _load_key(views.keys, views.decoded, views.reasons, row, key, count)
        _set_state(views, row, slot, part, count, key, i64(0), tick, generation)
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
        part = _part_of(views, row, slot, number)
        if part < 0:
            return False
        _apply_full(views, row, slot, number, part, news, tick, buf)
    else:
        part = i64(slots["part"][row, slot, number])
        patience = ticks_of(i64(KEYFRAME_MS), i64(views.views["tick_hz"][row]))
        which = _find_key(views.parts, row, part, named, i64(64), tick, patience)
        if which < 0 or views.parts["key_count"][row, part, which] != views.news["base_count"][news]:
            _miss(views, row, slot, number, tick, named)
            return False
        views.parts["used"][row, part] = tick
        _apply_delta(views, row, slot, number, part, which, news, tick, buf)
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
        _look(views, row, tick, view_x, view_y)
    for k in range(num_keys):
        place = i64(views.keyframe_refs["place"][k])
        slot = _slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
        if slot >= 0:
            _keep_keyframe(views, row, k, slot, tick, buf)
    for place in range(VIEW_CELLS):
        slot = _slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
        if slot >= 0 and views.num_parts[place] > 0:
            _set_num_parts(views, row, slot, i64(views.num_parts[place]), tick)
        if newest and ring_of(place) == 0:
            view["near_parts"][row] += i64(views.slots["num_parts"][row, slot])
    for k in range(num_news):
        place = i64(views.news["place"][k])
        slot = _slot_at(views.slots, row, tick, place_x(view_x, place), place_y(view_y, place))
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
