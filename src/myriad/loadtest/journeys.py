"""How players go over from one zone to another, and what they lose on the way. Kernels over all players.

Responsible for: the gap of each handoff and each return after a loss, and inputs lost or doubled by handoffs.
Not here: going over itself (`client/receiving.py`), when a player begins to wait elsewhere (`loadtest/travel.py`).

Invariants: a gap lasts from the last snapshot on the former connection in which the avatar moved on by an input, that
is, in which it was simulated there, to the first snapshot on the new one; what was measured before the window is not
counted; nothing is allocated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.client.inputs import serial_difference
from myriad.core.kernel import inner_kernel

MAX_GAPS = 1 << 16
"""Gaps that are kept; further ones are counted only."""

HANDOFF = 1
"""A player waits at another zone with the token of a passage."""

RETURN = 2
"""It waits with a token that it asked for, because its connection was lost."""

JOURNEY = np.dtype(
    [
        ("under_way", "u1"),  # HANDOFF or RETURN from the welcome to the first snapshot after it, else 0
        ("came_by", "u1"),  # how it came to its present connection
        ("number", "<u4"),  # the last input that a snapshot confirmed
        ("moved_ns", "<i8"),  # when a snapshot last confirmed more than the one before
        ("handoffs", "<i8"),
        ("returns", "<i8"),
        ("inputs_lost", "<i8"),
        ("inputs_doubled", "<i8"),
        ("doubled_now", "<i8"),  # of the newest handoff
    ],
    align=True,
)


class Travels(NamedTuple):
    """All journeys of a swarm of n players."""

    players: npt.NDArray[np.void]  # (n,) JOURNEY
    waits_for: npt.NDArray[np.uint8]  # (rows,) what a connection that waits is for: HANDOFF or RETURN, else 0
    gaps: npt.NDArray[np.int64]  # (2, MAX_GAPS) nanoseconds: of handoffs, of returns
    num_gaps: npt.NDArray[np.int64]  # (2,)


def new_travels(players: int, rows: int) -> Travels:
    """Nobody has gone anywhere; nobody will where there are no more connection rows than players."""
    gaps = np.zeros((2, MAX_GAPS if rows > players else 1), np.int64)
    return Travels(np.zeros(players, JOURNEY), np.zeros(rows, np.uint8), gaps, np.zeros(2, np.int64))


def begin_travels(travels: Travels) -> None:
    """Counts from zero."""
    travels.num_gaps[:] = 0
    for name in ("handoffs", "returns", "inputs_lost", "inputs_doubled"):
        travels.players[name] = 0


@inner_kernel
def note_welcome(travels: Travels, player: int, clients: Clients, row: int) -> None:
    """The player was made welcome on connection `row`, where it waited."""
    table = travels.players
    kind = int(travels.waits_for[row])
    table["under_way"][player] = table["came_by"][player] = kind
    travels.waits_for[row] = 0
    table["doubled_now"][player] = 0
    if kind == HANDOFF:
        table["handoffs"][player] += 1
        table["inputs_lost"][player] += int(clients.sessions["inputs_lost"][row])
    else:
        table["returns"][player] += 1


@inner_kernel
def note_moved(travels: Travels, player: int, last_input: int, now_ns: int) -> None:
    """A newest snapshot came on the present connection that confirms inputs up to `last_input`."""
    table = travels.players
    kind = int(table["under_way"][player])
    if kind != 0:
        table["under_way"][player] = 0
        number = int(travels.num_gaps[kind - 1])
        if number < travels.gaps.shape[1]:
            travels.gaps[kind - 1, number] = now_ns - int(table["moved_ns"][player])
        travels.num_gaps[kind - 1] = number + 1
        table["moved_ns"][player] = now_ns
    if int(table["number"][player]) != last_input:
        table["number"][player] = last_input
        table["moved_ns"][player] = now_ns


@inner_kernel
def note_late(travels: Travels, player: int, clients: Clients, former: int, row: int) -> None:
    """Something came late on the `former` connection: inputs that it confirms and `row`'s welcome did not were doubled,
    for they were sent again."""
    table = travels.players
    if table["came_by"][player] != HANDOFF:
        return
    beyond = serial_difference(int(clients.states["last_input"][former]), int(clients.sessions["first_input"][row]))
    more = beyond - int(table["doubled_now"][player])
    if more > 0:
        table["doubled_now"][player] = beyond
        table["inputs_doubled"][player] += more
