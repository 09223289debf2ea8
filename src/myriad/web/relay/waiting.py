"""What waits for a browser that reads more slowly than the world changes.

Responsible for: which messages wait, in which order they go on, and which are lost.
Not here: knowing when a browser is slow (`runtime/`), counting (`relay.py`).

Invariants: of each connection one snapshot waits at most, the newest; other payloads wait in order, within `max_bytes`;
states are never lost, and go first. So memory is bounded whatever the browser does.
"""

from __future__ import annotations

from collections import deque

from myriad.web.relay.messages import HEAD_BYTES, is_snapshot


class Waiting:
    """For one browser, while its socket takes nothing."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._states: dict[int, bytes] = {}
        self._others: deque[bytes] = deque()
        self._others_bytes = 0
        self._snapshots: dict[int, bytes] = {}

    @property
    def num_bytes(self) -> int:
        """Payloads that wait."""
        return self._others_bytes + sum(map(len, self._snapshots.values()))

    def put(self, message: memoryview) -> str:
        """Keeps a copy of a DATA message; what was lost by that, "" for nothing: "old_snapshots" or "slow_payloads"."""
        row = message[1]
        if is_snapshot(message):
            replaced = row in self._snapshots
            self._snapshots[row] = bytes(message)
            return "old_snapshots" if replaced else ""
        if self._others_bytes + len(message) > self._max_bytes:
            return "slow_payloads"
        self._others.append(bytes(message))
        self._others_bytes += len(message)
        return ""

    def put_state(self, row: int, message: bytes) -> None:
        """Keeps the newest state of a connection."""
        self._states[row] = message

    def forget(self, row: int) -> None:
        """A connection begins anew: what came for the former one means nothing any more."""
        self._states.pop(row, None)
        self._snapshots.pop(row, None)
        self._others = deque(message for message in self._others if message[HEAD_BYTES - 1] != row)
        self._others_bytes = sum(map(len, self._others))

    def take(self) -> bytes | None:
        """The next message to send, None if nothing waits."""
        for kept in (self._states, self._snapshots):
            if kept is self._snapshots and self._others:
                message = self._others.popleft()
                self._others_bytes -= len(message)
                return message
            if kept:
                return kept.pop(next(iter(kept)))
        return None
