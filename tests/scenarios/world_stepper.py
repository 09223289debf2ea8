"""Zones of a world with their store and their players in one process on a virtual clock.

Everything is the real thing but sockets, threads, processes and time. The store answers `store_ticks` later.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from emberdale.game import GAME
from myriad.client.player import Player
from myriad.cluster.requests import (
    AccountRow,
    AcquireLease,
    Answer,
    CharacterRow,
    CreateAccount,
    CreateCharacter,
    Directory,
    HostId,
    LeaseGranted,
    ReadDirectory,
    ZoneKey,
)
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.game import ZoneMap
from myriad.netcode.addresses import Endpoint, from_words, parse_endpoint, to_words
from myriad.netcode.tokens import RANDOM_BYTES, make_token
from myriad.storage.port import MEMORY, open_store
from myriad.wire.datagram import DATA_BYTES, new_batch
from myriad.wire.token_data import TokenData, pack_token_data
from myriad.zone.world_part import WorldSite
from myriad.zone.world_zone import WorldZone

TICK_NS = 1_000_000_000 // 60
WALL_S = 1_800_000_000
DIRECTORY_TICKS = 15
WORLD = GAME.for_world(4)
_MAPS: dict[str, ZoneMap] = {}


def zone_map(name: str) -> ZoneMap:
    if name not in _MAPS:
        _MAPS[name] = WORLD.read_map(name, 60)
    return _MAPS[name]


@dataclass
class Walker:
    """One player of the world, and the ports that its connections use."""

    player: Player
    name: str
    character: int
    session: int
    ports: dict[int, tuple[int, Endpoint]] = field(default_factory=dict)
    """By connection row: how many connections began there, and its present address."""
    servers: dict[int, Endpoint] = field(default_factory=dict)


class WorldStepper:
    """Some zones of the small world, time moved by hand."""

    def __init__(
        self, zones: Sequence[str], *, seed: int = 1, npcs: int = 0, store_ticks: int = 1, loss: float = 0.0
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.loss = loss
        self.settings = Settings(npcs=npcs, seed=seed, max_players=200, max_connections=256, max_entities=2048)
        self.now_ns = 10_000_000_000
        self.ticks = 0
        self.store_ticks = store_ticks
        self.store = open_store(
            MEMORY, wall_ms=lambda: WALL_S * 1000 + self.now_ns // 1_000_000, random_bytes=self.rng.bytes
        )
        self.secret = self.store.secret()
        self.zones: dict[str, WorldZone] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.hosts: dict[str, str] = {}
        self.walkers: list[Walker] = []
        self.posts: list[tuple[str, bytes]] = []
        self.late_ears: dict[str, int] = {}
        """By zone: how many ticks later than others it hears what is on the bus."""
        self._heard: list[tuple[int, int, str, str, bytes]] = []
        self._order = itertools.count()
        self._flying: list[tuple[int, int, Endpoint, Endpoint, bytes]] = []
        self._answers: list[tuple[int, int, str, int, Answer]] = []
        self._batch = new_batch(512)
        self._out = new_batch(32)
        self._ports = itertools.count(20000)
        for name in zones:
            self.start_zone(name)
        self.run(2)

    # Zones.

    def start_zone(self, name: str, epoch_of_dead: str = "") -> WorldZone:
        number = WORLD.world_map.by_name[name].number
        endpoint = parse_endpoint(f"127.0.0.1:{1336 + number}")
        world = WORLD.create_zone(
            name,
            capacity=self.settings.max_entities,
            seed=number,
            num_npcs=self.settings.npcs,
            next_id=(number + 4) << 22,
            end_id=(number + 5) << 22,
        )
        key = ZoneKey(name)
        zone = WorldZone(
            WorldSite(key, self.secret),
            WORLD,
            world,
            self.settings,
            own_addresses=(endpoint,),
            phases=PhaseTimer(lambda: 0),
            random_bytes=self.rng.bytes,
        )
        host = HostId(f"host of {name} {self.ticks}", "here", 1)
        request = AcquireLease(
            key, host, 10_000, str(endpoint), zone.private_key, zone.protocol_id, 500, dead_host=epoch_of_dead
        )
        granted = self.store.execute([request])[0]
        assert isinstance(granted, LeaseGranted)
        zone.start(granted, self.now_ns)
        self.zones[name] = zone
        self.endpoints[name] = endpoint
        self.hosts[name] = host.name
        return zone

    def kill_zone(self, name: str) -> str:
        """The zone is gone without a word; returns the name of its host."""
        del self.zones[name]
        self._answers = [entry for entry in self._answers if entry[2] != name]
        return self.hosts[name]

    # Players.

    def create_character(self, name: str, x: float, y: float) -> int:
        account = self.store.execute([CreateAccount(name, None)])[0]
        assert isinstance(account, AccountRow)
        area = WORLD.world_map.zone_at(x, y)
        assert area is not None
        row = self.store.execute([CreateCharacter(account.account, name, ZoneKey(area.name), x, y)])[0]
        assert isinstance(row, CharacterRow)
        return row.character

    def join(self, name: str, x: float, y: float) -> Walker:
        """A new player at (x, y), with a token as the gateway would write it."""
        character = self.create_character(name, x, y)
        area = WORLD.world_map.zone_at(x, y)
        assert area is not None
        zone = self.zones[area.name]
        session = int(self.rng.integers(1, 1 << 62))
        player = Player(WORLD, zone_map(area.name), zone.protocol_id, 60)
        walker = Walker(player, name, character, session)
        self.walkers.append(walker)
        token = self.token(area.name, walker)
        assert player.start(token, self.now_ns)
        return walker

    def token(self, zone_name: str, walker: Walker) -> bytes:
        zone = self.zones[zone_name]
        return make_token(
            private_key=zone.private_key,
            protocol_id=zone.protocol_id,
            now_s=WALL_S + self.now_ns // 1_000_000_000,
            life_s=45,
            timeout_s=8,
            servers=(self.endpoints[zone_name],),
            user_data=pack_token_data(TokenData(walker.session, walker.character, walker.name, None)),
            random_bytes=self.rng.bytes(RANDOM_BYTES),
        )

    def leave(self, walker: Walker) -> None:
        """The player disconnects."""
        count = walker.player.leave(self.now_ns, self._out)
        for i in range(count):
            raw = self._out["data"][i, : int(self._out["length"][i])].tobytes()
            address = walker.ports[int(self._out["row"][i])][1]
            self._send(address, from_words(self._out["address"][i]), raw)

    def wait_until(self, condition: Callable[[], bool], ticks: int = 600) -> bool:
        for _ in range(ticks):
            if condition():
                return True
            self.step()
        return condition()

    # Time.

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.step()

    def step(self) -> None:
        self.now_ns += TICK_NS
        self.ticks += 1
        self._deliver_answers()
        if self.ticks % DIRECTORY_TICKS == 1:
            directory = self.store.execute([ReadDirectory()])[0]
            assert isinstance(directory, Directory)
            for zone in self.zones.values():
                zone.set_directory(directory, self.now_ns)
        arrived = self._arrived()
        for name, zone in list(self.zones.items()):
            self._run_zone(name, zone, arrived)
        for walker in self.walkers:
            self._run_walker(walker, arrived)

    def _run_zone(self, name: str, zone: WorldZone, arrived: dict[Endpoint, list[tuple[Endpoint, bytes]]]) -> None:
        here = self.endpoints[name]
        packets = arrived.get(here, [])
        if packets:
            for i, (sender, raw) in enumerate(packets):
                self._batch["address"][i] = to_words(sender)
                self._batch["data"][i, : len(raw)] = np.frombuffer(raw, np.uint8)
                self._batch["length"][i] = len(raw)
            zone.receive(self._batch, len(packets), self.now_ns, WALL_S + self.now_ns // 1_000_000_000)
        if zone.idle:
            zone.poll(self.now_ns)
        else:
            zone.tick(self.now_ns)
        batch, count = zone.outgoing
        for i in range(count):
            raw = batch["data"][i, : int(batch["length"][i])].tobytes()
            self._send(here, from_words(batch["address"][i]), raw)
        for number, request in zone.take_requests():
            answer = self.store.execute([request])[0]
            at = self.ticks + self.store_ticks
            heapq.heappush(self._answers, (at, next(self._order), name, number, answer))
        self.posts += zone.take_posts()

    def _deliver_answers(self) -> None:
        while self._answers and self._answers[0][0] <= self.ticks:
            _, _, name, number, answer = heapq.heappop(self._answers)
            if name in self.zones:
                self.zones[name].answer(number, answer)
        posts, self.posts = self.posts, []
        for topic, body in posts:
            for name in self.zones:
                at = self.ticks + self.late_ears.get(name, 0)
                heapq.heappush(self._heard, (at, next(self._order), name, topic, body))
        while self._heard and self._heard[0][0] <= self.ticks:
            _, _, name, topic, body = heapq.heappop(self._heard)
            if name in self.zones:
                self.zones[name].hear(topic, body)

    def _run_walker(self, walker: Walker, arrived: dict[Endpoint, list[tuple[Endpoint, bytes]]]) -> None:
        player = walker.player
        for row, (_, address) in list(walker.ports.items()):
            packets = arrived.get(address, [])
            for i, (sender, raw) in enumerate(packets):
                self._out["address"][i] = to_words(sender)
                self._out["data"][i, : len(raw)] = np.frombuffer(raw, np.uint8)
                self._out["length"][i] = len(raw)
            if packets:
                player.receive(self._out, len(packets), self.now_ns, row)
        count = player.update(self.now_ns, self._out)
        for row, number in enumerate(player.connections):
            if number and walker.ports.get(row, (0, None))[0] != number:
                walker.ports[row] = (number, parse_endpoint(f"127.0.0.1:{next(self._ports)}"))
        for i in range(count):
            row = int(self._out["row"][i])
            raw = self._out["data"][i, : int(self._out["length"][i])].tobytes()
            target = from_words(self._out["address"][i])
            self._send(walker.ports[row][1], target, raw)

    def _send(self, source: Endpoint, target: Endpoint, raw: bytes) -> None:
        assert len(raw) <= DATA_BYTES
        if self.loss and self.rng.random() < self.loss:
            return
        heapq.heappush(self._flying, (self.ticks + 1, next(self._order), source, target, raw))

    def _arrived(self) -> dict[Endpoint, list[tuple[Endpoint, bytes]]]:
        found: dict[Endpoint, list[tuple[Endpoint, bytes]]] = {}
        while self._flying and self._flying[0][0] <= self.ticks:
            _, _, source, target, raw = heapq.heappop(self._flying)
            found.setdefault(target, []).append((source, raw))
        return found
