"""The hash index against a dictionary, full, emptied, and with keys that crowd together."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.netcode.address_index import hash_key, index_find, index_insert, index_remove, new_slots, seeds_from

pytestmark = pytest.mark.without_jit

Key = tuple[int, int, int, int]


def words(key: Key) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    return np.uint64(key[0]), np.uint64(key[1]), np.uint64(key[2]), np.uint64(key[3])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tag_bits", [32, 3])
def test_index_agrees_with_a_dictionary(seed: int, tag_bits: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    num_rows = 64
    seeds = seeds_from(chance.randbytes(128))
    slots = new_slots(num_rows)
    empty = slots.copy()
    keys = np.zeros((num_rows, 4), np.uint64)
    oracle: dict[Key, int] = {}
    free = list(range(num_rows))

    def tag_of(key: Key) -> int:
        return int(hash_key(seeds, *words(key))) % (1 << tag_bits)  # few bits: long runs of collisions

    def some_key() -> Key:
        return (chance.randrange(60), chance.choice((0, 1 << 63)), 0, 0)

    for _ in range(1500):
        key = some_key()
        found = index_find(slots, keys, tag_of(key), *words(key))
        assert found == oracle.get(key, -1)
        if found < 0 and free:
            row = free.pop()
            keys[row] = key
            index_insert(slots, tag_of(key), row)
            oracle[key] = row
        elif found >= 0 and chance.random() < 0.6:
            assert index_remove(slots, tag_of(key), found)
            assert not index_remove(slots, tag_of(key), found)
            free.append(oracle.pop(key))
    for key, row in list(oracle.items()):
        assert index_find(slots, keys, tag_of(key), *words(key)) == row
        index_remove(slots, tag_of(key), row)
    assert slots.tobytes() == empty.tobytes()


def test_at_least_half_of_the_slots_stay_empty() -> None:
    for rows in (1, 7, 64, 1000, 2048):
        slots = new_slots(rows)
        assert len(slots) >= 2 * rows
        assert len(slots) & (len(slots) - 1) == 0


def test_hashes_differ_by_seed_and_spread_neighbouring_ports() -> None:
    first, second = seeds_from(bytes(range(128))), seeds_from(bytes(range(1, 129)))
    keys = [(2 | (port << 16) | (0x0100007F << 32), 0, 0, 0) for port in range(4096)]
    tags = [int(hash_key(first, *words(key))) for key in keys]
    assert len(set(tags)) == len(tags)
    assert tags != [int(hash_key(second, *words(key))) for key in keys]
    filled = len({tag % 8192 for tag in tags})
    assert filled > 2900, "a random function fills 3,223 of 8,192 slots with 4,096 keys"
    assert all(0 <= tag < 1 << 32 for tag in tags)


def test_every_word_of_an_ipv6_address_counts() -> None:
    seeds = seeds_from(bytes(range(128)))
    base = [10, 1 << 40, 1 << 41, 3]
    tags = {int(hash_key(seeds, *words((base[0], base[1], base[2], base[3]))))}
    for place in range(4):
        for bit in (0, 31) if place == 3 else (0, 31, 32, 63):  # a socket address ends after 28 bytes
            key = list(base)
            key[place] ^= 1 << bit
            tags.add(int(hash_key(seeds, *words((key[0], key[1], key[2], key[3])))))
    assert len(tags) == 15
