"""What is counted of every answer of the gateway: how many, and how long they took, by route.

Responsible for: hooks of the application that count.
Not here: the numbers (`gateway.py`), the page (`metrics_page.py`).

Invariant: routes are counted by their templates, not by paths, so that nobody can make the numbers grow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from myriad.core.clock import Clock
from myriad.web.gateway.gateway import Gateway

_BEGAN: Final = "myriad.began_ns"


def begun_at(clock: Clock) -> Callable[[ASGIApp], ASGIApp]:
    """A middleware that notes when a request came."""

    def around(app: ASGIApp) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            cast("dict[str, Any]", scope)[_BEGAN] = clock.now_ns()
            await app(scope, receive, send)

        return noted

    return around


def count_in(gateway: Gateway, clock: Clock) -> Callable[[Message, Scope], Awaitable[None]]:
    """A hook for everything that is sent."""

    async def count(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        route = str(scope.get("path_template", "other"))
        gateway.answers[route, int(message["status"])] += 1
        began_ns = cast("dict[str, Any]", scope).get(_BEGAN)
        if began_ns is not None:
            gateway.answer_times[route].record(clock.now_ns() - began_ns)

    return count
