"""One running zone of a host: its socket, loop, thread, and what the front door asks of it.

Responsible for: putting a zone, a port and a loop together; logins, status and digests for other threads.
Not here: the process around it (`runtime/host.py`), HTTP (`web/api`).

Invariant: other threads touch the zone only between its ticks, except `login`, which zones must make safe for that.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from myriad.cluster.requests import ZoneKey
from myriad.core.clock import NS_PER_S
from myriad.core.errors import DROP_REASONS, DROP_SEND_BLOCKED, DROP_SOCKET_OVERFLOW
from myriad.core.histogram import Histogram
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.netcode.addresses import Endpoint
from myriad.runtime.clocks import RealClock, process_cpu_ns, resident_bytes
from myriad.runtime.endpoints import new_endpoint, own_endpoints, parse_public_address
from myriad.runtime.lean_turn import LeanTurn
from myriad.runtime.profile.desk import ProfileDesk
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.slow_ticks import SlowTicks
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_loop import ZoneLoop
from myriad.runtime.zone_ports import LeanZone, WorldTies, WorldZoneLike, ZoneLike
from myriad.runtime.zone_thread import ZoneThread

Answer = TypeVar("Answer")

Digests = dict[tuple[int, int, int], int]
"""By (cell x, cell y, part): the 64-bit digest of what the part holds."""

_ANSWER_S = 2.0
_SILENT_NS = 3 * NS_PER_S
"""A zone that said nothing of itself for so long does not answer; one that sleeps does once a second."""


class Wish(NamedTuple):
    """Somebody who wants in: `character` is an entity id, `spawn` in metres, both None for the zone's choice."""

    name: str
    character: int | None = None
    spawn: tuple[float, float] | None = None


class HostedZone(ZoneLike, Protocol):
    """What a host needs of a zone besides the loop."""

    def about(self) -> dict[str, object]:
        """What never changes and a client wants to know before it connects: protocol id, rates. From any thread."""
        ...

    def login(
        self,
        name: str,
        character: int | None,
        spawn: tuple[float, float] | None,
        servers: tuple[Endpoint, ...],
        wall_s: int,
    ) -> bytes:
        """A connect token (2048 bytes) naming `servers`. From any thread, so it touches nothing that ticks change.

        `spawn` is in metres, or None for the zone's choice; `character` an entity id or None. Raises LoginRefused.
        """
        ...

    def status(self) -> dict[str, object]:
        """Numbers for `/v1/zone` and `/metrics`, each under its metric's name without `myriad_` and `_total`."""
        ...

    @property
    def told(self) -> tuple[int, dict[str, object]] | None:
        """What `status` said last, and when (ns), renewed twice a second or whenever the zone is polled; None before it
        first ran. From any thread, where nobody changes it."""
        ...

    def digests(self, tick: int) -> Digests | None:
        """What every part held at snapshot tick `tick`, or None if that is not (or no longer) kept."""
        ...


class ZoneSite(NamedTuple):
    """What a zone is told about the place where it runs."""

    name: str
    own_addresses: tuple[Endpoint, ...]
    """Every endpoint that a valid connect token may name for this zone."""
    phases: PhaseTimer
    """To be given back by the zone's `phases`."""
    layer: int = 0
    secret: bytes = b""
    """32 random bytes that all zones of the world know; empty for a zone that stands alone."""

    @property
    def key(self) -> ZoneKey:
        """The zone, or the layer of it."""
        return ZoneKey(self.name, self.layer)


class HostedWorldZone(HostedZone, WorldZoneLike, Protocol):
    """What a host needs besides of a zone of a world."""

    @property
    def private_key(self) -> bytes:
        """What its connect tokens are sealed with: new with every zone that is built."""
        ...

    def histograms(self) -> dict[str, Histogram]:
        """Copies of its own histograms, in nanoseconds. From any thread."""
        ...

    def look_from_above(self) -> Callable[[], dict[str, Any]]:
        """Copies what operators are shown of it; the function that is returned makes plain values of that, on any
        thread."""
        ...


MakeZone = Callable[[Settings, ZoneSite], HostedZone]
"""Builds a zone that stands alone; raises StartupError if it cannot (no such zone, no map)."""

MakeWorldZone = Callable[[Settings, ZoneSite], HostedWorldZone]
"""Builds a zone of a world; raises as `MakeZone`."""


class RunningZone:
    """A zone with its thread, as a host and a front door see it."""

    def __init__(
        self,
        key: ZoneKey,
        sock: socket.socket,
        settings: Settings,
        make_zone: MakeZone,
        collection: QuietCollection,
        secret: bytes = b"",
    ) -> None:
        """Builds the zone for the bound UDP socket, which is its own from now on. Raises StartupError."""
        clock = RealClock()
        self._clock = clock
        self._port = UdpPort(sock, fallback=settings.fallback_sockets)
        self.key = key
        self.name = str(key)
        self.endpoint = self._port.endpoint
        self._public = tuple(parse_public_address(text, self.endpoint.port) for text in settings.public_addresses)
        own = tuple(dict.fromkeys((*own_endpoints(sock), *self._public)))
        self._zone = make_zone(settings, ZoneSite(key.zone, own, PhaseTimer(clock.now_ns), key.layer, secret))
        world, idle_sleep_ns = self._connect(settings)
        zone = self._zone
        self._loop = ZoneLoop(
            zone,
            self._port,
            clock,
            tick_hz=settings.tick_hz,
            catch_up_ticks=settings.catch_up_ticks,
            receive_budget=settings.receive_budget,
            collection=collection,
            world=world,
            idle_sleep_ns=idle_sleep_ns,
            lean=partial(LeanTurn, zone, self._port) if isinstance(zone, LeanZone) else None,
            slow_ticks=SlowTicks(settings.slow_tick_ms),
        )
        self._thread: ZoneThread | None = None
        self.profiles = ProfileDesk(self._loop.call, lambda: self._profiled(world))

    def _profiled(self, world: WorldTies | None) -> dict[str, object]:
        """What a profile is put in front of: see `profile.probe.PIECES`."""
        found: dict[str, object] = {
            "phases": self._zone.phases,
            "measures": self._loop.measures,
            "zone": self._zone,
            "part": getattr(self._zone, "part", None),
        }
        return found if world is None else {**found, "outside": world.outside}

    def _connect(self, settings: Settings) -> tuple[WorldTies | None, int]:
        """What the zone is connected to besides players, and how often it is polled while idle (ns)."""
        return None, NS_PER_S

    def start(self, on_failure: Callable[[], None]) -> None:
        """Starts its thread; `on_failure` is called there if the zone fails."""
        self._thread = ZoneThread(self.name, self._loop, self._port, on_failure)
        self._thread.start()

    def stop(self) -> None:
        """Asks it to tell its clients and end."""
        if self._thread is not None:
            self._thread.stop()

    def join(self, timeout_s: float) -> bool:
        """Waits for its end and closes the socket; False if it did not end in time."""
        if self._thread is not None and not self._thread.join(timeout_s):
            return False
        self.profiles.abandon()
        self._port.close()
        return True

    @property
    def running(self) -> bool:
        """True while its loop runs."""
        return self._thread is not None and self._thread.running

    @property
    def failure(self) -> BaseException | None:
        """What made it fail, if it did."""
        return self._thread.failure if self._thread is not None else None

    def about(self) -> dict[str, object]:
        """As `HostedZone.about`."""
        return self._zone.about()

    def servers(self, local_host: str) -> tuple[Endpoint, ...]:
        """What a token names for a login that was made to `local_host` (a numeric address of this machine)."""
        return self._public or (new_endpoint(local_host, self.endpoint.port),)

    async def login(self, wishes: Sequence[Wish], local_host: str) -> tuple[list[bytes], tuple[str, ...]]:
        """A connect token for each, and the server addresses in them. Raises LoginRefused."""
        servers = self.servers(local_host)
        wall_s = self._clock.wall_s()
        return await self._tokens(wishes, servers, wall_s), tuple(str(server) for server in servers)

    async def _tokens(self, wishes: Sequence[Wish], servers: tuple[Endpoint, ...], wall_s: int) -> list[bytes]:
        return [self._zone.login(w.name, w.character, w.spawn, servers, wall_s) for w in wishes]

    async def status(self) -> dict[str, object]:
        """All numbers: the zone's, its loop's, its port's and the process's. Raises RuntimeError or TimeoutError."""
        return {
            **self._with_traffic(await self._ask(self._zone.status)),
            **self._loop.measures.status(),
            "cpu_seconds": round(process_cpu_ns() / 1e9, 3),
            "memory_bytes": resident_bytes(),
        }

    async def numbers(self) -> dict[str, object]:
        """As `status`, but for what is made out of histograms, and as the zone said it a moment ago: nobody waits for
        its thread. Raises TimeoutError if that is too long ago."""
        told = self._zone.told
        if told is None or self._clock.now_ns() - told[0] > _SILENT_NS:
            raise TimeoutError
        return self._with_traffic(told[1])

    def _with_traffic(self, found: dict[str, object]) -> dict[str, object]:
        traffic = self._port.traffic()
        measures = self._loop.measures
        drops = found.get("drops")
        at_socket = {
            DROP_REASONS[DROP_SEND_BLOCKED].name: traffic.num_send_blocked,
            DROP_REASONS[DROP_SOCKET_OVERFLOW].name: traffic.num_overflowed,
        }
        return {
            "zone": self.name,
            "udp": str(self.endpoint),
            **found,
            "ticks": measures.num_ticks,
            "ticks_skipped": measures.num_skipped_ticks,
            "ticks_slow": self._loop.slow_ticks.num_slow,
            "receive_budget_reached": measures.num_receive_cut,
            "datagrams_silenced": measures.num_silenced,
            "datagrams_received": traffic.num_received,
            "datagrams_sent": traffic.num_sent,
            "received_bytes": traffic.num_received_bytes,
            "sent_bytes": traffic.num_sent_bytes,
            "send_errors": traffic.num_send_errors,
            "receive_errors": traffic.num_receive_errors,
            "drops": {**drops, **at_socket} if isinstance(drops, dict) else at_socket,
            "thread_cpu_seconds": round(measures.cpu_ns / 1e9, 3),
        }

    def histograms(self) -> dict[str, Histogram]:
        """Copies, in nanoseconds: `lateness`, `gil_wait`, `turn` and every phase."""
        return self._loop.measures.histograms()

    async def digests(self, tick: int) -> Digests | None:
        """As `HostedZone.digests`. Raises RuntimeError or TimeoutError."""
        return await self._ask(lambda: self._zone.digests(tick))

    async def _ask(self, function: Callable[[], Answer]) -> Answer:
        return await asyncio.wait_for(asyncio.wrap_future(self._loop.call(function)), _ANSWER_S)
