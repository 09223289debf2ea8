"""Movements of assets: each is written down once, and not at all where there is no room."""

import numpy as np
import pytest

from myriad.cluster import requests
from myriad.core.kernel import kernel
from myriad.game import CHARACTER, GROUND, VOID, World, add_effect, allocate_row, create_world, entity_dtype
from myriad.game.ledger import has_ledger_room, note_level, note_movement

pytestmark = pytest.mark.without_jit

ENTITY = entity_dtype([("ledger_serial", "u4")])


@kernel
def room(world: World, num: int) -> bool:
    return bool(has_ledger_room(world, num))


@kernel
def level(world: World, character: int, reached: int) -> bool:
    return bool(note_level(world, character, reached, 8))


@kernel
def effect(world: World, amount: int) -> bool:
    return bool(add_effect(world, 1, amount, 5, 900, 2, -70, 80))


def world_of_two() -> World:
    world = create_world(ENTITY, 4, np.zeros((2, 2), np.uint8), seed=1)
    allocate_row(world, 5)
    allocate_row(world, 6)
    return world


def serials(world: World) -> list[int]:
    return [int(value) for value in world.entities["ledger_serial"][:2]]


def test_holders_are_numbered_as_in_the_store() -> None:
    assert (VOID, CHARACTER, GROUND) == (
        requests.HOLDER_VOID,
        requests.HOLDER_CHARACTER,
        requests.HOLDER_GROUND,
    )


def test_a_movement_raises_the_serial_of_each_character_in_it() -> None:
    world = world_of_two()
    assert note_movement(world, 7, 3, GROUND, 0, CHARACTER, 5, 2)
    assert (serials(world), world.entities["private_version"][:2].tolist()) == ([1, 0], [1, 0])
    assert note_movement(world, 0, 70000, CHARACTER, 5, CHARACTER, 6, 7)
    assert note_movement(world, 7, 1, VOID, 0, GROUND, 0, 1)
    assert serials(world) == [2, 1]
    assert world.clock["num_ledger"][0] == 3
    assert world.ledger[:3].tolist() == [
        (7, 2, GROUND, CHARACTER, 3, 0, 5),
        (0, 7, CHARACTER, CHARACTER, 70000, 5, 6),
        (7, 1, VOID, GROUND, 1, 0, 0),
    ]


def test_a_full_ledger_refuses_and_changes_nothing() -> None:
    world = world_of_two()
    world.clock["num_ledger"] = len(world.ledger) - 1
    assert room(world, 1)
    assert not room(world, 2)
    assert note_movement(world, 7, 3, GROUND, 0, CHARACTER, 5, 2)
    before = [array.tobytes() for array in (world.clock, world.entities, world.ledger)]
    assert not room(world, 1)
    assert not note_movement(world, 7, 3, GROUND, 0, CHARACTER, 5, 2)
    assert not level(world, 5, 2)
    assert [array.tobytes() for array in (world.clock, world.entities, world.ledger)] == before


def test_a_level_is_a_row_of_its_own_asset() -> None:
    world = world_of_two()
    assert level(world, 6, 12)
    assert world.ledger[0].tolist() == (255, 8, VOID, CHARACTER, 12, 0, 6)
    assert serials(world) == [0, 1]


def test_effects_beyond_their_room_are_refused() -> None:
    world = world_of_two()
    assert effect(world, 9)
    assert world.effects[0].tolist() == (1, 2, 9, 5, 900, -70, 80)
    world.clock["num_effects"] = len(world.effects)
    before = world.effects.tobytes()
    assert not effect(world, 8)
    assert (world.effects.tobytes(), world.clock["num_effects"][0]) == (before, len(world.effects))
