"""What more players would take, computed from what was measured: `python -m myriad.bench.scale FILE [PLAYERS ...]`.

Responsible for: the measured costs that count, and the formulas of `docs/scale.md`, which has their result as a table.
Not here: measuring (`bench/run.py`), whether a world of so many hosts can be run at all (`docs/operations.md`).

Invariant: everything computed is in proportion to something measured at the same density of players; nothing is assumed
to become cheaper with size.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

from myriad.bench.capacity import Capacity, read_capacity
from myriad.core.settings import Settings

PLAYERS: Final = (10_000, 100_000)
PLAYERS_PER_ZONE: Final = 500
HEADROOM: Final = 0.7
"""So much of a core is planned with: crowds, restarts and a neighbour that takes over need the rest."""
HOST_CORES: Final = 16
HEAD_BYTES: Final = 28
"""Of IPv4 and UDP, for each datagram."""


class Measured(NamedTuple):
    """Costs of one run, each with what it is."""

    players: float
    cpu_cores: float
    memory_mb: float
    down_bytes_s: float
    up_bytes_s: float
    snapshots_hz: float
    inputs_hz: float
    cut_bytes: float
    store_cuts_s: float


MEANING: Final = Measured(
    *(
        "players of the run, 500 to a zone",
        "cores of the server's processes, everything on",
        "MB of the server's processes",
        "bytes a second to one client (p50)",
        "bytes a second from one client (p50)",
        "snapshots a second to one client",
        "input datagrams a second from one client",
        "bytes that a cut holds of one player",
        "cuts a second that the store took, alone",
    )  # type: ignore[arg-type]
)

STORE: Final = (150.0, 450.0)
"""Bytes of a player in a cut and cuts a second, of `benchmarks/store_cuts.py` with SQLite (the lowest of three)."""


class Derived(NamedTuple):
    """What a number of players takes."""

    zones: int
    cores: float
    hosts: int
    memory_gb: float
    down_mbit_s: float
    up_mbit_s: float
    datagrams_s: float
    cuts_s: float
    store_mb_s: float
    stores: float


FORMULAS: Final = Derived(
    *(
        f"players ÷ {PLAYERS_PER_ZONE}",
        f"players × measured cores ÷ measured players ÷ {HEADROOM:g}",
        f"cores ÷ {HOST_CORES}",
        "players × measured MB ÷ measured players",
        f"players × 8 × (bytes + {HEAD_BYTES} × snapshots a second)",
        f"players × 8 × (bytes + {HEAD_BYTES} × inputs a second)",
        "players × (snapshots + inputs a second)",
        f"zones × 1000 ÷ {Settings().cut_ms} ms",
        f"cuts × {PLAYERS_PER_ZONE} × bytes of a player",
        "cuts ÷ cuts that a store took",
    )  # type: ignore[arg-type]
)


def measured_from(capacity: Capacity) -> Measured:
    """The costs in a capacity file; those of the store are of a benchmark of its own."""
    result = capacity.load_test
    return Measured(
        players=capacity.players,
        cpu_cores=capacity.cpu_cores,
        memory_mb=round(capacity.memory_bytes / 1e6, 1),
        down_bytes_s=float(result["down_bytes_per_client_s"]["p50"]),
        up_bytes_s=float(result["up_bytes_per_client_s"]["p50"]),
        snapshots_hz=float(result["snapshots_per_client_hz"]["p50"]),
        inputs_hz=float(result["inputs_per_client_hz"]["p50"]),
        cut_bytes=STORE[0],
        store_cuts_s=STORE[1],
    )


def derive(measured: Measured, players: int) -> Derived:
    """What `players` take, by the formulas."""
    zones = ceil(players / PLAYERS_PER_ZONE)
    cores = players * measured.cpu_cores / measured.players / HEADROOM
    cuts_s = zones * 1000 / Settings().cut_ms
    return Derived(
        zones=zones,
        cores=round(cores, 1),
        hosts=ceil(cores / HOST_CORES),
        memory_gb=round(players * measured.memory_mb / measured.players / 1000, 1),
        down_mbit_s=round(players * 8 * (measured.down_bytes_s + HEAD_BYTES * measured.snapshots_hz) / 1e6),
        up_mbit_s=round(players * 8 * (measured.up_bytes_s + HEAD_BYTES * measured.inputs_hz) / 1e6),
        datagrams_s=round(players * (measured.snapshots_hz + measured.inputs_hz)),
        cuts_s=round(cuts_s, 1),
        store_mb_s=round(cuts_s * PLAYERS_PER_ZONE * measured.cut_bytes / 1e6, 1),
        stores=round(cuts_s / measured.store_cuts_s, 2),
    )


def measured_table(measured: Measured) -> str:
    """What was measured, as the page has it."""
    rows = zip(Measured._fields, measured, MEANING, strict=True)
    return "".join(
        [
            "| measured | value | what |\n|---|---|---|\n",
            *(f"| `{name}` | {value:g} | {what} |\n" for name, value, what in rows),
        ]
    )


def derived_table(measured: Measured, numbers: Sequence[int]) -> str:
    """What is computed from it, as the page has it."""
    columns = [derive(measured, players) for players in numbers]
    head = f"| computed | {' | '.join(f'{players:,} players' for players in numbers)} | formula |\n"
    lines = [head, f"|---|{'---|' * (len(columns) + 1)}\n"]
    for k, (name, formula) in enumerate(zip(Derived._fields, FORMULAS, strict=True)):
        lines.append(f"| `{name}` | {' | '.join(f'{column[k]:,}' for column in columns)} | {formula} |\n")
    return "".join(lines)


if __name__ == "__main__":
    found = measured_from(read_capacity(Path(sys.argv[1])))
    print(measured_table(found))
    print(derived_table(found, [int(text) for text in sys.argv[2:]] or PLAYERS))
