"""Runs and capacity files for tests, without any process."""

from __future__ import annotations

from typing import Any

from myriad.bench.capacity import Capacity, Machine, Process, Rates, Run, Sample, Yardstick
from myriad.bench.load import Watched
from myriad.bench.plans import Outcome
from myriad.bench.run import make_capacity, make_run


def load_result(**changes: Any) -> dict[str, Any]:
    """Those fields of a load test's result that a benchmark reads: 100 clients, all well."""
    basis: dict[str, Any] = {
        "valid": True,
        "reason": "",
        "clients": 100,
        "connected": 100,
        "snapshots_per_client_hz": {"min": 19.5, "p1": 19.9, "p50": 20.0},
        "own_state_hz": {"min": 19.5},
        "in_view": {"players": {"p50": 12, "max": 30}},
        "down_bytes_per_client_s": {"p50": 5000.0, "max": 6000.0},
        "up_bytes_per_client_s": {"p50": 450.0, "max": 500.0},
        "inputs_per_client_hz": {"min": 10.0, "p50": 10.0},
        "undecodable_sections": 0,
        "generator_cpu_cores": 0.2,
        "floor_us_per_datagram": 4.0,
        "ratio_to_floor": 2.5,
        "server": {
            "cpu_cores": 0.02,
            "rss_bytes": 200_000_000,
            "cpu_us_per_client_snapshot": 10.0,
            "thread_cpu_cores": 0.018,
            "phases_cores": {"receive": 0.004, "send": 0.006},
            "tick_lateness_ms": {"p50": 0.1, "p99": 1.0, "max": 9.0, "p999": 5.0},
        },
    }
    return basis | changes


def watched(server_ran_on: bool = True, **changes: Any) -> Watched:
    processes = [
        Process(kind="supervisor", zones=0, cpu_cores=0.005, rss_bytes=90_000_000, pss_bytes=40_000_000),
        Process(kind="host", zones=10, cpu_cores=0.02, rss_bytes=190_000_000, pss_bytes=160_000_000),
    ]
    samples = [
        Sample(
            at_s=s, stage="measuring", server_cores=0.025, generator_cores=0.2, rss_bytes=280_000_000, load_level=s % 2
        )
        for s in range(1, 6)
    ]
    return Watched(load_result(**changes), processes, samples, server_ran_on)


def yardstick(players_per_core: int = 600, served: bool = True) -> Yardstick:
    return Yardstick(
        clients=590,
        served=served,
        updates_hz=Rates(min=19.5, p50=20.0),
        cpu_cores=0.98,
        us_per_client_update=80.0,
        players_per_core=players_per_core,
        bytes_per_client_s=480_000,
        limited_by="server",
        steps=[{"clients": 590}],
    )


def run(label: str = "a run", least_hz: float = 19.0, **changes: Any) -> Run:
    return make_run(
        watched(**changes),
        least_hz=least_hz,
        yardsticks={"everyone": yardstick(600), "nearby": yardstick(1500)},
        label=label,
        zones=10,
        settings={"max_players": "125"},
        server_cpus=[0],
        generator_cpus=[1],
        started_s=2.5,
    )


def capacity(outcome: Outcome | None = None, **changes: Any) -> Capacity:
    basis: dict[str, Any] = {
        "scenario": "myriad",
        "sentence": "Players <everywhere> & nowhere.",
        "command": "myriad bench myriad",
        "began_at": "2026-11-26T12:00:00+00:00",
        "took_s": 100.0,
        "notes": ["a <note>"],
        "machine": Machine(
            cpu="A processor",
            cores=2,
            memory_bytes=8_000_000_000,
            kernel="Linux 6",
            load_before=0.1,
            versions={"python": "3.11.7"},
            commit="0" * 40,
            changed=False,
        ),
        "naive": yardstick(600),
        "naive_aoi": yardstick(1500),
    }
    return make_capacity(outcome or Outcome([run()], run()), **(basis | changes))
