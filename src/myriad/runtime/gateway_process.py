"""The gateway as a process: its HTTP, and what its application needs of the world.

Responsible for: the store, bus and audit threads beside the event loop, the newest directory, the wants that go on to
a supervisor, and stopping.
Not here: the application (`web/gateway`, handed in), the store (`storage/`), supervising (`runtime/supervisor.py`).

Invariants: nothing on the event loop waits for the store but by `await`; running players do not notice when this
process dies, and it needs nothing but the store to come back.
"""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import itertools
import json
import logging
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

from myriad.cluster.requests import Answer, AuditReport, Directory, Request, TakeWanted, Wanted
from myriad.core.errors import EXIT_OK, StartupError
from myriad.core.metrics import Sample
from myriad.core.settings import Settings
from myriad.runtime.audit_thread import AuditorLike, AuditThread
from myriad.runtime.bus_thread import BusLike, BusThread
from myriad.runtime.clocks import RealClock
from myriad.runtime.control import Channel, Message, SupervisorSilent
from myriad.runtime.endpoints import endpoint_of, is_loopback, open_tcp, resolve
from myriad.runtime.front_doors import ask_front_door
from myriad.runtime.http_server import AsgiApplication, HttpServer
from myriad.runtime.logs import configure_logs, process_is, written_in_background
from myriad.runtime.main_thread import MainThread
from myriad.runtime.process_samples import COLLECTIONS, process_samples
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.stopping import StopRequest
from myriad.runtime.store_thread import OpenWorker, StoreThread
from myriad.runtime.world_host import BEAT_S, SWITCH_INTERVAL_S

_LOG = logging.getLogger(__name__)

_HTTP_STOP_S: Final = 0.8
_STORE_STOP_S: Final = 1.0
_BUS_STOP_S: Final = 0.7
_COMMAND_S: Final = 3.0
_HEALTH_TRIES: Final = 100
_HEALTH_REST_S: Final = 0.1


class GatewayTies:
    """What the application is given. Its methods are for the event loop, unless said otherwise."""

    def __init__(self, settings: Settings, parts: GatewayParts) -> None:
        self.settings = settings
        self.clock = RealClock()
        self.directory: Directory | None = None
        """The newest, None until the store was read."""
        self.directory_asked_ns = 0
        """When that was asked for, by `clock`."""
        self.closing = False
        """True once nobody is to be let in any more: the world stops."""
        self.fleet: Message = {}
        """What the supervisor says about its processes; empty without one."""
        self.store = StoreThread(parts.open_worker, self.clock, self._on_directory)
        self.bus = BusThread(parts.open_bus(self.store), self._on_post)
        self.audits = AuditThread(parts.open_auditor, self.clock, self._on_audit)
        self.audit_listeners: list[Callable[[AuditReport, int], None]] = []
        """Called on the audit's thread with each report and the time."""
        self.post_listeners: list[Callable[[str, bytes], None]] = []
        """Called on the bus's thread with topic and body of each message."""
        self.news_listeners: list[Callable[[list[Message]], None]] = []
        """Called on the main thread with what the supervisor says has happened; `at` is Unix time."""
        self.up: Up | None = None
        """The way to the supervisor, None if a person started this process."""
        self.at_end: list[Callable[[], None]] = []
        """Called once HTTP has ended."""

    async def execute(self, requests: Sequence[Request]) -> list[Answer]:
        """The store's answers. Raises StoreDown or TimeoutError."""
        return await self.store.answers(requests)

    def publish(self, topic: str, body: bytes) -> None:
        """To every zone; from any thread."""
        self.bus.publish(topic, body)

    @property
    def supervised(self) -> bool:
        """True if a supervisor started this process."""
        return self.up is not None

    async def command(self, message: Message) -> Message:
        """What the supervisor says to it: {ok, text}. Raises SupervisorSilent."""
        if self.up is None:
            raise SupervisorSilent("there is no supervisor")
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.up.ask(message)), _COMMAND_S)
        except TimeoutError:
            raise SupervisorSilent("the supervisor does not answer") from None

    def ask_front_door(self, address: str, path: str) -> dict[str, Any]:
        """What a host answers at `path`; waits, so not on the event loop. Raises OSError."""
        return ask_front_door(address, path, self.store.secret)

    def samples(self) -> list[Sample]:
        """For metrics, from any thread: the process, its store and its bus."""
        return [*process_samples(), *self.store.samples(), *self.bus.samples()]

    def _on_post(self, topic: str, body: bytes) -> None:
        for listener in self.post_listeners:
            listener(topic, body)

    def _on_audit(self, report: AuditReport) -> None:
        for listener in self.audit_listeners:
            listener(report, self.clock.now_ns())

    def _on_directory(self, directory: Directory, asked_ns: int) -> None:
        self.directory, self.directory_asked_ns = directory, asked_ns


class Up:
    """Questions to a supervisor, and their answers."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        """`send` may be called from any thread."""
        self._send = send
        self._open: dict[int, Future[Message]] = {}
        self._numbers = itertools.count(1)

    def ask(self, message: Message) -> Future[Message]:
        """The answer to come; from any thread."""
        number = next(self._numbers)
        future = self._open[number] = Future()
        future.add_done_callback(lambda _: self._open.pop(number, None))
        self._send({**message, "number": number})
        return future

    def answered(self, message: Message) -> None:
        """The supervisor answers; one that comes too late is not heard."""
        future = self._open.get(message["number"])
        if future is not None and future.set_running_or_notify_cancel():
            future.set_result(message)


class GatewayParts(NamedTuple):
    """What a gateway is made of, besides settings."""

    open_worker: OpenWorker
    open_bus: Callable[[StoreThread], BusLike]
    open_auditor: Callable[[], AuditorLike]
    make_application: Callable[[GatewayTies], AsgiApplication]


def run_gateway(settings: Settings, parts: GatewayParts) -> int:
    """A gateway that a person started; runs until stopped, returns the exit code. Raises StartupError."""
    configure_logs(settings.log_level, settings.log_format)
    process_is(host="gateway")
    sock = open_tcp(resolve(settings.bind), settings.http_port)
    settings = dataclasses.replace(settings, relay_port=settings.relay_port or endpoint_of(sock).port + 1)
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest())
        gateway = _Gateway(settings, parts, sock)
        stack.callback(gateway.end)
        gateway.start()
        wait_until_healthy(settings, sock)
        stop.ready()
        print(f"Myriad's gateway is ready at {address_of(settings, sock)}", flush=True)
        stop.wait(settings.max_seconds or None)
    return EXIT_OK


def run_gateway_process(channel: Channel, settings: Settings, parts: GatewayParts, sock: socket.socket) -> int:
    """A gateway as a child of a supervisor; ends when that says so or is gone."""
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest((signal.SIGTERM,)))
        gateway = _Gateway(settings, parts, sock)
        stack.callback(gateway.end)
        gateway.start()
        stop.ready()
        gateway.serve(channel, stop)
    return EXIT_OK


class _Gateway:
    """The process."""

    def __init__(self, settings: Settings, parts: GatewayParts, sock: socket.socket) -> None:
        self._ties = GatewayTies(settings, parts)
        self._main = MainThread()
        self._collection = QuietCollection()
        tls = (settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
        self._http = HttpServer(_Edge(self._ties, parts.make_application(self._ties)), sock, tls)

    def start(self) -> None:
        """All threads."""
        COLLECTIONS.watch()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._ties.store.start()
        self._ties.bus.start()
        self._ties.audits.start()
        self._http.start()

    def end(self) -> None:
        """All threads."""
        self._ties.closing = True
        self._http.stop(_HTTP_STOP_S)
        for function in self._ties.at_end:
            function()
        self._ties.audits.stop(_BUS_STOP_S)
        self._ties.bus.stop(_BUS_STOP_S)
        self._ties.store.stop(_STORE_STOP_S)

    def serve(self, channel: Channel, stop: StopRequest) -> None:
        """Heartbeats and wants go up, the state of the fleet comes down."""
        self._ties.up = Up(lambda message: self._main.call(lambda: channel.send(message)))
        next_beat_s = 0.0
        while True:
            for one in self._main.wait(max(next_beat_s - time.monotonic(), 0.0), (channel, stop)):
                if one is stop or not self._obey(channel):
                    return
            self._main.run_waiting()
            if time.monotonic() < next_beat_s:
                continue
            next_beat_s = time.monotonic() + BEAT_S
            channel.send({"type": "beat"})
            self._ties.store.submit(TakeWanted(), lambda answer: self._main.call(lambda: _pass_on(channel, answer)))

    def _obey(self, channel: Channel) -> bool:
        """False if it is to end."""
        for message, _ in channel.receive():
            if message["type"] == "stop":
                return False
            if message["type"] == "drain":
                self._ties.closing = True
            elif message["type"] == "fleet":
                self._ties.fleet = message
            elif message["type"] == "done" and self._ties.up is not None:
                self._ties.up.answered(message)
            elif message["type"] == "news":
                self._tell(message["happened"])
        return not channel.broken

    def _tell(self, happened: list[Message]) -> None:
        """Passes news on; the supervisor's times are of this machine's monotonic clock."""
        began_s = time.time() - time.monotonic()
        news = [{**message, "at": began_s + message["at_s"]} for message in happened]
        for listener in self._ties.news_listeners:
            listener(news)


class _Edge:
    """What this process adds around the application: nobody is let in while the world stops, and `GET /v1/fleet` tells
    programs of this machine what the supervisor says about its processes and decisions."""

    def __init__(self, ties: GatewayTies, application: AsgiApplication) -> None:
        self._ties = ties
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As any ASGI application."""
        if scope["type"] == "http" and self._ties.closing and scope["method"] == "POST":
            await _answer(send, 503, {"error": {"code": "stopping", "message": "the world is stopping"}})
        elif scope["type"] == "http" and scope["path"] == "/v1/fleet" and self._is_local(scope):
            await _answer(send, 200, {key: value for key, value in self._ties.fleet.items() if key != "type"})
        else:
            await self._application(scope, receive, send)

    def _is_local(self, scope: Any) -> bool:
        client = scope["client"]
        return bool(client) and is_loopback(client[0]) and not self._ties.settings.behind_proxy


async def _answer(send: Any, status: int, body: object) -> None:
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _pass_on(channel: Channel, answer: Answer | None) -> None:
    if isinstance(answer, Wanted) and answer.keys:
        channel.send({"type": "wanted", "zones": [list(key) for key in answer.keys]})


def address_of(settings: Settings, sock: socket.socket) -> str:
    """The URL at which this machine reaches a gateway."""
    bound, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, str(bound))
    return f"{'https' if settings.tls_certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def is_healthy(settings: Settings, sock: socket.socket, timeout_s: float = 1.0) -> bool:
    """Whether `/healthz` answers 200."""
    bound, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, str(bound))
    connection: http.client.HTTPConnection
    if settings.tls_certificate:
        unverified = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=unverified)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until_healthy(settings: Settings, sock: socket.socket) -> None:
    """Raises StartupError if it takes too long."""
    for _ in range(_HEALTH_TRIES):
        if is_healthy(settings, sock):
            return
        time.sleep(_HEALTH_REST_S)
    raise StartupError(f"the gateway at {address_of(settings, sock)} does not become healthy")
