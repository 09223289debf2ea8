"""What operations hear of, by hand: a directory, a fleet, hosts that answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from myriad.cluster.requests import Directory
from myriad.core.clock import ManualClock
from myriad.runtime.control import Message, SupervisorSilent

Numbers = dict[str, Any]


def numbers(now_ns: int, **values: Any) -> Numbers:
    """What a zone tells."""
    return {
        "now_ns": now_ns,
        "cpu_ns": 0,
        "snapshots": 0,
        "joins": 0,
        "received_bytes": 0,
        "sent_bytes": 0,
        "skipped_ticks": 0,
        "players": 0,
        "connected": 0,
        "npcs": 40,
        "ladder": 0,
        "drops": {},
        "handoffs": {},
        "handoffs_failed": {},
        "cut_ms": None,
        "tick_p50_ms": None,
        "tick_p99_ms": None,
        "late_p99_ms": None,
        "gap_p99_ms": None,
        **values,
    }


def told(pid: int, now_ns: int, zones: dict[str, Numbers], cpu_ns: int = 0) -> dict[str, Any]:
    """What a host tells."""
    return {"now_ns": now_ns, "pid": pid, "cpu_ns": cpu_ns, "rss_bytes": 1000, "zones": zones}


class FakeSources:
    """See `web.ops.ports.Sources`."""

    def __init__(self, clock: ManualClock, read_directory: Callable[[], Directory | None] = lambda: None) -> None:
        self.clock = clock
        self.closing = False
        self.fleet: Message = {}
        self.supervised = False
        self.published: list[tuple[str, bytes]] = []
        self.on_publish: Callable[[str, bytes], None] = lambda topic, body: None
        self.commanded: list[Message] = []
        self.answer: Message | None = {"ok": True, "text": "done"}
        self.answers: dict[str, dict[str, Any]] = {}
        """By path: what hosts answer."""
        self.asked: list[tuple[str, str]] = []
        self.directory_asked_ns = 0
        self._read_directory = read_directory

    @property
    def directory(self) -> Directory | None:
        self.directory_asked_ns = self.clock.now_ns()
        return self._read_directory()

    def publish(self, topic: str, body: bytes) -> None:
        self.published.append((topic, body))
        self.on_publish(topic, body)

    async def command(self, message: Message) -> Message:
        self.commanded.append(message)
        if self.answer is None:
            raise SupervisorSilent("the supervisor does not answer")
        return self.answer

    def ask_front_door(self, address: str, path: str) -> dict[str, Any]:
        self.asked.append((address, path))
        if path not in self.answers:
            raise OSError("nobody is there")
        return self.answers[path]
