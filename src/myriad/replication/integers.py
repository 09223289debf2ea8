"""The one integer type in which replication's kernels calculate.

Responsible for: `i64`, which widens what an array holds.
Not here: reading integers from bytes (`wire/pack.py`).

Invariant: everything loaded from a column goes through `i64` before arithmetic, so that compiled and plain Python
agree: unsigned columns would turn differences into floats in the one and wrap around in the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:

    def i64(value: object) -> int:
        """`value` as a signed integer of 64 bits."""
        ...
else:
    i64 = np.int64
