"""`/v1/ops/…`: the routes of operators.

Responsible for: who may, parameters, waiting for what happens next, and asking a host for one of its zones.
Not here: what is answered (`operations.py`, `world.py`), what is done (`actions.py`).

Invariants: every route asks who it is first; nobody waits longer than `LONGEST_WAIT_S`, and at the end of the world
nobody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from myriad.cluster.requests import ZoneKey
from myriad.runtime.front_doors import seen_path
from myriad.web.gateway.addresses import Client
from myriad.web.gateway.ports import StorePort
from myriad.web.ops.access import admit, check_deed
from myriad.web.ops.actions import Actions
from myriad.web.ops.messages import Action, Done, Events, History, WorldState, ZoneDetail
from myriad.web.ops.operations import Operations
from myriad.web.refusals import AnyRequest, Refusal

LONGEST_WAIT_S: Final = 25.0
_LOOK_AGAIN_S: Final = 0.1

Wait = Annotated[float, QueryParameter(ge=0, le=LONGEST_WAIT_S, description="seconds to wait for something new")]


def ops_routes(operations: Operations, store: StorePort, client_of: Callable[[AnyRequest], Client]) -> list[Any]:
    """Route handlers for the gateway's application."""
    settings = operations.gateway.settings
    actions = Actions(operations, store)

    def who(request: AnyRequest) -> str:
        return admit(settings, request, client_of(request))

    @get("/v1/ops/world", summary="The whole world at once, for operators")
    async def world(request: AnyRequest) -> WorldState:
        """Zones, borders, processes, ledger, store and the events that run."""
        who(request)
        return operations.world()

    @get("/v1/ops/history", summary="The last hour")
    async def history(request: AnyRequest, since: FromQuery[float] = 0.0) -> History:
        """A point every five seconds."""
        who(request)
        return operations.history(since)

    @get("/v1/ops/events", summary="What happened")
    async def events(request: AnyRequest, after: FromQuery[int] = 0, wait: Wait = 0.0) -> Events:
        """The newest thousand, or those after a number; with `wait`, once there is something new."""
        who(request)
        looks = round(wait / _LOOK_AGAIN_S)
        while looks > 0 and operations.log.newest == after and not operations.sources.closing:
            looks -= 1
            await asyncio.sleep(_LOOK_AGAIN_S)
        return operations.log.after(after)

    @get("/v1/ops/zones/{zone:str}", summary="One zone from above")
    async def zone(request: AnyRequest, zone: FromPath[str], layer: FromQuery[int] = 0) -> ZoneDetail:
        """Its row, phases of its ticks, drops, players and entities."""
        who(request)
        return await _detail(operations, ZoneKey(zone, layer))

    @post("/v1/ops/actions", status_code=200, summary="Do something")
    async def act(request: AnyRequest) -> Done:
        """Announce, kick, ban, unban, drain, restart_zone, start_zone, start_event, stop_event: see docs/ops.md."""
        by = who(request)
        check_deed(request)
        try:
            action: Action = msgspec.json.decode(await request.body(), type=Action)
        except msgspec.DecodeError as error:
            raise Refusal(400, "bad_request", str(error)) from None
        return await actions.carry_out(action, by)

    return [world, history, events, zone, act]


async def _detail(operations: Operations, key: ZoneKey) -> ZoneDetail:
    row = next((row for row in operations.zones() if (row.zone, row.layer) == key), None)
    if row is None:
        raise Refusal(404, "no_zone", f"there is no zone {key}")
    door = operations.front_door_of(key)
    if door is None or row.state not in ("running", "draining"):
        return ZoneDetail(row, [], {}, [], None, {})
    try:
        seen = await asyncio.to_thread(operations.sources.ask_front_door, door, seen_path(str(key)))
    except OSError:
        raise Refusal(503, "not_ready", "the zone's host does not answer", 1.0) from None
    return ZoneDetail(row, seen["phases"], seen["drops"], seen["players"], seen["view"], seen["kinds"])
