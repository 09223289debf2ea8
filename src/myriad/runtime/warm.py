"""Compiling every kernel before anybody waits for it.

Responsible for: this package's groups of kernels, and running any groups in order, with progress.
Not here: the kernels (each group is a function beside its kernels that calls them once with tiny arrays), and the list
of all groups of the program, which only `cli/` can see.

Invariant: after the groups of a host were run, its zones compile nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from myriad.runtime.warm_sockets import warm_floor, warm_measures, warm_sockets

Progress = Callable[[str, int, int], None]
"""`progress(name, done, total)`: called before group number `done` (from 0) of `total`."""

Group = tuple[str, Callable[[], None]]
"""Name of a group of kernels, and the function that calls each of them once."""


def _warm_server() -> None:
    """Two small things in one group: a process of its own for each would take longer to start than to compile."""
    warm_sockets()
    warm_measures()


SERVER_GROUPS: Final[tuple[Group, ...]] = (("sockets", _warm_server),)
"""What every host needs, besides its zones' and its game's kernels."""

GROUPS: Final[tuple[Group, ...]] = (*SERVER_GROUPS, ("floor", warm_floor))
"""All kernels of this package."""


def warm(progress: Progress | None = None, groups: Sequence[Group] = GROUPS) -> None:
    """Runs `groups` in order; quick when their machine code is on disk already."""
    for done, (name, run) in enumerate(groups):
        if progress is not None:
            progress(name, done, len(groups))
        run()
