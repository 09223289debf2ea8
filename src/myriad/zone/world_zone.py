"""A zone of a world: a zone that has a lease, neighbours and a store.

Responsible for: what a host calls of such a zone besides what it calls of any, and silence while its lease is over.
Not here: the tick (`zone.py`), what happens around it (`world_part.py`).

Invariant: between the end of its lease and its next renewal a zone takes no datagram, makes no tick and hands none out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from myriad.cluster.requests import Answer, Directory, LeaseGranted, Request, ZoneLoad
from myriad.core.errors import DROP_LEASE_EXPIRED
from myriad.core.histogram import Histogram
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.netcode.addresses import Endpoint
from myriad.sim.world import World
from myriad.wire.datagram import Batch
from myriad.zone.from_above import described, look_from_above
from myriad.zone.world_part import WorldPart, WorldSite
from myriad.zone.zone import Zone

SHARES_OF_IDS = 8
"""A zone's block of transient ids has so many shares: the first is the NPCs', who keep theirs over restarts; the others
are for epochs in turn, so that what lay on the ground before a restart is not taken for something else after it."""


class WorldZone(Zone):
    """A zone among others. As `Zone`, all calls come from one thread."""

    def __init__(
        self,
        site: WorldSite,
        game: Game,
        world: World,
        settings: Settings,
        *,
        own_addresses: tuple[Endpoint, ...],
        phases: PhaseTimer,
        random_bytes: Callable[[int], bytes],
        private_key: bytes = b"",
    ) -> None:
        """As `Zone`; passages lead to the first of `own_addresses`."""
        super().__init__(
            site.key.zone,
            game,
            world,
            settings,
            own_addresses=own_addresses,
            phases=phases,
            random_bytes=random_bytes,
            private_key=private_key,
        )
        self._now_ns = 0
        self._suspended = False
        self._passage_servers = own_addresses[:1]
        self.part = WorldPart(
            site,
            game,
            self.arrays,
            settings,
            players=self.players,
            talk=self.talk,
            passage_token=self._passage_token,
            random_bytes=random_bytes,
        )
        self.players.ownership = self.part

    def _passage_token(self, character: int, name: str, session: int) -> bytes:
        wall_s = int(self.arrays.server.state["wall_s"][0])
        return self._desk.passage(character, name, session, self._passage_servers, wall_s)

    # Ownership.

    def start(self, granted: LeaseGranted, now_ns: int) -> None:
        """Before the first tick: the lease, asked for not before `now_ns`, and what the zone held."""
        clock = self.world.clock
        first = int(clock["next_id"][0])  # after the NPCs', which come from the first share
        share = (int(clock["end_id"][0]) - first) // SHARES_OF_IDS
        start = first + (1 + granted.epoch % (SHARES_OF_IDS - 1)) * share
        clock["next_id"][0] = max(int(clock["next_id"][0]), start)
        self.part.start(granted, now_ns)

    def may_speak(self, now_ns: int) -> bool:
        """False while its lease is over, and once it is suspended."""
        return not self._suspended and self.part.member.may_speak(now_ns)

    @property
    def in_world(self) -> bool:
        """Other zones send it packets."""
        return True

    @property
    def speak_until_ns(self) -> int:
        """When its lease is over."""
        return self.part.member.speak_until_ns

    def set_now(self, now_ns: int) -> None:
        """As `Zone.set_now`."""
        self._now_ns = now_ns

    def take_peers(self, peers: Batch, count: int, now_ns: int) -> None:
        """Takes `peers[:count]`, which came from other zones, while it may speak."""
        self._now_ns = now_ns
        if self.may_speak(now_ns):
            self.part.take_packets(peers, count, now_ns)
        else:
            self.arrays.server.drops[DROP_LEASE_EXPIRED] += count

    def attend(self, now_ns: int) -> None:
        """As `Zone.attend`."""
        self._now_ns = now_ns
        super().attend(now_ns)

    @property
    def fenced(self) -> bool:
        """True once it has lost its lease for good."""
        return self.part.member.fenced

    def drain(self, now_ns: int) -> None:
        """Everybody leaves, and all is written."""
        self._now_ns = now_ns
        self._out.begin()
        self.part.drain(now_ns)

    def suspend(self, now_ns: int) -> None:
        """Time stands still, and all is written; players are not told: they come back when the zone starts anew."""
        self._now_ns = now_ns
        self._suspended = True
        self.part.member.suspend()

    @property
    def drained(self) -> bool:
        """True once the zone is drained, or suspended and written."""
        return self.part.member.drained

    def take_requests(self) -> list[tuple[int, Request]]:
        """What it asks of the store, in order."""
        return self.part.take_requests()

    def answer(self, number: int, answer: Answer | None) -> None:
        """The answer to one of them; None if the store could not be asked."""
        self._out.begin()
        self.part.answer(number, answer, self._now_ns)

    def take_posts(self) -> list[tuple[str, bytes]]:
        """What it publishes on the bus."""
        return self.part.take_posts()

    def hear(self, topic: str, body: bytes) -> None:
        """What came over the bus."""
        self.part.hear(topic, body)

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """Who runs what."""
        self.part.set_directory(directory, now_ns)

    def set_load(self, load: ZoneLoad) -> None:
        """What the next renewal tells."""
        self.part.set_load(load)

    # Turns.

    @property
    def idle(self) -> bool:
        """True while nobody is in the zone, on the way to it, or looking into it."""
        return super().idle and self.part.idle

    def receive(self, batch: Batch, count: int, now_ns: int, wall_s: int) -> None:
        """As `Zone.receive`; packets of other zones are taken out first."""
        self._now_ns = now_ns
        if not self.may_speak(now_ns):
            self.arrays.server.drops[DROP_LEASE_EXPIRED] += count
            return
        self._out.begin()
        state = self.arrays.server.state
        state["wall_s"][0] = max(int(state["wall_s"][0]), wall_s)  # passages need it before any client came
        count = self.part.take_packets(batch, count, now_ns)
        if count:
            super().receive(batch, count, now_ns, wall_s)

    def tick(self, now_ns: int) -> None:
        """As `Zone.tick`, in silence while the lease is over."""
        self._now_ns = now_ns
        if self.may_speak(now_ns):
            super().tick(now_ns)
        else:
            self._rest(now_ns)

    def poll(self, now_ns: int) -> None:
        """As `Zone.poll`, in silence while the lease is over."""
        self._now_ns = now_ns
        if self.may_speak(now_ns):
            super().poll(now_ns)
        else:
            self._rest(now_ns)

    def _rest(self, now_ns: int) -> None:
        self._out.begin()
        self._out.used = 0
        self.part.member.poll(now_ns)
        if self._suspended:
            self.part.member.tick_ended(now_ns)

    def _turn_begins(self, now_ns: int) -> None:
        self.part.before_tick(now_ns)

    def _stepped(self, now_ns: int) -> None:
        self.part.after_tick(now_ns)

    def _turn_ends(self, now_ns: int) -> None:
        self.part.end_turn(self._out, now_ns)

    # What it shows.

    def status(self) -> dict[str, object]:
        """As `Zone.status`, and what belongs to the world."""
        return {**super().status(), **self.part.status()}

    def look_from_above(self) -> Callable[[], dict[str, Any]]:
        """What operators are shown, copied now; the function makes plain values of it, on any thread."""
        return partial(described, look_from_above(self.arrays, self.avatars), self.game)

    def histograms(self) -> dict[str, Histogram]:
        """Copies of its own histograms, in nanoseconds."""
        return {"handoff_gap": self.part.gaps.copy()}
