"""`myriad world`: a supervisor with a gateway and hosts, or with `--standalone` one zone without a store."""

from __future__ import annotations

import dataclasses

from myriad.cli.flags import with_settings
from myriad.cli.late_imports import late_imports
from myriad.core.settings import Settings, table


@with_settings(Settings, without=("port", "zone", "layer"), renamed={"http_port": "--port"})
def run(settings: Settings) -> int:
    """Run the world: its zones on UDP ports from udp_port_base on, and its gateway's HTTP on --port."""
    import os

    from myriad.runtime.memory import map_large_blocks

    map_large_blocks()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # who forks has no other threads, not even NumPy's
    settings = with_free_ports(settings)
    if settings.standalone:
        return _run_alone(settings)
    with late_imports():
        from myriad.cli.world_parts import world_of
        from myriad.runtime.world_process import run_world_process

    return run_world_process(settings, world_of(settings))


def _run_alone(settings: Settings) -> int:
    """The first zone, whose front door is the world's HTTP address."""
    from functools import partial

    with late_imports():
        from myriad.cli.kernels import standalone_groups
        from myriad.cli.zones import game_of, make_zone
        from myriad.runtime.host import run_world
        from myriad.runtime.warm import warm
        from myriad.web.api.application import build_application

    return run_world(
        settings,
        game_of(settings).zones[:1],
        make_zone=make_zone,
        make_application=build_application,
        warm_up=partial(warm, groups=standalone_groups()),
    )


def with_free_ports(settings: Settings) -> Settings:
    """Any free UDP ports for a world on another HTTP port than the default, so that it does not meet the first one."""
    defaults = {row.name: row.default for row in table(Settings)}
    other_world = settings.http_port != defaults["http_port"]
    if other_world and settings.udp_port_base == defaults["udp_port_base"]:
        return dataclasses.replace(settings, udp_port_base=0)
    return settings
