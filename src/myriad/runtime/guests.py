"""Guests at the front door of one zone of a world: by name alone, straight into that zone.

Responsible for: an account and a character for each name, brought to this zone, and the connect token.
Not here: accounts with passwords, and choosing the zone (`web/gateway`), what happens when a token is used (the zone).

Invariants: a name with a password is never let in here; nothing is asked of the store one player at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from myriad.cluster.requests import (
    AWAY,
    AccountRow,
    Answer,
    CharacterRow,
    Characters,
    CreateAccount,
    CreateCharacter,
    FindAccount,
    ListCharacters,
    MoveAway,
    NotFound,
    Request,
    ZoneKey,
)
from myriad.core.errors import LoginRefused
from myriad.netcode.addresses import Endpoint
from myriad.netcode.tokens import RANDOM_BYTES, make_token
from myriad.runtime.hosted_zone import Wish
from myriad.wire.layouts import UNITS_PER_M
from myriad.wire.token_data import TokenData, pack_token_data

if TYPE_CHECKING:
    from myriad.runtime.tenancy import HostTies

T = TypeVar("T")

SpawnPoint = Callable[[str], tuple[float, float]]
"""By name of a zone: where a new character stands."""

_SESSION_BYTES = 8


class _Guest(NamedTuple):
    wish: Wish
    account: AccountRow


class GuestDesk:
    """See above."""

    def __init__(self, key: ZoneKey, private_key: bytes, protocol_id: int, ties: HostTies) -> None:
        self._key = key
        self._private_key = private_key
        self._protocol_id = protocol_id
        self._settings = ties.settings
        self._store = ties.store
        self._spawn = ties.spawn_point(key.zone)

    async def login(self, wishes: Sequence[Wish], servers: tuple[Endpoint, ...], wall_s: int) -> list[bytes]:
        """One token for each wish. Raises LoginRefused, StoreDown or TimeoutError."""
        guests = await self._accounts(wishes)
        rows = await self._characters(guests)
        await self._bring_here(guests, rows)
        return [self._token(guest.wish, row, servers, wall_s) for guest, row in zip(guests, rows, strict=True)]

    async def _accounts(self, wishes: Sequence[Wish]) -> list[_Guest]:
        found = await self._store.answers([FindAccount(wish.name) for wish in wishes])
        missing = list(
            dict.fromkeys(w.name for w, answer in zip(wishes, found, strict=True) if isinstance(answer, NotFound))
        )
        made = dict(zip(missing, await self._store.answers([CreateAccount(n, None) for n in missing]), strict=True))
        guests = []
        for wish, answer in zip(wishes, found, strict=True):
            account = made.get(wish.name, answer)
            if not isinstance(account, AccountRow) or account.password_hash is not None:
                raise LoginRefused("name_taken", f"{wish.name} has a password: log in at the gateway")
            if account.banned:
                raise LoginRefused("banned", account.ban_text)
            guests.append(_Guest(wish, account))
        return guests

    async def _characters(self, guests: list[_Guest]) -> list[CharacterRow]:
        """The first character of each, made where there is none."""
        listed = await self._store.answers([ListCharacters(guest.account.account) for guest in guests])
        missing = {
            guest.account.account: guest
            for guest, answer in zip(guests, listed, strict=True)
            if not (isinstance(answer, Characters) and answer.rows)
        }
        requests: list[Request] = [
            CreateCharacter(account, guest.wish.name, self._key, *(guest.wish.spawn or self._spawn))
            for account, guest in missing.items()
        ]
        made = dict(zip(missing, await self._store.answers(requests), strict=True))
        return [
            self._usable(guest, made.get(guest.account.account) or _first(answer))
            for guest, answer in zip(guests, listed, strict=True)
        ]

    def _usable(self, guest: _Guest, row: Answer | None) -> CharacterRow:
        name = guest.wish.name
        if not isinstance(row, CharacterRow):
            raise LoginRefused("name_taken", f"another account has a character called {name}")
        if guest.wish.character not in {None, row.character}:
            raise LoginRefused("bad_character", f"{name} is not that character's name")
        if row.presence != AWAY and row.owner != self._key:
            raise LoginRefused("plays_elsewhere", f"{name} is in {row.owner} now")
        return row

    async def _bring_here(self, guests: list[_Guest], rows: list[CharacterRow]) -> None:
        """Characters that are away in another zone, or whose player chose another place, are put into this one."""
        await self._store.answers(
            [
                MoveAway(row.character, self._key, *(guest.wish.spawn or self._spawn))
                for guest, row in zip(guests, rows, strict=True)
                if row.presence == AWAY and (guest.wish.spawn is not None or row.owner != self._key)
            ]
        )

    def _token(self, wish: Wish, row: CharacterRow, servers: tuple[Endpoint, ...], wall_s: int) -> bytes:
        spawn = None if wish.spawn is None else (round(wish.spawn[0] * UNITS_PER_M), round(wish.spawn[1] * UNITS_PER_M))
        session = int.from_bytes(os.urandom(_SESSION_BYTES), "little")
        return make_token(
            private_key=self._private_key,
            protocol_id=self._protocol_id,
            now_s=wall_s,
            life_s=self._settings.token_life_s,
            timeout_s=max(1, round(self._settings.timeout_s)),
            servers=servers,
            user_data=pack_token_data(TokenData(session, row.character, row.name, spawn)),
            random_bytes=os.urandom(RANDOM_BYTES),
        )


def _first(answer: Answer) -> CharacterRow | None:
    return answer.rows[0] if isinstance(answer, Characters) and answer.rows else None
