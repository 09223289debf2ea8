"""The relay as a process: browsers' WebSockets on one side, a UDP port for each connection on the other.

Responsible for: the event loop, when what is decided happens, the directory beside it, and stopping.
Not here: what becomes of messages (`web/relay`, handed in), WebSockets (`runtime/browser_socket.py`), ports
(`runtime/relay_ports.py`), supervising (`runtime/supervisor.py`).

Invariants: it needs nothing of the gateway, and of the store nothing but the directory: with what it read last it goes
on. Its state is worth nothing: when it dies, browsers come back through the gateway with new tokens.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final, NamedTuple, Protocol

import uvloop

from myriad.cluster.requests import Directory
from myriad.core.errors import EXIT_OK
from myriad.core.metrics import Sample
from myriad.core.settings import Settings
from myriad.runtime.browser_socket import BrowserSettings, BrowserSocket, HttpAnswer, serve_browsers
from myriad.runtime.clocks import RealClock
from myriad.runtime.control import Channel, Message
from myriad.runtime.endpoints import open_tcp, resolve
from myriad.runtime.logs import configure_logs, process_is, written_in_background
from myriad.runtime.process_samples import COLLECTIONS, process_samples
from myriad.runtime.relay_ports import RowPorts
from myriad.runtime.stopping import StopRequest
from myriad.runtime.store_thread import OpenWorker, StoreThread
from myriad.runtime.world_host import BEAT_S, SWITCH_INTERVAL_S
from myriad.wire.datagram import Batch

_LOG = logging.getLogger(__name__)

STEP_S: Final = 0.05
_STORE_STOP_S: Final = 0.5
_FAREWELL_S: Final = 0.3
_MAX_DESCRIPTORS: Final = 65536
_LAST_PORT: Final = 65535


class RelayLike(Protocol):
    """Who decides; see `web/relay/relay.py`."""

    incoming: Batch

    def enter(self, wire: Any, peer: str | None, forwarded_for: str | None, now_ns: int) -> Any:
        """A browser's player, or None."""
        ...

    def leave(self, player: Any, now_ns: int) -> None:
        """It is gone."""
        ...

    def take(self, player: Any, message: memoryview, now_ns: int) -> None:
        """A message of its."""
        ...

    def refuse(self, player: Any, now_ns: int) -> None:
        """It sent what is no message."""
        ...

    def pause(self, player: Any, now_ns: int) -> None:
        """Its socket takes nothing more."""
        ...

    def resume(self, player: Any) -> None:
        """It does again."""
        ...

    def receive(self, count: int, now_ns: int) -> None:
        """Datagrams are in `incoming`."""
        ...

    def flush(self, now_ns: int) -> None:
        """Messages were taken."""
        ...

    def step(self, now_ns: int) -> None:
        """Time passed."""
        ...

    def stop(self, now_ns: int) -> None:
        """The end."""
        ...

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """It was read anew."""
        ...


class RelayParts(NamedTuple):
    """What a relay is made of, besides settings: the upper layers hand it in."""

    open_worker: OpenWorker
    make_relay: Callable[[RowPorts], RelayLike]
    rows: int
    """Connections that it takes."""
    max_message_bytes: int
    answer: Callable[[Any, str, Mapping[str, str], Callable[[], list[Sample]], int], HttpAnswer | None]
    """`(relay, path, headers, what the process tells of itself, now_ns)` of a request; None: a WebSocket may open."""
    numbers: Callable[[Any], Message]
    """What heartbeats say of a relay."""


def run_relay(settings: Settings, parts: RelayParts) -> int:
    """A relay that a person started; runs until stopped, returns the exit code. Raises StartupError."""
    configure_logs(settings.log_level, settings.log_format)
    process_is(host="relay")
    sock = open_relay(settings, settings.http_port)
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest())
        relay = RelayProcess(settings, parts, sock)
        stack.callback(relay.end)
        stop.ready()
        relay.run(stop, None, lambda: print(f"Myriad's relay is ready at {relay_address(settings, sock)}", flush=True))
    return EXIT_OK


def run_relay_process(channel: Channel, settings: Settings, parts: RelayParts, sock: socket.socket) -> int:
    """A relay as a child of a supervisor; ends when that says so or is gone."""
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest((signal.SIGTERM,)))
        relay = RelayProcess(settings, parts, sock)
        stack.callback(relay.end)
        stop.ready()
        relay.run(stop, channel)
    return EXIT_OK


def open_relay(settings: Settings, http_port: int) -> socket.socket:
    """The relay's bound socket, for a gateway at `http_port`. Raises StartupError."""
    after = http_port + 1 if settings.http_port and http_port < _LAST_PORT else 0
    return open_tcp(resolve(settings.bind), settings.relay_port or after)


def relay_address(settings: Settings, sock: socket.socket) -> str:
    """The URL at which this machine reaches a relay."""
    bound, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, str(bound))
    return f"{'wss' if settings.tls_certificate else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}/v1/relay"


class RelayProcess:
    """See above."""

    def __init__(self, settings: Settings, parts: RelayParts, sock: socket.socket) -> None:
        """`sock` is bound."""
        self._settings = settings
        self._parts = parts
        self._socket = sock
        self._clock = RealClock()
        self._store = StoreThread(parts.open_worker, self._clock, self._on_directory)
        self._ports = RowPorts(parts.rows)
        self._relay = parts.make_relay(self._ports)
        self._flush_is_due = False
        self._channel: Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    def run(self, stop: StopRequest, channel: Channel | None, on_ready: Callable[[], None] = lambda: None) -> None:
        """Until stopped, or until the channel's other end says so or is gone; `on_ready` once it listens."""
        COLLECTIONS.watch()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        _allow_descriptors()
        self._channel = channel
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(stop, on_ready))

    def end(self) -> None:
        """After `run`."""
        self._store.stop(_STORE_STOP_S)
        self._ports.close()
        self._socket.close()

    # What happens.

    def answer(self, path: str, headers: Mapping[str, str]) -> HttpAnswer | None:
        """As `browser_socket.Host`, like the next ones."""
        return self._parts.answer(self._relay, path, headers, self._samples, self._clock.now_ns())

    def _samples(self) -> list[Sample]:
        return [*process_samples(), *self._store.samples()]

    def entered(self, browser: BrowserSocket, peer: str | None, forwarded_for: str | None) -> Any:
        """A WebSocket opened."""
        return self._relay.enter(browser, peer, forwarded_for, self._clock.now_ns())

    def took(self, player: Any, message: memoryview | None) -> None:
        """A message came; the datagrams that follow from it leave together with those of others."""
        if message is None:
            self._relay.refuse(player, self._clock.now_ns())
            return
        self._relay.take(player, message, self._clock.now_ns())
        if not self._flush_is_due and self._loop is not None:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def paused(self, player: Any) -> None:
        """A browser is slow."""
        self._relay.pause(player, self._clock.now_ns())

    def resumed(self, player: Any) -> None:
        """It caught up."""
        self._relay.resume(player)

    def left(self, player: Any) -> None:
        """A WebSocket is gone."""
        self._relay.leave(player, self._clock.now_ns())

    def _flush(self) -> None:
        self._flush_is_due = False
        self._relay.flush(self._clock.now_ns())

    def _on_datagrams(self) -> None:
        relay, ports = self._relay, self._ports
        room = len(relay.incoming)
        num_ready = ports.find_ready()
        for first in range(0, num_ready, room):
            count = ports.receive(first, min(first + room, num_ready), relay.incoming)
            relay.receive(count, self._clock.now_ns())

    def _on_directory(self, directory: Directory, _asked_ns: int) -> None:
        """On the store's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._relay.set_directory(directory, self._clock.now_ns()))

    # The loop.

    async def _serve(self, stop: StopRequest, on_ready: Callable[[], None]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        settings = self._settings
        tls = (settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
        server = await serve_browsers(self, self._socket, BrowserSettings(self._parts.max_message_bytes, tls))
        self._store.start()
        loop.add_reader(self._ports.fileno(), self._on_datagrams)
        loop.add_reader(stop.fileno(), self._stopped.set)
        if self._channel is not None:
            loop.add_reader(self._channel.fileno(), self._hear, self._channel)
        on_ready()
        await self._step_until_stopped()
        loop.remove_reader(stop.fileno())
        if self._channel is not None:
            loop.remove_reader(self._channel.fileno())
        server.close()
        self._relay.stop(self._clock.now_ns())
        await asyncio.sleep(_FAREWELL_S)
        loop.remove_reader(self._ports.fileno())

    async def _step_until_stopped(self) -> None:
        limit_s = self._settings.max_seconds if self._channel is None else 0.0
        began_s = time.monotonic()
        next_beat_s = 0.0
        while not self._stopped.is_set():
            self._relay.step(self._clock.now_ns())
            now_s = time.monotonic()
            if self._channel is not None and now_s >= next_beat_s:
                next_beat_s = now_s + BEAT_S
                self._channel.send({"type": "beat", **self._parts.numbers(self._relay)})
            if limit_s and now_s - began_s > limit_s:
                return
            await asyncio.sleep(STEP_S)

    def _hear(self, channel: Channel) -> None:
        said_stop = any(message["type"] == "stop" for message, _ in channel.receive())
        if said_stop or channel.broken:
            self._stopped.set()


def _allow_descriptors() -> None:
    """As many as the system lets this process have: each browser takes two or three."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
