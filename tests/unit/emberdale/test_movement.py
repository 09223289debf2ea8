"""Walking, running, stamina, walls; and the client's prediction, which is the same to the bit."""

import numpy as np
import pytest

from emberdale.fields import BUTTON_RUN, STATE_DEAD, STATE_IDLE, STATE_RUNNING, STATE_WALKING
from emberdale.game import GAME
from myriad.game import copy_fields
from tests.unit.emberdale.arena import Input, add_player, field, tick, ticks

pytestmark = pytest.mark.without_jit

WALK = 3.2
RUN = 5.6


def test_a_second_of_walking_and_of_running_goes_as_far_as_the_data_say() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    ticks(world, 60, {row: [Input(move_mag=255)]})
    assert world.entities["x"][row] - 50 == pytest.approx(WALK, rel=0.01)
    assert world.entities["state"][row] == STATE_WALKING
    ticks(world, 60, {row: [Input(BUTTON_RUN, move_dir=64, move_mag=255)]})
    assert world.entities["y"][row] - 50 == pytest.approx(RUN, rel=0.01)
    assert world.entities["state"][row] == STATE_RUNNING


def test_running_ends_with_the_stamina_and_begins_again_only_after_a_rest() -> None:
    world = field()
    row = add_player(world, 1, 20, 100)
    run = {row: [Input(BUTTON_RUN, move_mag=255)]}
    ticks(world, 520, run)
    assert world.entities["state"][row] == STATE_WALKING
    assert world.entities["stamina"][row] < 2000
    for _ in range(300):
        was_running = world.entities["state"][row] == STATE_RUNNING
        rested = world.entities["stamina"][row] >= 2000
        tick(world, run)
        assert was_running or rested or world.entities["state"][row] == STATE_WALKING
    ticks(world, 200, {row: [Input()]})
    tick(world, run)
    assert world.entities["state"][row] == STATE_RUNNING


def test_no_input_at_all_is_no_movement() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    ticks(world, 30, {row: [Input(move_mag=255)]})
    x = float(world.entities["x"][row])
    ticks(world, 90)
    assert world.entities["x"][row] == x
    assert world.entities["state"][row] == STATE_IDLE  # the last state does not stay for ever


@pytest.mark.parametrize("seed", range(3))
def test_no_bytes_of_an_input_move_a_body_faster_than_running(seed: int) -> None:
    print("seed", seed)
    chance = np.random.default_rng(seed)
    world = field(solid=(chance.random((100, 100)) < 0.2).astype(np.uint8))
    row = add_player(world, 1, 100, 100)
    for _ in range(600):
        entries = [
            Input(*(int(value) for value in chance.integers(0, [256, 256, 256, 65536, 256, 2**32]))) for _ in range(2)
        ]
        before = world.entities[row].copy()
        tick(world, {row: entries})
        moved = np.hypot(world.entities["x"][row] - before["x"], world.entities["y"][row] - before["y"])
        assert moved <= 2 * (RUN / 60 + 2 / 1024)


@pytest.mark.parametrize("seed", range(4))
def test_the_client_predicts_every_step_to_the_bit(seed: int) -> None:
    print("seed", seed)
    chance = np.random.default_rng(seed)
    solid = (chance.random((100, 100)) < 0.15).astype(np.uint8)
    world = field(solid=solid)
    row = add_player(world, 1, 100, 100)
    own = np.zeros(1, GAME.own_dtype)
    raw = own.view(np.uint8)
    assert copy_fields(world.entity_bytes, row, GAME.own_plan, raw, 0) == own.itemsize
    entry = Input()
    for number in range(900):
        if number % 20 == 0:
            buttons, move_dir, move_mag = (int(value) for value in chance.integers(0, [2, 256, 256]))
            entry = Input(buttons, move_dir, move_mag if number % 60 else 255, heading=number * 7)
        entries = [entry] * int(chance.integers(0, 3))
        tick(world, {row: entries})
        for _ in entries:
            GAME.predict(
                own, 0, entry.buttons, entry.move_dir, entry.move_mag, entry.heading,
                float(world.clock["dt"][0]), solid, 0, 0, world.params,
            )  # fmt: skip
        for name in ("qx", "qy", "heading", "stamina"):
            assert own[name][0] == world.entities[name][row]
        if entries:
            assert own["state"][0] == world.entities["state"][row]


def test_the_dead_are_not_moved_by_inputs_or_predictions() -> None:
    world = field()
    row = add_player(world, 1, 50, 50)
    world.entities["state"][row] = STATE_DEAD
    world.entities["hp"][row] = 0
    world.entities["timer_tick"][row] = 1000
    ticks(world, 10, {row: [Input(1, 0, 255)] * 2})
    assert world.entities["x"][row] == 50
    own = np.zeros(1, GAME.own_dtype)
    own["state"] = STATE_DEAD
    before = own.copy()
    GAME.predict(own, 0, 1, 0, 255, 9, 1 / 60, world.solid, 0, 0, world.params)
    assert own == before
