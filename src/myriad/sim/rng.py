"""Random numbers of the simulation: a counter-based generator, so that order does not matter.

Responsible for: numbers that are a function of (seed, tick, entity, purpose) alone. A rule that draws more or fewer
numbers changes no other rule's, and rows may be visited in any order or by several threads with the same result.
Not here: randomness of keys and tokens (`netcode/` takes that as an argument).

Invariant: 32-bit arithmetic in signed 64-bit integers, masked after every multiplication: the same with the JIT, with
Python's integers, and in any language with 64-bit (or, for JavaScript, `Math.imul`) multiplication.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel
from myriad.sim.columns import as_int

_MASK = 0xFFFFFFFF


@kernel
def mix32(value: int) -> int:
    """A 32-bit permutation (MurmurHash3's finaliser) of the low 32 bits of `value`."""
    mixed = int(value) & _MASK
    mixed ^= mixed >> 16
    mixed = (mixed * 0x85EBCA6B) & _MASK
    mixed ^= mixed >> 13
    mixed = (mixed * 0xC2B2AE35) & _MASK
    return mixed ^ (mixed >> 16)


@kernel
def random_u32(rng: NDArray[np.uint64], tick: int, entity_id: int, purpose: int) -> int:
    """A number of 0..2**32-1. `rng` is `World.rng`; `purpose` tells the draws of one entity in one tick apart."""
    mixed = mix32(as_int(rng[0]) ^ ((int(tick) * 0x9E3779B1) & _MASK))
    mixed = mix32(mixed ^ as_int(rng[1]) ^ ((int(entity_id) * 0x85EBCA77) & _MASK))
    return mix32(mixed + int(purpose) * 0x27D4EB2F)


@kernel
def random_below(rng: NDArray[np.uint64], tick: int, entity_id: int, purpose: int, limit: int) -> int:
    """A number of 0..limit-1 (0 < limit < 2**31)."""
    return (random_u32(rng, tick, entity_id, purpose) * int(limit)) >> 32


@kernel
def chance(rng: NDArray[np.uint64], tick: int, entity_id: int, purpose: int, threshold: int) -> bool:
    """True with probability threshold / 2**16 (0..65536)."""
    return (random_u32(rng, tick, entity_id, purpose) >> 16) < threshold


def chance_threshold(probability: float) -> int:
    """The threshold of `chance` for a probability of 0..1. Raises ValueError outside of it."""
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability is 0..1, not {probability}")
    return round(probability * 65536)


def seeded(seed: int) -> NDArray[Any]:
    """A generator's state (4,) u8 for a seed of any size (its low 64 bits count)."""
    return np.array([seed & _MASK, seed >> 32 & _MASK, 0, 0], np.uint64)
