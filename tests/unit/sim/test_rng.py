"""The random numbers are the same for ever, even, and independent of order."""

import numpy as np
import pytest

from myriad.sim.rng import chance, chance_threshold, mix32, random_below, random_u32, seeded

pytestmark = pytest.mark.without_jit


def test_known_values_never_change() -> None:
    rng = seeded(0x123456789ABCDEF0)
    assert [mix32(n) for n in (0, 1, 2**32 - 1)] == [0, 0x514E28B7, 0x81F16F39]
    assert [random_u32(rng, *key) for key in ((0, 0, 0), (1, 2, 3), (2**32 - 1, 2**32 - 1, 31))] == [
        4087985775,
        309553530,
        1517507567,
    ]


def test_numbers_spread_evenly_over_ticks_entities_and_purposes() -> None:
    rng = seeded(7)
    for axis in range(3):
        keys = [[0, 0, 0] for _ in range(4096)]
        for number, key in enumerate(keys):
            key[axis] = number
        buckets = np.bincount([random_below(rng, key[0], key[1], key[2], 16) for key in keys], minlength=16)
        assert buckets.min() > 180
        assert buckets.max() < 340
        assert len({random_u32(rng, *key) for key in keys}) > 4090


def test_seeds_differ_in_all_their_64_bits() -> None:
    assert len({random_u32(seeded(1 << bit), 5, 6, 7) for bit in range(64)}) == 64


def test_chance_is_never_at_0_and_always_at_1() -> None:
    rng = seeded(3)
    assert not any(chance(rng, tick, 1, 1, chance_threshold(0.0)) for tick in range(500))
    assert all(chance(rng, tick, 1, 1, chance_threshold(1.0)) for tick in range(500))
    assert 400 < sum(chance(rng, tick, 1, 1, chance_threshold(0.25)) for tick in range(2000)) < 600
    with pytest.raises(ValueError, match="probability"):
        chance_threshold(1.1)
