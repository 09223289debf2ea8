"""How busy a zone has been since the last look: lateness and CPU, for its row in the directory.

Responsible for: differences of what its loop counts. Not here: counting (`runtime/zone_measures.py`).

Invariant: used by the zone's thread alone.
"""

from __future__ import annotations

from myriad.cluster.requests import ZoneLoad
from myriad.core.histogram import difference, percentile
from myriad.runtime.zone_measures import ZoneMeasures


class LoadMeter:
    """Reads one zone's measures."""

    def __init__(self, measures: ZoneMeasures) -> None:
        self._measures = measures
        self._lateness = measures.lateness.copy()
        self._cpu_ns = measures.cpu_ns
        self._read_ns = 0

    def read(self, load: ZoneLoad, now_ns: int) -> ZoneLoad:
        """`load` with lateness and CPU since the last call."""
        lateness, cpu_ns = self._measures.lateness.copy(), self._measures.cpu_ns
        late_ns = percentile(difference(lateness, self._lateness), 99)
        passed_ns = now_ns - self._read_ns
        cores = (cpu_ns - self._cpu_ns) / passed_ns if self._read_ns and passed_ns > 0 else 0.0
        self._lateness, self._cpu_ns, self._read_ns = lateness, cpu_ns, now_ns
        return load._replace(lateness_p99_ms=round(late_ns / 1e6, 3), cpu_cores=round(cores, 4))
