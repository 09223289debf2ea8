"""Rows as records that outlive a zone, and records of older games."""

import numpy as np
import pytest

from myriad.game import create_world, entity_dtype
from myriad.game.records import dtype_of, layout_of, load_record, read_records, record_kind, save_records

ENTITY = entity_dtype([("coins", "u4"), ("ready_tick", "u4"), ("bag", "u1", (3,)), ("depth", "i2")])
NAMES = ("depth", "qx", "ready_tick", "bag", "coins")
KIND = record_kind(ENTITY, NAMES, ("ready_tick", "hurt_tick"))


def test_a_record_has_the_columns_in_their_order_without_gaps() -> None:
    world = create_world(ENTITY, 5, np.zeros((2, 2), np.uint8), seed=1)
    world.clock["tick"] = 1000
    for row in range(5):
        world.entities[row]["coins"], world.entities[row]["depth"] = 70000 + row, -row
        world.entities[row]["bag"] = [row, 2, 3]
        world.entities[row]["qx"] = -5 * row
        world.entities[row]["ready_tick"] = [0, 900, 1000, 1060, 0xFFFFFFF][row]
    records = save_records(KIND, world, np.array([4, 0, 3, 1]))
    assert records.dtype.itemsize == 2 + 4 + 4 + 3 + 4
    assert records["coins"].tolist() == [70004, 70000, 70003, 70001]
    assert records["depth"].tolist() == [-4, 0, -3, -1]
    assert records["bag"].tolist() == [[4, 2, 3], [0, 2, 3], [3, 2, 3], [1, 2, 3]]
    assert records["ready_tick"].tolist() == [0xFFFFFFF - 1000, -1000, 60, -100]
    assert save_records(KIND, world, np.zeros(0, np.int64)).shape == (0,)


def test_timers_go_on_from_the_tick_of_another_zone_and_never_below_zero() -> None:
    entities = np.zeros(2, ENTITY)
    for saved, tick, restored in ((60, 50, 110), (-100, 50, 0), (-20, 50, 30), (0, 50, 50)):
        record = np.zeros(1, KIND.dtype)
        record["ready_tick"], record["coins"] = saved, 7
        load_record(KIND, record, entities, 1, tick)
        assert (entities["ready_tick"][1], entities["coins"][1]) == (restored, 7)
    assert not entities[:1].view(np.uint8).any()


def test_the_layout_names_fields_and_types() -> None:
    text = layout_of(KIND.dtype)
    assert text == "depth:<i2 qx:<i4 ready_tick:<i4 bag:|u1*3 coins:<u4"
    assert dtype_of(text) == KIND.dtype


def test_records_of_another_layout_are_read_by_the_names_that_both_know() -> None:
    old = np.zeros(2, [("coins", "<u2"), ("luck", "<i4"), ("bag", "u1", (5,)), ("depth", "<i4")])
    old["coins"], old["luck"], old["bag"], old["depth"] = [3, 4], 9, [1, 2, 3, 4, 5], [100000, -7]
    found = read_records(KIND, old.tobytes(), layout_of(old.dtype))
    assert found.dtype.names == ("depth", "bag", "coins")
    assert found["coins"].tolist() == [3, 4]
    assert found["bag"].tolist() == [[1, 2, 3]] * 2
    assert found["depth"].tolist() == [32767, -7]


@pytest.mark.parametrize(
    "layout", ["coins:<f4", "coins", "coins:>u4", "coins:<u4 coins:<u4", "coins:<u3", "x:|O", "b:|u1*-1", "b:|u1*x"]
)
def test_a_layout_that_is_none_is_refused(layout: str) -> None:
    with pytest.raises(ValueError):
        read_records(KIND, bytes(8), layout)


def test_bytes_that_are_not_whole_records_are_refused() -> None:
    with pytest.raises(ValueError):
        read_records(KIND, bytes(KIND.dtype.itemsize + 1), layout_of(KIND.dtype))
    assert len(read_records(KIND, b"", layout_of(KIND.dtype))) == 0


def test_only_columns_of_u4_are_timers() -> None:
    with pytest.raises(ValueError, match="u4"):
        record_kind(ENTITY, ("depth",), ("depth",))
