"""What a zone's thread spends its CPU time on, read off while somebody profiles it.

Responsible for: CPU time by kind of work, allocations and collections of one zone's thread.
Not here: percentages and tables (`profile/figures.py`), samples of what runs (`profile/sampling.py`), the zone's own
histograms, which go on as always.

How: the thread's CPU clock is read where a turn's work begins and where it ends, so between two such moments nothing is
left out, and all kinds of work sum to the thread's CPU time. Phases have no CPU time of their own, only a wall time
(`core/phases.py`): the wall times of a turn are brought down to its CPU time in proportion. They are nearly the same,
except in a turn in which the thread had to wait for a core or for the GIL; of such a turn the CPU time is exact and its
parts are estimates. Store, cuts and borders have stopwatches of their own and are taken out of the phase in which they
happen.

Invariants: all methods are called on the zone's thread, between turns; while nobody profiles, nothing is in the way of
anything; it ends by itself after its time, if nobody asks for its figures any more.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from myriad.core.clock import NS_PER_S
from myriad.core.phases import PHASES
from myriad.runtime.clocks import RealClock, thread_cpu_ns
from myriad.runtime.profile.allocations import Allocated, the_counter
from myriad.runtime.profile.layers import Layers

WORLD: Final = "world"
LOOP: Final = "loop"
AROUND: Final = "around"
COLLECTION: Final = "collection"
WORK: Final = (*PHASES, WORLD, LOOP, AROUND, COLLECTION)
"""The kinds of work: the phases; store, cuts and borders; Python between phases; around turns (sleeping, waking,
commands of other threads, measuring); garbage collection."""


class Piece(NamedTuple):
    """A method that does work for the world: `phase` is where its time is counted otherwise (a phase or LOOP), or
    AROUND where it is called between turns."""

    owner: str
    method: str
    phase: str


PIECES: Final = (
    Piece("part", "take_packets", "receive"),
    Piece("part", "before_tick", "slow"),
    Piece("part", "after_tick", "slow"),
    Piece("part", "end_turn", LOOP),
    Piece("zone", "take_requests", LOOP),
    Piece("zone", "take_posts", LOOP),
    Piece("outside", "ask", LOOP),
    Piece("outside", "publish", LOOP),
    Piece("zone", "answer", AROUND),
    Piece("zone", "hear", AROUND),
    Piece("zone", "set_directory", AROUND),
)
"""`part` is `zone.world_part.WorldPart`, `zone` the zone, `outside` `runtime.zone_ports.Outside`."""

_PLACE: Final = {name: place for place, name in enumerate(WORK)}
_NUM_PHASES: Final = len(PHASES)

Clock = Callable[[], int]
_wall_ns: Final[Clock] = RealClock().now_ns


class Busy(Exception):
    """Another zone of this process is being profiled."""


_at_work: Final = threading.Lock()
"""Held by the probe that is at work in this process: there is one allocator and one collector."""


class Probe:
    """One profile of one zone's thread."""

    def __init__(
        self,
        targets: Mapping[str, Any],
        seconds: float,
        *,
        wall_ns: Clock = _wall_ns,
        cpu_ns: Clock = thread_cpu_ns,
    ) -> None:
        """`targets`: `phases` (PhaseTimer), `measures` (ZoneMeasures), `zone` and those of `PIECES` that there are. It
        ends after `seconds`."""
        self._targets = targets
        self._seconds = seconds
        self._wall_ns = wall_ns
        self._cpu_ns = cpu_ns
        self.running = False
        """True from `begin` to `end`, whoever called that."""
        self._layers = Layers()
        self._spent = [0.0] * len(WORK)
        self._pieces = [0] * len(WORK)
        """Of this turn, wall time of pieces by the phase that holds them."""
        self._between_ns = 0
        """CPU time, since the last turn, of pieces and collections there."""
        self._mark_ns = 0
        self._turn_wall_ns = 0
        self._in_turn = False
        self._num_turns = 0
        self._turns_wall_ns = self._turns_cpu_ns = 0
        self._first_tick = self._last_tick = 0
        self._most_blocks = 0
        self._counts_blocks = False
        self._counted = Allocated(0, 0, 0)
        self._allocated = Allocated(0, 0, 0)
        self._collections = 0
        self._collecting_ns = 0
        self._thread = 0
        self._began_ns = 0
        self._ended_ns = 0
        self._began_cpu_ns = 0

    # Begin and end.

    def begin(self) -> None:
        """Puts itself in front of everything; `the_counter.prepare` came before. Raises Busy."""
        if not _at_work.acquire(blocking=False):
            raise Busy("a zone of this process is being profiled already")
        self.running = True
        self._thread = threading.get_ident()
        self._counts_blocks = the_counter.install()
        cover, targets = self._layers.cover, self._targets
        targets["measures"].watched = True
        cover(targets["phases"], "clear", self._before_turn)
        cover(targets["measures"], "record_phases", self._after_turn)
        cover(targets["measures"], "turn_begins", self._before_turn)
        cover(targets["measures"], "turn_ended", self._after_lean_turn)
        for piece in PIECES:
            target = targets.get(piece.owner)
            if target is not None:
                cover(target, piece.method, self._stopwatch(piece))
        gc.callbacks.append(self._on_collection)
        self._first_tick = targets["measures"].num_ticks
        self._began_ns = self._wall_ns()
        self._began_cpu_ns = self._mark_ns = self._cpu_ns()

    def end(self) -> None:
        """Takes itself away; its figures stay. May be called twice, and by any thread once the zone's has ended."""
        if not self.running:
            return
        self._mark()
        self._ended_ns = self._wall_ns()
        self._last_tick = self._targets["measures"].num_ticks
        self._layers.remove()
        self._targets["measures"].watched = False
        the_counter.remove()
        gc.callbacks.remove(self._on_collection)
        self.running = False
        _at_work.release()

    def read(self) -> dict[str, object]:
        """Everything since `begin`, up to now or its end."""
        if self.running:
            self._mark()
        ended_ns = self._wall_ns() if self.running else self._ended_ns
        return {
            "pid": os.getpid(),
            "thread": threading.get_native_id(),
            "running": self.running,
            "wall_ns": ended_ns - self._began_ns,
            "cpu_ns": self._mark_ns - self._began_cpu_ns,
            "work_ns": {name: round(spent) for name, spent in zip(WORK, self._spent, strict=True)},
            "turns": self._num_turns,
            "turns_wall_ns": self._turns_wall_ns,
            "turns_cpu_ns": self._turns_cpu_ns,
            "ticks": (self._targets["measures"].num_ticks if self.running else self._last_tick) - self._first_tick,
            "allocations": {**self._allocated._asdict(), "most_blocks": self._most_blocks}
            if self._counts_blocks
            else None,
            "collections": self._collections,
        }

    # Turns.

    def _mark(self) -> int:
        """Counts what the thread did since the last mark as being around turns."""
        now_ns = self._cpu_ns()
        between_ns = now_ns - self._mark_ns
        self._spent[_PLACE[AROUND]] += between_ns - self._between_ns
        self._between_ns = 0
        self._mark_ns = now_ns
        return now_ns

    def _before_turn(self, clear: Callable[[], None]) -> Callable[[], None]:
        def begin_turn() -> None:
            self._mark()
            if self._wall_ns() - self._began_ns > self._seconds * NS_PER_S:
                self.end()
            else:
                self._in_turn = not self._targets["zone"].idle  # an idle zone has no turns that end
                if any(self._pieces):
                    self._pieces = [0] * len(WORK)
                if self._counts_blocks and self._in_turn:
                    self._counted = the_counter.read()
                    the_counter.start(self._thread)
            self._turn_wall_ns = self._wall_ns()
            clear()

        return begin_turn

    def _after_turn(self, record: Callable[[Sequence[int]], None]) -> Callable[[Sequence[int]], None]:
        def end_turn(spent_ns: Sequence[int]) -> None:
            the_counter.stop()
            if self._in_turn:
                self._in_turn = False
                self._count_turn(spent_ns, self._wall_ns() - self._turn_wall_ns)
            record(spent_ns)

        return end_turn

    def _after_lean_turn(self, record: Callable[[Sequence[int], int], None]) -> Callable[[Sequence[int], int], None]:
        """As `_after_turn`, for a turn that began with a sleep: its wall time is from `began_ns` on."""

        def end_turn(spent_ns: Sequence[int], began_ns: int) -> None:
            the_counter.stop()
            if self._in_turn:
                self._in_turn = False
                self._count_turn(spent_ns, self._wall_ns() - began_ns)
            record(spent_ns, began_ns)

        return end_turn

    def _count_turn(self, spent_ns: Sequence[int], wall_ns: int) -> None:
        now_ns = self._cpu_ns()
        cpu_ns = now_ns - self._mark_ns
        self._mark_ns = now_ns
        self._num_turns += 1
        self._turns_wall_ns += wall_ns
        self._turns_cpu_ns += cpu_ns
        ratio = cpu_ns / max(wall_ns, 1)
        spent, pieces = self._spent, self._pieces
        left = float(cpu_ns)
        for place in range(_NUM_PHASES):
            share = (spent_ns[place] - pieces[place]) * ratio
            spent[place] += share
            left -= share
        world = sum(pieces) * ratio
        spent[_PLACE[WORLD]] += world
        spent[_PLACE[LOOP]] += left - world
        if self._counts_blocks:
            now = the_counter.read()
            new = Allocated(*(after - before for after, before in zip(now, self._counted, strict=True)))
            self._allocated = Allocated(*(a + b for a, b in zip(self._allocated, new, strict=True)))
            self._most_blocks = max(self._most_blocks, new.blocks)

    # Pieces of turns, and what happens between them.

    def _stopwatch(self, piece: Piece) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        place = _PLACE[piece.phase]
        in_turn = piece.phase != AROUND
        clock = self._wall_ns if in_turn else self._cpu_ns

        def layer(method: Callable[..., Any]) -> Callable[..., Any]:
            def watched(*arguments: Any, **named: Any) -> Any:
                if self._in_turn != in_turn:
                    return method(*arguments, **named)
                start_ns = clock()
                try:
                    return method(*arguments, **named)
                finally:
                    spent_ns = clock() - start_ns
                    if in_turn:
                        self._pieces[place] += spent_ns
                    else:
                        self._spent[_PLACE[WORLD]] += spent_ns
                        self._between_ns += spent_ns

            return watched

        return layer

    def _on_collection(self, phase: str, _: dict[str, int]) -> None:
        if threading.get_ident() != self._thread or self._in_turn:
            return
        if phase == "start":
            self._collecting_ns = self._cpu_ns()
        else:
            spent_ns = self._cpu_ns() - self._collecting_ns
            self._collections += 1
            self._spent[_PLACE[COLLECTION]] += spent_ns
            self._between_ns += spent_ns
