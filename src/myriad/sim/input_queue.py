"""Waiting inputs of each player: numbered, each applied at most once, in order, never faster than time allows.

Responsible for: the queue between the packets of a player, which come when they come, and the ticks, which come at a
fixed rate. Not here: the bytes of an input packet (`zone/inputs.py`) and what an input does (the game's rules).

Invariants: `applied` never goes back and never passes `newest`; an input number is handed out at most once; within
any n ticks at most n + `MAX_BUCKET` inputs are handed out, and at most two in one tick, so no client moves farther
than speed x server time. Numbers compare by serial arithmetic (u32).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.prefetch import prefetch, prefetch_row

RING_INPUTS = 128
MAX_WAITING_INPUTS = 40
"""Beyond this many waiting inputs the oldest are given up, counted as late; enough for `MAX_BUCKET` and jitter."""
MAX_BUCKET = 30
HIGH_WATER_INPUTS = 6
"""From this many waiting inputs on, two are applied in one tick: a packet of 100 ms drains in five ticks."""
WINDOW_TICKS = 30
INTENT_SHIFT = 24
HEADING_SHIFT = 32
AHEAD_ROWS = 8
"""How many rows ahead of their turn queues are asked for."""

QUEUE = np.dtype(
    [
        ("entity_row", "<i4"),  # -1: nobody plays through this queue
        ("newest", "<u4"),
        ("applied", "<u4"),
        ("bucket", "<i4"),
        ("low", "<i4"),  # fewest inputs left waiting in this window, and in the one before
        ("low_before", "<i4"),
        ("window_tick", "<i4"),
        ("late", "<u4"),  # inputs given up
        ("rewind_ticks", "u1"),
        (
            "word",
            "<i8",
            (RING_INPUTS,),
        ),  # buttons, direction, magnitude, intent: 8 bits each; heading: 16
        ("argument", "<u4", (RING_INPUTS,)),  # of the intent, if there is one
    ],
    align=True,
)

WORD_AT = QUEUE.fields["word"][1]  # type: ignore[index]

Queues = npt.NDArray[np.void]


def new_queues(capacity: int) -> Queues:
    """Queues for `capacity` connections, all unused."""
    queues = np.zeros(capacity, QUEUE)
    queues["entity_row"] = -1
    return queues


@bare_kernel
def serial_distance(newer: int, older: int) -> int:
    """How far `newer` is ahead of `older` (both u32), as a signed number of -2^31..2^31-1."""
    difference = (int(newer) - int(older)) & 0xFFFFFFFF
    return difference - 0x100000000 if difference >= 0x80000000 else difference


@bare_kernel
def reset_queue(queues: Queues, row: int, entity_row: int, applied: int) -> None:
    """Start queue `row` for the entity in `entity_row` (-1: stop); the next input it takes is `applied` + 1."""
    queues["entity_row"][row] = entity_row
    queues["newest"][row] = applied
    queues["applied"][row] = applied
    queues["bucket"][row] = MAX_BUCKET
    queues["low"][row] = MAX_WAITING_INPUTS
    queues["low_before"][row] = 0
    queues["window_tick"][row] = 0
    queues["rewind_ticks"][row] = 0


@bare_kernel
def accept_input(
    queues: Queues,
    row: int,
    number: int,
    buttons: int,
    move_dir: int,
    move_mag: int,
    heading: int,
    intent: int,
    argument: int,
) -> int:
    """Put input `number` into queue `row` if it is the next one.

    Returns 1 if taken, 0 if it was known already, -1 if it is too far ahead (then nothing changes). Numbers that a
    client left out count as inputs without movement, so that a gap cannot stall it.
    """  # the arguments are one input's fields: a record would have to be built only to be taken apart here
    if serial_distance(number, queues["applied"][row]) > RING_INPUTS:
        return -1
    ahead = serial_distance(number, queues["newest"][row])
    if ahead <= 0:
        return 0
    if ahead > RING_INPUTS:  # ahead of the newest, and behind the applied by half the numbers that there are
        return -1
    for missing in range(1, ahead):
        slot = (int(number) - missing) & (RING_INPUTS - 1)
        queues["word"][row, slot] = heading << HEADING_SHIFT
    slot = int(number) & (RING_INPUTS - 1)
    queues["word"][row, slot] = (
        buttons | move_dir << 8 | move_mag << 16 | intent << INTENT_SHIFT | heading << HEADING_SHIFT
    )
    if intent != 0:
        queues["argument"][row, slot] = argument
    queues["newest"][row] = number
    return 1


@inner_kernel
def _number_to_apply(queues: Queues, row: int, waiting: int) -> int:
    bucket = int(queues["bucket"][row])
    if waiting == 0 or bucket == 0:
        return 0
    if waiting == 1 or bucket == 1:
        return 1
    if waiting >= HIGH_WATER_INPUTS:
        return 2
    if queues["low_before"][row] > 0:  # the queue never ran empty: it only delays this player
        queues["low_before"][row] -= 1
        return 2
    return 1


@inner_kernel
def _ask_for_next(queues: Queues, inputs: npt.NDArray[np.void], row: int) -> None:
    """Have the next input of `row`, and the place where it goes, on their way."""
    entity = i64(queues["entity_row"][row])
    if entity >= 0:
        slot = (i64(queues["applied"][row]) + 1) & (RING_INPUTS - 1)
        prefetch(queues.ctypes.data + row * queues.itemsize + WORD_AT + 8 * slot)
        prefetch_row(inputs.ctypes.data, entity, inputs.itemsize, 1)


@bare_kernel
def take_inputs(queues: Queues, inputs: npt.NDArray[np.void]) -> int:
    """Hand the inputs of this tick out: fills `inputs` (INPUT, one row an entity) and advances every queue.

    Call it once a tick; returns how many were handed out. Rows of `inputs` whose entity has a queue are overwritten,
    others are not touched.
    """
    handed_out = 0
    num_rows = queues.shape[0]
    for row in range(num_rows):
        if row + AHEAD_ROWS < num_rows:
            prefetch_row(queues.ctypes.data, row + AHEAD_ROWS, queues.itemsize, 1)
        if row + AHEAD_ROWS // 2 < num_rows:
            _ask_for_next(queues, inputs, row + AHEAD_ROWS // 2)
        entity = int(queues["entity_row"][row])
        if entity < 0:
            continue
        queues["bucket"][row] = min(int(queues["bucket"][row]) + 1, MAX_BUCKET)
        waiting = serial_distance(queues["newest"][row], queues["applied"][row])
        if waiting > MAX_WAITING_INPUTS:
            given_up = waiting - MAX_BUCKET
            queues["late"][row] += given_up
            queues["applied"][row] = (int(queues["applied"][row]) + given_up) & 0xFFFFFFFF
            waiting = MAX_BUCKET
        count = _number_to_apply(queues, row, waiting)
        inputs["count"][entity] = count
        inputs["rewind_ticks"][entity] = queues["rewind_ticks"][row]
        for k in range(count):
            slot = (int(queues["applied"][row]) + 1 + k) & (RING_INPUTS - 1)
            word = i64(queues["word"][row, slot])
            intent = word >> INTENT_SHIFT & 255
            inputs["buttons"][entity, k] = word & 255
            inputs["move_dir"][entity, k] = word >> 8 & 255
            inputs["move_mag"][entity, k] = word >> 16 & 255
            inputs["heading"][entity, k] = word >> HEADING_SHIFT
            inputs["intent"][entity, k] = intent
            inputs["argument"][entity, k] = queues["argument"][row, slot] if intent != 0 else 0
        queues["bucket"][row] -= count
        queues["applied"][row] = (int(queues["applied"][row]) + count) & 0xFFFFFFFF
        _watch_low_water(queues, row, waiting - count)
        handed_out += count
    return handed_out


@inner_kernel
def _watch_low_water(queues: Queues, row: int, left: int) -> None:
    queues["low"][row] = min(int(queues["low"][row]), left)
    queues["window_tick"][row] += 1
    if queues["window_tick"][row] >= WINDOW_TICKS:
        queues["low_before"][row] = queues["low"][row]
        queues["low"][row] = MAX_WAITING_INPUTS
        queues["window_tick"][row] = 0
