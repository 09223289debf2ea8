"""Limits of failures against a list of times, and what happens when the table is full."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.netcode.address_index import seeds_from
from myriad.netcode.rates import NUM_WAYS, RATE, is_limited, note_failure

pytestmark = pytest.mark.without_jit

SEEDS = seeds_from(bytes(range(128)))
COST_NS = 100
ALLOWANCE_NS = 500


class Bucket:
    """A leaky bucket over exact times: one failure leaves every COST_NS, and at most five are in it."""

    def __init__(self) -> None:
        self.level = 0.0
        self.at = 0

    def tick(self, now: int) -> None:
        self.level = max(0.0, self.level - (now - self.at) / COST_NS)
        self.at = now


@pytest.mark.parametrize("seed", range(3))
def test_limits_agree_with_a_leaky_bucket(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    rates = np.zeros(64 * NUM_WAYS, RATE)
    buckets = {network: Bucket() for network in (1, 2, 3)}
    now = 0
    for _ in range(1000):
        now += chance.choice((0, 10, 30, 50, 300))
        network = chance.choice((1, 1, 2, 3))
        bucket = buckets[network]
        bucket.tick(now)
        limited = is_limited(rates, SEEDS, np.uint64(network), now, ALLOWANCE_NS)
        assert limited == (bucket.level >= ALLOWANCE_NS / COST_NS)
        if not limited:
            note_failure(rates, SEEDS, np.uint64(network), now, COST_NS)
            bucket.level += 1


def test_a_full_set_forgets_the_network_nearest_to_unused() -> None:
    rates = np.zeros(NUM_WAYS, RATE)
    for network in range(1, NUM_WAYS + 1):
        for _ in range(network):
            note_failure(rates, SEEDS, np.uint64(network), 1000, COST_NS)
    note_failure(rates, SEEDS, np.uint64(99), 1000, COST_NS)
    assert sorted(rates["network"].tolist()) == [2, 3, 4, 99]
    assert rates["busy_until_ns"][rates["network"] == 99].tolist() == [1100]


def test_an_unknown_network_is_not_limited() -> None:
    rates = np.zeros(8 * NUM_WAYS, RATE)
    assert not is_limited(rates, SEEDS, np.uint64(7), 0, ALLOWANCE_NS)
