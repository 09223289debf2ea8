"""The replay window against an oracle of sets, at both ends of the range of sequences."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.netcode.connection import CONNECTION
from myriad.netcode.replay import WINDOW_SIZE, mark_received, was_received
from tests.reference.netcode_oracle import ReplayOracle

pytestmark = pytest.mark.without_jit

TOP = (1 << 64) - 1


def test_a_fresh_window_takes_any_sequence_once() -> None:
    for sequence in (0, 1, 255, 256, TOP):
        connections = np.zeros(1, CONNECTION)
        assert not was_received(connections, 0, np.uint64(sequence))
        mark_received(connections, 0, np.uint64(sequence))
        assert was_received(connections, 0, np.uint64(sequence))


def test_asking_changes_nothing() -> None:
    connections = np.zeros(1, CONNECTION)
    mark_received(connections, 0, np.uint64(1000))
    before = connections.tobytes()
    for sequence in (0, 744, 745, 999, 1000, 1001, TOP):
        was_received(connections, 0, np.uint64(sequence))
    assert connections.tobytes() == before


@pytest.mark.parametrize("start", [0, 1 << 32, (1 << 63) - 500, TOP - 3000])
@pytest.mark.parametrize("seed", range(3))
def test_window_agrees_with_the_oracle(start: int, seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    connections = np.zeros(2, CONNECTION)
    oracle = ReplayOracle(WINDOW_SIZE)
    at = start
    for _ in range(3000):
        at = min(TOP, at + chance.choice((0, 1, 1, 1, 2, 3, 64, 255, 256, 257) if chance.random() < 0.1 else (0, 1)))
        sequence = max(0, min(TOP, at + chance.choice((0, -1, -2, -63, -64, -128, -254, -255, -256, -257, -1000))))
        seen = was_received(connections, 1, np.uint64(sequence))
        assert seen == oracle.was_received(sequence), sequence
        if not seen and chance.random() < 0.8:
            mark_received(connections, 1, np.uint64(sequence))
            oracle.mark(sequence)
    assert int(connections["newest"][1]) == oracle.newest
    assert connections[0].tobytes() == bytes(CONNECTION.itemsize)
