"""One load test against a running server, watched second by second.

Responsible for: its flags, the moments at which its window begins and ends, what all processes cost between them.
Not here: what is made of it (`bench/run.py`).

Invariant: the window's figures are differences between the moment at which the load test says that it measures and the
one at which it says that it is done.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from myriad.bench.capacity import Process, Sample
from myriad.bench.programs import Program
from myriad.bench.server import BenchServer, ServerProcess
from myriad.bench.usage import Usage, family_of, pss_bytes, usage_of
from myriad.core.errors import EXIT_FAILED, EXIT_OK, MyriadError

EACH_S: Final = 1.0
OTHER_STAGES_S: Final = 420.0
"""Kernels, maps, logins, leaving and the floor, all of them together."""

_STAGE = re.compile(r"^([a-z-]+): (\d+) of (\d+)")
MEASURING: Final = "measuring"


class Watched(NamedTuple):
    """What a load test said, and what was seen meanwhile."""

    result: Mapping[str, Any]
    processes: list[Process]
    samples: list[Sample]
    server_ran_on: bool


class Watch:
    """Notes costs: each second, and when the window begins and ends."""

    def __init__(self, server: BenchServer, with_ladder: bool) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._with_ladder = with_ladder
        self._began_s = time.monotonic()
        self._stage = "starting"
        self._processes: list[ServerProcess] = []
        self._marks: list[tuple[float, dict[int, Usage]]] = []
        self._memory: dict[int, tuple[int, int]] = {}
        self._last: tuple[float, float, float] | None = None

    def heard(self, line: str) -> None:
        """A line of the load test."""
        found = _STAGE.match(line)
        if not found:
            return
        self._stage, done, total = found[1], int(found[2]), int(found[3])
        if self._stage == MEASURING and not self._marks:
            self._processes = self._server.processes()
            self._mark()
        elif len(self._marks) == 1 and (self._stage != MEASURING or done >= total):
            self._mark()
            self._memory = {one.pid: (usage_of(one.pid).rss_bytes, pss_bytes(one.pid)) for one in self._processes}

    def look(self, generator: int) -> None:
        """One sample; `generator` is the load test's process."""
        now_s = time.monotonic()
        usages = [usage_of(pid) for pid in family_of(self._server.program.pid)]
        server_s, generator_s = sum(one.cpu_s for one in usages), usage_of(generator).cpu_s
        if self._last is not None and now_s > self._last[0]:
            then_s, server_before_s, generator_before_s = self._last
            self.samples.append(
                Sample(
                    at_s=round(now_s - self._began_s, 2),
                    stage=self._stage,
                    server_cores=round(max(server_s - server_before_s, 0.0) / (now_s - then_s), 3),
                    generator_cores=round(max(generator_s - generator_before_s, 0.0) / (now_s - then_s), 3),
                    rss_bytes=sum(one.rss_bytes for one in usages),
                    load_level=self._server.load_level() if self._with_ladder else None,
                )
            )
        self._last = (now_s, server_s, generator_s)

    def processes(self) -> list[Process]:
        """Each process of the server over the window; none if there was no whole window."""
        if len(self._marks) < 2:
            return []
        (began_s, before), (ended_s, after) = self._marks
        return [
            Process(
                kind=one.kind,
                zones=one.zones,
                cpu_cores=round(max(after[one.pid].cpu_s - before[one.pid].cpu_s, 0.0) / (ended_s - began_s), 4),
                rss_bytes=self._memory[one.pid][0],
                pss_bytes=self._memory[one.pid][1],
            )
            for one in self._processes
        ]

    def _mark(self) -> None:
        self._marks.append((time.monotonic(), {one.pid: usage_of(one.pid) for one in self._processes}))


def load_flags(clients: int, seconds: float, seed: int, given: Mapping[str, str]) -> list[str]:
    """Flags of the load test; the time for getting in grows with the players unless it is given."""
    values = {"warm_up_s": f"{min(60 + clients / 100, 600):.0f}"} | dict(given)
    flags = ["--clients", str(clients), "--seconds", f"{seconds:g}", "--seed", str(seed), "--floor"]
    for name, value in values.items():
        flags += [f"--{name.replace('_', '-')}", *([] if value == "on" else [value])]
    return flags


def run_load(
    server: BenchServer, flags: Sequence[str], seconds: float, cores: Sequence[int], file: Path, with_ladder: bool
) -> Watched:
    """Runs it to its end; its result goes through `file`. Raises MyriadError if it has none."""
    watch = Watch(server, with_ladder)
    arguments = ["load-test", *server.load_flags, *flags, "--json", str(file)]
    with Program(arguments, cores, heard=watch.heard) as program:
        stop = threading.Event()
        watcher = threading.Thread(target=_watch, args=(watch, program.pid, stop), name="watch", daemon=True)
        watcher.start()
        try:
            code = program.result(seconds + OTHER_STAGES_S)
        finally:
            stop.set()
            watcher.join()
        if code not in (EXIT_OK, EXIT_FAILED) or not file.exists():
            raise MyriadError(f"the load test failed: {program.last_words}")
    result = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    return Watched(result, watch.processes(), watch.samples, server.program.is_running)


def _watch(watch: Watch, generator: int, stop: threading.Event) -> None:
    next_s = time.monotonic()
    while not stop.wait(max(next_s - time.monotonic(), 0.0)):
        watch.look(generator)
        next_s = max(next_s + EACH_S, time.monotonic())
