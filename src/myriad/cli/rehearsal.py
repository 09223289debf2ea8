"""A zone in memory without sockets or clients, in which every kernel that a host calls is called once.

Responsible for: the calls, in steps that do not need each other, so that several processes can compile them at once.
Not here: the list of all kernels (`cli/kernels.py`); tests of what happens (`tests/scenarios/`).

Invariant: arrays have the types of real use, whatever their sizes; nothing outlives a step but machine code.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from emberdale.game import GAME
from myriad.cli.zones import ZoneStates, make_zone, zone_maker
from myriad.cluster.requests import PLAYING, CharacterRow, LeaseGranted, ZoneKey
from myriad.core.clock import NS_PER_S, FixedStep
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.game import COINS
from myriad.netcode.addresses import parse_endpoint
from myriad.runtime.endpoints import open_udp
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.lean_turn import LeanTurn
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.sim.rows import find_row
from myriad.wire.datagram import new_batch
from myriad.zone.snapshots import assemble_slice, encode_cells
from myriad.zone.world_zone import WorldZone
from myriad.zone.zone import Zone

_NOW_NS: Final = 1_000_000_000
_FIRST, _SECOND, _THIRD = 1, 2, 3
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
    zone.game.advance(zone.world)


def rehearse_snapshots() -> None:
    """Cells are encoded and nobody is sent them."""
    bundle = _new_zone().bundle
    encode_cells(bundle)
    assemble_slice(bundle, new_batch(1), 0, 0, 1, _NOW_NS)


def rehearse_turns() -> None:
    """Both ends of a turn, with a real socket that nobody sends to."""
    zone = _new_zone()
    port = UdpPort(open_udp("127.0.0.1", 0))
    turn = LeanTurn(zone, port, ZoneMeasures(), 1, 1)
    turn.begin(0, 0, 0, may_open=True)
    turn.finish(0, 0, (True, 0, 1), (0, 0, 0))
    turn.run(FixedStep(60), 0, 0)  # the lease was over long ago: a turn begins, and that is all
    port.close()


@contextmanager
def _unheard() -> Iterator[None]:
    """Nobody is to read in a log who came to a rehearsal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@_unheard()
def rehearse_session() -> None:
    """A player comes, plays, talks and goes; whatever the other steps did not compile is compiled here."""
    zone = _new_zone()
    zone.poll(_NOW_NS)
    zone.rehearse(_NOW_NS)


@_unheard()
def rehearse_world() -> None:
    """Two characters come to a zone of a world, are seen across its border, deal with each other, and go."""
    zone = _new_world_zone()
    zone.start(LeaseGranted(1, None, ()), _NOW_NS)
    zone.poll(_NOW_NS)
    part, world, game = zone.part, zone.world, zone.game
    area = part.border.area
    for character in (_FIRST, _SECOND):
        part.residence.install(_character(character, area.east - 5.0, area.north - 5.0), -1)
    for _ in range(zone.world.clock["tick_hz"][0] // 2):
        zone.tick(_NOW_NS)
    giver, taker = (int(find_row(world, character)) for character in (_FIRST, _SECOND))
    world.entities["coins"][giver] = 2
    game.exchange(world, giver, taker, ((COINS, 1),), ())
    for index in range(len(part.border.neighbours)):
        for block in part.border.blocks(index):
            part.border.receive(index, block, _NOW_NS)
        game.apply_effect(world, 1, 1, _FIRST, _SECOND, 0, 0, index)
    leaving = part.residence.freeze(_FIRST)
    part.residence.cut()
    part.residence.depart(_FIRST, ZoneKey(part.border.neighbours[0].name))
    part.border.expire(_NOW_NS + NS_PER_S)
    game.restore(world, _THIRD, -1, "rehearsal", leaving.record, game.layout)
    part.residence.take_out(_SECOND)
    zone.close(_NOW_NS)


def _character(character: int, x: float, y: float) -> CharacterRow:
    return CharacterRow(character, 1, "rehearsal", ZoneKey(GAME.zones[0]), 1, PLAYING, 1, 1, x, y, None, "", 0)


def _new_world_zone() -> WorldZone:
    settings = Settings(npcs=20, max_entities=1024)
    site = ZoneSite(GAME.zones[0], (_SERVER,), PhaseTimer(lambda: _NOW_NS), secret=bytes(32))
    zone = zone_maker(GAME, ZoneStates(GAME, settings))(settings, site)
    assert isinstance(zone, WorldZone)
    return zone
