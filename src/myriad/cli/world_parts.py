"""What the processes of a world are made of: store, bus, auditor, zones and HTTP applications, by the settings.

Responsible for: putting together what `runtime/` is handed in.
Not here: any of it; the order in which it starts (`runtime/`).

Invariant: nothing here opens or starts anything: it says how.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, cast

from emberdale.browser_info import FOLDER, browser_info
from emberdale.browser_maps import TILESET, shown_map
from myriad.bus import Bus, open_bus
from myriad.cli.kernels import host_groups
from myriad.cli.zones import ZoneStates, game_of, num_layers, spawn_points, zone_maker
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import resolve
from myriad.runtime.gateway_process import GatewayParts, GatewayTies
from myriad.runtime.http_server import AsgiApplication
from myriad.runtime.relay_ports import RowPorts
from myriad.runtime.relay_process import RelayParts
from myriad.runtime.repeating import Repeating
from myriad.runtime.store_thread import StoreThread
from myriad.runtime.warm import Progress, warm
from myriad.runtime.world_host import WorldParts
from myriad.runtime.world_process import World, eager_zones
from myriad.storage.auditor import Auditor
from myriad.storage.port import Store, open_store
from myriad.storage.writer import Writer
from myriad.web.api.application import build_application
from myriad.web.gateway.addresses import check_exposure, parse_prefixes
from myriad.web.gateway.application import build_gateway
from myriad.web.gateway.game_info import game_info
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.maps import MapSource
from myriad.web.gateway.pages import CLIENT, Folders
from myriad.web.gateway.passwords import Passwords
from myriad.web.gateway.ports import FutureStore
from myriad.web.gateway.ports import World as GatewayWorld
from myriad.web.ops.operations import Operations
from myriad.web.relay.answers import answer, numbers
from myriad.web.relay.limits import limits_of
from myriad.web.relay.messages import MAX_MESSAGE_BYTES, ROWS
from myriad.web.relay.relay import Relay
from myriad.web.relay.routes import Routes
from myriad.zone.login import protocol_id_of

_OPERATIONS_STOP_S = 0.3

if TYPE_CHECKING:
    from myriad.storage.store import SqlStore


def open_place(settings: Settings) -> Store:
    """The store of the settings: a database server, or a file in the data folder."""
    return open_store(
        settings.store or settings.data, wall_ms=_wall_ms, random_bytes=os.urandom, sync=settings.store_sync
    )


def check_store(settings: Settings) -> None:
    """Opens the store and lets it go again. Raises StartupError or StoreUnavailable."""
    open_place(settings).close()


def host_parts(settings: Settings, game: Game, states: ZoneStates | None = None) -> WorldParts:
    """For a host, which finds the states of zones in `states` if they were made before."""
    return WorldParts(
        make_zone=zone_maker(game, states or ZoneStates(game, settings)),
        spawn_point=lambda zone: spawn_points(game, zone, settings.tick_hz)[0],
        open_worker=partial(_open_writer, settings),
        open_bus=partial(_open_bus, settings),
        make_application=build_application,
    )


def gateway_parts(settings: Settings, game: Game) -> GatewayParts:
    """For a gateway. Raises StartupError if it may not listen where it is told to."""
    check_exposure(settings, resolve(settings.bind))
    return GatewayParts(
        open_worker=partial(_open_writer, settings),
        open_bus=partial(_open_bus, settings),
        open_auditor=partial(_open_auditor, settings),
        make_application=partial(_build_gateway, game),
    )


def _build_gateway(game: Game, ties: GatewayTies) -> AsgiApplication:
    """The gateway's application, in the process that serves it."""
    settings = ties.settings
    start_points = spawn_points(game, game.zones[0], settings.tick_hz)
    info = game_info(game, settings, browser_info(settings.tick_hz))
    maps = MapSource(partial(shown_map, game.world_map), game.zones, TILESET.read_bytes())
    world = GatewayWorld(game.world_map, game.name, start_points, info, maps)
    gateway = Gateway(settings, resolve(settings.bind), world)
    passwords = Passwords()
    gateway.fleet = lambda: ties.fleet
    gateway.sources.append(ties.samples)
    ties.audit_listeners.append(gateway.note_audit)
    ties.at_end.append(passwords.close)
    folders = Folders(CLIENT, FOLDER)
    return build_gateway(
        gateway,
        FutureStore(ties.store.ask),
        ties.clock,
        passwords=passwords,
        folders=folders,
        operations=_begin_operations(gateway, ties),
    )


def _begin_operations(gateway: Gateway, ties: GatewayTies) -> Operations:
    """What operators see, gathered from now on."""
    operations = Operations(gateway, ties, time.time)
    thread = Repeating("operations", operations.turn)
    operations.on_look = thread.wake
    ties.post_listeners.append(operations.hear)
    ties.news_listeners.append(operations.happened)
    ties.at_end.append(partial(_stop, thread))
    thread.start()
    return operations


def _stop(thread: Repeating) -> None:
    thread.stop(_OPERATIONS_STOP_S)


def relay_parts(settings: Settings, game: Game) -> RelayParts:
    """For a relay. Raises StartupError if it may not listen where it is told to."""
    check_exposure(settings, resolve(settings.bind))
    return RelayParts(
        open_worker=partial(_open_writer, settings),
        make_relay=partial(_make_relay, settings, protocol_id_of(game)),
        rows=settings.relay_players * ROWS,
        max_message_bytes=MAX_MESSAGE_BYTES,
        answer=answer,
        numbers=numbers,
    )


def _make_relay(settings: Settings, protocol_id: int, ports: RowPorts) -> Relay:
    """The relay, in the process that serves it."""
    exempt = parse_prefixes(settings.http_exempt_prefixes)
    return Relay(limits_of(settings), Routes(settings.public_addresses), protocol_id, ports, exempt)


def world_of(settings: Settings) -> World:
    """For a supervisor."""
    game = game_of(settings)
    states = ZoneStates(game, settings)
    return World(
        zones=game.zones,
        start_zones=game.zones[:1],
        host=host_parts(settings, game, states),
        gateway=gateway_parts(settings, game),
        warm_up=partial(_warm_up, game, states),
        check_store=partial(check_store, settings),
        relay=relay_parts(settings, game),
        max_layers=num_layers(game),
    )


def _warm_up(game: Game, states: ZoneStates, progress: Progress) -> None:
    warm(progress, host_groups())
    eager = eager_zones(game.zones, game.zones[:1])
    game.preload(eager)
    states.prepare(eager)


def _open_writer(settings: Settings) -> Writer:
    return Writer(open_place(settings), RealClock().now_ns, settings.store_queue)


def _open_bus(settings: Settings, store: StoreThread) -> Bus:
    return open_bus(settings.bus, store)


def _open_auditor(settings: Settings) -> Auditor:
    store = cast("SqlStore", open_place(settings))
    return Auditor(store, int(settings.audit_s * 1e9))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
