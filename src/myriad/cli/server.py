"""`myriad server`: one zone of a world with its front door on the same port number; with `--standalone`, alone."""

from __future__ import annotations

from myriad.cli.flags import with_settings
from myriad.cli.late_imports import late_imports
from myriad.core.settings import Settings


@with_settings(Settings, without=("http_port", "udp_port_base"))
def run(settings: Settings) -> int:
    """Run one zone: the game on a UDP port, and its HTTP front door on the TCP port of the same number."""
    from functools import partial

    from myriad.runtime.memory import map_large_blocks

    map_large_blocks()
    with late_imports():
        from myriad.cli.kernels import host_groups, standalone_groups
        from myriad.cli.zones import check_zone, game_of, make_zone
        from myriad.runtime.host import run_server
        from myriad.runtime.warm import warm
        from myriad.runtime.world_server import run_world_server
        from myriad.web.api.application import build_application

    warm_up = partial(warm, groups=standalone_groups() if settings.standalone else host_groups())
    if settings.standalone:
        return run_server(settings, make_zone=make_zone, make_application=build_application, warm_up=warm_up)
    with late_imports():
        from myriad.cli.world_parts import check_store, host_parts

    game = game_of(settings)
    check_zone(game, settings)
    check_store(settings)
    return run_world_server(settings, host_parts(settings, game), warm_up)
