"""A swarm with the thread that runs it.

Responsible for: building all arrays of a swarm for a game and a zone, its thread, and calls that touch its arrays
between two slices of the loop.
Not here: the loop itself (`loadtest/swarm.py`), the course of a run (`loadtest/run.py`).

Invariant: while the thread runs, only it touches the swarm's arrays; others ask it through `call`, or read counters,
which may be an instant old.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import numpy as np

from myriad.client.arrays import new_clients_arrays, start_session
from myriad.client.ground import TILE_M, Game, ZoneMap
from myriad.loadtest.bots import ACTION, BOT, GUIDE, Bots, start_bot
from myriad.loadtest.delay_queue import new_delay_queue
from myriad.loadtest.impairment import parse_impairment
from myriad.loadtest.journeys import new_travels
from myriad.loadtest.mail import new_mail
from myriad.loadtest.measure import new_measures
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.places import Places
from myriad.loadtest.sight import new_sight
from myriad.loadtest.sockets import Sockets
from myriad.loadtest.swarm import LEAVING, PLAN, PLAYING, SCHEDULE, Swarm, run_swarm
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.wire.datagram import new_batch
from myriad.wire.layouts import CHAT_SAY, CHAT_ZONE

T = TypeVar("T")

SLICE_NS = 20_000_000
ATTACK_RANGE_M = 2.2
PICK_UP_RANGE_M = 2.2
HUNT = (14.0, 8_000_000_000, 6_000_000_000)
"""How near a thing must be for a bot to go for it (m), how long it does, and how long it then lets all be (ns)."""

EAGER_HUNT = (90.0, 20_000_000_000, 1_000_000_000)
"""The same in a world: there a bot is to win things, so that it has something to lose."""

DELAYED_PER_CLIENT = 12
_CHAT = "Has anyone seen the ember shards?"


def build_swarm(
    options: LoadOptions, game: Game, zone: ZoneMap, protocol_id: int, tick_hz: int, sockets: Sockets
) -> Swarm:
    """All arrays for `options.clients` players on `zone`'s ground, with a connection row for each socket (one or more a
    player); the server ticks at `tick_hz`; nobody has begun yet."""
    number = options.clients
    rows = len(sockets.arrays.fds)
    own = game.own_dtype
    offsets = {name: int(own.fields[name][1]) for name in ("qx", "qy", "hp")} if own.fields is not None else {}
    guide = np.zeros(1, GUIDE)
    guide["attack"] = game.intents.get("attack", 0)
    guide["pick_up"] = game.intents.get("pick_up", 0)
    guide["run_button"] = game.buttons.get("run", 0)
    guide["player_kind"] = game.kinds.get("player", 1)
    guide["hunts_players"] = options.fight
    guide["dead_state"] = game.states.get("dead", 255)
    guide["attack_range_m"], guide["pick_up_range_m"] = ATTACK_RANGE_M, PICK_UP_RANGE_M
    guide["tile_m"], guide["origin_x"], guide["origin_y"] = TILE_M, zone.origin_x, zone.origin_y
    hunt = EAGER_HUNT if rows > number or options.fight else HUNT
    guide["hunt_range_m"], guide["hunt_ns"], guide["hunt_pause_ns"] = hunt
    guide["hunt_buttons"] = guide["run_button"] if rows > number else 0
    schedule = np.zeros(1, SCHEDULE)
    schedule["interval_ns"] = 1_000_000_000 // options.input_hz
    schedule["round_ns"] = time.monotonic_ns()
    schedule["own_x_at"], schedule["own_y_at"] = offsets["qx"], offsets["qy"]
    schedule["own_hp_at"] = offsets["hp"]
    waiting = max(1024, DELAYED_PER_CLIENT * number) if options.impair else 1
    chat = bytes([CHAT_SAY, CHAT_ZONE]) + _CHAT.encode()
    plan = np.zeros(number, PLAN)
    plan["row"] = np.arange(number)
    return Swarm(
        clients=new_clients_arrays(rows, protocol_id, tick_hz, own.itemsize, game.private_dtype.itemsize),
        sockets=sockets.arrays,
        delays=new_delay_queue(parse_impairment(options.impair), rows, waiting, options.seed),
        measures=new_measures(number),
        bots=Bots(np.zeros(number, BOT), guide, zone.solid),
        sight=new_sight(number),
        plan=plan,
        actions=np.zeros(number, ACTION),
        travels=new_travels(number, rows),
        mail=new_mail(number, rows > number),
        schedule=schedule,
        inbox=new_batch(1),
        outbox=new_batch(16),
        chat=np.frombuffer(chat, np.uint8).copy(),
    )


class Crew:
    """Runs a swarm on a thread of its own; use it in a `with` block."""

    def __init__(self, swarm: Swarm, places: Places, seed: int, after_slice: Callable[[], None] | None = None) -> None:
        """`after_slice` is called on that thread after each slice of the loop, some 50 times a second."""
        self.swarm = swarm
        bots = swarm.bots.bots
        bots["travels"] = places.travels
        for k, name in enumerate(("lane_x", "lane_y", "lane_end_x", "lane_end_y")):
            bots[name] = places.lanes[:, k]
        self._after_slice = after_slice
        self._places = places
        self._seed = seed
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="swarm", daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Crew:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.swarm.schedule["stop"] = 1
        self._thread.join()

    def call(self, function: Callable[[], T]) -> T:
        """Runs `function` on the swarm's thread between two slices, and returns its result or raises its error."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except Exception as error:  # belongs to who asked
                future.set_exception(error)

        self._calls.put(run)
        while not future.done():
            if not self._thread.is_alive() and not future.done():
                raise RuntimeError("the swarm has stopped") from self._failure
            try:
                return future.result(timeout=1.0)
            except TimeoutError:
                continue
        return future.result()

    def post(self, function: Callable[[], None]) -> None:
        """As `call`, but does not wait for the slice to end; an error ends the swarm."""
        self._calls.put(function)

    def begin(self, player: int, token: bytes) -> None:
        """A player begins to connect with a connect token (from the swarm's thread: use `call`)."""
        self.settle_in(player)
        start_session(self.swarm.clients, player, token, time.monotonic_ns())
        self.swarm.plan["stage"][player] = PLAYING

    def settle_in(self, player: int) -> None:
        """Gives a player its will, and the home where it has it (from the swarm's thread)."""
        left, bottom, right, top = (float(value) for value in self._places.homes[player])
        start_bot(self.swarm.bots, player, self._seed, time.monotonic_ns(), left, bottom, right, top)

    def leave(self) -> None:
        """Everybody disconnects at their next turn."""
        playing = self.swarm.plan["stage"] == PLAYING
        self.swarm.plan["stage"][playing] = LEAVING

    def end_impairment(self) -> None:
        """Datagrams pass untouched from now on; those under way still come."""
        self.swarm.delays.rules["active"] = 0

    @property
    def num_connected(self) -> int:
        """Players with a connection now."""
        state = self.swarm.clients.net.clients["state"][self.swarm.plan["row"]]
        return int((state == CLIENT_CONNECTED).sum())

    @property
    def in_place(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(players,): welcome, with an own state and a decoded snapshot."""
        clients = self.swarm.clients
        row = self.swarm.plan["row"]
        ready: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            (clients.sessions["joined"][row] == 1)
            & (clients.states["has_own"][row] == 1)
            & (clients.views.views["sections"][row] > 0)
            & (clients.net.clients["state"][row] == CLIENT_CONNECTED)
        )
        return ready

    @property
    def num_gone(self) -> int:
        """Players that had begun and have left."""
        return int((self.swarm.plan["stage"] == 0).sum())

    def _run(self) -> None:
        try:
            while self.swarm.schedule["stop"][0] == 0:
                run_swarm(self.swarm, time.monotonic_ns() + SLICE_NS)
                if self._after_slice is not None:
                    self._after_slice()
                self._take_calls()
        except BaseException as error:
            self._failure = error
            raise

    def _take_calls(self) -> None:
        while True:
            try:
                run = self._calls.get_nowait()
            except queue.Empty:
                return
            run()
