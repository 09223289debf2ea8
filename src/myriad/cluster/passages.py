"""The way out: residents who come near a border, are announced to the neighbour, and go over.

Life of a passage: asked -> granted (the player has a token for the neighbour) -> ready (it is connected there) ->
frozen (a cut with its departure is under way) -> departed, or thawed again. Before it is frozen it may be withdrawn at
any time.

Responsible for: all of that at the source, and the wall where the neighbour is not there or refuses.
Not here: the neighbour's side (`entrance.py`), writing (`cuts.py`).

Invariants: only who was granted a place departs, and only to the epoch that granted it; who is frozen moves on only by
the store's answer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from myriad.cluster.book import Book, Resident
from myriad.cluster.links import Links
from myriad.cluster.peer_link import NS_PER_MS
from myriad.cluster.peer_messages import Activate, Activated, Denied, Granted, Ready, Reserve, Withdraw
from myriad.cluster.requests import Departure, ZoneKey
from myriad.cluster.residents import Residents
from myriad.core.log_lines import Lines
from myriad.game.world_map import WorldMap

RESERVE_M: Final = 20.0
WITHDRAW_M: Final = 30.0
CROSS_M: Final = 2.0
READY_WITHIN_NS: Final = 3_000 * NS_PER_MS
"""How long to wait for a grant; and beyond the border for the player to be connected over there."""
UNREPORTED_NS: Final = 2_000 * NS_PER_MS
WATCH_NS: Final = 100 * NS_PER_MS
LOST_NS: Final = 30_000 * NS_PER_MS
"""After this time nobody says any more that a character has arrived."""
ASK_AGAIN_NS: Final = 1_000 * NS_PER_MS
"""After a refusal."""
WALL_AGAIN_NS: Final = 3_000 * NS_PER_MS
TRANSFER_BYTES: Final = 8
MAX_GAPS: Final = 4096
STEPS: Final = ("asked", "granted", "denied", "ready", "withdrawn", "lost", "wall")
"""What is counted on the way to a handoff: the character was announced, got a place or did not, was connected over
there, did not go after all, had its place lost with the neighbour; its player was told of a wall."""
TOKEN_BYTES: Final = 2048

_LOG = Lines(__name__)


@dataclass(slots=True)
class Passage:
    """One resident's way to one neighbour."""

    target: ZoneKey
    epoch: int
    asked_ns: int
    reported_ns: int
    granted: bool = False
    ready: bool = False


class Passages:
    """The passages of one zone's residents."""

    def __init__(
        self,
        key: ZoneKey,
        world_map: WorldMap,
        residents: Residents,
        book: Book,
        links: Links,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.done: Counter[str] = Counter()
        """Handoffs that took place, by the zone that they led to."""
        self.failed: Counter[str] = Counter()
        """Those that the store refused."""
        self.steps: Counter[str] = Counter(dict.fromkeys(STEPS, 0))
        """How often each of `STEPS` happened."""
        self._lines = _LOG.about(zone=key.zone, layer=key.layer)
        self._map = world_map
        self._area = world_map.by_name[key.zone]
        self._neighbours = world_map.neighbours(key.zone)
        self._residents = residents
        self._book = book
        self._links = links
        self._random_bytes = random_bytes
        self._passages: dict[int, dict[str, Passage]] = {}
        self._wishes: dict[int, tuple[str, int]] = {}
        """Who stands deep enough in which neighbour, and since when."""
        self._refused: dict[tuple[int, str], int] = {}
        """When a character may be announced again."""
        self._wall_told: dict[int, int] = {}
        self._frozen_ns: dict[int, int] = {}
        """When the character of a transfer was frozen."""
        self._gaps: list[int] = []
        self._watch_ns = 0

    # Where they are.

    def at(self, character: int, x: float, y: float, now_ns: int) -> None:
        """A resident is at (x, y)."""
        resident = self._book.get(character)
        if resident is None or resident.frozen or resident.wants_out:
            return
        passages = self._passages.get(character, {})
        for area in self._neighbours:
            distance_m = area.distance_m(x, y)
            passage = passages.get(area.name)
            if passage is None and distance_m <= RESERVE_M:
                self._ask(resident, area.name, now_ns)
            elif passage is not None and distance_m >= WITHDRAW_M:
                self._withdraw(character, area.name)
            elif passage is not None:
                passage.reported_ns = now_ns
        self._wish(character, x, y, now_ns)

    def _wish(self, character: int, x: float, y: float, now_ns: int) -> None:
        depth_m = self._area.distance_m(x, y)
        inside = self._map.zone_at(x, y) if depth_m > 0 else None
        if inside is None or inside not in self._neighbours:
            self._wishes.pop(character, None)
            return
        if depth_m >= CROSS_M:
            before = self._wishes.get(character)
            if before is None or before[0] != inside.name:
                self._wishes[character] = (inside.name, now_ns)
        if not self._is_open(character, inside.name, now_ns):
            self._tell_wall(character, inside.name, now_ns)

    def _is_open(self, character: int, name: str, now_ns: int) -> bool:
        """True if the way is, or may still become, free."""
        if self._links.neighbour(name, now_ns) is None:
            return False
        passage = self._passages.get(character, {}).get(name)
        return passage is not None and (passage.granted or now_ns - passage.asked_ns < READY_WITHIN_NS)

    def _tell_wall(self, character: int, name: str, now_ns: int) -> None:
        if now_ns >= self._wall_told.get(character, 0):
            self._wall_told[character] = now_ns + WALL_AGAIN_NS
            self.steps["wall"] += 1
            self._lines.info("a player stands before a wall", character=character, target=name)
            self._residents.tell_wall(character, ZoneKey(name))

    # Announcing.

    def _ask(self, resident: Resident, name: str, now_ns: int) -> None:
        target = self._links.neighbour(name, now_ns)
        if target is None or now_ns < self._refused.get((resident.character, name), 0):
            return
        if self._links.send(target, Reserve(resident.character, resident.session, resident.name)):
            self._step("asked", resident.character, target)
            passage = Passage(target, self._links.epoch_of(target), now_ns, now_ns)
            self._passages.setdefault(resident.character, {})[name] = passage

    def hear(self, source: ZoneKey, message: Granted | Denied | Ready | Activated, now_ns: int) -> None:
        """What a neighbour says about one of ours."""
        if isinstance(message, Activated):
            frozen_ns = self._frozen_ns.pop(message.transfer, None)
            if frozen_ns is not None and len(self._gaps) < MAX_GAPS:
                self._gaps.append(now_ns - frozen_ns)
                gap_ms = round((now_ns - frozen_ns) / NS_PER_MS, 3)
                self._lines.debug(
                    "it plays over there",
                    character=message.character,
                    transfer=message.transfer,
                    target=str(source),
                    gap_ms=gap_ms,
                )
            return
        character = message.character
        passage = self._passages.get(character, {}).get(source.zone)
        if passage is None or passage.target != source or self._book[character].frozen:
            return
        if isinstance(message, Granted):
            passage.granted = True
            self._step("granted", character, source)
            self._residents.offer_passage(character, source, message.token.ljust(TOKEN_BYTES, b"\0"))
        elif isinstance(message, Ready):
            passage.ready = passage.granted
            self._step("ready", character, source)
        else:
            self._step("denied", character, source)
            self._refused[character, source.zone] = now_ns + ASK_AGAIN_NS
            self._drop(character, source.zone)

    def poll(self, now_ns: int) -> None:
        """Withdraws what is out of date; looks ten times a second."""
        if now_ns < self._watch_ns:
            return
        self._watch_ns = now_ns + WATCH_NS
        self._forget_lost(now_ns)
        for character, passages in list(self._passages.items()):
            if self._book[character].frozen:
                continue
            for name, passage in list(passages.items()):
                unanswered = not passage.granted and now_ns - passage.asked_ns >= READY_WITHIN_NS
                if unanswered:
                    self._refused[character, name] = now_ns + ASK_AGAIN_NS
                if unanswered or now_ns - passage.reported_ns >= UNREPORTED_NS:
                    self._withdraw(character, name)
                elif not self._links.is_heard(passage.target, now_ns):
                    self._step("lost", character, passage.target)
                    self._drop(character, name)

    def _forget_lost(self, now_ns: int) -> None:
        lost = [transfer for transfer, frozen_ns in self._frozen_ns.items() if now_ns - frozen_ns > LOST_NS]
        for transfer in lost:
            del self._frozen_ns[transfer]

    def _withdraw(self, character: int, name: str) -> None:
        passage = self._passages[character][name]
        self._links.send(passage.target, Withdraw(character))
        self._step("withdrawn", character, passage.target)
        self._drop(character, name)

    def _step(self, step: str, character: int, target: ZoneKey) -> None:
        """One of `STEPS` happened."""
        self.steps[step] += 1
        self._lines.debug("a passage is %s", step, character=character, target=str(target), step=step)

    def _drop(self, character: int, name: str) -> None:
        """The passage is over, without a word to the neighbour; the player is told if it had an offer."""
        passage = self._passages[character].pop(name)
        if not self._passages[character]:
            del self._passages[character]
        if passage.granted:
            self._residents.offer_passage(character, passage.target, b"")

    def link_lost(self, key: ZoneKey) -> None:
        """A neighbour has begun anew and knows nothing of what was reserved."""
        for character, passages in list(self._passages.items()):
            passage = passages.get(key.zone)
            if passage is not None and passage.target == key and not self._book[character].frozen:
                self._step("lost", character, key)
                self._drop(character, key.zone)

    def player_left(self, character: int) -> None:
        """Nobody is there to go over, unless it is going already."""
        resident = self._book.get(character)
        if resident is not None and not resident.frozen:
            self._wishes.pop(character, None)  # who comes back begins to wait anew
            for name in list(self._passages.get(character, ())):
                self._withdraw(character, name)

    def close(self) -> None:
        """Nobody crosses any more, but those who are frozen."""
        for character in list(self._passages):
            self.player_left(character)
        self._wishes.clear()

    def forget(self, character: int) -> None:
        """A resident is about to be taken out."""
        self.player_left(character)
        self._clear(character)

    def _clear(self, character: int) -> None:
        self._passages.pop(character, None)
        self._wishes.pop(character, None)
        self._wall_told.pop(character, None)
        for area in self._neighbours:
            self._refused.pop((character, area.name), None)

    # Going over.

    def ready_to_depart(self, now_ns: int) -> list[tuple[Resident, Passage]]:
        """Who stands beyond the border and may be frozen for the next cut."""
        ready = []
        for character, (name, since_ns) in self._wishes.items():
            resident = self._book.get(character)
            passage = self._passages.get(character, {}).get(name)
            if resident is None or resident.frozen or passage is None or not passage.granted:
                continue
            late = now_ns - since_ns >= READY_WITHIN_NS
            alive = self._links.holds_lease(passage.target, passage.epoch, now_ns)
            if alive and (passage.ready or late) and self._links.is_heard(passage.target, now_ns):
                ready.append((resident, passage))
        return ready

    def depart(self, wishes: list[tuple[Resident, Passage]], now_ns: int) -> tuple[Departure, ...]:
        """Freeze them; what the cut says about them."""
        departures = []
        for resident, passage in wishes:
            leaving = self._residents.freeze(resident.character)
            resident.frozen = True
            transfer = int.from_bytes(self._random_bytes(TRANSFER_BYTES), "little")
            self._frozen_ns[transfer] = now_ns
            self._lines.debug(
                "a character is frozen, to depart with the next cut",
                character=resident.character,
                session=leaving.session,
                transfer=transfer,
                target=str(passage.target),
            )
            departures.append(
                Departure(
                    transfer=transfer,
                    character=resident.character,
                    hop=resident.hop,
                    target=passage.target,
                    target_epoch=passage.epoch,
                    x=leaving.x,
                    y=leaving.y,
                    record=leaving.record,
                    last_input=leaving.last_input,
                    session=leaving.session,
                )
            )
        return tuple(departures)

    def departed(self, departure: Departure, layout: str) -> None:
        """It is the target's now: tell it, and let the character go."""
        resident = self._book.pop(departure.character)
        self.done[departure.target.zone] += 1
        message = Activate(
            transfer=departure.transfer,
            character=departure.character,
            hop=departure.hop + 1,
            last_input=departure.last_input,
            session=departure.session,
            account=resident.account,
            x=departure.x,
            y=departure.y,
            name=resident.name,
            layout=layout,
            record=departure.record,
        )
        # If it has a new epoch meanwhile, it found the character in the store when it started.
        if self._links.epoch_of(departure.target) == departure.target_epoch:
            self._links.send(departure.target, message)
        for name, passage in self._passages.get(departure.character, {}).items():
            if name != departure.target.zone:
                self._links.send(passage.target, Withdraw(departure.character))
        self._clear(departure.character)
        self._residents.depart(departure.character, departure.target)
        self._tell(departure, logging.INFO, f"{resident.name} went over")

    def stayed(self, departure: Departure, now_ns: int) -> None:
        """The store refused: it goes on here."""
        self.failed[departure.target.zone] += 1
        self._frozen_ns.pop(departure.transfer, None)
        self._book[departure.character].frozen = False
        self._refused[departure.character, departure.target.zone] = now_ns + ASK_AGAIN_NS
        self._tell(departure, logging.WARNING, "the store did not let a character go")
        self._residents.thaw(departure.character)
        self.player_left(departure.character)

    def _tell(self, departure: Departure, level: int, what: str) -> None:
        self._lines.log(
            level,
            "%s",
            what,
            character=departure.character,
            session=departure.session,
            transfer=departure.transfer,
            target=str(departure.target),
        )

    def take_gaps(self) -> list[int]:
        """Durations in ns from freeze to `Activated`, since the last call."""
        taken, self._gaps = self._gaps, []
        return taken
