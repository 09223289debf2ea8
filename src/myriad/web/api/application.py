"""The front door as an ASGI application.

Responsible for: routes, answers to errors, counting logins.
Not here: rules of a login (`web/api/login.py`), the host behind it (`web/api/ports.py`), the server (`runtime/`).

Invariants: every error is JSON, `{"error": {"code", "message"}}`, and never shows a traceback; nothing here waits for a
zone longer than the zone's own time limit.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromQuery, JSONBody

from myriad.core.errors import LoginRefused
from myriad.web.api.login import Grant, Grants, LoginRequest, grant, wishes_of
from myriad.web.api.metrics_page import metrics_text
from myriad.web.api.ops_door import ops_door
from myriad.web.api.ports import FrontDoorHost, FrontDoorZone
from myriad.web.api.profile import profile_routes
from myriad.web.api.welcome_page import welcome_page
from myriad.web.application import Application
from myriad.web.exposition import CONTENT_TYPE
from myriad.web.refusals import AnyRequest, BadRequest, Refusal, error_answer, http_error, not_text, refused, unexpected

_MAX_BODY_BYTES = 256 * 1024

Handler = Any


class _NotReady(Exception):
    """No zone can answer now."""


def build_application(host: FrontDoorHost) -> Application:
    """The application for `host`, which may still be starting."""
    logins = Counter(dict.fromkeys(("granted", "refused", "bad"), 0))
    return Application(
        route_handlers=[
            *_login_routes(host, logins),
            *_state_routes(host, logins),
            *profile_routes(partial(_find_zone, host)),
            *ops_door(host),
            *_page_routes(host),
        ],
        exception_handlers={
            Refusal: refused,
            LoginRefused: _refused,
            _NotReady: _not_ready,
            HTTPException: http_error,
            UnicodeDecodeError: not_text,
            Exception: unexpected,
        },
        openapi_config=OpenAPIConfig(
            title="Myriad front door", version="1", path="/schema", render_plugins=[JsonRenderPlugin()]
        ),
        request_max_body_size=_MAX_BODY_BYTES,
        logging_config=None,
    )


def _login_routes(host: FrontDoorHost, logins: Counter[str]) -> list[Handler]:
    @post("/v1/login", status_code=200, summary="Ask for a connect token")
    async def login(request: AnyRequest, data: JSONBody[LoginRequest]) -> Grant | Grants:
        """One token for `name`, or one for each of `names` where players may choose their spawn points."""
        zone = _find_zone(host, data.zone)
        try:
            wishes = wishes_of(data, allow_spawn_choice=host.allow_spawn_choice)
            tokens, servers = await grant(zone, wishes, _local_host(request))
        except BadRequest:
            logins["bad"] += 1
            raise
        except LoginRefused:
            logins["refused"] += 1
            raise
        except (RuntimeError, TimeoutError):
            raise _NotReady("the zone does not answer") from None
        logins["granted"] += len(wishes)
        if data.names is None:
            return Grant(tokens[0], wishes[0].name, zone.name, servers, zone.about())
        return Grants(tokens, zone.name, servers, zone.about())

    return [login]


def _state_routes(host: FrontDoorHost, logins: Counter[str]) -> list[Handler]:
    @get("/v1/zone", summary="Numbers of a zone")
    async def zone_status(zone: FromQuery[str | None] = None) -> dict[str, object]:
        """Tick, players, lateness, phases, traffic, drops, CPU and memory of `zone` (default: the first)."""
        return {**await _status(_find_zone(host, zone)), "logins": dict(logins)}

    @get("/v1/zone/digests", summary="What every part of the grid held at a tick")
    async def digests(tick: FromQuery[int], zone: FromQuery[str | None] = None) -> dict[str, object]:
        """64-bit digests in hexadecimal by "cell x,cell y,part", if the zone runs with view_digests."""
        try:
            found = await _find_zone(host, zone).digests(tick)
        except (RuntimeError, TimeoutError):
            raise _NotReady("the zone does not answer") from None
        if found is None:
            raise HTTPException(status_code=404, detail=f"no digests of tick {tick} are kept")
        return {"tick": tick, "digests": {f"{x},{y},{part}": f"{value:016x}" for (x, y, part), value in found.items()}}

    @get("/metrics", media_type=CONTENT_TYPE, summary="Numbers of all zones, for Prometheus")
    async def metrics() -> bytes:
        """The rows of `docs/metrics.md` for a host."""
        return await metrics_text(host, logins)

    return [zone_status, digests, metrics]


def _page_routes(host: FrontDoorHost) -> list[Handler]:
    @get("/healthz", summary="Whether a player can join")
    async def healthz() -> Response[dict[str, str]]:
        """200 if so, 503 if not (yet)."""
        now = host.readiness
        return Response({"status": "ok" if now.ready else "unavailable", "detail": now.text}, status_code=_code(now))

    @get("/", media_type=MediaType.HTML, include_in_schema=False)
    async def welcome(request: AnyRequest) -> str:
        """A page for people."""
        statuses: dict[str, dict[str, object]] = {}
        for zone in list(host.zones.values()):
            try:
                statuses[zone.name] = await _status(zone)
            except _NotReady:
                statuses[zone.name] = {}
        return welcome_page(host.readiness.text, request.url.netloc, statuses)

    return [healthz, welcome]


def _code(readiness: Any) -> int:
    return 200 if readiness.ready else 503


def _find_zone(host: FrontDoorHost, name: str | None) -> FrontDoorZone:
    if not host.readiness.ready:
        raise _NotReady(host.readiness.text)
    zones = host.zones
    if name is None:
        return next(iter(zones.values()))
    if name not in zones:
        raise HTTPException(status_code=404, detail=f"there is no zone {name!r} here")
    return zones[name]


async def _status(zone: FrontDoorZone) -> dict[str, object]:
    try:
        return await zone.status()
    except (RuntimeError, TimeoutError):
        raise _NotReady("the zone does not answer") from None


def _local_host(request: AnyRequest) -> str:
    """The numeric address of this machine to which the client's connection came."""
    server = request.scope["server"]
    if server is None:
        raise _NotReady("the connection has no local address")
    return str(server[0])


def _refused(_: AnyRequest, error: LoginRefused) -> Response[Any]:
    return error_answer(409, error.code, str(error))


def _not_ready(_: AnyRequest, error: _NotReady) -> Response[Any]:
    return error_answer(503, "not_ready", str(error))
