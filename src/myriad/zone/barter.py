"""Trades of one zone over its arrays: who stands where, whose things change hands, who is told.

Responsible for: what `trade.py` asks of the zone.
Not here: the rules of a trade (`trade.py`), of moving things (the game's `exchange`), durability (`confirming.py`).
"""

from __future__ import annotations

import math

from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.sim.world import World
from myriad.zone.avatars import NOBODY, Avatar, Avatars
from myriad.zone.chat import Talk
from myriad.zone.trade import Given, Trades

CHECK_EVERY_NS = 1_000_000_000


class Barter:
    """The trades of one zone."""

    def __init__(self, game: Game, world: World, avatars: Avatars, talk: Talk, settings: Settings) -> None:
        self.trades = Trades(
            max_distance_m=settings.trade_distance_m,
            distance_m=self._distance_m,
            exchange=self._exchange,
            send=self._send,
        )
        self._game = game
        self._world = world
        self._avatars = avatars
        self._talk = talk
        self._next_check_ns = 0

    def check(self, now_ns: int) -> None:
        """Once a second: ends what lasts too long or is too far apart."""
        if not self.trades.idle and now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + CHECK_EVERY_NS
            self.trades.check(now_ns)

    def _here(self, character: int) -> Avatar | None:
        avatar = self._avatars.of_character(character)
        return None if avatar is None or avatar.frozen or avatar.connection == NOBODY else avatar

    def _distance_m(self, a: int, b: int) -> float | None:
        one, other = self._here(a), self._here(b)
        if one is None or other is None:
            return None
        entities = self._world.entities
        first, second = entities[one.entity_row], entities[other.entity_row]
        return math.hypot(float(first["x"] - second["x"]), float(first["y"] - second["y"]))

    def _exchange(self, a: int, b: int, gives_a: Given, gives_b: Given) -> bool:
        one, other = self._here(a), self._here(b)
        if one is None or other is None:
            return False
        return self._game.exchange(self._world, one.entity_row, other.entity_row, gives_a, gives_b)

    def _send(self, character: int, body: bytes) -> None:
        avatar = self._here(character)
        if avatar is not None:
            self._talk.tell_inventory(avatar.connection, body)
