"""`myriad server`: one zone with its front door on the same port number."""

from __future__ import annotations

from myriad.cli.flags import with_settings
from myriad.core.settings import Settings


@with_settings(Settings, without=("http_port", "udp_port_base"))
def run(settings: Settings) -> int:
    """Run one zone: the game on a UDP port, and its HTTP front door on the TCP port of the same number."""
    from functools import partial

    from myriad.cli.kernels import host_groups
    from myriad.cli.zones import make_zone
    from myriad.runtime.host import run_server
    from myriad.runtime.warm import warm
    from myriad.web.api.application import build_application

    warm_up = partial(warm, groups=host_groups())
    return run_server(settings, make_zone=make_zone, make_application=build_application, warm_up=warm_up)
