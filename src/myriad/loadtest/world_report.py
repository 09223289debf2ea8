"""What a load test of a world adds to the result.

Responsible for: its fields, its part of the verdict and of the table.
Not here: the rest of the result (`report.py`), the list of fields (`fields.py`).

A world served its players if, besides what holds for a zone, no handoff failed and none lost or doubled an input, every
numbered message arrived, every confirmation held, everybody saw the event, and the auditor found everything balanced.
Players whose host was killed are not asked for their snapshots, but all others are, from kill to kill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.loadtest.facts import WorldFacts


def world_fields(world: WorldFacts) -> dict[str, Any]:
    """The fields that only a world has."""
    gaps_ms, back_s = world.gaps_ns / 1e6, world.returns_ns / 1e9
    return {
        "handoffs": {
            "done": world.handoffs,
            "failed": world.handoffs_failed,
            "gap_ms": _shares(gaps_ms, p50=50, p99=99, max=100),
            "inputs_lost": world.inputs_lost,
            "inputs_doubled": world.inputs_doubled,
        },
        "reconnects": {"count": len(world.returns_ns), "back_in_s": _shares(back_s, p50=50, max=100)},
        "confirmed": {"sent": world.confirmed, "lost": world.confirmed_lost},
        "cross_zone": {
            "chats_sent": world.chats,
            "chats_lost": world.chats_lost,
            "events_seen_min": world.events_seen_min,
        },
        "chaos": {"hosts_killed": world.num_killed},
        "untouched_hosts": {
            "snapshots_per_client_hz": {"min": None if world.untouched_hz is None else round(world.untouched_hz, 3)}
        },
        "audit": {"balanced": world.balanced},
        "zones": {name: dict(figures) for name, figures in world.zones.items()},
    }


def find_broken(world: WorldFacts, wanted_hz: float) -> list[str]:
    """What was not as it should be, one sentence each; every untouched player should decode `wanted_hz` snapshots."""
    found = []
    if world.handoffs_failed and not world.num_killed:
        found.append(f"{world.handoffs_failed} handoffs failed")
    if world.inputs_lost or world.inputs_doubled:
        found.append(f"handoffs lost {world.inputs_lost} inputs and doubled {world.inputs_doubled}")
    if len(world.returns_ns) and not world.num_killed:
        found.append(f"{len(world.returns_ns)} players lost their connection and had to resume")
    if world.confirmed_lost:
        found.append(f"{world.confirmed_lost} confirmed things were lost")
    if world.chats_lost:
        found.append(f"{world.chats_lost} messages to other zones were lost")
    if world.events_seen_min == 0:
        found.append("somebody did not see the event")
    if world.untouched_hz is not None and world.untouched_hz < wanted_hz:
        found.append(f"a player of a host that was not killed decoded {world.untouched_hz:.2f} snapshots a second")
    if world.balanced is False:
        found.append("the auditor found something that does not add up")
    return found


def world_rows(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of the table that a person reads."""
    handoffs, back, talk = result["handoffs"], result["reconnects"], result["cross_zone"]
    balanced = {True: "balanced", False: "NOT balanced", None: "no report"}[result["audit"]["balanced"]]
    rows = [
        ("handoffs", "{done}, {failed} failed, inputs lost {inputs_lost}, doubled {inputs_doubled}".format(**handoffs)),
        ("handoff gap", "p50 {p50:.1f}, p99 {p99:.1f}, max {max:.1f} ms".format(**handoffs["gap_ms"])),
        ("reconnects", "{}, back in p50 {p50:.2f}, max {max:.2f} s".format(back["count"], **back["back_in_s"])),
        ("confirmed", "{sent}, lost {lost}".format(**result["confirmed"])),
        ("across zones", f"{talk['chats_sent']} messages, {talk['chats_lost']} lost; events {talk['events_seen_min']}"),
        ("audit", balanced),
    ]
    lowest = result["untouched_hosts"]["snapshots_per_client_hz"]["min"]
    if lowest is not None:
        rows.append(
            ("untouched players", f"min {lowest:.2f} snapshots/s, {result['chaos']['hosts_killed']} hosts killed")
        )
    return rows


def _shares(values: npt.NDArray[np.float64], **percent: float) -> dict[str, float]:
    """Percentiles by name, 0 if there are no values."""
    if len(values) == 0:
        return dict.fromkeys(percent, 0.0)
    return {name: round(float(np.percentile(values, q, method="nearest")), 3) for name, q in percent.items()}
