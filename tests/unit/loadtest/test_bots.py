"""Bots: they stay where they may walk, rest about half of the time, and act on what is near."""

from __future__ import annotations

import math

import numpy as np
import pytest

from myriad.core.kernel import jit_enabled
from myriad.loadtest.bots import ACTION, BOT, GUIDE, Bots, decide, is_clear_line, is_walkable, notice, start_bot

S = 1_000_000_000
STEP_NS = S // 10
SPEED_MPS = 4.0


def make(solid: np.ndarray, number: int, home: tuple[float, float, float, float], origin: float = 0.0) -> Bots:
    guide = np.zeros(1, GUIDE)
    guide["attack"], guide["pick_up"], guide["run_button"] = 3, 4, 1
    guide["attack_range_m"], guide["pick_up_range_m"] = 2.0, 1.5
    guide["tile_m"], guide["origin_x"] = 2.0, origin
    guide["hunt_range_m"], guide["hunt_ns"], guide["hunt_pause_ns"] = 14.0, 8 * S, 6 * S
    bots = Bots(np.zeros(number, BOT), guide, solid)
    for row in range(number):
        start_bot(bots, row, 1000 + row, 0, *home)
    return bots


def meadow() -> np.ndarray:
    solid = np.zeros((60, 60), np.uint8)
    rng = np.random.default_rng(5)
    solid[rng.random((60, 60)) < 0.08] = 1
    solid[28:32, 28:32] = 0
    return solid


def walk(bots: Bots, actions: np.ndarray, row: int) -> float:
    """Moves a bot by its action for one step; returns the way in metres."""
    if int(actions["move_mag"][row]) == 0:
        return 0.0
    angle = int(actions["move_dir"][row]) * math.tau / 256
    way = SPEED_MPS * 0.1
    bots.bots["x"][row] += way * math.cos(angle)
    bots.bots["y"][row] += way * math.sin(angle)
    return way


@pytest.mark.parametrize("origin", [0.0, 1000.0])
def test_bots_stay_on_walkable_ground_inside_their_home_and_move_half_the_time(origin: float) -> None:
    number, seconds = (40, 300) if jit_enabled() else (6, 60)
    bots = make(meadow(), number, (origin + 10.0, 10.0, origin + 110.0, 110.0), origin)
    bots.bots["x"], bots.bots["y"] = origin + 60.0, 60.0
    actions = np.zeros(number, ACTION)
    moving = 0
    off_ground = 0
    for step in range(seconds * 10):
        for row in range(number):
            decide(bots, row, step * STEP_NS, True, actions)
            moving += walk(bots, actions, row) > 0
            x, y = float(bots.bots["x"][row]), float(bots.bots["y"][row])
            assert origin + 9 <= x <= origin + 111
            assert 9 <= y <= 111
            off_ground += not is_walkable(bots, x, y)
    share = moving / (number * seconds * 10)
    assert 0.35 < share < 0.65
    assert off_ground < 0.01 * number * seconds * 10, "directions are rounded, so a corner may be cut by centimetres"


def test_the_same_seed_gives_the_same_behaviour() -> None:
    runs: list[list[bytes]] = []
    for _ in range(2):
        bots = make(meadow(), 3, (0.0, 0.0, 120.0, 120.0))
        bots.bots["x"], bots.bots["y"] = 60.0, 60.0
        actions = np.zeros(3, ACTION)
        seen = [b"", b"", b""]
        for step in range(400):
            for row in range(3):
                decide(bots, row, step * STEP_NS, True, actions)
                walk(bots, actions, row)
                seen[row] += actions[row].tobytes()
        runs.append(seen)
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3, "each bot its own way"


def test_lines_through_solid_tiles_are_not_clear() -> None:
    solid = np.zeros((10, 10), np.uint8)
    solid[:, 5] = 1
    bots = make(solid, 1, (0.0, 0.0, 20.0, 20.0))
    assert not is_clear_line(bots, 2.0, 2.0, 18.0, 2.0)
    assert is_clear_line(bots, 2.0, 2.0, 9.0, 18.0)
    assert not is_clear_line(bots, 2.0, 2.0, -5.0, 2.0), "beyond the map"


def test_a_bot_goes_for_what_it_noticed_and_attacks_in_reach() -> None:
    bots = make(np.zeros((60, 60), np.uint8), 1, (0.0, 0.0, 120.0, 120.0))
    bots.bots["x"], bots.bots["y"] = 60.0, 60.0
    actions = np.zeros(1, ACTION)
    now = 10 * S
    attacks = 0
    for _ in range(60):
        distance = math.hypot(66.0 - float(bots.bots["x"][0]), 60.0 - float(bots.bots["y"][0]))
        notice(bots, 0, now, 4711, False, 66.0, 60.0, distance)
        decide(bots, 0, now, True, actions)
        walk(bots, actions, 0)
        if int(actions["intent"][0]):
            assert (int(actions["intent"][0]), int(actions["argument"][0])) == (3, 4711)
            assert distance <= 2.0
            assert int(actions["heading"][0]) < 200 or int(actions["heading"][0]) > 65336, "it faces what it hits"
            attacks += 1
        now += STEP_NS
    assert 3 <= attacks <= 6, "at its own pace"


def test_a_bot_picks_an_item_up_once_and_leaves_far_or_foreign_things_alone() -> None:
    bots = make(np.zeros((60, 60), np.uint8), 1, (0.0, 0.0, 70.0, 120.0))
    bots.bots["x"], bots.bots["y"] = 60.0, 60.0
    actions = np.zeros(1, ACTION)
    now = 10 * S
    notice(bots, 0, now, 5, True, 60.0, 75.0, 15.0)
    assert int(bots.bots["prey_id"][0]) == 0, "too far"
    notice(bots, 0, now, 5, True, 71.0, 60.0, 11.0)
    assert int(bots.bots["prey_id"][0]) == 0, "outside its home"
    notice(bots, 0, now, 6, True, 61.0, 60.0, 1.0)
    decide(bots, 0, now, True, actions)
    assert (int(actions["intent"][0]), int(actions["argument"][0])) == (4, 6)
    notice(bots, 0, now, 6, True, 61.0, 60.0, 1.0)
    decide(bots, 0, now + STEP_NS, True, actions)
    assert int(actions["intent"][0]) == 0


def test_the_dead_stand_still_and_want_nothing() -> None:
    bots = make(np.zeros((60, 60), np.uint8), 1, (0.0, 0.0, 120.0, 120.0))
    actions = np.zeros(1, ACTION)
    notice(bots, 0, 10 * S, 5, False, 1.0, 1.0, 1.4)
    decide(bots, 0, 10 * S, False, actions)
    assert int(actions["move_mag"][0]) == int(actions["intent"][0]) == 0
    assert int(bots.bots["prey_id"][0]) == 0
