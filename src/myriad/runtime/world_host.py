"""A host of a world: one process that runs zones in threads, with one store thread, one bus thread and a front door.

Responsible for: which zones it runs, at whose word, and the order in which its parts start and end.
Not here: one zone's life (`runtime/tenancy.py`), starting and watching hosts (`runtime/supervisor.py`), hosts of zones
that stand alone (`runtime/host.py`).

Two kinds of master: a supervisor at the other end of a channel, or a person (`myriad server`), who runs one zone and
stops it by a signal. Either way stopping means draining: players are told, everything is written, leases are released.

Invariant: the store thread ends after the zones, so that everything they asked for is carried out.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from myriad.bus import KEPT_TOPICS
from myriad.cluster.requests import Directory, HostId, LeaseRefused, ZoneKey
from myriad.core.clock import NS_PER_S
from myriad.core.errors import EXIT_OK
from myriad.core.settings import Settings
from myriad.runtime.bus_thread import BusLike, BusThread
from myriad.runtime.clocks import RealClock
from myriad.runtime.control import Channel, Message
from myriad.runtime.endpoints import open_tcp, reachable_endpoint, resolve
from myriad.runtime.guests import SpawnPoint
from myriad.runtime.host import Host, MakeApplication
from myriad.runtime.host_identity import host_id
from myriad.runtime.hosted_zone import MakeWorldZone
from myriad.runtime.http_server import HttpServer
from myriad.runtime.logs import written_in_background
from myriad.runtime.main_thread import MainThread
from myriad.runtime.ops_key import ops_key
from myriad.runtime.process_samples import COLLECTIONS
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.running_world_zone import RunningWorldZone
from myriad.runtime.stopping import StopRequest
from myriad.runtime.store_thread import OpenWorker, StoreThread
from myriad.runtime.tenancy import ENDED, HostTies, Tenancy

SWITCH_INTERVAL_S: Final = 0.0005
BEAT_S: Final = 0.25
DRAIN_S: Final = 4.0
_HTTP_STOP_S: Final = 0.8
_STORE_STOP_S: Final = 3.0
_BUS_STOP_S: Final = 1.5
_STEP_S: Final = 0.25
_MAX_KEPT: Final = 1024


class WorldParts(NamedTuple):
    """What a host is made of, besides settings: the upper layers and the game hand it in."""

    make_zone: MakeWorldZone
    spawn_point: SpawnPoint
    open_worker: OpenWorker
    open_bus: Callable[[StoreThread], BusLike]
    make_application: MakeApplication


class HostedSocket(NamedTuple):
    """A zone to run, with its bound UDP socket."""

    key: ZoneKey
    socket: socket.socket
    dead_host: str = ""


class WorldHost:
    """One process; made, run and ended by its main thread."""

    def __init__(self, settings: Settings, parts: WorldParts, identity: HostId, http: socket.socket) -> None:
        """`http` is bound: the front door's, closed at the end."""
        self.settings = settings
        self.identity = identity
        self.tenancies: dict[ZoneKey, Tenancy] = {}
        self.view = Host(settings)
        """What the front door sees."""
        self._sockets: dict[ZoneKey, socket.socket] = {}
        self._main = MainThread()
        self._clock = RealClock()
        self._store = StoreThread(parts.open_worker, self._clock, self._on_directory)
        self._bus = BusThread(parts.open_bus(self._store), self._on_post)
        self._running: tuple[RunningWorldZone, ...] = ()
        self._kept: deque[tuple[str, bytes]] = deque(maxlen=_MAX_KEPT)
        """What the bus brought that a zone which starts later has to hear too."""
        self._collection = QuietCollection()
        self.view.ops_key = lambda: ops_key(self._store.secret)
        self.view.sources += [self._store.samples, self._bus.samples]
        self._make_application = parts.make_application
        self._http_socket = http
        self._http: HttpServer | None = None
        self._stopping = False
        self._ties = HostTies(
            settings=settings,
            make_zone=parts.make_zone,
            spawn_point=parts.spawn_point,
            host=identity,
            front_door=reachable_endpoint(http),
            store=self._store,
            bus=self._bus,
            collection=self._collection,
            clock=self._clock,
            on_main=self._main.call,
            drain_s=DRAIN_S,
        )

    def open_front_door(self) -> None:
        """HTTP; it answers 503 until zones run."""
        self._http = HttpServer(self._make_application(self.view), self._http_socket)
        self._http.start()

    def start(self) -> None:
        """Store and bus, once kernels are compiled; zones come by `run_zone`."""
        COLLECTIONS.watch()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._collection.begin(self._clock.now_ns())
        self._store.start()
        self._bus.start()

    def end(self) -> None:
        """After `serve`: everything that is left."""
        self.view.set_phase(False, "stopping")
        for tenancy in self.tenancies.values():
            tenancy.abandon()
        self._bus.stop(_BUS_STOP_S)
        self._store.stop(_STORE_STOP_S)
        if self._http is not None:
            self._http.stop(_HTTP_STOP_S)
        self._collection.end()
        for sock in self._sockets.values():
            sock.close()

    def run_zone(self, hosted: HostedSocket) -> None:
        """Runs a zone, its socket being the host's from now on; one that runs already stays as it is."""
        before = self.tenancies.get(hosted.key)
        if before is not None and before.state != ENDED:
            hosted.socket.close()
            return
        self._forget(hosted.key)
        self._sockets[hosted.key] = hosted.socket
        tenancy = self.tenancies[hosted.key] = Tenancy(hosted.key, hosted.socket, self._ties, hosted.dead_host)
        tenancy.begin()

    def end_zone(self, key: ZoneKey) -> None:
        """Drains a zone and gives it back."""
        if key in self.tenancies:
            self.tenancies[key].drain()

    def restart_zone(self, key: ZoneKey) -> None:
        """Starts a zone anew; its players come back by themselves."""
        if key in self.tenancies and not self._stopping:
            self.tenancies[key].restart()

    def stop(self) -> None:
        """Drains all zones; `serve` then returns."""
        if not self._stopping:
            self._stopping = True
            self.view.set_phase(False, "stopping")
            for tenancy in self.tenancies.values():
                tenancy.drain()

    def serve(self, master: Master) -> None:
        """Until stopped and drained; `master` is asked meanwhile."""
        next_beat_s = 0.0
        while not (self._stopping and all(t.state == ENDED for t in self.tenancies.values())):
            for _ in self._main.wait(self._rest_s(), master.listens_to):
                master.hear(self)
            self._main.run_waiting()
            for tenancy in list(self.tenancies.values()):
                tenancy.step()
            changed = self._show()
            now_s = self._clock.now_ns() / NS_PER_S
            if changed or now_s >= next_beat_s:  # somebody waits for a zone that begins to run
                next_beat_s = now_s + BEAT_S
                master.beat(self)
            self._drop_ended(master)

    @property
    def front_door(self) -> str:
        """host:port of its HTTP."""
        return self._ties.front_door

    def holders(self) -> list[tuple[ZoneKey, LeaseRefused]]:
        """Zones that another host has."""
        return [(key, tenancy.holder) for key, tenancy in self.tenancies.items() if tenancy.holder is not None]

    def _rest_s(self) -> float:
        now_s = self._clock.now_ns() / NS_PER_S
        due = [tenancy.next_s - now_s for tenancy in self.tenancies.values() if tenancy.next_s is not None]
        return min(max(min(due, default=_STEP_S), 0.0), _STEP_S)

    def _show(self) -> bool:
        """The front door sees those that run. True if these are others than before."""
        if not self._stopping:
            waiting = [str(key) for key, tenancy in self.tenancies.items() if tenancy.zone is None]
            text = f"waiting for the lease of {', '.join(waiting)}" if waiting else "ready"
            self.view.set_phase(len(waiting) < max(len(self.tenancies), 1), text)
        before = self._running
        self._running = tuple(t.zone for t in self.tenancies.values() if t.zone is not None)
        if self._running == before:
            return False
        self.view.zones = {zone.name: zone for zone in self._running}
        for zone in set(self._running) - set(before):
            for topic, body in list(self._kept):  # what is heard twice counts once
                self._tell(zone, topic, body)
        return True

    def _drop_ended(self, master: Master) -> None:
        for key, tenancy in list(self.tenancies.items()):
            if tenancy.state == ENDED:
                self._forget(key)
                master.ended(key)

    def _forget(self, key: ZoneKey) -> None:
        self.tenancies.pop(key, None)
        sock = self._sockets.pop(key, None)
        if sock is not None:
            sock.close()

    # On other threads.

    def _on_directory(self, directory: Directory, asked_ns: int) -> None:
        for zone in self._running:
            zone.set_directory(directory, asked_ns)

    def _on_post(self, topic: str, body: bytes) -> None:
        if topic in KEPT_TOPICS:
            self._kept.append((topic, body))
        for zone in self._running:
            self._tell(zone, topic, body)

    @staticmethod
    def _tell(zone: RunningWorldZone, topic: str, body: bytes) -> None:
        zone.post(lambda hosted: hosted.hear(topic, body))


def run_host_process(
    channel: Channel, settings: Settings, parts: WorldParts, token: str, zones: Sequence[HostedSocket]
) -> int:
    """A host as a child of a supervisor: runs `zones` and what else it is told, until the supervisor says stop or is
    gone; returns the exit code. `token` is the random part of its name."""
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest((signal.SIGTERM,)))
        host = WorldHost(settings, parts, host_id(token), open_tcp(resolve(settings.bind), 0))
        stack.callback(host.end)
        host.start()
        for hosted in zones:
            host.run_zone(hosted)
        host.open_front_door()
        stop.ready()
        host.serve(Supervised(channel, stop))
    return EXIT_OK


class Master:
    """Who tells a host what to do. This one says nothing."""

    listens_to: tuple[StopRequest | Channel, ...] = ()

    def hear(self, host: WorldHost) -> None:
        """Something of `listens_to` can be read."""

    def beat(self, host: WorldHost) -> None:
        """Called about four times a second, and when a zone begins to run or ends."""

    def ended(self, key: ZoneKey) -> None:
        """A zone was drained and given back."""


class Supervised(Master):
    """A supervisor at the other end of a channel; without it the host stops."""

    def __init__(self, channel: Channel, stop: StopRequest) -> None:
        self._channel = channel
        self._stop = stop
        self.listens_to = (channel, stop)

    def hear(self, host: WorldHost) -> None:
        """Commands, the end of the supervisor, a signal."""
        for message, descriptor in self._channel.receive():
            self._obey(host, message, descriptor)
        if self._channel.broken or self._stop.wait(0):
            self.listens_to = ()
            host.stop()

    def beat(self, host: WorldHost) -> None:
        """How each zone is."""
        zones = [_beat_of(tenancy) for tenancy in host.tenancies.values()]
        self._channel.send({"type": "beat", "zones": zones, "front_door": host.front_door})

    def ended(self, key: ZoneKey) -> None:
        """Tells the supervisor."""
        self._channel.send({"type": "ended", "zone": key.zone, "layer": key.layer})

    @staticmethod
    def _obey(host: WorldHost, message: Message, descriptor: int | None) -> None:
        if message["type"] == "stop":
            host.stop()
            return
        key = ZoneKey(message["zone"], message["layer"])
        if message["type"] == "run" and descriptor is not None:
            sock = socket.socket(fileno=descriptor)
            sock.setblocking(False)  # Python takes what it did not open for blocking, and would make a duplicate so
            host.run_zone(HostedSocket(key, sock, message.get("dead_host", "")))
        elif message["type"] == "end":
            host.end_zone(key)
        elif message["type"] == "restart":
            host.restart_zone(key)


def _beat_of(tenancy: Tenancy) -> Message:
    return {
        "zone": tenancy.key.zone,
        "layer": tenancy.key.layer,
        "state": tenancy.state,
        "epoch": tenancy.epoch,
        "working_s": round(tenancy.working_s, 3),
        "load": tenancy.load,
    }
