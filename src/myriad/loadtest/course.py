"""The course of one load test: warm-up, window, leaving, floor, result.

Responsible for: the order of things and what happens each second, whatever is tested.
Not here: the swarm (`loadtest/crew.py`, `swarm.py`), what is counted (`measure.py`), the result (`report.py`), showing
anything (`loadtest/display.py`); one zone (`loadtest/run.py`) and a world (`loadtest/world_run.py`) as what is tested.

Invariant: the counters are set to zero at one moment, and read at one moment `--seconds` later; nothing of the warm-up
is in the result but under `warm_up` and the handshakes' times.
"""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from myriad.loadtest.arrivals import spread_out
from myriad.loadtest.crew import Crew
from myriad.loadtest.facts import CheckFacts, RunFacts, ServerFacts, WorldFacts
from myriad.loadtest.floor import floor_per_snapshot_us
from myriad.loadtest.measure import begin_window, end_window
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.report import build_result
from myriad.loadtest.sockets import Sockets, count_kernel_drops

SETTLE_S = 2.0
"""From the last client in place to the window, so that the burst of first keyframes is over."""

LEAVE_S = 3.0
POLL_S = 0.1


class Display(Protocol):
    """Somebody who watches."""

    def stage(self, text: str, total: float) -> None:
        """A new stage begins, which goes from 0 to `total`."""
        ...

    def progress(self, done: float, text: str = "") -> None:
        """How far the stage is."""
        ...


class Window:
    """Everything that is noted while the window runs."""

    def __init__(self, crew: Crew) -> None:
        self.players: list[npt.NDArray[np.int32]] = []
        self.entities: list[npt.NDArray[np.int32]] = []
        self._crew = crew

    def sample(self) -> None:
        """Notes how much is in every client's view."""
        sight = self._crew.swarm.sight
        self.players.append(sight.players.copy())
        self.entities.append(sight.entities.copy())


class Course(ABC):
    """The stages of one run."""

    def __init__(
        self, options: LoadOptions, crew: Crew, sockets: Sockets, display: Display, snapshot_hz: float
    ) -> None:
        self._options = options
        self._crew = crew
        self._display = display
        self._sockets = sockets
        self._snapshot_hz = snapshot_hz
        self._drops = 0

    # What is tested says:

    @abstractmethod
    def tokens(self) -> Iterator[tuple[int, bytes]]:
        """(player, connect token) of every player, logged in as they are taken."""

    @abstractmethod
    def begin(self, player: int, token: bytes) -> None:
        """A player begins to connect."""

    @abstractmethod
    def read_server(self) -> Any:
        """What the server says about itself now."""

    @abstractmethod
    def server_facts(self, before: Any, after: Any) -> ServerFacts:
        """The window's figures from two readings."""

    @abstractmethod
    def login_ns(self) -> npt.NDArray[np.int64]:
        """How long login requests took."""

    @abstractmethod
    def open_window(self) -> None:
        """The window begins."""

    @abstractmethod
    def act(self, now_s: float) -> float:
        """What is to be done in the window, between the seconds; when to be called again, at the latest."""

    @abstractmethod
    def each_second(self) -> None:
        """A second of the window is over."""

    def close_window(self) -> WorldFacts | None:
        """The window is over; what more there is to say."""
        return None

    def checks(self) -> CheckFacts:
        """What comparing views found."""
        return CheckFacts()

    @property
    def complaints(self) -> list[str]:
        """What was wrong, in words."""
        return []

    # The stages.

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """All of them, in order."""
        warm_up_s = self._warm_up()
        facts = self._window(warm_up_s)
        self._leave()
        if self._options.floor:
            swarm = self._crew.swarm
            floor_us = floor_per_snapshot_us(swarm.measures, self._options, self._snapshot_hz, facts.seconds)
            facts = facts._replace(floor_us=floor_us)
        return build_result(facts), self.complaints

    def _warm_up(self) -> float:
        """Brings every client into place; returns how long it took."""
        options, crew = self._options, self._crew
        began_s = time.monotonic()
        until_s = began_s + options.warm_up_s
        self._display.stage("warm-up", options.clients)

        def begin(player: int, token: bytes) -> None:
            crew.post(lambda: self.begin(player, token))  # a call would wait 20 ms for each

        def show() -> None:
            self._display.progress(int(crew.in_place.sum()), "in place")

        spread_out(self.tokens(), begin, until_s, show)
        while not crew.in_place.all() and time.monotonic() < until_s:
            show()
            time.sleep(POLL_S)
        show()
        warm_up_s = time.monotonic() - began_s
        gc.collect()  # now, so that no collection holds the swarm's thread up later
        gc.freeze()
        time.sleep(SETTLE_S)
        return warm_up_s

    def _window(self, warm_up_s: float) -> RunFacts:
        options, crew = self._options, self._crew
        swarm = crew.swarm
        measures = swarm.measures
        window = Window(crew)
        before = self.read_server()
        drops = count_kernel_drops(set(self._sockets.ports))
        views = crew.call(lambda: swarm.clients.views.views.copy())
        confirmed = swarm.clients.queues["confirmed"][swarm.plan["row"]]
        cpu_s = time.process_time()
        began_s = time.monotonic()
        crew.call(lambda: begin_window(measures, time.monotonic_ns()))
        self.open_window()
        self._watch(began_s, window)
        counts, histograms, seconds = crew.call(lambda: self._close_window(began_s))
        cpu_s = time.process_time() - cpu_s
        server = self.server_facts(before, self.read_server())
        self._add_view_counters(counts, views)
        world = self.close_window()
        sessions = swarm.clients.sessions
        connected = sessions["connected_ns"] > 0
        return RunFacts(
            options=options,
            seconds=seconds,
            counts=counts,
            histograms=histograms,
            connected=crew.num_connected,
            confirmed=swarm.clients.queues["confirmed"][swarm.plan["row"]] != confirmed,
            handshake_ns=(sessions["connected_ns"] - sessions["started_ns"])[connected],
            login_ns=self.login_ns(),
            warm_up_s=warm_up_s,
            players_in_view=np.concatenate(window.players).astype(np.int64),
            entities_in_view=np.concatenate(window.entities).astype(np.int64),
            checks=self.checks(),
            cpu_s=cpu_s,
            socket_drops=max(count_kernel_drops(set(self._sockets.ports)) - drops, 0),
            fates=swarm.delays.fates.copy(),
            floor_us=None,
            server=server,
            world=world,
        )

    def _watch(self, began_s: float, window: Window) -> None:
        """What happens while the window runs: progress and looks; what is tested adds its own."""
        options, crew = self._options, self._crew
        self._display.stage("measuring", options.seconds)
        next_look_s = began_s
        while (now_s := time.monotonic()) < began_s + options.seconds:
            next_act_s = self.act(now_s)
            if now_s >= next_look_s:
                next_look_s += 1.0
                window.sample()
                snapshots = crew.swarm.measures.counts["snapshots"].sum()
                rate = snapshots / max(now_s - began_s, 0.1) / options.clients
                self._display.progress(now_s - began_s, f"{crew.num_connected} connected, {rate:.1f} snapshots/s each")
                self.each_second()
            wait_s = min(next_look_s, next_act_s, began_s + options.seconds) - time.monotonic()
            time.sleep(min(max(wait_s, 0.0), 1.0))
        self._display.progress(options.seconds)

    def _close_window(self, began_s: float) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64], float]:
        """Copies of the counters at the end of the window, and its length (s); runs on the swarm's thread."""
        measures = self._crew.swarm.measures
        seconds = time.monotonic() - began_s
        counts = measures.counts.copy()
        end_window(measures, time.monotonic_ns())
        return counts, measures.histograms.copy(), seconds

    def _add_view_counters(self, counts: npt.NDArray[np.void], before: npt.NDArray[np.void]) -> None:
        """What the views of all connections of a player count themselves, over the window."""
        after = self._crew.swarm.clients.views.views
        for name, view_name in (
            ("undecodable", "undecodable"),
            ("near_updates", "near_covered"),
            ("near_cells", "near_parts"),
        ):
            counts[name] = (after[view_name] - before[view_name]).reshape(-1, len(counts)).sum(0)

    def _leave(self) -> None:
        self._display.stage("leaving", self._options.clients)
        self._crew.call(self._crew.end_impairment)
        self._crew.call(self._crew.leave)
        until_s = time.monotonic() + LEAVE_S
        while (gone := self._crew.num_gone) < self._options.clients and time.monotonic() < until_s:
            self._display.progress(gone)
            time.sleep(POLL_S / 2)
        self._display.progress(self._crew.num_gone)
