"""The pictures: what the tools make is what is committed, and everything of the game has one."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from emberdale import terrain
from emberdale.data import load_items, load_kinds
from emberdale.ground import MAPS
from tests.architecture.sources import ROOT
from tools.art import looks, plants, things
from tools.art.grounds import GROUNDS, SIDE
from tools.art.png import colour_png, grey_png
from tools.art.solids import STEP
from tools.art.tiles import tileset

ART = ROOT / "src" / "emberdale" / "browser" / "art"


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ART / "art.json").read_text())
    return found


def size_of(name: str) -> tuple[int, int]:
    head = (ART / name).read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_all_pictures_together_are_small() -> None:
    assert sum(path.stat().st_size for path in ART.iterdir()) < 1_500_000


def test_every_kind_and_every_item_has_a_picture(told: dict[str, Any]) -> None:
    assert set(told["kinds"]) == set(load_kinds(60)[1])
    assert set(told["icons"]) == set(load_items(60)[1]) == set(things.DRAWN)
    assert {look["sheet"] for look in told["kinds"].values()} <= set(told["sheets"])
    assert set(told["players"]["sheets"]) <= set(told["sheets"])


def test_a_sheet_has_a_frame_for_every_direction_and_movement(told: dict[str, Any]) -> None:
    columns = max(first + count for first, count in told["frames"].values())
    for name, sheet in told["sheets"].items():
        assert size_of(f"{name}.png") == (sheet["width"] * columns, sheet["height"] * looks.DIRECTIONS)


def test_places_in_the_pictures_lie_on_them(told: dict[str, Any]) -> None:
    for file, places, side in (("grounds.png", told["grounds"], SIDE), ("icons.png", told["icons"], things.ICON_PX)):
        width, height = size_of(file)
        assert all(x + side <= width and y + side <= height for x, y in places.values())


def test_the_committed_icons_sheets_and_tiles_are_what_the_tools_make(told: dict[str, Any]) -> None:
    assert (ART / "boar.png").read_bytes() == grey_png(looks.sheet("boar"))
    assert (MAPS / "emberdale.png").read_bytes() == colour_png(tileset(8))
    assert told["kinds"] == json.loads(json.dumps(looks.kinds()))
    assert told["players"] == json.loads(json.dumps(looks.wardrobe()))


def test_every_tile_of_the_maps_looks_like_something_and_like_no_other() -> None:
    picture = tileset(8)
    tiles = [
        picture[line * 16 : line * 16 + 16, column * 16 : column * 16 + 16] for line in range(4) for column in range(8)
    ]
    drawn = [tile.tobytes() for tile in tiles if tile[..., 3].any()]
    assert len(drawn) == len(set(drawn)) == terrain.WILLOW


@pytest.mark.parametrize("name", GROUNDS)
def test_a_ground_goes_on_at_its_edges(name: str) -> None:
    picture = GROUNDS[name]().astype(np.int64)
    assert picture.shape == (SIDE, SIDE, 3)
    for axis in (0, 1):
        steps = np.abs(np.diff(picture, axis=axis)).mean(axis=(1 - axis, 2))
        seam = np.abs(np.take(picture, 0, axis) - np.take(picture, -1, axis)).mean()
        assert seam <= steps.max() * 1.5 + 2


def test_a_tree_stands_on_its_foot_and_fits_its_picture() -> None:
    for name in plants.TREES:
        for variant in range(plants.VARIANTS):
            lines, columns = np.nonzero(plants.tree(name, variant)[..., 3])
            assert plants.FOOT[1] - 3 <= lines.max() <= plants.FOOT[1] + 9
            assert abs(columns.mean() - plants.FOOT[0]) < 6
            assert columns.min() > 0 and columns.max() < plants.WIDE - 1 and lines.min() > 0


def test_numbers_of_a_sheet_are_materials_and_tones() -> None:
    numbers = np.unique(looks.sheet("raider")[:56])
    assert numbers[0] == 0
    assert (numbers[1:] % STEP <= 5).all() and numbers[1] >= STEP
