"""What a zone of a world tells operators of itself: numbers since its start, and times of the last moments.

Responsible for: `ZoneMeter`, which makes the numbers of the moment out of what a zone counts, and recent histograms.
Not here: counting (`runtime/zone_measures.py`, zones), what a gateway makes of it (`web/ops/watch.py`).

Nobody asks, nothing is computed. Whoever asks within a second of somebody else hears the same.

Invariants: counters only go up while the zone runs; a time is of what happened since the last look, so between one
second and as long as nobody looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from myriad.core.clock import NS_PER_S
from myriad.core.histogram import Histogram, count, difference, maximum, percentile
from myriad.core.phases import PHASES

FRESH_NS: Final = 900_000_000
WINDOW_NS: Final = 5 * NS_PER_S

_COUNTED: Final = {
    "snapshots": "snapshots_sent",
    "joins": "joins",
    "received_bytes": "received_bytes",
    "sent_bytes": "sent_bytes",
    "skipped_ticks": "ticks_skipped",
}
_SHOWN: Final = {"players": "players", "connected": "connections", "npcs": "npcs", "ladder": "load_level"}


class Recent:
    """Histograms of the last 5 to 10 seconds, out of those since the start."""

    def __init__(self) -> None:
        self._old: dict[str, Histogram] = {}
        self._newer: dict[str, Histogram] = {}
        self._newer_ns = 0

    def read(self, now: dict[str, Histogram], now_ns: int) -> dict[str, Histogram]:
        """What was recorded lately; `now` is copies, which are kept."""
        if now_ns - self._newer_ns >= WINDOW_NS:
            stale = now_ns - self._newer_ns >= 4 * WINDOW_NS
            self._old = {} if stale else self._newer
            self._newer, self._newer_ns = now, now_ns
        return {name: difference(each, self._old[name]) if name in self._old else each for name, each in now.items()}


class ZoneMeter:
    """The numbers of one zone."""

    def __init__(self) -> None:
        self._before: dict[str, Histogram] = {}
        self._read_ns = 0
        self._answer: dict[str, Any] = {}

    def fresh(self, now_ns: int) -> dict[str, Any] | None:
        """What was told a moment ago, None if that is too long ago."""
        return self._answer if self._answer and now_ns - self._read_ns < FRESH_NS else None

    def read(self, status: Mapping[str, Any], histograms: dict[str, Histogram], now_ns: int) -> dict[str, Any]:
        """`status` is what the zone shows of itself, `histograms` copies of turn, lateness and handoff_gap."""
        lately = {
            name: difference(each, self._before[name]) if name in self._before else each
            for name, each in histograms.items()
        }
        self._before, self._read_ns = histograms, now_ns
        cut_ms = max(float(status.get("cut_age_seconds", 0.0)) * 1e3, status.get("cut_took_ns", 0) / 1e6)
        self._answer = {
            "now_ns": now_ns,
            "cpu_ns": status.get("cpu_ns", 0),
            **{name: status.get(key, 0) for name, key in (_COUNTED | _SHOWN).items()},
            "drops": {reason: number for reason, number in status.get("drops", {}).items() if number},
            "handoffs": status.get("handoffs_to", {}),
            "handoffs_failed": status.get("handoffs_failed_to", {}),
            "cut_ms": round(cut_ms, 3) or None,
            "tick_p50_ms": _ms(lately.get("turn"), 50),
            "tick_p99_ms": _ms(lately.get("turn"), 99),
            "late_p99_ms": _ms(lately.get("lateness"), 99),
            "gap_p99_ms": _ms(lately.get("handoff_gap"), 99),
        }
        return self._answer


def phase_rows(histograms: Mapping[str, Histogram]) -> list[dict[str, Any]]:
    """The phases of a tick that took time, as operators are shown them."""
    return [
        {"phase": name, "p50_ms": _ms(found, 50), "p99_ms": _ms(found, 99), "max_ms": round(maximum(found) / 1e6, 3)}
        for name in PHASES
        if (found := histograms.get(name)) is not None and count(found)
    ]


def _ms(histogram: Histogram | None, percent: float) -> float | None:
    """A percentile in milliseconds; None if nothing was recorded."""
    if histogram is None:
        return None
    found_ns = percentile(histogram, percent)
    return round(found_ns / 1e6, 3) if found_ns or count(histogram) else None
