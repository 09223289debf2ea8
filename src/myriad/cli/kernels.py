"""All kernels of the program, in groups, for warming.

Responsible for: which groups a host needs, and which there are altogether.
Not here: running them (`runtime/warm.py`), calling them (beside the kernels; `cli/rehearsal.py` for zone and client).

Invariant: after `host_groups` a host compiles nothing, after `all_groups` neither does a load test.
"""

from __future__ import annotations

from myriad.cli.rehearsal import Rehearsal
from myriad.runtime.warm import GROUPS, SERVER_GROUPS, Group


def host_groups() -> tuple[Group, ...]:
    """What `myriad server` and `myriad world` need."""
    return (*SERVER_GROUPS, *_play_groups())


def all_groups() -> tuple[Group, ...]:
    """Everything."""
    return (*GROUPS, *_play_groups(), ("load test", warm_load_test))


def warm_load_test() -> None:
    """The swarm's kernels, with one client that never begins."""
    from emberdale.game import GAME
    from myriad.loadtest.crew import build_swarm
    from myriad.loadtest.options import LoadOptions
    from myriad.loadtest.sockets import Sockets
    from myriad.loadtest.warm import warm_kernels

    options = LoadOptions(clients=1)
    with Sockets(1, options.host, options.port) as sockets:
        zone = GAME.read_map(GAME.zones[0], 60)
        warm_kernels(build_swarm(options, GAME, zone, 0, 60, sockets))


def _play_groups() -> tuple[Group, ...]:
    rehearsal = Rehearsal()
    return (
        ("zone", rehearsal.open),
        ("connections", rehearsal.connect),
        ("ticks and views", rehearsal.play),
        ("leaving", rehearsal.leave),
    )
