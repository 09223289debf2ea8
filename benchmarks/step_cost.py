"""What one tick of Emberdale costs: 500 players who walk and fight, 500 NPCs, one core.

    python -m benchmarks.step_cost [players] [npcs] [ticks]

Players walk about zone-1, run now and then, and attack the nearest NPC when one is near. Prints the CPU time a tick.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from emberdale.fields import BUTTON_ATTACK, BUTTON_RUN, INTENT_ATTACK
from emberdale.game import GAME
from myriad.game import NPC, World


def crowd(num_players: int, num_npcs: int) -> tuple[World, np.ndarray]:
    world = GAME.create_zone("zone-1", capacity=num_players + num_npcs + 500, seed=1, num_npcs=num_npcs)
    chance = np.random.default_rng(1)
    free_y, free_x = np.nonzero(world.solid == 0)
    picked = chance.permutation(free_x.size)[:num_players]
    rows = [
        GAME.spawn_player(world, 1000 + number, number, "p", float(free_x[at] * 2 + 1), float(free_y[at] * 2 + 1))
        for number, at in enumerate(picked)
    ]
    return world, np.array(rows, np.int64)


def attack_the_near(world: World, rows: np.ndarray) -> None:
    entities, inputs = world.entities, world.inputs
    npcs = np.flatnonzero((entities["flags"] & NPC) != 0)
    for row in rows[::3]:
        squared = (entities["x"][npcs] - entities["x"][row]) ** 2 + (entities["y"][npcs] - entities["y"][row]) ** 2
        if npcs.size and squared.min() < 15**2:
            inputs["intent"][row, 0] = INTENT_ATTACK
            inputs["argument"][row, 0] = entities["id"][npcs[squared.argmin()]]


def measure(num_players: int, num_npcs: int, num_ticks: int) -> np.ndarray:
    """Microseconds of CPU of each step."""
    world, rows = crowd(num_players, num_npcs)
    chance = np.random.default_rng(2)
    directions = chance.integers(0, 256, num_players)
    took = np.zeros(num_ticks)
    GAME.advance(world)
    for tick in range(num_ticks):
        inputs = world.inputs
        if tick % 30 == 0:
            turned = chance.random(num_players) < 0.3
            directions = np.where(turned, chance.integers(0, 256, num_players), directions)
        inputs["count"][rows] = 1
        inputs["move_dir"][rows, 0] = directions
        inputs["move_mag"][rows, 0] = 255
        inputs["buttons"][rows, 0] = BUTTON_ATTACK | (BUTTON_RUN if tick % 600 < 200 else 0)
        inputs["intent"][rows, 0] = 0
        if tick % 30 == 0:
            attack_the_near(world, rows)
        start = time.thread_time()
        GAME.advance(world)
        took[tick] = (time.thread_time() - start) * 1e6
    counts = ", ".join(f"{name} {GAME.counter(world, name)}" for name in ("attacks", "hits", "deaths"))
    print(f"{counts}; {world.clock['pair_checks'][0] / num_ticks:.0f} pair checks a tick")
    return took


def main() -> None:
    wanted = (sys.argv[1:] + ["500", "500", "1800"][len(sys.argv) - 1 :])[:3]
    num_players, num_npcs, num_ticks = (int(value) for value in wanted)
    took = measure(num_players, num_npcs, num_ticks)
    middle, high = np.percentile(took, (50, 99))
    print(f"{num_players} players + {num_npcs} NPCs, CPU a tick:", end=" ")
    print(f"mean {took.mean():.1f} us, p50 {middle:.1f} us, p99 {high:.1f} us")


if __name__ == "__main__":
    main()
