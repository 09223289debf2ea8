"""Emberdale as the engine sees it.

Responsible for: the order of the rules in a tick, and the `GAME` object. Not here: any rule.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

from emberdale import ground, holdings, zones
from emberdale.borders import judge_effect
from emberdale.data import load_items, load_kinds
from emberdale.fields import (
    BUTTONS,
    COUNTERS,
    ENTITY,
    EVENT_KINDS,
    GROUND_FIELDS,
    INTENTS,
    KIND_PLAYER,
    OWN_FIELDS,
    PRIVATE_FIELDS,
    REASONS,
    SAVED_FIELDS,
    STATES,
    TIMER_FIELDS,
)
from emberdale.movement import predict
from emberdale.npcs import npcs_rule
from emberdale.places import drawn_zones, world_map
from emberdale.players import players_rule, upkeep_rule
from myriad.game import COINS, ITEM_KIND_BASE, Bundle, Game, World, begin_tick, finish_tick, kernel, unbundle


@kernel
def step(bundle: Bundle[World]) -> None:
    """One tick: players act first, in row order, then NPCs, then what happens once a second."""
    world = unbundle(bundle)
    begin_tick(world)
    players_rule(world)
    npcs_rule(world)
    upkeep_rule(world)
    finish_tick(world)


_ITEM_NUMBERS = load_items(60)[1]
_KIND_NUMBERS = load_kinds(60)[1]

_WORLD = world_map(drawn_zones())


@cache
def for_world(num_zones: int) -> Game:
    """Emberdale with a world of so many zones (`Game.for_world`)."""
    world = world_map(num_zones)
    return replace(
        GAME,
        zones=tuple(world.by_name),
        world_map=world,
        create=partial(zones.create, world),
        read_map=partial(zones.read_zone_map, world),
        preload=partial(ground.preload, world),
    )


GAME = Game(
    name="emberdale",
    zones=tuple(_WORLD.by_name),
    entity=ENTITY,
    own_fields=OWN_FIELDS,
    private_fields=PRIVATE_FIELDS,
    kinds={"player": KIND_PLAYER, **_KIND_NUMBERS},
    states=STATES,
    intents=INTENTS,
    buttons=BUTTONS,
    event_kinds=EVENT_KINDS,
    counters=COUNTERS,
    step=step,
    predict=predict,
    create=partial(zones.create, _WORLD),
    read_map=partial(zones.read_zone_map, _WORLD),
    spawn=zones.spawn,
    detach=zones.detach,
    attach=zones.attach,
    remove=zones.remove,
    world_map=_WORLD,
    resize=for_world,
    preload=partial(ground.preload, _WORLD),
    arrive=zones.arrive,
    saved_fields=SAVED_FIELDS,
    timer_fields=TIMER_FIELDS,
    ground_fields=GROUND_FIELDS,
    count_assets=holdings.count_assets,
    balance=holdings.balance,
    exchange=holdings.exchange,
    judge_effect=judge_effect,
    reasons=REASONS,
    asset_names={COINS if name == "Coins" else number: name for name, number in _ITEM_NUMBERS.items()},
    entity_kind_names={
        KIND_PLAYER: "Player",
        **{number: name for name, number in _KIND_NUMBERS.items()},
        **{ITEM_KIND_BASE + number: name for name, number in _ITEM_NUMBERS.items()},
    },
)
