"""Building the zones of the reference game for a host: where engine, game and process meet.

Responsible for: one zone from settings and the place where it runs. Not here: any of the three.

Invariant: every zone's block of transient entity ids is its own.
"""

from __future__ import annotations

import os

from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.runtime.hosted_zone import ZoneSite
from myriad.zone.zone import Zone

IDS_PER_ZONE = 1 << 25


def zone_names() -> tuple[str, ...]:
    """The zones of the game, in the order of their ports."""
    return GAME.zones


def make_zone(settings: Settings, site: ZoneSite) -> Zone:
    """The zone `site.name`. Raises StartupError if the game has no such zone or its map cannot be used."""
    number = GAME.zones.index(site.name) if site.name in GAME.zones else 0
    world = GAME.create_zone(
        site.name,
        capacity=settings.max_entities,
        seed=settings.seed,
        tick_hz=settings.tick_hz,
        num_npcs=settings.npcs,
        next_id=(number + 1) * IDS_PER_ZONE,
        end_id=(number + 2) * IDS_PER_ZONE,
    )
    return Zone(
        site.name,
        GAME,
        world,
        settings,
        own_addresses=site.own_addresses,
        phases=site.phases,
        random_bytes=os.urandom,
    )
