"""The tileset that Tiled shows: one tile of 16 × 16 pixels for each number of `emberdale/terrain.py`.

Responsible for: small tiles made from the large pictures that browsers draw with, so that both look alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emberdale import terrain
from tools.art.grounds import GROUNDS
from tools.art.houses import house
from tools.art.plants import small, tree

TILE_PX = 16
Picture = NDArray[np.uint8]

FLOORS = {
    terrain.GRASS: "grass", terrain.MEADOW: "meadow", terrain.MOSS: "moss", terrain.ROAD: "road",
    terrain.WATER: "water_0", terrain.BRIDGE: "planks", terrain.SAND: "sand", terrain.ROCK: "rock_top",
    terrain.TREE: "moss", terrain.WALL: "wall_face", terrain.ROOF: "grass", terrain.FLAGSTONE: "flagstone",
    terrain.ASH: "ash", terrain.STUMP: "ash", terrain.SNOW: "snow", terrain.ICE: "ice", terrain.PINE: "snow",
    terrain.GLACIER: "glacier_top", terrain.DUNE: "dune", terrain.CRACKED: "cracked", terrain.CACTUS: "cracked",
    terrain.SANDSTONE: "sandstone_top", terrain.MUD: "mud", terrain.REEDS: "reeds", terrain.WILLOW: "mud",
}  # fmt: skip
ON_TOP = {
    terrain.TREE: "tree", terrain.PINE: "pine", terrain.CACTUS: "cactus", terrain.WILLOW: "willow",
    terrain.STUMP: "stump",
}  # fmt: skip


def _halved(picture: Picture) -> NDArray[np.float64]:
    """Half as wide and high, colours weighed by how much there is of them."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    part = picture[: height * 2, : width * 2].astype(np.float64).reshape(height, 2, width, 2, -1)
    if picture.shape[2] == 3:
        return np.asarray(part.mean((1, 3)))
    weight = part[..., 3:].sum((1, 3))
    colour = (part[..., :3] * part[..., 3:]).sum((1, 3)) / np.maximum(weight, 1)
    return np.concatenate([colour, weight / 4], -1)


def _over(below: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
    share = above[..., 3:] / 255
    return below * (1 - share) + above[..., :3] * share


def _fitted(picture: Picture) -> NDArray[np.float64]:
    """What is on a picture, as large as a tile."""
    lines, columns = np.flatnonzero(picture[..., 3].any(1)), np.flatnonzero(picture[..., 3].any(0))
    cut = picture[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1]
    scale = max(cut.shape[:2]) / (TILE_PX * 2)
    place = (np.arange(TILE_PX * 2) + 0.5) * scale
    line = (place - (TILE_PX * 2 * scale - cut.shape[0])).astype(int)
    column = (place - (TILE_PX * 2 * scale - cut.shape[1]) / 2).astype(int)
    fits = ((line >= 0) & (line < cut.shape[0]))[:, None] & ((column >= 0) & (column < cut.shape[1]))[None, :]
    taken = cut[np.clip(line, 0, cut.shape[0] - 1)[:, None], np.clip(column, 0, cut.shape[1] - 1)[None, :]]
    return _halved(np.where(fits[..., None], taken, 0).astype(np.uint8))


def tile(number: int) -> Picture:
    """(16, 16, 4) RGBA of a tile."""
    if number == terrain.BLOCKED:
        line, column = np.mgrid[0:TILE_PX, 0:TILE_PX]
        stripes = ((line + column) % 8 < 3)[..., None]
        return np.where(stripes, np.array([206, 56, 56, 255]), np.array([206, 56, 56, 90])).astype(np.uint8)
    if number not in FLOORS:
        return np.zeros((TILE_PX, TILE_PX, 4), np.uint8)
    if number == terrain.ROOF:
        shown = _halved(house((5, 4), 0)[70:102, 40:72, :3])
    else:
        shown = _halved(GROUNDS[FLOORS[number]]()[32:64, 32:64])
    if number in ON_TOP:
        shown = _over(shown, _fitted(tree(ON_TOP[number], 0)))
    if number == terrain.REEDS:
        shown = _over(shown, _fitted(small("reeds", 0)))
    return np.dstack([np.round(shown).astype(np.uint8), np.full((TILE_PX, TILE_PX), 255, np.uint8)])


def tileset(columns: int) -> Picture:
    """All tiles, tile 1 first."""
    tiles = [tile(number + 1) for number in range(terrain.NUM_TILES)]
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])
