"""The real world as processes: what players see when a host or the gateway is killed, and when the world stops."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from emberdale.game import GAME
from myriad.runtime.player_shell import LivePlayer, connect
from tests.processes.programs import Program
from tests.processes.worlds import until

BACK_S = 3.0
STOP_S = 6.0
SMALL = ("--zones", "2", "--zones-per-host", "1", "--npcs", "40", "--port", "0")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = str(tmp_path_factory.mktemp("world"))
    with Program("myriad", "world", *SMALL, "--data", data) as program:
        program.until_printed("in 2 processes")
        program.until_ready()
        until(lambda: all(zone["layers"] for zone in zones(program)))
        yield program


def zones(world: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.request("GET", "/v1/world")[1]["zones"]
    return found


def process_of(world: Program, zone: str) -> int:
    (layer,) = next(found["layers"] for found in zones(world) if found["name"] == zone)
    return int(layer["pid"])


def enter(world: Program, name: str) -> LivePlayer:
    host, port = world.address.split(":")
    return connect(GAME, host, int(port), name, timeout_s=30)


def test_after_kill_9_of_its_host_a_player_plays_again_where_it_was_within_seconds(world: Program) -> None:
    with enter(world, "Ada") as player:
        player.wait(1.5)  # a cut and more
        before, character, zone = player.position, player.id, player.zone
        os.kill(process_of(world, zone), signal.SIGKILL)
        began_s = time.monotonic()
        assert player.wait_until(lambda: is_played(world, zone, 2) and player.ready, 20)
        assert time.monotonic() - began_s < BACK_S
        assert (player.id, player.zone) == (character, zone)
        assert max(abs(player.position[0] - before[0]), abs(player.position[1] - before[1])) < 1


def is_played(world: Program, zone: str, epoch: int) -> bool:
    """True if somebody is connected to the zone under that epoch, by its host's own word."""
    layers: list[dict[str, Any]] = next(found["layers"] for found in zones(world) if found["name"] == zone)
    if not layers or layers[0]["epoch"] != epoch:
        return False
    connection = http.client.HTTPConnection(str(layers[0]["front_door"]), timeout=5)
    try:
        connection.request("GET", f"/v1/zone?zone={zone}")
        answer = connection.getresponse()
        return answer.status == 200 and json.load(answer)["connections"] == 1
    except OSError:
        return False
    finally:
        connection.close()


def test_after_kill_9_of_the_gateway_a_player_notices_nothing(world: Program) -> None:
    with enter(world, "Bob") as player:
        fleet = world.request("GET", "/v1/fleet")[1]
        gateway = int(fleet["gateway"]["pid"])
        os.kill(gateway, signal.SIGKILL)
        player.wait(2)
        assert player.connected and player.ready
        until(lambda: is_answering(world))
        with enter(world, "Eve") as other:
            assert other.ready


def is_answering(world: Program) -> bool:
    try:
        return world.request("GET", "/healthz")[0] == 200
    except OSError:
        return False


def test_at_the_end_players_are_told_and_what_they_had_adds_up(world: Program) -> None:
    with enter(world, "Cleo") as player:
        player.wait(1)
        world.process.send_signal(signal.SIGTERM)
        began_s = time.monotonic()
        assert player.wait_until(lambda: not player.connected, 20)
    assert world.process.wait(20) == 0
    assert time.monotonic() - began_s < STOP_S
    data = world.process.args[-1]  # type: ignore[index]
    with Program("myriad", "audit", "--data", str(data)) as audit:
        code, out, _ = audit.result()
    assert (code, out.splitlines()[-1]) == (0, "balanced")
