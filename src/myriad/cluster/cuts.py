"""When a zone writes, and what goes into each cut.

Responsible for: the interval, urgent cuts, one cut under way, leavers and departures that wait for one.
Not here: what stands in memory (`Residents.cut`), who departs (`passages.py`).

Invariants: cuts of an epoch are numbered 1, 2, ...; a cut is asked for again, unchanged, until its outcome is known;
the next one is taken after that.
"""

from __future__ import annotations

from collections.abc import Callable

from myriad.cluster.asking import Asking
from myriad.cluster.book import Resident
from myriad.cluster.requests import Answer, Committed, Cut, Departure, Leaver, ZoneKey
from myriad.cluster.residents import Leaving, Residents
from myriad.core.log_lines import Lines

_LOG = Lines(__name__)

WhenCommitted = Callable[[Cut, Committed, int], None]


class Cuts:
    """The cuts of one zone under one epoch."""

    def __init__(self, key: ZoneKey, residents: Residents, asking: Asking, interval_ns: int) -> None:
        self.urgent = False
        self.num_taken = 0
        self._key = key
        self._epoch = 0
        self._residents = residents
        self._asking = asking
        self._interval_ns = interval_ns
        self._taken_ns = 0
        self._under_way: Cut | None = None
        self._leavers: list[Leaver] = []
        self._had_residents = True
        """Whether the newest cut had any: an empty zone writes that once, and then nothing."""

    def start(self, epoch: int, now_ns: int) -> None:
        """Before the first tick."""
        self._epoch = epoch
        self._taken_ns = now_ns

    @property
    def idle(self) -> bool:
        """True if nothing waits to be written."""
        return self._under_way is None and not self._leavers and not self.urgent

    def age_ns(self, now_ns: int) -> int:
        """How long the cut under way has waited for its answer, 0 if none is."""
        return 0 if self._under_way is None else now_ns - self._taken_ns

    def leave(self, resident: Resident, leaving: Leaving) -> None:
        """Write in the next cut that a character has left."""
        self._leavers.append(
            Leaver(resident.character, resident.hop, leaving.x, leaving.y, leaving.record, leaving.last_input)
        )
        self.urgent = True

    def due(self, now_ns: int, somebody_departs: bool, has_residents: bool) -> bool:
        """True if a cut is to be taken now."""
        if self._under_way is not None:
            return False
        if self.urgent or somebody_departs:
            return True
        return now_ns - self._taken_ns >= self._interval_ns and (has_residents or self._had_residents)

    def take(
        self, departures: tuple[Departure, ...], has_residents: bool, when_committed: WhenCommitted, now_ns: int
    ) -> None:
        """Take a cut and ask for it. Those in `departures` are frozen already."""
        body = self._residents.cut()
        self.num_taken += 1
        cut = Cut(
            key=self._key,
            epoch=self._epoch,
            cut=self.num_taken,
            tick=body.tick,
            layout=body.layout,
            residents=body.residents,
            ground=body.ground,
            entries=body.entries,
            leavers=tuple(self._leavers),
            departures=departures,
            totals=body.totals,
        )
        self.urgent = False
        self._had_residents = has_residents
        self._leavers.clear()
        self._under_way = cut
        self._taken_ns = now_ns
        self._asking.ask(cut, lambda answer, at_ns: self._answered(cut, answer, when_committed, at_ns))

    def _answered(self, cut: Cut, answer: Answer | None, when_committed: WhenCommitted, now_ns: int) -> None:
        if not isinstance(answer, Committed):
            _LOG.error("the store refuses a cut: %s", answer, zone=cut.key.zone, layer=cut.key.layer, cut=cut.cut)
            raise TypeError(f"a cut is not answered by {answer!r}")
        self._under_way = None
        when_committed(cut, answer, now_ns)
