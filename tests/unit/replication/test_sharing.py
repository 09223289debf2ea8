"""Sections are shared: encoded once, the same for everyone, and without what nobody may see."""

from __future__ import annotations

import pytest

from myriad.replication.cells import BYTES_ENCODED, COUNTER_NAMES, HIDDEN_BY_CROWD
from myriad.replication.viewers import VIEWER, on_acked, view_follow
from tests.reference.replication_oracle import PartKey, Reader, Record, Snapshot, read_keyframes, read_payload
from tests.unit.replication.scene import LIMIT, Scene

HELD: dict[PartKey, dict[int, list[Record]]] = {}


def busy_scene(viewers: int, seed: int = 21) -> Scene:
    scene = Scene(seed=seed, capacity=256, width=6, viewers=viewers)
    scene.spawn(200)
    for row in range(viewers):
        scene.enter(row, 2 + row % 3, 3, row % 3)
    return scene


def test_two_viewers_get_byte_identical_sections_for_the_same_part_and_tick() -> None:
    scene = busy_scene(12)
    compared = 0
    for step in range(40):
        scene.wander()
        scene.step()
        sections: dict[PartKey, bytes] = {}
        for row in range(12):
            # Even rows acknowledge, odd ones never do; limits differ too, so both ways of choosing occur.
            payload = scene.write(row, LIMIT - 100 * (row % 4))
            keyframes, multi = bool(payload.flags & 32), bool(payload.flags & 64)
            snapshot = read_payload(payload.data, payload.view, keyframes, multi, HELD)
            for part, raw in snapshot.sections.items():
                compared += part in sections
                assert sections.setdefault(part, raw) == raw, (step, part)
            if row % 2 == 0:
                on_acked(scene.viewers, row, payload.sequence)
    assert compared > 1000


def test_viewers_of_one_cell_and_tier_get_the_same_run() -> None:
    scene = busy_scene(6)
    for _ in range(30):
        scene.wander()
        scene.step()
        payloads = [scene.write(row) for row in (0, 3)]
        for row, payload in zip((0, 3), payloads, strict=True):
            on_acked(scene.viewers, row, payload.sequence)
    runs = []
    for payload in payloads:
        reader = Reader(payload.data)
        if payload.flags & 32:
            read_keyframes(reader, payload.view, Snapshot())
        runs.append(payload.data[reader.at :])
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50


def test_bytes_encoded_do_not_depend_on_the_number_of_viewers() -> None:
    encoded = []
    for viewers in (10, 200):
        scene = busy_scene(viewers)
        for _ in range(15):
            scene.wander()
            scene.step()
            for row in range(viewers):
                scene.write(row)
        encoded.append(int(scene.cells.counters[BYTES_ENCODED]))
        arena = scene.cells.arena.tobytes()
        encoded.append(hash(arena))
    assert encoded[:2] == encoded[2:]


def test_hidden_entities_are_in_no_byte() -> None:
    scene = Scene(seed=31, capacity=128, width=4)
    scene.next_id = 0xC0FFEE00
    rows = scene.spawn(60)
    secret = [bytes([int(row), 0xEE, 0xFF, 0xC0]) for row in rows]
    for row in range(4):
        scene.enter(row, 1, 1 + row % 2)
    for _ in range(60):
        scene.wander()
        for row in rows:
            if scene.random.random() < 0.05:
                scene.entities["flags"][row] ^= 1
            if scene.random.random() < 0.1:
                scene.hit(int(row))
        scene.step()
        for viewer in range(4):
            data = scene.write(viewer).data
            for row in rows:
                # Not even in a keyframe captured while it showed, though viewers come and go and lack keyframes.
                if scene.entities["flags"][row] & 1:
                    assert secret[row] not in data
            if scene.random.random() < 0.1:
                scene.enter(viewer, 1, 1)


def test_a_hidden_entity_that_never_showed_is_in_no_byte_and_counts_nowhere() -> None:
    scene = Scene(seed=32, capacity=64, width=3)
    scene.next_id = 0xC0FFEE00
    rows = scene.spawn(40, 60, 90)
    scene.entities["flags"][rows[::2]] |= 1
    scene.enter(0, 1, 1)
    for _ in range(40):
        scene.wander(0.5, 100)
        for row in rows:
            scene.hit(int(row), source=0)
        scene.step()
        data = scene.write(0).data
        assert not any(bytes([int(row), 0xEE, 0xFF, 0xC0]) in data for row in rows[::2])
    assert scene.cells.cells["count"].sum() == 20


@pytest.mark.parametrize("population", [0, 60, 500, 600, 4000])
def test_payloads_and_parts_stay_within_their_limits_for_any_crowd(population: int) -> None:
    scene = Scene(seed=population, capacity=4000, width=3)
    scene.spawn(population, 51, 99)
    for row in range(8):
        scene.enter(row, 1, 1, row % 3)
    for _ in range(30):
        scene.wander(0.5, 200)
        scene.step()
        for row in range(8):
            payload = scene.write(row, 1200 - 40 * row)  # checks the bounds
            if row % 2:
                on_acked(scene.viewers, row, payload.sequence)
    assert scene.cells.parts["count"].max() <= 64
    shown = int(scene.cells.parts["count"][scene.cells.parts["cell"] >= 0].sum())
    assert shown == min(population, 512) or (480 <= shown <= 512 and population > 480)
    hidden = int(scene.cells.counters[HIDDEN_BY_CROWD])
    assert (hidden > 0) == (population > 500) or population == 500


def test_a_viewer_takes_at_most_8_kb_and_counters_have_names() -> None:
    scene = busy_scene(2)
    assert VIEWER.itemsize <= 8192
    assert len(COUNTER_NAMES) == len(scene.cells.counters) == len(scene.viewers.counters)


def test_a_view_follows_its_entity_with_the_cells_hysteresis() -> None:
    scene = Scene(seed=4, capacity=8, width=6)
    row = int(scene.spawn(1)[0])
    scene.enter(0, 0, 0)
    for x_m, cell in ((75, 1), (105, 1), (106.9, 1), (107.1, 2), (95, 2), (92.9, 1)):
        scene.entities["qx"][row], scene.entities["qy"][row] = int(x_m * 1024), 75 * 1024
        scene.step()
        view_follow(scene.cells, scene.viewers, 0, row)
        assert scene.viewers.rows["view_x"][0] == cell, x_m
