"""The course of one load test: warm-up, window, leaving, floor, result.

Responsible for: the order of things and what happens each second.
Not here: the swarm (`loadtest/crew.py`, `swarm.py`), what is counted (`measure.py`), the result (`report.py`), showing
anything (`loadtest/display.py`).

Invariant: the counters are set to zero at one moment, and read at one moment `--seconds` later; nothing of the warm-up
is in the result but under `warm_up` and the handshakes' times.
"""

from __future__ import annotations

import gc
import time
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from myriad.client.ground import Game, ZoneMap
from myriad.core.errors import StartupError
from myriad.loadtest.arrivals import Arrivals, login_times, spread_out
from myriad.loadtest.checks import ViewChecks
from myriad.loadtest.crew import Crew, build_swarm
from myriad.loadtest.floor import floor_per_snapshot_us
from myriad.loadtest.measure import begin_window, end_window
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.places import choose_places
from myriad.loadtest.report import RunFacts, build_result
from myriad.loadtest.server_side import server_facts
from myriad.loadtest.sockets import Sockets, count_kernel_drops
from myriad.loadtest.warm import warm_kernels
from myriad.netcode.tokens import read_token
from myriad.runtime.login import FrontDoor, FrontDoorError, Grant

SETTLE_S = 2.0
"""From the last client in place to the window, so that the burst of first keyframes is over."""

LEAVE_S = 3.0
_POLL_S = 0.1


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


def run_load_test(options: LoadOptions, game: Game, display: Display) -> tuple[dict[str, Any], list[str]]:
    """Runs a load test and returns its result and, in words, what was wrong with views.

    Raises StartupError if it cannot begin: no server, not this game, no sockets.
    """
    door = FrontDoor(options.host, options.port)
    try:
        status = door.zone_status()
        zone = game.read_map(str(status["zone"]), int(status["tick_hz"]))
        places = choose_places(zone, options.clients, options.spread, options.seed)
        arrivals = Arrivals(options.host, options.port, places, options.seed, options.logins_at_once)
        grant = arrivals.first()
    except FrontDoorError as error:
        raise StartupError(f"no zone to test: {error}") from None
    if grant.protocol.get("game", game.name) != game.name:
        raise StartupError(f"the server runs the game {grant.protocol['game']!r}, not {game.name!r}")
    host, port = _address_of(grant)
    with Sockets(options.clients, host, port) as sockets:
        swarm = build_swarm(options, game, zone, grant.protocol_id, int(status["tick_hz"]), sockets)
        display.stage("compiling", 1)
        display.progress(0, "kernels; a minute the first time")
        warm_kernels(swarm)
        display.progress(1)
        with Crew(swarm, places, options.seed) as crew:
            course = Course(options, crew, sockets, door, arrivals, zone, status, display)
            return course.run()


class Course:
    """The stages of one run."""

    def __init__(
        self,
        options: LoadOptions,
        crew: Crew,
        sockets: Sockets,
        door: FrontDoor,
        arrivals: Arrivals,
        zone: ZoneMap,
        status: dict[str, Any],
        display: Display,
    ) -> None:
        self._options = options
        self._crew = crew
        self._door = door
        self._arrivals = arrivals
        self._display = display
        self._ports = set(sockets.ports)
        self._status = status
        self._snapshot_hz = float(status["snapshot_hz"])
        self._checks = ViewChecks(crew, door, zone, round(int(status["tick_hz"]) / self._snapshot_hz))

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """All of them, in order."""
        warm_up_s = self._warm_up()
        facts = self._window(warm_up_s)
        self._leave()
        if self._options.floor:
            swarm = self._crew.swarm
            floor_us = floor_per_snapshot_us(swarm.measures, self._options, self._snapshot_hz, facts.seconds)
            facts = facts._replace(floor_us=floor_us)
        return build_result(facts), self._checks.complaints

    def _warm_up(self) -> float:
        """Brings every client into place; returns how long it took."""
        options, crew = self._options, self._crew
        began_s = time.monotonic()
        until_s = began_s + options.warm_up_s
        self._display.stage("warm-up", options.clients)

        def begin(row: int, token: bytes) -> None:
            crew.call(lambda: crew.begin(row, token))

        def show() -> None:
            self._display.progress(int(crew.in_place.sum()), "in place")

        spread_out(self._arrivals.all(), begin, until_s, show)
        while not crew.in_place.all() and time.monotonic() < until_s:
            show()
            time.sleep(_POLL_S)
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
        checking = self._door.digests(int(swarm.clients.states["tick"].max())) is not None
        before = self._door.zone_status()
        drops = count_kernel_drops(self._ports)
        views = crew.call(lambda: swarm.clients.views.views.copy())
        confirmed = swarm.clients.queues["confirmed"].copy()
        cpu_s = time.process_time()
        began_s = time.monotonic()
        crew.call(lambda: begin_window(measures, time.monotonic_ns()))
        self._watch(began_s, window, checking)
        counts, histograms, seconds = crew.call(lambda: self._close_window(began_s))
        cpu_s = time.process_time() - cpu_s
        after = self._door.zone_status()
        self._add_view_counters(counts, views)
        sessions = swarm.clients.sessions
        connected = sessions["connected_ns"] > 0
        return RunFacts(
            options=options,
            seconds=seconds,
            counts=counts,
            histograms=histograms,
            connected=crew.num_connected,
            confirmed=swarm.clients.queues["confirmed"] != confirmed,
            handshake_ns=(sessions["connected_ns"] - sessions["started_ns"])[connected],
            login_ns=login_times(self._arrivals),
            warm_up_s=warm_up_s,
            players_in_view=np.concatenate(window.players).astype(np.int64),
            entities_in_view=np.concatenate(window.entities).astype(np.int64),
            views_checked=self._checks.num_checked,
            views_wrong=self._checks.num_wrong,
            converged_ms=self._checks.converged_ms,
            cpu_s=cpu_s,
            socket_drops=count_kernel_drops(self._ports) - drops,
            fates=swarm.delays.fates.copy(),
            floor_us=None,
            server=server_facts(before, after),
        )

    def _watch(self, began_s: float, window: Window, checking: bool) -> None:
        """What happens while the window runs: progress, looks, comparisons, the end of the impairment."""
        options, crew = self._options, self._crew
        self._display.stage("measuring", options.seconds)
        next_look_s = began_s
        stop_s = began_s + options.impair_stop if options.impair_stop > 0 else float("inf")
        while (now_s := time.monotonic()) < began_s + options.seconds:
            if now_s >= stop_s:
                crew.call(crew.end_impairment)
                stop_s = float("inf")
                if checking:
                    self._checks.watch_convergence()
            if checking and self._checks.converging:
                self._checks.check_convergence()
            if now_s >= next_look_s:
                next_look_s += 1.0
                window.sample()
                snapshots = crew.swarm.measures.counts["snapshots"].sum()
                rate = snapshots / max(now_s - began_s, 0.1) / options.clients
                self._display.progress(now_s - began_s, f"{crew.num_connected} connected, {rate:.1f} snapshots/s each")
                if checking and not self._checks.converging:
                    self._checks.check_some()
            wait_s = min(next_look_s, stop_s, began_s + options.seconds) - time.monotonic()
            time.sleep(min(max(wait_s, 0.0), _POLL_S if self._checks.converging else 1.0))
        self._display.progress(options.seconds)

    def _close_window(self, began_s: float) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64], float]:
        """Copies of the counters at the end of the window, and its length (s); runs on the swarm's thread."""
        measures = self._crew.swarm.measures
        seconds = time.monotonic() - began_s
        counts = measures.counts.copy()
        end_window(measures, time.monotonic_ns())
        return counts, measures.histograms.copy(), seconds

    def _add_view_counters(self, counts: npt.NDArray[np.void], before: npt.NDArray[np.void]) -> None:
        """What the views count themselves, over the window."""
        after = self._crew.swarm.clients.views.views
        for name, view_name in (
            ("undecodable", "undecodable"),
            ("near_updates", "near_covered"),
            ("near_cells", "near_parts"),
        ):
            counts[name] = after[view_name] - before[view_name]

    def _leave(self) -> None:
        self._display.stage("leaving", self._options.clients)
        self._crew.call(self._crew.end_impairment)
        self._crew.call(self._crew.leave)
        until_s = time.monotonic() + LEAVE_S
        while (gone := self._crew.num_gone) < self._options.clients and time.monotonic() < until_s:
            self._display.progress(gone)
            time.sleep(_POLL_S / 2)
        self._display.progress(self._crew.num_gone)


def _address_of(grant: Grant) -> tuple[str, int]:
    """Host and port of the server that the tokens name first."""
    host, _, port = str(read_token(grant.tokens[0]).servers[0]).rpartition(":")
    return host.strip("[]"), int(port)
