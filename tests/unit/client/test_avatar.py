"""Prediction of the own avatar: equal to the server's movement, and how corrections are shown."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.client.avatar import Avatar
from myriad.client.inputs import INPUT_QUEUE, confirm_inputs, push_input
from myriad.core.kernel import jit_enabled
from myriad.game import World, copy_fields

MS = 1_000_000
HZ = 60
RUN = GAME.buttons["run"]


def own_bytes(world: World, row: int) -> np.ndarray:
    out = np.zeros(64, np.uint8)
    copy_fields(world.entity_bytes, row, GAME.own_plan, out, 0)
    return out


def world_with_player() -> tuple[World, int]:
    world = GAME.create_zone("zone-1", capacity=64, seed=3, tick_hz=HZ, num_npcs=0)
    row = GAME.spawn_player(world, 900, 0, "Ada")
    assert row >= 0
    return world, row


def give(world: World, row: int, what: tuple[int, int, int, int]) -> None:
    """One server tick that applies one input-tick."""
    world.inputs["count"][row] = 1
    for name, value in zip(("buttons", "move_dir", "move_mag", "heading"), what, strict=True):
        world.inputs[name][row, 0] = value
    GAME.advance(world)


def place(world: World, row: int) -> tuple[int, int]:
    return int(world.entities["qx"][row]), int(world.entities["qy"][row])


def predicted(avatar: Avatar) -> tuple[int, int]:
    return int(avatar.state["qx"][0]), int(avatar.state["qy"][0])


def recorded(seed: int, ticks: int) -> list[tuple[int, int, int, int]]:
    """Inputs as a player makes them: held for a while, all directions, walking, running and standing."""
    rng = random.Random(seed)
    made: list[tuple[int, int, int, int]] = []
    while len(made) < ticks:
        what = (rng.choice((0, RUN)), rng.randrange(256), rng.choice((0, 120, 255, 255)), rng.randrange(65536))
        made += [what] * rng.randint(1, 40)
    return made[:ticks]


@pytest.mark.parametrize("seed", [1, 2])
def test_prediction_equals_the_server_s_movement_for_recorded_inputs(seed: int) -> None:
    print("seed", seed)
    world, row = world_with_player()
    avatar = Avatar(GAME, GAME.read_map("zone-1", HZ), HZ)
    queues = np.zeros(1, INPUT_QUEUE)
    avatar.correct(own_bytes(world, row), queues, 0, 0)
    start = place(world, row)
    for tick, what in enumerate(recorded(seed, 900 if jit_enabled() else 120)):
        push_input(queues, 0, *what, 1, 0, 0)
        avatar.advance(*what, 1)
        give(world, row, what)
        assert predicted(avatar) == place(world, row), f"tick {tick}"
        assert int(avatar.state["stamina"][0]) == int(world.entities["stamina"][row])
        confirm_inputs(queues, 0, tick + 1)
    assert place(world, row) != start


def test_replaying_what_is_unconfirmed_gives_what_the_server_will_have() -> None:
    world, row = world_with_player()
    avatar = Avatar(GAME, GAME.read_map("zone-1", HZ), HZ)
    queues = np.zeros(1, INPUT_QUEUE)
    inputs = recorded(5, 200)
    avatar.correct(own_bytes(world, row), queues, 0, 0)
    ahead: list[tuple[int, int]] = []
    for tick, what in enumerate(inputs):
        push_input(queues, 0, *what, 1, 0, 0)
        avatar.advance(*what, 1)
        ahead.append(predicted(avatar))
        if tick >= 20:  # the server is 20 ticks behind and tells its state every third tick
            give(world, row, inputs[tick - 20])
            assert place(world, row) == ahead[tick - 20]
            if tick % 3 == 0:
                confirm_inputs(queues, 0, tick - 19)
                avatar.correct(own_bytes(world, row), queues, 0, tick * 16 * MS)
                assert avatar.last_error_m == 0.0
                assert predicted(avatar) == ahead[-1]


def moved(own: np.ndarray, metres: float) -> np.ndarray:
    record: np.ndarray[Any, Any] = own[: GAME.own_dtype.itemsize].view(GAME.own_dtype).copy()
    record["qx"] += int(metres * 1024)
    return record.view(np.uint8)


@pytest.mark.parametrize(("error_m", "lasts_ms"), [(0.25, 100), (1.0, 250), (5.0, 0)])
def test_small_corrections_are_smoothed_and_large_ones_snap(error_m: float, lasts_ms: int) -> None:
    world, row = world_with_player()
    avatar = Avatar(GAME, GAME.read_map("zone-1", HZ), HZ)
    queues = np.zeros(1, INPUT_QUEUE)
    own = own_bytes(world, row)
    avatar.correct(own, queues, 0, 0)
    x, y = avatar.position
    avatar.correct(moved(own, error_m), queues, 0, 1000 * MS)
    assert avatar.last_error_m == pytest.approx(error_m)
    assert avatar.position == (x + error_m, y)
    if lasts_ms:
        assert avatar.shown_position(1000 * MS) == pytest.approx((x, y))
        assert avatar.shown_position((1000 + lasts_ms // 2) * MS) == pytest.approx((x + error_m / 2, y))
    assert avatar.shown_position((1000 + lasts_ms) * MS) == (x + error_m, y)
