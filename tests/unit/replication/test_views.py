"""The client's view: which keyframes it keeps, what it shows, what it asks for."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from myriad.replication.view import apply, take_nacks
from myriad.replication.view_arrays import ViewArrays, create_views, keyframe_place, view_reset
from myriad.replication.view_listing import VISIBLE, find_entity, part_digest, visible_entities
from myriad.replication.viewers import NACK_QUIET, on_acked, view_move
from tests.unit.replication.scene import Payload, Scene


def give(views: ViewArrays, payload: Payload, row: int = 0) -> int:
    data = np.frombuffer(payload.data, np.uint8).copy()
    return apply(views, row, data, 0, len(data), payload.tick, *payload.view, payload.flags)


def listed(views: ViewArrays, tick: int) -> dict[int, Any]:
    out = np.zeros(600, VISIBLE)
    count = visible_entities(views, 0, tick, out)
    assert len(set(out["id"][:count].tolist())) == count
    return {int(v["id"]): v for v in out[:count].copy()}


@pytest.mark.without_jit
def test_the_two_newest_keyframes_are_kept_in_any_order_of_arrival() -> None:
    for first in (0, 100, 250, 253):
        generations = [(first + k) % 255 for k in range(4)]
        for order in itertools.permutations(range(4)):
            held: list[int | None] = [None, None]
            for k in order:
                has = [g is not None for g in held]
                known = [g or 0 for g in held]
                where = keyframe_place(has[0], known[0], has[1], known[1], generations[k])
                if where >= 0:
                    held[where] = generations[k]
            assert set(held) == {generations[2], generations[3]}, (first, order)


def test_an_old_keyframe_sent_again_never_evicts_a_newer() -> None:
    for newest in range(255):
        for back in range(2, 120):
            assert keyframe_place(True, newest, True, (newest - 1) % 255, (newest - back) % 255) == -1


def test_everything_in_view_is_listed_once_and_where_it_is() -> None:
    scene = Scene(seed=61, capacity=64, width=5)
    scene.spawn(60)
    scene.enter(0, 2, 2)
    views = create_views(1, 60)
    for _ in range(40):
        scene.wander()
        scene.step()
        payload = scene.write(0)
        assert give(views, payload) == 1
        on_acked(scene.viewers, 0, payload.sequence)
    shown = listed(views, scene.tick)
    e, one = scene.entities, np.zeros(1, VISIBLE)
    fresh = 0
    for row in range(60):
        entry = shown[int(e["id"][row])]
        assert find_entity(views, 0, int(e["id"][row]), one)
        assert one[0] == entry or entry["lingering"]
        if int(entry["tick"]) == scene.tick and not entry["lingering"]:
            fresh += 1
            assert abs(int(entry["qx"]) - int(e["qx"][row])) <= 8
            assert abs(int(entry["qy"]) - int(e["qy"][row])) <= 8
    assert fresh > 20
    assert not find_entity(views, 0, 9999, one)


def crossing(scene: Scene, row: int) -> None:
    scene.entities["qx"][row] += 50 * 1024


def settled(width: int = 5) -> tuple[Scene, ViewArrays, np.ndarray]:
    """Twelve entities that rest in a near cell of a viewer that is up to date."""
    scene = Scene(seed=62, capacity=32, width=width)
    rows = scene.spawn(12, 60, 90)
    scene.enter(0, 2, 1)
    views = create_views(1, 60)
    for _ in range(14):
        scene.step()
        payload = scene.write(0)
        give(views, payload)
        on_acked(scene.viewers, 0, payload.sequence)
    assert len(listed(views, scene.tick)) == 12
    return scene, views, rows


def test_an_entity_that_moved_on_lingers_for_300_ms() -> None:
    scene, views, rows = settled()
    scene.entities["qx"][rows[0]] = 240 * 1024  # column 4: seen less often
    scene.entities["qy"][rows[0]] = 240 * 1024
    scene.step()
    payload = scene.write(0)
    give(views, payload)
    entry = listed(views, payload.tick)[1]
    assert entry["lingering"] == 1
    assert entry["cell_x"] == 1
    assert 1 in listed(views, payload.tick + 18)
    assert 1 not in listed(views, payload.tick + 19)


def test_an_entity_seen_elsewhere_no_longer_lingers() -> None:
    scene, views, rows = settled()
    crossing(scene, int(rows[0]))
    scene.step()
    payload = scene.write(0)
    give(views, payload)
    entry = listed(views, payload.tick)[1]
    assert (int(entry["lingering"]), int(entry["cell_x"])) == (0, 2)


@pytest.mark.parametrize("how", ["despawns", "hides"])
def test_an_entity_that_despawned_or_hid_does_not_linger(how: str) -> None:
    scene, views, rows = settled()
    if how == "despawns":
        scene.entities["id"][rows[0]] = 0
    else:
        scene.entities["flags"][rows[0]] |= 1
    scene.step()
    payload = scene.write(0)
    give(views, payload)
    assert 1 not in listed(views, payload.tick)


def test_a_missing_keyframe_is_asked_for_at_most_once_in_150_ms() -> None:
    scene, _, _ = settled()
    fresh, buffer, asked = create_views(1, 60), np.zeros(32, np.uint8), []
    for step in range(9):
        scene.step()
        give(fresh, scene.write(0))
        end = take_nacks(fresh, 0, buffer, 0)
        if buffer[0]:
            asked.append(step)
            assert end == 7
            assert tuple(buffer[:6]) == (1, 1, 0, 1, 0, 0)
            assert buffer[6] == NACK_QUIET + 1 % 15
    assert asked == [0, 3, 6]
    assert fresh.views["undecodable"][0] == 9


def test_leaving_and_returning_drops_what_was_known_and_ignores_older_payloads() -> None:
    scene, views, _ = settled()
    scene.step()
    old = scene.write(0)
    for x in (20, 2):
        view_move(scene.viewers, 0, x, 1)
        scene.step()
        newest = scene.write(0)
        give(views, newest)
        at, _ = part_digest(views, 0, 1, 1, 0)
        assert at == (-1 if x == 20 else newest.tick)
    assert give(views, old) == 0
    assert part_digest(views, 0, 1, 1, 0)[0] == newest.tick
    assert views.views["num_free"][0] + (views.slots["part"][0] >= 0).sum() == 128


def test_a_reset_client_knows_nothing() -> None:
    scene, views, _ = settled()
    view_reset(views, 0)
    assert listed(views, scene.tick) == {}
    assert views.views["num_free"][0] == 128
    assert part_digest(views, 0, 1, 1, 0)[0] == -1


def test_near_parts_are_counted_with_those_that_came() -> None:
    scene, views, _ = settled()
    before = views.views["near_parts"][0], views.views["near_covered"][0]
    scene.step()
    give(views, scene.write(0))
    assert views.views["near_parts"][0] - before[0] == 9
    assert views.views["near_covered"][0] - before[1] == 9


def test_a_client_takes_at_most_about_300_kb() -> None:
    views = create_views(1, 60)
    size = sum(getattr(views, name).nbytes for name in views._fields[:8])
    assert size <= 320_000
