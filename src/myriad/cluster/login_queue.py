"""Places promised to players who are on their way, and the queue of those who wait for one.

Responsible for: who has a place, who is next, how long it may take.
Not here: how much room there is (`placement.py`).

Invariants: a character has at most one promise and one entry. Nobody is called before one who waits longer for the same
zone, nor, when the world is full, before anybody who waits longer. The queue is bounded; who stops asking is forgotten.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from myriad.cluster.requests import ZoneKey

NS_PER_S: Final = 1_000_000_000
PROMISE_S: Final = 5.0
"""How long a place is kept for a player with a token: longer than its zone takes to tell that it has arrived."""
FORGET_S: Final = 15.0
"""Who waits and has not asked for so long is gone: three times the longest pause that a client is asked to make."""
RATE_WINDOW_S: Final = 60.0


class Promises:
    """Places of players who have a token and have not arrived yet, as far as one gateway knows."""

    def __init__(self) -> None:
        self._until: dict[ZoneKey, dict[int, int]] = {}
        self._key_of: dict[int, ZoneKey] = {}

    def __len__(self) -> int:
        return len(self._key_of)

    def count(self, key: ZoneKey) -> int:
        """How many are on their way to a layer."""
        return len(self._until.get(key, ()))

    def find(self, character: int) -> ZoneKey | None:
        """Where a place is kept for it."""
        return self._key_of.get(character)

    def give(self, character: int, key: ZoneKey, now_ns: int) -> None:
        """One place for a character: asking twice does not take two."""
        self.take_back(character)
        self._until.setdefault(key, {})[character] = now_ns + round(PROMISE_S * NS_PER_S)
        self._key_of[character] = key

    def take_back(self, character: int) -> None:
        """The character needs no place any more."""
        key = self._key_of.pop(character, None)
        if key is not None:
            del self._until[key][character]

    def arrived(self, key: ZoneKey, count: int) -> None:
        """So many more players are connected there than before: those who were promised a place first."""
        for character in list(self._until.get(key, ()))[: max(0, count)]:
            self.take_back(character)

    def expire(self, now_ns: int) -> None:
        """Forget those whose time is over."""
        for promised in self._until.values():
            for character in [character for character, until_ns in promised.items() if until_ns <= now_ns]:
                self.take_back(character)


@dataclass(slots=True)
class Entry:
    """One who waits."""

    zone: str
    asked_ns: int
    position: int = 0
    """1 is next, among those it waits behind."""
    called: ZoneKey | None = None
    """A layer where a place is kept for it until it asks again."""


class LoginQueue:
    """Those who wait, in the order in which they came."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._entries: dict[int, Entry] = {}
        self._waiting: Counter[str] = Counter()
        self._calls: deque[tuple[int, str]] = deque()
        self._rates: Counter[str] = Counter()
        self._world_full = False
        self.reserved: Counter[ZoneKey] = Counter()
        """Places kept for those who were called."""

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, character: int) -> Entry | None:
        """Its entry."""
        return self._entries.get(character)

    def must_wait(self, zone: str) -> bool:
        """True if whoever comes now would overtake somebody."""
        return self._world_full or self._waiting[zone] > 0

    def ask(self, character: int, zone: str, now_ns: int, *, world_full: bool) -> Entry | None:
        """Its entry, at the end if it is new; None if there is no room for it."""
        self._world_full = self._world_full or world_full
        entry = self._entries.get(character)
        if entry is not None and entry.zone != zone:
            self.leave(character)
            entry = None
        if entry is None:
            if len(self._entries) >= self._max_waiting:
                return None
            self._waiting[zone] += 1
            ahead = self._waiting.total() if self._world_full else self._waiting[zone]
            entry = self._entries[character] = Entry(zone, now_ns, ahead)
        entry.asked_ns = now_ns
        return entry

    def leave(self, character: int) -> None:
        """It waits no more."""
        entry = self._entries.pop(character, None)
        if entry is not None:
            self._uncount(entry)

    def call(self, find_room: Callable[[str], ZoneKey | None], world_room: Callable[[], int], now_ns: int) -> None:
        """Call those who are next, as far as there is room.

        `find_room(zone)` is a layer with a place that is neither taken nor `reserved`, `world_room()` how many places
        the whole world has left.
        """
        for character, entry in list(self._entries.items()):
            if entry.asked_ns + round(FORGET_S * NS_PER_S) <= now_ns:
                self.leave(character)
        self._world_full = False
        full: Counter[str] = Counter()
        for entry in self._entries.values():
            if entry.called is not None:
                continue
            self._world_full = self._world_full or world_room() <= 0
            key = None if self._world_full or full[entry.zone] else find_room(entry.zone)
            if key is None:
                full[entry.zone] += 1
                entry.position = full.total() if self._world_full else full[entry.zone]
            else:
                self._call_one(entry, key, now_ns)
        self._waiting = full
        self._measure(now_ns)

    def uncall(self, entry: Entry) -> None:
        """The place that was kept for it is gone; it is where it was in the queue."""
        if entry.called is not None:
            self._uncount(entry)
            entry.called = None
            self._waiting[entry.zone] += 1

    def estimate_s(self, entry: Entry) -> float | None:
        """How long it may take by the last minute's pace; None if nobody was called in it."""
        rate = self._rates.total() if self._world_full else self._rates[entry.zone]
        return entry.position * RATE_WINDOW_S / rate if rate else None

    def _call_one(self, entry: Entry, key: ZoneKey, now_ns: int) -> None:
        entry.called = key
        entry.position = 0
        self.reserved[key] += 1
        self._calls.append((now_ns, entry.zone))

    def _uncount(self, entry: Entry) -> None:
        if entry.called is None:
            self._waiting[entry.zone] -= 1
        else:
            self.reserved[entry.called] -= 1

    def _measure(self, now_ns: int) -> None:
        while self._calls and self._calls[0][0] <= now_ns - round(RATE_WINDOW_S * NS_PER_S):
            self._calls.popleft()
        self._rates = Counter(zone for _, zone in self._calls)
