"""`GET /v1/targets`: where the hosts of the world tell their metrics, for Prometheus to find them.

Responsible for: the answer, in the form of Prometheus' HTTP service discovery.
Not here: who runs what (`cluster/directory.py`), the metrics themselves (each host's front door).

Invariant: only programs of this machine are told, as everywhere where processes are named.
"""

from __future__ import annotations

import msgspec

from myriad.web.gateway.gateway import Gateway


class Targets(msgspec.Struct, frozen=True):
    """Addresses (host:port) that share labels."""

    targets: list[str]
    labels: dict[str, str]


def targets_of(gateway: Gateway, now_ns: int) -> list[Targets]:
    """One for each host, in a fixed order."""
    doors = {row.front_door for row in gateway.balancer.view.rows(now_ns) if row.front_door}
    return [Targets([door], {}) for door in sorted(doors)]
