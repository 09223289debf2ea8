"""Maps made with Tiled: `.tmj` files into arrays and placed objects.

Responsible for: the part of Tiled's JSON map format that Myriad uses: finite orthogonal maps, tile layers as arrays or
base64 (plain, zlib or gzip), object layers with points, rectangles and ellipses and their properties.
Not here: what objects mean to a game.

Invariants: arrays and positions come out with y upwards (row 0 in the south), in tiles and metres; a map that Tiled
wrote otherwise is one StartupError that names the file and what is wrong.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.errors import StartupError
from myriad.sim.world import TILE_M

_FLIP_BITS = 0xE0000000


@dataclass(frozen=True)
class MapObject:
    """One placed object; `x`, `y` are its centre in metres from the map's south-west corner."""

    name: str
    kind: str
    x: float
    y: float
    width_m: float
    height_m: float
    properties: dict[str, Any]


@dataclass(frozen=True)
class TileMap:
    """A map: `layers` by name, each (height, width) u4 of global tile ids (0 = none), row 0 in the south."""

    width: int
    height: int
    layers: dict[str, NDArray[np.uint32]]
    objects: tuple[MapObject, ...]
    properties: dict[str, Any] = field(default_factory=dict)

    def objects_of(self, kind: str) -> tuple[MapObject, ...]:
        """The objects of one class, in file order."""
        return tuple(item for item in self.objects if item.kind == kind)


def _properties(raw: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in raw.get("properties", [])}


def _layer_tiles(layer: dict[str, Any], width: int, height: int) -> NDArray[np.uint32]:
    data = layer["data"]
    if isinstance(data, str):
        packed = base64.b64decode(data, validate=True)
        compression = layer.get("compression", "")
        if compression == "zlib":
            packed = zlib.decompress(packed)
        elif compression == "gzip":
            packed = gzip.decompress(packed)
        elif compression:
            raise ValueError(f"layer {layer['name']!r} is compressed with {compression!r}; use zlib, gzip or none")
        tiles = np.frombuffer(packed, "<u4")
    else:
        tiles = np.array(data, np.uint32)
    if tiles.size != width * height:
        raise ValueError(f"layer {layer['name']!r} has {tiles.size} tiles, not {width} x {height}")
    return np.ascontiguousarray((tiles & np.uint32(~_FLIP_BITS & 0xFFFFFFFF)).reshape(height, width)[::-1])


def _object(raw: dict[str, Any], m_per_px: float, height_m: float) -> MapObject:
    width_m, object_height_m = raw.get("width", 0) * m_per_px, raw.get("height", 0) * m_per_px
    return MapObject(
        name=raw.get("name", ""),
        kind=raw.get("type") or raw.get("class", ""),
        x=raw["x"] * m_per_px + width_m / 2,
        y=height_m - raw["y"] * m_per_px - object_height_m / 2,
        width_m=width_m,
        height_m=object_height_m,
        properties=_properties(raw),
    )


def read_map(path: Path) -> TileMap:
    """Read a map. Raises StartupError when the file is missing, not such a map, or inconsistent."""
    try:
        raw = json.loads(path.read_text())
        if raw.get("type") != "map" or raw.get("orientation") != "orthogonal" or raw.get("infinite"):
            raise ValueError("it is not a finite orthogonal map")
        width, height = int(raw["width"]), int(raw["height"])
        m_per_px = TILE_M / int(raw["tilewidth"])
        layers: dict[str, NDArray[np.uint32]] = {}
        objects: list[MapObject] = []
        for layer in raw["layers"]:
            if layer["type"] == "tilelayer":
                layers[layer["name"]] = _layer_tiles(layer, width, height)
            elif layer["type"] == "objectgroup":
                objects += [_object(item, m_per_px, height * TILE_M) for item in layer["objects"]]
    except OSError as error:
        raise StartupError(f"map {path.name} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise StartupError(f"map {path.name} cannot be used: {error}") from error
    return TileMap(width, height, layers, tuple(objects), _properties(raw))
