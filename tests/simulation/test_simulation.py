"""The whole cluster under faults: every seed that ever failed, and fresh ones each time."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.simulation.run import run

KEPT = tuple(int(line) for line in (Path(__file__).parent / "seeds.txt").read_text().split())
GROUPS = 20
SEEDS_PER_GROUP = 10


@pytest.mark.parametrize("group", range(4))
def test_no_seed_that_ever_failed_fails_again(group: int) -> None:
    for seed in KEPT[group::4]:
        run(seed)


@pytest.mark.parametrize("group", range(GROUPS))
def test_nothing_is_lost_or_doubled_and_all_play_again_when_faults_end(group: int) -> None:
    """Fresh seeds; `MYRIAD_SIMULATION_SEED` makes them the same again, and a failure names its own."""
    given = os.environ.get("MYRIAD_SIMULATION_SEED")
    first = random.SystemRandom().getrandbits(40) if given is None else int(given) + group * SEEDS_PER_GROUP
    for seed in range(first, first + SEEDS_PER_GROUP):
        run(seed)


def test_a_seed_gives_the_same_run_again() -> None:
    first, second = run(7), run(7)
    assert first.steps == second.steps
    assert first.timeline.now_ns == second.timeline.now_ns
    assert first.referee.confirmed == second.referee.confirmed
