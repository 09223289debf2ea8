"""The way in: who becomes a zone's resident, by the gateway, from a neighbour, or from what the store knows.

Three ways, one door: a player with a token of the gateway is claimed from the store; a character that a neighbour
hands over is announced (a place is kept, its player waits here), and activated when the store has made it ours; what
was made ours without our hearing of it is found by asking the store, when a neighbour falls silent or begins anew, and
now and then.

Responsible for: claims, reservations, arrivals, and installing each character once.
Not here: the neighbour's side of a handoff (`passages.py`), the token (`Residents.make_token`).

Invariants: nobody is installed whom the store has not made ours; each hop of a character is installed at most once,
so repeated and late messages change nothing; one claim of a character is under way at a time, and none while its
leaving is not written; of several players of one character the last to come plays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from myriad.cluster.asking import Asking
from myriad.cluster.book import Book, Resident
from myriad.cluster.links import Links
from myriad.cluster.peer_link import NS_PER_MS
from myriad.cluster.peer_messages import Activate, Activated, Denied, Granted, Ready, Reserve
from myriad.cluster.requests import (
    PLAYING,
    Answer,
    Arrivals,
    CharacterRow,
    Claim,
    Claimed,
    ClaimRefused,
    FindArrivals,
    ZoneKey,
)
from myriad.cluster.residents import Residents
from myriad.core.log_lines import Lines

NOBODY: Final = -1
LOOK_NS: Final = 10_000 * NS_PER_MS
"""How often the store is asked for arrivals though nothing is wrong."""
LOOK_SOON_NS: Final = 1_000 * NS_PER_MS
"""While a neighbour with reservations is silent."""
HOUSE_NS: Final = 500 * NS_PER_MS
"""How often those are tried again for whom there was no room."""
WATCH_NS: Final = 100 * NS_PER_MS
"""How often reservations are looked through."""
SOURCE_SILENT_NS: Final = 15_000 * NS_PER_MS
"""After this time of silence its source will not hand over a character any more."""
MAX_REMEMBERED_HOPS: Final = 65536

SUPERSEDED: Final = "superseded"
ELSEWHERE: Final = "elsewhere"
UNKNOWN: Final = "unknown"
FULL: Final = "full"
DRAINING: Final = "draining"
WITHDRAWN: Final = "withdrawn"
HERE: Final = "here"
CROSSING: Final = "crossing"
"""Its avatar is frozen: the store decides just now whose it is."""

_LOG = Lines(__name__)


@dataclass(slots=True)
class _Caller:
    """A player that waits for its claim; `connection` is NOBODY once it has gone."""

    connection: int
    session: int
    asked: bool = False


@dataclass(slots=True)
class _Reservation:
    """A place kept for a neighbour's character."""

    source: ZoneKey
    epoch: int
    session: int
    heard_ns: int
    connection: int = NOBODY


class Entrance:
    """Who comes into one zone under one epoch, and its book of residents."""

    def __init__(self, key: ZoneKey, residents: Residents, asking: Asking, links: Links, max_residents: int) -> None:
        self.book: Book = {}
        self.num_arrivals = 0
        """Characters that came over from a neighbour."""
        self._lines = _LOG.about(zone=key.zone, layer=key.layer)
        self._key = key
        self._epoch = 0
        self._residents = residents
        self._asking = asking
        self._links = links
        self._max_residents = max_residents
        self._closed = False
        self._callers: dict[int, _Caller] = {}
        self._reservations: dict[int, _Reservation] = {}
        self._leaving: set[int] = set()
        """Characters whose leaving is not written yet."""
        self._unhoused: dict[int, CharacterRow] = {}
        """Characters that are ours, and for whom there was no room."""
        self._hops: OrderedDict[int, int] = OrderedDict()
        """The last hop of each character that was installed, also of those who have gone."""
        self._looking = False
        self._look_ns = 0
        self._house_ns = 0
        self._watch_ns = 0
        self._looked_closed = False

    def start(self, epoch: int, rows: Iterable[CharacterRow], now_ns: int) -> None:
        """These were ours when the zone began."""
        self._epoch = epoch
        self._look_ns = now_ns + LOOK_NS
        for row in rows:
            self._enter(row)

    @property
    def num_reservations(self) -> int:
        """Places kept."""
        return len(self._reservations)

    @property
    def busy(self) -> bool:
        """True while somebody is here or may still turn out to be ours; after `close` it ends."""
        waiting = self._callers or self._leaving or self._unhoused or self._looking
        return bool(self.book or waiting) or not self._looked_closed

    def poll(self, now_ns: int) -> None:
        """Claims that waited, arrivals, reservations that are out of date."""
        for character, caller in list(self._callers.items()):
            if caller.connection == NOBODY and not caller.asked:
                del self._callers[character]
            elif not caller.asked and character not in self._leaving:
                self._claim(character, caller)
        if now_ns >= self._watch_ns:
            self._watch_ns = now_ns + WATCH_NS
            self._watch_sources(now_ns)
        if now_ns >= self._look_ns and not self._looking:
            self._look(now_ns)
        if self._unhoused and now_ns >= self._house_ns:
            self._house_ns = now_ns + HOUSE_NS
            for row in list(self._unhoused.values()):
                self.install(row)

    def close(self, now_ns: int) -> None:
        """Nobody comes in any more."""
        self._closed = True
        self._look_ns = now_ns
        for character, reservation in list(self._reservations.items()):
            self._links.send(reservation.source, Denied(character, DRAINING))
            self._cancel(character, DRAINING)
        for caller in self._callers.values():
            self._refuse(caller, DRAINING)

    # By the gateway.

    def knock(self, connection: int, character: int, session: int, name: str, now_ns: int) -> bool:
        """A player with a token of the gateway. True if its avatar is here."""
        resident = self.book.get(character)
        if resident is not None and not resident.frozen:
            resident.session = session
            return True
        if resident is not None:
            self._residents.refuse(connection, CROSSING)
            return False
        if self._closed:
            self._residents.refuse(connection, DRAINING)
            return False
        caller = self._callers.get(character)
        if caller is None:
            self._callers[character] = _Caller(connection, session)
            return False
        self._refuse(caller, SUPERSEDED)
        caller.connection, caller.session = connection, session
        return False

    def caller_left(self, connection: int, character: int, now_ns: int) -> None:
        """A waiting connection has ended."""
        caller = self._callers.get(character)
        if caller is not None and caller.connection == connection:
            caller.connection = NOBODY
        reservation = self._reservations.get(character)
        if reservation is not None and reservation.connection == connection:
            self._links.send(reservation.source, Denied(character, WITHDRAWN))
            del self._reservations[character]

    def _claim(self, character: int, caller: _Caller) -> None:
        caller.asked = True
        claim = Claim(self._key, self._epoch, character, caller.session)
        self._asking.ask(claim, lambda answer, now_ns: self._claimed(claim, answer))

    def _claimed(self, claim: Claim, answer: Answer | None) -> None:
        caller = self._callers.pop(claim.character, None)
        if isinstance(answer, ClaimRefused):
            if caller is not None:
                self._refuse(caller, UNKNOWN if answer.owner is None else ELSEWHERE)
        elif isinstance(answer, Claimed):
            if caller is not None and (caller.session != claim.session or self._was_installed(answer.row)):
                caller.asked = False  # superseded, or come and gone meanwhile: this answer is not about that caller
                self._callers[claim.character] = caller
            else:
                self.install(answer.row, caller)
        elif caller is not None:
            self._refuse(caller, UNKNOWN)

    # From a neighbour.

    def reserve(self, source: ZoneKey, message: Reserve, now_ns: int) -> None:
        """A neighbour announces a character."""
        character = message.character
        if self._closed:
            self._deny(source, message, DRAINING)
        elif character in self.book or character in self._leaving or character in self._unhoused:
            self._deny(source, message, HERE)
        elif len(self.book) + len(self._reservations.keys() - {character}) >= self._max_residents:
            self._deny(source, message, FULL)
        else:
            self._cancel(character, SUPERSEDED)
            epoch = self._links.epoch_of(source)
            self._reservations[character] = _Reservation(source, epoch, message.session, now_ns)
            token = self._residents.make_token(character, message.name, message.session)
            self._links.send(source, Granted(character, token.rstrip(b"\0")))
            self._lines.debug("a place is kept", character=character, session=message.session, source=str(source))

    def _deny(self, source: ZoneKey, message: Reserve, reason: str) -> None:
        self._links.send(source, Denied(message.character, reason))
        self._lines.info(
            "no place is kept", character=message.character, session=message.session, source=str(source), reason=reason
        )

    def withdrawn(self, source: ZoneKey, character: int) -> None:
        """The neighbour's character does not come."""
        reservation = self._reservations.get(character)
        if reservation is not None and reservation.source == source:
            self._cancel(character, WITHDRAWN)

    def arrive(self, connection: int, character: int, session: int, now_ns: int) -> bool:
        """A player with a token of a passage. True if its avatar is here already."""
        resident = self.book.get(character)
        if resident is not None and resident.session == session and not resident.frozen:
            return True
        reservation = self._reservations.get(character)
        if reservation is None or reservation.session != session:
            self._residents.refuse(connection, WITHDRAWN)
            return False
        if reservation.connection not in (NOBODY, connection):
            self._residents.refuse(reservation.connection, SUPERSEDED)
        reservation.connection = connection
        self._links.send(reservation.source, Ready(character))
        return False

    def activate(self, source: ZoneKey, message: Activate, now_ns: int) -> None:
        """A neighbour says that the store has made a character ours."""
        before = self._hops.get(message.character)
        self.install(
            CharacterRow(
                character=message.character,
                account=message.account,
                name=message.name,
                owner=self._key,
                epoch=self._epoch,
                presence=PLAYING,
                hop=message.hop,
                session=message.session,
                x=message.x,
                y=message.y,
                record=message.record,
                layout=message.layout,
                last_input=message.last_input,
            )
        )
        self._links.send(source, Activated(message.transfer, message.character))
        if self._hops.get(message.character) != before:
            self.num_arrivals += 1
            self._lines.info(
                "%s came over",
                message.name,
                character=message.character,
                session=message.session,
                transfer=message.transfer,
                source=str(source),
            )

    def source_restarted(self, key: ZoneKey, now_ns: int) -> None:
        """A neighbour has a new epoch: what the old one has handed over is in the store, and nothing else will come."""
        for reservation in self._reservations.values():
            if reservation.source == key:
                reservation.heard_ns = min(reservation.heard_ns, now_ns - SOURCE_SILENT_NS + LOOK_SOON_NS)
        self._look_ns = now_ns

    def _watch_sources(self, now_ns: int) -> None:
        for character, reservation in list(self._reservations.items()):
            same = self._links.epoch_of(reservation.source) == reservation.epoch
            if same and self._links.is_heard(reservation.source, now_ns):
                reservation.heard_ns = now_ns
            elif now_ns - reservation.heard_ns >= SOURCE_SILENT_NS:
                self._cancel(character, WITHDRAWN)
            else:
                self._look_ns = min(self._look_ns, now_ns + LOOK_SOON_NS)

    def _cancel(self, character: int, reason: str) -> None:
        reservation = self._reservations.pop(character, None)
        if reservation is not None and reservation.connection != NOBODY:
            self._residents.refuse(reservation.connection, reason)

    # From the store.

    def _look(self, now_ns: int) -> None:
        self._looking = True
        self._look_ns = now_ns + LOOK_NS
        closed = self._closed
        known = frozenset(self.book) | self._leaving | frozenset(self._unhoused)
        self._asking.ask(FindArrivals(self._key, self._epoch, known), lambda answer, at_ns: self._found(answer, closed))

    def _found(self, answer: Answer | None, closed: bool) -> None:
        self._looking = False
        self._looked_closed |= closed
        for row in answer.rows if isinstance(answer, Arrivals) else ():
            if row.character not in self._callers and row.character not in self._leaving:
                self.install(row)

    # The door.

    def install(self, row: CharacterRow, caller: _Caller | None = None) -> None:
        """The store says that `row` is ours: it enters the world, unless this hop of it already did."""
        character = row.character
        if self._was_installed(row):
            self._unhoused.pop(character, None)
            return
        if character in self.book:
            self._unhoused[character] = row  # it went and came back, and the cut with its going is not answered yet
            return
        connection, session = self._player_of(row, caller)
        if session != row.session:
            row = replace(row, session=session)
        if self._residents.install(row, connection):
            self._unhoused.pop(character, None)
            self._enter(row)
        else:
            self._unhoused[character] = row
            if connection != NOBODY:
                self._residents.refuse(connection, FULL)

    def _was_installed(self, row: CharacterRow) -> bool:
        return row.hop <= self._hops.get(row.character, -1)

    def _player_of(self, row: CharacterRow, caller: _Caller | None) -> tuple[int, int]:
        """Connection and session of who plays it; other connections that waited for it are ended."""
        waiting = self._callers.get(row.character)
        if waiting is not None and caller is None:
            caller = waiting
            if waiting.asked:
                self._callers[row.character] = _Caller(NOBODY, waiting.session, asked=True)
            else:
                del self._callers[row.character]
        reservation = self._reservations.get(row.character)
        if caller is not None and caller.connection != NOBODY:
            self._cancel(row.character, SUPERSEDED)
            return caller.connection, caller.session
        if reservation is not None and reservation.session == row.session:
            del self._reservations[row.character]
            return reservation.connection, reservation.session
        self._cancel(row.character, SUPERSEDED)
        return NOBODY, row.session

    def _enter(self, row: CharacterRow) -> None:
        self.book[row.character] = Resident(row.character, row.hop, row.session, row.account, row.name)
        self._hops[row.character] = row.hop
        self._hops.move_to_end(row.character)
        while len(self._hops) > MAX_REMEMBERED_HOPS:
            self._hops.popitem(last=False)

    def leave(self, resident: Resident) -> Resident:
        """A resident is taken out; until that is written, nobody claims it."""
        self._leaving.add(resident.character)
        return self.book.pop(resident.character)

    def has_left(self, character: int) -> None:
        """Its leaving is written."""
        self._leaving.discard(character)

    def _refuse(self, caller: _Caller | None, reason: str) -> None:
        if caller is not None and caller.connection != NOBODY:
            self._lines.info("a player is not let in", session=caller.session, reason=reason)
            self._residents.refuse(caller.connection, reason)
            caller.connection = NOBODY
