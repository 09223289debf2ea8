"""All kernels of the program, in groups, for warming.

Responsible for: which groups a host needs, and which there are altogether.
Not here: running them (`runtime/warm.py`), calling them (beside the kernels; `cli/rehearsal.py` for a zone).

Groups stand in the order in which processes should take them: those that take longest first, and last the ones that
need what others compile.

Invariant: after `host_groups` a host compiles nothing, after `all_groups` neither does a load test.
"""

from __future__ import annotations

from myriad.cli.rehearsal import (
    rehearse_receiving,
    rehearse_rules,
    rehearse_session,
    rehearse_snapshots,
    rehearse_turns,
    rehearse_world,
)
from myriad.runtime.relay_ports import warm_relay_ports
from myriad.runtime.warm import GROUPS, SERVER_GROUPS, Group
from myriad.web.relay.payloads import warm_payloads

_SESSION: Group = ("session", rehearse_session)
_TURNS: Group = ("turns", rehearse_turns)


def host_groups() -> tuple[Group, ...]:
    """What `myriad server` and `myriad world` need."""
    return (*_zone_groups(), *SERVER_GROUPS, ("relay", warm_relay), *_last_groups())


def standalone_groups() -> tuple[Group, ...]:
    """What they need with `--standalone`: nothing of a world, whose maps alone would stay in memory."""
    return (*_zone_groups(), *SERVER_GROUPS, _SESSION, _TURNS)


def all_groups() -> tuple[Group, ...]:
    """Everything."""
    return (("load test", warm_load_test), *_zone_groups(), *GROUPS, ("relay", warm_relay), *_last_groups())


def warm_relay() -> None:
    """The relay's kernels."""
    warm_relay_ports()
    warm_payloads()


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


def _zone_groups() -> tuple[Group, ...]:
    return (("snapshots", rehearse_snapshots), ("receiving", rehearse_receiving), ("rules", rehearse_rules))


def _last_groups() -> tuple[Group, ...]:
    return (_SESSION, _TURNS, ("world", rehearse_world))
