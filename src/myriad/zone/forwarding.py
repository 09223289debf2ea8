"""What a player was told, and what not yet, when it goes over to another zone.

World chat reaches the old zone and the new one at different moments, so a player who crosses in between would miss what
the new one heard too early and the old one too late, or hear twice what both heard at the right time. And what the old
connection still owed is lost with it.

Responsible for: the note that goes with a player, and what the new zone makes of it.
Not here: the handoff (`cluster/passages.py`), who hears what otherwise (`chat.py`).

Invariants: a message of the world is told once to a player who crosses, whatever the order; notes and memory are
bounded in number and time; a note that is not well formed changes nothing.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from myriad.netcode.unconfirmed import unconfirmed
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_INVENTORY
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import NOBODY, Avatars
from myriad.zone.chat import Talk

FORWARD: Final = 0xF0
"""First byte of a note among the talk between zones."""
REMEMBERED_NS: Final = 3_000_000_000
MAX_REMEMBERED: Final = 256

Key = tuple[str, int, int, int]
"""Zone, layer, epoch and number of something said: its name in the whole world."""


class _Note(msgspec.Struct, array_like=True, frozen=True):
    character: int
    heard: list[Key]
    owed: list[tuple[int, bytes]]
    """Channel and message each."""


class Forwarding:
    """The notes of one zone."""

    def __init__(self, arrays: ZoneArrays, avatars: Avatars, talk: Talk) -> None:
        self.num_malformed = 0
        self._arrays = arrays
        self._avatars = avatars
        self._talk = talk
        self._recent: deque[tuple[Key, bytes, int]] = deque(maxlen=MAX_REMEMBERED)
        """What the world said lately, as players hear it, and when that was (ns)."""
        self._arrivals: dict[int, int] = {}
        """By character that came over lately: when (ns)."""
        self._skip: dict[int, tuple[set[Key], int]] = {}
        """By character: what it has heard in the zone where it was, and until when that matters."""
        self._now_ns = 0

    def expire(self, now_ns: int) -> None:
        """Forgets what is old; about once a second."""
        self._now_ns = now_ns
        while self._recent and self._recent[0][2] < now_ns - REMEMBERED_NS:
            self._recent.popleft()
        self._arrivals = {one: at for one, at in self._arrivals.items() if at > now_ns - REMEMBERED_NS}
        self._skip = {one: entry for one, entry in self._skip.items() if entry[1] > now_ns}

    def heard(self, key: Key, body: bytes, now_ns: int) -> set[int]:
        """The world says `body`; returns the characters here that have heard it already."""
        self._recent.append((key, body, now_ns))
        return {character for character, (keys, _) in self._skip.items() if key in keys}

    def arrived(self, character: int, now_ns: int) -> None:
        """A character has come over: from now on it hears what is said here."""
        self._arrivals[character] = now_ns

    def note(self, character: int, connection: int) -> bytes:
        """The note that goes with a character, whose player is on connection row `connection` until now."""
        owed: list[tuple[int, bytes]] = []
        if connection != NOBODY:
            for channel in (CHANNEL_INVENTORY, CHANNEL_CHAT):
                owed += [(channel, body) for body in unconfirmed(self._arrays.reliable, connection, channel)]
        return bytes([FORWARD]) + msgspec.msgpack.encode(_Note(character, [key for key, _, _ in self._recent], owed))

    def take(self, body: bytes, now_ns: int) -> None:
        """A note has come with a character that is here by now."""
        try:
            note = msgspec.msgpack.decode(body[1:], type=_Note)
        except msgspec.DecodeError:
            self.num_malformed += 1
            return
        avatar = self._avatars.of_character(note.character)
        if avatar is None:
            return
        known = set(note.heard)
        self._skip[note.character] = known, now_ns + REMEMBERED_NS
        if avatar.connection == NOBODY:
            return
        for channel, owed in note.owed:
            if channel in (CHANNEL_INVENTORY, CHANNEL_CHAT):
                self._talk.tell_on(avatar.connection, channel, owed)
        since_ns = self._arrivals.get(note.character, now_ns)
        for key, said, heard_ns in self._recent:
            if heard_ns < since_ns and key not in known:
                self._talk.tell_on(avatar.connection, CHANNEL_CHAT, said)
