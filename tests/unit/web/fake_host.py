"""A host behind the front door, without zones that run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from myriad.core.errors import LoginRefused
from myriad.core.histogram import new_histogram, record
from myriad.core.metrics import Sample
from myriad.core.phases import PHASES, PhaseTimer
from myriad.runtime.host import Readiness
from myriad.runtime.hosted_zone import Wish
from myriad.runtime.profile.desk import ProfileDesk
from myriad.runtime.zone_measures import ZoneMeasures

Answer = TypeVar("Answer")


class FakeZone:
    """Grants tokens that say what they were asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers = True
        self.num_logins = 0
        targets = {"phases": PhaseTimer(lambda: 0), "measures": ZoneMeasures(), "zone": self}
        self.profiles = ProfileDesk(self._call, lambda: targets)

    def _call(self, function: Callable[[], Answer]) -> Future[Answer]:
        future: Future[Answer] = Future()
        if not self.answers:
            raise RuntimeError("the zone has stopped")
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)
        return future

    def about(self) -> dict[str, object]:
        return {"protocol_id": "00000000000000aa", "tick_hz": 60}

    async def login(self, wishes: Sequence[Wish], local_host: str) -> tuple[list[bytes], tuple[str, ...]]:
        if any(wish.name == "full" for wish in wishes):
            raise LoginRefused("zone_full", "the zone is full")
        if any(wish.name == "broken" for wish in wishes):
            raise ZeroDivisionError("a fault with a secret in it")
        if any(wish.name == "silent" for wish in wishes):
            raise TimeoutError
        self.num_logins += len(wishes)
        return [f"{wish.name}|{wish.character}|{wish.spawn}".encode() for wish in wishes], (f"{local_host}:1337",)

    async def numbers(self) -> dict[str, object]:
        return await self.status()

    async def status(self) -> dict[str, object]:
        if not self.answers:
            raise TimeoutError
        return {
            "zone": self.name,
            "players": 12,
            "tick": 7,
            "drops": {"empty": 3},
            "ticks": 7,
            "time_dilation_ratio": 0.5,
        }

    def histograms(self) -> dict[str, npt.NDArray[np.int64]]:
        histogram = new_histogram()
        record(histogram, 2_000_000)
        record(histogram, 30_000_000)
        return dict.fromkeys(("lateness", *PHASES), histogram)

    async def digests(self, tick: int) -> dict[tuple[int, int, int], int] | None:
        return {(-1, 12, 3): 2**64 - 1} if tick == 40 else None


class FakeHost:
    """Two zones."""

    def __init__(self) -> None:
        self.readiness = Readiness(True, "ready")
        self.allow_spawn_choice = True
        self.ops_key = str
        self.own: list[Sample] = []
        self.zones = {name: FakeZone(name) for name in ("zone-1", "zone-2")}

    def samples(self) -> list[Sample]:
        return self.own
