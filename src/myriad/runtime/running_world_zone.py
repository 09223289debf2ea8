"""One running zone of a world: what a host does with it besides what it does with any zone.

Responsible for: the lease that it starts with, functions handed to it between ticks, what its renewals tell of its
load, and whether it hangs.
Not here: its life from lease to lease (`runtime/tenancy.py`).

Invariant: as for `RunningZone`: other threads touch the zone only between its ticks.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from myriad.cluster.requests import Directory, LeaseGranted, RenewLease, Request, ZoneKey
from myriad.core.clock import NS_PER_S
from myriad.core.histogram import Histogram, summary_ms, to_sparse
from myriad.core.settings import Settings
from myriad.netcode.addresses import Endpoint
from myriad.runtime.hosted_zone import HostedWorldZone, MakeWorldZone, RunningZone, Wish
from myriad.runtime.load_meter import LoadMeter
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.zone_meter import Recent, ZoneMeter, phase_rows
from myriad.runtime.zone_ports import Outside, WorldTies

_LONGEST_IDLE_NS: Final = NS_PER_S
_LOOK_AGAIN_NS: Final = NS_PER_S // 2
"""A zone is looked at from above at most so often, by however many people."""


class Desk(Protocol):
    """Who writes tokens for the guests of a zone."""

    async def login(self, wishes: Sequence[Wish], servers: tuple[Endpoint, ...], wall_s: int) -> list[bytes]:
        """One connect token (2048 bytes) for each. Raises LoginRefused."""
        ...


class RunningWorldZone(RunningZone):
    """See above."""

    _zone: HostedWorldZone

    def __init__(
        self,
        key: ZoneKey,
        sock: socket.socket,
        settings: Settings,
        make_zone: MakeWorldZone,
        collection: QuietCollection,
        *,
        outside: Outside,
        secret: bytes,
    ) -> None:
        """As `RunningZone`; `secret` is the world's."""
        self.desk: Desk | None = None
        """Who writes tokens; set before the front door shows the zone."""
        self.cut_took_ns = 0
        """How long the newest cut took to become durable, 0 before the first."""
        self._outside = outside
        super().__init__(key, sock, settings, make_zone, collection, secret)
        self._load_meter = LoadMeter(self._loop.measures)
        self._meter = ZoneMeter()
        self._recent = Recent()
        self._seen: dict[str, Any] = {}
        self._seen_ns = -_LOOK_AGAIN_NS

    def _connect(self, settings: Settings) -> tuple[WorldTies | None, int]:
        idle_ns = min(_LONGEST_IDLE_NS, int(settings.lease_renew_s * NS_PER_S / 2))
        return WorldTies(self._zone, self._outside), idle_ns

    @property
    def private_key(self) -> bytes:
        """What its connect tokens are sealed with."""
        return self._zone.private_key

    @property
    def protocol_id(self) -> int:
        """The u64 that every packet of its protocol authenticates."""
        return int(str(self._zone.about()["protocol_id"]), 16)

    def grant(self, granted: LeaseGranted, asked_ns: int) -> None:
        """Before `start`: its lease, which was asked for at `asked_ns`."""
        self._zone.start(granted, asked_ns)

    def post(self, function: Callable[[HostedWorldZone], object]) -> bool:
        """Runs `function` with the zone between two ticks; from any thread. False if it has ended or is overrun."""
        try:
            self._loop.post(lambda: function(self._zone))
        except (RuntimeError, OSError):  # OSError: its port was closed in this very moment
            return False
        return True

    def post_first(self, function: Callable[[HostedWorldZone], object]) -> bool:
        """As `post`, before all that waits and without a limit: for answers to the zone's own questions."""
        try:
            self._loop.post_first(lambda: function(self._zone))
        except (RuntimeError, OSError):
            return False
        return True

    def set_directory(self, directory: Directory, asked_ns: int) -> None:
        """From any thread: who runs what."""
        self.post_first(lambda zone: zone.set_directory(directory, asked_ns))

    def drain(self) -> None:
        """From any thread: everybody leaves, everything is written, then `Outside.finished` is called."""
        self.post_first(lambda zone: zone.drain(self._clock.now_ns()))

    def suspend(self) -> None:
        """From any thread: time stands still, everything is written, then `Outside.finished` is called; whoever was
        here is again when the zone has started anew."""
        self.post_first(lambda zone: zone.suspend(self._clock.now_ns()))

    def with_load(self, request: Request) -> Request:
        """On the zone's thread: a renewal of the lease with how many are there, and what is measured here."""
        if not isinstance(request, RenewLease):
            return request
        status = self._zone.status()
        players, connected = status.get("players"), status.get("connections")
        load = request.load._replace(
            players=players if isinstance(players, int) else request.load.players,
            connected=connected if isinstance(connected, int) else request.load.connected,
        )
        return replace(request, load=self._load_meter.read(load, self._clock.now_ns()))

    @property
    def fenced(self) -> bool:
        """True once its lease is lost for good."""
        return self._zone.fenced

    @property
    def working_s(self) -> float:
        """For how long its thread has been at work without coming to rest: large if it hangs."""
        since_ns = self._loop.working_since_ns
        return (self._clock.now_ns() - since_ns) / NS_PER_S if since_ns else 0.0

    async def status(self) -> dict[str, object]:
        """As `RunningZone.status`, and the zone's own histograms."""
        found = await super().status()
        own = self._zone.histograms()
        known = found["histograms_ns"]
        assert isinstance(known, dict)
        return {
            **found,
            **{f"{name}_ms": summary_ms(histogram) for name, histogram in own.items()},
            "histograms_ns": {**known, **{name: to_sparse(histogram) for name, histogram in own.items()}},
        }

    def histograms(self) -> dict[str, Histogram]:
        """As `RunningZone.histograms`, and the zone's own."""
        return {**super().histograms(), **self._zone.histograms()}

    # What operators see.

    async def measured(self) -> dict[str, Any]:
        """The numbers of the moment. Raises RuntimeError or TimeoutError if the zone does not answer."""
        now_ns = self._clock.now_ns()
        known = self._meter.fresh(now_ns)
        if known is not None:
            return known
        status = await self._ask(self._zone.status)
        traffic, measures = self._port.traffic(), self._loop.measures
        shown = {
            **status,
            "received_bytes": traffic.num_received_bytes,
            "sent_bytes": traffic.num_sent_bytes,
            "ticks_skipped": measures.num_skipped_ticks,
            "cpu_ns": measures.cpu_ns,
            "cut_took_ns": self.cut_took_ns,
        }
        histograms = {"turn": measures.turn.copy(), "lateness": measures.lateness.copy(), **self._zone.histograms()}
        return self._meter.read(shown, histograms, now_ns)

    async def seen(self) -> dict[str, Any]:
        """Phases, drops, players and entities; made anew twice a second at most. Raises as `measured`."""
        now_ns = self._clock.now_ns()
        if now_ns - self._seen_ns >= _LOOK_AGAIN_NS:
            self._seen_ns = now_ns
            look, drops = await self._ask(lambda: (self._zone.look_from_above(), self._zone.status().get("drops")))
            phases = self._recent.read(self._loop.measures.histograms(), now_ns)
            self._seen = {"phases": phase_rows(phases), "drops": drops, **look()}
        return self._seen

    async def _tokens(self, wishes: Sequence[Wish], servers: tuple[Endpoint, ...], wall_s: int) -> list[bytes]:
        if self.desk is None:
            raise RuntimeError("the zone has no desk")
        return await self.desk.login(wishes, servers, wall_s)
