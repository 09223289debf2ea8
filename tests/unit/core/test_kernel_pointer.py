"""A kernel calls another by its address: the arrays are the bundle's, and what is raised is raised."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel
from myriad.core.kernel_pointer import address_of, ask_at, call_at

pytestmark = pytest.mark.without_jit


class Numbers(NamedTuple):
    numbers: npt.NDArray[np.int64]


@bare_kernel
def double(bundle: Bundle[Numbers]) -> None:
    numbers = unbundle(bundle).numbers
    for k in range(len(numbers)):
        numbers[k] *= 2


@bare_kernel
def refuse(bundle: Bundle[Numbers]) -> None:
    if unbundle(bundle).numbers[0] < 0:
        raise ValueError("a negative number")


@bare_kernel
def first_at_least(bundle: Bundle[Numbers], others: npt.NDArray[np.int64], least: int) -> int:
    numbers = unbundle(bundle).numbers
    for k in range(len(numbers)):
        if numbers[k] + others[k] >= least:
            return k
    return -1


@bare_kernel
def call_twice(address: int, bundle: Bundle[Numbers]) -> int:
    call_at(address, bundle)
    call_at(address, bundle)
    return 7


@bare_kernel
def ask_twice(address: int, bundle: Bundle[Numbers], others: npt.NDArray[np.int64]) -> int:
    return ask_at(address, bundle, others, 12) + 10 * ask_at(address, bundle, others, len(others))


def test_the_kernel_at_an_address_works_on_the_arrays_that_it_is_given() -> None:
    bundle = Bundle(Numbers(np.arange(4, dtype=np.int64)))
    assert call_twice(address_of(double, bundle), bundle) == 7
    assert bundle.value.numbers.tolist() == [0, 4, 8, 12]


def test_what_the_kernel_at_an_address_returns_comes_back() -> None:
    bundle = Bundle(Numbers(np.arange(4, dtype=np.int64)))
    others = np.full(4, 3, np.int64)
    others[2] = 10
    assert ask_twice(address_of(first_at_least, bundle, others, 0), bundle, others) == 2 + 10 * 1


def test_what_the_called_kernel_raises_the_caller_raises() -> None:
    bundle = Bundle(Numbers(np.full(1, -1, np.int64)))
    with pytest.raises(ValueError, match="a negative number"):
        call_twice(address_of(refuse, bundle), bundle)
