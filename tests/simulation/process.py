"""One host with one zone, and how it lives and dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from myriad.cluster.member import Member, MemberSettings
from myriad.cluster.peer_link import NS_PER_MS
from myriad.cluster.peer_messages import Message
from myriad.cluster.requests import (
    AcquireLease,
    Answer,
    Directory,
    HostId,
    LeaseGranted,
    ReadDirectory,
    ReleaseLease,
    Request,
    ZoneKey,
)
from myriad.core.errors import DROP_REASONS
from tests.simulation.beings import WORLD
from tests.simulation.disk import Asker
from tests.simulation.timeline import NS_PER_S
from tests.simulation.toy_zone import ToyZone
from tests.simulation.wires import Down, Up

if TYPE_CHECKING:
    from tests.simulation.cluster import Cluster

TICK_S = 0.05
SETTINGS = MemberSettings(ttl_ms=2000, renew_ns=400 * NS_PER_MS, cut_ns=300 * NS_PER_MS, max_residents=20)
DIRECTORY_S = 0.5


class Killed(Exception):
    """The process dies here."""


class WatchedMember(Member):
    """A member that may die before and after each message of another zone."""

    step: Callable[[str], None]

    def _hear(self, source: ZoneKey, message: Message, now_ns: int) -> None:
        self.step(f"before {type(message).__name__}")
        super()._hear(source, message, now_ns)
        self.step(f"after {type(message).__name__}")


class Process:
    """One host with one zone: ticks, and carries requests and packets."""

    def __init__(self, cluster: Cluster, key: ZoneKey, name: str, dead_host: str, max_beings: int) -> None:
        self.key = key
        self.host = HostId(name, "machine", 1)
        self.paused_until_ns = 0
        self.started = False
        self.stopping = False
        self.replaces: Process | None = None
        """Set while there is another, which is stopped."""
        self.zone = ToyZone(
            key,
            name,
            cluster.timeline,
            cluster.archive,
            cluster.referee,
            new_number=cluster.new_number,
            send=self._send_down,
            step=self._step,
            max_beings=max_beings,
        )
        self.member = WatchedMember(
            key,
            WORLD,
            cluster.disk.secret,
            self.zone,
            SETTINGS,
            random_bytes=cluster.timeline.chance.randbytes,
            drops=[0] * len(DROP_REASONS),
        )
        self.member.step = self._step
        self.zone.member = self.member
        self._cluster = cluster
        self._timeline = cluster.timeline
        self._asker = Asker(self._step_outside)
        self._dead_host = dead_host
        self._directory_ns = 0

    @property
    def dead(self) -> bool:
        return self.zone.dead

    @property
    def paused(self) -> bool:
        return self.paused_until_ns > self._timeline.now_ns

    def run(self) -> None:
        self.later(0.0, self._acquire)

    # Time and death.

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        """Does `work` unless the process is dead by then; a process that is stopped does it when it goes on."""
        self._timeline.after(delay_s, lambda: self.do(work))

    def do(self, work: Callable[[], None]) -> None:
        if self.dead:
            return
        if self.paused:
            self._timeline.after(
                (self.paused_until_ns - self._timeline.now_ns) / NS_PER_S + 1e-6, lambda: self.do(work)
            )
            return
        try:
            work()
            self._step("end of turn")
        except Killed:
            self.die()

    def die(self) -> None:
        if not self.dead:
            self.zone.dead = True
            self._cluster.has_died(self)

    def _step(self, name: str) -> None:
        if self._cluster.is_deadly(name):
            raise Killed(name)

    def _step_outside(self, name: str) -> None:
        """While the store works for the process."""
        if not self.dead and self._cluster.is_deadly(name):
            self.die()

    # Life.

    def _acquire(self) -> None:
        asked_ns = self._timeline.now_ns
        request = AcquireLease(
            self.key,
            self.host,
            SETTINGS.ttl_ms,
            self.host.name,
            b"key " + self.host.name.encode(),
            1,
            20,
            "",
            self._dead_host,
        )
        self._ask(request, lambda answer: self._acquired(answer, asked_ns))

    def _acquired(self, answer: Answer | None, asked_ns: int) -> None:
        if isinstance(answer, LeaseGranted):
            self.started = True
            self.member.start(answer, asked_ns, self._timeline.now_ns)
            self._tick()
        elif self._cluster.needs(self):
            self.later(0.2, self._acquire)
        else:
            self.die()

    def _tick(self) -> None:
        now_ns = self._timeline.now_ns
        self.later(TICK_S, self._tick)
        self.member.poll(now_ns)
        if self.member.may_speak(now_ns):
            self.zone.tick()
        if self.stopping and self.member.drained:
            self._release()
            return
        if now_ns >= self._directory_ns:
            self._directory_ns = now_ns + int(DIRECTORY_S * NS_PER_S)
            self._ask(ReadDirectory(), self._directory)
        self.flush()

    def stop(self) -> None:
        """In order: everybody is written, then the lease is given back."""
        self.stopping = True
        self.drain()

    def _release(self) -> None:
        """The store hears of it or not; either way the process ends."""
        self.flush()
        self._ask(ReleaseLease(self.key, self.member.epoch), lambda answer: None)
        self.die()

    def _directory(self, answer: Answer | None) -> None:
        if isinstance(answer, Directory):
            self.member.set_directory(answer, self._timeline.now_ns)

    def _ask(self, request: Request, then: Callable[[Answer | None], None]) -> None:
        self._cluster.disk.submit(self._asker, request, lambda answer: self.do(lambda: then(answer)))

    def flush(self) -> None:
        now_ns = self._timeline.now_ns
        if self.member.fenced:
            self.die()
            return
        for number, request in self.member.take_requests():
            self._ask(request, self._answerer(number))
        for endpoint, packet in self.member.take_packets(now_ns):
            self._cluster.carry(self.host.name, endpoint, packet)

    def _answerer(self, number: int) -> Callable[[Answer | None], None]:
        def then(answer: Answer | None) -> None:
            self.member.answer(number, answer, self._timeline.now_ns)
            self.flush()

        return then

    def drain(self) -> None:
        self.member.drain(self._timeline.now_ns)

    def hear_peer(self, packet: bytes, sender: str) -> None:
        self.member.receive_peer(packet, sender, self._timeline.now_ns)
        self.flush()

    def hear_client(self, up: Up) -> None:
        if self.member.may_speak(self._timeline.now_ns):
            self.zone.receive(up)
            self.flush()

    def _send_down(self, client: str, down: Down) -> None:
        """As the loop of a real zone does: whatever the zone wants to say, it is said only under the lease."""
        if self.member.may_speak(self._timeline.now_ns):
            self._cluster.send_down(self.host.name, client, down)
