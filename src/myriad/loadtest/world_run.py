"""A load test of a world of zones.

Responsible for: what is tested: getting in through the gateway, players that move, talk, trade and come back, killing
hosts, and what it comes to.
Not here: the stages (`loadtest/course.py`), each of these (`travel.py`, `gossip.py`, `barter.py`, `promises.py`,
`returns.py`, `chaos.py`), the result (`world_report.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.ground import Game
from myriad.client.session import ROWS
from myriad.core.errors import StartupError
from myriad.loadtest import commands
from myriad.loadtest.arrivals import names_of
from myriad.loadtest.barter import Barter
from myriad.loadtest.chaos import Killer, Untouched
from myriad.loadtest.course import POLL_S, Course, Display
from myriad.loadtest.crew import Crew, build_swarm
from myriad.loadtest.facts import ServerFacts, WorldFacts
from myriad.loadtest.gossip import Gossip
from myriad.loadtest.impairment import parse_chaos
from myriad.loadtest.journeys import HANDOFF, MAX_GAPS, RETURN, begin_travels
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.places import Places
from myriad.loadtest.promises import Promises
from myriad.loadtest.returns import Returns
from myriad.loadtest.sockets import Sockets
from myriad.loadtest.travel import Travel
from myriad.loadtest.warm import warm_kernels
from myriad.loadtest.world_figures import Reading, add_up, facts_by_zone, read_zones, zone_figures
from myriad.loadtest.world_map import choose_world_places, read_ground
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.runtime.login import FrontDoorError, Gateway, PlayGrant, Refused, Wait, gateway_at

LOGINS_PER_REQUEST = 100
SETTLE_S = 8.0
"""After the window: so long at most for whoever is coming back, and for messages and confirmations under way."""

EVENT_AFTER_S = 2.0
EVENT = "load-test"
EVENT_TEXT = "The load test greets everybody."
_BULK_TIMEOUT_S = 60.0


class Entrance(NamedTuple):
    """What the first player was told."""

    world: dict[str, Any]
    first: PlayGrant
    game: Game


def run_world_load_test(options: LoadOptions, game: Game, display: Display) -> tuple[dict[str, Any], list[str]]:
    """As `run_load_test`, of the world whose gateway `options.world` names."""
    gateway = gateway_at(options.world)
    names = names_of(0, options.clients, options.seed)
    try:
        world = gateway.world()
        game = game.for_world(len(world["zones"]))
        if world.get("game", game.name) != game.name:
            raise StartupError(f"the world's game is {world['game']!r}, not {game.name!r}")
        display.stage("maps", 1)
        ground = read_ground(game)
        display.progress(1)
        places = choose_world_places(game, ground, options.clients, options.travel, options.seed, options.party)
        entry = _enter_first(gateway, names[0], places, options.warm_up_s)
    except FrontDoorError as error:
        raise StartupError(f"no world to test: {error}") from None
    except KeyError:
        raise StartupError(f"no world to test: {gateway} is not a gateway") from None
    protocol_id, tick_hz = int(entry.protocol["protocol_id"], 16), int(entry.protocol["tick_hz"])
    with Sockets(ROWS * options.clients) as sockets:
        swarm = build_swarm(options, game, ground, protocol_id, tick_hz, sockets)
        display.stage("compiling", 1)
        display.progress(0, "kernels; a minute the first time")
        warm_kernels(swarm)
        display.progress(1)
        travel = Travel(swarm, sockets)
        with Crew(swarm, places, options.seed, travel.take_mail) as crew:
            snapshot_hz = float(entry.protocol["snapshot_hz"])
            return WorldCourse(options, game, crew, sockets, gateway, travel, places, names, snapshot_hz, display).run()


def _enter_first(gateway: Gateway, name: str, places: Places, wait_s: float) -> PlayGrant:
    """Waits for a zone to start, if need be."""
    until_s = time.monotonic() + wait_s
    while True:
        (answer,) = gateway.play_many([name], [_start(places, 0)])
        if isinstance(answer, PlayGrant):
            return answer
        if isinstance(answer, Refused) or time.monotonic() > until_s:
            raise FrontDoorError(f"{gateway}: {answer.why}", 409)
        time.sleep(answer.retry_s)


def _start(places: Places, player: int) -> tuple[float, float]:
    return float(places.starts[player, 0]), float(places.starts[player, 1])


class WorldCourse(Course):
    """A world is tested."""

    def __init__(
        self,
        options: LoadOptions,
        game: Game,
        crew: Crew,
        sockets: Sockets,
        gateway: Gateway,
        travel: Travel,
        places: Places,
        names: list[str],
        snapshot_hz: float,
        display: Display,
    ) -> None:
        super().__init__(options, crew, sockets, display, snapshot_hz)
        self._gateway = gateway
        self._travel = travel
        self._places = places
        self._names = names
        self._sessions = [""] * options.clients
        self._logins_ns: list[int] = []
        self._promises = Promises(game, crew.swarm, travel)
        self._returns = Returns(crew, travel, gateway_at(options.world), names, self._sessions, places)
        self._gossip = Gossip(crew, travel, self._returns.losses, names, options.seed)
        self._barter = Barter(game, crew, travel, self._promises, options.seed)
        self._untouched = Untouched(travel)
        self._killer = Killer(gateway, options.seed)
        self._kill_every_s = parse_chaos(options.chaos)
        self._next_kill_s = self._next_event_s = float("inf")
        self._window_ends_s = 0.0
        self._has_event = False
        self._zones: dict[str, ServerFacts] = {}
        self._last = Reading({}, {})

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """All stages; whoever loses its connection meanwhile is brought back."""
        with self._returns:
            return super().run()

    # Getting in.

    def tokens(self) -> Iterator[tuple[int, bytes]]:
        """From the gateway, many by one request; who has to wait is asked for again."""
        players = {name: player for player, name in enumerate(self._names)}
        waiting = list(range(len(self._names)))
        while waiting:
            now, waiting = waiting[:LOGINS_PER_REQUEST], waiting[LOGINS_PER_REQUEST:]
            began_ns = time.monotonic_ns()
            answers = self._bulk().play_many(
                [self._names[player] for player in now], [_start(self._places, player) for player in now]
            )
            self._logins_ns.append(time.monotonic_ns() - began_ns)
            retry_s = 0.0
            for answer in answers:
                match answer:
                    case PlayGrant():
                        player = players[answer.name]
                        self._sessions[player] = answer.session
                        yield player, answer.token
                    case Wait():
                        waiting.append(players[answer.name])
                        retry_s = max(retry_s, answer.retry_s)
                    case Refused():
                        raise FrontDoorError(f"{answer.name} may not come in: {answer.why}", 409)
            if retry_s and len(waiting) <= LOGINS_PER_REQUEST:
                time.sleep(min(retry_s, 1.0))

    def begin(self, player: int, token: bytes) -> None:
        """From a UDP port of its own."""
        self._crew.settle_in(player)
        self._travel.begin(player, token)

    def login_ns(self) -> npt.NDArray[np.int64]:
        """As measured."""
        return np.array(self._logins_ns, np.int64)

    # The server.

    def read_server(self) -> Reading:
        """`/v1/zone` of all zones."""
        return read_zones(self._gateway.world())

    def server_facts(self, before: Reading, after: Reading) -> ServerFacts:
        """All zones as one."""
        self._zones, self._last = facts_by_zone(before, after), after
        return add_up(self._zones, after.doors, self._snapshot_hz)

    # The window.

    def open_window(self) -> None:
        """Players begin to talk, and are brought back from now on when they are lost."""
        now_s = time.monotonic()
        self._window_ends_s = now_s + self._options.seconds
        self._next_kill_s = now_s + self._kill_every_s if self._kill_every_s else float("inf")
        self._next_event_s = now_s + min(EVENT_AFTER_S, self._options.seconds / 4)
        self._crew.call(self._begin_window)

    def _begin_window(self) -> None:
        begin_travels(self._crew.swarm.travels)
        for seen in self._travel.events_seen:
            seen.clear()
        self._promises.forget_counts()
        self._travel.num_failed = 0
        self._gossip.begin(time.monotonic_ns())
        self._untouched.begin(self._snapshots, frozenset(), time.monotonic())

    @property
    def _snapshots(self) -> npt.NDArray[np.int64]:
        return self._crew.swarm.measures.counts["snapshots"].copy()

    def act(self, now_s: float) -> float:
        """Talk, trade, looks at promises, the event, and the next kill."""
        if now_s >= self._next_event_s:
            self._next_event_s = float("inf")
            threading.Thread(target=self._start_event, name="event", daemon=True).start()
        if now_s >= self._next_kill_s and now_s < self._window_ends_s - 1.0:
            self._next_kill_s += self._kill_every_s
            self._crew.call(lambda: self._untouched.end(self._snapshots, time.monotonic()))
            killed = self._killer.kill_one()
            self._crew.call(lambda: self._untouched.begin(self._snapshots, killed, time.monotonic()))
        self._crew.call(self._play_along)
        return now_s + 0.1

    def _start_event(self) -> None:
        """On a thread of its own: a command takes a second."""
        if self._options.data:
            self._has_event = commands.start_event(self._options.data, EVENT, EVENT_TEXT, self._options.seconds)

    def _play_along(self) -> None:
        now_ns = time.monotonic_ns()
        self._gossip.talk(now_ns)
        self._barter.act(now_ns)
        self._promises.look(now_ns)

    def each_second(self) -> None:
        """Nothing more."""

    def close_window(self) -> WorldFacts:
        """Waits for what is under way, then says what it came to."""
        self._crew.call(lambda: self._untouched.end(self._snapshots, time.monotonic()))
        players, gaps_ns, failed = self._crew.call(self._journeys)
        self._settle()
        seen = min((len(events) for events in self._travel.events_seen), default=0)
        return WorldFacts(
            handoffs=int(players["handoffs"].sum()),
            handoffs_failed=failed,
            gaps_ns=gaps_ns,
            inputs_lost=int(players["inputs_lost"].sum()),
            inputs_doubled=int(players["inputs_doubled"].sum()),
            returns_ns=self._crew.call(lambda: self._gaps(RETURN)),
            confirmed=self._promises.num_sent,
            confirmed_lost=self._promises.num_lost,
            chats=self._gossip.num_sent,
            chats_lost=self._gossip.num_lost,
            events_seen_min=seen if self._has_event or seen else None,
            untouched_hz=self._untouched.lowest_hz,
            balanced=commands.is_balanced(self._options.data) if self._options.data else self._gateway.is_balanced(),
            num_killed=self._killer.num_killed,
            touched=self._untouched.was_touched | (players["returns"] > 0),
            zones=zone_figures(self._zones, self._last.statuses, self._options.seconds),
        )

    def _settle(self) -> None:
        """Until everybody is back, and everything that was said and confirmed has been looked at."""
        self._crew.call(lambda: self._promises.look_at_all(time.monotonic_ns()))
        until_s = time.monotonic() + SETTLE_S
        while time.monotonic() < until_s and not self._crew.call(self._is_settled):
            time.sleep(POLL_S)

    def _is_settled(self) -> bool:
        now_ns = time.monotonic_ns()
        self._promises.look(now_ns)
        self._gossip.judge(now_ns)
        present = self._crew.swarm.clients.net.clients["state"][self._crew.swarm.plan["row"]]
        away = (present != CLIENT_CONNECTED).any() or self._returns.losses.since_ns.any()
        return not (self._promises.is_looking or self._gossip.is_waiting or away)

    def _journeys(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64], int]:
        """As they stand now: everybody's, the gaps of handoffs, how many failed."""
        return self._crew.swarm.travels.players.copy(), self._gaps(HANDOFF), self._travel.num_failed

    def _gaps(self, kind: int) -> npt.NDArray[np.int64]:
        travels = self._crew.swarm.travels
        return travels.gaps[kind - 1, : min(int(travels.num_gaps[kind - 1]), MAX_GAPS)].copy()

    @property
    def complaints(self) -> list[str]:
        """Broken promises, and who could not be brought back."""
        return [*self._promises.complaints[:10], *self._returns.problems]

    def _bulk(self) -> Gateway:
        """A gateway that may take its time."""
        return gateway_at(self._options.world, _BULK_TIMEOUT_S)
