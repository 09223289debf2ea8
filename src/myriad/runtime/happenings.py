"""What happens to the processes and zones of a world, as operators are told.

Responsible for: keeping the newest of it, and what a gateway has not been told yet; what the heartbeats of a host mean
compared with those before.
Not here: what happens (`runtime/supervisor.py`), who reads it (`web/ops/`).

Invariants: a gateway that is new is told everything that is kept, each thing once; memory is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from myriad.cluster.requests import ZoneKey
from myriad.runtime.control import Message
from myriad.runtime.tenancy import ACQUIRING, DRAINING, RUNNING

KEPT: Final = 1000


class _Told(NamedTuple):
    """A gateway's process, and up to where it was told."""

    pid: int
    number: int


class Happenings:
    """See above. Times are the supervisor's own."""

    def __init__(self) -> None:
        self.reasons: dict[ZoneKey, str] = {}
        """Why a zone is about to start, or to start anew; told when it does."""
        self._kept: deque[tuple[int, Message]] = deque(maxlen=KEPT)
        self._number = 0
        self._told = _Told(0, 0)
        self._epochs: dict[ZoneKey, int] = {}

    def note(
        self,
        kind: str,
        text: str,
        now_s: float,
        *,
        key: ZoneKey | None = None,
        host: str | None = None,
        lost: Iterable[ZoneKey] = (),
    ) -> None:
        """Something happened; `lost` are zones that nobody runs for now because of it."""
        self._number += 1
        message: Message = {"kind": kind, "text": text, "at_s": now_s, "host": host, "lost": [list(k) for k in lost]}
        if key is not None:
            message |= {"zone": key.zone, "layer": key.layer}
        self._kept.append((self._number, message))

    def news(self, pid: int) -> list[Message]:
        """What the gateway with that process was not told yet; it is told now."""
        after = self._told.number if self._told.pid == pid else 0
        self._told = _Told(pid, self._number)
        return [message for number, message in self._kept if number > after]

    def heard(self, host: str, before: Mapping[ZoneKey, Message], now: Mapping[ZoneKey, Message], now_s: float) -> None:
        """A host's heartbeat, after the one `before`."""
        for key, beat in now.items():
            state, was = beat["state"], before[key]["state"] if key in before else None
            if state == RUNNING and self._epochs.get(key) != beat["epoch"]:
                if was == RUNNING:  # all within one beat
                    self._note_lost(host, key, now_s)
                self._epochs[key] = beat["epoch"]
                reason = self.reasons.pop(key, "")
                text = f"runs under epoch {beat['epoch']}{': ' if reason else ''}{reason}"
                self.note("start", text, now_s, key=key, host=host)
            elif state == ACQUIRING and was == RUNNING:
                self._note_lost(host, key, now_s)
            elif state == DRAINING and was == RUNNING:
                self.note("drain", "takes nobody any more, and ends when all have left", now_s, key=key, host=host)

    def _note_lost(self, host: str, key: ZoneKey, now_s: float) -> None:
        reason = self.reasons.get(key)
        if reason is None:
            self.note("crash", "failed or lost its lease: it starts again", now_s, key=key, host=host, lost=[key])
        else:
            self.note("restart", f"starts anew: {reason}", now_s, key=key, host=host, lost=[key])
