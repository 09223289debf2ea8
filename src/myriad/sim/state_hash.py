"""A digest of everything that decides how a world goes on.

Responsible for: showing that two runs are the same, in another process, with the JIT off, or in a replay.
Not here: digests of what clients see (`replication/`).

Invariant: covers entities, clock, free list, random state, history and counters; not caches that a tick rebuilds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import kernel
from myriad.sim.world import World

_MASK = 0xFFFFFFFF


@kernel
def _hash_words(words: NDArray[np.uint32], state: NDArray[np.int64]) -> None:
    low = int(state[0])
    high = int(state[1])
    for row in range(words.shape[0]):
        for i in range(words.shape[1]):
            word = int(words[row, i])
            low = ((low ^ word) * 0x01000193) & _MASK
            low ^= low >> 15
            high = ((high ^ low) * 0x85EBCA6B + word) & _MASK
    state[0] = low
    state[1] = high


def state_hash(world: World) -> int:
    """The digest (u64). Linear in the rows in use; meant for tests, replays and checks, not for every tick."""
    clock = world.clock
    num_rows, num_free = int(clock["num_rows"][0]), int(clock["num_free"][0])
    state = np.array([0x811C9DC5, 0x9747B28C], np.int64)
    arrays: tuple[NDArray[Any], ...] = (
        world.entity_words[:num_rows],
        clock,
        world.free_rows[:num_free],
        world.rng,
        world.history_x[:, :num_rows],
        world.history_y[:, :num_rows],
        world.history_tick,
        world.counters,
    )
    for array in arrays:
        words = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
        _hash_words(words.reshape(1, words.size), state)
    return int(state[0]) | int(state[1]) << 32
