"""The cache of machine code: reused when nothing changed, renewed when any source that it was made from changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RULE = """
from myriad.core.kernel import kernel

@kernel
def damage(strength):
    return strength * {factor}
"""

STEP = """
from myriad.core.kernel import kernel
from small_game.rules import damage

@kernel
def step(strength):
    return damage(strength) + 1
"""

OTHER = """
SPEED = {speed}
"""

RUN = """
import json
from small_game import other, step
result = step.step(10)
print(json.dumps([result, sum(step.step.stats.cache_hits.values())]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "small_game"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "step.py").write_text(STEP)
    (package / "rules.py").write_text(RULE.format(factor=2))
    (package / "other.py").write_text(OTHER.format(speed=1))
    return tmp_path


def run(folder: Path) -> tuple[int, bool]:
    """The result of `step(10)` in a process of its own, and whether its machine code came from the cache."""
    source = Path(__file__).parents[3] / "src"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(source)]),
        "MYRIAD_KERNEL_CACHE": str(folder / "cache"),
        "NUMBA_DISABLE_JIT": "0",
    }
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=True)
    result, hits = json.loads(done.stdout)
    return result, hits > 0


def edit(file: Path, text: str) -> None:
    """Changes a file but neither its time nor its length, which is all that Numba's own cache would look at."""
    before = file.stat()
    assert len(text) == before.st_size
    file.write_text(text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_edited_rule_is_recompiled_although_only_its_own_file_changed(folder: Path) -> None:
    assert run(folder) == (21, False)
    assert run(folder) == (21, True)
    edit(folder / "small_game" / "rules.py", RULE.format(factor=3))
    assert run(folder) == (31, False)


def test_an_edit_in_a_module_that_a_kernel_does_not_import_keeps_its_machine_code(folder: Path) -> None:
    assert run(folder) == (21, False)
    edit(folder / "small_game" / "other.py", OTHER.format(speed=9))
    assert run(folder) == (21, True)


def test_going_back_to_an_earlier_text_finds_its_machine_code_again(folder: Path) -> None:
    rules = folder / "small_game" / "rules.py"
    run(folder)
    edit(rules, RULE.format(factor=3))
    run(folder)
    edit(rules, RULE.format(factor=2))
    assert run(folder) == (21, True)
