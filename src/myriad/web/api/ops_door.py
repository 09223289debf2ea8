"""What a host tells a gateway for operators: the numbers of its zones, and one of them from above.

Responsible for: these two routes, and who may ask.
Not here: what operators are shown (`web/ops/`), where the numbers come from (`runtime/running_world_zone.py`).

Invariants: only the world's gateways are answered, by the key that they make of its secret; nobody asks, nothing is
computed.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from typing import Any, Protocol, cast

from litestar import get
from litestar.params import FromQuery

from myriad.runtime.clocks import RealClock, process_cpu_ns, resident_bytes
from myriad.runtime.ops_key import KEY_HEADER
from myriad.web.api.ports import FrontDoorHost
from myriad.web.refusals import AnyRequest, Refusal


class MeasuredZone(Protocol):
    """`runtime.running_world_zone.RunningWorldZone`."""

    async def measured(self) -> dict[str, Any]:
        """The numbers of the moment. Raises RuntimeError or TimeoutError."""
        ...

    async def seen(self) -> dict[str, Any]:
        """Phases, drops, players and entities. Raises as `measured`."""
        ...


def ops_door(host: FrontDoorHost) -> list[Any]:
    """Route handlers for a front door."""

    def check(request: AnyRequest) -> None:
        key = host.ops_key()
        if not key or not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), key.encode()):
            raise Refusal(404, "not_found", "there is nothing here")

    @get("/v1/ops/measures", include_in_schema=False)
    async def measures(request: AnyRequest) -> dict[str, Any]:
        """The process and all its zones; one that does not answer is left out."""
        check(request)
        zones = {name: cast("MeasuredZone", zone) for name, zone in list(host.zones.items())}
        answers = await asyncio.gather(*(zone.measured() for zone in zones.values()), return_exceptions=True)
        return {
            "now_ns": RealClock().now_ns(),
            "pid": os.getpid(),
            "cpu_ns": process_cpu_ns(),
            "rss_bytes": resident_bytes(),
            "zones": {
                name: answer
                for name, answer in zip(zones, answers, strict=True)
                if not isinstance(answer, BaseException)
            },
        }

    @get("/v1/ops/seen", include_in_schema=False)
    async def seen(request: AnyRequest, zone: FromQuery[str]) -> dict[str, Any]:
        """One zone from above."""
        check(request)
        found = host.zones.get(zone)
        if found is None:
            raise Refusal(404, "no_zone", f"{zone} does not run here")
        try:
            return await cast("MeasuredZone", found).seen()
        except (RuntimeError, TimeoutError):
            raise Refusal(503, "not_ready", "the zone does not answer", 1.0) from None

    return [measures, seen]
