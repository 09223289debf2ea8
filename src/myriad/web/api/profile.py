"""`/v1/zone/profile`: what a zone's thread spends its time on, for programs of this machine.

Responsible for: the routes by which a profile begins, is read and ends.
Not here: what is counted (`runtime/profile/probe.py`), what is made of it (`myriad profile`).

Invariant: only this machine profiles, and nobody by way of a proxy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

from litestar import delete, get, post
from litestar.params import FromQuery, Parameter

from myriad.runtime.profile.probe import Busy
from myriad.web.api.ports import FrontDoorZone
from myriad.web.refusals import AnyRequest, Refusal

MAX_S: Final = 3600.0

Answer = TypeVar("Answer")
FindZone = Callable[[str | None], FrontDoorZone]


def profile_routes(find_zone: FindZone) -> list[Any]:
    """Route handlers; `find_zone` raises what the application answers with 404 or 503."""

    @post("/v1/zone/profile", status_code=200, summary="Begin to profile a zone (this machine only)")
    async def begin(
        request: AnyRequest,
        seconds: Annotated[float, Parameter(ge=0.1, le=MAX_S)] = 60.0,
        zone: FromQuery[str | None] = None,
    ) -> dict[str, object]:
        """It ends by itself after `seconds`."""
        return await _asked(request, find_zone, zone, lambda found: found.profiles.begin(seconds))

    @get("/v1/zone/profile", summary="A zone's profile so far (this machine only)")
    async def read(request: AnyRequest, zone: FromQuery[str | None] = None) -> dict[str, object]:
        """CPU time by kind of work, allocations and collections since it began."""
        return _there(await _asked(request, find_zone, zone, lambda found: found.profiles.read()))

    @delete("/v1/zone/profile", status_code=200, summary="End a zone's profile (this machine only)")
    async def end(request: AnyRequest, zone: FromQuery[str | None] = None) -> dict[str, object]:
        """Its figures."""
        return _there(await _asked(request, find_zone, zone, lambda found: found.profiles.end()))

    return [begin, read, end]


async def _asked(
    request: AnyRequest, find_zone: FindZone, name: str | None, ask: Callable[[FrontDoorZone], Awaitable[Answer]]
) -> Answer:
    if not _is_local(request):
        raise Refusal(403, "not_allowed", "only programs of this machine may profile a zone")
    try:
        return await ask(find_zone(name))
    except Busy as error:
        raise Refusal(409, "busy", str(error)) from None
    except (RuntimeError, TimeoutError):
        raise Refusal(503, "not_ready", "the zone does not answer") from None


def _is_local(request: AnyRequest) -> bool:
    """True for a program on this machine that came here itself."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _there(figures: dict[str, object] | None) -> dict[str, object]:
    if figures is None:
        raise Refusal(404, "not_found", "no profile of this zone was begun")
    return figures
