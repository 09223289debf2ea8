"""`POST /v1/login`: who wants in, checked, and the connect token that answers.

Responsible for: the shape and rules of login requests, for one player or many, and the form of answers.
Not here: routes (`web/api/application.py`), what is in a token (`netcode/tokens.py`), who may log in (the zone).

Invariant: a request is checked whole before the first token is made.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec

from myriad.runtime.hosted_zone import Wish
from myriad.web.api.ports import FrontDoorZone
from myriad.web.checks import Spawn, checked_name, checked_spawn
from myriad.web.refusals import BadRequest

MAX_PLAYERS_PER_REQUEST: Final = 1000


class LoginRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Either `name`, with `spawn` and `character` if wanted, or `names` with as many `spawns` or none."""

    name: str | None = None
    spawn: Spawn | None = None
    character: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)] | None = None
    names: list[str] | None = None
    spawns: list[Spawn | None] | None = None
    zone: str | None = None


class Grant(msgspec.Struct, frozen=True):
    """The answer for one player: `token` is a netcode 1.02 connect token (2048 bytes) in base64."""

    token: str
    name: str
    zone: str
    servers: tuple[str, ...]
    protocol: dict[str, object]


class Grants(msgspec.Struct, frozen=True):
    """The answer for many, in the order of `names`."""

    tokens: list[str]
    zone: str
    servers: tuple[str, ...]
    protocol: dict[str, object]


def wishes_of(request: LoginRequest, *, allow_spawn_choice: bool) -> list[Wish]:
    """The players of a request, one or many. Raises BadRequest."""
    if (request.name is None) == (request.names is None):
        raise BadRequest("bad_request", "give either name or names")
    if request.names is None:
        if request.spawns is not None:
            raise BadRequest("bad_request", "spawns goes with names, spawn with name")
        wishes = [Wish(checked_name(request.name or ""), request.character, checked_spawn(request.spawn))]
    else:
        wishes = _many(request, request.names)
        if not allow_spawn_choice:
            raise BadRequest("not_allowed", "this server takes one player per login (allow_spawn_choice is off)")
    if not allow_spawn_choice and any(wish.spawn is not None for wish in wishes):
        raise BadRequest("not_allowed", "this server does not let players choose where they start")
    return wishes


async def grant(zone: FrontDoorZone, wishes: list[Wish], local_host: str) -> tuple[list[str], tuple[str, ...]]:
    """For each wish the token in base64, and the servers that they name. Raises LoginRefused."""
    tokens, servers = await zone.login(wishes, local_host)
    return [base64.b64encode(token).decode("ascii") for token in tokens], servers


def _many(request: LoginRequest, names: list[str]) -> list[Wish]:
    if request.spawn is not None or request.character is not None:
        raise BadRequest("bad_request", "spawn and character go with name, spawns with names")
    if not 1 <= len(names) <= MAX_PLAYERS_PER_REQUEST:
        raise BadRequest("bad_request", f"names must be 1 to {MAX_PLAYERS_PER_REQUEST}, not {len(names)}")
    spawns = request.spawns if request.spawns is not None else [None] * len(names)
    if len(spawns) != len(names):
        raise BadRequest("bad_request", f"{len(names)} names, but {len(spawns)} spawns")
    return [Wish(checked_name(name), None, checked_spawn(spawn)) for name, spawn in zip(names, spawns, strict=True)]
