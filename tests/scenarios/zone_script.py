"""A short life of a zone with two networked players from a seed, in one process and another, with and without the JIT.

Run as a program it prints a hash of the world and of all bytes sent after every sixth tick.
"""

from __future__ import annotations

import hashlib
import sys

from myriad.sim.state_hash import state_hash
from tests.scenarios.hostile import PLACE, Hostile, small_settings

NPCS = 6


def hashes(seed: int, rounds: int) -> list[str]:
    """After every six ticks: the world's hash, and one of everything that its clients received."""
    run = Hostile(2, seed=seed, settings=small_settings(npcs=NPCS, seed=seed, max_entities=64), npcs=NPCS)
    found = []
    for row in range(2):
        run.join(row, spawn=PLACE)
    run.hold(0, 40, 255, 1)
    run.hold(1, 200, 128, 0)
    for number in range(rounds):
        if number == 4:
            run.act(0, 1, int(run.zone.world.entities["id"][0]))
        run.run(6)
        digest = hashlib.sha256()
        for row, payload in run.received:
            digest.update(bytes([row]) + payload)
        found.append(f"{state_hash(run.zone.world):016x} {digest.hexdigest()[:16]}")
    return found


if __name__ == "__main__":
    print("\n".join(hashes(int(sys.argv[1]), int(sys.argv[2]))))
