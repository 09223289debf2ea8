"""Places of a world's players: lanes lie across borders on free ground, the others are spread over all zones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.client.ground import TILE_M, ZoneMap
from myriad.game import Game, WorldMap, ZoneArea
from myriad.loadtest.places import EDGE_M, own_ground
from myriad.loadtest.world_map import PARTY, borders_of, choose_world_places, lanes_of, read_ground

SIDE_M = 400
MARGIN_M = 100
AREAS = tuple(
    ZoneArea(f"zone-{k + 1}", k + 1, SIDE_M * (k % 2), SIDE_M * (k // 2) - 200, SIDE_M, SIDE_M) for k in range(4)
)


def read_map(name: str, tick_hz: int) -> ZoneMap:
    """A zone with rocks of its own, and beyond its rectangle a margin of something else."""
    area = next(one for one in AREAS if one.name == name)
    tiles = (SIDE_M + 2 * MARGIN_M) // TILE_M
    solid = np.ones((tiles, tiles), np.uint8)
    inner = slice(MARGIN_M // TILE_M, -MARGIN_M // TILE_M)
    solid[inner, inner] = np.random.default_rng(area.number).random((SIDE_M // TILE_M,) * 2) < 0.03
    points = np.array([[area.x + 200.0, area.y + 200.0]])
    return ZoneMap(name, area.x - MARGIN_M, area.y - MARGIN_M, solid, points, np.zeros(1), area)


WORLD: Game = dataclasses.replace(
    GAME,
    zones=tuple(area.name for area in AREAS),
    world_map=WorldMap(AREAS),
    read_map=read_map,
    preload=lambda names: None,
)


def is_free(ground: ZoneMap, x: float, y: float) -> bool:
    return not ground.solid[int((y - ground.origin_y) // TILE_M), int((x - ground.origin_x) // TILE_M)]


def test_the_ground_of_a_world_is_every_zone_s_own_part() -> None:
    ground = read_ground(WORLD)
    assert (ground.origin_x, ground.origin_y) == (0, -200)
    assert ground.solid.shape == (2 * SIDE_M // TILE_M,) * 2
    east = own_ground(read_map("zone-2", 60))
    assert (ground.solid[: SIDE_M // TILE_M, SIDE_M // TILE_M :] == east.solid).all()
    assert ground.solid.mean() < 0.1, "no margin is in it"


def test_what_no_zone_covers_is_solid() -> None:
    three = dataclasses.replace(WORLD, zones=WORLD.zones[:3], world_map=WorldMap(AREAS[:3]))
    ground = read_ground(three)
    assert ground.solid[-1, -1] == 1
    assert len(borders_of(three.world_map)) == 2


def test_lanes_cross_their_border_on_free_ground() -> None:
    ground = read_ground(WORLD)
    borders = borders_of(WORLD.world_map)
    assert len(borders) == 4
    for border in borders:
        lanes = lanes_of(ground, border)
        assert len(lanes) > 5
        for x, y, end_x, end_y in lanes.tolist():
            assert WORLD.world_map.zone_at(x, y) == border.a
            assert WORLD.world_map.zone_at(end_x, end_y) == border.b
            for part in np.linspace(0, 1, 40):
                for side in (-TILE_M, 0, TILE_M):
                    across, along = (0, side) if border.is_meridian else (side, 0)
                    assert is_free(ground, x + (end_x - x) * part + across, y + (end_y - y) * part + along)


def test_travellers_start_near_a_border_and_the_others_in_all_zones_on_free_ground() -> None:
    ground = read_ground(WORLD)
    places = choose_world_places(WORLD, ground, 100, 0.3, seed=5)
    travels = places.travels
    assert travels.sum() == 30
    lanes = places.lanes[travels]
    middles = (lanes[:, :2] + lanes[:, 2:]) / 2
    assert (np.abs(places.starts[travels] - middles).max(1) <= 25).all(), "within 50 m of the border"
    assert ((middles == [400, 200]).any(1)).all(), "each lane's middle is on a border"
    zones = [WORLD.world_map.zone_at(x, y) for x, y in places.starts[~travels].tolist()]
    for area in AREAS:
        assert 17 <= zones.count(area) <= 18
    assert all(is_free(ground, x, y) for x, y in places.starts.tolist())
    left, bottom, right, top = places.homes.T
    x, y = places.starts.T
    assert ((left <= x) & (x <= right) & (bottom <= y) & (y <= top)).all()
    parties = np.unique(places.homes[~travels], axis=0)
    assert len(parties) == 4 * -(-18 // PARTY)


def test_players_without_a_party_roam_all_of_their_zone() -> None:
    ground = read_ground(WORLD)
    places = choose_world_places(WORLD, ground, 400, 0.0, seed=5, party=1)
    assert len(np.unique(places.homes, axis=0)) == len(AREAS)
    for area in AREAS:
        here = (places.homes[:, 0] == area.x + EDGE_M) & (places.homes[:, 1] == area.y + EDGE_M)
        assert here.sum() == 100
        x, y = places.starts[here].T
        assert (x.min() < area.x + 40) and (x.max() > area.east - 40), "not only its middle"
        assert (area.y + EDGE_M <= y).all() and (y <= area.north - EDGE_M).all()
    assert all(is_free(ground, x, y) for x, y in places.starts.tolist())


def test_the_same_seed_gives_the_same_places() -> None:
    ground = read_ground(WORLD)
    once, again, other = (choose_world_places(WORLD, ground, 40, 0.5, seed) for seed in (1, 1, 2))
    assert (once.starts == again.starts).all()
    assert (once.lanes == again.lanes).all()
    assert (once.starts != other.starts).any()


@pytest.mark.parametrize("travel", [0.0, 1.0])
def test_nobody_or_everybody_may_travel_but_not_in_a_world_of_one_zone(travel: float) -> None:
    places = choose_world_places(WORLD, read_ground(WORLD), 20, travel, seed=1)
    assert places.travels.sum() == 20 * travel
    alone = dataclasses.replace(WORLD, zones=WORLD.zones[:1], world_map=WorldMap(AREAS[:1]))
    assert choose_world_places(alone, read_ground(alone), 20, travel, seed=1).travels.sum() == 0
