"""Ways around solid tiles, against a slow search."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest

from myriad.client.paths import PathFinder
from myriad.core.kernel import jit_enabled
from myriad.game import ZoneMap


def zone(solid: np.ndarray) -> ZoneMap:
    return ZoneMap("zone-x", 1000, 0, solid, np.zeros((0, 2)), np.zeros(1))


def reachable(solid: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> bool:
    """Whether tile `goal` can be reached from `start` (line, column) without cutting corners."""
    seen, waiting = {start}, [start]
    while waiting:
        line, column = heapq.heappop(waiting)
        for up in (-1, 0, 1):
            for right in (-1, 0, 1):
                there = (line + up, column + right)
                if there in seen or not (0 <= there[0] < len(solid) and 0 <= there[1] < len(solid)):
                    continue
                if solid[there] or solid[line + up, column] or solid[line, column + right]:
                    continue
                seen.add(there)
                heapq.heappush(waiting, there)
    return goal in seen


@pytest.mark.parametrize("seed", range(12 if jit_enabled() else 3))
def test_a_way_leads_to_the_goal_whenever_there_is_one(seed: int) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    solid = (rng.random((40, 40)) < 0.3).astype(np.uint8)
    solid[2, 2] = solid[37, 37] = 0
    finder = PathFinder(zone(solid))
    x, y = 1005.0, 5.0
    if not reachable(solid, (2, 2), (37, 37)):
        assert finder.next_point(x, y, 1075.0, 75.0) == (1075.0, 75.0)
        return
    for _ in range(2000):
        to_x, to_y = finder.next_point(x, y, 1075.0, 75.0)
        way = math.hypot(to_x - x, to_y - y)
        x, y = x + (to_x - x) * min(0.2 / way, 1), y + (to_y - y) * min(0.2 / way, 1)
        assert not solid[int(y // 2), int((x - 1000) // 2)], "through a wall"
        if math.hypot(1075.0 - x, 75.0 - y) < 0.3:
            return
    raise AssertionError("it never arrives")


def test_an_open_way_is_straight_and_a_goal_out_of_reach_is_walked_at() -> None:
    solid = np.zeros((200, 200), np.uint8)
    finder = PathFinder(zone(solid))
    assert finder.next_point(1010.0, 10.0, 1300.0, 200.0) == (1300.0, 200.0)
    solid[:, 20] = 1
    assert finder.next_point(1010.0, 10.0, 1300.0, 200.0) == (1300.0, 200.0)
