"""A load test of one zone.

Responsible for: what is tested: logging in at the zone's front door, its figures, comparing views with it.
Not here: the stages (`loadtest/course.py`), a world of zones (`loadtest/world_run.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.client.ground import Game, ZoneMap
from myriad.core.errors import StartupError
from myriad.loadtest.arrivals import Arrivals, login_times
from myriad.loadtest.checks import ViewChecks
from myriad.loadtest.course import POLL_S, Course, Display
from myriad.loadtest.crew import Crew, build_swarm
from myriad.loadtest.facts import CheckFacts, ServerFacts
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.places import choose_places
from myriad.loadtest.server_side import server_facts
from myriad.loadtest.sockets import Sockets
from myriad.loadtest.warm import warm_kernels
from myriad.loadtest.world_run import run_world_load_test
from myriad.netcode.tokens import read_token
from myriad.runtime.login import FrontDoor, FrontDoorError, Grant


def run_load_test(options: LoadOptions, game: Game, display: Display) -> tuple[dict[str, Any], list[str]]:
    """Runs a load test and returns its result and, in words, what was wrong.

    Raises StartupError if it cannot begin: no server, not this game, no sockets.
    """
    if options.world:
        return run_world_load_test(options, game, display)
    door = FrontDoor(options.host, options.port)
    try:
        status = door.zone_status()
        zone = game.read_map(str(status["zone"]), int(status["tick_hz"]))
        places = choose_places(zone, options.clients, options.spread, options.seed, options.square_share)
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
            return ZoneCourse(options, crew, sockets, door, arrivals, zone, status, display).run()


class ZoneCourse(Course):
    """One zone is tested."""

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
        super().__init__(options, crew, sockets, display, float(status["snapshot_hz"]))
        self._door = door
        self._arrivals = arrivals
        self._checks = ViewChecks(crew, door, zone, round(int(status["tick_hz"]) / self._snapshot_hz))
        self._checking = False
        self._stop_s = float("inf")

    def tokens(self) -> Iterator[tuple[int, bytes]]:
        """From the front door."""
        return self._arrivals.all()

    def begin(self, player: int, token: bytes) -> None:
        """As it is."""
        self._crew.begin(player, token)

    def login_ns(self) -> npt.NDArray[np.int64]:
        """As measured."""
        return login_times(self._arrivals)

    def read_server(self) -> dict[str, Any]:
        """`/v1/zone`."""
        return self._door.zone_status()

    def server_facts(self, before: dict[str, Any], after: dict[str, Any]) -> ServerFacts:
        """Their differences."""
        return server_facts(before, after)

    def open_window(self) -> None:
        """Finds out whether the zone keeps digests, and when the impairment ends."""
        newest = int(self._crew.swarm.clients.states["tick"].max())
        self._checking = self._door.digests(newest) is not None
        if self._options.impair_stop > 0:
            self._stop_s = time.monotonic() + self._options.impair_stop

    def act(self, now_s: float) -> float:
        """Ends the impairment when it is time, and watches views agree again."""
        if now_s >= self._stop_s:
            self._crew.call(self._crew.end_impairment)
            self._stop_s = float("inf")
            if self._checking:
                self._checks.watch_convergence()
        if self._checking and self._checks.converging:
            self._checks.check_convergence()
            return time.monotonic() + POLL_S
        return self._stop_s

    def each_second(self) -> None:
        """Compares some views."""
        if self._checking and not self._checks.converging:
            self._checks.check_some()

    def checks(self) -> CheckFacts:
        """As found."""
        return CheckFacts(self._checks.num_checked, self._checks.num_wrong, self._checks.converged_ms)

    @property
    def complaints(self) -> list[str]:
        """The first views that differed."""
        return [f"wrong view: {complaint}" for complaint in self._checks.complaints]


def _address_of(grant: Grant) -> tuple[str, int]:
    """Host and port of the server that the tokens name first."""
    host, _, port = str(read_token(grant.tokens[0]).servers[0]).rpartition(":")
    return host.strip("[]"), int(port)
