"""What the server believes about a viewer, and how it is corrected."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.replication.cells import ACKS_IGNORED, NACKS, RESENDS
from myriad.replication.geometry import torus_slot
from myriad.replication.viewers import NACK_QUIET, on_acked, on_nack, view_move
from tests.reference.replication_oracle import PartKey, Reader, Record, Snapshot, read_keyframes
from tests.unit.replication.scene import Payload, Scene


def keyframes_in(payload: Payload) -> dict[tuple[PartKey, int], list[Record]]:
    snapshot = Snapshot()
    if payload.flags & 32:
        read_keyframes(Reader(payload.data), payload.view, snapshot)
    return snapshot.keyframes


def resting_scene() -> Scene:
    """Ten entities that rest in cell (1, 1), whose keyframe is the base."""
    scene = Scene(seed=51, capacity=16, width=3)
    scene.spawn(10, 60, 90)
    for _ in range(8):
        scene.step()
    assert scene.cells.parts["has_base"][scene.cells.rows["part"][0]] == 1
    scene.enter(0, 1, 1)
    return scene


def test_an_acknowledged_keyframe_is_not_sent_again() -> None:
    scene = resting_scene()
    scene.step()
    payload = scene.write(0)
    (((part, _), records),) = keyframes_in(payload).items()
    assert part == (1, 1, 0)
    assert len(records) == 10
    on_acked(scene.viewers, 0, payload.sequence)
    for _ in range(40):
        scene.step()
        assert not keyframes_in(scene.write(0))


def test_an_unacknowledged_keyframe_is_sent_again_after_the_round_trip() -> None:
    for rtt, pause in ((0, 3), (1, 3), (4, 5), (9, 10)):
        scene = resting_scene()
        sent = []
        for step in range(2 * pause + 1):
            scene.step()
            sent += [step] if keyframes_in(scene.write(0, rtt=rtt)) else []
        assert sent == [0, pause, 2 * pause]
        assert scene.viewers.counters[RESENDS] == 2


def test_an_acknowledgement_from_before_the_entry_into_view_is_not_believed() -> None:
    scene = resting_scene()
    scene.step()
    early = scene.write(0)
    assert keyframes_in(early)
    view_move(scene.viewers, 0, 5, 5)
    scene.step()
    scene.write(0)
    view_move(scene.viewers, 0, 1, 1)
    scene.step()
    late = scene.write(0)
    assert keyframes_in(late), "the client has dropped it"
    on_acked(scene.viewers, 0, early.sequence)
    known = int(torus_slot(1, 1))
    assert scene.viewers.rows["has"][0, known] & 3 == 0
    on_acked(scene.viewers, 0, late.sequence)
    assert scene.viewers.rows["has"][0, known] & 1


def test_a_sequence_that_was_never_sent_is_ignored_and_counted() -> None:
    scene = resting_scene()
    scene.step()
    payload = scene.write(0)
    before = scene.viewers.rows[0].tobytes()
    for sequence in range(payload.sequence + 1, payload.sequence + 300):
        on_acked(scene.viewers, 0, sequence)
    assert scene.viewers.rows[0].tobytes() == before
    assert scene.viewers.counters[ACKS_IGNORED] == 299


def test_a_nack_brings_the_keyframe_again_but_not_within_three_snapshots() -> None:
    scene = resting_scene()
    scene.step()
    payload = scene.write(0)
    (((_, generation), _),) = keyframes_in(payload).items()
    on_acked(scene.viewers, 0, payload.sequence)
    named = NACK_QUIET + generation % 15
    assert not on_nack(scene.cells, scene.viewers, 0, 1, 1, 0, named), "sent just now"
    for _ in range(3):
        scene.step()
        assert not keyframes_in(scene.write(0))
    assert on_nack(scene.cells, scene.viewers, 0, 1, 1, 0, named)
    scene.step()
    assert keyframes_in(scene.write(0))
    assert not on_nack(scene.cells, scene.viewers, 0, 1, 1, 0, generation % 64), "on its way again"
    assert scene.viewers.counters[NACKS] == 1


@pytest.mark.parametrize(
    ("x", "y", "part", "generation"),
    [
        (1, 1, 0, 63),  # another generation
        (1, 1, 0, 255),
        (1, 1, 1, 1),  # no such part
        (1, 1, 255, 1),
        (9, 1, 0, 1),  # out of view
        (-32768, 32767, 0, 1),
        (2, 2, 0, 1),  # an empty cell
        (-2, 1, 0, 1),  # outside the zone
    ],
)
def test_a_nack_about_nothing_changes_nothing(x: int, y: int, part: int, generation: int) -> None:
    scene = resting_scene()
    for _ in range(6):
        scene.step()
        on_acked(scene.viewers, 0, scene.write(0).sequence)
    before = scene.viewers.rows.tobytes()
    assert not on_nack(scene.cells, scene.viewers, 0, x, y, part, generation)
    assert scene.viewers.rows.tobytes() == before
    assert scene.viewers.counters[NACKS] == 0


def test_own_and_private_versions_are_acknowledged_newest_first() -> None:
    from myriad.replication.assembly import write_view

    scene = resting_scene()
    buffer = np.zeros(1312, np.uint8)
    for sequence, own, private in ((1, 254, -1), (2, 255, 7), (3, 0, -1)):
        scene.step()
        write_view(scene.cells, scene.viewers, 0, buffer, 0, 1, 1200, sequence, 1, own, private)
    rows = scene.viewers.rows
    assert rows["acked"][0] == 0
    on_acked(scene.viewers, 0, 3)
    assert (int(rows["acked"][0]), int(rows["own_version"][0])) == (1, 0)
    on_acked(scene.viewers, 0, 1)
    assert int(rows["own_version"][0]) == 0, "an older one came later"
    on_acked(scene.viewers, 0, 2)
    assert (int(rows["acked"][0]), int(rows["own_version"][0]), int(rows["private_version"][0])) == (3, 0, 7)


def test_keyframes_take_at_most_half_of_the_room_but_one_always_goes() -> None:
    scene = Scene(seed=52, capacity=512, width=5)
    scene.spawn(400)
    for _ in range(8):
        scene.step()
    for limit in (1200, 500, 150):
        scene.enter(0, 2, 2)
        scene.step()
        keyframes = keyframes_in(scene.write(0, limit))
        size = sum(4 + 11 * len(records) for records in keyframes.values())
        assert 1 <= len(keyframes) <= 12
        assert size <= limit / 2 or len(keyframes) == 1


def test_tiers_and_overload_leave_cells_out_of_view_and_bring_them_back_unknown() -> None:
    scene = Scene(seed=53, capacity=64, width=5)
    scene.spawn(60)
    scene.enter(0, 2, 2)
    for _ in range(12):
        scene.step()
        on_acked(scene.viewers, 0, scene.write(0).sequence)
    corner = int(torus_slot(0, 0))
    entry = int(scene.viewers.rows["entry"][0, corner])
    scene.level = 2
    for _ in range(8):
        scene.step()
        scene.write(0)
    assert scene.viewers.rows["view_mask"][0] & 1 == 0
    scene.level = 0
    scene.step()
    scene.write(0)
    assert scene.viewers.rows["view_mask"][0] & 1
    assert int(scene.viewers.rows["entry"][0, corner]) == entry + 1
    assert scene.viewers.rows["has"][0, corner] & 3 == 0
