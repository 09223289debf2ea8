"""How many players and NPCs there are: `--players 500 --npcs 500`."""

from __future__ import annotations

import pytest

from benchmarks.kernels.scene import Scene


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--players", type=int, default=500)
    parser.addoption("--npcs", type=int, default=500)


@pytest.fixture(scope="session")
def scene(pytestconfig: pytest.Config) -> Scene:
    return Scene(pytestconfig.getoption("--players"), pytestconfig.getoption("--npcs"))
