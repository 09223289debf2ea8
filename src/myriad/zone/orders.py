"""What operators ask of a zone: notices that its players read, and players who have to go.

Responsible for: carrying orders out, in the time that it takes: who is sent away is told why first.
Not here: where orders come from (`cluster/orders.py`, the bus), what leaving means (`players.py`).

Invariants: a character that is being handed over is left alone until that is decided; who was sent away is written like
anybody who leaves; an order that is not well formed changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from myriad.cluster.orders import Kick, Notice, decode_order
from myriad.cluster.talk import Hear
from myriad.cluster.talk_bodies import encode_heard
from myriad.wire.layouts import CHAT_NOTICE
from myriad.zone import messages
from myriad.zone.avatars import NOBODY
from myriad.zone.chat import Talk
from myriad.zone.farewells import FAREWELL_NS
from myriad.zone.forwarding import Forwarding
from myriad.zone.players import Players

AWAITED_NS: Final = 1_000_000_000
"""A character that is not here, or is being handed over, may be ours within this time."""
MAX_KICKS: Final = 4096


@dataclass(slots=True)
class _Kick:
    """One who has to go; `ends_ns` is when its connection is ended, None before it was told."""

    reason: str
    until_ns: int
    ends_ns: int | None = None


class Orders:
    """The orders to one zone."""

    def __init__(self, zone: str, players: Players, talk: Talk, forwarding: Forwarding) -> None:
        self.num_malformed = 0
        self._zone = zone
        self._players = players
        self._talk = talk
        self._forwarding = forwarding
        self._kicks: dict[int, _Kick] = {}

    def hear(self, body: bytes, now_ns: int) -> None:
        """An order from the bus."""
        match decode_order(body):
            case Notice(number, zone, text) if zone in ("", self._zone):
                heard = encode_heard(CHAT_NOTICE, 0, "", text)
                told = self._forwarding.heard((zone, 0, 0, number), heard, now_ns) if zone == "" else set()
                self._talk.carry_out([Hear(heard)], now_ns, told)
            case Kick(character, reason) if len(self._kicks) < MAX_KICKS:
                self._kicks.setdefault(character, _Kick(reason, now_ns + AWAITED_NS))
            case None:
                self.num_malformed += 1

    def step(self, now_ns: int) -> None:
        """What is due by now; before every tick or so."""
        for character, kick in list(self._kicks.items()):
            if self._is_over(character, kick, now_ns):
                del self._kicks[character]

    def _is_over(self, character: int, kick: _Kick, now_ns: int) -> bool:
        avatar = self._players.avatars.of_character(character)
        if avatar is None or avatar.frozen:
            return now_ns >= kick.until_ns
        if kick.ends_ns is None:
            told = avatar.connection != NOBODY
            if told:
                self._talk.tell(avatar.connection, messages.goodbye(kick.reason))
            kick.ends_ns = now_ns + FAREWELL_NS if told else now_ns
            kick.until_ns = kick.ends_ns + AWAITED_NS
        if now_ns < kick.ends_ns:
            return False
        self._players.num_leaves["kicked"] += 1
        self._players.remove(avatar, now_ns)
        return True
