"""Messages that came to players, on their way from the swarm's kernel to Python.

Responsible for: keeping fragments until Python takes them, and putting them together.
Not here: what messages mean (`client/messages.py`), what is made of them (`loadtest/world.py`).

Invariants: what is said in a zone or nearby is never mail, for there is much of it; what the world hears is mail only
for players who listen. The order of a player's messages is kept. The swarm stops for Python before the mail is full.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import inner_kernel
from myriad.netcode.reliable import Message
from myriad.netcode.reliable_queues import INBOX
from myriad.wire.layouts import CHANNEL_CHAT, CHAT_NOTICE, CHAT_WHISPER, CHAT_WORLD, NUM_CHANNELS

CAPACITY = 2048
RESERVE = 512
"""Room that is left when the swarm stops: more than one look at the sockets brings."""


class Mail(NamedTuple):
    """Fragments that wait."""

    fragments: npt.NDArray[np.void]  # (capacity,) INBOX
    number: npt.NDArray[np.int64]  # (1,)
    listens: npt.NDArray[np.uint8]  # (n,) 1: what the world hears is mail for this player, too


def new_mail(players: int, keep: bool) -> Mail:
    """An empty one; `keep` False: there is no room, and nothing is kept."""
    return Mail(np.zeros(CAPACITY if keep else 0, INBOX), np.zeros(1, np.int64), np.zeros(players, np.uint8))


@inner_kernel
def is_filling(mail: Mail) -> bool:
    """True when Python should take the mail."""
    return len(mail.fragments) > 0 and int(mail.number[0]) + RESERVE > len(mail.fragments)


@inner_kernel
def post(mail: Mail, player: int, inbox: npt.NDArray[np.void], entry: int) -> None:
    """Keeps an entry of the inbox for Python, if it is for Python."""
    at = int(mail.number[0])
    if at >= len(mail.fragments):
        return
    if inbox["channel"][entry] == CHANNEL_CHAT:
        scope = int(inbox["data"][entry, 1])
        whispered = scope in (CHAT_WHISPER, CHAT_NOTICE)
        if not whispered and (scope != CHAT_WORLD or mail.listens[player] == 0):
            return
    length = int(inbox["length"][entry])
    fragments = mail.fragments
    fragments["row"][at] = inbox["row"][entry]
    fragments["channel"][at] = inbox["channel"][entry]
    fragments["more"][at] = inbox["more"][entry]
    fragments["length"][at] = length
    for k in range(length):
        fragments["data"][at, k] = inbox["data"][entry, k]
    mail.number[0] = at + 1


class Letters:
    """Whole messages from fragments."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._parts: dict[tuple[int, int], bytes] = {}

    def take(self) -> list[Message]:
        """The messages that were completed since the last call, in order; `row` is the connection's."""
        whole = []
        for entry in self._mail.fragments[: int(self._mail.number[0])]:
            key = (int(entry["row"]), int(entry["channel"]))
            data = self._parts.pop(key, b"") + entry["data"][: int(entry["length"])].tobytes()
            if entry["more"]:
                self._parts[key] = data
            else:
                whole.append(Message(*key, data))
        self._mail.number[0] = 0
        return whole

    def forget(self, row: int) -> None:
        """Drops the unfinished messages of a connection that has ended."""
        for channel in range(NUM_CHANNELS):
            self._parts.pop((row, channel), None)
