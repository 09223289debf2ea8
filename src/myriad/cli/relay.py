"""`myriad relay`: the way into a world for browsers, where its zones and gateway were started by hand."""

from __future__ import annotations

from myriad.cli.flags import with_settings
from myriad.cli.late_imports import late_imports
from myriad.core.settings import Settings


@with_settings(Settings, without=("port", "zone", "layer", "udp_port_base"), renamed={"relay_port": "--port"})
def run(settings: Settings) -> int:
    """Run the relay of a world: WebSockets of browsers to the UDP ports of zones."""
    with late_imports():
        from myriad.cli.kernels import warm_relay
        from myriad.cli.world_parts import check_store, relay_parts
        from myriad.cli.zones import game_of
        from myriad.runtime.relay_process import run_relay

    parts = relay_parts(settings, game_of(settings))
    check_store(settings)
    warm_relay()
    return run_relay(settings, parts)
