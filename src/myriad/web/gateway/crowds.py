"""Crowds of guests for load tests: up to a thousand players by one request, without sessions.

Responsible for: who may, and what became of each name.
Not here: the way of one player (`entering.py`).

Invariants: only programs of this machine may, and only where players may choose where they start. A request is checked
whole before the first account is made; what is refused to one name changes nothing for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from myriad.cluster.requests import CharacterRow, ZoneKey
from myriad.web.checks import checked_name
from myriad.web.gateway.accounts import Accounts
from myriad.web.gateway.addresses import Client
from myriad.web.gateway.characters import AccountCharacters
from myriad.web.gateway.entering import Entering, Granted, Spawn, text_of
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.messages import (
    MAX_PLAYERS_PER_REQUEST,
    ManyAnswer,
    ManyPlayer,
    ManyRefused,
    ManyWaiting,
    PlayManyRequest,
    ResumeManyRequest,
    WaitAnswer,
    ZoneGrants,
)
from myriad.web.refusals import BadRequest, Refusal

T = TypeVar("T")

AT_ONCE: Final = 128
"""So many names are worked at together, so that a crowd leaves the store's queue to others."""

Outcome = Granted | WaitAnswer | Refusal


class Crowds:
    """See above. Everything raises Refusal or StoreUnavailable."""

    def __init__(self, gateway: Gateway, accounts: Accounts, characters: AccountCharacters, entering: Entering) -> None:
        self._gateway = gateway
        self._accounts = accounts
        self._characters = characters
        self._entering = entering

    async def play(self, request: PlayManyRequest, client: Client, local_host: str) -> ManyAnswer:
        """All of them into the world; accounts and characters are made where there are none."""
        names = self._checked(request.names, client)
        spawns = [self._entering.checked_spawn(spawn) for spawn in _as_many(names, request.spawns, "spawns")]

        async def enter(name: str, spawn: Spawn) -> Outcome:
            row = await self._character(name, spawn)
            return await self._entering.play(row, spawn, local_host)

        return self._answer(names, await _each(enter, names, spawns))

    async def resume(self, request: ResumeManyRequest, client: Client, local_host: str) -> ManyAnswer:
        """All of them back into their avatars."""
        names = self._checked(request.names, client)
        sessions = _as_many(names, request.sessions, "sessions")

        async def enter(name: str, session: str | None) -> Outcome:
            row = await self._character(name, None)
            return await self._entering.resume(row, None if session is None else int(session, 16), local_host)

        return self._answer(names, await _each(enter, names, sessions))

    async def _character(self, name: str, spawn: Spawn) -> CharacterRow:
        return await self._characters.by_default(await self._accounts.guest(name), spawn)

    def _checked(self, names: list[str], client: Client) -> list[str]:
        if not client.is_local or not self._gateway.allow_spawn_choice or not self._gateway.guests:
            raise BadRequest("not_allowed", "crowds come from this machine, where guests may choose where they start")
        if not 1 <= len(names) <= MAX_PLAYERS_PER_REQUEST:
            raise BadRequest("bad_request", f"names must be 1 to {MAX_PLAYERS_PER_REQUEST}, not {len(names)}")
        if len(set(names)) != len(names):
            raise BadRequest("bad_request", "a name occurs twice")
        return [checked_name(name) for name in names]

    def _answer(self, names: Sequence[str], outcomes: Sequence[Outcome]) -> ManyAnswer:
        granted: dict[tuple[ZoneKey, int], list[tuple[str, Granted]]] = {}
        waiting, refused = [], []
        for name, outcome in zip(names, outcomes, strict=True):
            match outcome:
                case Granted():
                    granted.setdefault((outcome.row.key, outcome.row.epoch), []).append((name, outcome))
                case WaitAnswer(zone, position, _, retry_s, why):
                    waiting.append(ManyWaiting(name, zone, position, retry_s, why))
                case Refusal():
                    refused.append(ManyRefused(name, outcome.code, outcome.message))
        return ManyAnswer([self._zone_grants(group) for group in granted.values()], waiting, refused)

    def _zone_grants(self, group: list[tuple[str, Granted]]) -> ZoneGrants:
        first = group[0][1]
        players = [
            ManyPlayer(name, one.character.character, f"{one.session:016x}", text_of(one.token)) for name, one in group
        ]
        zone, layer = first.row.key
        protocol, place = self._entering.protocol(first.row), self._entering.map_info(zone)
        return ZoneGrants(zone, layer, first.servers, protocol, place, players)


def _as_many(names: list[str], given: Sequence[T | None] | None, what: str) -> Sequence[T | None]:
    if given is None:
        return [None] * len(names)
    if len(given) != len(names):
        raise BadRequest("bad_request", f"{len(names)} names, but {len(given)} {what}")
    return given


async def _each(
    enter: Callable[[str, T], Awaitable[Outcome]], names: Sequence[str], wishes: Sequence[T]
) -> list[Outcome]:
    """What became of each name, in their order. Raises StoreUnavailable if it did for one."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, wish: T) -> Outcome:
        async with places:
            try:
                return await enter(name, wish)
            except Refusal as refusal:
                return refusal

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(name, wish)) for name, wish in zip(names, wishes, strict=True)]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
