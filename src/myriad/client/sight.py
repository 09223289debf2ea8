"""What one player sees: the entities in its view, where each is shown now, and what they are called.

Responsible for: listing the decoded view after each snapshot, feeding the interpolation, asking for names.
Not here: decoding (`replication/view.py`), where to draw between snapshots (`client/interpolation.py`).

Invariant: what is shown comes from one connection at a time; a new connection shows nothing of the former one, but
names stay, for ids are world-unique.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.client.clock import server_tick
from myriad.client.interpolation import Interpolator
from myriad.game import UNITS_PER_M, Game
from myriad.replication.geometry import ring_of
from myriad.replication.view_listing import VISIBLE, visible_entities
from myriad.wire.layouts import MAX_WHOIS, VIEW_RADIUS_CELLS, VIEW_SIDE_CELLS

MAX_LISTED = 1024
ASK_AGAIN_NS = 2_000_000_000


class Entity(NamedTuple):
    """Something in view. `x`, `y` in metres where it is shown now; `hp` 0 (dead) to 1; `name` "" until it is known."""

    id: int
    kind: int
    kind_name: str
    name: str
    x: float
    y: float
    heading: float
    """Turns, 0 = east, 0.25 = north."""
    hp: float
    state: int


class Sight:
    """The eyes of one player."""

    def __init__(self, game: Game, arrays: Clients, tick_hz: int) -> None:
        self._game = game
        self._arrays = arrays
        self._tick_hz = tick_hz
        self._names: dict[int, str] = {}
        self._asked_ns: dict[int, int] = {}
        self._listed: npt.NDArray[Any] = np.zeros(MAX_LISTED, VISIBLE)
        self.forget(0)

    def forget(self, row: int) -> None:
        """From now on looks through connection row `row`, where nothing has been seen yet."""
        self._row = row
        self._num_listed = 0
        self._interpolator = Interpolator(self._tick_hz, MAX_LISTED)

    def look(self, row: int, now_ns: int) -> None:
        """A snapshot came to connection row `row`: notes where everything is."""
        if row != self._row:
            self.forget(row)
        arrays, states = self._arrays, self._arrays.states
        newest = int(states["tick"][row])
        self._num_listed = int(visible_entities(arrays.views, row, newest, self._listed))
        view_x, view_y = int(states["view_x"][row]), int(states["view_y"][row])
        now_tick = server_tick(arrays.clocks, row, now_ns)
        for one in self._listed[: self._num_listed]:
            column = int(one["cell_x"]) - view_x + VIEW_RADIUS_CELLS
            line = int(one["cell_y"]) - view_y + VIEW_RADIUS_CELLS
            inside = 0 <= column < VIEW_SIDE_CELLS and 0 <= line < VIEW_SIDE_CELLS
            ring = int(ring_of(line * VIEW_SIDE_CELLS + column)) if inside else 2
            age = (newest - int(one["tick"])) & 0xFFFFFFFF
            tick = newest + round((now_tick - newest) / 2**32) * 2**32 - age
            x, y = int(one["qx"]) / UNITS_PER_M, int(one["qy"]) / UNITS_PER_M
            self._interpolator.observe(int(one["id"]), tick, x, y, int(one["heading"]) / 256, ring)
        self._interpolator.keep_only(int(entity) for entity in self._listed["id"][: self._num_listed])

    def entities(self, myself: int, now_ns: int) -> list[Entity]:
        """Everything in view but `myself`, where it is shown now."""
        tick = server_tick(self._arrays.clocks, self._row, now_ns)
        shown = {int(place["id"]): place for place in self._interpolator.place(tick)}
        return [
            self._entity(one, shown[int(one["id"])])
            for one in self._listed[: self._num_listed]
            if int(one["id"]) in shown and int(one["id"]) != myself
        ]

    def ask_names(self, now_ns: int) -> int:
        """Puts ids of players in view whose names are unknown on the next packet; returns how many."""
        count = 0
        player_kind = self._game.kinds.get("player", 1)
        for one in self._listed[: self._num_listed]:
            entity = int(one["id"])
            if int(one["kind"]) != player_kind or entity in self._names:
                continue
            if now_ns - self._asked_ns.get(entity, -ASK_AGAIN_NS) < ASK_AGAIN_NS:
                continue
            self._asked_ns[entity] = now_ns
            self._arrays.whois[count] = entity
            count += 1
            if count == MAX_WHOIS:
                break
        return count

    def take_names(self) -> None:
        """Keeps the names that came."""
        arrays = self._arrays
        for name in arrays.names[: int(arrays.num_names[0])]:
            text = name["text"][: int(name["length"])].tobytes().decode(errors="replace")
            self._names[int(name["id"])] = text
        arrays.num_names[0] = 0

    def _entity(self, one: np.void, place: np.void) -> Entity:
        entity, kind = int(one["id"]), int(one["kind"])
        return Entity(
            id=entity,
            kind=kind,
            kind_name=self._game.entity_kind_names.get(kind, ""),
            name=self._names.get(entity, ""),
            x=float(place["x"]),
            y=float(place["y"]),
            heading=float(place["heading"]),
            hp=int(one["hp"]) / 255,
            state=int(one["state"]),
        )
