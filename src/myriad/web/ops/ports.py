"""What operations need from outside, which `runtime.gateway_process.GatewayTies` fulfils; tests use a fake.

Responsible for: the protocol. Not here: anything that runs.

Invariant: nothing waits but `command` and `ask_front_door`.
"""

from __future__ import annotations

from typing import Any, Protocol

from myriad.cluster.requests import Directory
from myriad.core.clock import Clock
from myriad.runtime.control import Message


class Sources(Protocol):
    """See above."""

    directory_asked_ns: int
    closing: bool
    """True once the world stops."""
    fleet: Message
    """What the supervisor says about its processes; empty without one."""

    @property
    def directory(self) -> Directory | None:
        """The newest, None until the store was read; it was asked for at `directory_asked_ns`."""
        ...

    @property
    def clock(self) -> Clock:
        """What times are by."""
        ...

    @property
    def supervised(self) -> bool:
        """True if a supervisor started this process."""
        ...

    def publish(self, topic: str, body: bytes) -> None:
        """To every zone; from any thread."""
        ...

    async def command(self, message: Message) -> Message:
        """What the supervisor says to it: {ok, text}. Raises runtime.control.SupervisorSilent."""
        ...

    def ask_front_door(self, address: str, path: str) -> dict[str, Any]:
        """What a host answers at `path`; waits, so not on an event loop. Raises OSError."""
        ...
