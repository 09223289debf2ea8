"""A kernel calls another by its address: the arrays are the bundle's, and what is raised is raised."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel
from myriad.core.kernel_pointer import address_of, call_at


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
def count(bundle: Bundle[Numbers]) -> int:
    return len(unbundle(bundle).numbers)


@bare_kernel
def call_twice(address: int, bundle_address: int) -> int:
    call_at(address, bundle_address)
    call_at(address, bundle_address)
    return 7


def test_the_kernel_at_an_address_works_on_the_arrays_of_the_bundle_at_an_address() -> None:
    bundle = Bundle(Numbers(np.arange(4, dtype=np.int64)))
    assert call_twice(address_of(double, bundle), bundle.address) == 7
    assert bundle.value.numbers.tolist() == [0, 4, 8, 12]


def test_what_the_called_kernel_raises_the_caller_raises() -> None:
    bundle = Bundle(Numbers(np.full(1, -1, np.int64)))
    with pytest.raises(ValueError, match="a negative number"):
        call_twice(address_of(refuse, bundle), bundle.address)


def test_a_kernel_that_returns_something_has_no_address() -> None:
    with pytest.raises(TypeError, match="count returns a value"):
        address_of(count, Bundle(Numbers(np.zeros(2, np.int64))))  # type: ignore[arg-type]
