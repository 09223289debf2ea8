"""States of parts, rebuilt from section bodies that have been checked.

Responsible for: DELTA and FULL bodies into entities, the entities that linger after they left a part, events.
Not here: whether a section applies at all, and keyframes (`view.py`).

Invariant: bodies have been checked against the keyframe they are applied to (`view_parse.py`), so nothing here fails.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import inner_kernel
from myriad.replication.cells import Bytes, Table
from myriad.replication.view_arrays import (
    MAX_LINGERING,
    MAX_VIEW_EVENTS,
    ViewArrays,
)
from myriad.wire.layouts import (
    DELTA_CHANGED,
    DELTA_ENTERED,
    DELTA_EVENTS,
    DELTA_REMOVED,
    EVENT_BYTES,
    RECORD_BYTES,
    REMOVED_DESPAWNED,
    REMOVED_MOVED_ELSEWHERE,
)
from myriad.wire.pack import get_u16, get_u32


@inner_kernel
def get_word(buf: Bytes, at: int) -> int:
    """The seven bytes of a record behind its id."""
    upper = get_u16(buf, at + 4) | (i64(buf[at + 6]) << 16)
    return get_u32(buf, at) | (upper << 32)


@inner_kernel
def _take_records(decoded: Table, buf: Bytes, at: int, num: int, count: int) -> int:
    """Append `count` records from the bytes to the decoded state, which has `num`; returns the new number."""
    for k in range(count):
        decoded["id"][num + k] = get_u32(buf, at + k * RECORD_BYTES)
        decoded["word"][num + k] = get_word(buf, at + k * RECORD_BYTES + 4)
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
def set_state(
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
def load_key(keys: Table, decoded: Table, reasons: npt.NDArray[np.int64], row: int, key: int, count: int) -> None:
    """Make a keyframe's `count` records the decoded state, none of them removed."""
    for k in range(count):
        decoded["id"][k] = keys["id"][row, key, k]
        decoded["word"][k] = keys["word"][row, key, k]
        reasons[k] = -1


@inner_kernel
def apply_delta(
    views: ViewArrays, row: int, slot: int, number: int, part: int, which: int, news: int, tick: int, buf: Bytes
) -> None:
    """Apply the DELTA body that `news` points to, against keyframe `which` of the part."""
    key = part * 2 + which
    num = i64(views.parts["key_count"][row, part, which])
    load_key(views.keys, views.decoded, views.reasons, row, key, num)
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
    set_state(views, row, slot, part, count, key, num, tick, i64(-1))


@inner_kernel
def apply_full(
    views: ViewArrays, row: int, slot: int, number: int, part: int, news: int, tick: int, buf: Bytes
) -> None:
    """Apply the FULL body that `news` points to."""
    at = i64(views.news["at"][news])
    count = _take_records(views.decoded, buf, at + 2, i64(0), i64(buf[at + 1]))
    none = i64(0)
    if buf[at] & DELTA_EVENTS:
        _note_events(views, row, slot, number, none, none, tick, buf, at + 2 + count * RECORD_BYTES, at + 2)
    set_state(views, row, slot, part, count, none, none, tick, i64(-1))
