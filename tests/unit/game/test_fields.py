"""Columns as bytes for their owner, and names."""

import numpy as np
import pytest

from myriad.game import copy_fields, copy_plan, create_world, entity_dtype, packed_dtype, write_name

ENTITY = entity_dtype([("coins", "u4"), ("bag", "u2", (3,)), ("mood", "u1")])


def test_copied_bytes_read_back_as_the_columns() -> None:
    names = ("mood", "coins", "bag", "qx", "hp")
    rows = np.zeros(3, ENTITY)
    rows[1]["coins"], rows[1]["mood"], rows[1]["qx"], rows[1]["hp"] = 70000, 9, -5, 88
    rows[1]["bag"] = [1, 2, 3]
    raw = rows.view(np.uint8).reshape(3, ENTITY.itemsize)
    layout = packed_dtype(ENTITY, names)
    out = np.zeros(layout.itemsize + 4, np.uint8)
    assert copy_fields(raw, 1, copy_plan(ENTITY, names), out, 2) == 2 + layout.itemsize
    record = out[2:-2].view(layout)[0]
    assert [record[name].tolist() for name in names] == [9, 70000, [1, 2, 3], -5, 88]
    assert out[:2].tolist() == out[-2:].tolist() == [0, 0]


def test_neighbouring_columns_are_copied_in_one_go() -> None:
    assert copy_plan(ENTITY, ("qx", "qy", "heading")).shape == (1, 2)
    assert copy_plan(ENTITY, ()).shape == (0, 2)
    with pytest.raises(ValueError, match="no entity field 'luck'"):
        packed_dtype(ENTITY, ("luck",))


def test_names_are_cut_at_a_character_and_counted_as_versions() -> None:
    world = create_world(ENTITY, 2, np.zeros((2, 2), np.uint8), seed=1)
    for number, (name, kept) in enumerate(
        [("Ann", "Ann"), ("ä" * 20, "ä" * 12), ("x" + "ä" * 20, "x" + "ä" * 11), ("", "")]
    ):
        write_name(world, 0, name)
        length = int(world.entities["name_length"][0])
        assert world.entities["name"][0, :length].tobytes().decode() == kept
        assert world.entities["name_version"][0] == number + 1
        assert not world.entities["name"][0, length:].any()
