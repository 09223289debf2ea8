"""The load test of a world as a program, against a world as a program: players cross, talk, and come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from myriad.loadtest.fields import differences
from tests.processes.programs import Program
from tests.processes.test_load_test import load_test, myriad
from tests.processes.worlds import until

CLIENTS = 20
SMALL = ("--zones", "2", "--zones-per-host", "1", "--npcs", "40", "--port", "0", "--hibernate-after-s", "0")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def world(data: Path) -> Iterator[Program]:
    assert myriad("warm").returncode == 0
    with Program("myriad", "world", *SMALL, "--data", str(data)) as program:
        program.until_ready()
        until(lambda: all(zone["layers"] for zone in program.request("GET", "/v1/world")[1]["zones"]))
        yield program


def run(world: Program, data: Path, file: Path, *flags: str) -> dict[str, Any]:
    address = f"http://{world.address}"
    code, errors, result = load_test(
        "--world", address, "--data", str(data), "--clients", str(CLIENTS), *flags, json_file=file
    )
    assert result, errors
    print(json.dumps(result, indent=1), code)
    assert differences(result) == set()
    assert result["connected"] == CLIENTS
    assert result["audit"]["balanced"] is True
    assert result["confirmed"]["lost"] == 0
    return result


def test_players_cross_a_border_again_and_again_and_lose_nothing(world: Program, data: Path, tmp_path: Path) -> None:
    result = run(world, data, tmp_path / "result.json", "--travel", "0.6", "--seconds", "12")
    handoffs = result["handoffs"]
    assert handoffs["done"] >= 4
    assert (handoffs["inputs_lost"], handoffs["inputs_doubled"]) == (0, 0)
    assert 0 < handoffs["gap_ms"]["p50"] <= handoffs["gap_ms"]["max"]
    assert result["cross_zone"]["chats_sent"] > 0
    assert result["cross_zone"]["events_seen_min"] >= 1
    assert set(result["zones"]) == {"zone-1", "zone-2"}
    assert result["chaos"]["hosts_killed"] == 0


def test_players_of_a_killed_host_are_back_in_seconds(world: Program, data: Path, tmp_path: Path) -> None:
    result = run(world, data, tmp_path / "result.json", "--seconds", "12", "--chaos", "kill-host=5s", "--seed", "2")
    assert result["chaos"]["hosts_killed"] == 2
    assert result["reconnects"]["count"] >= CLIENTS // 4
    assert 0.5 < result["reconnects"]["back_in_s"]["max"] < 5
    assert result["untouched_hosts"]["snapshots_per_client_hz"]["min"] > 10


def test_a_zone_s_front_door_is_no_gateway(tmp_path: Path) -> None:
    arguments = ("server", "--standalone", "--port", "0", "--npcs", "0", "--max-seconds", "120")
    with Program("myriad", *arguments).until_ready() as server:
        code, errors, _ = load_test("--world", f"http://{server.address}", "--clients", "1")
    assert code == 2
    assert errors.startswith("myriad: no world to test: ")
    assert errors.count("\n") == 1
