"""The bytes of an input packet: checked whole, then applied to the queue and the session.

Responsible for: `docs/protocol.md` section 5 as the server reads it.
Not here: the inner header and the reliable block before it (`netcode/`), NACKs themselves (`replication/`).

Invariant: `check_input` looks at every byte before `apply_input` changes anything, so a malformed packet changes
nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.errors import DROP_INPUT_FLOOD, DROP_INPUT_REPEATED, DROP_WHOIS_RATE
from myriad.core.kernel import bare_kernel
from myriad.sim.columns import HISTORY_TICKS
from myriad.sim.input_queue import Queues, accept_input, serial_distance
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
from myriad.wire.pack import get_u16, get_u32
from myriad.zone.sessions import WHOIS_QUEUE, Sessions

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]

INTERPOLATION_NS = 150_000_000
"""How far behind the newest snapshot a client may draw others, with what its clock may be wrong by."""
MAX_REWIND_NS = 250_000_000

_ENTRY_INTENT = 6
_ENTRY_TICKS = 5


@bare_kernel
def check_input(buf: Bytes, at: int, end: int) -> int:
    """Offset of the NACK count if `buf[at:end]` is one well-formed input body, else -1. Changes nothing."""
    if end - at < INPUT_FIXED_BYTES:
        return -1
    num_entries = int(buf[at + 5])
    if num_entries > MAX_INPUT_ENTRIES:
        return -1
    at += INPUT_FIXED_BYTES
    ticks = 0
    for _ in range(num_entries):
        if end - at < INPUT_ENTRY_BYTES:
            return -1
        held = int(buf[at + _ENTRY_TICKS])
        if held < 1 or held > MAX_ENTRY_TICKS:
            return -1
        ticks += held
        at += INPUT_ENTRY_BYTES + (4 if buf[at + _ENTRY_INTENT] != 0 else 0)
    if ticks > MAX_INPUT_TICKS or at >= end:
        return -1
    nacks_at = at
    if buf[at] > MAX_NACKS:
        return -1
    at += 1 + int(buf[at]) * NACK_BYTES
    if at >= end or buf[at] > MAX_WHOIS:
        return -1
    at += 1 + int(buf[at]) * WHOIS_BYTES
    return nacks_at if at == end else -1


@bare_kernel
def apply_input(buf: Bytes, at: int, queues: Queues, row: int, drops: Counts) -> None:
    """Queue the inputs of a checked body. Counts repeated inputs and those too far ahead in `drops`."""
    newest = get_u32(buf, at)
    num_entries = int(buf[at + 5])
    at += INPUT_FIXED_BYTES
    first = at
    ticks = 0
    for _ in range(num_entries):
        ticks += int(buf[at + _ENTRY_TICKS])
        at += INPUT_ENTRY_BYTES + (4 if buf[at + _ENTRY_INTENT] != 0 else 0)
    known = serial_distance(queues["newest"][row], (newest - ticks) & 0xFFFFFFFF)
    number = (newest - ticks) & 0xFFFFFFFF
    at = first
    for _ in range(num_entries):
        held = int(buf[at + _ENTRY_TICKS])
        intent = int(buf[at + _ENTRY_INTENT])
        argument = get_u32(buf, at + INPUT_ENTRY_BYTES) if intent != 0 else 0
        skip = min(max(known, 0), held)  # inputs that came before, without a look at each
        drops[DROP_INPUT_REPEATED] += skip
        known -= held
        for k in range(skip, held):
            taken = accept_input(
                queues,
                row,
                (number + 1 + k) & 0xFFFFFFFF,
                int(buf[at]),
                int(buf[at + 1]),
                int(buf[at + 2]),
                get_u16(buf, at + 3),
                intent if k == 0 else 0,
                argument,
            )
            if taken < 0:
                drops[DROP_INPUT_FLOOD] += 1
        number = (number + held) & 0xFFFFFFFF
        at += INPUT_ENTRY_BYTES + (4 if intent != 0 else 0)


@bare_kernel
def allowed_rewind(render_ticks_back: int, rtt_ns: int, tick_hz: int) -> int:
    """Ticks (0..15) that a player's attacks look back: what it claims to see, within what its round trip explains.

    It claims the measured round trip `rtt_ns` and `render_ticks_back` more; it gets half the round trip and 150 ms, and
    never more than 250 ms.
    """
    claimed_ns = rtt_ns + render_ticks_back * 1_000_000_000 // tick_hz
    allowed_ns = min(claimed_ns, rtt_ns // 2 + INTERPOLATION_NS, MAX_REWIND_NS)
    return min(allowed_ns * tick_hz // 1_000_000_000, HISTORY_TICKS - 1)


@bare_kernel
def apply_whois(buf: Bytes, nacks_at: int, sessions: Sessions, row: int, drops: Counts) -> None:
    """Queue the WHOIS requests of a checked body, within the session's credit."""
    at = nacks_at + 1 + int(buf[nacks_at]) * NACK_BYTES
    for k in range(int(buf[at])):
        waiting = int(sessions["whois_count"][row])
        if waiting >= WHOIS_QUEUE or sessions["whois_credit"][row] < 1:
            drops[DROP_WHOIS_RATE] += 1
            continue
        sessions["whois"][row, waiting] = get_u32(buf, at + 1 + k * WHOIS_BYTES)
        sessions["whois_count"][row] = waiting + 1
        sessions["whois_credit"][row] -= 1
