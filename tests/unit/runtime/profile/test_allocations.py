"""What Python's allocator is asked for, counted: by one thread, exactly, and without a trace afterwards."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from myriad.runtime.profile.allocations import Allocated, AllocationCounter, the_counter

NUMBER = 1000


@pytest.fixture
def counter() -> Iterator[AllocationCounter]:
    the_counter.prepare()
    assert the_counter.install()
    yield the_counter
    the_counter.remove()


def counted(counter: AllocationCounter, size: int) -> Allocated:
    """What it takes to make so many byte strings of `size` bytes."""
    work: list[object] = [None] * NUMBER
    counter.start(threading.get_ident())
    before = counter.read()
    for place in range(len(work)):
        work[place] = bytes(size)
    after = counter.read()
    counter.stop()
    return Allocated(*(b - a for a, b in zip(before, after, strict=True)))


def test_each_object_is_a_block_and_its_bytes(counter: AllocationCounter) -> None:
    small = counted(counter, 100)
    large = counted(counter, 2100)
    assert NUMBER <= small.blocks < 2 * NUMBER, "numbers above 256 are objects too"
    assert abs(small.blocks - large.blocks) < 10
    assert 2000 * NUMBER <= large.num_bytes - small.num_bytes < 2001 * NUMBER


def test_other_threads_do_not_count(counter: AllocationCounter) -> None:
    counter.start(threading.get_ident())
    other = threading.Thread(target=lambda: [object() for _ in range(NUMBER)])
    before = counter.read()
    other.start()
    other.join()
    assert counter.read().blocks - before.blocks < NUMBER // 2


def test_a_block_that_grows_is_resized(counter: AllocationCounter) -> None:
    counter.start(threading.get_ident())
    before = counter.read()
    growing = bytearray()
    for _ in range(NUMBER):
        growing.extend(b"0123456789")
    assert counter.read().resized - before.resized >= 5


def test_nothing_counts_before_the_start_and_after_the_end(counter: AllocationCounter) -> None:
    before = counter.read()
    kept = [object() for _ in range(NUMBER)]
    assert counter.read() == before
    counter.remove()
    assert len(kept) == NUMBER
    counter.start(threading.get_ident())
    kept += [object() for _ in range(NUMBER)]
    counter.stop()
    assert counter.read() == before


def test_another_layer_on_top_is_not_pushed_out(counter: AllocationCounter) -> None:
    tracemalloc.start()
    try:
        counter.remove()
        [bytes(100) for _ in range(NUMBER)]
        assert tracemalloc.get_traced_memory()[1] > 0
    finally:
        tracemalloc.stop()
    counter.remove()


def test_where_something_else_watches_the_allocator_it_stays_out() -> None:
    the_counter.prepare()
    tracemalloc.start()
    try:
        assert not the_counter.install()
    finally:
        tracemalloc.stop()
    assert the_counter.install()
    the_counter.remove()
