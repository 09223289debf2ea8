"""The bus through the store: nothing more to run, for a world whose processes all reach the store anyway.

Responsible for: posting and reading posts, and where reading begins.
Not here: who deletes posts whose life is over, and numbers that only go up (`storage/`).

Invariant: a post is read once, since reading goes on after the highest number read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from myriad.bus.port import KEPT_DAYS, KEPT_TOPICS, Bus, Letter
from myriad.cluster.requests import Answer, Post, Posted, Posts, ReadPosts, Request

_PASSING_MS: Final = 60_000
_KEPT_MS: Final = KEPT_DAYS * 86_400_000
_PAGE: Final = 1024
_MAX_PAGES: Final = 64
"""Read in one poll, so that a reader that was far behind comes back to its caller; but what was posted before it began,
of which it wants little, is passed in one go."""


class Executes(Protocol):
    """What the bus needs of a store: requests in, one answer each."""

    def execute(self, requests: list[Request], /) -> Sequence[Answer]:
        """Carry them out in order. Raises if the store cannot be reached."""
        ...


class StoreBus(Bus):
    """One end of a bus through `store`, which only the thread that polls may use at the same time."""

    def __init__(self, store: Executes) -> None:
        super().__init__()
        self._store = store
        self._after = 0
        self._passed = 0
        """Number of the newest post when reading began: up to it, only kept topics are of interest."""

    def _begin(self, again: bool) -> None:
        if not again:
            self._passed = self._ask(ReadPosts(-1)).newest

    def _send(self, letters: Sequence[Letter]) -> None:
        posts: list[Request] = [Post(topic, body, _life_ms(topic)) for topic, body in letters]
        for answer in self._store.execute(posts):
            if not isinstance(answer, Posted):
                raise RuntimeError(f"the store answered a post with {answer}")

    def _read(self) -> list[Letter]:
        letters: list[Letter] = []
        after, num_pages, more = self._after, 0, True
        while more and (num_pages < _MAX_PAGES or after < self._passed):
            rows = self._ask(ReadPosts(after, _PAGE)).rows
            letters += [Letter(r.topic, r.body) for r in rows if r.number > self._passed or r.topic in KEPT_TOPICS]
            after = rows[-1].number if rows else after
            num_pages, more = num_pages + 1, len(rows) == _PAGE
        self._after = after
        return letters

    def _disconnect(self) -> None:
        """The store is its owner's."""

    def _ask(self, request: ReadPosts) -> Posts:
        (answer,) = self._store.execute([request])
        if not isinstance(answer, Posts):
            raise RuntimeError(f"the store answered {request} with {answer}")
        return answer


def _life_ms(topic: str) -> int:
    return _KEPT_MS if topic in KEPT_TOPICS else _PASSING_MS
