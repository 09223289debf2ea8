"""A bundle is the tuple that it was made of, wherever it is looked at."""

from __future__ import annotations

import gc
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.prefetch import prefetch, prefetch_row

pytestmark = pytest.mark.without_jit

RECORD = np.dtype([("small", "u1"), ("wide", "f8"), ("many", "<i4", (3,))], align=True)


class Inner(NamedTuple):
    table: npt.NDArray[np.void]
    square: npt.NDArray[np.float64]


class Outer(NamedTuple):
    numbers: npt.NDArray[np.int64]
    inner: Inner
    bytes_2d: npt.NDArray[np.uint8]


def new_outer() -> Outer:
    return Outer(np.arange(5, dtype=np.int64), Inner(np.zeros(4, RECORD), np.ones((2, 3))), np.zeros((3, 7), np.uint8))


@inner_kernel
def _touch(outer: Outer, place: int) -> None:
    outer.inner.table["many"][place, 2] += 5
    outer.bytes_2d[2, 6] = 9


@bare_kernel
def change(bundle: Bundle[Outer], place: int) -> float:
    outer = unbundle(bundle)
    prefetch(outer.numbers.ctypes.data)
    prefetch_row(outer.bytes_2d.ctypes.data, 1, 7, 7)
    _touch(outer, place)
    outer.inner.table["wide"][place] = outer.inner.square[1, 2] + outer.numbers[4]
    outer.numbers[0] = outer.numbers.shape[0] + outer.bytes_2d.shape[1]
    return float(outer.inner.table["wide"][place])


def test_a_kernel_reads_and_writes_the_arrays_that_were_bundled() -> None:
    outer = new_outer()
    bundle = Bundle(outer)
    assert change(bundle, 3) == 5.0
    assert outer.inner.table["many"][3].tolist() == [0, 0, 5]
    assert outer.bytes_2d[2, 6] == 9 and np.count_nonzero(outer.bytes_2d) == 1
    assert outer.numbers[0] == 12


def test_a_bundle_keeps_its_arrays_alive() -> None:
    bundle = Bundle(new_outer())
    gc.collect()
    junk = [np.full(64, 255, np.uint8) for _ in range(1000)]
    assert change(bundle, 0) == 5.0 and len(junk) == 1000
    assert bundle.value.inner.table["many"][0, 2] == 5


def test_two_bundles_of_the_same_kind_are_apart() -> None:
    one, other = new_outer(), new_outer()
    first, second = Bundle(one), Bundle(other)
    change(first, 1)
    assert other.bytes_2d.sum() == 0
    change(second, 2)
    assert one.inner.table["many"][:, 2].tolist() == [0, 5, 0, 0]
    assert other.inner.table["many"][:, 2].tolist() == [0, 0, 5, 0]


def test_bundles_whose_arrays_lie_differently_are_read_each_in_its_way() -> None:
    rows = np.arange(6.0).reshape(2, 3)
    for square in (rows, np.asfortranarray(rows), np.arange(24.0).reshape(4, 6)[::2, ::2]):
        outer = new_outer()
        bundle = Bundle(outer._replace(inner=outer.inner._replace(square=square)))
        assert change(bundle, 0) == square[1, 2] + 4
