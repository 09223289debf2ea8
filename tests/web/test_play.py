"""Emberdale in two browsers, in a real world: they see each other, talk, hunt, gather, trade, fall out, cross a border.

Pictures of it are kept in the folder that MYRIAD_ARTEFACTS names.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.programs import Program
from tests.processes.worlds import until
from tests.web.pages.chromium import quiet_page

SMALL = ("--zones", "2", "--npcs", "300", "--port", "0", "--udp-port-base", "0")
ENTER_S = 10
LONG_MS = 60_000


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def program(world_folder: Path) -> Iterator[Program]:
    with Program("myriad", "world", *SMALL, "--data", str(world_folder)) as found:
        found.until_ready()
        until(lambda: all(zone["layers"] for zone in answer(found, "/v1/world")["zones"]))
        yield found


@pytest.fixture(scope="module")
def artefacts(world_folder: Path) -> Path:
    folder = Path(os.environ.get("MYRIAD_ARTEFACTS") or world_folder / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def players(browser: Browser) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def answer(program: Program, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(program.address, timeout=10)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return dict(json.loads(body))


def enter(players: ExitStack, browser: Browser, program: Program, name: str, spawn: tuple[float, float]) -> Page:
    """A browser in which `name` plays, within ten seconds."""
    page = players.enter_context(quiet_page(browser, 1280, 800))
    began_s = time.monotonic()
    page.goto(f"http://{program.address}/?name={name}&spawn={spawn[0]},{spawn[1]}")
    expect(page.locator("#self .name")).to_have_text(name, timeout=ENTER_S * 1000)
    page.wait_for_function("() => myriad.stats().state === 'playing'")
    assert time.monotonic() - began_s < ENTER_S
    return page


def camp_of(program: Program, kind: str) -> tuple[float, float, float]:
    """Middle and radius of a camp of that kind, away from borders."""
    for camp in answer(program, "/v1/maps/zone-1")["camps"]:
        if camp["kind"] == kind and 100 < camp["x"] < 900 and 100 < camp["y"] < 900:
            return camp["x"], camp["y"], camp["radius"]
    raise AssertionError(f"no camp of {kind}")


def see(page: Page, name: str) -> None:
    page.wait_for_function("(name) => myriad.world.entities().some((one) => one.player && one.name === name)", arg=name)


def id_of(page: Page, name: str) -> int:
    found: int = page.evaluate("(name) => myriad.world.entities().find((one) => one.name === name).id", name)
    return found


def place_of(page: Page) -> tuple[float, float]:
    at = page.evaluate("({ x: myriad.world.self.x, y: myriad.world.self.y })")
    return at["x"], at["y"]


def chat(page: Page, line: str) -> None:
    page.keyboard.press("Enter")
    page.keyboard.type(line)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def hunt(page: Page) -> None:
    """Goes for what is nearest until something that fell lies on the ground, and picks it up."""
    page.evaluate(
        """() => {
      const { world, shell } = myriad;
      window.hunting = setInterval(() => {
        const { self } = world;
        const far = (one) => Math.hypot(one.x - self.x, one.y - self.y);
        const nearest = (fits) => world.entities().filter(fits).sort((a, b) => far(a) - far(b))[0];
        const item = nearest((one) => one.item !== 0 && far(one) < 15);
        if (item) { if (shell.walker.goal?.kind !== 'take') shell.walker.go({ kind: 'take', id: item.id }); return; }
        const prey = nearest((one) => shell.selection.isEnemy(one));
        if (prey && shell.walker.goal === null) shell.walker.go({ kind: 'attack', id: prey.id });
      }, 250);
    }"""
    )


def hunt_together(*pages: Page) -> Page:
    """All hunt until one has got something; that one is returned."""
    for page in pages:
        hunt(page)
    deadline_s = time.monotonic() + 120
    found = None
    while found is None:
        assert time.monotonic() < deadline_s, "no prey fell, or nothing lay where it fell"
        pages[0].wait_for_timeout(100)
        found = next((page for page in pages if page.locator(".toast.gain").count() > 0), None)
    for page in pages:
        page.evaluate("() => { clearInterval(hunting); myriad.shell.walker.stop(); myriad.shell.selection.clear(); }")
    return found


def name_of(page: Page) -> str:
    name: str = page.evaluate("myriad.world.self.name")
    return name


def test_two_players_meet_talk_hunt_trade_and_fight(
    players: ExitStack, browser: Browser, program: Program, artefacts: Path
) -> None:
    x, y, radius = camp_of(program, "Bristle Boar")
    ada = enter(players, browser, program, "Ada", (x - radius - 4, y))
    bran = enter(players, browser, program, "Bran", (x - radius - 4, y + 1))
    see(ada, "Bran")
    see(bran, "Ada")
    chat(ada, "Hello, Bran!")
    expect(bran.locator("#chat .log")).to_contain_text("Ada: Hello, Bran!")
    chat(bran, "/w Ada psst")
    expect(ada.locator("#chat .log .whisper")).to_contain_text("Bran: psst")
    ada_id = ada.evaluate("myriad.world.self.id")
    seen = "((one) => ({ x: one.x, y: one.y }))(myriad.world.entity(id))"
    was = bran.evaluate(f"(id) => {seen}", ada_id)
    giver = hunt_together(ada, bran)
    giver.screenshot(path=artefacts / "game-loot.png")
    bran.wait_for_function(
        f"([id, was]) => {{ const now = {seen}; return Math.hypot(now.x - was.x, now.y - was.y) > 0.5; }}",
        arg=[ada_id, was],
    )
    taker = bran if giver is ada else ada
    trade(giver, taker, artefacts)
    fall_out(giver, taker, artefacts)


def trade(giver: Page, taker: Page, artefacts: Path) -> None:
    """One gives the other one of what it has, for nothing."""
    name, other = name_of(giver), name_of(taker)
    approach = "(id) => myriad.shell.walker.go({ kind: 'meet', id, within: 2, then: () => {} })"
    taker.evaluate(approach, id_of(taker, name))
    giver.wait_for_function("(id) => myriad.shell.isNear(myriad.world.entity(id))", arg=id_of(giver, other))
    giver.evaluate("(id) => myriad.shell.trade.ask(myriad.world.entity(id))", id_of(giver, other))
    taker.get_by_role("button", name="Trade", exact=True).click()
    expect(giver.locator("#trade-title")).to_have_text(f"Trade with {other}")
    asset = giver.evaluate("() => myriad.world.self.private.slot_item.find((one) => one !== 0) ?? 0")
    giver.evaluate("(asset) => myriad.world.trade.offer([{ asset, amount: 1 }])", asset)
    expect(taker.locator("#trade .offer .slot")).to_have_count(1)
    taker.screenshot(path=artefacts / "game-trade.png")
    had = taker.evaluate("(asset) => myriad.shell.bag.total(asset)", asset)
    for page in (giver, taker):
        page.get_by_role("button", name="Agree").click()
    expect(taker.locator("#trade")).to_be_hidden()
    taker.wait_for_function("([asset, had]) => myriad.shell.bag.total(asset) === had + 1", arg=[asset, had])
    expect(taker.locator("#chat .log")).to_contain_text(f"{name} gave you")


def fall_out(one: Page, other: Page, artefacts: Path) -> None:
    """One attacks the other, who sees it."""
    target = id_of(one, name_of(other))
    before = other.evaluate("myriad.world.self.hp")
    one.evaluate("(id) => myriad.shell.walker.go({ kind: 'attack', id })", target)
    other.wait_for_function("(before) => myriad.world.self.hp < before", arg=before, timeout=LONG_MS)
    one.wait_for_function("(id) => myriad.world.entity(id).hp < 0.99", arg=target, timeout=LONG_MS)
    one.screenshot(path=artefacts / "game-fight.png")
    one.keyboard.press("Escape")
    one.wait_for_function("() => !myriad.world.controls.attack")


def test_two_players_cross_a_border_one_after_the_other(
    players: ExitStack, browser: Browser, program: Program, artefacts: Path
) -> None:
    cleo = enter(players, browser, program, "Cleo", (988, 505))
    dan = enter(players, browser, program, "Dan", (986, 505))
    see(dan, "Cleo")
    cleo.keyboard.down("d")
    cleo.wait_for_function("() => myriad.world.zone === 'zone-2'", timeout=LONG_MS)
    expect(cleo.locator("#zone-title")).to_contain_text("The Cinder Hills")
    cleo.keyboard.up("d")
    cleo.screenshot(path=artefacts / "game-border.png")
    see(dan, "Cleo")  # a ghost, across the border
    assert math.dist(place_of(cleo), place_of(dan)) < 60
    assert cleo.evaluate("myriad.stats().sockets") == 1
    assert cleo.evaluate("myriad.stats().correction_p99_m") < 0.25
    chat(cleo, "/nearby Come over!")
    expect(dan.locator("#chat .log")).to_contain_text("Cleo: Come over!")


def test_in_a_second_tab_the_same_guest_plays_on_and_the_first_says_so_and_stays_away_until_it_is_told_to(
    players: ExitStack, browser: Browser, program: Program
) -> None:
    first = enter(players, browser, program, "Twin", (500, 500))
    second = enter(players, browser, program, "Twin", (500, 500))
    gone = first.get_by_text("Somebody else plays this character now.")
    expect(gone).to_be_visible()
    number = second.evaluate("myriad.stats().corrections")
    second.wait_for_function(
        "(number) => myriad.stats().corrections > number", arg=number + 60
    )  # three seconds of snapshots
    assert first.evaluate("myriad.stats().state") == "ended" and gone.is_visible()
    assert second.evaluate("myriad.stats().state") == "playing"
    first.get_by_role("button", name="Play here again").click()
    expect(first.locator("#hud")).to_be_visible()
    first.wait_for_function("() => myriad.stats().state === 'playing'")
    expect(second.get_by_text("Somebody else plays this character now.")).to_be_visible()
    assert first.evaluate("myriad.world.self.id") == second.evaluate("myriad.world.self.id")
