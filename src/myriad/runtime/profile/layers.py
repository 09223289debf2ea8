"""Functions put in front of methods of objects that are in use, and taken away again.

Responsible for: that, so that profiling costs nothing while nobody profiles: the code that is profiled knows nothing
of it.
Not here: what the functions do (`profile/probe.py`).

Invariant: after `remove` every object is as it was. Both happen on the thread that uses the objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Layers:
    """Some objects with functions in front of their methods."""

    def __init__(self) -> None:
        self._covered: list[tuple[object, str]] = []

    def cover(self, target: object, name: str, layer: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Calls of `target.name` go to what `layer` makes of that method; an object without it stays as it is."""
        method = getattr(target, name, None)
        if method is None or name in vars(target):
            return
        setattr(target, name, layer(method))
        self._covered.append((target, name))

    def remove(self) -> None:
        """Takes all of them away."""
        while self._covered:
            target, name = self._covered.pop()
            delattr(target, name)
