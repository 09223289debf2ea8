"""Requests of one zone to the store: numbered, held back while the zone is silent, asked again until answered.

Responsible for: which request goes out when, and who gets its answer.
Not here: what is asked (`cuts.py`, `entrance.py`, `member.py`), carrying it out (`storage/`).

Invariants: requests go out in the order in which they were made, but for those that are asked again; every request is
answered to its asker exactly once, unless the zone is fenced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from myriad.cluster.lease import RETRY_NS
from myriad.cluster.requests import Answer, Request

Then = Callable[[Answer | None, int], None]
"""Takes the answer and `now_ns`; None only for what is asked once."""


class _Ask(NamedTuple):
    request: Request
    then: Then
    once: bool


class Asking:
    """The zone's desk for requests."""

    def __init__(self) -> None:
        self.num_repeated = 0
        self._last_number = 0
        self._waiting: deque[_Ask] = deque()
        self._again: list[tuple[int, _Ask]] = []
        self._outgoing: list[tuple[int, Request]] = []
        self._pending: dict[int, _Ask] = {}

    def ask(self, request: Request, then: Then) -> None:
        """Ask as soon as the zone may speak, and again until there is an answer."""
        self._waiting.append(_Ask(request, then, False))

    def ask_once(self, request: Request, then: Then) -> None:
        """Ask at once, also while the zone is silent; the answer may be None."""
        self._send(_Ask(request, then, True))

    def poll(self, now_ns: int, may_speak: bool) -> None:
        """Let out what has waited, if the zone may speak."""
        if not may_speak:
            return
        due = [ask for at_ns, ask in self._again if at_ns <= now_ns]
        if due:
            self._again = [entry for entry in self._again if entry[0] > now_ns]
            for ask in due:
                self._send(ask)
        while self._waiting:
            self._send(self._waiting.popleft())

    def take(self) -> list[tuple[int, Request]]:
        """Requests to hand on, in order."""
        taken, self._outgoing = self._outgoing, []
        return taken

    def answer(self, number: int, answer: Answer | None, now_ns: int) -> None:
        """What came back for request `number`, None if the store could not be asked or said nothing."""
        ask = self._pending.pop(number, None)
        if ask is None:
            return
        if answer is None and not ask.once:
            self.num_repeated += 1
            self._again.append((now_ns + RETRY_NS, ask))
        else:
            ask.then(answer, now_ns)

    def _send(self, ask: _Ask) -> None:
        self._last_number += 1
        self._pending[self._last_number] = ask
        self._outgoing.append((self._last_number, ask.request))
