"""The capacity file: what a machine carries, with everything that is needed to judge it. Structs and their meaning.

Responsible for: names that stay stable, each field's sentence, writing and reading the file, the ratios.
Not here: how the figures come to be (`bench/run.py`), the page (`bench/page.py`).

Invariant: `docs/benchmarks.md` has a row for every field; a figure that nobody measured is null, never 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

FORMAT = 1


class Machine(Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    cpu: Annotated[str, Meta(description="Model of the processor.")]
    cores: Annotated[int, Meta(description="Cores that the benchmark may use.")]
    memory_bytes: Annotated[int, Meta(description="Memory of the machine.")]
    kernel: Annotated[str, Meta(description="Operating system and its version.")]
    load_before: Annotated[float, Meta(description="Load of the machine when the benchmark began (mean of a minute).")]
    versions: Annotated[dict[str, str], Meta(description="Of Python and of the libraries that count.")]
    commit: Annotated[str, Meta(description="Of the sources; empty outside of a git clone.")]
    changed: Annotated[bool, Meta(description="Whether the sources differed from that commit.")]


class Rates(Struct, frozen=True, kw_only=True):
    """Of all clients."""

    min: Annotated[float, Meta(description="Of the client that got fewest.")]
    p50: Annotated[float, Meta(description="Of the client in the middle.")]


class Yardstick(Struct, frozen=True, kw_only=True):
    """One of the naive servers, on one core (`benchmarks/naive/`)."""

    clients: Annotated[int, Meta(description="The most players of whom each got 19 updates a second.")]
    served: Annotated[bool, Meta(description="False if no number of players did.")]
    updates_hz: Annotated[Rates, Meta(description="Whole updates a second that they got.")]
    cpu_cores: Annotated[float, Meta(description="CPU time of the server per second.")]
    us_per_client_update: Annotated[float, Meta(description="CPU time of the server per update of one client.")]
    players_per_core: Annotated[int, Meta(description="Those clients by that CPU time.")]
    bytes_per_client_s: Annotated[int, Meta(description="UDP payload that one client received in a second.")]
    limited_by: Annotated[str, Meta(description="What ended the search: the server, or the clients' own program.")]
    steps: Annotated[list[dict[str, Any]], Meta(description="Every number of players that was tried.")]


class Process(Struct, frozen=True, kw_only=True):
    """One process of the server."""

    kind: Annotated[str, Meta(description="server, supervisor, host, gateway or relay.")]
    zones: Annotated[int, Meta(description="Zones that it runs.")]
    cpu_cores: Annotated[float, Meta(description="CPU time per second of the window.")]
    rss_bytes: Annotated[int, Meta(description="Resident memory at the end of the window.")]
    pss_bytes: Annotated[int, Meta(description="The same, shared pages counted in parts.")]


class Sample(Struct, frozen=True, kw_only=True):
    """One second of a run."""

    at_s: Annotated[float, Meta(description="Since the load test began.")]
    stage: Annotated[str, Meta(description="Of the load test: warm-up, measuring, leaving and so on.")]
    server_cores: Annotated[float, Meta(description="CPU of all processes of the server.")]
    generator_cores: Annotated[float, Meta(description="CPU of the load test.")]
    rss_bytes: Annotated[int, Meta(description="Resident memory of all processes of the server, shared pages in each.")]
    load_level: Annotated[int | None, Meta(description="Highest rung of the overload ladder; null if not looked at.")]


class Run(Struct, frozen=True, kw_only=True):
    """One load test against one server."""

    label: Annotated[str, Meta(description="Which run of the scenario it is.")]
    valid: Annotated[
        bool,
        Meta(
            description="True if the load test calls its run valid, every client was connected and got what the"
            " scenario demands, nothing was undecodable and the server ran on."
        ),
    ]
    reason: Annotated[str, Meta(description="Why the run is not valid; empty if it is.")]
    players: Annotated[int, Meta(description="Clients that were asked for.")]
    zones: Annotated[int, Meta(description="Zones of the world; 0: one that stood alone.")]
    settings: Annotated[dict[str, str], Meta(description="Settings of the server that are not the defaults.")]
    server_cpus: Annotated[list[int], Meta(description="Cores that the server could use.")]
    generator_cpus: Annotated[list[int], Meta(description="Cores that the load test could use.")]
    started_s: Annotated[float, Meta(description="From starting the server until it was ready.")]
    players_in_view: Annotated[
        dict[str, float], Meta(description="Players in one decoded view, sampled every second: p50 and max.")
    ]
    cpu_cores: Annotated[float, Meta(description="CPU time of all processes of the server per second of the window.")]
    cpu_by_phase: Annotated[
        dict[str, float],
        Meta(
            description="Cores by phase of the zones' turns, by the clock, scaled down to their threads' CPU where they"
            " waited; `between` is the rest of those threads, `besides` everything else (store, HTTP, supervisor)."
        ),
    ]
    tick_lateness_p99_ms: Annotated[float, Meta(description="How late ticks began.")]
    tick_lateness_p999_ms: Annotated[float, Meta(description="How late ticks began, to one in a thousand.")]
    memory_bytes: Annotated[
        int, Meta(description="Memory of all processes of the server at the end of the window, shared pages once.")
    ]
    processes: Annotated[list[Process], Meta(description="Each process of the server.")]
    us_per_client_snapshot: Annotated[float, Meta(description="CPU time of all of them per snapshot sent.")]
    players_per_core: Annotated[
        float, Meta(description="Clients by CPU time, at 20 snapshots a second; what the ratios to naive compare.")
    ]
    ratio_to_floor: Annotated[
        float | None, Meta(description="CPU per client and snapshot, by that of bare sockets with the same datagrams.")
    ]
    ratio_to_naive: Annotated[
        float | None, Meta(description="Players per core, by those of the naive server of the same run.")
    ]
    ratio_to_naive_aoi: Annotated[
        float | None, Meta(description="Players per core, by those of its sister with an area of interest.")
    ]
    highest_load_level: Annotated[
        int | None, Meta(description="Highest rung of the overload ladder in the run; null if not looked at.")
    ]
    load_test: Annotated[
        dict[str, Any], Meta(description="The load test's whole result; its fields are in load-test.md.")
    ]
    samples: Annotated[list[Sample], Meta(description="The run second by second.")]


class Capacity(Run, frozen=True, kw_only=True):
    """A capacity file: the run that tells most (the largest that was served, the worst of equals), and all runs."""

    format: Annotated[int, Meta(description="Version of this form.")] = FORMAT
    scenario: Annotated[str, Meta(description="Which one.")]
    sentence: Annotated[str, Meta(description="What it is.")]
    command: Annotated[str, Meta(description="By which it can be repeated.")]
    began_at: Annotated[str, Meta(description="Date and time.")]
    took_s: Annotated[float, Meta(description="All of it, yardsticks included.")]
    notes: Annotated[list[str], Meta(description="What else there is to say.")]
    memory_growth: Annotated[
        float | None,
        Meta(description="Of waves: memory at the end of the last one by that of the second, less one; else null."),
    ]
    recovered_s: Annotated[
        float | None,
        Meta(description="Of an overload: until the ladder was left after the load had gone; null: never, or none."),
    ]
    machine: Annotated[Machine, Meta(description="Where it was measured.")]
    naive: Annotated[Yardstick | None, Meta(description="The whole state, packed once, sent to all.")]
    naive_aoi: Annotated[Yardstick | None, Meta(description="Its sister with 100 m of interest per client.")]
    runs: Annotated[list[Run], Meta(description="All runs in their order, if there was more than one.")]


def players_per_core(clients: int, snapshots_hz: float, cpu_cores: float) -> float:
    """Clients that one core carries at 20 snapshots a second, by what `clients` at `snapshots_hz` cost."""
    return round(clients * (snapshots_hz / 20.0) / cpu_cores, 1) if cpu_cores > 0 else 0.0


def ratio_to(yardstick: Yardstick | None, players: float) -> float | None:
    """Players per core as a multiple of a yardstick's."""
    if yardstick is None or not yardstick.served or yardstick.players_per_core <= 0:
        return None
    return round(players / yardstick.players_per_core, 2)


def write_capacity(file: Path, capacity: Capacity) -> None:
    """Writes the file."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(capacity), indent=2) + b"\n")


def read_capacity(file: Path) -> Capacity:
    """Reads a file and checks its form. Raises OSError or msgspec.ValidationError."""
    return msgspec.json.decode(file.read_bytes(), type=Capacity)


def described_fields(struct: type[Struct] = Capacity, before: str = "") -> Iterator[tuple[str, str]]:
    """(path, sentence) of every field, nested ones with dots, those of a list's items behind `[]`."""
    for name, hint in get_type_hints(struct, include_extras=True).items():
        kind, meta = get_args(hint)[:2]
        yield f"{before}{name}", str(meta.description)
        inner, dots = _struct_in(kind)
        if inner is not None and inner is not Run:
            yield from described_fields(inner, f"{before}{name}{dots}.")


def _struct_in(kind: Any) -> tuple[type[Struct] | None, str]:
    """The struct that a field holds, directly, perhaps, or in a list."""
    is_list = get_origin(kind) is list
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, Struct):
            return one, "[]" if is_list else ""
    return None, ""
