"""Layouts: what other layers rely on."""

from typing import Any

import numpy as np
import pytest

from myriad.sim.columns import ENTITY, INPUT, entity_dtype
from myriad.sim.world import create_world


def test_fields_of_every_tick_share_the_first_cache_line() -> None:
    fields = ENTITY.fields
    assert fields is not None
    assert all(fields[name][1] < 64 for name in ("id", "flags", "x", "y", "qx", "qy", "heading", "hp", "client"))
    assert fields["name"][1] >= fields["placed_tick"][1]


def test_a_game_cannot_take_an_engine_name_or_a_float() -> None:
    with pytest.raises(ValueError, match="engine"):
        entity_dtype([("hp", "u2")])
    with pytest.raises(ValueError, match="integer"):
        entity_dtype([("anger", "f8")])


def test_rows_are_whole_words_with_any_game_fields() -> None:
    dtype = entity_dtype([("a", "u1"), ("b", "u2", (3,))])
    assert dtype.itemsize % 8 == 0
    assert INPUT.itemsize % 4 == 0
    world = create_world(dtype, 5, np.zeros((4, 4), np.uint8), seed=0)
    world.entities["a"][2] = 7
    assert world.entity_bytes[2].sum() == 7  # the views show the same memory


@pytest.mark.parametrize(
    "options",
    [{"tick_hz": 0}, {"origin_x": 0.5}, {"next_id": 0}, {"next_id": 9, "end_id": 8}, {"end_id": 1 << 32}],
)
def test_wrong_shapes_and_ranges_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"world|zone|ids"):
        create_world(ENTITY, 4, np.zeros((4, 4), np.uint8), seed=0, **options)
    with pytest.raises(ValueError, match="world"):
        create_world(ENTITY, 0, np.zeros((4, 4), np.uint8), seed=0)
