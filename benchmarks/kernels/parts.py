"""Parts of kernels as kernels of their own, so that Python can call and time them."""

from __future__ import annotations

from emberdale.npcs import npcs_rule
from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel, kernel
from myriad.netcode.server import seal
from myriad.replication.sorting import sort_rows
from myriad.sim.grid import rebuild_grid
from myriad.sim.world import World
from myriad.wire.datagram import Batch
from myriad.zone.arrays import ZoneArrays


@kernel
def rebuild(world: World) -> None:
    rebuild_grid(world)


@kernel
def npc_rules(world: World) -> None:
    npcs_rule(world)


@bare_kernel
def quantise_and_sort(bundle: Bundle[ZoneArrays], snapshot: int) -> None:
    zone = unbundle(bundle)
    sort_rows(zone.cells, zone.world.entities, int(zone.world.clock["num_rows"][0]), snapshot)


@bare_kernel
def seal_all(bundle: Bundle[ZoneArrays], out: Batch, length: int, now_ns: int) -> int:
    """A payload of `length` bytes for every player; returns how many."""
    zone = unbundle(bundle)
    used = 0
    for row in range(int(zone.server.state["num_rows"][0])):
        if zone.sessions["active"][row] != 0:
            seal(zone.server, out, used, row, length, now_ns)
            used += 1
    return used
