"""What must hold after every event, whatever goes wrong.

Not here: what is read from the store at the end (`cluster.py`).
"""

from __future__ import annotations

from typing import Protocol

from myriad.cluster.member import Member
from myriad.cluster.requests import Answer, Committed, Cut, LeaseGranted, Request, ZoneKey
from tests.simulation.beings import Being, Chain, walk


class Holder(Protocol):
    """A zone as the referee sees it."""

    @property
    def label(self) -> str: ...

    def plays(self, character: int) -> bool:
        """True if the zone may act, and would let the character act."""
        ...


class Broken(AssertionError):
    """A rule does not hold."""


class Referee:
    def __init__(self) -> None:
        self.zones: list[Holder] = []
        self.confirmed: dict[int, Chain] = {}
        """The newest ledger entry of each character that its player was told to be durable."""
        self.epochs: dict[ZoneKey, int] = {}
        self.num_departures = 0
        self.num_confirmed = 0
        self._hops: dict[int, int] = {}
        self._effects: dict[tuple[str, str], int] = {}

    def one_owner(self, character: int) -> None:
        playing = [zone.label for zone in self.zones if zone.plays(character)]
        if len(playing) > 1:
            raise Broken(f"character {character} plays in {' and '.join(playing)}")

    def installed(self, character: int, hop: int, being: Being, *, loaded: bool, speaks: bool) -> None:
        """A zombie may still install from an answer that it slept over: it will never act on it."""
        if not speaks:
            return
        newest = self._hops.get(character, -1)
        if hop < newest or (hop == newest and not loaded):
            raise Broken(f"character {character} entered with hop {hop} after hop {newest}")
        self._hops[character] = hop
        self.intact(character, being)
        self.one_owner(character)

    def intact(self, character: int, being: Being) -> None:
        """Nothing confirmed is missing, and no input was applied twice."""
        promised = self.confirmed.get(character)
        if promised is not None:
            kept = next((entry for entry in walk(being.entries) if entry.number == promised.number), None)
            if kept is None or kept.what != promised.what:
                raise Broken(f"character {character} has lost entry {promised.number}, which was confirmed")
        applied = [entry.what for entry in walk(being.inputs)]
        if len(applied) != len(set(applied)):
            raise Broken(f"character {character} applied an input twice")

    def confirm(self, character: int, entry: Chain | None) -> None:
        """A zone has told a player that everything up to `entry` is durable."""
        before = self.confirmed.get(character)
        if entry is not None and (before is None or entry.number > before.number):
            self.confirmed[character] = entry
            self.num_confirmed += 1

    def apply(self, character: int, being: Being, number: int) -> None:
        """Before an input is applied."""
        self.one_owner(character)
        if number <= being.last_input:
            raise Broken(f"character {character} would apply input {number} after {being.last_input}")
        forgiven = being.restored is not None and being.session not in being.restored
        if number != being.last_input + 1 and not forgiven:
            raise Broken(f"character {character} lost the inputs between {being.last_input} and {number}")

    def effect(self, source: str, target: str, number: int) -> None:
        """Effects of one zone reach another once and in order."""
        if number <= self._effects.get((source, target), 0):
            raise Broken(f"effect {number} of {source} came to {target} again")
        self._effects[source, target] = number

    def carried_out(self, request: Request, answer: Answer) -> None:
        """The store has done something."""
        if isinstance(answer, LeaseGranted):
            key = getattr(request, "key", None)
            assert isinstance(key, ZoneKey)
            if answer.epoch < self.epochs.get(key, 0):
                raise Broken(f"the epoch of {key} fell to {answer.epoch}")
            self.epochs[key] = answer.epoch
        elif isinstance(request, Cut) and isinstance(answer, Committed):
            self.num_departures += sum(answer.departed)

    def speaks(self, member: Member) -> None:
        """Somebody is about to be sent something."""
        if self.epochs.get(member.key) != member.epoch:
            raise Broken(f"{member.key} speaks in epoch {member.epoch}, which is over")

    def went_over(self, target: ZoneKey, epoch: int) -> None:
        """A character was given to a zone just now."""
        if self.epochs.get(target) != epoch:
            raise Broken(f"a character went over to {target} in epoch {epoch}, which is over")
