"""A zone from above: where its entities are, how full its cells, and who plays, for people who look after it.

Responsible for: taking that out of the arrays, quickly, between two ticks; and putting it into plain values, later.
Not here: who may look (`web/`), how often (`runtime/zone_meter.py`).

Invariants: nothing here changes anything; `look_from_above` copies and does no more, so that a tick hardly waits for
it; players are never left out for the sake of other entities.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from myriad.game.game import Game
from myriad.sim.columns import GHOST, HIDDEN, PLAYER
from myriad.wire.layouts import CELL_M
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import NOBODY, Avatars

MAX_ENTITIES: Final = 2000
MAX_PLAYERS: Final = 500


class Seen(NamedTuple):
    """What was copied: `entities` (n,) of SEEN, all there are; `acks` (m,) are the rows of those of `players` who are
    connected, in order."""

    entities: NDArray[Any]
    players: list[tuple[int, str, int, int]]
    """Character, name, connection row or NOBODY, entity row."""
    places: NDArray[np.float64]
    """(players, 2)."""
    acks: NDArray[Any]


SEEN: Final = np.dtype(
    [("id", "u4"), ("kind", "u1"), ("flags", "u1"), ("x", "f8"), ("y", "f8"), ("hp", "u2"), ("max_hp", "u2")]
)
_ACKS: Final = ("rtt_ns", "num_acked", "num_lost")


def look_from_above(arrays: ZoneArrays, avatars: Avatars) -> Seen:
    """Between two ticks."""
    entities = arrays.world.entities[: int(arrays.world.clock["num_rows"][0])]
    rows = np.flatnonzero((entities["id"] != 0) & (entities["flags"] & (HIDDEN | GHOST) == 0))
    seen = np.zeros(len(rows), SEEN)
    for name in SEEN.names or ():
        seen[name] = entities[name][rows]
    players = [(a.character, a.name, a.connection, a.entity_row) for a in islice(avatars, MAX_PLAYERS)]
    at = np.array([row for _, _, _, row in players], np.intp)
    places = np.stack([entities["x"][at], entities["y"][at]], axis=1)
    connections = np.array([row for _, _, row, _ in players if row != NOBODY], np.intp)
    acks = np.stack([arrays.acks[name][connections] for name in _ACKS], axis=1)
    return Seen(seen, players, places, acks)


def described(seen: Seen, game: Game) -> dict[str, Any]:
    """`players`, `view` and `kinds` as operators are shown them; away from the zone's thread."""
    return {
        "players": _players(seen),
        "view": {"cell_m": CELL_M, "cells": _cells(seen.entities), "entities": _entities(seen)},
        "kinds": {str(kind): name for kind, name in game.entity_kind_names.items()},
    }


def _players(seen: Seen) -> list[dict[str, Any]]:
    found = []
    acks = iter(seen.acks.tolist())
    for (character, name, connection, _), (x, y) in zip(seen.players, seen.places.tolist(), strict=True):
        player = {"name": name, "character": character, "x": round(x, 1), "y": round(y, 1)}
        if connection == NOBODY:
            found.append({**player, "connected": False, "rtt_ms": None, "loss": None})
            continue
        rtt_ns, acked, lost = next(acks)
        loss = round(lost / (acked + lost), 4) if acked + lost else None
        found.append({**player, "connected": True, "rtt_ms": round(rtt_ns / 1e6, 1) if rtt_ns else None, "loss": loss})
    return found


def _cells(entities: NDArray[Any]) -> list[list[int]]:
    """[cell x, cell y, entities] of all that are not empty."""
    places = np.stack([np.floor(entities[axis] / CELL_M).astype(np.int64) for axis in ("x", "y")], axis=1)
    cells, counts = np.unique(places, axis=0, return_counts=True)
    return [[*cell, number] for cell, number in zip(cells.tolist(), counts.tolist(), strict=True)]


def _entities(seen: Seen) -> dict[str, list[Any]]:
    """At most MAX_ENTITIES as columns: all players, and of the others as many, evenly, as there is room for."""
    is_player = seen.entities["flags"] & PLAYER != 0
    players, others = np.flatnonzero(is_player)[:MAX_ENTITIES], np.flatnonzero(~is_player)
    room = MAX_ENTITIES - len(players)
    if len(others) > room:
        others = others[np.linspace(0, len(others) - 1, room).astype(np.intp)] if room else others[:0]
    shown = seen.entities[np.concatenate([players, others])]
    share = (shown["hp"] / np.maximum(shown["max_hp"], 1)).round(2).tolist()
    healthy = shown["max_hp"].tolist()
    names = {character: name for character, name, _, _ in seen.players}
    ids = shown["id"].tolist()
    return {
        "id": ids,
        "x": shown["x"].round(2).tolist(),
        "y": shown["y"].round(2).tolist(),
        "kind": shown["kind"].tolist(),
        "hp": [hp if most else None for hp, most in zip(share, healthy, strict=True)],
        "player": [True] * len(players) + [False] * len(others),
        "name": [names.get(one) for one in ids],
    }
