"""What is said in a zone, and who hears it.

Responsible for: the rate at which a player may speak, the connections that a message goes to, and handing messages to
the reliable channels.
Not here: the bytes (`messages.py`), delivery (`netcode/reliable.py`), filtering words (the game's `filter_chat`).

Invariant: nobody hears a message of a player who has spoken more than the rate allows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.errors import DROP_CHAT_RATE, DROP_RELIABLE_MALFORMED
from myriad.game.game import Game
from myriad.netcode.reliable import push_many
from myriad.sim.columns import UNITS_PER_M
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_CONTROL, CHANNEL_INVENTORY, CHAT_NEARBY
from myriad.zone import messages
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import Avatar

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


class Talk:
    """All talk of one zone. A player's allowance belongs to its character: a new session does not renew it."""

    def __init__(self, game: Game, arrays: ZoneArrays, per_s: float) -> None:
        """`per_s` messages a second may each player say."""
        self.num_chats = 0
        """Messages passed on so far."""
        self._game = game
        self._arrays = arrays
        self._per_s = per_s
        self._rates: dict[int, ChatRate] = {}

    def begin(self, character: int, now_ns: int) -> None:
        """A session of `character` begins."""
        if character not in self._rates:
            self._rates[character] = ChatRate(self._per_s, now_ns)

    def end(self, character: int) -> None:
        """`character` has left the zone."""
        self._rates.pop(character, None)

    def hear(self, avatar: Avatar, body: bytes, now_ns: int) -> None:
        """Pass on what the player of `avatar` says, or count why not."""
        say = messages.read_say(body)
        drops = self._arrays.server.drops
        if say is None:
            drops[DROP_RELIABLE_MALFORMED] += 1
            return
        if not self._rates[avatar.character].allow(now_ns):
            drops[DROP_CHAT_RATE] += 1
            return
        text = self._game.filter_chat(self._arrays.world, avatar.entity_row, say.scope, say.text)
        if text is None:
            return
        self.num_chats += 1
        heard = messages.heard(say.scope, avatar.character, avatar.name.encode(), text)
        self._push(hearers(self._arrays, say.scope, avatar.entity_row), CHANNEL_CHAT, heard)

    def tell(self, row: int, body: bytes) -> None:
        """A control message to one player."""
        self._push(np.array([row], np.int32), CHANNEL_CONTROL, body)

    def tell_inventory(self, row: int, body: bytes) -> None:
        """A message about its things to one player."""
        self._push(np.array([row], np.int32), CHANNEL_INVENTORY, body)

    def tell_all(self, body: bytes) -> None:
        """A control message to everybody."""
        self._push(np.flatnonzero(self._arrays.sessions["active"]).astype(np.int32), CHANNEL_CONTROL, body)

    def _push(self, rows: npt.NDArray[np.int32], channel: int, body: bytes) -> None:
        push_many(self._arrays.reliable, rows, len(rows), channel, np.frombuffer(body, np.uint8).copy(), len(body))
