"""One zone: what `receive`, `tick` and `outgoing` do to batches of datagrams.

Responsible for: the order of a tick, players coming and going, reliable messages, the overload ladder, and what the
zone tells about itself.
Not here: sockets, clocks and threads (`runtime/`), the kernels it calls, any rule (the game).

Life of a tick: slow lane (joins, leaves, messages) → inputs handed out → the game's step → every third tick the cells
are encoded → one slice of the players is sent its snapshots.

A long file, because who comes, goes, talks and is told shares the state of one object; what can be told from arrays
alone is in `numbers.py`.

Invariants: nothing here reads a clock or a random generator: time and randomness are arguments. The same calls with the
same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from myriad.core.bundle import Bundle, unbundle
from myriad.core.errors import DROP_RELIABLE_MALFORMED
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.phases import PHASE_ASSEMBLE, PHASE_ENCODE, PHASE_SLOW, PHASE_STEP, PhaseTimer
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.netcode.addresses import Endpoint
from myriad.netcode.reliable import Inbox
from myriad.netcode.server import Joined, Left, Server, poll, write_disconnect
from myriad.netcode.server_arrays import LEFT_DISCONNECTED, SERVER_RANDOM_BYTES, ServerLimits, new_server
from myriad.netcode.tokens import KEY_BYTES
from myriad.sim.input_queue import take_inputs
from myriad.sim.world import World
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_INVENTORY, CHAT_SAY, CHAT_ZONE
from myriad.wire.token_data import TokenData, pack_token_data
from myriad.zone import messages
from myriad.zone.alone import Alone
from myriad.zone.arrays import MAX_RECEIVE_BATCH, ZoneArrays, new_zone_arrays
from myriad.zone.avatars import NOBODY, Avatars
from myriad.zone.barter import Barter
from myriad.zone.chat import Talk
from myriad.zone.login import LoginDesk, protocol_id_of
from myriad.zone.numbers import digests_of, numbers_of
from myriad.zone.overload import RUNGS, OverloadLadder
from myriad.zone.pacing import WINDOW_S, judge_pace
from myriad.zone.players import ATTENTION_HZ, Outbox, Players
from myriad.zone.receiving import receive_batch
from myriad.zone.snapshots import assemble_slice, encode_cells

NS_PER_S = 1_000_000_000
TELL_EVERY_NS = NS_PER_S // 2
ALWAYS_NS = 1 << 62
_NOTHING = (False, -1, 1)
"""Shown in a tick without snapshots."""
SPARE_DATAGRAMS = 512
"""Room in the outgoing batch beside one snapshot for each player: handshakes, keep-alives, disconnects."""


@bare_kernel
def open_tick(bundle: Bundle[ZoneArrays], out: Batch, used: int, now_ns: int) -> int:
    """Timeouts and keep-alives of connections, then the inputs of this tick; returns the datagrams used in `out`."""
    zone = unbundle(bundle)
    used = poll(zone.server, now_ns, 0, out, used)
    num_rows = int(zone.server.state["num_rows"][0])
    zone.pace["num_inputs"][0] += take_inputs(zone.queues[:num_rows], zone.world.inputs)
    return used


@inner_kernel
def plan_tick(zone: ZoneArrays, num_slices: int) -> tuple[bool, int, int]:
    """As `plan_show`, for kernels."""
    place = int(zone.world.clock["tick"][0]) % int(zone.pace["ticks_per_snapshot"][0])
    if place == 0:
        zone.pace["slices"][0] = num_slices
        zone.pace["encoded"][0] = 1
    slices = int(zone.pace["slices"][0])
    if zone.pace["encoded"][0] == 0 or place >= slices:
        return False, -1, 1
    return place == 0, place, slices


@bare_kernel
def plan_show(bundle: Bundle[ZoneArrays], num_slices: int) -> tuple[bool, int, int]:
    """What the tick that was just simulated shows: whether the cells are encoded, and which slice of the players of
    how many gets it (-1: none). `num_slices` is over how many ticks they are to be spread from the next round on."""
    return plan_tick(unbundle(bundle), num_slices)


class Zone(Alone):
    """A zone with its players. All calls come from one thread, but `login` and `about`, which any thread may make."""

    # A long function because it puts a dozen parts together, each named once.
    def __init__(
        self,
        name: str,
        game: Game,
        world: World,
        settings: Settings,
        *,
        own_addresses: tuple[Endpoint, ...],
        phases: PhaseTimer,
        random_bytes: Callable[[int], bytes],
        private_key: bytes = b"",
    ) -> None:
        """`world` is the game's for this zone; `own_addresses` the endpoints that a token may name; `random_bytes(n)`
        gives fresh secure randomness, `phases` takes the time of each phase. `private_key` is what connect tokens are
        sealed with, new with every start; empty: it makes its own."""
        self.private_key = private_key or random_bytes(KEY_BYTES)
        self.name = name
        self.game = game
        self.world = world
        self.protocol_id = protocol_id_of(game)
        self.avatars = Avatars()
        self.ladder = OverloadLadder()
        self._settings = settings
        self._phases = phases
        self._server = Server(
            new_server(
                private_key=self.private_key,
                protocol_id=self.protocol_id,
                own=own_addresses,
                random_bytes=random_bytes(SERVER_RANDOM_BYTES),
                limits=ServerLimits(
                    max_clients=settings.max_connections,
                    decrypts_per_tick=settings.handshake_budget,
                    failures_per_network_hz=settings.handshake_failures_per_s,
                    failures_hz=settings.handshake_failures_total_per_s,
                ),
                exempt=settings.handshake_exempt_prefixes,
            )
        )
        self.arrays = new_zone_arrays(game, world, self._server.arrays, settings)
        self._bundle = Bundle(self.arrays)
        self._world_bundle = Bundle(world)
        self._desk = LoginDesk(
            self.private_key,
            self.protocol_id,
            self.avatars,
            max_players=settings.max_players,
            life_s=settings.token_life_s,
            timeout_s=max(1, round(settings.timeout_s)),
            random_bytes=random_bytes,
        )
        self._inbox = Inbox(self.arrays.reliable)
        self.talk = Talk(game, self.arrays, self.avatars, name, settings.chat_per_s)
        self.barter = Barter(game, world, self.avatars, self.talk, settings)
        self._out = Outbox(new_batch(settings.max_connections + SPARE_DATAGRAMS))
        self.players = Players(
            name,
            game,
            self.arrays,
            settings,
            avatars=self.avatars,
            talk=self.talk,
            trades=self.barter.trades,
            inbox=self._inbox,
            ladder=self.ladder,
            out=self._out,
        )
        self._ticks_per_snapshot = settings.tick_hz // settings.snapshot_hz
        self._ticks_per_attention = max(1, settings.tick_hz // ATTENTION_HZ)
        self._calls = 0
        self._tick = world.clock["tick"]
        self._stepped_now = False
        self._next_judgement_ns = 0
        self._next_telling_ns = 0
        self.told: tuple[int, dict[str, object]] | None = None
        """What `status` said last, and when (ns): twice a second, for whoever must not wait for the zone's thread."""
        self._overflows_seen = 0

    # What the loop calls.

    @property
    def idle(self) -> bool:
        """True while no avatar is in the zone."""
        return len(self.avatars) == 0

    @property
    def in_world(self) -> bool:
        """True if other zones may send it packets."""
        return False

    @property
    def speak_until_ns(self) -> int:
        """It takes and sends nothing at this moment and later."""
        return ALWAYS_NS

    @property
    def outbox(self) -> Outbox:
        """What `outgoing` hands over."""
        return self._out

    def take_peers(self, peers: Batch, count: int, now_ns: int) -> None:
        """Takes `peers[:count]`, which came from other zones."""

    @property
    def outgoing(self) -> tuple[Batch, int]:
        """Datagrams to send, and how many; valid until the next call."""
        return self._out.hand_over()

    @property
    def phases(self) -> PhaseTimer:
        """Time by phase."""
        return self._phases

    def receive(self, batch: Batch, count: int, now_ns: int, wall_s: int) -> None:
        """Take `batch[:count]` (count <= 1024), which is decrypted in place."""
        if count > MAX_RECEIVE_BATCH:
            raise ValueError(f"a batch has at most {MAX_RECEIVE_BATCH} datagrams, not {count}")
        receive_batch(self._bundle, batch, count, now_ns, wall_s)

    def tick(self, now_ns: int) -> None:
        """One tick: slow lane, step, and the snapshots of one slice of the players."""
        phases = self._phases
        phases.start()
        self.attend(now_ns)
        self.open(now_ns)
        phases.done(PHASE_SLOW)
        self.advance()
        phases.done(PHASE_STEP)
        self.attend_end(now_ns)
        phases.done(PHASE_SLOW)
        encodes, part, num_parts = self.take_show()
        if encodes:
            encode_cells(self._bundle)
            phases.done(PHASE_ENCODE)
        if part >= 0:
            out = self._out
            out.used = int(assemble_slice(self._bundle, out.batch, out.used, part, num_parts, now_ns))
            phases.done(PHASE_ASSEMBLE)

    # The parts of a tick, for a loop that leaves out what a quiet tick does not need (`runtime/lean_turn.py`).

    @property
    def attention_is_next(self) -> bool:
        """True if the slow lane is to have its turn in the next tick, whatever came: ten times a second."""
        return (int(self._tick[0]) + 1) % self._ticks_per_attention == 0

    @property
    def num_slices(self) -> int:
        """Over how many ticks the snapshots of a round are spread."""
        many = self.avatars.num_connected >= self._settings.slice_clients
        return self._ticks_per_snapshot if many else 1

    @property
    def ticks_per_attention(self) -> int:
        """The slow lane has its turn in ticks that are multiples of this, and whenever something came."""
        return self._ticks_per_attention

    @property
    def runs_by_itself(self) -> bool:
        """True if ticks to which nothing comes need no Python: time is not dilated."""
        return RUNGS[self.ladder.rung].dilation == 100

    def set_now(self, now_ns: int) -> None:
        """A turn begins: the time for what other threads call."""

    def attend(self, now_ns: int) -> None:
        """The slow lane, before the step: who came, left or said something, and what is due by time."""
        self._slow_lane(now_ns)

    def open(self, now_ns: int) -> None:
        """Hands out the inputs of the tick."""
        out = self._out
        out.used = int(open_tick(self._bundle, out.batch, out.used, now_ns))

    def advance(self) -> None:
        """The game's step, unless time dilation leaves it out."""
        self._stepped_now = self._steps_now()
        if self._stepped_now:
            self.game.step(self._world_bundle)

    def attend_end(self, now_ns: int) -> None:
        """What follows from the step for others, and packets to other zones; after `attend` in the same tick."""
        if self._stepped_now:
            self._stepped(now_ns)
        self._turn_ends(now_ns)

    def take_show(self) -> tuple[bool, int, int]:
        """What this tick shows: whether the cells are encoded, and which slice of the players of how many gets it
        (-1: none)."""
        if not self._stepped_now:
            return _NOTHING
        encodes, part, num_parts = plan_show(self._bundle, self.num_slices)
        return encodes, part, num_parts

    def poll(self, now_ns: int) -> None:
        """Instead of ticks while idle: connections that begin or end."""
        self._slow_lane(now_ns)
        self._out.used = int(poll(self.arrays.server, now_ns, 0, self._out.batch, self._out.used))
        self._turn_ends(now_ns)

    # What a zone among others does besides (`world_zone.py`).

    def _turn_begins(self, now_ns: int) -> None:
        """After joins, leaves and messages were looked at."""

    def _stepped(self, now_ns: int) -> None:
        """After the game's step: nobody keeps what the rules wrote down for others."""
        self.world.clock["num_ledger"] = 0
        self.world.clock["num_effects"] = 0

    def _turn_ends(self, now_ns: int) -> None:
        """Before datagrams are handed over."""

    def observe_load(self, busy_s: float, interval_s: float) -> None:
        """How long the work of the latest ticks took of the time that they had; moves the overload ladder."""
        if not self.ladder.observe(busy_s, interval_s):
            return
        rung = RUNGS[self.ladder.rung]
        self.arrays.pace["replication_level"] = rung.replication_level
        self.arrays.pace["dilation"] = rung.dilation
        self.world.clock["npc_stride"] = rung.npc_stride
        self.talk.tell_all(messages.load_notice(self.ladder.rung, rung.dilation, rung.name))

    def close(self, now_ns: int) -> None:
        """End all connections; `outgoing` tells the clients, in rounds: each is told before any is told twice."""
        out = self._out
        out.begin()
        connected = [avatar.connection for avatar in self.avatars if avatar.connection != NOBODY]
        for _ in range(int(self.arrays.server.state["num_redundant"][0])):
            for row in connected:
                out.used = int(write_disconnect(self.arrays.server, row, out.batch, out.used, now_ns))
        told = out.used
        for row in connected:
            self.players.drop_connection(row, now_ns)
        out.used = told

    @property
    def bundle(self) -> Bundle[ZoneArrays]:
        """The arrays as kernels take them."""
        return self._bundle

    @property
    def world_bundle(self) -> Bundle[World]:
        """The world as the game's step takes it."""
        return self._world_bundle

    def rehearse(self, now_ns: int) -> None:
        """One player comes, talks, and goes, without a network: calls whatever kernel a session needs. For warming."""
        data = TokenData(1, 1, "rehearsal", None)
        self.players.join(Joined(0, 1, pack_token_data(data)), now_ns)
        for _ in range(2 * self._ticks_per_snapshot):
            self.tick(now_ns)
        avatar = self.avatars.of_connection(0)
        if avatar is not None:
            self.talk.hear(avatar, bytes([CHAT_SAY, CHAT_ZONE]) + b"hello", now_ns)
            self.players.farewells.begin(0, now_ns)
            self.players.expire(now_ns)
            self.players.left(Left(0, 1, LEFT_DISCONNECTED), now_ns)
        self.close(now_ns)

    # What other threads call.

    def about(self) -> dict[str, object]:
        """What a client wants to know before it connects."""
        return {
            "protocol_id": f"{self.protocol_id:016x}",
            "game": self.game.name,
            "tick_hz": self._settings.tick_hz,
            "snapshot_hz": self._settings.snapshot_hz,
        }

    def login(
        self,
        name: str,
        character: int | None,
        spawn: tuple[float, float] | None,
        servers: tuple[Endpoint, ...],
        wall_s: int,
    ) -> bytes:
        """A connect token for `name`; see `LoginDesk.login`."""
        return self._desk.login(name, character, spawn, servers, wall_s)

    # The slow lane.

    def _slow_lane(self, now_ns: int) -> None:
        replies, count = self._server.take_replies()
        out = self._out
        out.begin()
        count = min(count, len(out.batch) - out.used)
        out.batch[out.used : out.used + count] = replies[:count]
        out.used += count  # first: who is connected can be told that it is not
        for change in self._server.take_changes():
            if isinstance(change, Joined):
                self.players.join(change, now_ns)
            else:
                self.players.left(change, now_ns)
        self._read_messages(now_ns)
        self.barter.check(now_ns)
        if now_ns >= self._next_judgement_ns:
            self._next_judgement_ns = now_ns + WINDOW_S * NS_PER_S
            judge_pace(self._bundle)
        self.players.expire(now_ns)
        if now_ns >= self._next_telling_ns:
            self._next_telling_ns = now_ns + TELL_EVERY_NS
            self.told = (now_ns, self.status())
        self._turn_begins(now_ns)

    # Reliable messages.

    def _read_messages(self, now_ns: int) -> None:
        reliable = self.arrays.reliable
        for message in self._inbox.take() if reliable.state["num_inbox"][0] else ():
            avatar = self.avatars.of_connection(message.row)
            if avatar is not None and message.channel == CHANNEL_CHAT:
                self.talk.hear(avatar, message.data, now_ns)
            elif avatar is not None and message.channel == CHANNEL_INVENTORY:
                reason = self.barter.trades.hear(avatar.character, message.data, now_ns)
                if reason is not None:
                    self.arrays.server.drops[reason] += 1
            else:
                self.arrays.server.drops[DROP_RELIABLE_MALFORMED] += 1
        if reliable.state["overflows"][0] != self._overflows_seen:
            self._overflows_seen = int(reliable.state["overflows"][0])
            for row in np.flatnonzero(reliable.channels["overflow"].any(axis=1)):
                if self.arrays.sessions["active"][row]:
                    self.players.num_leaves["kicked"] += 1
                    self.players.drop_connection(int(row), now_ns)

    def _steps_now(self) -> bool:
        """False for the calls that time dilation leaves out."""
        self._calls += 1
        dilation = RUNGS[self.ladder.rung].dilation
        return self._calls * dilation // 100 != (self._calls - 1) * dilation // 100

    # What the zone tells about itself.

    def digests(self, tick: int) -> dict[tuple[int, int, int], int] | None:
        """Digest of every part that held anything at snapshot tick `tick`, None if that is not (any longer) kept."""
        return digests_of(self.arrays, tick)

    def status(self) -> dict[str, object]:
        """Numbers for `/v1/zone` and `/metrics`, each under its metric's name without `myriad_` and `_total`."""
        rung = RUNGS[self.ladder.rung]
        return {
            "tick_hz": self._settings.tick_hz,
            "snapshot_hz": self._settings.snapshot_hz,
            "players": len(self.avatars),
            "connections": self.avatars.num_connected,
            "joins": self.players.num_joins,
            "leaves": dict(self.players.num_leaves),
            "chats": self.talk.num_chats,
            "exchanges": self.barter.trades.num_exchanges,
            "load_level": self.ladder.rung,
            "load_level_name": rung.name,
            "load_ratio": round(self.ladder.load, 4),
            "time_dilation_ratio": rung.dilation / 100,
            **numbers_of(self.arrays),
            "game": dict(zip(self.game.counters, self.world.counters.tolist(), strict=False)),
        }
