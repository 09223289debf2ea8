"""What the loop of a zone needs: of a port, of a zone, and of the world around a zone.

Responsible for: the protocols, which `runtime.udp_port.UdpPort`, the zones of `zone/` and `runtime.tenancy` fulfil;
tests use fakes.
Not here: anything that runs.

Invariant: all calls come from the loop's thread, where nothing else is said.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from myriad.cluster.requests import Answer, Directory, LeaseGranted, Request
from myriad.core.bundle import Bundle
from myriad.core.phases import PhaseTimer
from myriad.game.game import Game
from myriad.sim.world import World
from myriad.wire.datagram import Batch
from myriad.zone.arrays import ZoneArrays
from myriad.zone.players import Outbox


class DatagramPort(Protocol):
    """Where datagrams come from and go to, and how to sleep: `runtime.udp_port.UdpPort`, or a fake."""

    def receive(self, batch: Batch) -> int:
        """Fills `batch` from its beginning with what waits; returns the number."""
        ...

    def send(self, batch: Batch, count: int) -> int:
        """Sends the first `count` of `batch`; returns how many were taken."""
        ...

    def wait(self, timeout_ns: int, *, for_packets: bool) -> int:
        """Sleeps until `wake`, the timeout or a packet (if wanted); returns the time at which it woke."""
        ...

    def forget_wakes(self) -> None:
        """After a sleep of somebody else's that `wake` ended."""
        ...

    def wake(self) -> None:
        """Ends the present or next `wait`; from any thread."""
        ...


class ZoneLike(Protocol):
    """What a loop needs of a zone. All calls come from the loop's thread."""

    @property
    def idle(self) -> bool:
        """True while nobody is in the zone or about to be simulated: it needs no ticks, only `poll`."""
        ...

    @property
    def outgoing(self) -> tuple[Batch, int]:
        """Datagrams to send now and their number; asked once after each `tick`, `poll` and `close`."""
        ...

    @property
    def phases(self) -> PhaseTimer:
        """Where the zone counts time by phase (all but receive and send); the loop reads and clears it each turn."""
        ...

    def receive(self, batch: Batch, count: int, now_ns: int, wall_s: int) -> None:
        """Takes the first `count` datagrams of `batch`, which it may change."""
        ...

    def tick(self, now_ns: int) -> None:
        """One simulation step, the slow lane before it, snapshots after it."""
        ...

    def observe_load(self, busy_s: float, interval_s: float) -> None:
        """The latest ticks, with receiving and sending, took `busy_s` of the `interval_s` that they had."""
        ...

    def poll(self, now_ns: int) -> None:
        """While idle: the slow lane and timeouts, about once a second and after packets came."""
        ...

    def close(self, now_ns: int) -> None:
        """Ends all connections; `outgoing` then tells the clients."""
        ...


@runtime_checkable
class LeanZone(ZoneLike, Protocol):
    """What a loop needs besides of a zone whose arrays it may hand to kernels itself (`runtime/lean_turn.py`).

    A tick is then `attend`, `open`, `advance`, `attend_end`, `take_show`; `attend` and `attend_end` are left out, both,
    where nothing came and nothing is due by time.
    """

    @property
    def bundle(self) -> Bundle[ZoneArrays]:
        """Its arrays."""
        ...

    @property
    def game(self) -> Game:
        """Whose step it calls."""
        ...

    @property
    def world_bundle(self) -> Bundle[World]:
        """What the step is given."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What `outgoing` hands over."""
        ...

    @property
    def in_world(self) -> bool:
        """True if other zones may send it packets."""
        ...

    @property
    def speak_until_ns(self) -> int:
        """It takes and sends nothing at this moment and later."""
        ...

    @property
    def attention_is_next(self) -> bool:
        """True if the slow lane is to have its turn in the next tick, whatever came."""
        ...

    @property
    def ticks_per_attention(self) -> int:
        """The slow lane has its turn in ticks that are multiples of this."""
        ...

    @property
    def num_slices(self) -> int:
        """Over how many ticks the snapshots of a round are spread."""
        ...

    @property
    def runs_by_itself(self) -> bool:
        """True if ticks to which nothing comes need no Python."""
        ...

    def set_now(self, now_ns: int) -> None:
        """A turn begins: the time for what other threads call."""
        ...

    def take_peers(self, peers: Batch, count: int, now_ns: int) -> None:
        """Takes `peers[:count]`, which came from other zones."""
        ...

    def attend(self, now_ns: int) -> None:
        """The slow lane."""
        ...

    def open(self, now_ns: int) -> None:
        """Hands out the inputs of the tick."""
        ...

    def advance(self) -> None:
        """The game's step."""
        ...

    def attend_end(self, now_ns: int) -> None:
        """What follows from the step for others."""
        ...

    def take_show(self) -> tuple[bool, int, int]:
        """Whether the cells are encoded now, and which slice of the players of how many is shown them (-1: none)."""
        ...


class WorldZoneLike(ZoneLike, Protocol):
    """What a loop needs besides of a zone that is one of a world."""

    def start(self, granted: LeaseGranted, now_ns: int) -> None:
        """Before the first tick: the lease, asked for not before `now_ns`, and what the zone held."""
        ...

    def may_speak(self, now_ns: int) -> bool:
        """False while its lease is over: it takes no datagrams, sends none, and is polled instead of ticking."""
        ...

    def take_requests(self) -> list[tuple[int, Request]]:
        """What it asks of the store, by its own numbers, in order; asked after each `tick`, `poll` and `close`."""
        ...

    def answer(self, number: int, answer: Answer | None) -> None:
        """The answer to one of them; None if the store could not be asked."""
        ...

    def take_posts(self) -> list[tuple[str, bytes]]:
        """What it publishes on the bus: (topic, body); asked with `take_requests`."""
        ...

    def hear(self, topic: str, body: bytes) -> None:
        """What came over the bus."""
        ...

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """Who runs what; `now_ns` is when the store was asked."""
        ...

    @property
    def fenced(self) -> bool:
        """True once it has lost its lease for good."""
        ...

    def drain(self, now_ns: int) -> None:
        """Makes everybody leave and writes everything, as the ticks go on."""
        ...

    def suspend(self, now_ns: int) -> None:
        """Stands still and writes everything; whoever is here stays the zone's."""
        ...

    @property
    def drained(self) -> bool:
        """True once the zone is drained, or suspended, and everything is written."""
        ...


class Outside(Protocol):
    """What a zone of a world is connected to. Called on the loop's thread; nothing here waits."""

    def ask(self, requests: list[tuple[int, Request]]) -> None:
        """To the store; answers come back by `ZoneLoop.post`."""
        ...

    def publish(self, posts: list[tuple[str, bytes]]) -> None:
        """To the bus."""
        ...

    def finished(self) -> None:
        """The zone is fenced or drained; called once."""
        ...


class WorldTies(NamedTuple):
    """A zone of a world, and what it is connected to."""

    zone: WorldZoneLike
    outside: Outside
