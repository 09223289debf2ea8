"""One zone on one host of a world: from asking for its lease to giving it back.

Responsible for: taking the lease, building the zone when it is granted, its thread, and what follows when the zone is
drained, fenced or broken.
Not here: which zones a host runs (`runtime/world_host.py`), renewing the lease and saving (the zone asks for that).

Invariants: everything here happens on the host's main thread, but what `_Ties` does; a zone runs only under a lease
granted to this start of it; its socket stays open from one start to the next.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final, NamedTuple

from myriad.cluster.requests import (
    AcquireLease,
    Answer,
    Cut,
    HostId,
    LeaseGranted,
    LeaseRefused,
    ReleaseLease,
    Request,
    ZoneKey,
    ZoneLoad,
)
from myriad.core.clock import NS_PER_S, Clock
from myriad.core.log_lines import Lines
from myriad.core.settings import Settings
from myriad.runtime.bus_thread import BusThread
from myriad.runtime.endpoints import reachable_endpoint
from myriad.runtime.guests import GuestDesk, SpawnPoint
from myriad.runtime.host_identity import is_dead
from myriad.runtime.hosted_zone import HostedWorldZone, MakeWorldZone
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.restarts import BackOff
from myriad.runtime.running_world_zone import RunningWorldZone
from myriad.runtime.store_thread import StoreThread

_LOG = Lines(__name__)

ACQUIRING: Final = "acquiring"
RUNNING: Final = "running"
DRAINING: Final = "draining"
RELEASING: Final = "releasing"
ENDED: Final = "ended"

_ASK_AGAIN_S: Final = 0.5
_THREAD_END_S: Final = 1.0
_SECRET_AGAIN_S: Final = 0.02


class HostTies(NamedTuple):
    """What all zones of a host share."""

    settings: Settings
    make_zone: MakeWorldZone
    spawn_point: SpawnPoint
    host: HostId
    front_door: str
    store: StoreThread
    bus: BusThread
    collection: QuietCollection
    clock: Clock
    on_main: Callable[[Callable[[], None]], None]
    """Runs a function on the host's main thread, soon; from any thread."""
    drain_s: float
    """How long a zone may take to drain."""


class Tenancy:
    """See above. `begin`, then `step` from time to time; `drain` to end it."""

    def __init__(self, key: ZoneKey, sock: socket.socket, ties: HostTies, dead_host: str = "") -> None:
        """`sock` is bound and stays the caller's; `dead_host` is a host that is known to have ended."""
        self.key = key
        self.state = ACQUIRING
        self.zone: RunningWorldZone | None = None
        """While it runs or drains."""
        self.epoch = 0
        self.holder: LeaseRefused | None = None
        """Who has the lease, as long as it is another host."""
        self.load = ZoneLoad()
        self._lines = _LOG.about(zone=key.zone, layer=key.layer)
        self._socket = sock
        self._ties = ties
        self._dead_host = dead_host
        self._back_off = BackOff()
        self._again_s: float | None = None
        self._asked: object = None
        """Which question for a lease is the latest: answers to older ones do not count."""
        self._built: RunningWorldZone | None = None
        """Ready to run, while it has no lease."""
        self._give_up_s = 0.0
        self._restart_by_s: float | None = None
        """While the zone is suspended, to start anew: when it ends in any case."""

    def begin(self) -> None:
        """Builds the zone and asks for its lease; everything else follows by itself."""
        self.state, self._again_s = ACQUIRING, None
        if not self._ties.store.secret:  # the store was not reached yet
            self._again_s = self._now_s() + _SECRET_AGAIN_S
            return
        try:
            built = self._built = self._built or self._build()
        except Exception:  # a zone that cannot be built does not end the others
            self._lines.exception("the zone cannot start")
            self._begin_later()
            return
        ties = self._ties
        asked_ns = ties.clock.now_ns()
        question = self._asked = object()
        request = AcquireLease(
            self.key,
            ties.host,
            int(ties.settings.lease_ttl_s * 1000),
            reachable_endpoint(self._socket, ties.settings.public_addresses),
            built.private_key,
            built.protocol_id,
            ties.settings.max_players,
            ties.front_door,
            self._dead_host,
        )

        def answered(answer: Answer | None) -> None:
            ties.on_main(lambda: self._on_lease(question, answer, asked_ns))

        ties.store.submit(request, answered)

    def step(self) -> None:
        """What is due by now."""
        now_s = self._now_s()
        if self.state == ACQUIRING and self._again_s is not None and now_s >= self._again_s:
            self.begin()
        if self.state == DRAINING and now_s >= self._give_up_s:
            self._lines.error("the zone did not drain in time: what it had not written is lost")
            if self._end_zone():
                self._release()
            else:  # it may still speak until its lease has run out
                self.state = ENDED
        if self.state == RELEASING and now_s >= self._give_up_s:
            self.state = ENDED
        if self.state == RUNNING and self._restart_by_s is not None and now_s >= self._restart_by_s:
            self._lines.error("the zone was not written in time: it starts anew with what it wrote last")
            self._end_zone()
            self._begin_later()

    def restart(self) -> None:
        """Everything is written, then the zone starts anew under another epoch; who is there comes back into it."""
        if self.state != RUNNING or self.zone is None or self._restart_by_s is not None:
            return
        try:
            self._built = self._built or self._build()  # first, so that players wait for a moment only
        except Exception:  # then it is built again afterwards, and again, until it can be
            self._lines.exception("the zone cannot be built anew")
        self._restart_by_s = self._now_s() + self._ties.drain_s
        self.zone.suspend()

    def drain(self) -> None:
        """Everybody leaves, everything is written, the lease is given back; then `state` is ENDED."""
        if self.state == ACQUIRING:
            self.abandon()
        elif self.state == RUNNING and self.zone is not None:
            self.state = DRAINING
            self._give_up_s = self._now_s() + self._ties.drain_s
            self.zone.drain()

    def abandon(self) -> None:
        """At the end of the host: a zone that still runs ends without having drained."""
        self._asked = None
        self._end_zone()
        if self._built is not None:
            self._built.join(0)
            self._built = None
        self.state = ENDED

    @property
    def next_s(self) -> float | None:
        """When `step` has something to do; None: not by time alone."""
        if self.state == ACQUIRING:
            return self._again_s
        return self._give_up_s if self.state in {DRAINING, RELEASING} else self._restart_by_s

    @property
    def working_s(self) -> float:
        """For how long its thread has been at work without a rest."""
        return self.zone.working_s if self.zone is not None else 0.0

    # What happens, on the main thread.

    def _on_lease(self, question: object, answer: Answer | None, asked_ns: int) -> None:
        if question is not self._asked:
            if isinstance(answer, LeaseGranted) and self.state == ENDED:
                self.epoch = answer.epoch
                self._release()
            return
        self._asked = None
        if isinstance(answer, LeaseGranted):
            self._run(answer, asked_ns)
        elif isinstance(answer, LeaseRefused):
            self._wait_for_lease(answer)
        else:
            self._again_s = self._now_s() + _ASK_AGAIN_S

    def _wait_for_lease(self, refused: LeaseRefused) -> None:
        self.holder = refused
        if is_dead(refused.host) and refused.host.name != self._dead_host:
            self._lines.info("its host has ended: %s", describe(refused.host), pid=refused.host.pid)
            self._dead_host = refused.host.name
            self.begin()
            return
        self._again_s = self._now_s() + min(max(refused.left_ms / 1000, 0.02), _ASK_AGAIN_S)

    def _build(self) -> RunningWorldZone:
        ties = self._ties
        links = _Ties(self, ties)
        zone = RunningWorldZone(
            self.key,
            self._socket.dup(),
            ties.settings,
            ties.make_zone,
            ties.collection,
            outside=links,
            secret=ties.store.secret,
        )
        links.zone = zone
        zone.desk = GuestDesk(self.key, zone.private_key, zone.protocol_id, ties)
        return zone

    def _run(self, granted: LeaseGranted, asked_ns: int) -> None:
        zone, self._built = self._built, None
        if zone is None:
            return
        self.holder, self.epoch = None, granted.epoch
        self._back_off.started(self._now_s())
        self.zone, self.state = zone, RUNNING
        try:
            zone.grant(granted, asked_ns)
        except Exception:  # what it held cannot be loaded: it does not run without
            self._lines.exception("the zone cannot load what it held")
            self._end_zone()
            self._begin_later()
            return
        zone.start(lambda: self._ties.on_main(lambda: self._on_failed(zone)))
        self._lines.info("the zone runs", epoch=granted.epoch)

    def _on_failed(self, zone: RunningWorldZone) -> None:
        if self.zone is not zone:
            return
        self._end_zone()
        if self.state == DRAINING:
            self._release()
        else:
            self._begin_later()

    def on_finished(self, zone: RunningWorldZone) -> None:
        """The zone says that it is drained or fenced."""
        if self.zone is not zone:
            return
        fenced = zone.fenced
        self._end_zone()
        if fenced:
            self._lines.warning("the zone is fenced", epoch=self.epoch)
        if self.state == DRAINING and fenced:
            self.state = ENDED
        elif self.state == DRAINING:
            self._release()
        else:
            self._begin_later()

    def _begin_later(self) -> None:
        self.state = ACQUIRING
        self._again_s = self._now_s() + self._back_off.ended(self._now_s())

    def _end_zone(self) -> bool:
        """False if its thread goes on."""
        zone, self.zone = self.zone, None
        self._restart_by_s = None
        self.load = ZoneLoad()
        if zone is None:
            return True
        zone.stop()
        if zone.join(_THREAD_END_S):
            return True
        self._lines.error("the zone's thread does not end", epoch=self.epoch)
        return False

    def _release(self) -> None:
        self.state = RELEASING
        self._give_up_s = self._now_s() + _THREAD_END_S

        def answered(_: Answer | None) -> None:
            self._ties.on_main(self._on_released)

        self._ties.store.submit(ReleaseLease(self.key, self.epoch), answered)

    def _on_released(self) -> None:
        if self.state == RELEASING:
            self.state = ENDED

    def _now_s(self) -> float:
        return self._ties.clock.now_ns() / NS_PER_S


class _Ties:
    """`runtime.zone_ports.Outside` of one start of a zone."""

    def __init__(self, tenancy: Tenancy, ties: HostTies) -> None:
        self._tenancy = tenancy
        self._ties = ties
        self.zone: RunningWorldZone | None = None

    def ask(self, requests: list[tuple[int, Request]]) -> None:
        """To the store, with what this process knows better than the zone."""
        zone = self.zone
        if zone is None:
            return
        for number, request in requests:
            known = zone.with_load(request)
            load = getattr(known, "load", None)
            if load is not None:
                self._tenancy.load = load
            answered = _answer_to(zone, number)
            self._ties.store.submit(known, self._timed(zone, answered) if isinstance(known, Cut) else answered)

    def _timed(
        self, zone: RunningWorldZone, answered: Callable[[Answer | None], None]
    ) -> Callable[[Answer | None], None]:
        """How long the zone's newest cut took to become durable."""
        clock = self._ties.clock
        asked_ns = clock.now_ns()

        def timed(answer: Answer | None) -> None:
            zone.cut_took_ns = clock.now_ns() - asked_ns
            answered(answer)

        return timed

    def publish(self, posts: list[tuple[str, bytes]]) -> None:
        """To the bus."""
        for topic, body in posts:
            self._ties.bus.publish(topic, body)

    def finished(self) -> None:
        """To the main thread."""
        zone = self.zone
        if zone is not None:
            self._ties.on_main(lambda: self._tenancy.on_finished(zone))


def _answer_to(zone: RunningWorldZone, number: int) -> Callable[[Answer | None], None]:
    def answered(answer: Answer | None) -> None:
        def hand_over(hosted: HostedWorldZone) -> None:
            hosted.answer(number, answer)

        zone.post_first(hand_over)

    return answered


def describe(host: HostId) -> str:
    """A host as a person finds it."""
    return f"process {host.pid} on {host.machine.partition('/')[0]}"
