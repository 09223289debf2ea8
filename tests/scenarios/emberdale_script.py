"""A crowd that plays Emberdale from a seed, in one process and another, with and without the JIT.

Run as a program it prints the state hash after every half second.
"""

import sys

import numpy as np

from emberdale.game import GAME
from myriad.game import World, state_hash

NUM_NPCS = 40
NUM_PLAYERS = 30


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
    return world


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
        GAME.step(world)


def hashes(seed: int, rounds: int) -> list[str]:
    """The state hash after every 30 ticks."""
    world, chance = crowd_of(seed), np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        play(world, chance, 30)
        found.append(f"{state_hash(world):016x}")
    return [*found, " ".join(f"{name}={GAME.counter(world, name)}" for name in GAME.counters)]


if __name__ == "__main__":
    print("\n".join(hashes(int(sys.argv[1]), int(sys.argv[2]))))
