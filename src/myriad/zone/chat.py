"""What is said in a zone, and who of its players hears it.

Responsible for: the rate at which a player may speak, the connections that a message goes to, and handing messages to
the reliable channels.
Not here: which other zones hear it (`cluster/talk.py`), the bytes (`messages.py`, `cluster/talk_bodies.py`), delivery
(`netcode/reliable.py`), filtering words (the game's `filter_chat`).

Invariant: nobody hears a message of a player who has spoken more than the rate allows.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
import numpy.typing as npt

from myriad.cluster.requests import NotFound, ZoneKey
from myriad.cluster.talk import Announce, Ask, Hear, Step, TalkRouter, Tell
from myriad.cluster.talk_bodies import decode_spoken
from myriad.core.errors import DROP_CHAT_RATE, DROP_RELIABLE_MALFORMED
from myriad.game.game import Game
from myriad.netcode.reliable import push_many
from myriad.sim.columns import UNITS_PER_M
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_CONTROL, CHANNEL_INVENTORY, CHAT_WHISPER
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import NOBODY, Avatar, Avatars

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


def hearers(zone: ZoneArrays, near: tuple[float, float] | None) -> npt.NDArray[np.int32]:
    """Connection rows (i4) of the players who hear what is said: all, or those within 40 m of `near` (metres)."""
    rows = np.flatnonzero(zone.sessions["active"])
    if near is not None:
        entities = zone.world.entities
        at = zone.sessions["entity_row"][rows]
        dx = entities["qx"][at].astype(np.int64) - round(near[0] * UNITS_PER_M)
        dy = entities["qy"][at].astype(np.int64) - round(near[1] * UNITS_PER_M)
        rows = rows[dx * dx + dy * dy <= (NEARBY_M * UNITS_PER_M) ** 2]
    return rows.astype(np.int32)


class Talk:
    """All talk of one zone. A player's allowance belongs to its character: a new session does not renew it."""

    def __init__(self, game: Game, arrays: ZoneArrays, avatars: Avatars, zone: str, per_s: float) -> None:
        """`per_s` messages a second may each player say."""
        self.num_chats = 0
        """Messages passed on so far."""
        self.alone = True
        """No other zone hears anything."""
        self.outgoing: list[Tell | Announce | Ask] = []
        """What goes beyond the zone, for its owner to take; empty where the zone stands alone."""
        self._game = game
        self._arrays = arrays
        self._avatars = avatars
        self._per_s = per_s
        self._rates: dict[int, ChatRate] = {}
        self._router = TalkRouter(ZoneKey(zone), 0, self._find_player)

    def join_world(self, key: ZoneKey, epoch: int) -> TalkRouter:
        """From now on other zones hear what is said here; the router, for what comes from them."""
        self.alone = False
        self._router = TalkRouter(key, epoch, self._find_player)
        return self._router

    def begin(self, character: int, now_ns: int) -> None:
        """A session of `character` begins."""
        if character not in self._rates:
            self._rates[character] = ChatRate(self._per_s, now_ns)

    def end(self, character: int) -> None:
        """`character` has left the zone."""
        self._rates.pop(character, None)

    def hear(self, avatar: Avatar, body: bytes, now_ns: int) -> None:
        """Pass on what the player of `avatar` says, or count why not."""
        spoken = decode_spoken(body)
        drops = self._arrays.server.drops
        if spoken is None:
            drops[DROP_RELIABLE_MALFORMED] += 1
            return
        if not self._rates[avatar.character].allow(now_ns):
            drops[DROP_CHAT_RATE] += 1
            return
        text = self._game.filter_chat(self._arrays.world, avatar.entity_row, spoken.scope, spoken.text)
        if text is None:
            return
        self.num_chats += 1
        if spoken.scope == CHAT_WHISPER:
            steps = self._router.whisper(avatar.character, avatar.name, spoken.to, text, now_ns)
        else:
            entity = self._arrays.world.entities[avatar.entity_row]
            x, y = float(entity["x"]), float(entity["y"])
            steps = self._router.say(spoken.scope, avatar.character, avatar.name, text, x, y)
        self.carry_out(steps, now_ns)

    def carry_out(self, steps: Sequence[Step], now_ns: int, but: Set[int] = frozenset()) -> None:
        """Say to players what `steps` say, to all `but` these characters; the rest goes on, or, in a zone that stands
        alone, comes back at once."""
        for step in steps:
            if isinstance(step, Hear):
                self._say(step, but)
            elif not self.alone:
                self.outgoing.append(step)
            elif isinstance(step, Announce):
                self.carry_out(self._router.hear(step.body), now_ns)
            elif isinstance(step, Ask):
                self.carry_out(self._router.answer(step.ticket, NotFound(), now_ns), now_ns)

    def _say(self, step: Hear, but: Set[int]) -> None:
        if not step.character:
            rows = hearers(self._arrays, step.near)
            if but:
                avatars = [self._avatars.of_character(character) for character in but]
                rows = rows[~np.isin(rows, [avatar.connection for avatar in avatars if avatar is not None])]
            self._push(rows, CHANNEL_CHAT, step.body)
            return
        avatar = self._avatars.of_character(step.character)
        if avatar is not None and avatar.connection != NOBODY:
            self._push(np.array([avatar.connection], np.int32), CHANNEL_CHAT, step.body)

    def _find_player(self, name: str) -> int | None:
        for avatar in self._avatars:
            if avatar.name == name and avatar.connection != NOBODY:
                return avatar.character
        return None

    def tell(self, row: int, body: bytes) -> None:
        """A control message to one player."""
        self._push(np.array([row], np.int32), CHANNEL_CONTROL, body)

    def tell_inventory(self, row: int, body: bytes) -> None:
        """A message about its things to one player."""
        self.tell_on(row, CHANNEL_INVENTORY, body)

    def tell_on(self, row: int, channel: int, body: bytes) -> None:
        """A message to one player on any channel."""
        self._push(np.array([row], np.int32), channel, body)

    def tell_all(self, body: bytes) -> None:
        """A control message to everybody."""
        self._push(np.flatnonzero(self._arrays.sessions["active"]).astype(np.int32), CHANNEL_CONTROL, body)

    def _push(self, rows: npt.NDArray[np.int32], channel: int, body: bytes) -> None:
        push_many(self._arrays.reliable, rows, len(rows), channel, np.frombuffer(body, np.uint8).copy(), len(body))
