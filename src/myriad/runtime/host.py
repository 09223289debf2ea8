"""A host: one process that runs zones in threads, with an HTTP server beside them.

Responsible for: the order of start and stop, what is said on standard output, and exit codes.
Not here: what runs (zones and the HTTP application are handed in), one zone (`runtime/hosted_zone.py`).

Start: sockets first, so that a taken port is known at once; then HTTP, which answers 503; kernels; zones; ready.
Stop: clients are told, then HTTP ends; two seconds at most.

Invariant: the address is printed only after `/healthz` answered 200 over HTTP.
"""

from __future__ import annotations

import http.client
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from myriad.cluster.requests import ZoneKey
from myriad.core.errors import EXIT_FAILED, EXIT_OK, StartupError
from myriad.core.log_lines import Lines
from myriad.core.metrics import Sample
from myriad.core.settings import Settings
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import is_loopback, open_pair, open_tcp, open_udp, resolve
from myriad.runtime.hosted_zone import MakeZone, RunningZone
from myriad.runtime.http_server import AsgiApplication, HttpServer
from myriad.runtime.logs import configure_logs, written_in_background
from myriad.runtime.memory import release_compiler
from myriad.runtime.process_samples import COLLECTIONS, process_samples
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.stopping import StopRequest
from myriad.runtime.warm import Progress, warm

_LOG = Lines(__name__)
_SWITCH_INTERVAL_S = 0.0005  # a zone that wakes must not wait 5 ms for a thread that answers HTTP
_QUIET_START_S = 1.0
_ZONE_STOP_S = 1.0
_HTTP_STOP_S = 0.8
_HEALTH_TRIES = 50


class Readiness(NamedTuple):
    """Whether a player can join, and the sentence that says so."""

    ready: bool
    text: str


class Host:
    """What a front door sees of the process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bind = resolve(settings.bind)
        self.zones: Mapping[str, RunningZone] = {}
        """By name, in the order of their ports; empty until they run."""
        self.ops_key: Callable[[], str] = str
        """Whoever brings it is told what operators see; "": nobody is."""
        self.sources: list[Callable[[], Iterable[Sample]]] = [process_samples]
        """What metrics show besides zones."""
        self._phase = Readiness(False, "starting")

    @property
    def allow_spawn_choice(self) -> bool:
        """True if a login may name its spawn point."""
        choice = self.settings.allow_spawn_choice
        return choice == "on" or (choice == "auto" and is_loopback(self.bind))

    def samples(self) -> list[Sample]:
        """For metrics, from any thread: what is not about one zone."""
        return [sample for source in self.sources for sample in source()]

    @property
    def readiness(self) -> Readiness:
        """Not ready while starting and stopping, and once a zone has failed."""
        failed = [zone.name for zone in self.zones.values() if zone.failure is not None]
        return Readiness(False, f"{', '.join(failed)} failed") if failed else self._phase

    def set_phase(self, ready: bool, text: str) -> None:
        """From the main thread."""
        self._phase = Readiness(ready, text)


MakeApplication = Callable[[Host], AsgiApplication]
"""Builds the ASGI application; imported and called only after the sockets are bound."""

Warm = Callable[[Progress], None]


class Listeners(NamedTuple):
    """The bound sockets of a host."""

    http: socket.socket
    zones: tuple[tuple[str, socket.socket], ...]


def run_server(
    settings: Settings, *, make_zone: MakeZone, make_application: MakeApplication, warm_up: Warm = warm
) -> int:
    """Runs the zone `settings.zone`, UDP and HTTP on the same port number, until stopped; returns the exit code.

    Raises StartupError if it cannot start.
    """
    host = Host(settings)
    udp, tcp = open_pair(host.bind, settings.port, settings.receive_buffer_kib * 1024)
    return _run(host, Listeners(tcp, ((settings.zone, udp),)), make_zone, make_application, warm_up)


def run_world(
    settings: Settings,
    zone_names: Sequence[str],
    *,
    make_zone: MakeZone,
    make_application: MakeApplication,
    warm_up: Warm = warm,
) -> int:
    """Runs several zones, HTTP on `settings.http_port`, UDP from `settings.udp_port_base` on; returns the exit code.

    Raises StartupError if it cannot start.
    """
    host = Host(settings)
    tcp = open_tcp(host.bind, settings.http_port)
    base = settings.udp_port_base
    zones = tuple(
        (name, open_udp(host.bind, base + i if base else 0, settings.receive_buffer_kib * 1024))
        for i, name in enumerate(zone_names)
    )
    return _run(host, Listeners(tcp, zones), make_zone, make_application, warm_up)


def _run(
    host: Host, listeners: Listeners, make_zone: MakeZone, make_application: MakeApplication, warm_up: Warm
) -> int:
    configure_logs(host.settings.log_level, host.settings.log_format)
    COLLECTIONS.watch()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    collection = QuietCollection()
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest())
        stack.callback(collection.end)
        server = HttpServer(make_application(host), listeners.http)
        stack.callback(server.stop, _HTTP_STOP_S)
        server.start()
        warm_up(progress_of(host))
        host.set_phase(False, "loading zones")
        zones = {
            name: RunningZone(ZoneKey(name), sock, host.settings, make_zone, collection)
            for name, sock in listeners.zones
        }
        release_compiler()
        collection.begin(RealClock().now_ns())
        stack.callback(_stop_zones, host, zones)
        stop.ready()
        for zone in zones.values():
            zone.start(stop.ask)
        host.zones = zones
        host.set_phase(True, "ready")
        announce(host, listeners.http)
        stop.wait(host.settings.max_seconds or None)
        failed = [zone.name for zone in zones.values() if zone.failure is not None]
    if failed:
        _LOG.error("stopped, because of %s", ", ".join(failed))
    return EXIT_FAILED if failed else EXIT_OK


def progress_of(host: Host) -> Progress:
    """Says which kernels are compiled: over HTTP always, on standard output once it takes a while."""
    start_s = time.monotonic()

    def progress(name: str, done: int, total: int) -> None:
        text = f"kernels: {done + 1}/{total} {name}"
        host.set_phase(False, text)
        passed_s = time.monotonic() - start_s
        if passed_s > _QUIET_START_S:
            print(f"{text} ({passed_s:.0f} s)", flush=True)

    return progress


def announce(host: Host, http_socket: socket.socket) -> None:
    """Prints the address after a look at `/healthz` from outside. Raises StartupError if it does not answer 200."""
    bound, port = http_socket.getsockname()[:2]
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, str(bound))
    for _ in range(_HEALTH_TRIES):
        connection = http.client.HTTPConnection(address, port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                break
        except OSError:  # the server's thread is not listening yet
            time.sleep(0.05)
        finally:
            connection.close()
        if not host.readiness.ready:
            raise StartupError(host.readiness.text)
    else:
        raise StartupError(f"the HTTP server on port {port} does not answer")
    for zone in host.zones.values():
        print(f"{zone.name} takes players on UDP {zone.endpoint}", flush=True)
    shown = f"[{address}]" if ":" in address else address
    print(f"Myriad is ready at http://{shown}:{port}", flush=True)


def _stop_zones(host: Host, zones: dict[str, RunningZone]) -> None:
    host.set_phase(False, "stopping")
    for zone in zones.values():
        zone.stop()
    end_s = time.monotonic() + _ZONE_STOP_S
    for zone in zones.values():
        if not zone.join(max(end_s - time.monotonic(), 0)):
            _LOG.error("%s did not stop in time", zone.name, zone=zone.key.zone, layer=zone.key.layer)
