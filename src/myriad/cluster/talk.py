"""Talk beyond one zone: which zones must hear what a player says, and what became of a whisper.

Responsible for: the way of everything said, from its zone to those who hear it, once each; notices to those who
whispered to somebody who cannot hear it.
Not here: how often a player may speak, who stands near (`zone/chat.py`); bytes (`talk_bodies.py`); links, bus, store.

- *zone*: all players of this layer of the zone.
- *nearby*: players within 40 m, also in neighbours whose rectangle is within earshot.
- *world*: the bus, which brings it back to this zone too.
- *whisper*: by name, to whoever plays here; else the store says who owns that character, and that zone hears it over a
  peer link. If the character has just moved on from there, it is passed on once. The zone that delivers it, or cannot,
  says so to the zone where it was whispered; if nobody says anything in time, the player is told that too.

Invariants: nothing is heard twice in a zone: what comes in is known by zone, epoch and number, and an old epoch's is
refused. A whisper is delivered, or its speaker is told. What waits is bounded. Bad bytes are counted, changing nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from myriad.cluster.requests import PLAYING, Answer, CharacterRow, FindCharacter, ZoneKey
from myriad.cluster.talk_bodies import (
    Nearby,
    Outcome,
    PeerTalk,
    Said,
    Whisper,
    decode_peer_talk,
    decode_said,
    encode_heard,
    encode_peer_talk,
    encode_said,
)
from myriad.cluster.window import Window
from myriad.wire.layouts import CHAT_NEARBY, CHAT_NOTICE, CHAT_WHISPER, CHAT_WORLD

TOPIC: Final = "talk"
"""Of world chat on the bus."""
EARSHOT_M: Final = 40.0
MAX_WAITING: Final = 1024
"""Whispers of a zone's players whose outcome is open, and likewise those of others that wait here."""
OUTCOME_NS: Final = 3_000_000_000
ARRIVAL_NS: Final = 1_000_000_000
"""How long a whisper waits for a character that is this zone's by the store but has not arrived."""

_MAX_WINDOWS: Final = 8192
_BUS: Final = "bus"
_PEER: Final = "peer"


class Area(Protocol):
    """A zone's rectangle."""

    def distance_m(self, x: float, y: float) -> float:
        """From a point to it, 0 inside."""
        ...


class Hear(NamedTuple):
    """Give `body` (chat channel) to players here: to `character` if not 0, else to those within earshot of `near`
    (metres) if given, else to all."""

    body: bytes
    character: int = 0
    near: tuple[float, float] | None = None


class Tell(NamedTuple):
    """Send `body` to another zone as talk, reliably."""

    target: ZoneKey
    body: bytes


class Announce(NamedTuple):
    """Publish `body` on the bus."""

    topic: str
    body: bytes


class Ask(NamedTuple):
    """Ask the store, and bring the answer to `TalkRouter.answer` under `ticket`."""

    ticket: int
    request: FindCharacter


Step = Hear | Tell | Announce | Ask


class _Open(NamedTuple):
    """A whisper of one of this zone's players, until its outcome is known."""

    speaker: int
    to: str
    until_ns: int


class TalkRouter:
    """The talk of one zone (or layer) under one epoch."""

    def __init__(self, key: ZoneKey, epoch: int, find_player: Callable[[str], int | None]) -> None:
        """`find_player(name)` is the character of that name if its player is connected here."""
        self.neighbours: Sequence[tuple[ZoneKey, Area]] = ()
        """Neighbours that this zone has links to; the owner keeps it up to date."""
        self.num_malformed = 0
        self.num_repeated = 0
        self._key = key
        self._epoch = epoch
        self._find_player = find_player
        self._number = 0
        self._ticket = 0
        self._windows: dict[tuple[str, ZoneKey], Window] = {}
        self._open: dict[int, _Open] = {}
        self._asked: dict[int, Whisper] = {}
        self._awaited: list[tuple[int, Whisper]] = []

    @property
    def num_waiting(self) -> int:
        """Whispers that wait here for something."""
        return len(self._open) + len(self._asked) + len(self._awaited)

    # What players of this zone say.

    def say(self, scope: int, speaker: int, name: str, text: str, x: float, y: float) -> list[Step]:
        """Character `speaker` at (x, y) says `text` to `scope` CHAT_ZONE, CHAT_NEARBY or CHAT_WORLD."""
        if scope == CHAT_WORLD:
            return [Announce(TOPIC, encode_said(self._said(speaker, name, text)))]
        heard = encode_heard(scope, speaker, name, text)
        if scope != CHAT_NEARBY:
            return [Hear(heard)]
        steps: list[Step] = [Hear(heard, near=(x, y))]
        targets = [key for key, area in self.neighbours if area.distance_m(x, y) <= EARSHOT_M]
        if targets:
            body = encode_peer_talk(Nearby(x, y, self._said(speaker, name, text)))
            steps += [Tell(target, body) for target in targets]
        return steps

    def whisper(self, speaker: int, name: str, to: str, text: str, now_ns: int) -> list[Step]:
        """Character `speaker` whispers to the one called `to`, wherever it is."""
        here = self._find_player(to)
        if here is not None:
            return [Hear(encode_heard(CHAT_WHISPER, speaker, name, text), character=here)]
        if len(self._open) >= MAX_WAITING:
            return [_notice(speaker, _cannot_be_reached(to))]
        said = self._said(speaker, name, text)
        self._open[said.number] = _Open(speaker, to, now_ns + OUTCOME_NS)
        return self._look_up(Whisper(0, to, said))

    # What comes from elsewhere.

    def receive(self, source: ZoneKey, body: bytes) -> list[Step]:
        """Talk from another zone, over its link."""
        talk = decode_peer_talk(body)
        if talk is None or not _comes_from(talk, source):
            self.num_malformed += 1
            return []
        if isinstance(talk, Outcome):
            return self._close(talk)
        if not self._is_new(_PEER, talk.said):
            return []
        if isinstance(talk, Nearby):
            return [Hear(_heard(CHAT_NEARBY, talk.said), near=(talk.x, talk.y))]
        return self._deliver(talk) or self._look_up(talk)

    def hear(self, body: bytes) -> list[Step]:
        """World chat from the bus, this zone's own included."""
        said = decode_said(body)
        if said is None:
            self.num_malformed += 1
            return []
        return [Hear(_heard(CHAT_WORLD, said))] if self._is_new(_BUS, said) else []

    def answer(self, ticket: int, answer: Answer | None, now_ns: int) -> list[Step]:
        """What the store said to `Ask`; None if it could not be asked."""
        whisper = self._asked.pop(ticket, None)
        if whisper is None:
            return []
        if not isinstance(answer, CharacterRow) or answer.presence != PLAYING:
            return self._give_up(whisper, _cannot_be_reached if answer is None else _is_not_here)
        if answer.owner == self._key:
            self._awaited.append((now_ns + ARRIVAL_NS, whisper))
            return self.poll(now_ns)
        if whisper.hops > 0:
            return self._give_up(whisper, _is_not_here)
        if whisper.said.zone == self._key:
            # One whose speaker was told by now that nobody heard it is not to be heard after all.
            return [Tell(answer.owner, encode_peer_talk(whisper))] if whisper.said.number in self._open else []
        return [Tell(answer.owner, encode_peer_talk(whisper._replace(hops=1)))]

    def poll(self, now_ns: int) -> list[Step]:
        """Those who have arrived hear what waited for them; who whispered in vain is told. Call it every tick or so."""
        steps: list[Step] = []
        awaited, self._awaited = self._awaited, []
        for until_ns, whisper in awaited:
            delivered = self._deliver(whisper)
            if not delivered and now_ns < until_ns:
                self._awaited.append((until_ns, whisper))
            else:
                steps += delivered or self._give_up(whisper, _is_not_here)
        for number in [number for number, one in self._open.items() if now_ns >= one.until_ns]:
            one = self._open.pop(number)
            steps.append(_notice(one.speaker, _cannot_be_reached(one.to)))
        return steps

    # Whispers.

    def _look_up(self, whisper: Whisper) -> list[Step]:
        if len(self._asked) + len(self._awaited) >= MAX_WAITING:
            return self._give_up(whisper, _cannot_be_reached)
        self._ticket += 1
        self._asked[self._ticket] = whisper
        return [Ask(self._ticket, FindCharacter(name=whisper.to))]

    def _deliver(self, whisper: Whisper) -> list[Step]:
        """To the player it is for, and the good news to where it was whispered; nothing if that one is not here."""
        here = self._find_player(whisper.to)
        if here is None:
            return []
        said = whisper.said
        steps: list[Step] = [Hear(_heard(CHAT_WHISPER, said), character=here)]
        if said.zone == self._key:
            self._take_open(said.epoch, said.number)
            return steps
        return [*steps, Tell(said.zone, encode_peer_talk(Outcome(said.epoch, said.number, True)))]

    def _give_up(self, whisper: Whisper, why: Callable[[str], str]) -> list[Step]:
        said = whisper.said
        if said.zone != self._key:
            return [Tell(said.zone, encode_peer_talk(Outcome(said.epoch, said.number, False)))]
        one = self._take_open(said.epoch, said.number)
        return [] if one is None else [_notice(one.speaker, why(one.to))]

    def _close(self, outcome: Outcome) -> list[Step]:
        one = self._take_open(outcome.epoch, outcome.number)
        return [] if one is None or outcome.delivered else [_notice(one.speaker, _is_not_here(one.to))]

    def _take_open(self, epoch: int, number: int) -> _Open | None:
        return self._open.pop(number, None) if epoch == self._epoch else None

    # Numbers.

    def _said(self, speaker: int, name: str, text: str) -> Said:
        self._number += 1
        return Said(self._key, self._epoch, self._number, speaker, name, text)

    def _is_new(self, way: str, said: Said) -> bool:
        """Bus and links have numbers of their own to remember: one may be much slower than the other."""
        window = self._windows.pop((way, said.zone), None) or Window()
        self._windows[way, said.zone] = window  # the one heard last comes last
        if len(self._windows) > _MAX_WINDOWS:
            del self._windows[next(iter(self._windows))]
        new = window.accept(said.epoch, said.number)
        self.num_repeated += not new
        return new


def _comes_from(talk: PeerTalk, source: ZoneKey) -> bool:
    """False if `source` speaks for another zone without having passed on a whisper."""
    return isinstance(talk, Outcome) or talk.said.zone == source or (isinstance(talk, Whisper) and talk.hops == 1)


def _heard(scope: int, said: Said) -> bytes:
    return encode_heard(scope, said.speaker, said.name, said.text)


def _notice(character: int, sentence: str) -> Hear:
    return Hear(encode_heard(CHAT_NOTICE, 0, "", sentence), character)


def _is_not_here(name: str) -> str:
    return f"{name} is not here."


def _cannot_be_reached(name: str) -> str:
    return f"{name} cannot be reached now."
