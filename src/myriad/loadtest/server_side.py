"""What the server says about itself, before and after the window.

Responsible for: reading `/v1/zone` and taking differences.
Not here: HTTP (`runtime/login.py`).

Invariant: figures are differences over the window, except counts of what is there now (NPCs, memory).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from myriad.core.errors import MyriadError
from myriad.core.histogram import Histogram, difference, from_sparse, total
from myriad.core.phases import PHASES
from myriad.loadtest.facts import ServerFacts


def server_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> ServerFacts:
    """The window's figures from two answers of `/v1/zone`. Raises MyriadError if they lack something."""
    try:
        return ServerFacts(
            npcs=int(after["npcs"]),
            snapshot_hz=float(after["snapshot_hz"]),
            cpu_s=float(after["cpu_seconds"]) - float(before["cpu_seconds"]),
            rss_bytes=int(after["memory_bytes"]),
            ticks=int(after["ticks"]) - int(before["ticks"]),
            lateness=difference(_lateness(after), _lateness(before)),
            snapshots_sent=int(after["snapshots_sent"]) - int(before["snapshots_sent"]),
            hits=_grown(before, after, "game", "hits"),
            deaths=_grown(before, after, "game", "deaths"),
            pickups=_grown(before, after, "game", "pickups"),
            drops={
                name: grown
                for name, number in after["drops"].items()
                if (grown := int(number) - int(before["drops"].get(name, 0))) > 0
            },
            phases_ns={name: _spent_ns(after, name) - _spent_ns(before, name) for name in PHASES},
            thread_cpu_s=float(after["thread_cpu_seconds"]) - float(before["thread_cpu_seconds"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MyriadError(f"the server's /v1/zone lacks {error}") from None


def _lateness(status: Mapping[str, Any]) -> Histogram:
    return from_sparse(status["histograms_ns"]["lateness"])


def _spent_ns(status: Mapping[str, Any], phase: str) -> int:
    """So far; 0 before the zone had such a phase."""
    recorded = status["histograms_ns"].get(phase)
    return 0 if recorded is None else total(from_sparse(recorded))


def _grown(before: Mapping[str, Any], after: Mapping[str, Any], table: str, name: str) -> int:
    """By how much a counter grew; 0 for one that this game does not have."""
    return int(after.get(table, {}).get(name, 0)) - int(before.get(table, {}).get(name, 0))
