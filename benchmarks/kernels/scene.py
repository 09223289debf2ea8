"""A zone with players and NPCs in the middle of their lives, to measure its kernels in.

Players stand all over the zone, walk, run and attack; datagrams go both ways, so that views, acknowledgements and
queues are as full as they are in a running zone. No sockets, no threads, no clock.
"""

from __future__ import annotations

import numpy as np

from emberdale.fields import BUTTON_ATTACK, BUTTON_RUN
from emberdale.game import GAME
from myriad.client.inputs import push_input
from myriad.client.receiving import receive_datagrams
from myriad.client.sending import write_packet
from myriad.core.bundle import Bundle
from myriad.core.settings import Settings
from myriad.wire.datagram import new_batch
from myriad.zone.snapshots import encode_cells
from myriad.zone.zone import open_tick
from tests.scenarios.stepper import SERVER_WORDS, TICK_NS, WALL_S, Stepper

TICKS_PER_SNAPSHOT = 3
WARM_TICKS = 90
_JOIN_TICKS = 150


class Scene:
    """Between two ticks, of which the next is one with snapshots."""

    def __init__(self, players: int, npcs: int) -> None:
        most = max(2 * players, 64)
        settings = Settings(
            npcs=npcs, seed=1, max_connections=most, max_players=most, max_entities=4 * most + 2 * npcs,
            slice_clients=most, handshake_budget=most,
        )  # fmt: skip
        self.players = players
        self.run = Stepper(players, seed=1, settings=settings)
        self.zone = self.run.zone
        self.world = self.zone.world
        self.bundle = self.zone.bundle
        self.world_bundle = Bundle(self.world)
        self.up, self.down, self.out = new_batch(1024), new_batch(2 * most), new_batch(2 * most)
        self.assembled = 0
        """Datagrams in `out` that clients have still to get: a snapshot that is lost makes the next ones dearer."""
        self._chance = np.random.default_rng(1)
        self._directions = self._chance.integers(0, 256, players)
        self._join()
        self._client_of = np.full(most, -1, np.int32)
        for row in range(players):
            self._client_of[self.run.connection(row)] = row
        for _ in range(WARM_TICKS // TICKS_PER_SNAPSHOT):
            self.advance()

    @property
    def now_ns(self) -> int:
        return self.run.now_ns

    def _join(self) -> None:
        free_y, free_x = np.nonzero(self.world.solid == 0)
        picked = self._chance.permutation(free_x.size)[: self.players]
        clock = self.world.clock[0]
        for row, at in enumerate(picked):
            x, y = clock["origin_x"] + free_x[at] * 2 + 1, clock["origin_y"] + free_y[at] * 2 + 1
            self.run.join(row, spawn=(float(x), float(y)))
        self.run.run(_JOIN_TICKS)
        assert self.run.num_joined == self.players

    def advance(self) -> None:
        """Ticks until the next one is one with snapshots."""
        if self.assembled:
            self._deliver(self.out, self.assembled)
            self.assembled = 0
        for _ in range(TICKS_PER_SNAPSHOT):
            self.begin_tick()
            self.zone.tick(self.now_ns)
            self._deliver(*self.zone.outgoing)
            if (int(self.world.clock["tick"][0]) + 1) % TICKS_PER_SNAPSHOT == 0:
                return

    def begin_tick(self) -> None:
        """Time goes on and everybody's packets are received."""
        count = self.packets()
        self.zone.receive(self.up, count, self.now_ns, WALL_S)

    def packets(self) -> int:
        """Time goes on; the packets that came in meanwhile, in `up`, and how many."""
        run, used = self.run, 0
        run.now_ns += TICK_NS
        tick = int(self.world.clock["tick"][0])
        if tick % 30 == 0:
            turned = self._chance.random(self.players) < 0.3
            self._directions = np.where(turned, self._chance.integers(0, 256, self.players), self._directions)
        buttons = BUTTON_ATTACK | (BUTTON_RUN if tick % 600 < 200 else 0)
        for row in range(tick % TICKS_PER_SNAPSHOT, self.players, TICKS_PER_SNAPSHOT):
            push_input(run.clients.queues, row, buttons, int(self._directions[row]), 255, 0, TICKS_PER_SNAPSHOT, 0, 0)
            write_packet(run.clients, row, self.up, used, 6, 0, run.now_ns)
            self.up["address"][used] = run._addresses[row]
            used += 1
        return used

    def hand_out_inputs(self) -> None:
        """What a tick does before the game's step."""
        open_tick(self.bundle, self.out, 0, self.now_ns)

    def step(self) -> None:
        """The game's, after which there is something new to show."""
        self.begin_tick()
        self.hand_out_inputs()
        GAME.step(self.world_bundle)

    def encode(self) -> None:
        """A step, and the cells encoded."""
        self.step()
        encode_cells(self.bundle)

    def _deliver(self, out: np.ndarray, count: int) -> None:
        self.down[:count] = out[:count]
        self.down["row"][:count] = self._client_of[out["row"][:count]]
        self.down["address"][:count] = SERVER_WORDS
        receive_datagrams(self.run.clients, self.down, count, self.now_ns)
        self.run.clients.reliable.state["num_inbox"] = 0
