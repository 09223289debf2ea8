"""Rows in cells and parts."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.replication.geometry import sort_ascending, sub_square
from myriad.replication.sorting import health_byte
from tests.reference.replication_oracle import Cells, keyframe_order
from tests.unit.replication.scene import Scene


@pytest.mark.without_jit
def test_every_row_is_in_the_cell_that_the_oracle_says() -> None:
    scene, places = Scene(seed=71, capacity=80, width=4), Cells(0, 0, 4, 4)
    scene.spawn(70)
    for step in range(12):
        scene.wander(0.8, 9000)
        if step == 4:
            scene.entities["qx"][3] = -900 * 1024  # far outside: the margin's cell
            scene.entities["qy"][4] = 2**30
        scene.step()
        e, cells = scene.entities, scene.cells
        expected = places.place((int(e["id"][r]), int(e["qx"][r]), int(e["qy"][r])) for r in scene.shown())
        for row in scene.shown():
            number = cells.rows["cell"][row]
            assert (cells.cells["x"][number], cells.cells["y"][number]) == expected[int(e["id"][row])]


def test_a_row_given_to_another_entity_starts_from_nothing() -> None:
    scene = Scene(seed=72, capacity=4, width=4)
    row = int(scene.spawn(1, 52, 60)[0])
    scene.step()
    scene.entities["qx"][row] = 48 * 1024  # within the 7 m: stays listed in the old cell
    scene.step()
    assert scene.cells.cells["x"][scene.cells.rows["cell"][row]] == 1
    scene.entities["id"][row] = 500
    scene.step()
    assert scene.cells.cells["x"][scene.cells.rows["cell"][row]] == 0


def test_parts_partition_the_cell_and_hold_at_most_64() -> None:
    scene = Scene(seed=73, capacity=700, width=3)
    scene.spawn(300, 51, 99)
    for step in range(80):
        if step == 30:
            scene.spawn(300, 51, 99)
        if step == 55:
            scene.entities["id"][50:560] = 0
        scene.wander(0.4, 500)
        scene.step()
        cells = scene.cells
        part = cells.rows["part"][scene.shown()]
        counts = np.bincount(part[part >= 0], minlength=len(cells.parts))
        live = cells.parts["cell"] >= 0
        assert (counts[live] == cells.parts["count"][live]).all()
        assert counts.max() <= 64
        listed = cells.part_order
        for p in np.nonzero(live & (cells.parts["count"] > 0))[0]:
            start = cells.parts["start"][p]
            assert (cells.rows["part"][listed[start : start + cells.parts["count"][p]]] == p).all()
    here = np.nonzero((cells.cells["x"] == 1) & (cells.cells["y"] == 1))[0][0]
    assert cells.cells["num_parts"][here] <= 3, "parts are given back when the crowd has gone"


def test_a_pool_without_parts_hides_and_counts_instead_of_failing() -> None:
    scene = Scene(seed=74, capacity=400, width=1, pool=10)
    scene.spawn(400, 1, 49)
    for _ in range(30):
        scene.step()
    assert scene.cells.zone["num_free"][0] == 0
    assert scene.cells.parts["count"].sum() == 64 * 2
    assert scene.cells.counters[5] > 0
    assert scene.cells.counters[6] > 0


@pytest.mark.without_jit
def test_small_kernels_equal_their_oracles() -> None:
    random = np.random.default_rng(75)
    for count in (0, 1, 2, 13, 200):
        values = random.integers(-(2**62), 2**62, count)
        expected = np.sort(values)
        sort_ascending(values, count)
        assert (values == expected).all()
    for x, y in random.integers(0, 4096, (200, 2)):
        assert sub_square(int(x) | int(y) << 12) == keyframe_order((0, int(x), int(y), 0, 0, 0, 0))[0]
    assert [health_byte(*pair) for pair in ((0, 0), (5, 0), (0, 9), (1, 65535), (65535, 65535), (9, 3))] == [
        255,
        255,
        0,
        1,
        255,
        255,
    ]
