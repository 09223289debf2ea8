"""A field of Emberdale without a map: players and NPCs where a test wants them, inputs by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emberdale.data import PLACE, load_items, load_kinds, load_params
from emberdale.fields import COUNTERS, ENTITY, KIND_PLAYER
from emberdale.game import GAME
from myriad.game import GHOST, NPC, PLAYER, World, allocate_row, create_world, place, take_transient_id

ITEMS = load_items(60)[1]
KINDS = load_kinds(60)[1]
SIDE_TILES = 100


@dataclass
class Input:
    """One input-tick."""

    buttons: int = 0
    move_dir: int = 0
    move_mag: int = 0
    heading: int = 0
    intent: int = 0
    argument: int = 0


def field(capacity: int = 64, seed: int = 1, solid: np.ndarray | None = None) -> World:
    """200 m x 200 m of grass, one spawn point at (10, 10), one camp around (100, 100)."""
    places = np.array([(KIND_PLAYER, 10240, 10240, 0, 0), (KINDS["Ash Raider"], 102400, 102400, 20480, 0)], PLACE)
    return create_world(
        ENTITY,
        capacity,
        np.zeros((SIDE_TILES, SIDE_TILES), np.uint8) if solid is None else solid,
        seed=seed,
        num_counters=len(COUNTERS),
        params=load_params(60),
        kinds=load_kinds(60)[0],
        items=load_items(60)[0],
        places=places,
    )


def add_player(world: World, entity_id: int, x: float, y: float, protected: bool = False) -> int:
    row = GAME.spawn_player(world, entity_id, entity_id, f"player {entity_id}", x, y)
    if not protected:
        world.entities["protected_tick"][row] = 0
    return row


def add_npc(world: World, kind: str, x: float, y: float) -> int:
    row = int(allocate_row(world, take_transient_id(world)))
    number = KINDS[kind]
    qx, qy = round(x * 1024), round(y * 1024)
    for name, value in (
        ("kind", number),
        ("flags", NPC),
        ("hp", world.kinds["hp"][number]),
        ("max_hp", world.kinds["hp"][number]),
        ("place", 1),
        ("home_x", qx),
        ("home_y", qy),
        ("timer_tick", 10**9),  # rests until something happens
    ):
        world.entities[name][row] = value
    place(world, row, qx, qy, int(world.clock["tick"][0]))
    return row


def add_ghost(
    world: World, entity_id: int, x: float, y: float, kind: int = KIND_PLAYER, flags: int = PLAYER, neighbour: int = 3
) -> int:
    """A neighbour's entity, as it is shown here."""
    row = int(allocate_row(world, entity_id))
    for name, value in (("kind", kind), ("flags", flags | GHOST), ("hp", 50), ("max_hp", 100)):
        world.entities[name][row] = value
    place(world, row, round(x * 1024), round(y * 1024), int(world.clock["tick"][0]))
    world.ghost_neighbour[row] = neighbour
    return row


def give(world: World, row: int, item: str, count: int = 1) -> int:
    """Put an item into the first empty slot; returns the slot."""
    slot = int(np.flatnonzero(world.entities["slot_item"][row] == 0)[0])
    world.entities["slot_item"][row, slot] = ITEMS[item]
    world.entities["slot_count"][row, slot] = count
    return slot


def tick(world: World, given: dict[int, list[Input]] | None = None, rewind_ticks: int = 0) -> None:
    """One step with these inputs (at most two a row, as the zone gives them)."""
    for row, entries in (given or {}).items():
        inputs = world.inputs
        inputs["count"][row] = len(entries)
        inputs["rewind_ticks"][row] = rewind_ticks
        for k, entry in enumerate(entries):
            for name in ("buttons", "move_dir", "move_mag", "heading", "intent", "argument"):
                inputs[name][row, k] = getattr(entry, name)
    GAME.advance(world)


def ticks(world: World, count: int, given: dict[int, list[Input]] | None = None) -> None:
    for _ in range(count):
        tick(world, given)


def count(world: World, name: str) -> int:
    return GAME.counter(world, name)


def entries(world: World) -> list[tuple[int, ...]]:
    """The ledger so far: (asset, amount, source kind, source, target kind, target) each."""
    names = ["asset", "amount", "source_kind", "source", "target_kind", "target"]
    rows = world.ledger[: int(world.clock["num_ledger"][0])]
    return [tuple(int(row[name]) for name in names) for row in rows]


def effects(world: World) -> list[tuple[int, ...]]:
    """What was done to ghosts so far: (kind, neighbour, amount, source, target) each."""
    names = ["kind", "neighbour", "amount", "source", "target"]
    rows = world.effects[: int(world.clock["num_effects"][0])]
    return [tuple(int(row[name]) for name in names) for row in rows]


def event_kinds(world: World) -> list[int]:
    return [int(kind) for kind in world.events["kind"][: int(world.clock["num_events"][0])]]
