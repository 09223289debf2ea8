"""One player, for programs and bots: what it sees, where it is, and what it wants to do. Sans-I/O.

Responsible for: a friendly face of the kernels in this package for a single player: connecting with a token, turning
wishes into inputs, prediction, going over to other zones, talk and trade, and saying when a fresh token is needed.
Not here: sockets, logins and clocks (`runtime/player_shell.py`); thousands of players (`loadtest/`).

Invariants: nothing happens between calls; `now_ns` never goes back; what was asked for while not connected is done once
connected; a player that goes over to another zone, or comes back after silence, goes on with what it wanted.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy.typing as npt

from myriad.client.arrays import new_clients_arrays
from myriad.client.avatar import Avatar
from myriad.client.clock import take_due_ticks
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.messages import (
    Chat,
    Goodbye,
    Message,
    Passage,
    Trade,
    Welcome,
    WorldEvent,
    read_message,
)
from myriad.client.paths import PathFinder
from myriad.client.receiving import receive_datagrams
from myriad.client.sending import write_packet
from myriad.client.session import ROWS, SILENCE_NS, Session
from myriad.client.sight import Entity, Sight
from myriad.client.social import Social, id_of
from myriad.game import Game, ZoneMap
from myriad.netcode.client import client_disconnect, client_poll
from myriad.wire.datagram import Batch

__all__ = ["SILENCE_NS", "Chat", "Entity", "Player", "Trade", "WorldEvent"]

ARRIVED_M = 0.3
RENDER_MS_BACK = 100
MAX_WAITING_INTENTS = 8


class Player(Social):
    """One client of a world, in one of its zones."""

    def __init__(self, game: Game, zone_map: ZoneMap, protocol_id: int, tick_hz: int, *, input_hz: int = 20) -> None:
        """`protocol_id` and `tick_hz` as the login answered; input packets leave `input_hz` (10..60) times a second."""
        super().__init__()
        self.game = game
        self.zone_map = zone_map
        self.now_ns = 0
        self.farewell = ""
        """Why the server ended the session, in its words."""
        self._tick_hz = tick_hz
        self._arrays = new_clients_arrays(
            ROWS, protocol_id, tick_hz, game.own_dtype.itemsize, game.private_dtype.itemsize
        )
        self._session = Session(self._arrays)
        self._maps = {zone_map.zone_name: zone_map}
        self._avatar = Avatar(game, zone_map, tick_hz)
        self._paths = PathFinder(zone_map)
        self._sight = Sight(game, self._arrays, tick_hz)
        self._intents: deque[tuple[int, int]] = deque(maxlen=MAX_WAITING_INTENTS)
        self._target: tuple[float, float] | None = None
        self._move = (0, 0)  # direction (256 a turn), magnitude
        self._heading = 0
        self._run = False
        self._interval_ns = 1_000_000_000 // input_hz
        self._next_send_ns = 0

    # The connections.

    def prepare(self, out: Batch) -> None:
        """Compiles the kernels that a connected player needs, which may take a minute the first time on a machine.

        Before `start`; `out` is scratch.
        """
        receive_datagrams(self._arrays, out, 0, 1)
        write_packet(self._arrays, 0, out, 0, 0, 0, 1)
        self._make_inputs(1)
        self._sight.look(0, 1)
        self.entities()
        self._paths.next_point(*self.zone_map.spawn_points[0], *self.zone_map.spawn_points[-1])
        push_input(self._arrays.queues, 0, 0, 0, 0, 0, 0, 0, 0)
        self.update(1, out)
        self.leave(1, out)

    def start(self, token: bytes, now_ns: int) -> bool:
        """Connects, in the zone of the player's map, with a connect token (2048 bytes); false if it is not valid here.

        Whatever went before is forgotten.
        """
        self.now_ns = now_ns
        self._intents.clear()
        self._avatar = Avatar(self.game, self.zone_map, self._tick_hz)
        self._sight.forget(self._session.row)
        self._next_send_ns = now_ns
        self.farewell = ""
        return self._session.start(token, now_ns)

    def resume(self, token: bytes, now_ns: int) -> bool:
        """Connects again, with a fresh token for the zone that it names; false if it is not valid here.

        The player goes on there when it is made welcome, with the inputs that were not confirmed.
        """
        self.now_ns = now_ns
        return self._session.come_back(token, now_ns)

    def receive(self, batch: Batch, count: int, now_ns: int, row: int | None = None) -> None:
        """Takes in `batch[:count]`, with the senders' addresses; the datagrams may be changed.

        They came to the UDP port of connection row `row` (default: the present one).
        """
        self.now_ns = now_ns
        batch["row"][:count] = self._session.row if row is None else row
        before = self._arrays.states["num_snapshots"].copy()
        receive_datagrams(self._arrays, batch, count, now_ns)
        for message in self._session.take_messages():
            self._take_message(message.row, read_message(message.channel, message.data))
        self._sight.take_names()
        present = self._session.row
        if int(self._arrays.states["num_snapshots"][present]) != int(before[present]):
            self._look()

    def update(self, now_ns: int, out: Batch) -> int:
        """Makes the inputs that are due and writes what is to be sent now into `out` (8 at least); returns how many.

        `row` of each says which connection's UDP port it leaves from. Call it about 60 times a second.
        """
        self.now_ns = now_ns
        row = self._session.row
        used = 0
        if self.connected:
            if self.joined:
                self._make_inputs(now_ns)
            if now_ns >= self._next_send_ns:
                self._next_send_ns = max(self._next_send_ns + self._interval_ns, now_ns - self._interval_ns)
                back = min(RENDER_MS_BACK * self._tick_hz // 1000, 255)
                whois = self._sight.ask_names(now_ns) if self.joined else 0
                write_packet(self._arrays, row, out, 0, back, whois, now_ns)
                used = 1
        return int(client_poll(self._arrays.net, 0, ROWS, now_ns, out, used))

    def leave(self, now_ns: int, out: Batch) -> int:
        """Disconnects: writes the packets that say so into `out` (10 are best) and returns how many."""
        return int(client_disconnect(self._arrays.net, self._session.row, out, 0, now_ns))

    @property
    def connections(self) -> tuple[int, ...]:
        """For each of the player's connection rows, how many began there: each wants a UDP port of its own."""
        return tuple(self._session.connections)

    @property
    def connected(self) -> bool:
        """True while the secure connection stands, as far as this side knows."""
        return self._session.is_connected(self._session.row)

    @property
    def joined(self) -> bool:
        """True since the server said welcome."""
        return self.connected and bool(self._arrays.sessions["joined"][self._session.row])

    @property
    def ready(self) -> bool:
        """True when the player is in the world: welcome, with an avatar and a first snapshot."""
        return self.joined and self._avatar.known

    @property
    def needs_token(self) -> bool:
        """True when a fresh token should be asked for: nothing was heard for 500 ms, or the connection ended.

        A player that waits at other zones then already has 500 ms more to be made welcome there. It stays true until
        `start` or `resume`; a player whom the server sent away needs none.
        """
        return not self.farewell and self._session.needs_token(self.now_ns)

    # What the player knows.

    @property
    def id(self) -> int:
        """The avatar's entity id, 0 before the welcome."""
        return int(self._arrays.sessions["entity_id"][self._session.row])

    @property
    def zone(self) -> str:
        """Name of the zone that the player is in."""
        return self.zone_map.zone_name

    @property
    def position(self) -> tuple[float, float]:
        """Where the avatar is shown, in metres: predicted, with corrections smoothed."""
        return self._avatar.shown_position(self.now_ns)

    @property
    def own(self) -> dict[str, Any]:
        """The avatar's own state by the game's field names, predicted as far as the game predicts."""
        return _fields(self._avatar.state)

    @property
    def private(self) -> dict[str, Any]:
        """The private state (inventory and the like) by the game's field names."""
        raw = self._arrays.states["private"][self._session.row, : self.game.private_dtype.itemsize]
        return _fields(raw.view(self.game.private_dtype))

    @property
    def rtt_ms(self) -> float:
        """Smoothed round trip in milliseconds, 0 before the first."""
        return int(self._arrays.acks["rtt_ns"][self._session.row]) / 1e6

    def entities(self) -> list[Entity]:
        """Everything in view but the own avatar, where it is shown now."""
        return self._sight.entities(self.id, self.now_ns)

    def nearest(self, *kinds: str) -> Entity | None:
        """The nearest living entity whose kind has one of these names (any, if none is given), or None."""
        x, y = self.position
        found = [entity for entity in self.entities() if entity.hp > 0 and (not kinds or entity.kind_name in kinds)]
        return min(found, key=lambda entity: math.hypot(entity.x - x, entity.y - y), default=None)

    # What the player wants.

    def walk(self, direction: float, *, run: bool = False) -> None:
        """Walks on in `direction` (turns: 0 = east, 0.25 = north) until told otherwise."""
        self._target = None
        self._run = run
        self._turn(direction)
        self._move = (int(direction * 256) & 0xFF, 255)

    def walk_to(self, x: float, y: float, *, run: bool = False) -> None:
        """Walks to a point (metres), around what is solid, and stops there."""
        self._target = (x, y)
        self._run = run

    def stop(self) -> None:
        """Stands still."""
        self._target = None
        self._move = (0, 0)

    def face(self, x: float, y: float) -> None:
        """Turns towards a point (metres)."""
        own_x, own_y = self._avatar.position
        self._turn(math.atan2(y - own_y, x - own_x) / math.tau)

    def attack(self, target: Entity | int) -> None:
        """Attacks an entity."""
        if isinstance(target, Entity):
            self.face(target.x, target.y)
        self.act("attack", id_of(target))

    def pick_up(self, item: Entity | int) -> None:
        """Picks an item up from the ground."""
        self.act("pick_up", id_of(item))

    def act(self, intent: str, argument: int = 0) -> None:
        """Any intent of the game, by its name. Raises KeyError if the game has none of that name."""
        self._intents.append((self.game.intents[intent], argument))

    # Inside.

    def _tell(self, channel: int, body: bytes) -> bool:
        return self._session.send(channel, body)

    def _turn(self, direction: float) -> None:
        self._heading = int(direction * 65536) & 0xFFFF

    def _make_inputs(self, now_ns: int) -> None:
        arrays, row = self._arrays, self._session.row
        ticks = int(take_due_ticks(arrays.clocks, row, now_ns, int(arrays.states["buffer_hint"][row])))
        ticks = min(ticks, int(room_for_inputs(arrays.queues, row)))
        if ticks == 0:
            return
        if self._target is not None:
            self._steer(self._target)
        buttons = self.game.buttons.get("run", 0) if self._run else 0
        while ticks > 0:
            intent, argument = self._intents.popleft() if self._intents else (0, 0)
            take = 1 if self._intents else ticks  # one intent a tick
            push_input(arrays.queues, row, buttons, *self._move, self._heading, take, intent, argument)
            self._avatar.advance(buttons, *self._move, self._heading, take)
            ticks -= take

    def _steer(self, target: tuple[float, float]) -> None:
        x, y = self._avatar.position
        if math.hypot(target[0] - x, target[1] - y) < ARRIVED_M:
            self.stop()
            return
        to_x, to_y = self._paths.next_point(x, y, *target)
        direction = math.atan2(to_y - y, to_x - x) / math.tau
        self._turn(direction)
        self._move = (round(direction * 256) & 0xFF, 255)

    def _look(self) -> None:
        """A snapshot came: corrects the avatar and notes where everything is."""
        row = self._session.row
        if self._arrays.states["has_own"][row] and self.joined:
            self._avatar.correct(self._arrays.states["own"][row], self._arrays.queues, row, self.now_ns)
        self._sight.look(row, self.now_ns)

    def _take_message(self, row: int, message: Message | None) -> None:
        match message:
            case Welcome():
                self._enter(row, message.zone)
            case Passage() if row == self._session.row:
                self._prepare_passage(message)
            case Goodbye() if row == self._session.row:
                self.farewell = message.reason or "goodbye"
                self._session.let_all_go()
            case _:
                self.hear(message)

    def _prepare_passage(self, passage: Passage) -> None:
        """Waits at another zone, or no longer."""
        if passage.token:
            self._map_of(passage.zone)  # read now, so that going over takes no time
            self._session.wait_at(passage.zone, passage.token, self.now_ns)
        else:
            self._session.let_go(passage.zone)

    def _enter(self, row: int, zone: str) -> None:
        """The player is in `zone` now: inputs go there, and prediction goes on on its map."""
        if self._session.take_over(row):
            self._next_send_ns = self.now_ns
        self.arrive()
        found = self._map_of(zone)
        if found is not self.zone_map:
            self.zone_map = found
            self._paths = PathFinder(found)
            self._avatar.enter(found)

    def _map_of(self, zone: str) -> ZoneMap:
        name = zone.partition("/")[0]  # layers of a zone are alike
        if name not in self._maps:
            self._maps[name] = self.game.read_map(name, self._tick_hz)
        return self._maps[name]


def _fields(record: npt.NDArray[Any]) -> dict[str, Any]:
    """The first row of a structured array as plain values by name."""
    names = record.dtype.names or ()
    return {name: record[name][0].tolist() for name in names}
