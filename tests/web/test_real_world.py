"""The browser client in a real world: through the relay, over a border, without a gateway, on a bad network."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.processes.programs import Program
from tests.processes.worlds import until
from tests.scenarios.test_world import Y
from tests.web.pages.chromium import quiet_page

SMALL = ("--zones", "2", "--npcs", "60", "--port", "0", "--udp-port-base", "0")

ENTER = """async ([name, spawn]) => {
  const { WorldClient } = await import('/client/world_client.js');
  const { loadGame } = await import('/game/game.js');
  const game = await loadGame('');
  const world = (window.world = new WorldClient({ game }));
  const frame = () => { world.frame(); requestAnimationFrame(frame); };
  frame();
  await world.login({ name });
  await world.play({ spawn });
}"""

WATCH = """() => {
  let last = world.self;
  let lastMs = performance.now();
  const look = () => {
    const { self } = world;
    const ms = performance.now();
    window.speed = Math.max(window.speed ?? 0, Math.hypot(self.x - last.x, self.y - last.y) - (ms - lastMs) * 0.0056);
    last = self;
    lastMs = ms;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder: Path = tmp_path_factory.mktemp("world")
    with Program("myriad", "world", *SMALL, "--data", str(folder)) as found:
        found.until_ready()
        until(lambda: all(zone["layers"] for zone in world_of(found)["zones"]))
        yield found


def world_of(program: Program, path: str = "/v1/world") -> dict[str, Any]:
    connection = http.client.HTTPConnection(program.address, timeout=5)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return dict(json.loads(body))


@pytest.fixture
def page(browser: Browser, program: Program) -> Iterator[Page]:
    with quiet_page(browser) as found:
        found.goto(f"http://{program.address}/healthz")
        yield found


def stats(page: Page) -> dict[str, Any]:
    return dict(page.evaluate("world.stats()"))


def walk(page: Page, x: float, y: float, *, run: bool = False) -> None:
    controls = {"x": x, "y": y, "run": run, "attack": False, "heading": None}
    page.evaluate("(controls) => { world.controls = controls; }", controls)


def test_a_guest_walks_over_the_border_and_back_on_the_same_socket(page: Page) -> None:
    page.evaluate(ENTER, ["Ada", [985, Y]])
    page.evaluate(WATCH)
    page.wait_for_function("world.stats().corrections > 65")  # three seconds of snapshots
    assert stats(page)["snapshots_hz"] == pytest.approx(20, abs=1.5)
    walk(page, 1, 0, run=True)
    page.wait_for_function("world.zone === 'zone-2' && world.self.x > 1010", timeout=30_000)
    walk(page, -1, 0)
    page.wait_for_function("world.zone === 'zone-1' && world.self.x < 990", timeout=30_000)
    walk(page, 0, 0)
    found = stats(page)
    assert found["sockets"] == 1 and found["state"] == "playing"
    assert found["malformed"] == 0 and found["inputs_lost"] == 0
    assert page.evaluate("speed") < 0.75, "beyond its speed the avatar is never seen to move"
    page.evaluate("world.leave()")


def test_on_a_bad_network_corrections_stay_below_a_quarter_of_a_metre(page: Page, program: Program) -> None:
    page.goto(f"http://{program.address}/healthz?delay=100&loss=3&jitter=20")
    page.evaluate(ENTER, ["Bad", [960, Y]])
    began = page.evaluate("[world.self.x, world.self.y]")
    page.wait_for_function("world.stats().rtt_ms > 190")
    corners = [(1, 0.2), (-0.3, 1), (-1, -0.4), (0.5, -1), (0, 0)]
    for lap in range(10):
        x, y = corners[lap % len(corners)]
        walk(page, x, y, run=lap % 3 == 0)
        number = stats(page)["corrections"]
        page.wait_for_function(f"world.stats().corrections >= {number + 36}")
    found = stats(page)
    assert found["correction_p99_m"] < 0.25, found
    assert found["snapshots_hz"] > 17, found
    assert page.evaluate("([x, y]) => Math.hypot(world.self.x - x, world.self.y - y)", began) > 0.5
    print("corrections on a bad network:", found)
    page.evaluate("world.leave()")


def test_two_browsers_see_each_other_move_and_hear_each_other(browser: Browser, page: Page, program: Program) -> None:
    page.evaluate(ENTER, ["Cleo", [960, Y]])
    with quiet_page(browser) as other:
        other.goto(f"http://{program.address}/healthz")
        other.evaluate(ENTER, ["Dora", [962, Y]])
        page.wait_for_function("world.entities().some((one) => one.name === 'Dora')")
        other.evaluate("() => { world.events.on('chat', (chat) => (window.heard = chat)); }")
        page.evaluate("world.say('nearby', 'hello there')")
        other.wait_for_function("window.heard?.text === 'hello there'")
        assert other.evaluate("heard.name") == "Cleo"
        before = page.evaluate("world.entities().find((one) => one.name === 'Dora').x")
        walk(other, 1, 0)
        page.wait_for_function(f"world.entities().find((one) => one.name === 'Dora').x > {before + 2}")
        walk(other, 0, 0)
        other.evaluate("world.trade.ask(world.entities().find((one) => one.name === 'Cleo').id)")
        page.wait_for_function("world.trade.state === 'asked' && world.nameOf(world.trade.partner) === 'Dora'")
        other.evaluate("world.leave()")
        page.wait_for_function("!world.entities().some((one) => one.name === 'Dora')")
    page.evaluate("world.leave()")


def test_a_killed_relay_and_a_killed_gateway_cost_a_moment_and_nothing_else(browser: Browser, program: Program) -> None:
    page = browser.new_page()  # one that may complain of a WebSocket that nobody answers
    page.goto(f"http://{program.address}/healthz")
    page.evaluate(ENTER, ["Eve", [960, Y]])
    before = page.evaluate("world.self.id")
    relay = world_of(program, "/v1/ops/world")["relay"]
    os.kill(relay["pid"], signal.SIGKILL)
    page.wait_for_function("world.state === 'reconnecting'")
    page.wait_for_function("world.state === 'playing'", timeout=30_000)
    assert page.evaluate("world.self.id") == before
    gateway = world_of(program, "/v1/ops/world")["gateway"]
    os.kill(gateway["pid"], signal.SIGKILL)
    number = stats(page)["corrections"]
    page.wait_for_function(f"world.stats().corrections > {number + 40}")
    found = stats(page)
    assert found["state"] == "playing" and found["inputs_lost"] == 0
    page.evaluate("world.leave()")
    page.close()
