"""The array of sessions: what a zone keeps for each connection besides its keys and its view.

Responsible for: the layout of a session row; own and private state as it was sent and acknowledged; the credits that
bound how often a client may ask for things.
Not here: waiting inputs (`sim/input_queue.py`), what the client knows of cells (`replication/`).

Invariant: a row belongs to the connection row of the same number and is zeroed when that connection begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import kernel

OWN_CAPACITY_BYTES = 64
PRIVATE_CAPACITY_BYTES = 224
SENT_RING = 64
WHOIS_QUEUE = 8
OWN = 0
PRIVATE = 1
CREDIT_UNIT = 1000
"""Credits count in thousandths, so that a rate per second can be added once a tick."""

SESSION = np.dtype(
    [
        ("entity_row", "<i4"),  # -1: no avatar (yet)
        ("active", "u1"),
        ("tier", "u1"),
        ("hint", "i1"),
        ("whois_count", "u1"),
        ("render_back", "u1"),
        ("view_x", "<i4"),
        ("view_y", "<i4"),
        ("whois_credit", "<i4"),
        ("nack_credit", "<i4"),
        ("rate_kbit", "<i4"),
        ("rate_credit_bytes", "<i4"),
        ("calm_windows", "<i4"),
        ("num_snapshots", "<u4"),
        ("whois", "<u4", (WHOIS_QUEUE,)),
        # Own [0] and private [1] state: the newest encoding, its version, and the newest one that was acknowledged.
        ("state_length", "<i4", (2,)),
        ("state_version", "u1", (2,)),
        ("acked_version", "u1", (2,)),
        ("has_acked", "u1", (2,)),
        ("sent_sequence", "<u2", (SENT_RING,)),
        ("sent_mask", "u1", (SENT_RING,)),  # bit 0: carried own state, bit 1: private
        ("sent_own", "u1", (SENT_RING,)),
        ("sent_private", "u1", (SENT_RING,)),
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


@kernel
def refresh_state(
    stored: Bytes, lengths: Table, versions: Bytes, which: int, row_bytes: Bytes, table: Table
) -> None:
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


@kernel
def note_sent_states(sessions: Sessions, row: int, sequence: int, mask: int) -> None:
    """Remember that the payload `sequence` carried the newest own (mask bit 0) and private (bit 1) state."""
    slot = sequence & (SENT_RING - 1)
    sessions["sent_sequence"][row, slot] = sequence
    sessions["sent_mask"][row, slot] = mask
    sessions["sent_own"][row, slot] = sessions["state_version"][row, OWN]
    sessions["sent_private"][row, slot] = sessions["state_version"][row, PRIVATE]


@kernel
def states_acked(sessions: Sessions, row: int, sequence: int) -> None:
    """Payload `sequence` arrived: the states in it need not be sent again. Forgotten sequences change nothing."""
    slot = sequence & (SENT_RING - 1)
    mask = int(sessions["sent_mask"][row, slot])
    if mask == 0 or int(sessions["sent_sequence"][row, slot]) != sequence:
        return
    for which in range(2):
        if not (mask >> which) & 1:
            continue
        version = int(sessions["sent_own"][row, slot] if which == OWN else sessions["sent_private"][row, slot])
        ahead = (version - int(sessions["acked_version"][row, which])) & 0xFF
        if not sessions["has_acked"][row, which] or ahead < 128:
            sessions["acked_version"][row, which] = version
            sessions["has_acked"][row, which] = 1
    sessions["sent_mask"][row, slot] = 0


@kernel
def state_needed(sessions: Sessions, row: int, which: int) -> bool:
    """True while the newest own or private state was not acknowledged."""
    return (
        sessions["has_acked"][row, which] == 0
        or sessions["acked_version"][row, which] != sessions["state_version"][row, which]
    )


@kernel
def add_credit(sessions: Sessions, whois_per_tick: int, nack_per_tick: int, max_whois: int, max_nack: int) -> None:
    """Give every active session its credits of one tick (thousandths), up to the maxima."""
    for row in range(sessions.shape[0]):
        if sessions["active"][row]:
            sessions["whois_credit"][row] = min(int(sessions["whois_credit"][row]) + whois_per_tick, max_whois)
            sessions["nack_credit"][row] = min(int(sessions["nack_credit"][row]) + nack_per_tick, max_nack)
