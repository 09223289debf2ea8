"""What a naive server does on this machine: how many players, at which price.

    .venv/bin/python -m benchmarks.naive.measure --kind everyone
    .venv/bin/python -m benchmarks.naive.measure --kind nearby --clients 500 --json nearby.json

Without `--clients` it looks for the most players of whom each still gets 19 updates a second: more and more join, each
step as many as the CPU time of the last one promises, until one gets less or the time is over. The server has the
first core for itself and the players the last one, where there are two.

Responsible for: the search and the figures. Not here: the server (`server.py`), the players (`clients.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.naive.clients import Clients
from benchmarks.naive.server import KINDS

LEAST_HZ: Final = 19.0
START: Final = {"everyone": 150, "nearby": 400}
SETTLE_S: Final = 0.7
CLOSE_ENOUGH: Final = 1.08
"""Steps end when the most that were served and the fewest that were not are so near each other."""
BUSY: Final = 0.85
"""Cores: a server that had less to do and did not serve was disturbed, and is tried once more."""

ROOT: Final = Path(__file__).parents[2]


def cpu_s_of(pid: int) -> float:
    """CPU seconds of a process so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_step(clients: Clients, pid: int, seconds: float) -> dict[str, Any]:
    """One window with the players that are there."""
    clients.play(SETTLE_S)
    before_s = cpu_s_of(pid)
    window = clients.play(seconds)
    cpu_s = cpu_s_of(pid) - before_s
    rates = window.updates / window.seconds
    cores = cpu_s / window.seconds
    updates = max(int(window.updates.sum()), 1)
    return {
        "clients": len(rates),
        "seconds": round(window.seconds, 3),
        "updates_hz": {"min": round(float(rates.min()), 2), "p50": round(float(np.median(rates)), 2)},
        "cpu_cores": round(cores, 3),
        "us_per_client_update": round(cpu_s * 1e6 / updates, 2),
        "bytes_per_client_s": round(window.num_bytes / window.seconds / len(rates)),
        "datagrams_per_update": round(window.num_datagrams / updates, 2),
        "clients_cpu_cores": round(window.cpu_s / window.seconds, 3),
    }


def next_number(served: int, cores: float, failed: int) -> int:
    """How many players to try after `served` took so many cores; `failed` (0: none yet) were too many."""
    hoped = served * min(max(0.97 / max(cores, 0.01), CLOSE_ENOUGH), 2.0)
    return round(min(hoped, (served + failed) / 2) if failed else hoped)


def search(kind: str, server: tuple[str, int], pid: int, given: int, seconds: float, limit_s: float) -> dict[str, Any]:
    """The steps, and the last one in which everybody was served (or the only one, with `given` players)."""
    until_s = time.monotonic() + limit_s
    steps: list[dict[str, Any]] = []
    best: dict[str, Any] | None = None
    failed = 0
    again: set[int] = set()
    number = given or START[kind]
    while not steps or (not given and time.monotonic() + 2 * SETTLE_S + seconds < until_s):
        with Clients(server) as clients:
            all_in = clients.join(number)
            steps.append(measure_step(clients, pid, seconds))
        if all_in and steps[-1]["updates_hz"]["min"] >= LEAST_HZ:
            best = steps[-1]
        elif steps[-1]["cpu_cores"] < BUSY and number not in again and not given:
            again.add(number)
            wait_for_silence(pid)
            continue
        else:
            failed = number
        if best is None:
            number //= 2
        elif failed and failed <= best["clients"] * CLOSE_ENOUGH:
            break
        else:
            number = next_number(best["clients"], best["cpu_cores"], failed)
        if number < 10:
            break
        wait_for_silence(pid)
    return {"steps": steps, **(best or steps[-1]), "served": best is not None}


def wait_for_silence(pid: int) -> None:
    """Until the players of the last step have been forgotten: then the server has nothing to do."""
    before_s = cpu_s_of(pid)
    while True:
        time.sleep(0.25)
        now_s = cpu_s_of(pid)
        if now_s - before_s < 0.05:
            return
        before_s = now_s


def measure(kind: str, npcs: int, given: int = 0, seconds: float = 2.0, limit_s: float = 20.0) -> dict[str, Any]:
    """Everything, with a server as a process of its own."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # who starts a process hands its cores on
    try:
        command = [sys.executable, "-m", "benchmarks.naive.server", "--kind", kind, "--npcs", str(npcs)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    finally:
        os.sched_setaffinity(0, cores)
    try:
        assert process.stdout is not None
        host, _, port = process.stdout.readline().split()[-1].rpartition(":")
        os.sched_setaffinity(0, cores[-1:])
        found = search(kind, (host, int(port)), process.pid, given, seconds, limit_s)
    finally:
        os.sched_setaffinity(0, cores)
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    return {
        "kind": kind,
        "npcs": npcs,
        "players_per_core": round(found["clients"] / max(found["cpu_cores"], 0.001)),
        "limited_by": "clients" if found["clients_cpu_cores"] > 0.95 and found["cpu_cores"] < 0.9 else "server",
        **found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="everyone")
    parser.add_argument("--npcs", type=int, default=500)
    parser.add_argument("--clients", type=int, default=0, help="so many, instead of the most that are served")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each step")
    parser.add_argument("--limit-s", type=float, default=20.0, help="for all steps")
    parser.add_argument("--json", default="", help="a file for all figures")
    options = parser.parse_args()
    found = measure(options.kind, options.npcs, options.clients, options.seconds, options.limit_s)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for step in found["steps"]:
        print(
            "{clients:6} clients: {min:5.2f} updates/s at least, {p50:5.2f} in the middle, {cpu_cores:.2f} cores,"
            " {us_per_client_update:6.2f} µs per client and update".format(**step["updates_hz"], **step)
        )
    print(f"{found['kind']}: {found['players_per_core']} players per core at 20 Hz, with {found['clients']} clients")


if __name__ == "__main__":
    main()
