"""Starting points: on walkable tiles, inside their homes, 60 % in one square when asked."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.game import ZoneMap
from myriad.loadtest.places import choose_places, find_square


def zone(seed: int = 1, origin: int = 1000) -> ZoneMap:
    rng = np.random.default_rng(seed)
    solid = (rng.random((500, 500)) < 0.3).astype(np.uint8)
    solid[100:150, 300:350] = 0
    return ZoneMap("zone-x", origin, 0, solid, np.zeros((0, 2)), np.zeros(1))


def tile(place: np.ndarray, of: ZoneMap) -> int:
    return int(of.solid[int((place[1] - of.origin_y) // 2), int((place[0] - of.origin_x) // 2)])


@pytest.mark.parametrize("spread", ["uniform", "square"])
def test_every_start_is_walkable_and_inside_its_home(spread: str) -> None:
    here = zone()
    places = choose_places(here, 500, spread, 7)
    assert places.starts.shape == (500, 2)
    for start, home in zip(places.starts, places.homes, strict=True):
        assert tile(start, here) == 0
        assert home[0] <= start[0] <= home[2]
        assert home[1] <= start[1] <= home[3]


def test_uniform_covers_the_whole_zone() -> None:
    places = choose_places(zone(), 2000, "uniform", 7)
    quarters = np.histogram2d(places.starts[:, 0], places.starts[:, 1], bins=4, range=[[1000, 2000], [0, 1000]])[0]
    assert quarters.min() > 80


def test_square_holds_sixty_per_cent_on_the_freest_ground() -> None:
    here = zone()
    assert find_square(here) == (1600, 200)
    places = choose_places(here, 500, "square", 7)
    inside = np.all((places.starts >= (1600, 200)) & (places.starts <= (1700, 300)), axis=1)
    assert inside[:300].all()
    assert inside[300:].sum() < 20


def test_the_share_of_the_square_may_be_everybody() -> None:
    places = choose_places(zone(), 200, "square", 7, share=1.0)
    assert np.all((places.starts >= (1600, 200)) & (places.starts <= (1700, 300)))
    assert len(np.unique(places.homes, axis=0)) == 1


def test_the_seed_decides() -> None:
    assert (choose_places(zone(), 50, "square", 7).starts == choose_places(zone(), 50, "square", 7).starts).all()
    assert (choose_places(zone(), 50, "square", 7).starts != choose_places(zone(), 50, "square", 8).starts).any()


def test_a_map_without_any_ground_gives_the_middle() -> None:
    here = ZoneMap("zone-x", 0, 0, np.ones((500, 500), np.uint8), np.zeros((0, 2)), np.zeros(1))
    assert choose_places(here, 2, "uniform", 1).starts.tolist() == [[500.0, 500.0], [500.0, 500.0]]
