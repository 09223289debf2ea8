"""One run of the whole cluster from a seed; `python -m tests.simulation.run FIRST [LAST]` runs some by hand."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tests.simulation import faults
from tests.simulation.cluster import Cluster, Options


class SeedFailed(AssertionError):
    """The seed is the whole reproduction."""


def run(seed: int, change: Callable[[Cluster], None] | None = None) -> Cluster:
    """Runs `seed`; `change` may do something to the cluster first. Raises SeedFailed."""
    options = Options()
    cluster = Cluster(seed, options)
    try:
        if change is not None:
            change(cluster)
        cluster.build()
        faults.plan(cluster)
        cluster.timeline.run_until(options.fault_s + 0.1 + 1.0)
        cluster.disk.audit()
        cluster.settle()
        cluster.drain()
        cluster.check_store()
    except Exception as error:
        raise SeedFailed(f"seed {seed}, at {cluster.timeline.now_s:.3f} s: {error!r}") from error
    finally:
        cluster.disk.close()
    return cluster


def main() -> None:
    first, last = int(sys.argv[1]), int(sys.argv[-1])
    for seed in range(first, last + 1):
        start_s = time.perf_counter()
        try:
            cluster = run(seed)
        except SeedFailed as error:
            print(error)
            if first == last:
                raise
        else:
            print(
                f"seed {seed}: {time.perf_counter() - start_s:.2f} s, to {cluster.timeline.now_s:.1f} s,"
                f" {cluster.referee.num_departures} departures, {cluster.referee.num_confirmed} confirmed,"
                f" {cluster.num_deaths} deaths"
            )


if __name__ == "__main__":
    main()
