"""What the front door needs of the host behind it.

Responsible for: the protocols, which `runtime.host.Host` and `runtime.hosted_zone.RunningZone` fulfil; tests use fakes.
Not here: anything that runs.

Invariant: `status` and `digests` wait for the zone's thread, `login` for the store, and so are asynchronous; the rest
answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from myriad.core.metrics import Sample
from myriad.runtime.hosted_zone import Wish
from myriad.runtime.profile.desk import ProfileDesk


class FrontDoorZone(Protocol):
    """One zone."""

    @property
    def name(self) -> str:
        """Such as zone-1."""
        ...

    def about(self) -> dict[str, object]:
        """What a client wants to know before it connects: `protocol_id` (16 hexadecimal digits), rates."""
        ...

    async def login(self, wishes: Sequence[Wish], local_host: str) -> tuple[list[bytes], tuple[str, ...]]:
        """A connect token for each wish, and the servers that they name. Raises LoginRefused, RuntimeError or
        TimeoutError."""
        ...

    async def status(self) -> dict[str, object]:
        """All numbers of the zone. Raises RuntimeError or TimeoutError if it does not answer."""
        ...

    async def numbers(self) -> dict[str, object]:
        """Those that cost little, for metrics, as of a moment ago: nobody waits. Raises as `status`."""
        ...

    def histograms(self) -> dict[str, npt.NDArray[np.int64]]:
        """Histograms of nanoseconds by name: `lateness` and every phase."""
        ...

    async def digests(self, tick: int) -> dict[tuple[int, int, int], int] | None:
        """64-bit digests by (cell x, cell y, part) at a snapshot tick, None if not kept. Raises as `status`."""
        ...

    @property
    def profiles(self) -> ProfileDesk:
        """Where profiles of it begin, are read and end."""
        ...


class FrontDoorReadiness(Protocol):
    """Whether a player can join."""

    @property
    def ready(self) -> bool:
        """True if so."""
        ...

    @property
    def text(self) -> str:
        """The sentence that says so, or what is missing."""
        ...


class FrontDoorHost(Protocol):
    """The process."""

    @property
    def readiness(self) -> FrontDoorReadiness:
        """Whether a player can join now."""
        ...

    @property
    def allow_spawn_choice(self) -> bool:
        """True if a login may name its spawn point, and many players may log in by one request."""
        ...

    @property
    def ops_key(self) -> Callable[[], str]:
        """What opens the routes for operators, "" if nothing does (`ops_door.py`)."""
        ...

    def samples(self) -> Iterable[Sample]:
        """What metrics show that is not about one zone."""
        ...

    @property
    def zones(self) -> Mapping[str, FrontDoorZone]:
        """Running zones by name."""
        ...
