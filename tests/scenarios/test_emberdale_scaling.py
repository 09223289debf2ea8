"""What a step costs grows with the entities, never with the pairs of them."""

import numpy as np

from emberdale.data import PLACE, load_items, load_kinds, load_params
from emberdale.fields import COUNTERS, ENTITY
from emberdale.game import GAME
from myriad.game import NPC, World, allocate_row, create_world, place, take_transient_id


def field_of(side_m: int, num_players: int, num_npcs: int) -> World:
    """A flat square of that side with everybody spread evenly at random."""
    chance = np.random.default_rng(side_m)
    kinds, numbers = load_kinds(60)
    world = create_world(
        ENTITY, num_players + num_npcs + 500, np.zeros((side_m // 2, side_m // 2), np.uint8), seed=1,
        num_counters=len(COUNTERS), params=load_params(60), kinds=kinds, items=load_items(60)[0],
        places=np.array([(1, 1024, 1024, 0, 0), (4, 0, 0, 2**28, 0)], PLACE),
    )  # fmt: skip
    for _ in range(num_npcs):
        row = int(allocate_row(world, take_transient_id(world)))
        qx, qy = (int(value) for value in chance.integers(2048, side_m * 1024 - 2048, 2))
        raider = numbers["Ash Raider"]
        for name, value in (("kind", raider), ("flags", NPC), ("hp", 90), ("max_hp", 90), ("place", 1)):
            world.entities[name][row] = value
        world.entities["home_x"][row], world.entities["home_y"][row] = qx, qy
        place(world, row, qx, qy, 1)
    for number in range(num_players):
        x, y = chance.uniform(2, side_m - 2, 2)
        GAME.spawn_player(world, 1 + number, number, "p", float(x), float(y))
    return world


def pair_checks(side_m: int, num_players: int, num_npcs: int) -> int:
    world = field_of(side_m, num_players, num_npcs)
    world.entities["protected_tick"] = 10**6  # all look around all the time, nobody fights
    for _ in range(240):
        GAME.advance(world)
    return int(world.clock["pair_checks"][0])


def test_at_equal_density_four_times_the_entities_cost_at_most_4_4_times_the_pair_checks() -> None:
    few, many = pair_checks(250, 125, 125), pair_checks(500, 500, 500)
    print(few, many, many / few)
    assert few > 3000
    assert many <= 4.4 * few


def test_a_crowd_in_one_spot_costs_no_more_than_the_bound_per_look() -> None:
    world = field_of(40, 600, 100)
    world.entities["protected_tick"] = 10**6
    for _ in range(120):
        GAME.advance(world)
    looks = 100 * 120 / float(world.params["think_ticks"][0])
    assert 0 < world.clock["pair_checks"][0] <= looks * int(world.params["think_checks"][0])


def test_npcs_without_players_nearby_look_for_nobody_but_stroll() -> None:
    world = GAME.create_zone("zone-1", capacity=700, seed=1)
    before = world.entities["x"][:500].copy()
    for _ in range(60 * 30):
        GAME.advance(world)
    assert world.clock["pair_checks"][0] == 0
    assert np.count_nonzero(world.entities["x"][:500] != before) > 400
