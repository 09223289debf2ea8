"""The zones of the reference game for a host: where engine, game and process meet.

Responsible for: the game in the size of the world, one zone from settings and the place where it runs, and where new
players start.
Not here: any of the three.

Invariant: every zone's block of transient entity ids is its own, and so is every layer's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from emberdale.game import GAME
from myriad.cluster.requests import ZoneKey
from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.runtime.hosted_zone import MakeWorldZone, ZoneSite
from myriad.sim.world import World
from myriad.zone.world_part import WorldSite
from myriad.zone.world_zone import WorldZone
from myriad.zone.zone import Zone

FIRST_ID: Final = 1 << 24
"""Below are characters."""
END_ID: Final = 1 << 32
MIN_BLOCK: Final = 1 << 22
MAX_LAYERS: Final = 8


def game_of(settings: Settings) -> Game:
    """The game with a world of the size in the settings. Raises StartupError on a size that it has not."""
    return GAME.for_world(settings.zones)


def check_zone(game: Game, settings: Settings) -> None:
    """Raises StartupError if there is no zone or layer as the settings say."""
    if settings.zone not in game.zones:
        raise StartupError(f"there is no zone {settings.zone}; there are {', '.join(game.zones)}")
    if settings.layer >= num_layers(game):
        raise StartupError(f"layer: a zone of this world has layers 0 to {num_layers(game) - 1}")


def num_layers(game: Game) -> int:
    """How many layers of each zone have ids of their own."""
    return max(1, min(MAX_LAYERS, (END_ID - FIRST_ID) // MIN_BLOCK // len(game.zones)))


def spawn_points(game: Game, zone: str, tick_hz: int) -> tuple[tuple[float, float], ...]:
    """Where players start in a zone, in metres."""
    return tuple((float(x), float(y)) for x, y in game.read_map(zone, tick_hz).spawn_points)


class ZoneStates:
    """Fresh states of zones, made before anybody needs them: a host that is forked afterwards finds its own there.

    Each is given out once in a process: a zone that starts again there has changed it.
    """

    def __init__(self, game: Game, settings: Settings) -> None:
        self._game = game
        self._settings = settings
        self._made: dict[ZoneKey, World] = {}

    def prepare(self, zones: Iterable[str]) -> None:
        """Makes those of `zones` (layer 0)."""
        for key in map(ZoneKey, zones):
            self._made[key] = _state_of(self._game, self._settings, key)

    def take(self, key: ZoneKey) -> World:
        """The state with which a zone begins."""
        return self._made.pop(key, None) or _state_of(self._game, self._settings, key)


def zone_maker(game: Game, states: ZoneStates) -> MakeWorldZone:
    """What builds the zones of a world of `game`."""

    def make_world_zone(settings: Settings, site: ZoneSite) -> WorldZone:
        return WorldZone(
            WorldSite(site.key, site.secret),
            game,
            states.take(site.key),
            settings,
            own_addresses=site.own_addresses,
            phases=site.phases,
            random_bytes=os.urandom,
        )

    return make_world_zone


def make_zone(settings: Settings, site: ZoneSite) -> Zone:
    """The zone `site.name`, alone. Raises StartupError if the game has no such zone or its map cannot be used."""
    return Zone(
        site.name,
        GAME,
        _state_of(GAME, settings, site.key),
        settings,
        own_addresses=site.own_addresses,
        phases=site.phases,
        random_bytes=os.urandom,
    )


def _state_of(game: Game, settings: Settings, key: ZoneKey) -> World:
    number = game.zones.index(key.zone) if key.zone in game.zones else 0
    layers = num_layers(game)
    block = (END_ID - FIRST_ID) // (len(game.zones) * layers)
    first = FIRST_ID + (number * layers + key.layer) * block
    return game.create_zone(
        key.zone,
        capacity=settings.max_entities,
        seed=settings.seed,
        tick_hz=settings.tick_hz,
        num_npcs=settings.npcs,
        next_id=first,
        end_id=first + block,
    )
