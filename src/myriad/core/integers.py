"""Integers inside kernels.

Responsible for: `i64`, the one conversion that kernels use when they load a number from a column.
Not here: unsigned 64-bit arithmetic (hashes say `np.uint64` themselves).

Invariant: with and without the JIT, arithmetic on what `i64` returns is signed and 64 bits wide, so a u8 minus a u8
cannot wrap and a mixture of signed and unsigned does not become a float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np

i64: Final = cast(Callable[[Any], int], np.int64)
"""`np.int64`, which type checkers take for `int`: compiled, the two are the same, and indexing, `range`, `min` and
other kernels take it as such."""
