"""A whole zone, netcode and replication included, is the same anywhere: in another process, and as plain Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.zone_script import hashes

ROOT = Path(__file__).parents[2]
SEED = 17
ROUNDS = 8


@pytest.mark.parametrize("disable_jit", ["0", "1"])
def test_a_zone_with_players_is_the_same_in_a_second_process_with_and_without_the_jit(disable_jit: str) -> None:
    here = hashes(SEED, ROUNDS)
    assert len(set(here)) == ROUNDS
    environment = {**os.environ, "NUMBA_DISABLE_JIT": disable_jit, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    there = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.scenarios.zone_script", str(SEED), str(ROUNDS)],
        capture_output=True, text=True, check=False, env=environment, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert there.stderr == ""
    assert there.stdout.split("\n")[:-1] == here
