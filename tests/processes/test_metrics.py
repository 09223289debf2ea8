"""The pages of real processes have the rows of the table, and every row of the table is on them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from emberdale.game import GAME
from myriad.core.metrics import GATEWAY, HOST, RELAY
from myriad.runtime.player_shell import LivePlayer, connect
from tests.processes.programs import Program
from tests.processes.worlds import PATIENCE_S, until
from tests.unit.web.metric_pages import Page, check_page, read_page, silent_rows

SMALL = ("--zones", "2", "--zones-per-host", "1", "--npcs", "40", "--port", "0")
FLAGS = (*SMALL, "--audit-s", "1", "--log-format", "json")
AFTER_EVENTS = {
    GATEWAY: {"myriad_audit_minted", "myriad_audit_burned", "myriad_audit_held"},
    RELAY: {"myriad_relay_drops_total", "myriad_relay_ends_total"},
    HOST: set[str](),
}
"""Rows that say nothing before an asset exists or the relay refused something: `tests/unit/web` shows those."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = str(tmp_path_factory.mktemp("world"))
    with Program("myriad", "world", *FLAGS, "--data", data) as program:
        program.until_ready()
        until(lambda: len(targets(program)) == 2)
        yield program


def targets(world: Program) -> list[str]:
    """Where hosts tell their metrics."""
    found: Any = world.request("GET", "/v1/targets")[1]
    return [group["targets"][0] for group in json.loads(found)]


def scraped(address: str, kind: str) -> Page:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200
        page = read_page(answer.read().decode())
    finally:
        connection.close()
    check_page(kind, page)
    return page


def near_the_border() -> tuple[float, float]:
    """A place in zone-1, 10 m from zone-2."""
    area = GAME.for_world(2).world_map.by_name
    west, east = sorted((area["zone-1"], area["zone-2"]), key=lambda found: found.x)
    x = west.east - 10.0 if west.name == "zone-1" else east.x + 10.0
    return x, west.y + 500.0


def enter(world: Program, name: str) -> LivePlayer:
    host, port = world.address.split(":")
    return connect(GAME, host, int(port), name, spawn=near_the_border(), timeout_s=30)


def test_every_row_of_the_table_is_on_a_page_and_nothing_else_is(world: Program) -> None:
    relay = urlsplit(world.request("GET", "/v1/world")[1]["relay"]).netloc
    addresses = [*((address, HOST) for address in targets(world)), (world.address, GATEWAY), (relay, RELAY)]
    silent: dict[str, set[str]] = {}

    def nothing_is_missing(player: LivePlayer) -> bool:
        player.wait(0.1)
        silent.update({address: silent_rows(kind, scraped(address, kind)) for address, kind in addresses})
        return all(silent[address] <= AFTER_EVENTS[kind] for address, kind in addresses)

    with enter(world, "Ada") as player:  # near a border, or neighbours have nothing to say to each other
        assert player.wait_until(lambda: nothing_is_missing(player), PATIENCE_S), silent


def test_lines_of_a_player_can_be_found_by_character_in_all_processes(world: Program) -> None:
    with enter(world, "Bob") as player:
        player.wait(0.5)
        character = player.id

    def lines() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in world.errors().splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in found if line.get("character") == character]

    until(lambda: len(lines()) >= 3)
    entered, joined, left = lines()[:3]
    assert entered["host"] == "gateway"
    assert joined["host"].startswith("host-") and joined["zone"] == entered["zone"] == left["zone"]
    assert entered["session"] == joined["session"] == left["session"] and len(left["session"]) == 16
    assert left["reason"] == "disconnected"
