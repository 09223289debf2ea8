"""The bounded queue in which impaired datagrams wait: what a bad network does, from a seed, as kernels.

Responsible for: the fate of each datagram, and letting it out when it is due.
Not here: the text form (`loadtest/impairment.py`), sockets, and when the impairment stops (the swarm clears `active`).

Invariants: what happens to the n-th datagram of a client in one direction depends on seed, client, direction and n
alone; a datagram leaves the queue at its due time or later, in order of due times; when every slot is taken a datagram
is dropped and counted as `overflowed`, never silently.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.loadtest.dice import fraction
from myriad.loadtest.impairment import Impairment
from myriad.wire.datagram import DATA_BYTES

UP = 0
DOWN = 1

HOLD_MIN_NS = 60_000_000
HOLD_SPAN_NS = 100_000_000
"""A reordered datagram is held back 60 to 160 ms longer, so that the next one of its direction overtakes it."""

SLOT = np.dtype(
    [("due_ns", "<i8"), ("row", "<i4"), ("direction", "<i4"), ("length", "<i4"), ("data", "u1", (DATA_BYTES,))],
    align=True,
)
RULES = np.dtype(
    [
        ("active", "u1"),
        ("seed", "<u4"),
        ("loss", "<f8"),  # fractions 0..1
        ("duplicate", "<f8"),
        ("reorder", "<f8"),
        ("delay_ns", "<i8"),
        ("jitter_ns", "<i8"),
        ("num_waiting", "<i4"),
    ],
    align=True,
)
FATES = np.dtype(
    [("offered", "<i8"), ("lost", "<i8"), ("duplicated", "<i8"), ("reordered", "<i8"), ("overflowed", "<i8")]
)


class DelayQueue(NamedTuple):
    """Datagrams that are under way in the simulated network."""

    rules: npt.NDArray[np.void]  # (1,) RULES
    slots: npt.NDArray[np.void]  # (capacity,) SLOT
    heap: npt.NDArray[np.int32]  # (capacity,) slot numbers: a heap of those waiting, then the free ones
    counts: npt.NDArray[np.int64]  # (clients, 2) datagrams offered so far, by direction
    fates: npt.NDArray[np.void]  # (2,) FATES, by direction


def new_delay_queue(impairment: Impairment, clients: int, capacity: int, seed: int) -> DelayQueue:
    """An empty queue for `clients` rows and at most `capacity` (>= 1) waiting datagrams; active if it does anything."""
    rules = np.zeros(1, RULES)
    rules["active"] = impairment.any
    rules["seed"] = seed & 0xFFFFFFFF
    rules["loss"] = impairment.loss / 100.0
    rules["duplicate"] = impairment.dup / 100.0
    rules["reorder"] = impairment.reorder / 100.0
    rules["delay_ns"] = int(impairment.delay * 1e6)
    rules["jitter_ns"] = int(impairment.jitter * 1e6)
    return DelayQueue(
        rules,
        np.zeros(capacity, SLOT),
        np.arange(capacity, dtype=np.int32),
        np.zeros((clients, 2), np.int64),
        np.zeros(2, FATES),
    )


@inner_kernel
def _sift_up(queue: DelayQueue, place: int) -> None:
    due = queue.slots["due_ns"]
    while place > 0:
        parent = (place - 1) // 2
        a = int(queue.heap[place])
        b = int(queue.heap[parent])
        if due[a] >= due[b]:
            return
        queue.heap[place] = b
        queue.heap[parent] = a
        place = parent


@inner_kernel
def _sift_down(queue: DelayQueue, count: int) -> None:
    due = queue.slots["due_ns"]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            return
        if child + 1 < count and due[queue.heap[child + 1]] < due[queue.heap[child]]:
            child += 1
        a = int(queue.heap[place])
        b = int(queue.heap[child])
        if due[a] <= due[b]:
            return
        queue.heap[place] = b
        queue.heap[child] = a
        place = child


@inner_kernel
def _put(queue: DelayQueue, due_ns: int, row: int, direction: int, buf: npt.NDArray[np.uint8], length: int) -> None:
    place = int(queue.rules["num_waiting"][0])
    if place == len(queue.heap):
        queue.fates["overflowed"][direction] += 1
        return
    slot = int(queue.heap[place])
    queue.slots["due_ns"][slot] = due_ns
    queue.slots["row"][slot] = row
    queue.slots["direction"][slot] = direction
    queue.slots["length"][slot] = length
    for k in range(min(length, DATA_BYTES)):
        queue.slots["data"][slot, k] = buf[k]
    queue.rules["num_waiting"][0] = place + 1
    _sift_up(queue, place)


@bare_kernel
def offer(queue: DelayQueue, now_ns: int, row: int, direction: int, buf: npt.NDArray[np.uint8], length: int) -> int:
    """Takes one datagram (`buf[:length]`) of client `row`: it is lost, or waits once or twice.

    Returns how many copies were meant to be under way (0, 1 or 2). Call it only while `rules.active`.
    """
    who = 2 * row + direction
    number = int(queue.counts[row, direction])
    queue.counts[row, direction] = number + 1
    queue.fates["offered"][direction] += 1
    seed = int(queue.rules["seed"][0])
    if fraction(seed, who, number, 0) < float(queue.rules["loss"][0]):
        queue.fates["lost"][direction] += 1
        return 0
    copies = 1
    if fraction(seed, who, number, 1) < float(queue.rules["duplicate"][0]):
        queue.fates["duplicated"][direction] += 1
        copies = 2
    delay_ns = int(queue.rules["delay_ns"][0])
    jitter_ns = int(queue.rules["jitter_ns"][0])
    for copy in range(copies):
        wait_ns = delay_ns + int((2.0 * fraction(seed, who, number, 2 + copy) - 1.0) * jitter_ns)
        if copy == 0 and fraction(seed, who, number, 4) < float(queue.rules["reorder"][0]):
            queue.fates["reordered"][direction] += 1
            wait_ns += HOLD_MIN_NS + int(fraction(seed, who, number, 5) * HOLD_SPAN_NS)
        _put(queue, now_ns + max(wait_ns, 0), row, direction, buf, length)
    return copies


@bare_kernel
def next_due_ns(queue: DelayQueue) -> int:
    """When the next datagram is due, or -1 if none waits."""
    if queue.rules["num_waiting"][0] == 0:
        return -1
    return int(queue.slots["due_ns"][queue.heap[0]])


@bare_kernel
def take_due(queue: DelayQueue, now_ns: int) -> int:
    """Takes the slot of the datagram that is due first, or -1 if none is due yet.

    Its bytes stay valid until the next `offer`.
    """
    count = int(queue.rules["num_waiting"][0])
    if count == 0:
        return -1
    slot = int(queue.heap[0])
    if queue.slots["due_ns"][slot] > now_ns:
        return -1
    count -= 1
    queue.heap[0] = queue.heap[count]
    queue.heap[count] = slot
    queue.rules["num_waiting"][0] = count
    _sift_down(queue, count)
    return slot
