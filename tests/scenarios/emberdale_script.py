"""A crowd that plays Emberdale from a seed, in one process and another, with and without the JIT.

Run as a program it prints the state hash after every half second.
"""

import sys
import zlib

import numpy as np

from emberdale.game import GAME
from myriad.game import FROZEN, GHOST, ITEM, NPC, PLAYER, World, allocate_row, place, state_hash

NUM_NPCS = 40
NUM_PLAYERS = 30
GHOSTS = ((PLAYER, 1), (PLAYER, 1), (NPC, 4), (NPC, 2), (ITEM, 130))


def crowd_of(seed: int, num_npcs: int = NUM_NPCS, num_players: int = NUM_PLAYERS) -> World:
    """A zone with players beside its NPCs, so that something happens."""
    world = GAME.create_zone("zone-1", capacity=num_npcs + num_players + 100, seed=seed, num_npcs=num_npcs)
    world.entities["hp"] = np.minimum(world.entities["hp"], 12)  # the frail die sooner
    for number in range(num_players):
        near = world.entities[num_npcs - 1 - number % 3]  # with raiders
        row = GAME.spawn_player(world, 1000 + number, number, f"p{number}", float(near["x"]) + 1, float(near["y"]))
        world.entities["protected_tick"][row] = 0
        world.entities["hp"][row] = 15
        world.entities["slot_item"][row, :3] = [2, 5, 7]
        world.entities["slot_count"][row, :3] = [9, 20, 1]
        world.entities["coins"][row] = 500
        world.entities["experience"][row] = 90
    return world


def add_ghosts(world: World) -> None:
    """Neighbours' entities in the middle of the crowd, some of its own NPCs at their throats."""
    first = int(np.flatnonzero(world.entities["flags"] == PLAYER)[0])
    for number, (flags, kind) in enumerate(GHOSTS):
        row = int(allocate_row(world, 5000 + number))
        for name, value in (("flags", flags | GHOST), ("kind", kind), ("hp", 40), ("max_hp", 90)):
            world.entities[name][row] = value
        world.ghost_neighbour[row] = number % 3
        near = world.entities[first + number]
        place(world, row, int(near["qx"]), int(near["qy"]), int(world.clock["tick"][0]))
        world.entities["target"][number] = 5000 + number % 2


def meddle(world: World, chance: np.random.Generator) -> None:
    """What happens between two ticks: effects of neighbours, trades, players who are being handed over."""
    rows = np.flatnonzero((world.entities["flags"] & (PLAYER | GHOST)) == PLAYER)
    world.entities["flags"][rows] = PLAYER | FROZEN * (chance.random(rows.size) < 0.05)
    for _ in range(8):
        one, other = (int(row) for row in chance.choice(rows, 2, replace=False))
        target = world.entities[int(chance.integers(0, int(world.clock["num_rows"][0])))]
        kind, amount, source = (int(chance.integers(0, high)) for high in (4, 30, 3))
        place_of = int(target["qx"]), int(target["qy"])
        GAME.apply_effect(world, kind, amount, 5000 + source, int(target["id"]), *place_of, int(chance.integers(-1, 3)))
        gifts = [(int(chance.choice([0, 2, 5, 7, 99])), int(chance.integers(0, 6))) for _ in range(2)]
        GAME.exchange(world, one, other, gifts[: int(chance.integers(0, 2))], gifts[1:])


def play(world: World, chance: np.random.Generator, num_ticks: int) -> None:
    """Arbitrary inputs for every player: walking, fighting, item actions, nonsense."""
    players = np.flatnonzero(world.entities["flags"] & 2)
    for _ in range(num_ticks):
        inputs = world.inputs
        shape = (players.size, 2)
        inputs["count"][players] = chance.integers(0, 3, players.size)
        inputs["rewind_ticks"][players] = chance.integers(0, 20, players.size)
        inputs["buttons"][players] = chance.integers(0, 4, shape)
        inputs["move_dir"][players] = chance.integers(0, 256, shape)
        inputs["move_mag"][players] = chance.integers(0, 256, shape)
        inputs["heading"][players] = chance.integers(0, 65536, shape)
        inputs["intent"][players] = chance.integers(0, 7, shape) * (chance.random(shape) < 0.4)
        targets = world.entities["id"][chance.integers(0, int(world.clock["num_rows"][0]), shape)]
        inputs["argument"][players] = np.where(chance.random(shape) < 0.5, targets, chance.integers(0, 4, shape))
        GAME.advance(world)


def hashes(seed: int, rounds: int) -> list[str]:
    """The state hash after every 30 ticks, and a sum over the ledger and what was done to ghosts."""
    world, chance = crowd_of(seed), np.random.default_rng(seed)
    add_ghosts(world)
    found = []
    for _ in range(rounds):
        play(world, chance, 30)
        meddle(world, chance)
        books = zlib.crc32(world.effects.tobytes(), zlib.crc32(world.ledger.tobytes()))
        found.append(f"{state_hash(world):016x} {books:08x}")
    return [*found, " ".join(f"{name}={GAME.counter(world, name)}" for name in GAME.counters)]


if __name__ == "__main__":
    print("\n".join(hashes(int(sys.argv[1]), int(sys.argv[2]))))
