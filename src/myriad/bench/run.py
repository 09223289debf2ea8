"""One scenario from beginning to end.

Responsible for: yardsticks first, while nothing else runs; then servers and load tests as the scenario's plan has them;
the figures of each run, its verdict, and the capacity file.
Not here: how runs follow each other (`bench/plans.py`), processes (`bench/server.py`, `bench/load.py`).

Invariant: each run's server is new, with an empty store, unless the plan says that it goes on.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from myriad.bench.capacity import Capacity, Run, Yardstick, players_per_core, ratio_to
from myriad.bench.load import Watched, load_flags, run_load
from myriad.bench.machine import machine_facts
from myriad.bench.options import BenchOptions
from myriad.bench.plans import PLANS, Outcome
from myriad.bench.programs import cores_for
from myriad.bench.scenarios import Scenario, room_for
from myriad.bench.server import BenchServer
from myriad.bench.yardsticks import KINDS, measure_yardstick
from myriad.core.errors import MyriadError

Tell = Callable[[str], None]


class Bench:
    """What the plans have in their hands."""

    def __init__(self, scenario: Scenario, options: BenchOptions, tell: Tell) -> None:
        self.scenario = scenario
        self.options = options
        self.tell = tell
        self.seconds = options.seconds or scenario.seconds
        self.zones = scenario.zones if options.zones < 0 else options.zones
        self.clients = options.clients or scenario.clients
        self.notes: list[str] = []
        self.yardsticks: dict[str, Yardstick | None] = dict.fromkeys(KINDS)
        pinning = scenario.pinning if options.pinning == "scenario" else options.pinning
        self._server_cpus, self._generator_cpus = cores_for(pinning)
        self._settings: dict[str, str] = {}

    @contextmanager
    def server(self, clients: int, settings: Mapping[str, str] | None = None) -> Iterator[BenchServer]:
        """A new one with room for so many; `settings` besides the scenario's."""
        room = room_for(clients, self.zones)
        self._settings = room | dict(self.scenario.server) | dict(settings or {}) | self.options.settings
        with tempfile.TemporaryDirectory(prefix="myriad-bench-") as data:
            self.tell(f"starting the server for {clients} players")
            with BenchServer(
                self.zones, self.options.zones_per_host, self._settings, self._server_cpus, Path(data)
            ) as server:
                self.tell(f"ready after {server.started_s:.1f} s")
                yield server

    def measure(self, server: BenchServer, clients: int, label: str, seconds: float = 0.0) -> Run:
        """One load test. Raises MyriadError if it has no result."""
        seconds = seconds or self.seconds
        flags = load_flags(clients, seconds, self.options.seed, self.scenario.load)
        self.tell(f"{label}: {clients} players for {seconds:g} s")
        with tempfile.TemporaryDirectory(prefix="myriad-load-") as folder:
            file = Path(folder) / "result.json"
            watched = run_load(
                server, flags, seconds, self._generator_cpus, file, with_ladder=self.scenario.watches_ladder
            )
        run = make_run(
            watched,
            least_hz=self.scenario.least_hz,
            yardsticks=self.yardsticks,
            label=label,
            zones=self.zones,
            settings=self._settings,
            server_cpus=self._server_cpus,
            generator_cpus=self._generator_cpus,
            started_s=round(server.started_s, 2),
        )
        lowest = run.load_test["snapshots_per_client_hz"]["min"]
        self.tell(
            f"{label}: {'valid' if run.valid else run.reason}; {lowest} snapshots/s at least, {run.cpu_cores} cores"
        )
        return run


def make_run(watched: Watched, *, least_hz: float, yardsticks: Mapping[str, Yardstick | None], **known: Any) -> Run:
    """The figures of a load test; `known` are the fields of a run that are not in what was watched."""
    result, server = watched.result, watched.result["server"]
    reason = find_reason(watched, least_hz)
    cores = round(sum(one.cpu_cores for one in watched.processes), 4) or float(server["cpu_cores"])
    snapshots_hz = float(result["snapshots_per_client_hz"]["p50"])
    rate = float(server["cpu_us_per_client_snapshot"]) / max(float(server["cpu_cores"]), 1e-9)
    each_core = players_per_core(int(result["connected"]), snapshots_hz, cores)
    levels = [one.load_level for one in watched.samples if one.load_level is not None]
    return Run(
        valid=not reason,
        reason=reason,
        players=int(result["clients"]),
        players_in_view=dict(result["in_view"]["players"]),
        cpu_cores=cores,
        cpu_by_phase=cpu_by_phase(server["phases_cores"], float(server["thread_cpu_cores"]), cores),
        tick_lateness_p99_ms=float(server["tick_lateness_ms"]["p99"]),
        tick_lateness_p999_ms=float(server["tick_lateness_ms"]["p999"]),
        memory_bytes=sum(one.pss_bytes for one in watched.processes) or int(server["rss_bytes"]),
        processes=watched.processes,
        us_per_client_snapshot=round(rate * cores, 3),
        players_per_core=each_core,
        ratio_to_floor=result["ratio_to_floor"],
        ratio_to_naive=ratio_to(yardsticks["everyone"], each_core),
        ratio_to_naive_aoi=ratio_to(yardsticks["nearby"], each_core),
        highest_load_level=max(levels, default=None),
        load_test=dict(result),
        samples=watched.samples,
        **known,
    )


def cpu_by_phase(clocked: Mapping[str, float], threads: float, cores: float) -> dict[str, float]:
    """Cores by phase, out of what the clock says of each, the CPU of the zones' threads, and that of everything.

    Where the clock says more than the threads had, they waited for a core: then each phase gets its share of the CPU.
    """
    total = sum(clocked.values())
    scale = min(threads / total, 1.0) if total > 0 else 1.0
    found = {name: round(spent * scale, 4) for name, spent in clocked.items()}
    between, besides = max(threads - total, 0.0), max(cores - threads, 0.0)
    return found | {"between": round(between, 4), "besides": round(besides, 4)}


def find_reason(watched: Watched, least_hz: float) -> str:
    """Why a run shows nothing of what the scenario demands, "" if it shows it."""
    result = watched.result
    found = [] if result["valid"] else [f"the generator: {result['reason']}"]
    if not watched.server_ran_on:
        found.append("the server ended")
    if result["connected"] < result["clients"]:
        found.append(f"{result['clients'] - result['connected']} clients were not connected at the end")
    for name, what in (("snapshots_per_client_hz", "snapshots"), ("own_state_hz", "own states")):
        if (lowest := result[name]["min"]) < least_hz:
            found.append(f"a client got {lowest:.2f} {what} a second, fewer than {least_hz:g}")
    if result["undecodable_sections"]:
        found.append(f"{result['undecodable_sections']} sections were undecodable")
    return "; ".join(found)


def run_scenario(scenario: Scenario, options: BenchOptions, tell: Tell) -> Capacity:
    """All of it. Raises MyriadError if there is no result."""
    began_s, began_at = time.monotonic(), datetime.now().astimezone().isoformat(timespec="seconds")
    machine = machine_facts()
    bench = Bench(scenario, options, tell)
    if options.yardstick_s:
        _measure_yardsticks(bench)
    outcome = PLANS[scenario.plan](bench)
    return make_capacity(
        outcome,
        scenario=scenario.name,
        sentence=scenario.sentence,
        command=_command(scenario, options),
        began_at=began_at,
        took_s=round(time.monotonic() - began_s, 1),
        notes=bench.notes,
        machine=machine,
        naive=bench.yardsticks["everyone"],
        naive_aoi=bench.yardsticks["nearby"],
    )


def make_capacity(outcome: Outcome, **known: Any) -> Capacity:
    """The capacity file of a scenario's runs; `known` are its other fields."""
    told = {name: getattr(outcome.telling, name) for name in Run.__struct_fields__}
    reasons = [text for text in (outcome.telling.reason, outcome.reason) if text]
    told |= {"valid": not reasons, "reason": "; ".join(reasons)}
    return Capacity(
        **told,
        memory_growth=outcome.memory_growth,
        recovered_s=outcome.recovered_s,
        runs=outcome.runs if len(outcome.runs) > 1 else [],
        **known,
    )


def _measure_yardsticks(bench: Bench) -> None:
    for kind in KINDS:
        bench.tell(f"yardstick: naive, {kind}")
        try:
            found = bench.yardsticks[kind] = measure_yardstick(kind, limit_s=bench.options.yardstick_s)
        except MyriadError as error:
            bench.notes.append(str(error))
            bench.tell(str(error))
            continue
        bench.tell(f"yardstick: {found.players_per_core} players per core, with {found.clients}")
        if not found.served:
            bench.notes.append(f"naive, {kind}: no number of players was served, so there is no ratio")


def _command(scenario: Scenario, options: BenchOptions) -> str:
    """How to repeat it."""
    parts = ["myriad", "bench", scenario.name]
    for name, given in (("clients", options.clients), ("seconds", options.seconds)):
        parts += [f"--{name}", f"{given:g}"] if given else []
    parts += ["--zones", str(options.zones)] if options.zones >= 0 else []
    parts += ["--zones-per-host", str(options.zones_per_host)] if options.zones_per_host != 10 else []
    parts += ["--pinning", options.pinning] if options.pinning != "scenario" else []
    parts += ["--set", ",".join(options.set)] if options.set else []
    return shlex.join(parts)
