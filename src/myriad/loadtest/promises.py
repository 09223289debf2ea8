"""What the server confirmed to each player, and whether it is still so.

Responsible for: remembering confirmations, and comparing them with the private state after the player came back, and at
the end.
Not here: bringing about something to confirm (`loadtest/barter.py`).

Invariants: a promise is broken when the private state stays behind the newest confirmed movement, or says another
balance although nothing moved since, for so long that it cannot be on the way. Each is counted once. Everything runs on
the swarm's thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.client.ground import Game
from myriad.client.messages import Confirmed, Message
from myriad.loadtest.swarm import Swarm
from myriad.loadtest.travel import Travel
from myriad.wire.layouts import ASSET_COINS, ASSET_LEVEL

LOOK_NS = 300_000_000
NUM_LOOKS = 6
"""A promise that so many looks find broken is."""


class Promises:
    """See above. A game without a `ledger_serial` in its private state promises nothing that can be compared."""

    def __init__(self, game: Game, swarm: Swarm, travel: Travel) -> None:
        self.num_sent = 0
        """Confirmations that players were told."""
        self.num_lost = 0
        self.complaints: list[str] = []
        self._dtype = game.private_dtype
        self._swarm = swarm
        self._travel = travel
        self._balances: list[dict[int, int]] = [{} for _ in swarm.plan]
        self._serials = np.zeros(len(swarm.plan), np.int64)
        self._rows: npt.NDArray[np.int32] = swarm.plan["row"].copy()
        self._looks: dict[int, tuple[int, int]] = {}
        """By player: when to look next, how often it was found broken."""
        travel.listeners.append(self._hear)

    def private(self, player: int) -> npt.NDArray[Any]:
        """(1,) of the game's private record: what the player knows of itself."""
        raw = self._swarm.clients.states["private"][self._travel.row(player), : self._dtype.itemsize]
        return raw.copy().view(self._dtype)

    def forget_counts(self) -> None:
        """Counts from zero; what was promised before still holds."""
        self.num_sent = self.num_lost = 0

    def look(self, now_ns: int) -> None:
        """Looks again at players who have another connection than before."""
        present = self._swarm.plan["row"]
        for player in np.flatnonzero(present != self._rows).tolist():
            self._looks[player] = (now_ns + LOOK_NS, 0)
        self._rows = present.copy()
        self._compare(now_ns)

    def look_at_all(self, now_ns: int) -> None:
        """Looks at everybody, now and at the next calls of `look`."""
        for player in range(len(self._balances)):
            self._looks.setdefault(player, (now_ns, 0))
        self._compare(now_ns)

    @property
    def is_looking(self) -> bool:
        """True while somebody has yet to be looked at."""
        return bool(self._looks)

    def _hear(self, player: int, message: Message) -> None:
        if isinstance(message, Confirmed):
            self.num_sent += 1
            self._balances[player][message.asset] = message.balance
            self._serials[player] = max(int(self._serials[player]), message.serial)

    def _compare(self, now_ns: int) -> None:
        for player, (at_ns, broken) in list(self._looks.items()):
            if now_ns < at_ns:
                continue
            problem = self._problem(player)
            if problem and broken + 1 < NUM_LOOKS:
                self._looks[player] = (now_ns + LOOK_NS, broken + 1)
                continue
            del self._looks[player]
            if problem:
                self.num_lost += 1
                self.complaints.append(f"player {player}: {problem}")
                self._balances[player].clear()
                self._serials[player] = 0

    def _problem(self, player: int) -> str:
        """What is not as it was confirmed, or nothing."""
        promised = int(self._serials[player])
        if promised == 0 or "ledger_serial" not in (self._dtype.names or ()):
            return ""
        if not self._swarm.clients.states["has_private"][self._travel.row(player)]:
            return "no private state has come"
        known = self.private(player)
        serial = int(known["ledger_serial"][0])
        if serial < promised:
            return f"movement {promised} was confirmed, but {serial} is the newest"
        if serial > promised:
            return ""  # more has moved since: what it held then cannot be compared any more
        for asset, balance in self._balances[player].items():
            held = balance_of(known, asset)
            if held != balance:
                return f"{balance} of asset {asset} were confirmed with movement {promised}, but it holds {held}"
        return ""


def balance_of(private: npt.NDArray[Any], asset: int) -> int:
    """What a private record (1,) says of an asset: `coins`, `level`, or what is in the slots."""
    if asset == ASSET_COINS:
        return int(private["coins"][0])
    if asset == ASSET_LEVEL:
        return int(private["level"][0])
    return int(private["slot_count"][0][private["slot_item"][0] == asset].sum(dtype=np.int64))
