"""Same seed, same inputs: the same world, tick by tick, anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.emberdale_script import hashes

ROOT = Path(__file__).parents[2]
RULES = (
    *("attacks", "hits", "misses", "pickups", "drops", "uses", "deaths"),
    *("levels", "trades", "effects", "effects_refused"),
)
SEED = 11
ROUNDS = 10


@pytest.mark.parametrize("disable_jit", ["0", "1"])
def test_the_state_hash_is_the_same_in_a_second_process_with_and_without_the_jit(disable_jit: str) -> None:
    here = hashes(SEED, ROUNDS)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": disable_jit, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    there = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.scenarios.emberdale_script", str(SEED), str(ROUNDS)],
        capture_output=True, text=True, check=False, env=environment, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert there.stderr == ""
    assert there.stdout.split("\n")[:-1] == here


def test_the_script_exercises_every_rule() -> None:
    counts = dict(item.split("=") for item in hashes(SEED, 20)[-1].split())
    assert all(int(counts[name]) > 0 for name in RULES)
    assert int(counts["ledger_full"]) == int(counts["effects_lost"]) == 0


def test_another_seed_gives_another_world() -> None:
    assert hashes(SEED, 2) != hashes(SEED + 1, 2)
