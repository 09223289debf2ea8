"""A zone as small as possible, so that loop, host and front door are tested without the real one.

A datagram `join` makes its sender a player, `leave` removes it; every tick each player is sent the tick's number, and
`bye` when the zone closes. As a program it is a server with the real front door.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from myriad.cluster.requests import (
    Answer,
    Committed,
    Cut,
    Directory,
    Done,
    Fenced,
    LeaseGranted,
    RenewLease,
    Request,
    ZoneLoad,
)
from myriad.core.errors import LoginRefused, MyriadError, StartupError
from myriad.core.histogram import Histogram
from myriad.core.phases import PHASE_STEP, PhaseTimer
from myriad.core.settings import Settings, load
from myriad.netcode.addresses import Endpoint
from myriad.runtime.hosted_zone import ZoneSite
from myriad.wire.datagram import Batch, new_batch

ZONES = ("zone-1", "zone-2", "zone-3", "zone-4")
MAX_PLAYERS = 64
SMALL_PROTOCOL = 0xAA


class SmallZone:
    """See `runtime.hosted_zone.HostedZone`."""

    def __init__(self, site: ZoneSite, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.site = site
        self.key = site.key
        self.private_key = os.urandom(32)
        self.ttl_ms = int(settings.lease_ttl_s * 1000)
        self.renew_ns = int(settings.lease_renew_s * 1e9)
        self.epoch = 0
        self.deadline_ns = 0
        self.asked_ns = 0
        self.saved_ticks = 0
        self.number = 0
        self.fenced = self.draining = self.drained = False
        self.requests: list[tuple[int, Request]] = []
        self.answers: list[tuple[int, Answer | None]] = []
        self.posts: list[tuple[str, bytes]] = []
        self.heard: list[tuple[str, bytes]] = []
        self.directory: Directory | None = None
        self.players: dict[bytes, bool] = {}
        self.ticks: list[int] = []
        self.polls: list[int] = []
        self.received: list[int] = []
        self.loads: list[tuple[float, float]] = []
        self.closed_at: int | None = None
        self.fail_at_tick = -1
        self.on_tick: Callable[[], None] = lambda: None
        self._out = new_batch(MAX_PLAYERS)
        self._num_out = 0

    @property
    def idle(self) -> bool:
        return not self.players

    @property
    def outgoing(self) -> tuple[Batch, int]:
        return self._out, self._num_out

    @property
    def phases(self) -> PhaseTimer:
        return self.site.phases

    def receive(self, batch: Batch, count: int, now_ns: int, wall_s: int) -> None:
        self.received.append(count)
        for i in range(count):
            text = batch["data"][i, : batch["length"][i]].tobytes()
            address = batch["address"][i].tobytes()
            if text == b"join" and len(self.players) < MAX_PLAYERS:
                self.players[address] = True
            elif text == b"leave":
                self.players.pop(address, None)
            elif text == b"fail":
                self.fail_at_tick = len(self.ticks)

    def tick(self, now_ns: int) -> None:
        if len(self.ticks) == self.fail_at_tick:
            raise RuntimeError("this tick was told to fail")
        if self.draining:
            self._renew(now_ns)
            return
        self.phases.start()
        self.on_tick()
        self.ticks.append(now_ns)
        self._renew(now_ns)
        self._tell(f"{len(self.ticks)}".encode())
        self.phases.done(PHASE_STEP)

    def observe_load(self, busy_s: float, interval_s: float) -> None:
        self.loads.append((busy_s, interval_s))

    def poll(self, now_ns: int) -> None:
        self.polls.append(now_ns)
        self._renew(now_ns)
        if not self.draining:
            self._num_out = 0

    def close(self, now_ns: int) -> None:
        self.closed_at = now_ns
        self._tell(b"bye")

    # A zone of a world: it saves how many ticks it has seen, whenever it is polled after a while and when it drains.

    def start(self, granted: LeaseGranted, now_ns: int) -> None:
        self.epoch = granted.epoch
        self.deadline_ns = now_ns + self.ttl_ms * 1_000_000
        if granted.state is not None:
            self.saved_ticks = int.from_bytes(granted.state.ground, "little")

    def may_speak(self, now_ns: int) -> bool:
        return not self.fenced and now_ns < self.deadline_ns

    def take_requests(self) -> list[tuple[int, Request]]:
        taken, self.requests = self.requests, []
        return taken

    def answer(self, number: int, answer: Answer | None) -> None:
        self.answers.append((number, answer))
        if isinstance(answer, Fenced):
            self.fenced = True
        elif isinstance(answer, Done):
            self.deadline_ns = self.asked_ns + self.ttl_ms * 1_000_000
        elif isinstance(answer, Committed):
            self.drained = self.draining

    def take_posts(self) -> list[tuple[str, bytes]]:
        taken, self.posts = self.posts, []
        return taken

    def hear(self, topic: str, body: bytes) -> None:
        self.heard.append((topic, body))

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        self.directory = directory

    def drain(self, now_ns: int) -> None:
        self._tell(b"bye")
        self.players.clear()
        self.suspend(now_ns)

    def suspend(self, now_ns: int) -> None:
        self.draining = True
        cut = Cut(self.key, self.epoch, 1, len(self.ticks), "", b"", self._ground())
        self.requests.append((self._new_number(), cut))

    def _ground(self) -> bytes:
        return (self.saved_ticks + len(self.ticks)).to_bytes(8, "little")

    def _renew(self, now_ns: int) -> None:
        if self.epoch and not self.fenced and now_ns - self.asked_ns >= self.renew_ns:
            self.asked_ns = now_ns
            load = ZoneLoad(len(self.players), len(self.players))
            self.requests.append((self._new_number(), RenewLease(self.key, self.epoch, self.ttl_ms, load)))

    def _new_number(self) -> int:
        self.number += 1
        return self.number

    def about(self) -> dict[str, object]:
        return {"netcode": "1.02", "protocol_id": f"{SMALL_PROTOCOL:016x}", "tick_hz": 60, "snapshot_hz": 20}

    def login(
        self,
        name: str,
        character: int | None,
        spawn: tuple[float, float] | None,
        servers: tuple[Endpoint, ...],
        wall_s: int,
    ) -> bytes:
        if name == "nobody":
            raise LoginRefused("zone_full", "the zone is full")
        return f"{name} {character} {spawn} {[str(server) for server in servers]}".encode().ljust(2048, b"\0")

    def status(self) -> dict[str, object]:
        return {"tick": len(self.ticks), "players": len(self.players), "npcs": 0, "drops": {"empty": 3}}

    @property
    def told(self) -> tuple[int, dict[str, object]]:
        return time.monotonic_ns(), self.status()

    def histograms(self) -> dict[str, Histogram]:
        return {}

    def look_from_above(self) -> Callable[[], dict[str, Any]]:
        return dict

    def digests(self, tick: int) -> dict[tuple[int, int, int], int] | None:
        return {(3, -1, 0): 0xABC} if tick == 7 else None

    def _tell(self, text: bytes) -> None:
        self._num_out = len(self.players)
        for i, address in enumerate(self.players):
            self._out["address"][i] = np.frombuffer(address, "<u8")
            self._out["data"][i, : len(text)] = np.frombuffer(text, np.uint8)
            self._out["length"][i] = len(text)


def make_small_zone(settings: Settings, site: ZoneSite) -> SmallZone:
    """As the real factory: refuses names that it does not know."""
    if site.name not in ZONES:
        raise StartupError(f"there is no zone {site.name}; there are {', '.join(ZONES)}")
    return SmallZone(site, settings)


def serve(command: str, flags: dict[str, str], slow_start_s: float) -> int:
    """What `cli/server.py` and `cli/world.py` do, with the small zone; kernels that take `slow_start_s` to compile."""
    from myriad.runtime.host import run_server, run_world
    from myriad.runtime.warm import Progress
    from myriad.web.api.application import build_application

    def warm_up(progress: Progress) -> None:
        progress("slow", 0, 1)
        if slow_start_s:
            print("warming", flush=True)
        time.sleep(slow_start_s)

    settings = load(Settings, flags)
    if command == "server":
        return run_server(settings, make_zone=make_small_zone, make_application=build_application, warm_up=warm_up)
    return run_world(
        settings, ZONES[:2], make_zone=make_small_zone, make_application=build_application, warm_up=warm_up
    )


if __name__ == "__main__":
    given = dict(item.split("=", 1) for item in sys.argv[2:])
    try:
        sys.exit(serve(sys.argv[1], given, float(given.pop("slow_start_s", "0"))))
    except MyriadError as error:
        print(f"myriad: {error}", file=sys.stderr)
        sys.exit(2)
