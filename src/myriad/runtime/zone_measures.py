"""What a zone's loop measures about itself.

Responsible for: histograms of lateness, phases and the wait for the GIL, CPU time and counters of one loop, and their
readable form.
Not here: what the zone counts (its own `status`), metric names (`core/metrics.py`, `web/api/metrics_page.py`).

Invariant: written by the loop's thread alone; other threads read, and may see one number a turn ahead of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from myriad.core.histogram import Histogram, new_histogram, new_histograms, record, summary_ms, to_sparse
from myriad.core.kernel import bare_kernel
from myriad.core.phases import PHASES


@bare_kernel
def record_phases(histograms: Histogram, spent_ns: Histogram) -> None:
    """Records each phase that took time: `histograms` (phases, length) is changed; `spent_ns` is (phases,) int64."""
    for phase in range(len(spent_ns)):
        if spent_ns[phase] > 0:
            record(histograms[phase], spent_ns[phase])


class ZoneMeasures:
    """Numbers of one loop since its start."""

    def __init__(self) -> None:
        self.lateness = new_histogram()
        """Nanoseconds from when a tick was due to when it began."""
        self.gil_wait = new_histogram()
        """Nanoseconds from the end of a sleep to having the GIL back."""
        self.turn = new_histogram()
        """Nanoseconds that one turn with ticks took, receiving and sending included."""
        self.phases = new_histograms(len(PHASES))
        self.num_ticks = 0
        self.num_skipped_ticks = 0
        self.num_collections = 0
        self.num_commands = 0
        self.num_receive_cut = 0
        """Turns in which the budget for receiving ended before the socket was empty."""
        self.num_silenced = 0
        """Datagrams neither taken nor sent because the zone's lease was over."""
        self.cpu_ns = 0
        """CPU time of the loop's thread."""
        self.watched = False
        """Somebody wants to see every turn (`runtime/profile`)."""
        self._spent = np.zeros(len(PHASES), np.int64)

    def record_phases(self, spent_ns: list[int]) -> None:
        """Counts the phases of one turn."""
        self._spent[:] = spent_ns
        record_phases(self.phases, self._spent)

    def turn_begins(self) -> None:
        """Before a lean turn: for who watches (`runtime/profile`)."""

    def turn_ended(self, spent_ns: Sequence[int], began_ns: int) -> None:
        """After a lean turn that began at `began_ns`: for who watches."""

    def histograms(self) -> dict[str, Histogram]:
        """Copies by name: `lateness`, `gil_wait`, `turn` and every phase by its own."""
        found = {"lateness": self.lateness.copy(), "gil_wait": self.gil_wait.copy(), "turn": self.turn.copy()}
        found.update({name: self.phases[number].copy() for number, name in enumerate(PHASES)})
        return found

    def status(self) -> dict[str, object]:
        """For `/v1/zone`."""
        return {
            "tick_lateness_ms": summary_ms(self.lateness),
            "gil_wait_ms": summary_ms(self.gil_wait),
            "turn_ms": summary_ms(self.turn),
            "phases_ms": {name: summary_ms(self.phases[number]) for number, name in enumerate(PHASES)},
            "histograms_ns": {name: to_sparse(histogram) for name, histogram in self.histograms().items()},
            "ticks": self.num_ticks,
            "ticks_skipped": self.num_skipped_ticks,
            "collections": self.num_collections,
            "commands": self.num_commands,
            "receive_budget_reached": self.num_receive_cut,
            "silenced": self.num_silenced,
        }
