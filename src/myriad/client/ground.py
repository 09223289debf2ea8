"""What a client knows of the game and its ground: names, maps, units.

Responsible for: being the one place where swarms and shells get these from, so that they reach the game through the
client only.
Not here: anything of its own.
"""

from myriad.game import ITEM_KIND_BASE, TILE_M, UNITS_PER_M, Game, WorldMap, ZoneArea, ZoneMap

__all__ = ["ITEM_KIND_BASE", "TILE_M", "UNITS_PER_M", "Game", "WorldMap", "ZoneArea", "ZoneMap"]
