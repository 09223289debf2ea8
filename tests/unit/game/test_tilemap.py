"""Tiled's files: every encoding, y upwards, and clear refusals."""

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.game import read_map

TILES = [[1, 2, 3], [4, 5, 0x80000006]]  # as Tiled writes them: the north first; one tile flipped


def packed(compress: Any) -> str:
    return base64.b64encode(compress(np.array(TILES, "<u4").tobytes())).decode()


def tiled(**changes: Any) -> dict[str, Any]:
    layer = {"type": "tilelayer", "name": "ground", "data": [tile for row in TILES for tile in row]}
    objects = [
        {"name": "a", "type": "spawn", "x": 8, "y": 16, "point": True},
        {"name": "b", "class": "camp", "x": 16, "y": 0, "width": 16, "height": 16,
         "properties": [{"name": "count", "type": "int", "value": 3}]},
    ]  # fmt: skip
    raw = {
        "type": "map", "orientation": "orthogonal", "infinite": False, "width": 3, "height": 2,
        "tilewidth": 16, "tileheight": 16,
        "layers": [layer, {"type": "objectgroup", "name": "objects", "objects": objects}],
    }  # fmt: skip
    layer.update(changes.pop("layer", {}))
    return {**raw, **changes}


def write(folder: Path, raw: object) -> Path:
    path = folder / "land.tmj"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return path


@pytest.mark.parametrize(
    "layer",
    [
        {},
        {"encoding": "base64", "data": packed(bytes)},
        {"encoding": "base64", "compression": "zlib", "data": packed(zlib.compress)},
        {"encoding": "base64", "compression": "gzip", "data": packed(gzip.compress)},
    ],
)
def test_every_encoding_gives_the_same_tiles_with_the_south_first(layer: dict[str, Any], tmp_path: Path) -> None:
    shown = read_map(write(tmp_path, tiled(layer=layer)))
    assert shown.layers["ground"].tolist() == [[4, 5, 6], [1, 2, 3]]
    assert (shown.width, shown.height) == (3, 2)


def test_objects_come_in_metres_with_their_centre(tmp_path: Path) -> None:
    shown = read_map(write(tmp_path, tiled()))
    (spawn,), (camp,) = shown.objects_of("spawn"), shown.objects_of("camp")
    assert (spawn.x, spawn.y) == (1.0, 2.0)
    assert (camp.x, camp.y, camp.width_m, camp.properties) == (3.0, 3.0, 2.0, {"count": 3})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("{", "cannot be used"),
        (tiled(type="tileset"), "not a finite orthogonal map"),
        (tiled(infinite=True), "not a finite orthogonal map"),
        (tiled(orientation="isometric"), "not a finite orthogonal map"),
        (tiled(width=4), "has 6 tiles, not 4 x 2"),
        (tiled(layer={"data": "AAAA", "compression": "zstd"}), "compressed with 'zstd'"),
        (tiled(layer={"data": "!!"}), "cannot be used"),
        (tiled(layer={"data": packed(bytes), "compression": "zlib"}), "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_one_line_that_names_the_file(raw: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=message) as refused:
        read_map(write(tmp_path, raw))
    assert "land.tmj" in str(refused.value)


def test_a_missing_map_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"map gone\.tmj cannot be read: No such file"):
        read_map(tmp_path / "gone.tmj")
