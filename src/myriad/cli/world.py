"""`myriad world`: the zones of a world in one process, with one front door."""

from __future__ import annotations

import dataclasses
from typing import Final

from myriad.cli.flags import with_settings
from myriad.core.settings import Settings, table

FIRST_ZONES: Final = 1
"""Zones that a world starts with. Players cannot walk from one to another yet, so it has one."""


@with_settings(Settings, without=("port", "zone"), renamed={"http_port": "--port"})
def run(settings: Settings) -> int:
    """Run the world: its zones on UDP ports from udp_port_base on, and its HTTP address on --port."""
    from functools import partial

    from myriad.cli.kernels import host_groups
    from myriad.cli.zones import make_zone, zone_names
    from myriad.runtime.host import run_world
    from myriad.runtime.warm import warm
    from myriad.web.api.application import build_application

    names = zone_names()[:FIRST_ZONES]
    return run_world(
        with_free_ports(settings),
        names,
        make_zone=make_zone,
        make_application=build_application,
        warm_up=partial(warm, groups=host_groups()),
    )


def with_free_ports(settings: Settings) -> Settings:
    """Any free UDP ports for a world on another HTTP port than the default, so that it does not meet the first one."""
    defaults = {row.name: row.default for row in table(Settings)}
    other_world = settings.http_port != defaults["http_port"]
    if other_world and settings.udp_port_base == defaults["udp_port_base"]:
        return dataclasses.replace(settings, udp_port_base=0)
    return settings
