"""What a connection's reliable channels still owe: whole messages that the other side has not confirmed.

Responsible for: reading them out of the queues.
Not here: the queues (`reliable_queues.py`), sending (`reliable.py`).

Invariant: nothing here changes anything. The other side may have some of them already: it had no time to say so.
"""

from __future__ import annotations

from myriad.netcode.reliable_queues import GOES_ON, STARTS, WINDOW_FRAGMENTS, WRAP, ReliableArrays


def unconfirmed(rel: ReliableArrays, row: int, channel: int) -> list[bytes]:
    """Messages of connection `row` on `channel`, oldest first; one whose beginning was confirmed is left out."""
    queue = rel.channels[row, channel]
    messages = []
    parts: list[bytes] | None = None
    number = int(queue["first"])
    while number != int(queue["next"]):
        fragment = rel.slab[int(queue["slots"][number % WINDOW_FRAGMENTS])]
        flags = int(fragment["flags"])
        if flags & STARTS:
            parts = []
        if parts is not None:
            parts.append(fragment["data"][: int(fragment["length"])].tobytes())
            if not flags & GOES_ON:
                messages.append(b"".join(parts))
                parts = None
        number = (number + 1) & WRAP
    return messages
