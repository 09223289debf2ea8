"""Imports go down only, and what decides touches neither clocks nor sockets.

The contracts are import-linter's, in pyproject.toml. Here they are run, and a second reading of the sources makes sure
that they cover every package and that nothing hides from them (imports inside functions, by name at run time).
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.sources import ROOT, text, tracked_sources, tree

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = next(contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
PURE = next(contract for contract in CONTRACTS if contract["name"].startswith("What decides"))
PURE_FOLDERS = tuple("src/" + module.replace(".", "/") + "/" for module in PURE["source_modules"])


def imported(name: str) -> set[str]:
    """Top-level names of everything that one source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_contracts_of_import_linter_are_kept() -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_has_a_layer() -> None:
    layered = {module.strip(" ()") for layer in LAYERS for module in layer.split("|")}
    for name in tracked_sources("src/myriad/"):
        parts = name.split("/")
        if len(parts) > 3:
            assert f"myriad.{parts[2]}" in layered, name


def test_every_layer_that_exists_is_bound_by_the_contract() -> None:
    for layer in LAYERS:
        for module in layer.split("|"):
            folder = ROOT / "src" / module.strip(" ()").replace(".", "/")
            assert folder.is_dir() != module.strip().startswith("("), f"{module}: parentheses are for what is absent"


@pytest.mark.parametrize("name", tracked_sources(*PURE_FOLDERS))
def test_what_decides_reads_no_clock_and_does_no_input_or_output(name: str) -> None:
    assert not imported(name) & set(PURE["forbidden_modules"])
    for call in ("__import__(", "import_module("):
        assert call not in text(name)


@pytest.mark.parametrize("name", tracked_sources("src/"))
def test_imports_are_absolute(name: str) -> None:
    relative = [node for node in ast.walk(tree(name)) if isinstance(node, ast.ImportFrom) and node.level]
    assert not relative


def test_oracles_import_nothing_that_they_judge() -> None:
    for name in tracked_sources("tests/reference/"):
        assert not imported(name) & {"myriad", "emberdale"}, name
