"""Players on their way between zones, as far as a kernel is too stiff: passages, resuming, what was told to them.

Responsible for: opening another connection when a passage is offered or a token came for somebody who was lost, in
which zone everybody is, and handing other messages to who counts them.
Not here: going over itself (`client/receiving.py`), its measures (`loadtest/journeys.py`), asking for tokens
(`loadtest/returns.py`).

Invariants: everything runs on the swarm's thread, between two slices; a connection has a UDP port that none before had.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from myriad.client.arrays import start_session
from myriad.client.messages import Message, Passage, Welcome, WorldEvent, read_message
from myriad.loadtest.journeys import HANDOFF, RETURN
from myriad.loadtest.mail import Letters
from myriad.loadtest.sockets import Sockets
from myriad.loadtest.swarm import PLAYING, Swarm
from myriad.netcode.client_arrays import DISCONNECTED
from myriad.netcode.tokens import read_token

T = TypeVar("T")

Heard = Callable[[int, Message], None]
"""Somebody who wants to know what a player was told."""


class Travel:
    """All players of a swarm that has `ROWS` connections for each."""

    def __init__(self, swarm: Swarm, sockets: Sockets) -> None:
        number = len(swarm.plan)
        self.zone_of = [""] * number
        """Where each player plays; empty before its first welcome."""
        self.visited: list[set[str]] = [set() for _ in range(number)]
        """Where each has been since `forget_visits`."""
        self.events_seen: list[set[int]] = [set() for _ in range(number)]
        """Numbers of the events whose beginning each was told."""
        self.num_failed = 0
        """Handoffs that ended in asking the gateway for a token."""
        self.listeners: list[Heard] = []
        self._waiting: list[dict[str, int]] = [{} for _ in range(number)]
        """For each player, by zone, the connection that waits there, oldest first."""
        self._swarm = swarm
        self._sockets = sockets
        self._letters = Letters(swarm.mail)

    def begin(self, player: int, token: bytes) -> None:
        """The player's first connection."""
        self._connect(player, token, -1)
        self._swarm.plan["stage"][player] = PLAYING

    def come_back(self, player: int, token: bytes) -> None:
        """A token came for a player whose connection was lost: it waits with that, and nowhere else."""
        waits_for = self._swarm.travels.waits_for
        self.num_failed += any(waits_for[row] == HANDOFF for row in self._waiting[player].values())
        for zone in list(self._waiting[player]):
            self._let_go(player, zone)
        self._wait_at(player, "", token, RETURN)

    def row(self, player: int) -> int:
        """The connection that a player plays through."""
        return int(self._swarm.plan["row"][player])

    def take_mail(self) -> None:
        """Acts on what players were told since the last call."""
        for letter in self._letters.take():
            message = read_message(letter.channel, letter.data)
            if message is None:
                continue
            player = letter.row % len(self._swarm.plan)
            match message:
                case Welcome():
                    self._arrive(player, letter.row, message.zone)
                case Passage() if letter.row == self.row(player):
                    if message.token:
                        self._wait_at(player, message.zone, message.token, HANDOFF)
                    else:
                        self._let_go(player, message.zone)
                case WorldEvent() if message.started:
                    self.events_seen[player].add(message.number)
                case _:
                    for hear in self.listeners:
                        hear(player, message)

    def forget_visits(self) -> None:
        """From now on only new visits count, and where everybody is."""
        for player, zone in enumerate(self.zone_of):
            self.visited[player] = {zone}

    def _arrive(self, player: int, row: int, zone: str) -> None:
        name = zone.partition("/")[0]
        self.zone_of[player] = name
        self.visited[player].add(name)
        waiting = self._waiting[player]
        for elsewhere in [where for where, one in waiting.items() if one != row]:
            self._let_go(player, elsewhere)
        waiting.clear()

    def _wait_at(self, player: int, zone: str, token: bytes, kind: int) -> None:
        """Waits at a zone with a token, on a row that is free: the longest waiting makes room, if none is."""
        self._let_go(player, zone)
        waiting = self._waiting[player]
        rows = range(player, len(self._sockets.arrays.fds), len(self._swarm.plan))
        if len(waiting) == len(rows) - 1:
            self._let_go(player, next(iter(waiting)))
        row = waiting[zone] = next(one for one in rows if one != self.row(player) and one not in waiting.values())
        self._connect(row, token, self.row(player))
        self._swarm.travels.waits_for[row] = kind

    def _let_go(self, player: int, zone: str) -> None:
        row = self._waiting[player].pop(zone, None)
        if row is not None:
            self._swarm.clients.net.clients["state"][row] = DISCONNECTED
            self._sockets.shut(row)
            self._swarm.travels.waits_for[row] = 0

    def _connect(self, row: int, token: bytes, former: int) -> None:
        host, _, port = str(read_token(token).servers[0]).rpartition(":")
        self._letters.forget(row)
        self._sockets.open(row, host.strip("[]"), int(port))
        start_session(self._swarm.clients, row, token, time.monotonic_ns(), former)
