"""Characters of an account: listed, made, deleted, and found by default.

Responsible for: these. Not here: the way into the world (`entering.py`).

Invariants: an account reaches its own characters only; who is in the world cannot be deleted.
"""

from __future__ import annotations

from myriad.cluster.requests import (
    PLAYING,
    AccountRow,
    CharacterRow,
    Characters,
    CreateCharacter,
    DeleteCharacter,
    Done,
    FindCharacter,
    ListCharacters,
    Refused,
    ZoneKey,
)
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.messages import CharacterAnswer
from myriad.web.gateway.ports import StorePort
from myriad.web.refusals import BadRequest, Refusal


class AccountCharacters:
    """See above. Everything raises Refusal or StoreUnavailable."""

    def __init__(self, gateway: Gateway, store: StorePort) -> None:
        self._gateway = gateway
        self._store = store

    async def rows(self, account: AccountRow) -> tuple[CharacterRow, ...]:
        """All of them, oldest first."""
        answer = await self._store.ask(ListCharacters(account.account))
        return answer.rows if isinstance(answer, Characters) else ()

    async def own(self, account: AccountRow, character: int) -> CharacterRow:
        """One of them; refused in the same way whether it is another's or nobody's."""
        answer = await self._store.ask(FindCharacter(character=character))
        if not isinstance(answer, CharacterRow) or answer.account != account.account:
            raise Refusal(404, "not_found", "the account has no such character")
        return answer

    async def create(self, account: AccountRow, name: str, spawn: tuple[float, float] | None) -> CharacterRow:
        """A new one, away, at `spawn` or at a start point."""
        x, y = spawn if spawn is not None else self._gateway.start_point(name)
        zone = self._gateway.zone_at(x, y)
        if zone is None:
            raise BadRequest("bad_spawn", "the world ends before that place")
        limit = self._gateway.settings.max_characters
        answer = await self._store.ask(CreateCharacter(account.account, name, ZoneKey(zone), x, y, limit))
        match answer:
            case CharacterRow():
                self._gateway.counts["characters", "created"] += 1
                return answer
            case Refused(why):
                raise Refusal(409, "too_many", why)
            case _:
                raise Refusal(409, "name_taken", f"{name} is somebody's name already")

    async def by_default(self, account: AccountRow, spawn: tuple[float, float] | None) -> CharacterRow:
        """The oldest, or a new one under the account's name."""
        rows = await self.rows(account)
        return rows[0] if rows else await self.create(account, account.name, spawn)

    async def delete(self, account: AccountRow, character: int) -> None:
        """For good, with all that it holds."""
        answer = await self._store.ask(DeleteCharacter(account.account, character))
        match answer:
            case Done():
                self._gateway.counts["characters", "deleted"] += 1
            case Refused(why):
                raise Refusal(409, "playing", why)
            case _:
                raise Refusal(404, "not_found", "the account has no such character")


def character_answer(row: CharacterRow) -> CharacterAnswer:
    """What its owner is told of it."""
    return CharacterAnswer(
        row.character, row.name, row.owner.zone, row.owner.layer, row.x, row.y, row.presence == PLAYING
    )
