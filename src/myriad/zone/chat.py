"""Who hears what a player says.

Responsible for: the rate at which a player may speak, and the connections that a message goes to.
Not here: the bytes (`messages.py`), delivery (`netcode/reliable.py`), filtering words (the game's `filter_chat`).

Invariant: nobody hears a message of a player who has spoken more than the rate allows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.sim.columns import UNITS_PER_M
from myriad.wire.layouts import CHAT_NEARBY
from myriad.zone.arrays import ZoneArrays

NEARBY_M = 40
BURST_MESSAGES = 5


class ChatRate:
    """One player's allowance of messages."""

    def __init__(self, per_s: float, now_ns: int) -> None:
        self._per_s = per_s
        self._credit = float(BURST_MESSAGES)
        self._since_ns = now_ns

    def allow(self, now_ns: int) -> bool:
        """True, and one message less, if the player may speak now."""
        earned = (now_ns - self._since_ns) / 1e9 * self._per_s
        self._credit = min(float(BURST_MESSAGES), self._credit + earned)
        self._since_ns = now_ns
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True


def hearers(zone: ZoneArrays, scope: int, speaker_row: int) -> npt.NDArray[np.int32]:
    """Connection rows (i4) of the players who hear the entity in `speaker_row`: all, or those within 40 m."""
    rows = np.flatnonzero(zone.sessions["active"])
    if scope == CHAT_NEARBY:
        entities = zone.world.entities
        at = zone.sessions["entity_row"][rows]
        dx = entities["qx"][at].astype(np.int64) - int(entities["qx"][speaker_row])
        dy = entities["qy"][at].astype(np.int64) - int(entities["qy"][speaker_row])
        rows = rows[dx * dx + dy * dy <= (NEARBY_M * UNITS_PER_M) ** 2]
    return rows.astype(np.int32)
