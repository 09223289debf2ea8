"""Players who hand things to each other: gifts, trades that both confirm, and things dropped to be picked up again.

Responsible for: bringing about what a server then has to confirm.
Not here: comparing it (`loadtest/promises.py`), the rules (the game on the server).

How: every half second some players who hold something are looked at. If another one stands close by, one of both gives
one coin or item away, or asks the other to trade; both then offer and confirm as the messages come. If nobody is close,
the nearest one who is not on a journey is sent there, or the thing is dropped.

Invariant: everything runs on the swarm's thread; a player does one of this at a time, and gives up after ten seconds.
"""

from __future__ import annotations

import numpy as np

from myriad.client import messages
from myriad.client.ground import Game
from myriad.client.inputs import push_input
from myriad.client.messages import Message, Trade
from myriad.loadtest.crew import Crew
from myriad.loadtest.promises import Promises
from myriad.loadtest.travel import Travel
from myriad.netcode.reliable import push
from myriad.wire.layouts import ASSET_COINS, CHANNEL_INVENTORY, TRADE_ASKED, TRADE_CANCELLED, TRADE_DONE, TRADE_OPEN

LOOK_EVERY_NS = 500_000_000
MAX_AT_ONCE = 8
CLOSE_M = 4.0
FAR_M = 30.0
BUSY_NS = 10_000_000_000
WALK_NS = 9_000_000_000


class Barter:
    """See above."""

    def __init__(self, game: Game, crew: Crew, travel: Travel, promises: Promises, seed: int) -> None:
        self.num_trades = 0
        """Trades and gifts that were done."""
        self._game = game
        self._crew = crew
        self._travel = travel
        self._promises = promises
        self._rng = np.random.default_rng(seed)
        self._busy_until_ns = np.zeros(len(crew.swarm.plan), np.int64)
        self._next_ns = 0
        travel.listeners.append(self._hear)

    def act(self, now_ns: int) -> None:
        """Lets some players begin something."""
        if now_ns < self._next_ns or "coins" not in (self._game.private_dtype.names or ()):
            return
        self._next_ns = now_ns + LOOK_EVERY_NS
        holders = self._holders(now_ns)
        for player in self._rng.permutation(holders)[:MAX_AT_ONCE].tolist():
            self._begin(player, now_ns)

    def _holders(self, now_ns: int) -> list[int]:
        swarm, dtype = self._crew.swarm, self._game.private_dtype
        raw = swarm.clients.states["private"][swarm.plan["row"], : dtype.itemsize]
        known = np.ascontiguousarray(raw).view(dtype)[:, 0]
        has = (known["coins"] > 0) | known["slot_count"].any(1)
        free = (self._busy_until_ns < now_ns) & (swarm.plan["stage"] == 1) & ~self._travelling
        return [int(player) for player in np.flatnonzero(has & free)]

    @property
    def _travelling(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray(self._crew.swarm.bots.bots["travels"] == 1)

    def _begin(self, player: int, now_ns: int) -> None:
        plan = self._crew.swarm.plan
        away = np.hypot(plan["x"] - plan["x"][player], plan["y"] - plan["y"][player])
        away[player] = np.inf
        zones = self._travel.zone_of
        partner = int(np.argmin(np.where((self._busy_until_ns < now_ns) & ~self._travelling, away, np.inf)))
        self._busy_until_ns[player] = now_ns + BUSY_NS
        if away[partner] > FAR_M or zones[partner] != zones[player]:
            self._drop(player)
            return
        self._busy_until_ns[partner] = now_ns + BUSY_NS
        if away[partner] > CLOSE_M:
            self._send_to(partner, player, now_ns)
            self._busy_until_ns[player] = now_ns + 2 * LOOK_EVERY_NS
            self._busy_until_ns[partner] = self._busy_until_ns[player]
        elif self._rng.random() < 0.5:
            self._tell(player, messages.ask_trade(self._id(partner)))
        else:
            asset = self._something_of(player)
            if asset is not None:
                self._tell(player, messages.give(self._id(partner), asset, 1))

    def _send_to(self, walker: int, to: int, now_ns: int) -> None:
        """One walks to the other, who stands still."""
        bots, plan = self._crew.swarm.bots.bots, self._crew.swarm.plan
        for one in (walker, to):
            bots["prey_id"][one] = 0
            bots["next_hunt_ns"][one] = now_ns + WALK_NS
        bots["walking"][to] = 0
        bots["rest_until_ns"][to] = now_ns + WALK_NS
        bots["to_x"][walker], bots["to_y"][walker] = plan["x"][to], plan["y"][to]
        bots["walking"][walker] = 1
        bots["leg_ends_ns"][walker] = now_ns + WALK_NS

    def _drop(self, player: int) -> None:
        """It lets one thing fall; it or somebody else picks it up."""
        slots = self._promises.private(player)["slot_count"][0]
        held = np.flatnonzero(slots)
        if len(held) and "drop" in self._game.intents:
            queues, row = self._crew.swarm.clients.queues, self._travel.row(player)
            push_input(queues, row, 0, 0, 0, 0, 1, self._game.intents["drop"], int(held[0]) | 1 << 8)

    def _something_of(self, player: int) -> int | None:
        known = self._promises.private(player)
        if int(known["coins"][0]) > 0:
            return ASSET_COINS
        items = known["slot_item"][0][known["slot_count"][0] > 0]
        return int(items[0]) if len(items) else None

    def _hear(self, player: int, message: Message) -> None:
        """Asked: agrees. Open: who asked offers one thing, then both confirm."""
        if not isinstance(message, Trade):
            return
        if message.state == TRADE_ASKED and message.partner_confirmed:
            self._tell(player, messages.ask_trade(message.partner))
        elif message.state == TRADE_OPEN and not message.mine and not message.theirs:
            asset = self._something_of(player)
            if asset is not None:
                self._tell(player, messages.offer([(asset, 1)]))
        elif message.state == TRADE_OPEN and not message.confirmed:
            self._tell(player, messages.confirm(message.version))
        elif message.state in (TRADE_DONE, TRADE_CANCELLED):
            self.num_trades += message.state == TRADE_DONE and bool(message.mine)
            self._busy_until_ns[player] = 0

    def _id(self, player: int) -> int:
        return int(self._crew.swarm.clients.sessions["entity_id"][self._travel.row(player)])

    def _tell(self, player: int, body: bytes) -> None:
        row = self._travel.row(player)
        push(self._crew.swarm.clients.reliable, row, CHANNEL_INVENTORY, np.frombuffer(body, np.uint8).copy(), len(body))
