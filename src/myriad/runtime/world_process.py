"""`myriad world`: the process that becomes the supervisor of a world, and the loop that it then is.

Responsible for: everything that is done once before children are forked (sockets, warm kernels, maps), sockets of zones
for the life of the world, signals, and what is said on standard output.
Not here: what is decided (`runtime/supervisor.py`), forking (`runtime/fleet.py`).

Sockets are bound here and inherited, so that a zone or the gateway has its port again after its process died, and what
arrives meanwhile waits.

Invariants: this process starts no thread; it opens the store only to see that it can, before the first fork; the
address is printed only after `/healthz` answered 200.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from myriad.cluster.requests import ZoneKey
from myriad.cluster.scaling import ScalingLimits
from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.runtime.control import Channel
from myriad.runtime.endpoints import endpoint_of, open_tcp, open_udp, resolve
from myriad.runtime.fleet import Child, LocalFleet, Run
from myriad.runtime.gateway_process import (
    GatewayParts,
    address_of,
    is_healthy,
    run_gateway_process,
)
from myriad.runtime.logs import configure_logs
from myriad.runtime.memory import release_compiler
from myriad.runtime.relay_process import RelayParts, open_relay, run_relay_process
from myriad.runtime.supervisor import Launch, Plan, Supervisor
from myriad.runtime.warm import Progress
from myriad.runtime.world_host import HostedSocket, WorldParts, run_host_process
from myriad.runtime.world_lock import WorldLock

_STEP_S: Final = 0.1
_STATUS_S: Final = 1.0
_DEAF_S: Final = 1.0
EAGER_ZONES: Final = 40
"""A world of so many zones runs all of them from the start; a larger one those that somebody wants."""
_QUIET_START_S: Final = 1.0
_SPARE_HOSTS: Final = 4
"""Hosts beyond those that the world's zones need, for layers."""


class World(NamedTuple):
    """What a world is made of, besides settings: the upper layers and the game hand it in."""

    zones: tuple[str, ...]
    start_zones: tuple[str, ...]
    """Where new players start: they never sleep."""
    host: WorldParts
    gateway: GatewayParts
    warm_up: Callable[[Progress], None]
    """Compiles or loads all kernels, and whatever else children should find in memory."""
    check_store: Callable[[], None]
    """Raises StartupError or another MyriadError if the store cannot be used."""
    relay: RelayParts | None = None
    """None: no browser plays."""
    max_layers: int = 8
    """Layers of one zone, the first included, for which there are entity ids."""


def run_world_process(settings: Settings, world: World) -> int:
    """Runs a world until stopped; returns the exit code. Raises StartupError if it cannot start."""
    configure_logs(settings.log_level, settings.log_format)
    with ExitStack() as stack:
        lock = WorldLock(Path(settings.data))
        stack.callback(lock.close)
        gateway = stack.enter_context(open_tcp(resolve(settings.bind), settings.http_port))
        relay = None
        if world.relay is not None:
            relay = stack.enter_context(open_relay(settings, endpoint_of(gateway).port))
            settings = dataclasses.replace(settings, relay_port=endpoint_of(relay).port)
        sockets = ZoneSockets(settings)
        stack.callback(sockets.close)
        for name in world.zones:
            sockets.open(ZoneKey(name))
        world.check_store()
        world.warm_up(_progress())
        release_compiler()
        gc.collect()
        gc.freeze()  # what is here now is shared with all children
        return _Loop(settings, world, (gateway, relay), sockets, lock).run()


def eager_zones(zones: tuple[str, ...], start_zones: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a world's `zones` that run from the start: all of a small world, else where players begin."""
    return zones if len(zones) <= EAGER_ZONES else start_zones


def limits_of(settings: Settings, num_zones: int, num_eager: int, max_layers: int) -> ScalingLimits:
    """How far a world of `num_zones` may grow, `num_eager` of which run from the start; the game can tell `max_layers`
    of a zone apart. Raises StartupError."""
    needed = -(-num_zones // settings.zones_per_host)
    max_hosts = settings.max_hosts or needed + _SPARE_HOSTS
    if num_eager > max_hosts * settings.zones_per_host:
        raise StartupError(
            f"max_hosts: {num_eager} zones need more than {max_hosts} x {settings.zones_per_host} places"
        )
    return ScalingLimits(
        zones_per_host=settings.zones_per_host,
        max_hosts=max_hosts,
        max_layers=min(settings.max_layers, max_layers),
        cores=float(os.cpu_count() or 1),
        hibernate_after_s=settings.hibernate_after_s,
    )


class ZoneSockets:
    """The bound UDP sockets of all zones that ever ran."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bind = resolve(settings.bind)
        self._sockets: dict[ZoneKey, socket.socket] = {}

    def open(self, key: ZoneKey) -> socket.socket:
        """The zone's socket: the first zones have the ports from `udp_port_base` on, layers any."""
        if key not in self._sockets:
            base = self._settings.udp_port_base if key.layer == 0 else 0
            port = base + len(self._sockets) if base else 0
            self._sockets[key] = open_udp(self._bind, port, self._settings.receive_buffer_kib * 1024)
        return self._sockets[key]

    def take(self, keys: Sequence[ZoneKey]) -> dict[ZoneKey, socket.socket]:
        """In a child: the sockets of `keys`, its own from now on; it lets go of all others."""
        taken = {key: self._sockets.pop(key) for key in keys}
        self.close()
        return taken

    def close(self) -> None:
        """Lets go of all."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()

    @property
    def ports(self) -> list[int]:
        """Of all, in order."""
        return sorted(endpoint_of(sock).port for sock in self._sockets.values())


class _Loop:
    """The supervisor among sockets, signals and clocks."""

    def __init__(
        self,
        settings: Settings,
        world: World,
        http: tuple[socket.socket, socket.socket | None],
        sockets: ZoneSockets,
        lock: WorldLock,
    ) -> None:
        """`http`: the gateway's socket, and the relay's if there is one."""
        self._settings = settings
        self._world = world
        self._gateway, self._relay = http
        self._sockets = sockets
        self._lock = lock
        self._selector = selectors.PollSelector()  # nothing of it is shared with a child
        self._signals_in, self._signals_out = os.pipe()
        self._watched: dict[int, Child] = {}
        self._listening: dict[ZoneKey, int] = {}
        self._deaf_until_s: dict[ZoneKey, float] = {}
        self._began_s = time.monotonic()
        self._ready = False
        self._asked_to_stop = 0
        self._status_s = 0.0
        self._fleet = LocalFleet(self._let_go)
        self._supervisor = Supervisor(
            self._plan(),
            self._fleet,
            Launch(
                self._run_gateway,
                self._run_host,
                lambda key: sockets.open(key).fileno(),
                self._run_relay if self._relay is not None else None,
            ),
            self._began_s,
        )

    def run(self) -> int:
        """Until everything has stopped."""
        with self._signals_caught():
            self._supervisor.start(time.monotonic())
            try:
                while not self._supervisor.finished:
                    self._turn()
            except BaseException:
                self._supervisor.kill_all()
                raise
        return self._supervisor.exit_code

    def _turn(self) -> None:
        self._watch_children()
        self._watch_sleepers()
        supervisor = self._supervisor
        events = self._selector.select(_STEP_S)
        now_s = time.monotonic()
        for event, _ in events:
            if event.data == "signals":
                self._on_signals(now_s)
            elif isinstance(event.data, Child):
                self._hear(event.data, now_s)
            elif isinstance(event.data, ZoneKey):
                self._stop_listening(event.data)
                self._deaf_until_s[event.data] = now_s + _DEAF_S
                supervisor.want(event.data, now_s)
        for child, code in self._fleet.take_ended():
            self._hear(child, now_s)  # its last words
            self._forget(child)
            supervisor.child_ended(child, code, time.monotonic())
        supervisor.step(time.monotonic())
        self._tell(now_s)

    def _plan(self) -> Plan:
        settings = self._settings
        zones = tuple(ZoneKey(name) for name in self._world.zones)
        always = tuple(ZoneKey(name) for name in self._world.start_zones)
        eager = tuple(ZoneKey(name) for name in eager_zones(self._world.zones, self._world.start_zones))
        limits = limits_of(settings, len(zones), len(eager), self._world.max_layers)
        return Plan(zones, eager, always, limits, settings.watchdog_s, settings.max_players)

    # Children.

    def _run_gateway(self, channel: Channel) -> int:
        self._sockets.close()
        if self._relay is not None:
            self._relay.close()
        return run_gateway_process(channel, self._settings, self._world.gateway, self._gateway)

    def _run_relay(self, channel: Channel) -> int:
        self._sockets.close()
        self._gateway.close()
        assert self._world.relay is not None and self._relay is not None
        return run_relay_process(channel, self._settings, self._world.relay, self._relay)

    def _run_host(self, token: str, zones: Sequence[tuple[ZoneKey, str]]) -> Run:
        return partial(self._become_host, token=token, zones=zones)

    def _become_host(self, channel: Channel, token: str, zones: Sequence[tuple[ZoneKey, str]]) -> int:
        self._gateway.close()
        if self._relay is not None:
            self._relay.close()
        sockets = self._sockets.take([key for key, _ in zones])
        hosted = [HostedSocket(key, sockets[key], dead_host) for key, dead_host in zones]
        return run_host_process(channel, self._settings, self._world.host, token, hosted)

    def _let_go(self) -> None:
        self._lock.close()
        os.close(self._signals_in)
        os.close(self._signals_out)

    def _hear(self, child: Child, now_s: float) -> None:
        for message, _ in child.channel.receive():
            self._supervisor.heard(child, message, now_s)
        if child.channel.broken:
            self._forget(child)  # its end is told by `take_ended`

    # Descriptors.

    def _watch_children(self) -> None:
        for slot in self._supervisor.slots:
            child = slot.child
            if child is None or child.channel.broken:
                continue
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if child.channel.wants_to_write else 0)
            child.channel.flush()
            number = child.channel.fileno()
            if number not in self._watched:
                self._watched[number] = child
                self._selector.register(number, events, child)
            elif self._selector.get_key(number).events != events:
                self._selector.modify(number, events, child)

    def _forget(self, child: Child) -> None:
        for number, watched in list(self._watched.items()):
            if watched is child:
                self._selector.unregister(number)
                del self._watched[number]

    def _watch_sleepers(self) -> None:
        """A datagram for a zone that nobody runs wakes it."""
        asleep = set() if self._supervisor.stopping else self._supervisor.asleep
        for key in set(self._listening) - asleep:
            self._stop_listening(key)
        now_s = time.monotonic()
        for key in asleep - set(self._listening):
            if now_s < self._deaf_until_s.get(key, 0.0):  # it was told just now, and still cannot be woken
                continue
            self._listening[key] = self._sockets.open(key).fileno()
            self._selector.register(self._listening[key], selectors.EVENT_READ, key)

    def _stop_listening(self, key: ZoneKey) -> None:
        self._selector.unregister(self._listening.pop(key))

    # Signals.

    def _signals_caught(self) -> ExitStack:
        stack = ExitStack()
        os.set_blocking(self._signals_in, False)
        os.set_blocking(self._signals_out, False)
        self._selector.register(self._signals_in, selectors.EVENT_READ, "signals")
        before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        wakeup = signal.set_wakeup_fd(self._signals_out, warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, wakeup)
        for number, handler in before.items():
            stack.callback(signal.signal, number, handler)
        return stack

    def _on_signals(self, now_s: float) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self._signals_in, 4096):
                if number in {signal.SIGINT, signal.SIGTERM}:
                    self._ask_to_stop(now_s)

    def _ask_to_stop(self, now_s: float) -> None:
        self._asked_to_stop += 1
        if self._asked_to_stop == 1:
            print("stopping: players are told and everything is saved; once more to end at once", flush=True)
            self._supervisor.stop(now_s)
        else:
            self._supervisor.kill_all()

    # What is said.

    def _tell(self, now_s: float) -> None:
        supervisor = self._supervisor
        if supervisor.stopping:
            return
        limit_s = self._settings.max_seconds
        if limit_s and now_s - self._began_s > limit_s:
            supervisor.stop(now_s)
        if not self._ready and supervisor.running and is_healthy(self._settings, self._gateway):
            self._ready = True
            self._announce()
        gateway = supervisor.gateway.child
        if gateway is None:
            return
        if news := supervisor.happened.news(gateway.pid):
            self._status_s = now_s
            gateway.channel.send({"type": "news", "happened": news})
        if now_s >= self._status_s:
            self._status_s = now_s + _STATUS_S
            gateway.channel.send(supervisor.status())

    def _announce(self) -> None:
        ports, hosts = self._sockets.ports, sum(1 for slot in self._supervisor.hosts if slot.child is not None)
        print(
            f"{len(ports)} zones in {hosts} process{'es' if hosts != 1 else ''} take players on UDP ports "
            f"{ports[0]} to {ports[-1]}",
            flush=True,
        )
        print(f"Myriad is ready at {address_of(self._settings, self._gateway)}", flush=True)


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


def _progress() -> Progress:
    """Says which kernels are compiled, once it takes a while."""
    start_s = time.monotonic()

    def progress(name: str, done: int, total: int) -> None:
        passed_s = time.monotonic() - start_s
        if passed_s > _QUIET_START_S:
            print(f"kernels: {done + 1}/{total} {name} ({passed_s:.0f} s)", flush=True)
            sys.stdout.flush()

    return progress
