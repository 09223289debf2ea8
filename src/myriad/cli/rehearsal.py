"""A zone in memory without sockets or clients, in which every kernel that a host calls is called once.

Responsible for: the calls, in steps that do not need each other, so that several processes can compile them at once.
Not here: the list of all kernels (`cli/kernels.py`); tests of what happens (`tests/scenarios/`).

Invariant: arrays have the types of real use, whatever their sizes; nothing outlives a step but machine code.
"""

from __future__ import annotations

from typing import Final

from emberdale.game import GAME
from myriad.cli.zones import make_zone
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint
from myriad.runtime.hosted_zone import ZoneSite
from myriad.wire.datagram import new_batch
from myriad.zone.snapshots import assemble_slice, encode_cells
from myriad.zone.zone import Zone

_NOW_NS: Final = 1_000_000_000
_SERVER: Final = parse_endpoint("127.0.0.1:1337")


def _new_zone() -> Zone:
    settings = Settings(npcs=20, max_entities=1024)
    return make_zone(settings, ZoneSite(GAME.zones[0], (_SERVER,), PhaseTimer(lambda: _NOW_NS)))


def rehearse_receiving() -> None:
    """Datagrams come in: none, but for the compiler that is enough."""
    _new_zone().receive(new_batch(1), 0, _NOW_NS, 1)


def rehearse_rules() -> None:
    """A tick of the game."""
    zone = _new_zone()
    zone.game.step(zone.world)


def rehearse_snapshots() -> None:
    """Cells are encoded and nobody is sent them."""
    bundle = _new_zone().bundle
    encode_cells(bundle)
    assemble_slice(bundle, new_batch(1), 0, 0, 1, _NOW_NS)


def rehearse_session() -> None:
    """A player comes, plays, talks and goes; whatever the other steps did not compile is compiled here."""
    zone = _new_zone()
    zone.poll(_NOW_NS)
    zone.rehearse(_NOW_NS)
