"""What goes wrong in a run, drawn from its seed."""

from __future__ import annotations

from functools import partial

from tests.simulation.cluster import KEYS, ROOM, Cluster
from tests.simulation.timeline import NS_PER_S

STEPS = (
    *("freeze", "cut", "before Cut", "after Cut", "committed", "confirmed", "depart", "departed"),
    *("install", "installed", "token", "offer", "take_out", "end of turn"),
    *("before Claim", "after Claim", "before AcquireLease", "after AcquireLease", "before RenewLease"),
    *(f"{when} {kind}" for when in ("before", "after") for kind in ("Reserve", "Granted", "Ready", "Withdraw")),
    *(f"{when} {kind}" for when in ("before", "after") for kind in ("Denied", "Activate", "Activated")),
    *("before FindArrivals", "after FindArrivals"),
)
"""Where a process may die: around every step of a handoff, a cut and a claim."""


def plan(cluster: Cluster) -> None:
    """Puts the run's faults on its timeline; all are over after `options.fault_s`."""
    chance, network, disk = cluster.timeline.chance, cluster.network, cluster.disk
    network.loss = chance.choice((0.0, 0.02, 0.1, 0.25))
    network.doubling = chance.choice((0.0, 0.05, 0.3))
    network.late = chance.choice((0.0, 0.05, 0.2))
    disk.slow = chance.choice((0.0, 0.0, 0.05, 0.2))
    disk.silent = chance.choice((0.0, 0.02, 0.2))
    disk.failing = chance.choice((0.0, 0.02, 0.2))
    cluster.deadly = chance.choice((0.0, 0.0, 0.0005))
    for _ in range(chance.randrange(4)):
        cluster.deadly_steps[chance.choice(STEPS)] = chance.randrange(12)
    if cluster.timeline.happens(0.2):
        cluster.max_beings = 2
        for process in cluster.current.values():
            process.zone.max_beings = 2
    for _ in range(chance.randrange(2, 9)):
        fault = partial(chance.choice(FAULTS), cluster)
        cluster.timeline.after(chance.uniform(1.5, cluster.options.fault_s - 0.5), fault)
    for second in range(2, int(cluster.options.fault_s) + 1):
        cluster.timeline.after(second, disk.audit)
    cluster.timeline.after(cluster.options.fault_s, lambda: heal(cluster))


def heal(cluster: Cluster) -> None:
    network, disk = cluster.network, cluster.disk
    network.loss = network.doubling = network.late = 0.0
    network.cut_off.clear()
    disk.slow = disk.silent = disk.failing = 0.0
    disk.down = cluster.gateway_down = False
    cluster.deadly = 0.0
    cluster.deadly_steps.clear()
    cluster.max_beings = ROOM
    for process in cluster.processes.values():
        process.zone.max_beings = ROOM
        process.paused_until_ns = min(process.paused_until_ns, cluster.timeline.now_ns)


def kill(cluster: Cluster) -> None:
    process = cluster.current[cluster.timeline.chance.choice(KEYS)]
    if not process.dead:
        process.die()


def stop_in_order(cluster: Cluster) -> None:
    """A zone is drained and ends, and begins anew."""
    process = cluster.current[cluster.timeline.chance.choice(KEYS)]
    if process.started:
        process.do(process.stop)


def pause(cluster: Cluster) -> None:
    """A process is stopped, perhaps beyond its lease; perhaps another takes the zone meanwhile."""
    chance = cluster.timeline.chance
    key = chance.choice(KEYS)
    process = cluster.current[key]
    process.paused_until_ns = cluster.timeline.now_ns + int(chance.uniform(0.2, 4.0) * NS_PER_S)
    if cluster.timeline.happens(0.6):
        cluster.timeline.after(chance.uniform(0.1, 2.5), lambda: cluster.replace(key))


def cut_off(cluster: Cluster) -> None:
    """Nothing gets from one end to another, one way."""
    chance, ends = cluster.timeline.chance, [process.host.name for process in cluster.current.values()]
    source = chance.choice([*ends, *cluster.clients])
    target = chance.choice(ends)
    way = (source, target) if chance.random() < 0.5 else (target, source)
    cluster.network.cut_off.add(way)
    cluster.timeline.after(chance.uniform(0.2, 3.0), lambda: cluster.network.cut_off.discard(way))


def outage(cluster: Cluster) -> None:
    """The store is away, sometimes for longer than leases last."""
    cluster.disk.down = True
    cluster.timeline.after(cluster.timeline.chance.uniform(0.1, 3.0), lambda: setattr(cluster.disk, "down", False))


def gateway_outage(cluster: Cluster) -> None:
    cluster.gateway_down = True
    cluster.timeline.after(cluster.timeline.chance.uniform(0.2, 3.0), lambda: setattr(cluster, "gateway_down", False))


def second_login(cluster: Cluster) -> None:
    """Somebody logs a character in that plays already, and gives up after a while."""
    chance = cluster.timeline.chance
    character = chance.choice([client.character for client in cluster.clients.values()])
    client = cluster.add_client(f"second {cluster.new_number()}", character)
    client.login()
    cluster.timeline.after(chance.uniform(0.3, 2.0), client.stop)


def quit_for_a_while(cluster: Cluster) -> None:
    """A player goes without a word, and comes again with another session."""
    chance = cluster.timeline.chance
    client = chance.choice([client for client in cluster.clients.values() if not client.stopped])
    client.stop()
    again = cluster.add_client(f"again {cluster.new_number()}", client.character)
    cluster.timeline.after(chance.uniform(0.1, 4.0), again.login)


FAULTS = (kill, pause, stop_in_order, cut_off, cut_off, outage, gateway_outage, second_login, quit_for_a_while)
