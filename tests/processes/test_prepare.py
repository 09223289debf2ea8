"""`tools/prepare` says in one line what a machine lacks, and changes nothing then; what it prepares starts quickly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    for name in ("tools/prepare", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def refusal(clone: Path, python: str) -> str:
    done = subprocess.run(
        [clone / "tools" / "prepare"], env=os.environ | {"PYTHON": python}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert not (clone / ".venv").exists()
    return done.stderr


def interpreter(folder: Path, refused: str) -> str:
    """An interpreter that fails every program with `refused` in it."""
    file = folder / "python"
    file.write_text(f'#!/bin/sh\ncase "$*" in *{refused}*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    file.chmod(0o755)
    return str(file)


def test_without_the_venv_module_one_line_says_what_to_install(clone: Path) -> None:
    python = interpreter(clone, "ensurepip")
    assert refusal(clone, python) == f"setup: {python} has no venv module; install it: apt-get install python3-venv\n"


@pytest.mark.parametrize("kind", ["absent", "another version"])
def test_without_a_fitting_python_one_line_says_what_to_install(clone: Path, kind: str) -> None:
    python = "/nowhere/python" if kind == "absent" else interpreter(clone, "version_info")
    wanted = "setup: Python 3.11, 3.12 or 3.13 is needed; install it: apt-get install python3 python3-venv\n"
    assert refusal(clone, python) == wanted


_MODULES_WITHOUT_BYTECODE = """
import os, sys
import myriad.cli.main, myriad.cli.world, myriad.cli.world_parts, myriad.runtime.world_process
specs = [module.__spec__ for module in list(sys.modules.values()) if getattr(module, "__spec__", None)]
print(*(spec.name for spec in specs if spec.cached and not os.path.exists(spec.cached)))
"""


def test_a_world_finds_bytecode_of_everything_that_it_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", _MODULES_WITHOUT_BYTECODE], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == []
