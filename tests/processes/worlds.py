"""Worlds of small zones for tests: started, asked what they are like, and played in."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.processes.programs import Program

SMALL = "tests.processes.small_world"
PATIENCE_S = 20.0
FREE_PORTS = ("http_port=0", "udp_port_base=0")


class World:
    """A world of four zones in two hosts."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.data = f"data={folder}"
        self.flags = ("zones=4", "zones_per_host=2", *FREE_PORTS, self.data, *flags)
        self.program = Program(SMALL, "world", *self.flags)

    def __enter__(self) -> World:
        self.program.__enter__()
        self.program.until_ready()
        until(lambda: len(self.zones()) == 4)  # the gateway looks at the directory twice a second
        return self

    def __exit__(self, *error: Any) -> None:
        self.program.__exit__(*error)

    def state(self) -> dict[str, Any]:
        """What the gateway says, {} while it does not answer."""
        try:
            status, found = self.program.request("GET", "/v1/world")
        except OSError:
            return {}
        return dict(found) if status == 200 else {}

    def zones(self) -> dict[str, Any]:
        return dict(self.state().get("zones", {}))

    def pids(self) -> set[int]:
        return {zone["pid"] for zone in self.zones().values()}


def until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> float:
    """Waits for `condition`; returns how long it took."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < seconds, "it does not happen"
        time.sleep(0.01)
    return time.monotonic() - began_s


def join(player: socket.socket, endpoint: str) -> None:
    """Asks to be let in until the zone answers."""
    host, port = endpoint.split(":")
    player.connect((host, int(port)))
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        player.send(b"join")
        try:
            player.recv(100)
        except TimeoutError:
            continue
        return
    raise AssertionError("the zone does not answer")


def plays(player: socket.socket) -> bool:
    """True if the zone still sends what is new to it."""
    player.setblocking(False)
    try:
        while True:
            player.recv(100)
    except BlockingIOError:
        pass
    finally:
        player.settimeout(1)
    try:
        return bool(player.recv(100))
    except TimeoutError:
        return False
