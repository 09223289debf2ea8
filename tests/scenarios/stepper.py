"""A zone and its clients in one process on a virtual clock, with a network that loses, repeats and delays on purpose.

Everything is the real thing but sockets, threads and time, so a run is a function of its seed.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from emberdale.game import GAME
from myriad.client.arrays import Clients, new_clients_arrays, start_session
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.receiving import receive_datagram
from myriad.client.sending import write_control_packet, write_input_packet
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.netcode.client import client_disconnect, client_poll
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.netcode.reliable import Inbox, push
from myriad.replication.view_listing import VISIBLE, part_digest, visible_entities
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import CHANNEL_CHAT
from myriad.zone.zone import Zone

TICK_NS = 1_000_000_000 // 60
SERVER = parse_endpoint("127.0.0.1:1337")
SERVER_WORDS = to_words(SERVER)
WALL_S = 1_800_000_000
RECEIVE_BATCH = 512


@dataclass(frozen=True)
class Weather:
    """What the network does to each datagram, in both directions."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_ticks: int = 0
    jitter_ticks: int = 0


class Stepper:
    """One zone, `number` clients, time moved by hand."""

    def __init__(
        self,
        number: int,
        *,
        seed: int = 1,
        npcs: int = 20,
        weather: Weather = Weather(),
        settings: Settings | None = None,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.weather = weather
        self.settings = settings or Settings(npcs=npcs, seed=seed, view_digests=True, max_connections=512)
        world = GAME.create_zone(
            "zone-1",
            capacity=self.settings.max_entities,
            seed=seed,
            num_npcs=self.settings.npcs,
            next_id=1 << 25,
            end_id=1 << 26,
        )
        self.zone = Zone(
            "zone-1",
            GAME,
            world,
            self.settings,
            own_addresses=(SERVER,),
            phases=PhaseTimer(lambda: 0),
            random_bytes=self.rng.bytes,
        )
        self.clients: Clients = new_clients_arrays(
            number, self.zone.protocol_id, 60, GAME.own_dtype.itemsize, GAME.private_dtype.itemsize
        )
        self.inbox = Inbox(self.clients.reliable)
        self.heard: list[tuple[int, bytes]] = []
        self.now_ns = 1_000_000_000
        self.ticks = 0
        self.sent_bytes = 0
        self.largest_datagram = 0
        self.held: dict[int, tuple[int, int, int]] = {}
        self._flying: list[tuple[int, int, bool, int, bytes]] = []
        self._order = itertools.count()
        self._out = new_batch(64)
        self._in = new_batch(RECEIVE_BATCH)
        self._addresses = [to_words(parse_endpoint(f"127.0.0.1:{20000 + row}")) for row in range(number)]
        self._rows = {tuple(int(w) for w in words): row for row, words in enumerate(self._addresses)}

    def join(self, row: int, name: str | None = None, spawn: tuple[float, float] | None = None) -> None:
        token = self.zone.login(name or f"player {row}", None, spawn, (SERVER,), WALL_S)
        assert start_session(self.clients, row, token, self.now_ns)

    def join_all(self, ticks: int = 240, spawn: tuple[float, float] | None = None) -> None:
        for row in range(len(self._addresses)):
            self.join(row, spawn=spawn)
        self.run(ticks)
        assert self.num_joined == len(self._addresses)

    @property
    def num_joined(self) -> int:
        return int(np.count_nonzero(self.clients.sessions["joined"]))

    def leave(self, row: int) -> None:
        used = int(client_disconnect(self.clients.net, row, self._out, 0, self.now_ns))
        self._send_up(row, used)

    def hold(self, row: int, direction: int, magnitude: int = 255, buttons: int = 0) -> None:
        """From now on client `row` moves so."""
        self.held[row] = (buttons, direction, magnitude)

    def act(self, row: int, intent: int, argument: int) -> None:
        """One input with an intent."""
        push_input(self.clients.queues, row, 0, 0, 0, 0, 1, intent, argument)

    def say(self, row: int, scope: int, text: str) -> None:
        body = np.frombuffer(bytes([1, scope]) + text.encode(), np.uint8).copy()
        assert push(self.clients.reliable, row, CHANNEL_CHAT, body, len(body))

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.step()

    def step(self) -> None:
        """One tick of everything."""
        self.ticks += 1
        self.now_ns += TICK_NS
        self._run_clients()
        self._deliver_up()
        if self.zone.idle:
            self.zone.poll(self.now_ns)
        else:
            self.zone.tick(self.now_ns)
        self._deliver_down()

    def own(self, row: int, field: str) -> int:
        """A field of client `row`'s own state, as it was sent."""
        states = self.clients.states
        raw = states["own"][row, : GAME.own_dtype.itemsize].tobytes()
        return int(np.frombuffer(raw, GAME.own_dtype)[0][field])

    def private(self, row: int) -> Any:
        raw = self.clients.states["private"][row, : GAME.private_dtype.itemsize].tobytes()
        return np.frombuffer(raw, GAME.private_dtype)[0]

    def entity_row(self, row: int) -> int:
        """Row in the world of client `row`'s avatar."""
        ids = self.zone.world.entities["id"]
        return int(np.flatnonzero(ids == self.clients.sessions["entity_id"][row])[0])

    def connection(self, row: int) -> int:
        """The server's connection row of client `row`."""
        avatar = self.zone.avatars.of_character(int(self.clients.sessions["entity_id"][row]))
        assert avatar is not None
        return avatar.connection

    def visible(self, row: int) -> np.ndarray:
        out = np.zeros(4096, VISIBLE)
        count = int(visible_entities(self.clients.views, row, int(self.clients.states["tick"][row]), out))
        return out[:count]

    def check_views(self) -> tuple[int, int, int]:
        """(parts compared, wrong, stale by more than 1.25 s) over all clients, against the digests of the zone."""
        compared = wrong = stale = 0
        truth: dict[int, dict[tuple[int, int, int], int] | None] = {}
        for row in map(int, np.flatnonzero(self.clients.sessions["joined"])):
            newest = int(self.clients.states["tick"][row])
            view_x, view_y = (int(self.clients.views.views[f][row]) for f in ("view_x", "view_y"))
            tier = int(self.zone.arrays.sessions["tier"][self.connection(row)])
            for x, y in itertools.product(range(view_x - 2, view_x + 3), range(view_y - 2, view_y + 3)):
                if tier == 2 and abs(x - view_x) == abs(y - view_y) == 2:
                    continue  # not in view: the client keeps what it last saw there
                for number in range(8):
                    tick, digest = (int(v) for v in part_digest(self.clients.views, row, x, y, number))
                    if tick < 0:
                        continue
                    stale += newest - tick > 75
                    if tick not in truth:
                        truth[tick] = self.zone.digests(tick)
                    known = truth[tick]
                    if known is not None:
                        compared += 1
                        wrong += known.get((x, y, number), 0) != digest
        return compared, wrong, stale

    def _run_clients(self) -> None:
        clients = self.clients
        for row in range(len(self._addresses)):
            if clients.net.clients["state"][row] != CLIENT_CONNECTED or not clients.sessions["joined"][row]:
                self._send_up(row, int(client_poll(clients.net, row, row + 1, self.now_ns, self._out, 0)))
                if clients.net.clients["state"][row] == CLIENT_CONNECTED and self.ticks % 6 == 0:
                    write_control_packet(clients, row, self._out, 0, self.now_ns)
                    self._send_up(row, 1)
                continue
            if room_for_inputs(clients.queues, row):
                buttons, direction, magnitude = self.held.get(row, (0, 0, 0))
                push_input(clients.queues, row, buttons, direction, magnitude, direction << 8, 1, 0, 0)
            if (self.ticks + row) % 3 == 0:
                write_input_packet(clients, row, self._out, 0, 6, 0, self.now_ns)
                self._send_up(row, 1)

    def _fly(self, up: bool, row: int, raw: bytes) -> None:
        for _ in range(2 if self.rng.random() < self.weather.duplicate else 1):
            if self.rng.random() < self.weather.loss:
                continue
            jitter = int(self.rng.integers(0, self.weather.jitter_ticks + 1))
            arrival = self.ticks + self.weather.delay_ticks + jitter
            heapq.heappush(self._flying, (arrival, next(self._order), up, row, raw))

    def _send_up(self, row: int, used: int) -> None:
        for i in range(used):
            self._fly(True, row, self._out["data"][i, : self._out["length"][i]].tobytes())

    def _arrived(self, up: bool) -> list[tuple[int, bytes]]:
        now = [f for f in self._flying if f[2] == up and f[0] <= self.ticks]
        if now:
            self._flying = [f for f in self._flying if not (f[2] == up and f[0] <= self.ticks)]
            heapq.heapify(self._flying)
        return [(row, raw) for _, _, _, row, raw in sorted(now)]

    def _deliver_up(self) -> None:
        arrived = self._arrived(True)
        for first in range(0, len(arrived), RECEIVE_BATCH):
            chunk = arrived[first : first + RECEIVE_BATCH]
            for i, (row, raw) in enumerate(chunk):
                put(self._in, i, raw, self._addresses[row])
            self.zone.receive(self._in, len(chunk), self.now_ns, WALL_S + self.ticks // 60)

    def _deliver_down(self) -> None:
        batch, count = self.zone.outgoing
        for i in range(count):
            row = self._rows[tuple(int(w) for w in batch["address"][i])]
            raw = batch["data"][i, : batch["length"][i]].tobytes()
            self.sent_bytes += len(raw)
            self.largest_datagram = max(self.largest_datagram, len(raw))
            self._fly(False, row, raw)
        for row, raw in self._arrived(False):
            put(self._in, 0, raw, SERVER_WORDS)
            receive_datagram(self.clients, row, self._in, 0, self.now_ns)
            if self.clients.reliable.state["num_inbox"][0]:
                self.heard += [(m.row, m.data) for m in self.inbox.take() if m.channel == CHANNEL_CHAT]


def put(batch: Batch, i: int, raw: bytes, address: np.ndarray) -> None:
    batch["data"][i, : len(raw)] = np.frombuffer(raw, np.uint8)
    batch["length"][i] = len(raw)
    batch["address"][i] = address
    batch["row"][i] = -1
