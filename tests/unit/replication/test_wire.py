"""The server's bytes against a decoder written from the document, and the client's view against the same."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from myriad.replication.digests import record_digest
from myriad.replication.view import NEWEST, apply
from myriad.replication.view_arrays import ViewArrays, create_views
from myriad.replication.view_listing import part_digest
from myriad.replication.viewers import on_acked, view_follow
from tests.reference.replication_oracle import Cells, PartKey, Record, Snapshot, quantise, read_payload
from tests.unit.replication.scene import Payload, Scene

Held = dict[PartKey, dict[int, list[Record]]]


class Follower:
    """A viewer whose payloads are decoded by the oracle, which keeps every keyframe of the last two generations."""

    def __init__(self, views: ViewArrays, row: int) -> None:
        self.views, self.row = views, row
        self.held: Held = defaultdict(dict)

    def take(self, payload: Payload) -> Snapshot:
        snapshot = read_payload(
            payload.data, payload.view, bool(payload.flags & 32), bool(payload.flags & 64), self.held
        )
        for (part, generation), records in snapshot.keyframes.items():
            keys = self.held[part]
            keys[generation] = records
            while len(keys) > 2:
                del keys[next(iter(keys))]
        data = np.frombuffer(payload.data, np.uint8).copy()
        status = apply(self.views, self.row, data, 0, len(data), payload.tick, *payload.view, payload.flags)
        assert status == NEWEST
        return snapshot


def truth(scene: Scene, places: Cells) -> dict[tuple[int, int], dict[int, Record]]:
    """What each cell shows now, from the entities alone."""
    e = scene.entities
    rows = scene.shown()
    cells = places.place((int(e["id"][r]), int(e["qx"][r]), int(e["qy"][r])) for r in rows)
    shown: dict[tuple[int, int], dict[int, Record]] = defaultdict(dict)
    for r in rows:
        entity = int(e["id"][r])
        fields = [int(e[name][r]) for name in ("qx", "qy", "heading", "hp", "max_hp", "state", "kind")]
        shown[cells[entity]][entity] = quantise(cells[entity], entity, *fields)
    return shown


def digest_of(records: dict[int, Record]) -> int:
    total = 0
    for entity, x, y, heading, hp, state, kind in records.values():
        word = x | y << 12 | heading << 24 | hp << 32 | state << 40 | kind << 48
        total += int(record_digest(entity, word))
    return total & 0x3FFFFFFFFFFFFFFF


def check_snapshot(scene: Scene, follower: Follower, snapshot: Snapshot, tick: int, places: Cells) -> int:
    """Covered cells show exactly what is there; the client has the same as the oracle. Returns records compared."""
    shown, compared = truth(scene, places), 0
    assert not snapshot.undecodable
    for (x, y), num in snapshot.num_parts.items():
        numbers = [n for n in range(num) if (x, y, n) in snapshot.parts]
        together: dict[int, Record] = {}
        for number in numbers:
            assert not set(together) & set(snapshot.parts[x, y, number])
            together.update(snapshot.parts[x, y, number])
        if len(numbers) == num:
            assert together == shown.get((x, y), {})
        compared += len(together)
    for (x, y, number), records in snapshot.parts.items():
        at, digest = part_digest(follower.views, follower.row, x, y, number)
        if at >= 0:
            assert (at, digest) == (tick, digest_of(records))
    return compared


@pytest.mark.without_jit
def test_every_datagram_decodes_alone_and_shows_the_entities_as_they_are() -> None:
    scene = Scene(seed=11, capacity=96, width=4)
    followers = [Follower(create_views(1, 60), 0) for _ in range(2)]
    places, compared = Cells(0, 0, 4, 4), 0
    scene.spawn(70)
    scene.enter(0, 1, 1)
    scene.enter(1, 2, 2, 1)
    for step in range(30):
        scene.wander()
        scene.entities["flags"][3] ^= 1  # hides and shows again
        if step == 12:
            scene.entities["id"][5] = 0
            scene.entities["kind"][7] = 2
        scene.step()
        truth(scene, places)
        for row, follower in enumerate(followers):
            view_follow(scene.cells, scene.viewers, row, row)
            payload = scene.write(row)
            snapshot = follower.take(payload)
            compared += check_snapshot(scene, follower, snapshot, payload.tick, places)
            on_acked(scene.viewers, row, payload.sequence)
    assert compared > 500


@pytest.mark.parametrize("population", [0, 1, 49, 130, 480])
def test_crowds_of_any_size_in_one_cell_decode_exactly(population: int) -> None:
    scene = Scene(seed=population, capacity=600, width=3)
    follower, places, compared = Follower(create_views(1, 60), 0), Cells(0, 0, 3, 3), 0
    scene.spawn(population, 51, 99)
    scene.enter(0, 1, 1)
    for _ in range(60):
        scene.wander(0.3, 200)
        scene.step()
        truth(scene, places)
        payload = scene.write(0)
        compared += check_snapshot(scene, follower, follower.take(payload), payload.tick, places)
        on_acked(scene.viewers, 0, payload.sequence)
    assert compared >= min(population, 480) * 5


def test_events_name_their_target_and_repeat_for_five_snapshots() -> None:
    scene = Scene(seed=3, capacity=64, width=3)
    follower = Follower(create_views(1, 60), 0)
    rows = scene.spawn(6, 60, 90)
    scene.enter(0, 1, 1)
    seen = []
    for step in range(30):
        if step == 10:
            scene.hit(int(rows[2]), amount=300, kind=9, source=0x12345)
        scene.step()
        payload = scene.write(0)
        seen += [(step, *event[1:]) for event in follower.take(payload).events]
        on_acked(scene.viewers, 0, payload.sequence)
    target = int(scene.entities["id"][rows[2]])
    assert seen == [(step, 0, 9, target, 255, 0x2345) for step in range(10, 15)]
    view = follower.views
    assert view.views["num_events"][0] == 1, "shown once, though it came five times"
    assert tuple(view.events[0, 0])[1:] == (target, 0x2345, 9, 255)


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        ((60, 0), 0),
        ((60, 60), 1),
        ((0, 60), 2),
        ((-60, 60), 3),
        ((-60, 0), 4),
        ((-60, -60), 5),
        ((0, -60), 6),
        ((60, -60), 7),
        ((0, 110), 8),
    ],
)
def test_removals_name_the_direction(move: tuple[int, int], reason: int) -> None:
    scene = Scene(seed=5, capacity=16, width=5)
    follower = Follower(create_views(1, 60), 0)
    rows = scene.spawn(12, 120, 130)
    scene.enter(0, 2, 2)
    for _ in range(12):
        scene.step()
        payload = scene.write(0)
        follower.take(payload)
        on_acked(scene.viewers, 0, payload.sequence)
    scene.entities["qx"][rows[0]] += move[0] * 1024
    scene.entities["qy"][rows[0]] += move[1] * 1024
    scene.entities["id"][rows[1]] = 0
    scene.entities["flags"][rows[2]] |= 1
    scene.spawn(1, 120, 130)  # takes over the freed row
    scene.step()
    snapshot = follower.take(scene.write(0))
    assert snapshot.removed[2, 2, 0] == {1: reason, 2: 10, 3: 11}
    assert set(snapshot.parts[2, 2, 0]) == {*range(4, 14)}
