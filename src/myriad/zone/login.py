"""The desk that writes connect tokens for one zone.

Responsible for: who a name is (guests: the name is the character), whether there is room, and the token.
Not here: HTTP (`web/api`), accounts and passwords (the gateway), what happens when the token is used (`zone.py`).

Invariant: everything here may be called from any one thread while the zone ticks on another; it reads two numbers of
the zone and changes none.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from myriad.core.errors import LoginRefused
from myriad.game.game import Game
from myriad.netcode.addresses import Endpoint
from myriad.netcode.tokens import RANDOM_BYTES, make_token
from myriad.wire.layouts import PROTOCOL_MAJOR, UNITS_PER_M
from myriad.wire.token_data import TokenData, pack_token_data
from myriad.zone.avatars import Avatars

MAX_NAMES = 65536
FIRST_CHARACTER = 1
END_CHARACTER = 1 << 24
SESSION_BYTES = 8


def protocol_id_of(game: Game) -> int:
    """The netcode protocol id (u64): a hash of the major version and of all that both ends must agree on."""
    schema = f"{game.name} {game.own_dtype.descr} {game.private_dtype.descr}"
    digest = hashlib.sha256(f"myriad {PROTOCOL_MAJOR} {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


class LoginDesk:
    """Writes tokens."""

    def __init__(
        self,
        private_key: bytes,
        protocol_id: int,
        avatars: Avatars,
        *,
        max_players: int,
        life_s: int,
        timeout_s: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """`private_key` is the zone's; `random_bytes(n)` gives fresh secure randomness."""
        self._private_key = private_key
        self._protocol_id = protocol_id
        self._avatars = avatars
        self._max_players = max_players
        self._life_s = life_s
        self._timeout_s = timeout_s
        self._random_bytes = random_bytes
        self._characters: OrderedDict[str, int] = OrderedDict()
        self._next_character = FIRST_CHARACTER

    def login(
        self,
        name: str,
        character: int | None,
        spawn: tuple[float, float] | None,
        servers: tuple[Endpoint, ...],
        wall_s: int,
    ) -> bytes:
        """A token (2048 bytes) for `name` at `servers`. Raises LoginRefused if the zone is full."""
        chosen = self._character_of(name)
        if character is not None and character != chosen:
            raise LoginRefused("bad_character", f"{name} is not that character's name")
        if self._avatars.num_connected >= self._max_players and self._avatars.of_character(chosen) is None:
            raise LoginRefused("zone_full", f"the zone is full: it has its {self._max_players} players")
        exact = None if spawn is None else (round(spawn[0] * UNITS_PER_M), round(spawn[1] * UNITS_PER_M))
        session = int.from_bytes(self._random_bytes(SESSION_BYTES), "little")
        return self._token(TokenData(session, chosen, name, exact), servers, wall_s)

    def passage(self, character: int, name: str, session: int, servers: tuple[Endpoint, ...], wall_s: int) -> bytes:
        """A token (2048 bytes) for a player who comes over from a neighbour zone."""
        return self._token(TokenData(session, character, name, None, passage=True), servers, wall_s)

    def _token(self, data: TokenData, servers: tuple[Endpoint, ...], wall_s: int) -> bytes:
        return make_token(
            private_key=self._private_key,
            protocol_id=self._protocol_id,
            now_s=wall_s,
            life_s=self._life_s,
            timeout_s=self._timeout_s,
            servers=servers,
            user_data=pack_token_data(data),
            random_bytes=self._random_bytes(RANDOM_BYTES),
        )

    def _character_of(self, name: str) -> int:
        """The character of a guest's name; the longest unused name is forgotten when there are too many."""
        if name in self._characters:
            self._characters.move_to_end(name)
            return self._characters[name]
        if len(self._characters) >= MAX_NAMES:
            self._characters.popitem(last=False)
        character = self._next_character
        self._next_character = FIRST_CHARACTER + (character + 1 - FIRST_CHARACTER) % (END_CHARACTER - FIRST_CHARACTER)
        self._characters[name] = character
        return character
