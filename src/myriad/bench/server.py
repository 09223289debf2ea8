"""The server of a run: one zone that stands alone, or a world, as real processes.

Responsible for: starting it with its settings and cores, its processes by kind, and the overload ladder.
Not here: the load test (`bench/load.py`), what processes cost (`bench/usage.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from myriad.bench.programs import Program
from myriad.bench.usage import family_of
from myriad.runtime.login import FrontDoor, FrontDoorError, HttpDoor

READY_S = 180.0
_ANSWER_S = 5.0


class ServerProcess(NamedTuple):
    """One process: what it is, and how many zones it runs."""

    pid: int
    kind: str
    zones: int


class BenchServer:
    """A running server; use it in a `with` block."""

    def __init__(self, zones: int, zones_per_host: int, settings: Mapping[str, str], cores: Sequence[int], data: Path):
        place = ["--zones", str(zones), "--zones-per-host", str(zones_per_host), "--data", str(data)]
        arguments = ["world", "--port", "0", "--udp-port-base", "0", *place]
        if not zones:
            arguments = ["server", "--standalone", "--port", "0"]
        self.zones = zones
        self.host, self.port, self.started_s = "", 0, 0.0
        began_s = time.monotonic()
        self.program = Program(arguments, cores, settings)
        try:
            address = self.program.until_said(r"ready at http://(\S+)", READY_S)
        except BaseException:
            self.program.__exit__()
            raise
        self.started_s = time.monotonic() - began_s
        host, _, port = address.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)

    def __enter__(self) -> BenchServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.__exit__(kind, error, trace)

    @property
    def load_flags(self) -> list[str]:
        """How the load test finds it."""
        if self.zones:
            return ["--world", f"http://{self.host}:{self.port}"]
        return ["--host", self.host, "--port", str(self.port)]

    def processes(self) -> list[ServerProcess]:
        """All of them, as they are now."""
        kinds = self._kinds() if self.zones else {}
        first = "supervisor" if self.zones else "server"
        return [
            ServerProcess(
                pid, *kinds.get(pid, (first if pid == self.program.pid else "besides", 0 if self.zones else 1))
            )
            for pid in family_of(self.program.pid)
        ]

    def load_level(self) -> int | None:
        """The highest rung of the overload ladder on which a zone stands; None if it does not answer."""
        try:
            if self.zones:
                zones = self._ops()["zones"]
                return max((int(zone["ladder"] or 0) for zone in zones), default=0)
            door = FrontDoor(self.host, self.port, _ANSWER_S)
            try:
                return int(door.zone_status()["load_level"])
            finally:
                door.close()
        except (FrontDoorError, KeyError, TypeError):
            return None

    def _kinds(self) -> dict[int, tuple[str, int]]:
        """Kind and number of zones by process, as the gateway knows them."""
        try:
            world = self._ops()
        except FrontDoorError:
            return {}
        found = {}
        for name in ("gateway", "relay"):
            if (row := world.get(name)) and row.get("pid"):
                found[int(row["pid"])] = (name, 0)
        for row in world.get("hosts", ()):
            if row.get("pid"):
                found[int(row["pid"])] = ("host", len(row["zones"]))
        return found

    def _ops(self) -> dict[str, Any]:
        door = HttpDoor(self.host, self.port, _ANSWER_S)
        try:
            return door.request("GET", "/v1/ops/world")
        finally:
            door.close()
