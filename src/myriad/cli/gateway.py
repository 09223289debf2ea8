"""`myriad gateway`: the way into a world whose zones run in other processes."""

from __future__ import annotations

from myriad.cli.flags import with_settings
from myriad.cli.late_imports import late_imports
from myriad.core.settings import Settings


@with_settings(Settings, without=("port", "zone", "layer", "udp_port_base"), renamed={"http_port": "--port"})
def run(settings: Settings) -> int:
    """Run the gateway of a world: accounts, logins and connect tokens over HTTP."""
    with late_imports():
        from myriad.cli.world_parts import check_store, gateway_parts
        from myriad.cli.zones import game_of
        from myriad.runtime.gateway_process import run_gateway

    parts = gateway_parts(settings, game_of(settings))
    check_store(settings)
    return run_gateway(settings, parts)
