"""The angle tables against the C library's functions, which only this test may use."""

import math

import numpy as np
import pytest

from myriad.sim.angles import COSINE, SINE, TURN, heading_of

pytestmark = pytest.mark.without_jit


def test_tables_are_cosine_and_sine_rounded_to_two_to_the_minus_thirty() -> None:
    for direction in range(256):
        angle = 2 * math.pi * direction / 256
        assert COSINE[direction] == round(math.cos(angle) * 2**30) / 2**30
        assert SINE[direction] == round(math.sin(angle) * 2**30) / 2**30


def test_headings_are_within_an_eighth_of_a_degree_everywhere() -> None:
    chance = np.random.default_rng(5)
    for dx, dy in chance.integers(-(2**30), 2**30, (500, 2)).tolist():
        wanted = math.atan2(dy, dx) / (2 * math.pi) * TURN
        error = (heading_of(dx, dy) - wanted + TURN / 2) % TURN - TURN / 2
        assert abs(error) < TURN / 360 / 8


def test_the_eight_winds_are_exact() -> None:
    winds = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
    assert [heading_of(dx * 77, dy * 77) for dx, dy in winds] == [turn * 8192 for turn in range(8)]
    assert heading_of(0, 0) == 0
