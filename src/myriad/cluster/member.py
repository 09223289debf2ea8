"""One zone's part in the world: its lease, who is its own, what it writes, whom it hands over, its links.

Responsible for: putting the parts together, in the order that ownership needs, and the numbers that they show.
Not here: each part's rules (`lease.py`, `entrance.py`, `passages.py`, `cuts.py`, `links.py`), the simulation
(`residents.py` is the port to it), sockets and the store (the host carries packets and requests).

How a zone uses it, all from its own thread, between two ticks:
- `start` with the granted lease; then `poll` before every tick and while idle, `tick_ended` after every tick;
- while `may_speak` is False: no receive, no tick, no send, only `poll`, `answer`, `take_requests`;
- after each call `take_requests` and `take_packets` go out, and answers come back through `answer`.

A long file, because it is the one face that a zone sees of all those parts.

Invariants: a character is simulated only while the store says that it is this zone's, under this epoch; it is installed
at most once for each of its hops; what leaves, leaves in a cut; a zone that may not speak hands out no packet.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import replace
from typing import NamedTuple

from myriad.cluster.asking import Asking
from myriad.cluster.cuts import Cuts
from myriad.cluster.entrance import Entrance
from myriad.cluster.lease import NS_PER_MS, LeaseKeeper
from myriad.cluster.links import Links
from myriad.cluster.passages import Passages
from myriad.cluster.peer_messages import (
    Activate,
    Activated,
    Denied,
    Effect,
    Granted,
    Message,
    Ready,
    Reserve,
    Talk,
    WantBorder,
    Withdraw,
)
from myriad.cluster.records import unpack_residents
from myriad.cluster.requests import (
    Answer,
    CharacterRow,
    Committed,
    Cut,
    Directory,
    Done,
    Fenced,
    LeaseGranted,
    RenewLease,
    Request,
    ZoneKey,
    ZoneLoad,
    ZoneState,
)
from myriad.cluster.residents import Residents
from myriad.core.errors import DROP_LEASE_EXPIRED
from myriad.core.log_lines import Lines
from myriad.game.world_map import WorldMap

_LOG = Lines(__name__)


class MemberSettings(NamedTuple):
    """The settings that a member goes by, in the units that it uses."""

    ttl_ms: int = 10_000
    renew_ns: int = 2_000 * NS_PER_MS
    cut_ns: int = 500 * NS_PER_MS
    max_residents: int = 600
    """Characters here and on their way here; beyond it the zone refuses passages (1.2 x `max_players`)."""


class MemberNumbers(NamedTuple):
    """What a member shows, counted since it started unless said otherwise."""

    residents: int
    """Now."""
    reservations: int
    """Places kept for characters near the border, now."""
    handoffs_done: int
    handoffs_failed: int
    """Departures that were asked of the store and did not take place."""
    handoffs_to: dict[str, int]
    """`handoffs_done` by the zone that they led to."""
    handoffs_failed_to: dict[str, int]
    cuts: int
    cut_age_ns: int
    """How long the cut under way has waited for its answer, 0 if none is."""
    requests_repeated: int
    links: dict[str, int]
    """Round trip in ns of each link that is alive, by the other zone's key."""
    fragments_waiting: int
    """Pieces of messages to other zones that are not acknowledged."""
    passages: dict[str, int]
    """By step: see `passages.STEPS`."""
    arrivals: int
    """Characters that came over from a neighbour."""
    lease_left_ns: int
    renewals_late: int
    """Renewals that came when less than half of the lease's time was left."""


class Member:
    """One zone in the world, under one epoch; a zone that starts anew has a new one."""

    def __init__(
        self,
        key: ZoneKey,
        world_map: WorldMap,
        secret: bytes,
        residents: Residents,
        settings: MemberSettings,
        *,
        random_bytes: Callable[[int], bytes],
        drops: MutableSequence[int],
    ) -> None:
        """`key.zone` is a zone of `world_map`; `secret` is the world's (32 bytes); `random_bytes(n)` gives fresh secure
        randomness (names of transfers); `drops` counts by drop reason and is changed in place. Raises KeyError for an
        unknown zone."""
        self.key = key
        self.epoch = 0
        self.load = ZoneLoad()
        """Told with every renewal; the zone sets it when it likes."""
        self.draining = False
        self.suspended = False
        self._settings = settings
        self._residents = residents
        self._drops = drops
        self._lease = LeaseKeeper(settings.ttl_ms, settings.renew_ns)
        self._asking = Asking()
        self._links = Links(key, world_map, secret, drops)
        self._entrance = Entrance(key, residents, self._asking, self._links, settings.max_residents)
        self._passages = Passages(key, world_map, residents, self._entrance.book, self._links, random_bytes)
        self._cuts = Cuts(key, residents, self._asking, settings.cut_ns)
        self._lines = _LOG.about(zone=key.zone, layer=key.layer)
        self._spoke = False
        self._num_late = 0

    # Life.

    def start(self, granted: LeaseGranted, asked_ns: int, now_ns: int) -> None:
        """The lease is ours, asked for at `asked_ns` (before the request was sent). Calls `residents.load`. Once."""
        rows = newest_rows(granted.state, granted.residents)
        self.epoch = granted.epoch
        self._lease.start(asked_ns)
        self._links.start(granted.epoch)
        self._entrance.start(granted.epoch, rows, now_ns)
        self._cuts.start(granted.epoch, now_ns)
        self._residents.load(granted.state, rows)

    def may_speak(self, now_ns: int) -> bool:
        """False before the start, past the lease's deadline, and for good once fenced."""
        return self._lease.may_speak(now_ns)

    @property
    def speak_until_ns(self) -> int:
        """The moment from which it may not speak, as things stand: 0 if it may not at all."""
        return self._lease.speak_until_ns

    @property
    def fenced(self) -> bool:
        """True once the store has said that the zone is another's: nothing comes out of it any more."""
        return self._lease.fenced

    def poll(self, now_ns: int) -> None:
        """Whatever is due by time: renewals, requests again, reservations. Before every tick, and while idle."""
        if self._lease.renewal_due(now_ns):
            renewal = RenewLease(self.key, self.epoch, self._settings.ttl_ms, self._told_load())
            self._asking.ask_once(renewal, self._renewed)
        speaks = self.may_speak(now_ns)
        if speaks != self._spoke:
            self._spoke = speaks
            self._tell_whether_it_speaks(speaks)
        if speaks:
            for key in self._links.take_restarted():
                self._passages.link_lost(key)
                self._entrance.source_restarted(key, now_ns)
            self._passages.poll(now_ns)
            self._entrance.poll(now_ns)
            if self.draining:
                self._send_all_away()
            if not self._entrance.book:
                self._cut_if_due(now_ns)
        self._asking.poll(now_ns, speaks)

    def tick_ended(self, now_ns: int) -> None:
        """After every tick: takes a cut (calls `residents.freeze` for who departs with it, then `residents.cut`) when
        one is due and none is under way."""
        if self.may_speak(now_ns):
            self._cut_if_due(now_ns)
            self._asking.poll(now_ns, True)

    def urgent(self) -> None:
        """Something happened that must not be lost: the next `tick_ended` that can takes a cut."""
        self._cuts.urgent = True

    def drain(self, now_ns: int) -> None:
        """Everybody leaves: nobody comes in from now on, all residents are taken out and written."""
        self.draining = True
        self._entrance.close(now_ns)
        self._passages.close()
        self._cuts.urgent = True

    def suspend(self) -> None:
        """The zone stands still from now on, to start anew: all is written, and its characters stay its own."""
        self.suspended = True
        self._passages.close()
        self._cuts.urgent = True

    @property
    def drained(self) -> bool:
        """After `drain`: nobody is here, nobody is on the way, and all is written. After `suspend`: all is written."""
        over = self.suspended or (self.draining and not self._entrance.busy)
        return over and self._cuts.idle

    # Players.

    def player_joined(
        self, connection: int, character: int, session: int, name: str, passage: bool, now_ns: int
    ) -> bool:
        """A player has connected; `passage` as its token says.

        True: its avatar is here, the zone connects it at once. False: the connection waits, silent, until
        `residents.install` names it or `residents.refuse` ends it (which may happen during this call).
        """
        if passage:
            return self._entrance.arrive(connection, character, session, now_ns)
        return self._entrance.knock(connection, character, session, name, now_ns)

    def caller_left(self, connection: int, character: int, now_ns: int) -> None:
        """A connection that was told to wait has ended."""
        self._entrance.caller_left(connection, character, now_ns)

    def player_left(self, character: int, for_good: bool, now_ns: int) -> None:
        """A resident's connection has ended. `for_good`: so is its lingering; it is taken out (`residents.take_out`,
        during this call unless it is about to cross) and written."""
        self._passages.player_left(character)
        resident = self._entrance.book.get(character)
        if resident is None or not for_good:
            return
        resident.wants_out = True
        self._send_away(character)

    def player_at(self, character: int, x: float, y: float, now_ns: int) -> None:
        """Where a resident is. For those within 30 m of a border or beyond it (`ZoneArea.distance_m`), at least four
        times a second, better at every snapshot; who is not reported for 2 s is taken to have walked away."""
        if not self.draining:
            self._passages.at(character, x, y, now_ns)

    # Other zones.

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """Who runs what, as the store answered; about twice a second."""
        self._links.set_directory(directory, now_ns)

    def receive_peer(self, datagram: bytes, sender: str, now_ns: int) -> None:
        """A datagram whose first byte is PEER_BYTE or CALM_PEER_BYTE, from `sender` (host:port)."""
        if not self.may_speak(now_ns):
            self._drops[DROP_LEASE_EXPIRED] += 1
            return
        key = self._links.receive(datagram, sender, now_ns)
        if key is None:
            return
        for message in self._links.take_messages(key):
            self._hear(key, message, now_ns)
        for block in self._links.take_borders(key):
            self._residents.receive_border(key, block, now_ns)

    def send_effect(self, neighbour: ZoneKey, body: bytes) -> bool:
        """Reliable, at most 65,535 bytes. False if there is no link or too much waits already; nothing is sent then."""
        return self._links.send(neighbour, Effect(body))

    def send_talk(self, zone: ZoneKey, body: bytes) -> bool:
        """Reliable, to any zone of the directory. False as for `send_effect`."""
        return self._links.send(zone, Talk(body))

    def send_border(self, neighbour: ZoneKey, block: bytes) -> bool:
        """Once, may be lost; at most `peer_link.MAX_BORDER_BYTES`. Several small blocks may share a packet."""
        return self._links.send_border(neighbour, block)

    def want_border(self, neighbour: ZoneKey, wanted: bool, now_ns: int) -> None:
        """Whether there are players here who see beyond the border to `neighbour`; say it at least once a second."""
        self._links.want_border(neighbour, wanted, now_ns)

    def border_wanted_by(self, now_ns: int) -> tuple[ZoneKey, ...]:
        """Zones that want this zone's border blocks now."""
        return self._links.border_wanted_by(now_ns)

    def greet_only(self, names: frozenset[str], now_ns: int) -> None:
        """The neighbours that matter, because players are near them: only they are asked whether they are there. So a
        zone in which nothing happens is silent, and its neighbours may sleep. Until the first call all are asked."""
        self._links.greet_only(names, now_ns)

    def neighbours(self, now_ns: int) -> dict[str, ZoneKey]:
        """Neighbours that are there now, by zone name: the layer that this zone's players cross to. The others are
        walls."""
        return self._links.neighbours(now_ns)

    # What the host carries.

    def take_requests(self) -> list[tuple[int, Request]]:
        """Requests for the store, in order, each under a number of its own."""
        return [] if self.fenced else self._asking.take()

    def answer(self, number: int, answer: Answer | None, now_ns: int) -> None:
        """What the store said to request `number`; None if it could not be asked, or its answer was lost."""
        if self.fenced:
            return
        if isinstance(answer, Fenced):
            self._lease.fence()
            self._lines.warning("the lease is lost: another host has the zone", epoch=self.epoch)
            return
        self._asking.answer(number, answer, now_ns)

    def take_packets(self, now_ns: int) -> list[tuple[str, bytes]]:
        """(host:port, datagram) to send to other zones, none while the zone may not speak."""
        return self._links.take_packets(now_ns) if self.may_speak(now_ns) else []

    # What it shows.

    def numbers(self, now_ns: int) -> MemberNumbers:
        """For `/v1/zone` and metrics."""
        return MemberNumbers(
            residents=len(self._entrance.book),
            reservations=self._entrance.num_reservations,
            handoffs_done=self._passages.done.total(),
            handoffs_failed=self._passages.failed.total(),
            handoffs_to=dict(self._passages.done),
            handoffs_failed_to=dict(self._passages.failed),
            cuts=self._cuts.num_taken,
            cut_age_ns=self._cuts.age_ns(now_ns),
            requests_repeated=self._asking.num_repeated,
            links={str(key): rtt_ns for key, rtt_ns in self._links.round_trips(now_ns).items()},
            fragments_waiting=self._links.num_waiting,
            passages=dict(self._passages.steps),
            arrivals=self._entrance.num_arrivals,
            lease_left_ns=self._lease.left_ns(now_ns),
            renewals_late=self._num_late,
        )

    def take_gaps(self) -> list[int]:
        """For a histogram: ns from the freeze of each character that went over until its new zone said that it plays
        (so a one-way trip is counted on top)."""
        return self._passages.take_gaps()

    # Inside.

    def _told_load(self) -> ZoneLoad:
        return self.load._replace(state="draining") if self.draining else self.load

    def _renewed(self, answer: Answer | None, now_ns: int) -> None:
        if isinstance(answer, Done):
            left_ns = self._lease.left_ns(now_ns)
            if left_ns * 2 < self._settings.ttl_ms * NS_PER_MS:
                self._num_late += 1
                left_s = round(left_ns / 1e9, 3)
                self._lines.warning("the lease was renewed late", epoch=self.epoch, left_s=left_s)
            self._lease.renewed()
        else:
            self._lease.unanswered(now_ns)

    def _tell_whether_it_speaks(self, speaks: bool) -> None:
        if speaks:
            self._lines.info("the lease holds: the zone speaks", epoch=self.epoch)
        elif not self.fenced:
            self._lines.warning("the lease is over: the zone is silent until it is renewed", epoch=self.epoch)

    def _hear(self, source: ZoneKey, message: Message, now_ns: int) -> None:
        match message:
            case Reserve():
                self._entrance.reserve(source, message, now_ns)
            case Withdraw(character):
                self._entrance.withdrawn(source, character)
            case Activate():
                self._entrance.activate(source, message, now_ns)
            case Granted() | Denied() | Ready() | Activated():
                self._passages.hear(source, message, now_ns)
            case Effect(body):
                self._residents.receive_effect(source, body)
            case Talk(body):
                self._residents.receive_talk(source, body)
            case WantBorder(wanted):
                self._links.border_wanted(source, wanted, now_ns)

    def _cut_if_due(self, now_ns: int) -> None:
        wishes = self._passages.ready_to_depart(now_ns)
        has_residents = bool(self._entrance.book)
        if self._cuts.due(now_ns, bool(wishes), has_residents):
            departures = self._passages.depart(wishes, now_ns)
            self._cuts.take(departures, has_residents, self._cut_committed, now_ns)

    def _cut_committed(self, cut: Cut, answer: Committed, now_ns: int) -> None:
        self._residents.committed(cut.cut)
        for leaver in cut.leavers:
            self._entrance.has_left(leaver.character)
        for departure, departed in zip(cut.departures, answer.departed, strict=True):
            if departed:
                self._passages.departed(departure, cut.layout)
            else:
                self._passages.stayed(departure, now_ns)
                self._send_away(departure.character)

    def _send_away(self, character: int) -> None:
        """Takes out a resident that wants out, unless it is frozen: the store decides first whether it departs."""
        resident = self._entrance.book.get(character)
        if resident is None or resident.frozen or not resident.wants_out:
            return
        self._passages.forget(character)
        self._cuts.leave(self._entrance.leave(resident), self._residents.take_out(character))

    def _send_all_away(self) -> None:
        for resident in list(self._entrance.book.values()):
            resident.wants_out = True
            self._send_away(resident.character)


def newest_rows(state: ZoneState | None, rows: tuple[CharacterRow, ...]) -> tuple[CharacterRow, ...]:
    """Each row with the newer of its two records: the newest cut's if it has the row's hop, else its own."""
    if state is None:
        return rows
    heads, records = unpack_residents(state.residents)
    in_cut = {(int(head["character"]), int(head["hop"])): i for i, head in enumerate(heads)}
    newest = []
    for row in rows:
        i = in_cut.get((row.character, row.hop))
        if i is not None:
            row = replace(
                row,
                session=int(heads["session"][i]),
                last_input=int(heads["last_input"][i]),
                record=records[i].tobytes(),
                layout=state.layout,
            )
        newest.append(row)
    return tuple(newest)
