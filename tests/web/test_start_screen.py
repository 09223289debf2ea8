"""The way into the game: guests, accounts, characters, the queue; over a client that makes its world up."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.pages.fake_game import FakeGame
from tests.web.pages.game_page import asked, hear


def test_a_name_in_the_address_plays_as_that_guest_at_once(world: Page) -> None:
    assert asked(world, "login") == [[{"name": "Ada"}]]
    assert asked(world, "play") == [[{}]]
    stats = world.evaluate("myriad.stats()")
    assert {"state", "snapshots_hz", "entities", "correction_m", "rtt_ms", "zone"} <= stats.keys()
    assert stats["state"] == "playing" and stats["zone"] == "zone-1"


def test_a_name_alone_is_enough_to_play(page: Page, game: FakeGame) -> None:
    page.goto(game.url)
    page.get_by_label("Name", exact=True).fill("  Bran ")
    page.keyboard.press("Enter")
    expect(page.locator("#hud")).to_be_visible()
    assert asked(page, "login") == [[{"name": "Bran"}]]
    page.goto(game.url)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Bran")


def test_where_guests_may_not_play_the_page_says_so(page: Page, game: FakeGame) -> None:
    game.guests = False
    page.goto(game.url)
    expect(page.get_by_role("tab", name="Play now")).to_have_count(0)
    expect(page.get_by_text("This world takes no guests")).to_be_visible()


def test_a_guest_who_is_refused_is_told_why_and_may_log_in(page: Page, game: FakeGame) -> None:
    page.goto(game.url)
    expect(page.locator("#start form")).to_be_visible()
    page.evaluate(
        "myriad.world.fake.refuse = { status: 403, code: 'not_allowed', message: 'this world takes no guests' }"
    )
    page.get_by_label("Name", exact=True).fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_have_text("This world takes no guests.")
    expect(page.get_by_role("tab", name="Log in")).to_have_attribute("aria-selected", "true")


def test_an_account_has_characters_to_make_to_delete_and_to_play(page: Page, game: FakeGame) -> None:
    page.goto(game.url)
    page.get_by_role("tab", name="New account").click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("Password").fill("a long password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your characters")).to_be_visible()
    assert asked(page, "register") == [[{"name": "Ada", "password": "a long password"}]]
    page.get_by_label("Name of a new character").fill("Hero")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".characters li")).to_have_count(2)
    page.get_by_role("button", name="Delete Ada").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator(".characters li")).to_have_count(1)
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#hud")).to_be_visible()
    assert asked(page, "deleteCharacter") == [[1]] and asked(page, "play") == [[{"character": 2}]]


def test_a_name_that_is_taken_is_said_and_the_list_stays(page: Page, game: FakeGame) -> None:
    page.goto(game.url)
    page.get_by_role("tab", name="Log in").click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("Password").fill("a long password")
    page.keyboard.press("Enter")
    expect(page.locator(".characters li")).to_have_count(1)
    page.evaluate("myriad.world.fake.refuse = { status: 409, code: 'name_taken', message: 'Hero is taken' }")
    page.get_by_label("Name of a new character").fill("Hero")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").first).to_have_text("Hero is taken.")
    expect(page.locator(".characters li")).to_have_count(1)


def test_who_waits_sees_the_place_in_the_queue(page: Page, game: FakeGame) -> None:
    page.goto(game.url)
    expect(page.locator("#start form")).to_be_visible()
    page.evaluate("myriad.world.fake.hold = true")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Entering the world")).to_be_visible()
    hear(page, "queue", position=3, estimate_s=12.2, why="the zone is full")
    expect(page.get_by_text("Place 3 in the queue")).to_be_visible()
    expect(page.get_by_text("about 12 s")).to_be_visible()
    page.evaluate("myriad.world.fake.hold = false")
    expect(page.locator("#hud")).to_be_visible()


def test_a_newcomer_is_told_how_to_play_once(page: Page, game: FakeGame) -> None:
    page.goto(f"{game.url}/?name=Ada")
    expect(page.locator(".toast")).to_contain_text("F1 for help")
    page.reload()
    expect(page.locator("#self .name")).to_have_text("Ada")
    expect(page.locator(".toast")).to_have_count(0)


def test_a_place_in_the_address_is_where_a_new_guest_wants_to_start(page: Page, game: FakeGame) -> None:
    page.goto(f"{game.url}/?name=Ada&spawn=985,505.5")
    expect(page.locator("#hud")).to_be_visible()
    assert asked(page, "play") == [[{"spawn": [985, 505.5]}]]
