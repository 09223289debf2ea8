"""Who is in the zone: avatars by character, with or without a connection.

Responsible for: which avatar belongs to which character, session and connection, and how long one without a
connection stays.
Not here: the avatar's state (the world's rows), packets and channels (`zone/zone.py` joins the two).

Invariants: a character has at most one avatar, an avatar at most one connection; the newest session wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from myriad.sim.input_queue import MAX_BUCKET

NOBODY = -1


@dataclass(slots=True)
class Avatar:
    """One character in the zone. `connection` is its connection row or NOBODY, `linger_until_ns` counts only then."""

    character: int
    session: int
    name: str
    entity_row: int
    connection: int = NOBODY
    linger_until_ns: int = 0
    last_input: int = 0
    """Number of the last input applied when its connection ended, for a session that resumes."""
    bucket: int = MAX_BUCKET
    """Input-ticks that it may still make up for. It outlives connections: a new one is no way to more of them."""
    hop: int = 0
    """How often its character changed owner or presence; the store's (`cluster/requests.py`)."""
    frozen: bool = False
    """It is being handed over to another zone: nothing happens to it until that is decided."""


class Avatars:
    """All avatars of a zone."""

    def __init__(self) -> None:
        self._by_character: dict[int, Avatar] = {}
        self._by_connection: dict[int, Avatar] = {}

    def __len__(self) -> int:
        return len(self._by_character)

    def __iter__(self) -> Iterator[Avatar]:
        return iter(self._by_character.values())

    @property
    def num_connected(self) -> int:
        """Avatars whose player is connected."""
        return len(self._by_connection)

    def of_character(self, character: int) -> Avatar | None:
        """The avatar of a character, if it is in the zone."""
        return self._by_character.get(character)

    def of_connection(self, connection: int) -> Avatar | None:
        """The avatar that is played through a connection row."""
        return self._by_connection.get(connection)

    def add(self, avatar: Avatar) -> None:
        """Put a new avatar in. Its character must not have one, its connection must be free."""
        self._by_character[avatar.character] = avatar
        if avatar.connection != NOBODY:
            self._by_connection[avatar.connection] = avatar

    def connect(self, avatar: Avatar, connection: int, session: int) -> None:
        """`avatar` is played through `connection` from now on, by `session`."""
        self.disconnect(avatar, 0)
        avatar.connection = connection
        avatar.session = session
        self._by_connection[connection] = avatar

    def disconnect(self, avatar: Avatar, linger_until_ns: int) -> None:
        """Nobody plays `avatar` any more; it stays until `linger_until_ns`."""
        if avatar.connection != NOBODY:
            del self._by_connection[avatar.connection]
            avatar.connection = NOBODY
        avatar.linger_until_ns = linger_until_ns

    def remove(self, avatar: Avatar) -> None:
        """Take `avatar` out."""
        self.disconnect(avatar, 0)
        del self._by_character[avatar.character]

    def expired(self, now_ns: int) -> list[Avatar]:
        """Avatars that have lingered long enough."""
        return [a for a in self._by_character.values() if a.connection == NOBODY and a.linger_until_ns <= now_ns]
