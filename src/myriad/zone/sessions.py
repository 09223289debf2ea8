"""The array of sessions: what a zone keeps for each connection besides its keys and its view.

Responsible for: the layout of a session row; the newest own and private state and their versions; the credits that
bound how often a client may ask for things.
Not here: waiting inputs (`sim/input_queue.py`), what the client has acknowledged (`replication/viewers.py`).

Invariant: a row belongs to the connection row of the same number and is zeroed when that connection begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel

OWN_CAPACITY_BYTES = 64
PRIVATE_CAPACITY_BYTES = 224
WHOIS_QUEUE = 8
OWN = 0
PRIVATE = 1
MAX_WHOIS_CREDIT = 20
MAX_NACK_CREDIT = 40
NACKS_PER_SNAPSHOT = 2
"""Each snapshot sent to a player allows it one more WHOIS and so many more NACKs."""

SESSION = np.dtype(
    [
        ("entity_row", "<i4"),  # -1: no avatar (yet)
        ("active", "u1"),
        ("tier", "u1"),
        ("private_seen", "u1"),  # the entity's private_version when its private state was last encoded
        ("whois_count", "u1"),
        ("whois_credit", "<i4"),
        ("nack_credit", "<i4"),
        ("rate_kbit", "<i4"),
        ("rate_credit_bytes", "<i4"),
        ("calm_windows", "<i4"),
        ("seen_acked", "<i8"),  # totals of the connection when its pace was last judged
        ("seen_lost", "<i8"),
        ("whois", "<u4", (WHOIS_QUEUE,)),
        # Own [0] and private [1] state: the newest encoding and its version.
        ("state_length", "<i4", (2,)),
        ("state_version", "u1", (2,)),
        ("own", "u1", (OWN_CAPACITY_BYTES,)),
        ("private", "u1", (PRIVATE_CAPACITY_BYTES,)),
    ],
    align=True,
)

Sessions = npt.NDArray[np.void]
Bytes = npt.NDArray[np.uint8]
Table = npt.NDArray[np.int32]


def new_sessions(capacity: int) -> Sessions:
    """Sessions for `capacity` connections, none active."""
    sessions = np.zeros(capacity, SESSION)
    sessions["entity_row"] = -1
    return sessions


@bare_kernel
def refresh_state(stored: Bytes, lengths: Table, versions: Bytes, which: int, row_bytes: Bytes, table: Table) -> None:
    """Bring one stored state up to date: `stored` gets the bytes of the fields of `table` ((n, 2): offset, size).

    `row_bytes` are the bytes of the entity's row. When anything differs from what is stored, `versions[which]` goes
    up; unchanged states keep their version, which is what lets the snapshot leave them out.
    """
    at = 0
    changed = False
    for k in range(table.shape[0]):
        offset = int(table[k, 0])
        for j in range(int(table[k, 1])):
            value = row_bytes[offset + j]
            if stored[at] != value:
                stored[at] = value
                changed = True
            at += 1
    if lengths[which] != at:
        lengths[which] = at
        changed = True
    if changed:
        versions[which] = (int(versions[which]) + 1) & 0xFF
