"""One zone of a world in a process that a person started: `myriad server`.

Responsible for: the order of start and stop, what is said on standard output, exit codes, and giving up when another
host has the zone.
Not here: what runs (`runtime/world_host.py`).

Invariant: the address is printed only after `/healthz` answered 200 over HTTP, and so not before the lease is granted.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack

from myriad.cluster.requests import LeaseRefused, ZoneKey
from myriad.core.clock import NS_PER_S
from myriad.core.errors import EXIT_OK, StartupError
from myriad.core.settings import Settings
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import open_pair, resolve
from myriad.runtime.host import Warm, announce, progress_of
from myriad.runtime.host_identity import host_id, new_token
from myriad.runtime.logs import configure_logs, process_is, written_in_background
from myriad.runtime.memory import release_compiler
from myriad.runtime.stopping import StopRequest
from myriad.runtime.tenancy import describe
from myriad.runtime.warm import warm
from myriad.runtime.world_host import HostedSocket, Master, WorldHost, WorldParts


def run_world_server(settings: Settings, parts: WorldParts, warm_up: Warm = warm) -> int:
    """Runs layer `settings.layer` of `settings.zone` in the world of `settings.data` or `settings.store`, UDP and HTTP
    on the same port number, until stopped; returns the exit code. Raises StartupError if it cannot start."""
    configure_logs(settings.log_level, settings.log_format)
    udp, tcp = open_pair(resolve(settings.bind), settings.port, settings.receive_buffer_kib * 1024)
    key = ZoneKey(settings.zone, settings.layer)
    with ExitStack() as stack:
        stack.enter_context(written_in_background())
        stop = stack.enter_context(StopRequest())
        identity = host_id(new_token())
        process_is(host=identity.name)
        host = WorldHost(settings, parts, identity, tcp)
        stack.callback(host.end)
        host.open_front_door()
        warm_up(progress_of(host.view))
        release_compiler()
        host.start()
        stop.ready()
        host.run_zone(HostedSocket(key, udp))
        host.serve(_Person(settings, stop, tcp))
    return EXIT_OK


class _Person(Master):
    """Who started the process, and stops it by a signal."""

    def __init__(self, settings: Settings, stop: StopRequest, http: socket.socket) -> None:
        self._settings = settings
        self._stop = stop
        self._http = http
        self._ready = False
        self._began_ns = RealClock().now_ns()
        self.listens_to = (stop,)

    def hear(self, host: WorldHost) -> None:
        """Asked to stop."""
        self.listens_to = ()
        host.stop()

    def beat(self, host: WorldHost) -> None:
        """Says once that the zone is there; raises StartupError if it is another's."""
        if self._ready:
            limit_s = self._settings.max_seconds
            if limit_s and (RealClock().now_ns() - self._began_ns) / NS_PER_S > limit_s:
                host.stop()
        elif host.view.zones:
            self._ready = True
            announce(host.view, self._http)
        else:
            for key, holder in host.holders():
                self._give_up_if_alive(key, holder)

    def ended(self, key: ZoneKey) -> None:
        """There is nothing else to run."""

    def _give_up_if_alive(self, key: ZoneKey, holder: LeaseRefused) -> None:
        """A lease that was renewed lately is a living host's; another one may be over soon."""
        renewed_ms = (self._settings.lease_ttl_s - 2 * self._settings.lease_renew_s) * 1000
        if holder.left_ms > renewed_ms:
            raise StartupError(f"{key} runs already: {describe(holder.host)} has it")
