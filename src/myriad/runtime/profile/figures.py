"""The figures of one profile: what was read before and after, as rates and shares.

Responsible for: differences, sums and what they are divided by; the form of `myriad profile --json`.
Not here: reading (`profile/session.py`), tables on a terminal (`cli/profile.py`).

Invariants: nothing here asks anybody; a figure whose divisor is zero is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from myriad.core.errors import MyriadError
from myriad.core.histogram import Histogram, count, difference, from_sparse, percentile, total
from myriad.runtime.profile.probe import AROUND, COLLECTION, LOOP, WORK, WORLD
from myriad.runtime.profile.stacks import Node

SENTENCES: Final = {
    "receive": "datagrams taken from the socket, decrypted, inputs queued",
    "slow": "joins, leaves, messages, timeouts, inputs handed out",
    "step": "the game's rules for players and NPCs",
    "encode": "the cells of the zone, once for everybody",
    "assemble": "each player's snapshot put together and sealed",
    "send": "datagrams given to the operating system",
    WORLD: "store, cuts, borders, bus: what a zone of a world does besides",
    LOOP: "Python between the phases of a turn",
    AROUND: "sleeping, waking, commands of other threads, measuring",
    COLLECTION: "Python's garbage collection",
}
"""What each kind of work is."""


class Readings(NamedTuple):
    """What was read of one zone: `/v1/zone` before and after, the probe's last figures, and outside of the process
    the CPU time of its thread meanwhile (nanoseconds; None where the operating system does not tell)."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    between_s: float
    probe: Mapping[str, Any]
    outside_cpu_ns: int | None


def figures_of(zone: str, readings: Readings, samples: Node | None) -> dict[str, Any]:
    """Everything, for `--json`. Raises MyriadError if something is missing."""
    try:
        return _figures(zone, readings, samples)
    except (KeyError, TypeError, ValueError) as error:
        raise MyriadError(f"{zone} does not tell {error}") from None


def _figures(zone: str, readings: Readings, samples: Node | None) -> dict[str, Any]:
    before, after, between_s, probe, outside_ns = readings
    seconds = probe["wall_ns"] / 1e9
    cpu_ns = probe["cpu_ns"]
    ticks = probe["ticks"]
    clients = (before["connections"] + after["connections"]) / 2
    snapshots = (after["snapshots_sent"] - before["snapshots_sent"]) / between_s * seconds
    compared_ns = cpu_ns if outside_ns is None else outside_ns
    return {
        "zone": zone,
        "pid": probe["pid"],
        "thread": probe["thread"],
        "seconds": round(seconds, 3),
        "cpu": {
            "cores": _share(cpu_ns, probe["wall_ns"]),
            "ms": _ms(cpu_ns),
            "ms_by_operating_system": None if outside_ns is None else _ms(outside_ns),
            "covered": _share(sum(probe["work_ns"].values()), compared_ns),
            "us_per_client_s": _per(cpu_ns / 1e3 / max(seconds, 1e-9), clients),
            "us_per_snapshot": _per(cpu_ns / 1e3, snapshots),
            "us_per_tick": _per(cpu_ns / 1e3, ticks),
        },
        "work": _work(probe["work_ns"], cpu_ns, ticks, snapshots, samples),
        "waited_in_turns": {
            "share": _share(max(probe["turns_wall_ns"] - probe["turns_cpu_ns"], 0), probe["turns_wall_ns"]),
            "ms": _ms(max(probe["turns_wall_ns"] - probe["turns_cpu_ns"], 0)),
        },
        "players": {
            "in_zone": after["players"],
            "connected": round(clients, 1),
            "snapshots_per_client_hz": _per((after["snapshots_sent"] - before["snapshots_sent"]) / between_s, clients),
            "sent_bytes_per_client_s": _per((after["sent_bytes"] - before["sent_bytes"]) / between_s, clients),
        },
        "ticks": {
            "number": ticks,
            "hz": _per(ticks, seconds),
            "skipped": after["ticks_skipped"] - before["ticks_skipped"],
            "lateness_ms": _histogram(before, after, "lateness", between_s),
        },
        "gil_wait_ms": _histogram(before, after, "gil_wait", between_s),
        "allocations": _allocations(probe["allocations"], ticks),
        "collections": probe["collections"],
        "samples": 0 if samples is None else samples.value,
    }


def _work(
    work_ns: Mapping[str, int], cpu_ns: int, ticks: int, snapshots: float, samples: Node | None
) -> list[dict[str, Any]]:
    sampled = {} if samples is None else {node.frame.name: node.value for node in samples.children.values()}
    return [
        {
            "work": name,
            "what": SENTENCES[name],
            "ms": _ms(work_ns[name]),
            "share": _share(work_ns[name], cpu_ns),
            "us_per_tick": _per(work_ns[name] / 1e3, ticks),
            "us_per_snapshot": _per(work_ns[name] / 1e3, snapshots),
            "sampled_share": None if samples is None else _share(sampled.get(name, 0), samples.value),
        }
        for name in WORK
    ]


def _allocations(counted: Mapping[str, int] | None, ticks: int) -> dict[str, Any] | None:
    if counted is None:
        return None
    return {
        "blocks_per_tick": _per(counted["blocks"], ticks),
        "bytes_per_tick": _per(counted["num_bytes"], ticks),
        "resized_per_tick": _per(counted["resized"], ticks),
        "most_blocks_in_a_turn": counted["most_blocks"],
    }


def _histogram(before: Mapping[str, Any], after: Mapping[str, Any], name: str, between_s: float) -> dict[str, float]:
    recorded: Histogram = difference(
        from_sparse(after["histograms_ns"][name]), from_sparse(before["histograms_ns"][name])
    )
    found = {"p50": percentile(recorded, 50), "p99": percentile(recorded, 99), "max": percentile(recorded, 100)}
    return {
        **{key: round(value / 1e6, 3) for key, value in found.items()},
        "ms_per_s": round(total(recorded) / 1e6 / between_s, 3),
        "number": count(recorded),
    }


def _ms(value_ns: float) -> float:
    return round(value_ns / 1e6, 3)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole > 0 else 0.0


def _per(amount: float, number: float) -> float:
    return round(amount / number, 3) if number > 0 else 0.0
