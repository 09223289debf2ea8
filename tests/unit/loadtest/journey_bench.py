"""A swarm of a few players and zones that a test scripts, on real UDP sockets of this machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from types import TracebackType

import numpy as np

from myriad.loadtest.crew import Crew, build_swarm
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.places import Places
from myriad.loadtest.returns import Losses
from myriad.loadtest.sockets import Sockets
from myriad.loadtest.swarm import run_swarm
from myriad.loadtest.travel import Travel
from myriad.netcode.addresses import from_words, parse_endpoint, to_words
from myriad.wire.datagram import DATA_BYTES, Batch, new_batch
from tests.unit.client.scripted_zone import MEADOW_GAME, PROTOCOL_ID, TICK_NS, Diary, ScriptedZone, meadow

DEADLINE_S = 20.0


class OpenZone:
    """A scripted zone with a socket."""

    def __init__(self, name: str, diary: Diary, seed: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.zone = ScriptedZone(name, f"127.0.0.1:{self.socket.getsockname()[1]}", diary, seed)
        self.silent = False

    def step(self, tick: bool) -> None:
        """Takes what came, answers, and ticks if it is time; a silent one neither hears nor speaks."""
        now_ns = time.monotonic_ns()
        batch = new_batch(64)
        count = 0
        while count < 64:
            try:
                data, address = self.socket.recvfrom(DATA_BYTES)
            except BlockingIOError:
                break
            batch["data"][count, : len(data)] = np.frombuffer(data, np.uint8)
            batch["length"][count] = len(data)
            batch["address"][count] = to_words(parse_endpoint(f"{address[0]}:{address[1]}"))
            count += 1
        if self.silent:
            return
        self._send(self.zone.receive(batch, count, now_ns))
        if tick:
            self._send(self.zone.step(now_ns))

    def _send(self, batches: list[tuple[Batch, int]]) -> None:
        for batch, count in batches:
            for i in range(count):
                host, _, port = str(from_words(batch["address"][i])).rpartition(":")
                data = batch["data"][i, : int(batch["length"][i])].tobytes()
                self.socket.sendto(data, (host, int(port)))


class Bench:
    """Players `bot 0` and so on in `west`, which has a neighbour `east`."""

    def __init__(self, players: int) -> None:
        self.diary = Diary()
        self.west = OpenZone("west", self.diary, 1)
        self.east = OpenZone("east", self.diary, 2)
        options = LoadOptions(clients=players, world="http://127.0.0.1:1")
        self.sockets = Sockets(4 * players)
        self.swarm = build_swarm(options, MEADOW_GAME, meadow("world"), PROTOCOL_ID, 60, self.sockets)
        self.travel = Travel(self.swarm, self.sockets)
        places = Places(
            np.zeros((players, 2)), np.tile((-50.0, -50.0, 50.0, 50.0), (players, 1)), np.zeros((players, 4))
        )
        self.crew = Crew(self.swarm, places, 1)
        self.losses = Losses(self.crew, self.travel)
        self._next_tick_ns = time.monotonic_ns()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.sockets.close()
        self.west.socket.close()
        self.east.socket.close()

    def begin(self, player: int) -> None:
        self.crew.settle_in(player)
        self.travel.begin(player, self.west.zone.token())

    def until(self, condition: Callable[[], object]) -> None:
        """Lets time pass until something is so."""
        until_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until_s, "it never came to that"
            self.step()

    def pass_time(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= until_s)

    def step(self) -> None:
        """A slice of the swarm, and what zones do meanwhile."""
        run_swarm(self.swarm, time.monotonic_ns() + 2_000_000)
        self.travel.take_mail()
        tick = time.monotonic_ns() >= self._next_tick_ns
        if tick:
            self._next_tick_ns += TICK_NS
        for place in (self.west, self.east):
            place.step(tick)
