"""Compiling every kernel before anybody waits for it.

Responsible for: the list of kernel groups and running them in order, with progress.
Not here: the kernels; each group is a function beside its kernels that calls them once with tiny arrays.

Invariant: after `warm`, running a zone or a swarm compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from myriad.runtime.warm_sockets import warm_floor, warm_measures, warm_sockets

Progress = Callable[[str, int, int], None]
"""`progress(name, done, total)`: called before group number `done` (from 0) of `total`."""

GROUPS: Final[list[tuple[str, Callable[[], None]]]] = [
    ("sockets", warm_sockets),
    ("measures", warm_measures),
    ("floor", warm_floor),
]
"""Name and function of every group, in order. Whoever knows more kernels (the zone, a game) appends its own."""


def warm(progress: Progress | None = None) -> None:
    """Runs every group; quick when their machine code is on disk already."""
    for done, (name, run) in enumerate(GROUPS):
        if progress is not None:
            progress(name, done, len(GROUPS))
        run()
