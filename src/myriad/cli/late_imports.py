"""Imports of a command that runs for long: many, and for the life of the process.

Responsible for: keeping the garbage collector away from what modules consist of.
Not here: collecting while a zone runs (`runtime/quiet_collection.py`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def late_imports() -> Iterator[None]:
    """Nothing is collected while modules are imported here, and what they made is never looked at again.

    A hundred and eighty thousand objects are not even a thousand of garbage, and without this they would be walked
    through several times before a world is ready.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
