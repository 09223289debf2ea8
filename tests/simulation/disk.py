"""The way to the one store of the world: slow, down, or silent about what it did.

The store itself is the real one, in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from myriad.cluster.requests import HOLDER_CHARACTER, Answer, Audit, AuditReport, Committed, Cut, Holder, Request
from myriad.storage.ledger import holdings_of
from myriad.storage.sqlite import open_sqlite
from tests.simulation.referee import Broken, Referee
from tests.simulation.timeline import NS_PER_S, Timeline

Then = Callable[[Answer | None], None]
FIRST_WALL_MS = 1_700_000_000_000


def _no_step(name: str) -> None:
    pass


@dataclass(slots=True)
class Asker:
    """One process with a store thread of its own: its requests are carried out in order. It may die around each."""

    step: Callable[[str], None] = _no_step
    free_ns: int = 0


class Disk:
    def __init__(self, timeline: Timeline, referee: Referee) -> None:
        self.down = False
        self.slow = 0.0
        self.silent = 0.0
        """Share of requests that are carried out, but the answer is lost."""
        self.failing = 0.0
        """Share that is not carried out at once; half of it is later, unseen."""
        self.num_late = 0
        """Requests that will still be carried out, although they were said to have failed."""
        self.tears_cuts = False
        """A mutant: a cut is not one transaction, and may stop in the middle."""
        self._timeline = timeline
        self._referee = referee
        self._seen: set[int] = set()
        """Transfers that took place."""
        self._store = open_sqlite(
            ":memory:",
            wall_ms=lambda: FIRST_WALL_MS + timeline.now_ns // 1_000_000,
            random_bytes=timeline.chance.randbytes,
        )
        self.secret = self._store.secret()

    def submit(self, asker: Asker, request: Request, then: Then) -> None:
        """Answered later, by None if it is not known what happened."""
        chance = self._timeline.chance
        slow_s = chance.uniform(0.1, 0.8) if self._timeline.happens(self.slow) else 0.0
        at_ns = max(self._timeline.now_ns + int((chance.uniform(0.001, 0.005) + slow_s) * NS_PER_S), asker.free_ns)
        asker.free_ns = at_ns
        self._timeline.after((at_ns - self._timeline.now_ns) / NS_PER_S, lambda: self._carry_out(asker, request, then))

    def _carry_out(self, asker: Asker, request: Request, then: Then) -> None:
        chance, happens = self._timeline.chance, self._timeline.happens
        name = type(request).__name__
        asker.step(f"before {name}")
        if self.down:
            answer: Answer | None = None
        elif happens(self.failing):
            answer = None
            if happens(0.5):
                self.num_late += 1
                self._timeline.after(chance.uniform(0.2, 2.0), lambda: self._carry_out_late(request))
        else:
            answer = self.execute(request)
            asker.step(f"after {name}")
            if happens(self.silent):
                answer = None
        self._timeline.after(chance.uniform(0.0005, 0.003), lambda: then(answer))

    def _carry_out_late(self, request: Request) -> None:
        self.num_late -= 1
        if not self.down:
            self.execute(request)

    def execute(self, request: Request) -> Answer:
        if self.tears_cuts and isinstance(request, Cut) and self._timeline.happens(0.1):
            request = replace(request, entries=())
        answer = self._store.execute([request])[0]
        self._referee.carried_out(request, answer)
        if isinstance(request, Cut) and isinstance(answer, Committed):
            self._check_departures(request, answer)
        return answer

    def _check_departures(self, cut: Cut, answer: Committed) -> None:
        for departure, departed in zip(cut.departures, answer.departed, strict=True):
            if departed and departure.transfer not in self._seen:
                self._seen.add(departure.transfer)
                self._referee.went_over(departure.target, departure.target_epoch)

    def audit(self) -> None:
        report = self._store.execute([Audit()])[0]
        assert isinstance(report, AuditReport)
        if not report.balanced:
            raise Broken(f"the books do not balance: {report.problems}")

    def holdings(self, character: int) -> dict[int, int]:
        """What the ledger says that a character has."""
        with self._store.transaction(writing=False) as db:
            return dict(holdings_of(db, Holder(HOLDER_CHARACTER, character)))

    def close(self) -> None:
        self._store.close()
