"""What a zone that stands alone answers to those who would talk to a zone of a world: it owns itself.

Responsible for: a host can run both kinds of zones by the same calls.
Not here: a zone of a world (`world_zone.py`).
"""

from __future__ import annotations

from myriad.cluster.requests import Answer, Directory, LeaseGranted, Request


class Alone:
    """A zone without a store, a lease or neighbours."""

    def start(self, granted: LeaseGranted, now_ns: int) -> None:
        """It needs no lease."""

    def may_speak(self, now_ns: int) -> bool:
        """Always."""
        return True

    @property
    def fenced(self) -> bool:
        """Never."""
        return False

    def drain(self, now_ns: int) -> None:
        """There is nothing to write, and `close` tells the players."""

    @property
    def drained(self) -> bool:
        """Always: nothing waits to be written."""
        return True

    def take_requests(self) -> list[tuple[int, Request]]:
        """It asks nothing."""
        return []

    def answer(self, number: int, answer: Answer | None) -> None:
        """It asked nothing."""

    def take_posts(self) -> list[tuple[str, bytes]]:
        """It publishes nothing."""
        return []

    def hear(self, topic: str, body: bytes) -> None:
        """It listens to nobody."""

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """It knows no others."""
