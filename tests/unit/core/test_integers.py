"""Numbers loaded from columns neither wrap nor become floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from myriad.core.integers import i64
from myriad.core.kernel import kernel

pytestmark = pytest.mark.without_jit


@kernel
def difference(small: npt.NDArray[Any], large: npt.NDArray[Any]) -> int:
    return i64(small[0]) - i64(large[0])


@pytest.mark.parametrize(("small", "large"), [("u1", "u1"), ("u4", "u8"), ("u8", "i4")])
def test_the_difference_of_unsigned_columns_is_signed(small: str, large: str) -> None:
    assert difference(np.array([1], small), np.array([3], large)) == -2


def test_a_loaded_number_indexes_and_counts() -> None:
    three = i64(np.uint8(3))
    assert list(range(three)) == [0, 1, 2]
    assert isinstance(three - np.int64(1), np.int64)
