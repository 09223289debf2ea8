"""A world of small zones with the real store, bus, hosts and supervisor, and a gateway that only shows the directory.

As a program: `world` or `server`, with settings as `name=value`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from typing import Any

from myriad.bus import Bus, open_bus
from myriad.cluster.requests import Answer, AuditReport, WantZone, ZoneKey
from myriad.core.errors import MyriadError
from myriad.core.settings import Settings, load
from myriad.runtime.clocks import RealClock
from myriad.runtime.gateway_process import GatewayParts, GatewayTies, run_gateway
from myriad.runtime.http_server import AsgiApplication
from myriad.runtime.store_thread import StoreThread
from myriad.runtime.warm import SERVER_GROUPS, Progress, warm
from myriad.runtime.world_host import WorldParts
from myriad.runtime.world_process import World, run_world_process
from myriad.runtime.world_server import run_world_server
from myriad.storage.port import Store, open_store
from myriad.storage.writer import Writer
from myriad.web.api.application import build_application
from tests.processes.small_zone import make_small_zone


def open_place(settings: Settings) -> Store:
    return open_store(settings.data, wall_ms=lambda: time.time_ns() // 1_000_000, random_bytes=os.urandom)


def open_writer(settings: Settings) -> Writer:
    return Writer(open_place(settings), RealClock().now_ns, settings.store_queue)


def open_small_bus(settings: Settings, store: StoreThread) -> Bus:
    return open_bus("", store)


def warm_up(progress: Progress) -> None:
    warm(progress, SERVER_GROUPS)


def host_parts(settings: Settings) -> WorldParts:
    return WorldParts(
        make_zone=make_small_zone,
        spawn_point=lambda zone: (1.0, 2.0),
        open_worker=partial(open_writer, settings),
        open_bus=partial(open_small_bus, settings),
        make_application=build_application,
    )


class NoAuditor:
    num_audits = num_alarms = 0

    def poll(self, now_ns: int) -> AuditReport | None:
        return None


def directory_application(ties: GatewayTies) -> AsgiApplication:
    """`/healthz`; `/v1/world`: rows of the directory and the fleet; `/want?<zone>`."""

    async def answer(path: str, query: str) -> tuple[int, object]:
        rows = ties.directory.rows if ties.directory is not None else ()
        if path == "/want":
            answers: list[Answer] = await ties.execute([WantZone(ZoneKey(query))])
            return 200, [str(one) for one in answers]
        if path == "/v1/world":
            zones = {
                str(row.key): {
                    "pid": row.host.pid,
                    "epoch": row.epoch,
                    "endpoint": row.endpoint,
                    "door": row.front_door,
                }
                for row in rows
            }
            return 200, {"zones": zones, "fleet": ties.fleet, "pid": os.getpid(), "closing": ties.closing}
        return (200 if rows else 503), {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        status, body = await answer(scope["path"], scope["query_string"].decode())
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    return application


def gateway_parts(settings: Settings) -> GatewayParts:
    return GatewayParts(
        open_worker=partial(open_writer, settings),
        open_bus=partial(open_small_bus, settings),
        open_auditor=NoAuditor,
        make_application=directory_application,
    )


def serve(command: str, flags: dict[str, str]) -> int:
    settings = load(Settings, flags)
    if command == "server":
        return run_world_server(settings, host_parts(settings), warm_up)
    if command == "gateway":
        return run_gateway(settings, gateway_parts(settings))
    world = World(
        zones=tuple(f"zone-{number + 1}" for number in range(settings.zones)),
        start_zones=("zone-1",),
        host=host_parts(settings),
        gateway=gateway_parts(settings),
        warm_up=warm_up,
        check_store=lambda: open_place(settings).close(),
    )
    return run_world_process(settings, world)


if __name__ == "__main__":
    try:
        sys.exit(serve(sys.argv[1], dict(item.split("=", 1) for item in sys.argv[2:])))
    except MyriadError as error:
        print(f"myriad: {error}", file=sys.stderr)
        sys.exit(2)
