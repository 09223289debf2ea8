"""A zone's part in the world, in the zone's own terms: its member, its borders, its promises and its talk, wired up.

Responsible for: what happens around a tick because there are other zones: packets between zones, who is near a border,
what neighbours are shown, effects, cuts that are urgent, talk that travels, and the numbers of all that.
Not here: the rules of ownership (`cluster/`), sessions (`players.py`), one zone's tick (`zone.py`).

A long file, because it is the one place where a zone's parts and its member meet: each meeting is a few lines.

Invariant: all calls come from the zone's thread between two ticks; a zone that may not speak hands out nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple, cast

import numpy as np

from myriad.cluster.events import TOPIC as EVENT_TOPIC
from myriad.cluster.events import Events
from myriad.cluster.member import Member, MemberSettings
from myriad.cluster.orders import TOPIC as ORDER_TOPIC
from myriad.cluster.requests import Answer, Directory, LeaseGranted, Request, WantZone, ZoneKey, ZoneLoad
from myriad.cluster.talk import TOPIC as TALK_TOPIC
from myriad.cluster.talk import Announce, Ask, Hear, TalkRouter, Tell
from myriad.cluster.talk_bodies import decode_said
from myriad.core.errors import DROP_PEER_OVERFLOW
from myriad.core.histogram import new_histogram, record
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.netcode.addresses import from_words, parse_endpoint, to_words
from myriad.wire.datagram import MAX_PAYLOAD_BYTES, Batch
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE
from myriad.wire.token_data import TokenData
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import Avatar
from myriad.zone.border import Border
from myriad.zone.chat import Talk
from myriad.zone.confirming import Confirming
from myriad.zone.forwarding import FORWARD, Forwarding
from myriad.zone.orders import Orders
from myriad.zone.players import ATTENTION_HZ, NS_PER_S, Outbox, Players
from myriad.zone.residence import Residence

WANT_EVERY_NS = NS_PER_S // 4
POLL_EVERY_NS = NS_PER_S // 25
"""Timers of the member and of talk are looked at so often, or at once when something came in."""
SEES_M = 160
"""A viewer sees two cells of 50 m beyond its own, and their margins: so near, it wants a neighbour's ghosts."""
URGENT_EVERY_NS = 100_000_000
"""Cuts for the sake of promises come at most so often: each writes all residents."""
OVERFULL = 1.2
"""Handoffs may fill a zone so far beyond the players that it admits."""
MAX_PACKETS = 4096
START_FIRST_NS = NS_PER_S // 2
"""A neighbour that is there has answered by then."""
START_AGAIN_NS = 2 * NS_PER_S
NO_ANSWER = 0
"""Number of a request whose answer nobody waits for; the member's are above, talk's below."""


class WorldSite(NamedTuple):
    """Where a zone of a world stands: which one it is, and the world's secret (32 bytes)."""

    key: ZoneKey
    secret: bytes


class WorldPart:
    """One zone's part in the world. Implements `players.Ownership` and `residence.Hearers`."""

    # A long function because it puts the parts together, each named once.
    def __init__(
        self,
        site: WorldSite,
        game: Game,
        arrays: ZoneArrays,
        settings: Settings,
        *,
        players: Players,
        talk: Talk,
        passage_token: Callable[[int, str, int], bytes],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """`passage_token(character, name, session)` makes a token for a passage into this zone."""
        area = game.world_map.by_name[site.key.zone]
        self.key = site.key
        self.border = Border(game, arrays.world, area, game.world_map.neighbours(site.key.zone))
        self.confirming = Confirming(game, arrays.world, players.avatars, talk, area.number * 256 + site.key.layer)
        self.residence = Residence(
            game,
            arrays,
            players=players,
            talk=talk,
            border=self.border,
            confirming=self.confirming,
            hearers=self,
            passage_token=passage_token,
        )
        self.member = Member(
            site.key,
            game.world_map,
            site.secret,
            self.residence,
            MemberSettings(
                ttl_ms=round(settings.lease_ttl_s * 1000),
                renew_ns=round(settings.lease_renew_s * NS_PER_S),
                cut_ns=settings.cut_ms * 1_000_000,
                max_residents=round(settings.max_players * OVERFULL),
            ),
            random_bytes=random_bytes,
            drops=cast("MutableSequence[int]", arrays.server.drops),
        )
        self.forwarding = Forwarding(arrays, players.avatars, talk)
        self.orders = Orders(site.key.zone, players, talk, self.forwarding)
        self.events = Events()
        players.greetings = self.events.greetings
        self.gaps = new_histogram()
        """Nanoseconds from a character's freeze to its new zone's word that it plays."""
        self._game = game
        self._arrays = arrays
        self._players = players
        self._talk = talk
        self._router: TalkRouter | None = None
        self._packets: deque[tuple[str, bytes]] = deque(maxlen=MAX_PACKETS)
        self._posts: list[tuple[str, bytes]] = []
        self._asks: list[tuple[int, Request]] = []
        self._addresses: dict[str, np.ndarray[tuple[int], np.dtype[np.uint64]]] = {}
        self._senders: dict[bytes, str] = {}
        self._look_ticks = max(1, settings.tick_hz // ATTENTION_HZ)
        self._next_urgent_ns = 0
        self._next_want_ns = 0
        self._next_poll_ns = 0
        self._stirred = True
        """Something came in since the last look at what is due."""
        self._next_start_ns: dict[str, int] = {}
        self._shows: list[tuple[int, ZoneKey]] = []
        self._now_ns = 0

    # Life.

    def start(self, granted: LeaseGranted, now_ns: int) -> None:
        """The lease is ours, asked for not before `now_ns`: whoever was here comes back."""
        self._now_ns = self.residence.now_ns = now_ns
        self._router = self._talk.join_world(self.key, granted.epoch)
        self.member.start(granted, now_ns, now_ns)

    @property
    def idle(self) -> bool:
        """True if nobody beyond the zone needs it to tick."""
        players = self._players
        return not (self._shows or players.waiting or players.retired or players.farewells or self.member.draining)

    def before_tick(self, now_ns: int) -> None:
        """First of a turn: what is due by time."""
        self._now_ns = self.residence.now_ns = now_ns
        if now_ns < self._next_poll_ns and not self._stirred:
            return
        self._stirred = False
        self._next_poll_ns = now_ns + POLL_EVERY_NS
        self.member.poll(now_ns)
        self.orders.step(now_ns)
        if self._players.retired:
            self._players.end_retired(now_ns)
        if self._router is not None:
            self._talk.carry_out(self._router.poll(now_ns), now_ns)
        if now_ns >= self._next_want_ns:
            self._next_want_ns = now_ns + WANT_EVERY_NS
            self._look_around(now_ns)
            self._announce(self.events.expire(self._wall_ms()))
            self.forwarding.expire(now_ns)

    def after_tick(self, now_ns: int) -> None:
        """After the game's step."""
        tick = int(self._arrays.world.clock["tick"][0])
        looks = tick % self._look_ticks == 0
        if looks:
            self._report_near(now_ns)
        neighbours = self.border.neighbours
        for index, body in self.border.take_effects():
            key = self.member.neighbours(now_ns).get(neighbours[index].name)
            if key is not None:
                self.member.send_effect(key, body)
        if looks:
            self._show(now_ns)
        if now_ns >= self._next_urgent_ns and self.confirming.urgent:
            self._next_urgent_ns = now_ns + URGENT_EVERY_NS
            self.member.urgent()
        self.member.tick_ended(now_ns)

    def _show(self, now_ns: int) -> None:
        """Neighbours that want it see our border; what they do not show us any more goes."""
        for index, key in self._shows:
            for block in self.border.blocks(index):
                self.member.send_border(key, block)
        self.border.expire(now_ns)

    def end_turn(self, out: Outbox, now_ns: int) -> None:
        """Last of a turn: packets for other zones go out with the rest, talk to the store, the bus and other zones."""
        self._send_talk()
        self._packets.extend(self.member.take_packets(now_ns))
        while self._packets and out.used < len(out.batch):
            endpoint, data = self._packets.popleft()
            datagram = out.batch[out.used]
            datagram["address"] = self._words(endpoint)
            datagram["length"] = len(data)
            datagram["data"][: len(data)] = np.frombuffer(data, np.uint8)
            out.used += 1
        for gap_ns in self.member.take_gaps():
            record(self.gaps, gap_ns)

    def _words(self, endpoint: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        words = self._addresses.get(endpoint)
        if words is None:
            if len(self._addresses) >= MAX_PACKETS:
                self._addresses.clear()
            words = self._addresses[endpoint] = to_words(parse_endpoint(endpoint))
        return words

    # Packets of other zones.

    def take_packets(self, batch: Batch, count: int, now_ns: int) -> int:
        """Takes what other zones sent out of `batch[:count]`, which closes up; returns how many are left."""
        first = batch["data"][:count, 0]
        from_zones = (first == PEER_BYTE) | (first == CALM_PEER_BYTE)
        if not from_zones.any():
            return count
        self._stirred = True
        self._now_ns = self.residence.now_ns = now_ns
        for place in np.flatnonzero(from_zones):
            length = int(batch["length"][place])
            if length > MAX_PAYLOAD_BYTES:
                self._arrays.server.drops[DROP_PEER_OVERFLOW] += 1
                continue
            if length > 0:
                sender = self._sender(batch["address"][place])
                self.member.receive_peer(batch["data"][place, :length].tobytes(), sender, now_ns)
        others = np.flatnonzero(~from_zones)
        batch[: len(others)] = batch[others]
        return len(others)

    def _sender(self, words: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> str:
        """host:port of an address; few zones send, so their texts are kept."""
        raw = words.tobytes()
        text = self._senders.get(raw)
        if text is None:
            if len(self._senders) >= MAX_PACKETS:
                self._senders.clear()
            text = self._senders[raw] = str(from_words(words))
        return text

    # Players (Ownership).

    def joined(self, connection: int, data: TokenData, now_ns: int) -> bool:
        """Somebody has come; true if its avatar is here."""
        self._stirred = True
        return self.member.player_joined(connection, data.character, data.session, data.name, data.passage, now_ns)

    def caller_left(self, connection: int, data: TokenData, now_ns: int) -> None:
        """A connection that waited has ended."""
        self.member.caller_left(connection, data.character, now_ns)

    def gone(self, avatar: Avatar, now_ns: int) -> None:
        """The player of `avatar` has left for good."""
        self._stirred = True
        self.residence.now_ns = now_ns
        self.member.player_left(avatar.character, True, now_ns)

    def detached(self, avatar: Avatar, now_ns: int) -> None:
        """Nobody plays `avatar` for now."""
        self.member.player_left(avatar.character, False, now_ns)

    def attached(self, avatar: Avatar) -> None:
        """`avatar` is played through its connection from now on."""
        self.confirming.pay(avatar.character, avatar.connection)

    def forgotten(self, avatar: Avatar) -> None:
        """`avatar` is no longer the zone's."""
        self.confirming.forget(avatar.character)

    # Neighbours (Hearers).

    def effect(self, source: ZoneKey, body: bytes) -> None:
        """A neighbour's entities did something to ours."""
        for index, area in enumerate(self.border.neighbours):
            if area.name == source.zone:
                self.border.apply_effects(index, body)

    def talk(self, source: ZoneKey, body: bytes) -> None:
        """Something said in another zone."""
        if body[:1] == bytes([FORWARD]):
            self.forwarding.take(body, self._now_ns)
        elif self._router is not None:
            self._talk.carry_out(self._router.receive(source, body), self._now_ns)

    def goes(self, character: int, connection: int, target: ZoneKey) -> None:
        """A character is `target`'s now: a note of what it was told goes with it."""
        self.member.send_talk(target, self.forwarding.note(character, connection))

    def comes(self, character: int) -> None:
        """A character has come over."""
        self.forwarding.arrived(character, self._now_ns)

    def _report_near(self, now_ns: int) -> None:
        """Tells the member who is near a border, or beyond it."""
        connections = np.flatnonzero(self._arrays.sessions["active"])
        rows = self._arrays.sessions["entity_row"][connections]
        entities = self._arrays.world.entities
        for place in np.flatnonzero(self.border.near(rows)):
            avatar = self._players.avatars.of_connection(int(connections[place]))
            if avatar is not None and not avatar.frozen:
                row = rows[place]
                self.member.player_at(avatar.character, float(entities["x"][row]), float(entities["y"][row]), now_ns)

    def _look_around(self, now_ns: int) -> None:
        """Which neighbours we want to see, which want to see us, and who is within earshot."""
        there = self.member.neighbours(now_ns)
        rows = self._arrays.sessions["entity_row"][self._arrays.sessions["active"] != 0]
        wanted_by = set(self.member.border_wanted_by(now_ns))
        self._shows = []
        near: set[str] = set()
        sees = self.border.seen_neighbours(rows, SEES_M)
        for index, (area, seen) in enumerate(zip(self.border.neighbours, sees, strict=True)):
            key = there.get(area.name)
            if seen:
                near.add(area.name)
            if key is None:
                if seen:
                    self._want_zone(area.name, now_ns)
                continue
            self._next_start_ns.pop(area.name, None)
            self.member.want_border(key, seen, now_ns)
            self._shows += [(index, viewer) for viewer in wanted_by if viewer.zone == area.name]
        self.member.greet_only(frozenset(near), now_ns)
        if self._router is not None:
            self._router.neighbours = [
                (there[area.name], area) for area in self.border.neighbours if area.name in there
            ]

    def _want_zone(self, name: str, now_ns: int) -> None:
        """A neighbour that players come near does not run: whoever starts zones is to know."""
        if now_ns >= self._next_start_ns.setdefault(name, now_ns + START_FIRST_NS):
            self._next_start_ns[name] = now_ns + START_AGAIN_NS
            self._asks.append((NO_ANSWER, WantZone(ZoneKey(name))))

    # Talk, store and bus.

    def _send_talk(self) -> None:
        steps: Sequence[Tell | Announce | Ask] = self._talk.outgoing
        if not steps:
            return
        self._talk.outgoing = []
        for step in steps:
            if isinstance(step, Tell):
                self.member.send_talk(step.target, step.body)
            elif isinstance(step, Announce):
                self._posts.append((step.topic, step.body))
            else:
                self._asks.append((-step.ticket, step.request))

    def take_requests(self) -> list[tuple[int, Request]]:
        """What the zone asks of the store; talk's questions have numbers below 0."""
        asks, self._asks = self._asks, []
        return [*self.member.take_requests(), *asks]

    def answer(self, number: int, answer: Answer | None, now_ns: int) -> None:
        """An answer of the store."""
        self._stirred = True
        self._now_ns = self.residence.now_ns = now_ns
        if number > 0:
            self.member.answer(number, answer, now_ns)
        elif number < 0 and self._router is not None:
            self._talk.carry_out(self._router.answer(-number, answer, now_ns), now_ns)

    def take_posts(self) -> list[tuple[str, bytes]]:
        """What the zone publishes on the bus."""
        posts, self._posts = self._posts, []
        return posts

    def hear(self, topic: str, body: bytes) -> None:
        """What came over the bus."""
        if topic == TALK_TOPIC and self._router is not None:
            self._hear_world(self._router, body)
        elif topic == EVENT_TOPIC:
            self._announce(self.events.hear(body, self._wall_ms()))
        elif topic == ORDER_TOPIC:
            self._stirred = True
            self.orders.hear(body, self._now_ns)

    def _hear_world(self, router: TalkRouter, body: bytes) -> None:
        said = decode_said(body)
        steps = router.hear(body)
        if said is None or not steps:
            return
        heard = steps[0]
        but: set[int] = set()
        if isinstance(heard, Hear):
            but = self.forwarding.heard((*said.zone, said.epoch, said.number), heard.body, self._now_ns)
        self._talk.carry_out(steps, self._now_ns, but)

    def _announce(self, messages: list[bytes]) -> None:
        for body in messages:
            self._talk.tell_all(body)

    def _wall_ms(self) -> int:
        return int(self._arrays.server.state["wall_s"][0]) * 1000

    def drain(self, now_ns: int) -> None:
        """Everybody leaves, and all is written."""
        self._stirred = True
        self._now_ns = self.residence.now_ns = now_ns
        self.member.drain(now_ns)

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """Who runs what."""
        self.member.set_directory(directory, now_ns)

    def set_load(self, load: ZoneLoad) -> None:
        """What the next renewal tells."""
        self.member.load = load

    # What it shows.

    def status(self) -> dict[str, object]:
        """Numbers for `/v1/zone` and `/metrics`."""
        numbers = self.member.numbers(self._now_ns)
        return {
            "layer": self.key.layer,
            "epoch": self.member.epoch,
            "residents": numbers.residents,
            "reservations": numbers.reservations,
            "handoffs": numbers.handoffs_done,
            "handoffs_failed": numbers.handoffs_failed,
            "handoffs_to": numbers.handoffs_to,
            "handoffs_failed_to": numbers.handoffs_failed_to,
            "cuts": numbers.cuts,
            "cut_age_seconds": round(numbers.cut_age_ns / 1e9, 6),
            "store_requests_repeated": numbers.requests_repeated,
            "ghosts": self.border.num_ghosts,
            "ghosts_refused": self.border.num_refused,
            "confirmations": self.confirming.num_confirmed,
            "lease_left_seconds": round(numbers.lease_left_ns / 1e9, 3),
            "lease_renewals_late": numbers.renewals_late,
            "passages": numbers.passages,
            "arrivals": numbers.arrivals,
            "peer_links": len(numbers.links),
            "peer_fragments_waiting": numbers.fragments_waiting,
            "neighbours": [area.name for area in self.border.neighbours],
            "peer_round_trip_ms": {key: round(ns / 1e6, 3) for key, ns in numbers.links.items()},
        }
