"""The operations page over a real world whose host is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from emberdale.game import GAME
from myriad.core.errors import MyriadError
from myriad.runtime.player_shell import connect
from tests.processes.programs import Program
from tests.processes.worlds import until
from tests.web.pages.chromium import chromium, quiet_page

SMALL = ("--zones", "4", "--zones-per-host", "2", "--npcs", "120", "--port", "0", "--udp-port-base", "0")
BACK_MS = 30_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Program]:
    with Program("myriad", "world", *SMALL, "--data", str(tmp_path / "data")) as program:
        program.until_ready()
        until(lambda: all(zone["layers"] for zone in zones(program)))
        yield program


@pytest.fixture
def artefacts(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("MYRIAD_ARTEFACTS") or tmp_path / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser, quiet_page(browser) as found:
        yield found


def zones(world: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.request("GET", "/v1/world")[1]["zones"]
    return found


def process_of(world: Program, zone: str) -> int:
    (layer,) = next(found["layers"] for found in zones(world) if found["name"] == zone)
    return int(layer["pid"])


def test_a_killed_host_is_seen_to_restart_and_to_run_again(world: Program, page: Page, artefacts: Path) -> None:
    page.goto(f"http://{world.address}/ops")
    tile = page.locator('a.tile[href="#/zones/zone-4"]')
    expect(page.locator("a.tile")).to_have_count(4)
    expect(page.locator("a.tile .mark-running")).to_have_count(4)
    expect(page.locator("#verdict-line")).to_contain_text("All well")
    killed = process_of(world, "zone-4")
    expect(page.locator("#processes")).to_contain_text(str(killed))
    os.kill(killed, signal.SIGKILL)
    expect(tile.locator(".mark-restarting")).to_have_count(1)
    expect(tile.locator(".tile-state")).to_have_text("restarting")
    expect(page.locator("#verdict-line")).to_contain_text("restarting")
    page.screenshot(path=artefacts / "ops-restarting.png")
    expect(page.locator("a.tile .mark-running")).to_have_count(4, timeout=BACK_MS)
    expect(page.locator("#verdict-line")).to_contain_text("All well", timeout=BACK_MS)
    expect(page.locator("#events .event-crash").first).to_be_visible()
    expect(page.locator("#events .event-restart").first).to_be_visible()
    assert process_of(world, "zone-4") != killed
    expect(page.locator("#processes")).not_to_contain_text(str(killed))
    page.screenshot(path=artefacts / "ops-running-again.png")


def test_a_zone_of_the_real_world_is_seen_from_above_with_its_players(
    world: Program, page: Page, artefacts: Path
) -> None:
    host, port = world.address.split(":")
    with connect(GAME, host, int(port), "Ada", timeout_s=30) as player:
        page.goto(f"http://{world.address}/ops#/zones/{player.zone}")
        expect(page.locator("#zone-view .state")).to_contain_text("running")
        row = page.locator(".players-scroll tbody tr")
        phases = page.locator(".phases tbody tr")
        # what the page shows is asked for between two turns of the player, which has no thread of its own
        assert player.wait_until(lambda: row.count() == 1 and phases.count() > 4, 20)
        expect(row).to_contain_text("Ada")
        expect(page.locator("#zone-view .legend")).to_contain_text("players 1")
        expect(page.locator(".under")).to_contain_text("entities shown")
        page.screenshot(path=artefacts / "ops-zone.png")
        page.get_by_role("button", name="Kick Ada", exact=True).click()
        page.get_by_role("button", name="Kick", exact=True).click()
        with pytest.raises(MyriadError, match="an operator ended the session"):
            player.wait(20)
        expect(page.locator(".toast-good")).to_have_count(1)
    page.goto(f"http://{world.address}/ops")
    expect(page.locator("#events .event-action").first).to_contain_text("Ada")
