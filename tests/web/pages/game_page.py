"""What tests of the game's page do to it, and to the client that makes its world up (`fake_client/`)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.web.pages.fake_game import FakeGame

PHONE = {"width": 390, "height": 844}


def entered(page: Page, game: FakeGame) -> Page:
    page.add_init_script("localStorage['emberdale.settings'] ??= '{\"met\":true}'")  # no newcomer
    page.goto(f"{game.url}/?name=Ada")
    expect(page.locator("#hud")).to_be_visible()
    expect(page.locator("#self .name")).to_have_text("Ada")
    return page


def asked(page: Page, name: str) -> list[Any]:
    """What the page asked of the client under that name, arguments only."""
    every: list[list[Any]] = page.evaluate("myriad.world.asked")
    return [given for what, *given in every if what == name]


def until_asked(page: Page, name: str, *given: Any) -> None:
    page.wait_for_function(
        "([name, given]) => myriad.world.asked.some((one) => JSON.stringify(one) === JSON.stringify([name, ...given]))",
        arg=[name, list(given)],
    )


def hear(page: Page, event: str, **detail: Any) -> None:
    page.evaluate("([event, detail]) => myriad.world.hear(event, detail)", [event, detail])


def say(page: Page, text: str, scope: str = "zone", name: str = "Bran", speaker: int = 101) -> None:
    hear(page, "chat", scope=scope, speaker=speaker, name=name, text=text)


def trade(page: Page, state: str, **more: Any) -> None:
    stands = {"partner": 101, "version": 1, "confirmed": False, "partnerConfirmed": False, "mine": [], "theirs": []}
    hear(page, "trade", **{**stands, "state": state, **more})


def put(page: Page, **entity: Any) -> None:
    page.evaluate("(entity) => myriad.world.put(entity)", entity)


def beside(page: Page, dx: float, dy: float) -> dict[str, float]:
    """A place so far from the avatar, in metres."""
    place: dict[str, float] = page.evaluate(
        "([dx, dy]) => ({ x: myriad.world.self.x + dx, y: myriad.world.self.y + dy })", [dx, dy]
    )
    return place


def on_page(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the world is on the page."""
    at = page.evaluate("([x, y]) => myriad.shell.scene.toPage(x, y)", [x, y])
    return at["x"], at["y"]


def drag(page: Page, source: Locator, x: float, y: float) -> None:
    box = source.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x - 20, y, steps=4)
    page.mouse.move(x, y)
    page.mouse.up()


def slot(page: Page, number: int) -> Locator:
    return page.locator("#bag .slots .slot").nth(number)


def drawn(page: Page, id: int, x: float, y: float) -> tuple[float, float]:
    """Where that entity is on the page, once it has been put to a place of the world and is drawn there."""
    put(page, id=id, x=x, y=y)
    page.wait_for_function(
        "([id, x, y]) => { const { scene } = myriad.shell; const at = scene.toPage(x, y);"
        " return scene.pick(at.x, at.y)?.id === id; }",
        arg=[id, x, y],
    )
    return on_page(page, x, y)
