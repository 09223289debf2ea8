"""Memory that is given back, and garbage that is collected only when there is time."""

from __future__ import annotations

import gc
import subprocess
import sys

import numba

from myriad.core.clock import NS_PER_S
from myriad.runtime.clocks import resident_bytes
from myriad.runtime.memory import release_compiler
from myriad.runtime.quiet_collection import QuietCollection

_TABLES = """
import sys
import numpy as np
from myriad.runtime.clocks import resident_bytes
from myriad.runtime.memory import map_large_blocks

if "mapped" in sys.argv:
    assert map_large_blocks()
np.ones(30_000_000, np.uint8)  # given back at once: from then on, blocks of this size come out of the heap
np.ones((100, 100_000), np.uint8)
before = resident_bytes()
tables = [np.zeros(1_000_000, np.uint8) for _ in range(50)]
print(resident_bytes() - before)
"""


def test_large_tables_of_zeros_take_no_memory_before_they_are_used() -> None:
    done = subprocess.run([sys.executable, "-c", _TABLES, "mapped"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000_000


def test_the_compilers_code_leaves_memory_and_still_works_afterwards() -> None:
    numba.njit(lambda x: x + 1)(1)
    before = resident_bytes()
    assert release_compiler() > 10_000_000
    assert resident_bytes() < before - 10_000_000
    assert numba.njit(lambda x: x + 2)(1) == 3


def test_garbage_is_collected_only_when_there_is_time_and_not_too_often() -> None:
    collection = QuietCollection()
    assert not collection.offer(0, 10 * NS_PER_S)  # not begun
    collection.begin(0)
    try:
        assert not gc.isenabled()
        assert not collection.offer(70 * NS_PER_S, 7_000_000)  # too little time
        assert not collection.offer(59 * NS_PER_S, NS_PER_S)  # too early
        assert collection.offer(70 * NS_PER_S, NS_PER_S)
        assert not collection.offer(129 * NS_PER_S, NS_PER_S)
    finally:
        collection.end()
    assert gc.isenabled()
