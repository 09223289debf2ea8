"""Numbered inputs of many clients: kept until the server has confirmed them, repeated in every packet.

Responsible for: the queue of unconfirmed input-ticks of each client, run-length coded as it goes on the wire, and the
first and last part of an INPUT body.
Not here: when input-ticks are due (`client/clock.py`), what they do to the avatar (`client/avatar.py`), the secure
packet around the payload (`netcode/`).

Invariants: numbers count up by one per input-tick through the whole session and wrap at 2^32; the runs of a client,
oldest first, cover exactly the numbers confirmed+1 .. newest, unless more than `MAX_INPUT_TICKS` or
`MAX_INPUT_ENTRIES` wait: then the oldest are forgotten (the server would count them as late) and `forgotten` counts
them. An intent belongs to the first tick of its run and is forgotten with it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.wire.layouts import (
    INPUT_ENTRY_BYTES,
    INPUT_FIXED_BYTES,
    MAX_ENTRY_TICKS,
    MAX_INPUT_ENTRIES,
    MAX_INPUT_TICKS,
    MAX_NACKS,
    MAX_WHOIS,
    NACK_BYTES,
    WHOIS_BYTES,
)
from myriad.wire.pack import put_u16, put_u32

INPUT_QUEUE = np.dtype(
    [
        ("newest", "<u4"),  # number of the newest input-tick pushed
        ("confirmed", "<u4"),  # highest number that the server said it applied
        ("num_runs", "<i4"),  # runs in use, 0..MAX_INPUT_ENTRIES
        ("num_ticks", "<i4"),  # sum of their ticks, 0..MAX_INPUT_TICKS
        ("forgotten", "<i8"),  # input-ticks dropped unconfirmed because too many waited
        ("argument", "<u4", (MAX_INPUT_ENTRIES,)),
        ("heading", "<u2", (MAX_INPUT_ENTRIES,)),
        ("buttons", "u1", (MAX_INPUT_ENTRIES,)),
        ("move_dir", "u1", (MAX_INPUT_ENTRIES,)),  # 256 a turn
        ("move_mag", "u1", (MAX_INPUT_ENTRIES,)),  # 0..255
        ("ticks", "u1", (MAX_INPUT_ENTRIES,)),  # 1..MAX_ENTRY_TICKS
        ("intent", "u1", (MAX_INPUT_ENTRIES,)),  # 0: none
    ],
    align=True,
)

MAX_INPUT_BYTES = (
    INPUT_FIXED_BYTES
    + MAX_INPUT_ENTRIES * (INPUT_ENTRY_BYTES + 4)
    + 2
    + MAX_NACKS * NACK_BYTES
    + MAX_WHOIS * WHOIS_BYTES
)
"""Room that the largest INPUT body needs: inputs, then NACKs (`replication.view.take_nacks`), then WHOIS."""

MAX_UNCONFIRMED = 120
"""A client makes no more inputs while so many are unconfirmed: the server refuses numbers too far ahead."""

Queues = npt.NDArray[np.void]
"""(clients,) `INPUT_QUEUE`."""


@inner_kernel
def serial_difference(later: int, earlier: int) -> int:
    """`later - earlier` of two u32 counters by serial arithmetic: -2^31 .. 2^31-1."""
    difference = (later - earlier) & 0xFFFFFFFF
    return difference - 0x100000000 if difference >= 0x80000000 else difference


@bare_kernel
def start_inputs(queues: Queues, row: int, last_input: int) -> None:
    """Begins one client's queue anew: empty, the next input-tick gets the number after `last_input` (u32)."""
    queues["newest"][row] = last_input
    queues["confirmed"][row] = last_input
    queues["num_runs"][row] = 0
    queues["num_ticks"][row] = 0


@bare_kernel
def carry_inputs(queues: Queues, former: int, row: int, last_input: int) -> int:
    """Continues `former`'s queue as `row`'s, with a server that has applied the inputs up to `last_input` (u32).

    Those up to it are confirmed, the others are sent again. Where that server does not go on from what was confirmed
    before (it fell back to an older state), the queue begins anew after `last_input`. Returns how many input-ticks that
    were made are then lost.
    """
    behind = serial_difference(int(queues["confirmed"][former]), last_input)
    waiting = serial_difference(int(queues["newest"][former]), last_input)
    queues[row] = queues[former]
    if behind > 0 or waiting < 0:
        start_inputs(queues, row, last_input)
        return max(waiting, 0)
    confirm_inputs(queues, row, last_input)
    return 0


@bare_kernel
def room_for_inputs(queues: Queues, row: int) -> int:
    """How many input-ticks (0..MAX_UNCONFIRMED) may be made before the server confirms some."""
    waiting = serial_difference(int(queues["newest"][row]), int(queues["confirmed"][row]))
    return min(max(MAX_UNCONFIRMED - waiting, 0), MAX_UNCONFIRMED)


@inner_kernel
def forget_oldest(queues: Queues, row: int, ticks: int) -> int:
    """Takes up to `ticks` (>= 0) input-ticks from the old end of one client's queue; returns how many there were."""
    num_runs = int(queues["num_runs"][row])
    left = ticks
    first = 0
    while first < num_runs and left > 0:
        have = int(queues["ticks"][row, first])
        if have > left:
            queues["ticks"][row, first] = have - left
            queues["intent"][row, first] = 0
            queues["argument"][row, first] = 0
            left = 0
            break
        left -= have
        first += 1
    for k in range(first, num_runs):
        to = k - first
        queues["argument"][row, to] = queues["argument"][row, k]
        queues["heading"][row, to] = queues["heading"][row, k]
        queues["buttons"][row, to] = queues["buttons"][row, k]
        queues["move_dir"][row, to] = queues["move_dir"][row, k]
        queues["move_mag"][row, to] = queues["move_mag"][row, k]
        queues["ticks"][row, to] = queues["ticks"][row, k]
        queues["intent"][row, to] = queues["intent"][row, k]
    queues["num_runs"][row] = num_runs - first
    queues["num_ticks"][row] -= ticks - left
    return ticks - left


@bare_kernel
def push_input(
    queues: Queues,
    row: int,
    buttons: int,
    move_dir: int,
    move_mag: int,
    heading: int,
    ticks: int,
    intent: int,
    argument: int,
) -> int:
    """Appends `ticks` (0..MAX_INPUT_TICKS) equal input-ticks; returns the number of the newest one.

    `intent` (0: none) belongs to the first of them, with `argument` (u32: an entity id or a slot). Ticks that only
    continue the newest run extend it. Whatever no longer fits is forgotten from the old end.
    """
    left = ticks
    what = intent
    while left > 0:
        num_runs = int(queues["num_runs"][row])
        last = num_runs - 1
        room = 0
        if (
            last >= 0
            and what == 0
            and int(queues["buttons"][row, last]) == buttons
            and int(queues["move_dir"][row, last]) == move_dir
            and int(queues["move_mag"][row, last]) == move_mag
            and int(queues["heading"][row, last]) == heading
        ):
            room = MAX_ENTRY_TICKS - int(queues["ticks"][row, last])
        if room > 0:
            take = min(left, room)
            queues["ticks"][row, last] += take
        else:
            if num_runs == MAX_INPUT_ENTRIES:
                queues["forgotten"][row] += forget_oldest(queues, row, int(queues["ticks"][row, 0]))
                num_runs = int(queues["num_runs"][row])
            take = min(left, MAX_ENTRY_TICKS)
            queues["buttons"][row, num_runs] = buttons
            queues["move_dir"][row, num_runs] = move_dir
            queues["move_mag"][row, num_runs] = move_mag
            queues["heading"][row, num_runs] = heading
            queues["ticks"][row, num_runs] = take
            queues["intent"][row, num_runs] = what
            queues["argument"][row, num_runs] = argument if what != 0 else 0
            queues["num_runs"][row] = num_runs + 1
            what = 0
        queues["num_ticks"][row] += take
        left -= take
    newest = (int(queues["newest"][row]) + ticks) & 0xFFFFFFFF
    queues["newest"][row] = newest
    over = int(queues["num_ticks"][row]) - MAX_INPUT_TICKS
    if over > 0:
        queues["forgotten"][row] += forget_oldest(queues, row, over)
    return newest


@bare_kernel
def confirm_inputs(queues: Queues, row: int, last_input: int) -> int:
    """Takes in the number of the last input that the server applied; returns how many input-ticks that confirms.

    Numbers at or before the newest confirmed one, and numbers never given out, change nothing.
    """
    newest = int(queues["newest"][row])
    confirmed = int(queues["confirmed"][row])
    step = serial_difference(last_input, confirmed)
    waiting = serial_difference(newest, last_input)
    if step <= 0 or waiting < 0:
        return 0
    queues["confirmed"][row] = last_input & 0xFFFFFFFF
    drop = int(queues["num_ticks"][row]) - waiting
    if drop > 0:
        forget_oldest(queues, row, drop)
    return step


@bare_kernel
def write_inputs(queues: Queues, row: int, buf: npt.NDArray[np.uint8], at: int, render_ticks_back: int) -> int:
    """Writes one client's unconfirmed inputs at `buf[at:]`, the first part of an INPUT body; returns their end.

    `render_ticks_back` (0..255): how many ticks behind the newest snapshot the client shows others.
    """
    num_runs = int(queues["num_runs"][row])
    put_u32(buf, at, int(queues["newest"][row]))
    buf[at + 4] = render_ticks_back
    buf[at + 5] = num_runs
    at += INPUT_FIXED_BYTES
    for k in range(num_runs):
        intent = int(queues["intent"][row, k])
        buf[at] = queues["buttons"][row, k]
        buf[at + 1] = queues["move_dir"][row, k]
        buf[at + 2] = queues["move_mag"][row, k]
        put_u16(buf, at + 3, int(queues["heading"][row, k]))
        buf[at + 5] = queues["ticks"][row, k]
        buf[at + 6] = intent
        at += INPUT_ENTRY_BYTES
        if intent != 0:
            put_u32(buf, at, int(queues["argument"][row, k]))
            at += 4
    return at


@bare_kernel
def write_whois(buf: npt.NDArray[np.uint8], at: int, whois: npt.NDArray[np.uint32], num_whois: int) -> int:
    """Writes the last part of an INPUT body: the ids `whois[:num_whois]` (at most 4) whose names are wanted."""
    count = min(num_whois, MAX_WHOIS)
    buf[at] = count
    at += 1
    for k in range(count):
        put_u32(buf, at, int(whois[k]))
        at += WHOIS_BYTES
    return at
