"""What the gateway needs from outside: the store, and what it is told about the world.

Responsible for: `StorePort`, `World`, and the store of another thread as a `StorePort`.
Not here: the store (`storage/`), where its thread is (`runtime/`).

Invariant: nothing waits on the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from myriad.cluster.requests import Answer, Request
from myriad.core.errors import MyriadError
from myriad.game.world_map import WorldMap
from myriad.web.gateway.maps import MapSource

ANSWER_S: Final = 3.0


class StoreUnavailable(MyriadError):
    """The store could not be asked; whether the request took place is not known, and it may be repeated."""


class StorePort(Protocol):
    """The store."""

    async def ask(self, request: Request) -> Answer:
        """Its answer. Raises StoreUnavailable."""
        ...


class FutureStore:
    """A store that is asked on a thread of its own, such as `runtime.store_thread.StoreThread.ask`."""

    def __init__(self, ask: Callable[[Request], Future[Answer]], answer_s: float = ANSWER_S) -> None:
        """`ask` gives the answer to come; whatever that raises, or no answer within `answer_s`, is StoreUnavailable."""
        self._ask = ask
        self._answer_s = answer_s

    async def ask(self, request: Request) -> Answer:
        """As the port."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._ask(request)), self._answer_s)
        except (MyriadError, RuntimeError, TimeoutError, OSError) as error:
            raise StoreUnavailable(f"the store does not answer: {error}") from error


class World(NamedTuple):
    """What never changes while the gateway runs."""

    map: WorldMap
    game: str
    start_points: tuple[tuple[float, float], ...]
    """Where new characters stand, in metres, spread by their names. At least one, and each in a zone."""
    info: Mapping[str, Any] = MappingProxyType({})
    """What browsers are told of the game (`game_info.py`)."""
    maps: MapSource = MapSource(lambda zone: {}, ())
    """What browsers are shown of zones."""
