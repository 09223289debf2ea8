"""What bots see: the entities of their decoded views. Kernels.

Responsible for: listing a client's view, telling its bot of the nearest thing to go for, which names to ask for, and
how much is in view.
Not here: what the bot makes of it (`loadtest/bots.py`), the view (`replication/`).

Invariant: bots see what a player would be shown and nothing else.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.client.ground import ITEM_KIND_BASE, UNITS_PER_M
from myriad.core.kernel import inner_kernel
from myriad.loadtest.bots import Bots, forget_prey, notice
from myriad.replication.view_listing import VISIBLE, visible_entities
from myriad.wire.layouts import MAX_WHOIS

MAX_LISTED = 2048
KNOWN_NAMES = 256
"""Names that a bot remembers; another id with the same remainder takes the place of an older one."""


class Sight(NamedTuple):
    """The listing being looked at, and what each of n clients has seen."""

    listed: npt.NDArray[np.void]  # (MAX_LISTED,) VISIBLE, scratch
    known: npt.NDArray[np.uint32]  # (n, KNOWN_NAMES) ids whose name was asked for
    players: npt.NDArray[np.int32]  # (n,) players at the last look
    entities: npt.NDArray[np.int32]  # (n,)


def new_sight(clients: int) -> Sight:
    """Nothing seen yet."""
    return Sight(
        np.zeros(MAX_LISTED, VISIBLE),
        np.zeros((clients, KNOWN_NAMES), np.uint32),
        np.zeros(clients, np.int32),
        np.zeros(clients, np.int32),
    )


@inner_kernel
def _ask_name(sight: Sight, plan: npt.NDArray[np.void], row: int, entity: int) -> None:
    """Puts the id on the list of names to ask for, unless it is known or the list is full."""
    place = entity % KNOWN_NAMES
    count = int(plan["num_whois"][row])
    if int(sight.known[row, place]) == entity or count == MAX_WHOIS:
        return
    sight.known[row, place] = entity
    plan["whois"][row, count] = entity
    plan["num_whois"][row] = count + 1


@inner_kernel
def look_around(
    sight: Sight, clients: Clients, connection: int, bots: Bots, plan: npt.NDArray[np.void], row: int, now_ns: int
) -> None:
    """Player `row` looks at the view of its `connection`: names to ask for go to `plan`, its bot hears of its prey or
    the nearest one."""
    listed = sight.listed
    number = visible_entities(clients.views, connection, int(clients.states["tick"][connection]), listed)
    myself = int(clients.sessions["entity_id"][connection])
    player_kind = int(bots.guide["player_kind"][0])
    spares_players = int(bots.guide["hunts_players"][0]) == 0
    dead_state = int(bots.guide["dead_state"][0])
    prey = int(bots.bots["prey_id"][row])
    x = float(plan["x"][row])
    y = float(plan["y"][row])
    players = 0
    best = -1
    best_m = 1e9
    for k in range(number):
        kind = int(listed["kind"][k])
        entity = int(listed["id"][k])
        if kind == player_kind:
            players += 1
            _ask_name(sight, plan, row, entity)
            if spares_players:
                continue
        is_item = kind >= ITEM_KIND_BASE
        if entity == myself or (not is_item and int(listed["state"][k]) == dead_state):
            continue
        away_x = int(listed["qx"][k]) / UNITS_PER_M - x
        away_y = int(listed["qy"][k]) / UNITS_PER_M - y
        distance_m = math.sqrt(away_x * away_x + away_y * away_y)
        if entity == prey:
            distance_m = -1.0
        if distance_m < best_m:
            best_m = distance_m
            best = k
    sight.players[row] = players
    sight.entities[row] = number
    if prey != 0 and best_m >= 0.0:
        forget_prey(bots, row, now_ns)
    elif best >= 0:
        notice(
            bots,
            row,
            now_ns,
            int(listed["id"][best]),
            int(listed["kind"][best]) >= ITEM_KIND_BASE,
            int(listed["qx"][best]) / UNITS_PER_M,
            int(listed["qy"][best]) / UNITS_PER_M,
            max(best_m, 0.0),
        )
