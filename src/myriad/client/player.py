"""One player, for programs and bots: what it sees, where it is, and what it wants to do. Sans-I/O.

Responsible for: a friendly face of the kernels in this package for a single client: connecting with a token, turning
wishes into inputs, prediction, interpolation, names, chat, and saying when a fresh token is needed.
Not here: sockets, logins and clocks (`runtime/player_shell.py`); thousands of players (`loadtest/`).

Invariants: nothing happens between calls; `now_ns` never goes back; what was asked for while not connected is done once
connected, but for intents, which are forgotten with their connection.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import new_clients_arrays, start_session
from myriad.client.avatar import Avatar
from myriad.client.clock import server_tick, take_due_ticks
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.interpolation import Interpolator
from myriad.client.paths import PathFinder
from myriad.client.receiving import receive_datagrams
from myriad.client.sending import write_packet
from myriad.game import UNITS_PER_M, Game, ZoneMap
from myriad.netcode.client import client_disconnect, client_poll
from myriad.netcode.client_arrays import CLIENT_CONNECTED, DISCONNECTED
from myriad.netcode.reliable import Inbox, push
from myriad.replication.geometry import ring_of
from myriad.replication.view_listing import VISIBLE, visible_entities
from myriad.wire.datagram import Batch
from myriad.wire.layouts import (
    CHANNEL_CHAT,
    CHANNEL_CONTROL,
    CHAT_HEARD,
    CHAT_NEARBY,
    CHAT_SAY,
    CHAT_ZONE,
    CONTROL_GOODBYE,
    MAX_CHAT_BYTES,
    MAX_WHOIS,
    VIEW_RADIUS_CELLS,
    VIEW_SIDE_CELLS,
)

SILENCE_NS = 500_000_000
"""A player that heard nothing for so long should ask for a fresh token."""

ARRIVED_M = 0.3
RENDER_MS_BACK = 100
MAX_WAITING_INTENTS = 8
MAX_LISTED = 1024
ASK_AGAIN_NS = 2_000_000_000


class Entity(NamedTuple):
    """Something in view. `x`, `y` in metres where it is shown now; `hp` 0 (dead) to 1; `name` "" until it is known."""

    id: int
    kind: int
    kind_name: str
    name: str
    x: float
    y: float
    heading: float
    """Turns, 0 = east, 0.25 = north."""
    hp: float
    state: int


class Chat(NamedTuple):
    """Something that was said. `nearby`: only to those close by."""

    speaker: int
    name: str
    text: str
    nearby: bool


class Player:
    """One client of one zone."""

    def __init__(self, game: Game, zone_map: ZoneMap, protocol_id: int, tick_hz: int, *, input_hz: int = 20) -> None:
        """`protocol_id` and `tick_hz` as the login answered; input packets leave `input_hz` (10..60) times a second."""
        self.game = game
        self.zone_map = zone_map
        self.now_ns = 0
        self.chats: deque[Chat] = deque(maxlen=256)
        """What was said lately, oldest first; take from its left what was read."""
        self.farewell = ""
        """Why the server ended the session, in its words."""
        self._tick_hz = tick_hz
        self._arrays = new_clients_arrays(1, protocol_id, tick_hz, game.own_dtype.itemsize, game.private_dtype.itemsize)
        self._inbox = Inbox(self._arrays.reliable)
        self._avatar = Avatar(game, zone_map, tick_hz)
        self._paths = PathFinder(zone_map)
        self._interpolator = Interpolator(tick_hz, MAX_LISTED)
        self._listed: npt.NDArray[Any] = np.zeros(MAX_LISTED, VISIBLE)
        self._num_listed = 0
        self._names: dict[int, str] = {}
        self._asked_ns: dict[int, int] = {}
        self._intents: deque[tuple[int, int]] = deque(maxlen=MAX_WAITING_INTENTS)
        self._target: tuple[float, float] | None = None
        self._move = (0, 0)  # direction (256 a turn), magnitude
        self._heading = 0
        self._run = False
        self._interval_ns = 1_000_000_000 // input_hz
        self._next_send_ns = 0

    # The connection.

    def prepare(self, out: Batch) -> None:
        """Compiles the kernels that a connected player needs, which may take a minute the first time on a machine.

        Before `start`; `out` is scratch.
        """
        receive_datagrams(self._arrays, out, 0, 1)
        write_packet(self._arrays, 0, out, 0, 0, 0, 1)
        self._make_inputs(1)
        self._look()
        self._interpolator.place(0.0)
        self._paths.next_point(*self.zone_map.spawn_points[0], *self.zone_map.spawn_points[-1])
        push_input(self._arrays.queues, 0, 0, 0, 0, 0, 0, 0, 0)
        self.update(1, out)
        self.leave(1, out)

    def start(self, token: bytes, now_ns: int) -> bool:
        """Connects, or connects again, with a connect token (2048 bytes); false if it is not valid here."""
        self.now_ns = now_ns
        self._intents.clear()
        self._inbox.forget(0)
        self._avatar = Avatar(self.game, self.zone_map, self._tick_hz)
        self._interpolator = Interpolator(self._tick_hz, MAX_LISTED)
        self._num_listed = 0
        self._next_send_ns = now_ns
        self.farewell = ""
        return start_session(self._arrays, 0, token, now_ns)

    def receive(self, batch: Batch, count: int, now_ns: int) -> None:
        """Takes in `batch[:count]`, with the senders' addresses; the datagrams may be changed."""
        self.now_ns = now_ns
        batch["row"][:count] = 0
        before = int(self._arrays.states["num_snapshots"][0])
        receive_datagrams(self._arrays, batch, count, now_ns)
        self._take_messages()
        self._take_names()
        if int(self._arrays.states["num_snapshots"][0]) != before:
            self._look()

    def update(self, now_ns: int, out: Batch) -> int:
        """Makes the inputs that are due and writes what is to be sent now into `out` (2 at least); returns how many.

        Call it about 60 times a second.
        """
        self.now_ns = now_ns
        arrays = self._arrays
        used = 0
        if self.connected:
            if self.joined:
                self._make_inputs(now_ns)
            if now_ns >= self._next_send_ns:
                self._next_send_ns = max(self._next_send_ns + self._interval_ns, now_ns - self._interval_ns)
                back = min(RENDER_MS_BACK * self._tick_hz // 1000, 255)
                write_packet(arrays, 0, out, 0, back, self._ask_names() if self.joined else 0, now_ns)
                used = 1
        return int(client_poll(arrays.net, 0, 1, now_ns, out, used))

    def leave(self, now_ns: int, out: Batch) -> int:
        """Disconnects: writes the packets that say so into `out` (10 are best) and returns how many."""
        return int(client_disconnect(self._arrays.net, 0, out, 0, now_ns))

    @property
    def connected(self) -> bool:
        """True while the secure connection stands, as far as this side knows."""
        return int(self._arrays.net.clients["state"][0]) == CLIENT_CONNECTED

    @property
    def joined(self) -> bool:
        """True since the server said welcome."""
        return self.connected and bool(self._arrays.sessions["joined"][0])

    @property
    def ready(self) -> bool:
        """True when the player is in the world: welcome, with an avatar and a first snapshot."""
        return self.joined and self._avatar.known

    @property
    def needs_token(self) -> bool:
        """True when a fresh token should be asked for: nothing was heard for 500 ms, or the connection ended.

        It stays so until `start`; a player whom the server sent away needs none.
        """
        if self.farewell:
            return False
        if int(self._arrays.net.clients["state"][0]) <= DISCONNECTED:
            return True
        heard_ns = int(self._arrays.net.connections["last_receive_ns"][0])
        return self.now_ns - heard_ns > SILENCE_NS

    # What the player knows.

    @property
    def id(self) -> int:
        """The avatar's entity id, 0 before the welcome."""
        return int(self._arrays.sessions["entity_id"][0])

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
        raw = self._arrays.states["private"][0, : self.game.private_dtype.itemsize]
        return _fields(raw.view(self.game.private_dtype))

    @property
    def rtt_ms(self) -> float:
        """Smoothed round trip in milliseconds, 0 before the first."""
        return int(self._arrays.acks["rtt_ns"][0]) / 1e6

    def entities(self) -> list[Entity]:
        """Everything in view but the own avatar, where it is shown now."""
        tick = server_tick(self._arrays.clocks, 0, self.now_ns)
        shown = {int(place["id"]): place for place in self._interpolator.place(tick)}
        return [
            self._entity(row, shown[int(row["id"])])
            for row in self._listed[: self._num_listed]
            if int(row["id"]) in shown and int(row["id"]) != self.id
        ]

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
        self.act("attack", target if isinstance(target, int) else target.id)

    def pick_up(self, item: Entity | int) -> None:
        """Picks an item up from the ground."""
        self.act("pick_up", item if isinstance(item, int) else item.id)

    def act(self, intent: str, argument: int = 0) -> None:
        """Any intent of the game, by its name. Raises KeyError if the game has none of that name."""
        self._intents.append((self.game.intents[intent], argument))

    def say(self, text: str, *, nearby: bool = False) -> bool:
        """Says something to the zone, or to those nearby; false if too much waits to be sent. 200 bytes at most."""
        raw = text.encode()[:MAX_CHAT_BYTES].decode(errors="ignore").encode()
        body = bytes([CHAT_SAY, CHAT_NEARBY if nearby else CHAT_ZONE]) + raw
        message = np.frombuffer(body, np.uint8).copy()
        return bool(push(self._arrays.reliable, 0, CHANNEL_CHAT, message, len(message)))

    # Inside.

    def _turn(self, direction: float) -> None:
        self._heading = int(direction * 65536) & 0xFFFF

    def _make_inputs(self, now_ns: int) -> None:
        arrays = self._arrays
        ticks = int(take_due_ticks(arrays.clocks, 0, now_ns, int(arrays.states["buffer_hint"][0])))
        ticks = min(ticks, int(room_for_inputs(arrays.queues, 0)))
        if ticks == 0:
            return
        if self._target is not None:
            self._steer(self._target)
        buttons = self.game.buttons.get("run", 0) if self._run else 0
        while ticks > 0:
            intent, argument = self._intents.popleft() if self._intents else (0, 0)
            take = 1 if self._intents else ticks  # one intent a tick
            push_input(arrays.queues, 0, buttons, *self._move, self._heading, take, intent, argument)
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
        arrays = self._arrays
        states = arrays.states
        if states["has_own"][0] and self.joined:
            self._avatar.correct(states["own"][0], arrays.queues, 0, self.now_ns)
        self._num_listed = int(visible_entities(arrays.views, 0, int(states["tick"][0]), self._listed))
        view_x, view_y = int(states["view_x"][0]), int(states["view_y"][0])
        newest = int(states["tick"][0])
        now_tick = server_tick(arrays.clocks, 0, self.now_ns)
        for row in self._listed[: self._num_listed]:
            column = int(row["cell_x"]) - view_x + VIEW_RADIUS_CELLS
            line = int(row["cell_y"]) - view_y + VIEW_RADIUS_CELLS
            inside = 0 <= column < VIEW_SIDE_CELLS and 0 <= line < VIEW_SIDE_CELLS
            ring = int(ring_of(line * VIEW_SIDE_CELLS + column)) if inside else 2
            age = (newest - int(row["tick"])) & 0xFFFFFFFF
            tick = newest + round((now_tick - newest) / 2**32) * 2**32 - age
            x, y = int(row["qx"]) / UNITS_PER_M, int(row["qy"]) / UNITS_PER_M
            self._interpolator.observe(int(row["id"]), tick, x, y, int(row["heading"]) / 256, ring)
        self._interpolator.keep_only(int(entity) for entity in self._listed["id"][: self._num_listed])

    def _entity(self, row: np.void, place: np.void) -> Entity:
        entity, kind = int(row["id"]), int(row["kind"])
        return Entity(
            id=entity,
            kind=kind,
            kind_name=self.game.entity_kind_names.get(kind, ""),
            name=self._names.get(entity, ""),
            x=float(place["x"]),
            y=float(place["y"]),
            heading=float(place["heading"]),
            hp=int(row["hp"]) / 255,
            state=int(row["state"]),
        )

    def _ask_names(self) -> int:
        """Puts ids of players in view whose names are unknown on the next packet; returns how many."""
        count = 0
        player_kind = self.game.kinds.get("player", 1)
        for row in self._listed[: self._num_listed]:
            entity = int(row["id"])
            if int(row["kind"]) != player_kind or entity in self._names:
                continue
            if self.now_ns - self._asked_ns.get(entity, -ASK_AGAIN_NS) < ASK_AGAIN_NS:
                continue
            self._asked_ns[entity] = self.now_ns
            self._arrays.whois[count] = entity
            count += 1
            if count == MAX_WHOIS:
                break
        return count

    def _take_names(self) -> None:
        arrays = self._arrays
        for name in arrays.names[: int(arrays.num_names[0])]:
            text = name["text"][: int(name["length"])].tobytes().decode(errors="replace")
            self._names[int(name["id"])] = text
        arrays.num_names[0] = 0

    def _take_messages(self) -> None:
        for message in self._inbox.take():
            body = message.data
            if message.channel == CHANNEL_CONTROL and body[0] == CONTROL_GOODBYE and len(body) > 2:
                self.farewell = body[2:].decode(errors="replace")
            if message.channel == CHANNEL_CHAT and body[0] == CHAT_HEARD and len(body) >= 7 + body[6]:
                speaker = int.from_bytes(body[2:6], "little")
                name = body[7 : 7 + body[6]].decode(errors="replace")
                text = body[7 + body[6] :].decode(errors="replace")
                self.chats.append(Chat(speaker, name, text, body[1] == CHAT_NEARBY))


def _fields(record: npt.NDArray[Any]) -> dict[str, Any]:
    """The first row of a structured array as plain values by name."""
    names = record.dtype.names or ()
    return {name: record[name][0].tolist() for name in names}
