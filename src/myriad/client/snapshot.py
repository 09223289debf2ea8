"""The head of a SNAPSHOT payload, for many clients: tick, confirmed inputs, own and private state, names.

Responsible for: reading everything between the reliable block and the keyframes, and keeping the newest of it.
Not here: the keyframes and sections behind it (`replication/view.py`), what own and private bytes mean (the game).

Invariants: a payload is checked to the end of its head before anything of it is kept, so a malformed one changes
nothing; of two snapshots the one with the newer tick wins, whatever their order of arrival; own and private state are
replaced only from a snapshot newer than the one they came from.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.client.inputs import serial_difference
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.wire.layouts import SNAPSHOT_HEADER_BYTES, SNAPSHOT_OWN, SNAPSHOT_PRIVATE, SNAPSHOT_WHOIS
from myriad.wire.pack import get_i8, get_i16, get_u32

MAX_OWN_BYTES = 64
MAX_PRIVATE_BYTES = 256
MAX_NAMES = 64
NAME_BYTES = 255

SNAPSHOT_STATE = np.dtype(
    [
        ("tick", "<u4"),  # of the newest snapshot
        ("last_input", "<u4"),
        ("own_tick", "<u4"),  # of the snapshot that `own` came with
        ("private_tick", "<u4"),
        ("received_ns", "<i8"),  # when the newest snapshot came
        ("num_snapshots", "<i8"),  # all that were well formed, also old and doubled ones
        ("own_length", "<i4"),  # bytes of own state that the game has; set before the first snapshot
        ("private_length", "<i4"),
        ("view_x", "<i2"),
        ("view_y", "<i2"),
        ("buffer_hint", "i1"),
        ("dilation", "u1"),  # percent of real time
        ("flags", "u1"),
        ("has_snapshot", "u1"),
        ("has_own", "u1"),
        ("own_version", "u1"),
        ("has_private", "u1"),
        ("private_version", "u1"),
        ("own", "u1", (MAX_OWN_BYTES,)),
        ("private", "u1", (MAX_PRIVATE_BYTES,)),
    ],
    align=True,
)

NAME = np.dtype([("id", "<u4"), ("row", "<i4"), ("version", "u1"), ("length", "u1"), ("text", "u1", (NAME_BYTES,))])
"""A name that came in: for client `row`, of entity `id`."""

States = npt.NDArray[np.void]
"""(clients,) `SNAPSHOT_STATE`."""

MALFORMED = -1


@inner_kernel
def _end_of_names(buf: npt.NDArray[np.uint8], at: int, end: int) -> int:
    if at >= end:
        return MALFORMED
    count = int(buf[at])
    at += 1
    for _ in range(count):
        if at + 6 > end:
            return MALFORMED
        at += 6 + int(buf[at + 5])
        if at > end:
            return MALFORMED
    return at


@inner_kernel
def _keep_names(
    row: int, buf: npt.NDArray[np.uint8], at: int, names: npt.NDArray[np.void], num_names: npt.NDArray[np.int64]
) -> None:
    count = int(buf[at])
    at += 1
    for _ in range(count):
        length = int(buf[at + 5])
        slot = int(num_names[0])
        if slot < len(names):
            names["id"][slot] = get_u32(buf, at)
            names["row"][slot] = row
            names["version"][slot] = buf[at + 4]
            names["length"][slot] = length
            for k in range(length):
                names["text"][slot, k] = buf[at + 6 + k]
            num_names[0] = slot + 1
        at += 6 + length


@bare_kernel
def read_snapshot(
    states: States,
    row: int,
    buf: npt.NDArray[np.uint8],
    at: int,
    end: int,
    now_ns: int,
    names: npt.NDArray[np.void],
    num_names: npt.NDArray[np.int64],
) -> int:
    """Reads the head of the SNAPSHOT at `buf[at:end]` into client `row`'s state.

    Returns where the keyframes and sections begin, or `MALFORMED` (-1), and then nothing has changed. Names that came
    are appended to `names` (k,) `NAME` while there is room; `num_names` (1,) counts them.
    """
    if at + SNAPSHOT_HEADER_BYTES > end:
        return MALFORMED
    tick = get_u32(buf, at)
    flags = int(buf[at + 14])
    own_length = int(states["own_length"][row])
    private_length = int(states["private_length"][row])
    own_at = private_at = names_at = 0
    after = at + SNAPSHOT_HEADER_BYTES
    if flags & SNAPSHOT_OWN:
        own_at = after
        after += 1 + own_length
    if flags & SNAPSHOT_PRIVATE:
        private_at = after
        after += 1 + private_length
    if after > end:
        return MALFORMED
    if flags & SNAPSHOT_WHOIS:
        names_at = after
        after = _end_of_names(buf, after, end)
        if after == MALFORMED:
            return MALFORMED
    states["num_snapshots"][row] += 1
    if names_at > 0:
        _keep_names(row, buf, names_at, names, num_names)
    if own_at > 0 and (states["has_own"][row] == 0 or serial_difference(tick, int(states["own_tick"][row])) > 0):
        states["has_own"][row] = 1
        states["own_tick"][row] = tick
        states["own_version"][row] = buf[own_at]
        for k in range(own_length):
            states["own"][row, k] = buf[own_at + 1 + k]
    if private_at > 0 and (
        states["has_private"][row] == 0 or serial_difference(tick, int(states["private_tick"][row])) > 0
    ):
        states["has_private"][row] = 1
        states["private_tick"][row] = tick
        states["private_version"][row] = buf[private_at]
        for k in range(private_length):
            states["private"][row, k] = buf[private_at + 1 + k]
    if states["has_snapshot"][row] == 0 or serial_difference(tick, int(states["tick"][row])) > 0:
        states["has_snapshot"][row] = 1
        states["tick"][row] = tick
        states["received_ns"][row] = now_ns
        states["last_input"][row] = get_u32(buf, at + 4)
        states["buffer_hint"][row] = get_i8(buf, at + 8)
        states["dilation"][row] = buf[at + 9]
        states["view_x"][row] = get_i16(buf, at + 10)
        states["view_y"][row] = get_i16(buf, at + 12)
        states["flags"][row] = flags
    return after
