"""Profiles of one zone as other threads ask for them: begin, read, end.

Responsible for: carrying these to the zone's thread, one profile at a time.
Not here: the profile (`profile/probe.py`), HTTP (`web/api/profile.py`).

Invariant: the zone's thread is touched between turns only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

from myriad.runtime.profile.allocations import the_counter
from myriad.runtime.profile.probe import Busy, Probe

Answer = TypeVar("Answer")

ANSWER_S: Final = 2.0


class Caller(Protocol):
    """`ZoneLoop.call`."""

    def __call__(self, function: Callable[[], Answer]) -> Future[Answer]:
        """Runs `function` on the zone's thread between two turns."""
        ...


class ProfileDesk:
    """See above. Its asynchronous methods raise RuntimeError or TimeoutError if the zone does not answer."""

    def __init__(self, call: Caller, targets: Callable[[], Mapping[str, Any]]) -> None:
        """`targets` gives what a `Probe` is put in front of."""
        self._call = call
        self._targets = targets
        self._probe: Probe | None = None

    async def begin(self, seconds: float) -> dict[str, object]:
        """Begins one that ends by itself after `seconds`; how it stands then. Raises Busy."""
        await asyncio.to_thread(the_counter.prepare)

        def begin() -> dict[str, object]:
            if self._probe is not None and self._probe.running:
                raise Busy("this zone is being profiled already")
            probe = Probe(self._targets(), seconds)
            probe.begin()
            self._probe = probe
            return probe.read()

        return await self._ask(begin)

    async def read(self) -> dict[str, object] | None:
        """How the latest stands; None if there was none."""
        return await self._ask(lambda: self._probe.read() if self._probe is not None else None)

    async def end(self) -> dict[str, object] | None:
        """Ends the latest, if it has not ended; its figures, None if there was none."""

        def end() -> dict[str, object] | None:
            if self._probe is None:
                return None
            self._probe.end()
            return self._probe.read()

        return await self._ask(end)

    def abandon(self) -> None:
        """Once the zone's thread has ended."""
        if self._probe is not None:
            self._probe.end()

    async def _ask(self, function: Callable[[], Answer]) -> Answer:
        return await asyncio.wait_for(asyncio.wrap_future(self._call(function)), ANSWER_S)
