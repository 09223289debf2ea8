"""The gateway as an ASGI application.

Responsible for: routes, who asks, answers to errors.
Not here: what is done (`accounts.py`, `characters.py`, `entering.py`, `crowds.py`), the server (`runtime/`).

Invariants: every error is JSON, `{"error": {"code", "message"}}`, and never shows a traceback; nothing here waits but
for the store and the password threads, each for seconds at most.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from litestar import Response, delete, get, post
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath, JSONBody

from myriad.cluster.requests import AccountRow
from myriad.core.clock import Clock
from myriad.core.log_lines import Lines
from myriad.web.application import Application
from myriad.web.checks import checked_name
from myriad.web.exposition import CONTENT_TYPE
from myriad.web.gateway.accounts import Accounts
from myriad.web.gateway.addresses import Client, client_of, relay_url
from myriad.web.gateway.characters import AccountCharacters, character_answer
from myriad.web.gateway.counting import begun_at, count_in
from myriad.web.gateway.crowds import Crowds
from myriad.web.gateway.entering import Entering, Granted
from myriad.web.gateway.game_info import game_route
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.maps import map_routes
from myriad.web.gateway.messages import (
    CharacterAnswer,
    CharactersAnswer,
    CreateRequest,
    ErrorAnswer,
    HealthAnswer,
    LoginAnswer,
    LoginRequest,
    ManyAnswer,
    PlayAnswer,
    PlayManyRequest,
    PlayRequest,
    RegisterRequest,
    ResumeManyRequest,
    ResumeRequest,
    WaitAnswer,
    WorldAnswer,
)
from myriad.web.gateway.metrics_page import metrics_text
from myriad.web.gateway.pages import Folders, game_pages
from myriad.web.gateway.passwords import Passwords
from myriad.web.gateway.ports import StorePort, StoreUnavailable
from myriad.web.gateway.reading import DirectoryReader
from myriad.web.gateway.targets import Targets, targets_of
from myriad.web.gateway.world_view import world_answer
from myriad.web.ops.operations import Operations
from myriad.web.ops.pages import ops_pages
from myriad.web.ops.routes import ops_routes
from myriad.web.refusals import (
    AnyRequest,
    Refusal,
    error_answer,
    http_error,
    not_text,
    refused,
    retry_after,
    unexpected,
)

MAX_BODY_BYTES = 256 * 1024

_LOG = Lines(__name__)

Handler = Any
_BEARER = [{"bearer": list[str]()}]


class Desk:
    """Everything that routes need, put together."""

    def __init__(
        self,
        gateway: Gateway,
        store: StorePort,
        clock: Clock,
        passwords: Passwords,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.gateway = gateway
        self.clock = clock
        self.reader = DirectoryReader(gateway, store, clock)
        self.accounts = Accounts(gateway, store, passwords, clock, random_bytes)
        self.characters = AccountCharacters(gateway, store)
        self.entering = Entering(gateway, store, self.reader, clock, random_bytes)
        self.crowds = Crowds(gateway, self.accounts, self.characters, self.entering)

    def client(self, request: AnyRequest) -> Client:
        """Who asks."""
        peer = request.scope["client"]
        forwarded_for = ",".join(request.headers.getall("x-forwarded-for", []))
        behind_proxy = self.gateway.settings.behind_proxy
        return client_of(str(peer[0]) if peer else None, forwarded_for, behind_proxy=behind_proxy)

    def relay(self, request: AnyRequest) -> str:
        """Where the relay is for who asks."""
        return relay_url(self.gateway.settings, request.headers.get("host", ""))

    async def account(self, request: AnyRequest) -> AccountRow:
        """Whose session the request brings. Raises Refusal."""
        return await self.accounts.by_session(request.headers.get("authorization"), self.client(request))

    async def player(self, request: AnyRequest) -> AccountRow:
        """The same for one who wants into the world, which is limited."""
        account = await self.account(request)
        self.gateway.limit_plays(self.client(request), account.account, self.clock.now_ns())
        return account


def build_gateway(
    gateway: Gateway,
    store: StorePort,
    clock: Clock,
    *,
    passwords: Passwords,
    folders: Folders,
    operations: Operations | None = None,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Application:
    """The application. `passwords` stay the caller's, to be closed after the server has ended; `folders` have what
    browsers load; `operations` is what operators see, None for a gateway without."""
    desk = Desk(gateway, store, clock, passwords, random_bytes)
    return Application(
        route_handlers=[
            *_account_routes(desk),
            *_character_routes(desk),
            *_play_routes(desk),
            *_crowd_routes(desk),
            *_state_routes(desk),
            *map_routes(gateway.world.maps),
            *ops_pages(),
            *([] if operations is None else ops_routes(operations, store, desk.client)),
            *game_pages(folders, gateway.settings.relay_url),
        ],
        exception_handlers={
            Refusal: refused,
            StoreUnavailable: _store_unavailable,
            HTTPException: http_error,
            UnicodeDecodeError: not_text,
            Exception: unexpected,
        },
        before_send=[count_in(gateway, clock)],
        middleware=[begun_at(clock)],
        openapi_config=OpenAPIConfig(
            title="Myriad gateway",
            version="1",
            path="/schema",
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin()],
            components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )


def _errors(*statuses: int) -> dict[int, ResponseSpec]:
    meaning = {
        400: "The request breaks a rule.",
        401: "Nobody is logged in, or the password is wrong.",
        403: "Not allowed here, or banned.",
        404: "There is no such thing.",
        409: "It cannot be done as things are: the code says why.",
        429: "Too many requests; `Retry-After` says when to ask again.",
        503: "Not now; `Retry-After` says when to ask again.",
    }
    return {
        status: ResponseSpec(ErrorAnswer, generate_examples=False, description=meaning[status]) for status in statuses
    }


def _waiting() -> dict[int, ResponseSpec]:
    description = "The player has to wait: the same request again in `retry_after_s`."
    return {202: ResponseSpec(WaitAnswer, generate_examples=False, description=description)}


def _account_routes(desk: Desk) -> list[Handler]:
    @post("/v1/register", summary="Make an account", responses=_errors(400, 409, 429, 503))
    async def register(request: AnyRequest, data: JSONBody[RegisterRequest]) -> LoginAnswer:
        """A new account, logged in at once."""
        return await desk.accounts.register(data, desk.client(request))

    @post("/v1/login", status_code=200, summary="Log in", responses=_errors(400, 401, 403, 409, 429, 503))
    async def login(request: AnyRequest, data: JSONBody[LoginRequest]) -> LoginAnswer:
        """By password, or as a guest by name alone where guests may play."""
        return await desk.accounts.login(data, desk.client(request))

    return [register, login]


def _character_routes(desk: Desk) -> list[Handler]:
    @get("/v1/characters", summary="List characters", security=_BEARER, responses=_errors(401, 403, 429, 503))
    async def characters(request: AnyRequest) -> CharactersAnswer:
        """All characters of the account, oldest first."""
        rows = await desk.characters.rows(await desk.account(request))
        return CharactersAnswer([character_answer(row) for row in rows], desk.gateway.settings.max_characters)

    @post(
        "/v1/characters",
        summary="Make a character",
        security=_BEARER,
        responses=_errors(400, 401, 403, 409, 429, 503),
    )
    async def create(request: AnyRequest, data: JSONBody[CreateRequest]) -> CharacterAnswer:
        """Its name is the only one of its kind in the world, whatever its case."""
        desk.gateway.limit_address(desk.client(request), desk.clock.now_ns())
        account = await desk.account(request)
        name, spawn = checked_name(data.name), desk.entering.checked_spawn(data.spawn)
        return character_answer(await desk.characters.create(account, name, spawn))

    @delete(
        "/v1/characters/{character:int}",
        summary="Delete a character",
        security=_BEARER,
        responses=_errors(401, 403, 404, 409, 429, 503),
    )
    async def remove(request: AnyRequest, character: FromPath[int]) -> None:
        """For good, with all that it holds; not while it is in the world."""
        await desk.characters.delete(await desk.account(request), character)

    return [characters, create, remove]


def _play_routes(desk: Desk) -> list[Handler]:
    @post(
        "/v1/play",
        status_code=200,
        summary="Enter the world",
        security=_BEARER,
        responses=_waiting() | _errors(400, 401, 403, 404, 409, 429, 503),
    )
    async def play(request: AnyRequest, data: JSONBody[PlayRequest]) -> Response[PlayAnswer]:
        """A connect token for the zone where the character stands, or a place in the queue."""
        account = await desk.player(request)
        spawn = desk.entering.checked_spawn(data.spawn)
        if data.character is None:
            row = await desk.characters.by_default(account, spawn)
        else:
            row = await desk.characters.own(account, data.character)
        return _entered(desk, request, await desk.entering.play(row, spawn, _local_host(request)))

    @post(
        "/v1/resume",
        status_code=200,
        summary="Go back into the avatar",
        security=_BEARER,
        responses=_waiting() | _errors(400, 401, 403, 404, 409, 429, 503),
    )
    async def resume(request: AnyRequest, data: JSONBody[ResumeRequest]) -> Response[PlayAnswer]:
        """A connect token for the zone where the character is in the world now; never waits for room."""
        row = await desk.characters.own(await desk.player(request), data.character)
        session = None if data.session is None else int(data.session, 16)
        return _entered(desk, request, await desk.entering.resume(row, session, _local_host(request)))

    return [play, resume]


def _crowd_routes(desk: Desk) -> list[Handler]:
    @post("/v1/play_many", status_code=200, summary="Many guests enter", responses=_errors(400, 403, 503))
    async def play_many(request: AnyRequest, data: JSONBody[PlayManyRequest]) -> ManyAnswer:
        """For load tests, from this machine alone: tokens by zone; ask again for those who wait."""
        return await desk.crowds.play(data, desk.client(request), _local_host(request))

    @post("/v1/resume_many", status_code=200, summary="Many guests go back", responses=_errors(400, 403, 503))
    async def resume_many(request: AnyRequest, data: JSONBody[ResumeManyRequest]) -> ManyAnswer:
        """For load tests, from this machine alone: tokens into the zones where the guests' avatars are."""
        return await desk.crowds.resume(data, desk.client(request), _local_host(request))

    return [play_many, resume_many]


def _state_routes(desk: Desk) -> list[Handler]:
    gateway, clock = desk.gateway, desk.clock

    @get("/v1/world", summary="All zones")
    async def world(request: AnyRequest) -> WorldAnswer:
        """Where zones lie, what runs of them and how they are; processes are named to this machine only."""
        await desk.reader.try_look()
        with_hosts = desk.client(request).is_local
        return world_answer(gateway, clock.now_ns(), desk.relay(request), with_hosts=with_hosts)

    unavailable = ResponseSpec(HealthAnswer, generate_examples=False, description="Nobody can join now.")

    @get("/healthz", summary="Whether a player can join", responses={503: unavailable})
    async def healthz() -> Response[HealthAnswer]:
        """200 if so, 503 if not (yet)."""
        await desk.reader.try_look()
        now = gateway.readiness(clock.now_ns())
        return Response(
            HealthAnswer("ok" if now.ready else "unavailable", now.text), status_code=200 if now.ready else 503
        )

    @get("/metrics", media_type=CONTENT_TYPE, summary="Numbers for Prometheus")
    async def metrics() -> bytes:
        """The rows of `docs/metrics.md` for a gateway."""
        await desk.reader.try_look()
        return metrics_text(gateway, clock.now_ns())

    @get("/v1/targets", summary="Where hosts tell their metrics", responses=_errors(403))
    async def targets(request: AnyRequest) -> list[Targets]:
        """For Prometheus' HTTP service discovery, on this machine only."""
        if not desk.client(request).is_local:
            raise Refusal(403, "not_allowed", "only programs of this machine are told about processes")
        await desk.reader.try_look()
        return targets_of(gateway, clock.now_ns())

    return [world, healthz, metrics, targets, game_route(gateway.world.info)]


def _entered(desk: Desk, request: AnyRequest, outcome: Granted | WaitAnswer) -> Response[Any]:
    if isinstance(outcome, WaitAnswer):
        _LOG.debug("somebody waits: %s", outcome.why, zone=outcome.zone, position=outcome.position)
        return Response(outcome, status_code=202, headers=retry_after(outcome.retry_after_s))
    zone, layer = outcome.row.key
    _LOG.info(
        "%s may enter",
        outcome.character.name,
        character=outcome.character.character,
        account=outcome.character.account,
        session=outcome.session,
        zone=zone,
        layer=layer,
    )
    return Response(desk.entering.answer(outcome, desk.relay(request)), status_code=200)


def _local_host(request: AnyRequest) -> str:
    """The numeric address of this machine to which the client's connection came."""
    server = request.scope["server"]
    if server is None:
        raise Refusal(503, "not_ready", "the connection has no local address", 1.0)
    return str(server[0])


def _store_unavailable(_: AnyRequest, __: StoreUnavailable) -> Response[Any]:
    return error_answer(503, "store_unavailable", "the store does not answer; ask again", retry_after(1.0))
