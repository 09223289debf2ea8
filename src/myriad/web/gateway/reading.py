"""Looking at the directory: when somebody asks and what is known is old.

Responsible for: reading it at most so often, once for all who wait for it, and not at all for a moment after a failure.
Not here: what it says (`cluster/directory.py`).

Invariant: nobody has to run it: without requests there is nothing to decide.
"""

from __future__ import annotations

import asyncio
from typing import Final

from myriad.cluster.requests import Directory, ReadDirectory
from myriad.core.clock import Clock
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.ports import StorePort, StoreUnavailable

NS_PER_S: Final = 1_000_000_000
LOOK_S: Final = 0.5
REST_S: Final = 0.5
"""A store that failed is left alone for so long."""


class DirectoryReader:
    """See above."""

    def __init__(self, gateway: Gateway, store: StorePort, clock: Clock) -> None:
        self._gateway = gateway
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_once = False

    async def look(self, max_age_s: float = LOOK_S) -> None:
        """Makes sure that the gateway knows a directory that was asked for at most `max_age_s` ago.

        Raises StoreUnavailable; what was known before stays, and grows old.
        """
        wanted_ns = self._clock.now_ns() - round(max_age_s * NS_PER_S)
        async with self._lock:
            if self._read_once and self._gateway.balancer.view.read_ns >= wanted_ns:
                return
            await self._read()

    async def try_look(self, max_age_s: float = LOOK_S) -> None:
        """The same, for those who make do with what was known before."""
        try:
            await self.look(max_age_s)
        except StoreUnavailable:
            return

    async def _read(self) -> None:
        asked_ns = self._clock.now_ns()
        failed_ns = self._gateway.store_failed_ns
        if failed_ns is not None and asked_ns - failed_ns < REST_S * NS_PER_S:
            raise StoreUnavailable("the store does not answer")
        try:
            answer = await self._store.ask(ReadDirectory())
            if not isinstance(answer, Directory):
                raise StoreUnavailable(f"the store answered {type(answer).__name__} to a question for the directory")
        except StoreUnavailable:
            self._gateway.note_store_failure(self._clock.now_ns())
            raise
        self._read_once = True
        self._gateway.observe(answer, asked_ns, self._clock.now_ns())
