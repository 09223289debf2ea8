"""The load balancer: into which layer of which zone a player goes, or for whom it waits.

Responsible for: room in a layer, which layer, which one is missing, and what a client is told that has to wait.
Not here: where a character stands and tokens (`web/gateway/`), starting zones (the supervisor), the queue itself
(`login_queue.py`).

How it works: a gateway looks at the directory twice a second (`observe`). A login to a zone with room gets a *place*,
which is promised to it until it arrives or a few seconds are over. Who finds no room waits; at each look those who have
waited longest are called as far as there is room, and a called one's place is kept until it asks again. A client only
has to repeat its request.

Invariants: first come, first served; a full zone keeps nobody from entering another; a player who returns into its
avatar never waits. Time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from myriad.cluster.directory import EMPTY_VIEW, DirectoryView, takes_players
from myriad.cluster.login_queue import Entry, LoginQueue, Promises
from myriad.cluster.requests import LeaseRow, ZoneKey

MAX_LAYERS: Final = 256
RETRY_STARTING_S: Final = 0.5
MAX_RETRY_S: Final = 5.0
_POSITIONS_PER_S = 100
"""A client that is so far back may ask a second later."""


class Place(NamedTuple):
    """The player may go there."""

    row: LeaseRow


class Waiting(NamedTuple):
    """The player has to wait, and should ask again in `retry_s`."""

    zone: str
    position: int
    """1 is next; 0 was called just now."""
    estimate_s: float | None
    """None if nobody was let in lately."""
    retry_s: float
    wanted: ZoneKey | None
    """A zone or layer whose start would help, if any."""
    why: str


class QueueFull(NamedTuple):
    """The player cannot even wait."""


def room_in(row: LeaseRow, promised: int) -> int:
    """Players that a layer takes besides those connected and the `promised` ones; none while it ends."""
    return max(0, row.capacity - row.load.connected - promised) if takes_players(row) else 0


def choose_layer(layers: Iterable[LeaseRow], promised: Callable[[ZoneKey], int]) -> LeaseRow | None:
    """The lowest layer with room: so the higher ones run empty when a crowd is over."""
    return next((row for row in layers if room_in(row, promised(row.key))), None)


def missing_layer(zone: str, layers: Iterable[LeaseRow]) -> ZoneKey | None:
    """The lowest layer that does not run, None if all of them do; the zone itself while all its layers end."""
    rows = list(layers)
    if not any(takes_players(row) for row in rows):
        return ZoneKey(zone)
    running = {row.key.layer for row in rows}
    return next((ZoneKey(zone, layer) for layer in range(MAX_LAYERS) if layer not in running), None)


class LoadBalancer:
    """What one gateway remembers between two looks at the directory."""

    def __init__(self, *, max_online: int, max_waiting: int) -> None:
        self.view: DirectoryView = EMPTY_VIEW
        self.promises = Promises()
        self.queue = LoginQueue(max_waiting)
        self._max_online = max_online
        self._connected = 0

    def observe(self, view: DirectoryView, now_ns: int) -> None:
        """A newer directory: who was promised a place has arrived, and those who are next are called."""
        for row in view.rows(now_ns):
            before = self.view.find(row.key, self.view.read_ns)
            known = before.load.connected if before is not None and before.epoch == row.epoch else 0
            self.promises.arrived(row.key, row.load.connected - known)
        self.view = view
        self._connected = view.totals(now_ns).connected
        self.promises.expire(now_ns)
        self.queue.call(lambda zone: self._find_room(zone, now_ns), self._world_room, now_ns)

    def place(self, character: int, zone: str, now_ns: int) -> Place | Waiting | QueueFull:
        """A place for a character that is away and stands in `zone`."""
        row = self._kept(character, zone, now_ns)
        if row is None and self.queue.find(character) is None and not self.queue.must_wait(zone):
            self.promises.take_back(character)
            key = self._find_room(zone, now_ns) if self._world_room() > 0 else None
            row = self.view.find(key, now_ns) if key is not None else None
        if row is not None:
            self.queue.leave(character)
            self.promises.give(character, row.key, now_ns)
            return Place(row)
        entry = self.queue.ask(character, zone, now_ns, world_full=self._world_room() <= 0)
        return QueueFull() if entry is None else self._waiting(entry, now_ns)

    def place_of(self, key: ZoneKey, now_ns: int) -> Place | None:
        """The zone where a character is playing; full or not, it goes back there. None while nobody runs it."""
        row = self.view.find(key, now_ns)
        return Place(row) if row is not None and takes_players(row) else None

    def _kept(self, character: int, zone: str, now_ns: int) -> LeaseRow | None:
        """The layer where a place is kept for it already: it was called, or it has a token and asks for another."""
        entry = self.queue.find(character)
        key = self.promises.find(character) if entry is None else entry.called
        row = self.view.find(key, now_ns) if key is not None and key.zone == zone else None
        if row is not None and takes_players(row):
            return row
        if entry is not None:
            self.queue.uncall(entry)
        return None

    def _find_room(self, zone: str, now_ns: int) -> ZoneKey | None:
        row = choose_layer(self.view.layers(zone, now_ns), self._on_their_way)
        return row.key if row is not None else None

    def _on_their_way(self, key: ZoneKey) -> int:
        return self.promises.count(key) + self.queue.reserved[key]

    def _world_room(self) -> int:
        return self._max_online - self._connected - len(self.promises) - self.queue.reserved.total()

    def _waiting(self, entry: Entry, now_ns: int) -> Waiting:
        layers = self.view.layers(entry.zone, now_ns)
        retry_s = min(MAX_RETRY_S, 1.0 + entry.position / _POSITIONS_PER_S)
        wanted = missing_layer(entry.zone, layers)
        if not any(takes_players(row) for row in layers):
            why, retry_s = "the zone is starting", RETRY_STARTING_S
        elif self._find_room(entry.zone, now_ns) is None:
            why = "the zone is full"
        else:
            why, wanted = "the world is full", None
        estimate_s = self.queue.estimate_s(entry)
        return Waiting(entry.zone, entry.position, estimate_s, retry_s, wanted, why)
