"""The example of docs/game-authors.md works: players walk, are predicted, and score."""

import numpy as np
import pytest

from examples.tiny_game.game import GAME
from myriad.core.errors import StartupError
from myriad.game import copy_fields, state_hash


def test_a_player_walks_to_the_beacon_and_scores_as_predicted() -> None:
    world = GAME.create_zone("meadow", capacity=4, seed=1)
    row = GAME.spawn_player(world, 7, 0, "Ann", 90.0, 100.0)
    shown = GAME.read_map("meadow", 60)
    own = np.zeros(1, GAME.own_dtype)
    copy_fields(world.entity_bytes, row, GAME.own_plan, own.view(np.uint8), 0)
    for _ in range(60 * 4):
        world.inputs["count"][row] = 1
        world.inputs["move_mag"][row, 0] = 255
        GAME.advance(world)
        GAME.predict(own, 0, 0, 0, 255, 0, 1 / 60, shown.solid, 0, 0, shown.params)
    assert own["qx"][0] == world.entities["qx"][row]
    assert world.entities["x"][row] == pytest.approx(102, abs=0.1)
    assert world.entities["score"][row] == GAME.counter(world, "points") == 3
    assert world.clock["num_events"][0] == 3
    assert GAME.describe(world, 0) == (1, b"The Beacon")
    GAME.detach(world, row)
    GAME.attach(world, row, 1)
    GAME.remove(world, row)
    assert not world.entities["id"][row]


def test_the_same_inputs_give_the_same_meadow() -> None:
    worlds = [GAME.create_zone("meadow", capacity=4, seed=1) for _ in range(2)]
    for world in worlds:
        GAME.spawn_player(world, 7, 0, "Ann")
        for _ in range(10):
            GAME.advance(world)
    assert state_hash(worlds[0]) == state_hash(worlds[1])


def test_an_unknown_zone_is_one_clear_line() -> None:
    with pytest.raises(StartupError, match="unknown zone 'desert'"):
        GAME.create_zone("desert", capacity=4, seed=1)
