"""Keys, mouse and thumbs of the game, and what happens in it; over a client that makes its world up."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.pages.fake_game import FakeGame
from tests.web.pages.game_page import PHONE, asked, beside, drawn, entered, hear, on_page, put, say, trade, until_asked

# Walking and fighting.


def test_keys_walk_and_shift_runs_and_nothing_stays_down(world: Page) -> None:
    world.keyboard.down("w")
    world.keyboard.down("ArrowRight")
    world.keyboard.down("Shift")
    world.wait_for_function(
        "() => myriad.world.controls.x > 0.7 && myriad.world.controls.y > 0.7 && myriad.world.controls.run"
    )
    world.evaluate("dispatchEvent(new Event('blur'))")
    world.wait_for_function(
        "() => myriad.world.controls.x === 0 && myriad.world.controls.y === 0 && !myriad.world.controls.run"
    )


def test_a_click_walks_there(world: Page) -> None:
    aim = beside(world, -3, -3)
    world.mouse.click(*on_page(world, **aim))
    world.wait_for_function(
        "(aim) => Math.hypot(myriad.world.self.x - aim.x, myriad.world.self.y - aim.y) < 0.5", arg=aim
    )
    world.wait_for_function("() => myriad.world.controls.x === 0 && myriad.world.controls.y === 0")


def test_a_click_on_an_enemy_walks_into_reach_and_attacks_until_it_falls(world: Page) -> None:
    world.mouse.click(*drawn(world, 203, **beside(world, 5, 2)))
    until_asked(world, "act", "attack", 203)
    world.wait_for_function(
        "() => { const e = myriad.world.entity(203), s = myriad.world.self;"
        " return Math.hypot(e.x - s.x, e.y - s.y) < 2.4"
        " && myriad.world.controls.attack && myriad.world.controls.x === 0; }"
    )
    put(world, id=203, state=4)
    world.wait_for_function("() => !myriad.world.controls.attack")


def test_space_attacks_who_is_nearest_but_never_a_player_by_itself(world: Page) -> None:
    put(world, id=101, **beside(world, 0.5, 0))
    put(world, id=202, **beside(world, 2, 0))
    world.keyboard.press(" ")
    until_asked(world, "act", "attack", 202)
    assert [101] not in [given[1:] for given in asked(world, "act")]


def test_a_click_on_a_thing_walks_there_and_picks_it_up(world: Page) -> None:
    world.mouse.click(*drawn(world, 302, **beside(world, -5, 1)))
    until_asked(world, "act", "pick_up", 302)
    world.keyboard.press("e")
    until_asked(world, "act", "pick_up", 302)


def test_the_way_leads_around_what_is_solid(world: Page) -> None:
    found = world.evaluate(
        """async () => {
        const { findPath, isFree } = await import('/game/controls/path.js');
        const wall = (c, r) => c < 0 || r < 0 || c >= 20 || r >= 20 || (c === 10 && r < 18);
        const map = { originX: 100, originY: 0, tileM: 2, widthTiles: 20, heightTiles: 20, solid: wall };
        const from = { x: 111, y: 5 }, to = { x: 129, y: 5 };
        const way = findPath(map, from, to, 0.4);
        let free = true, here = from;
        for (const place of way) { free &&= isFree(map, here, place, 0.39); here = place; }
        const closed = findPath({ ...map, solid: (c, r) => wall(c, r) || c === 10 }, from, to, 0.4);
        return { free, end: way[way.length - 1], highest: Math.max(...way.map((one) => one.y)), closed };
    }"""
    )
    assert found["free"] and found["end"] == {"x": 129, "y": 5} and found["highest"] > 36
    assert all(place["x"] < 120 for place in found["closed"])


# What happens.


def test_death_counts_down_and_says_what_was_lost(world: Page) -> None:
    world.evaluate("myriad.world.setOwn({ hp: 0, state: 4 }, { coins: 100 })")
    expect(world.locator(".death strong")).to_be_visible()
    expect(world.get_by_text("37 coins fell from your purse")).to_be_visible()
    expect(world.get_by_text("You wake up in")).to_be_visible()
    world.evaluate("myriad.world.setOwn({ hp: 105, state: 0 })")
    expect(world.locator(".death strong")).to_be_hidden()


def test_a_level_a_wall_and_an_event_are_announced(world: Page) -> None:
    hear(world, "confirmed", serial=12, reason=8, asset=255, balance=3)
    expect(world.locator("#zone-title")).to_contain_text("Level 3")
    hear(world, "wall", zone="zone-2")
    expect(world.locator("#wall")).to_contain_text("is closed for now")
    hear(world, "worldEvent", number=4, name="Harvest", text="Twice the apples", started=True)
    expect(world.locator("#world-event")).to_contain_text("Twice the apples")
    hear(world, "worldEvent", number=4, name="Harvest", text="", started=False)
    expect(world.locator("#world-event")).to_be_hidden()


def test_a_lost_connection_is_said_and_a_farewell_has_its_reason(world: Page) -> None:
    world.evaluate("myriad.world.state = 'reconnecting'")
    expect(world.get_by_text("The connection is lost")).to_be_visible()
    world.evaluate("myriad.world.state = 'playing'")
    expect(world.get_by_text("The connection is lost")).to_be_hidden()
    hear(world, "farewell", reason="kicked: bad manners")
    expect(world.get_by_text("Kicked: bad manners")).to_be_visible()
    expect(world.locator("#hud")).to_be_hidden()
    world.get_by_role("button", name="Back to the start").click()
    expect(world.get_by_label("Name", exact=True)).to_be_visible()


def test_after_a_farewell_one_may_play_here_again_and_nothing_of_before_is_left_open(world: Page) -> None:
    world.keyboard.press("i")
    trade(world, "open")
    world.evaluate("myriad.world.state = 'ended'")
    hear(world, "farewell", reason="somebody else plays this character now")
    expect(world.get_by_text("Somebody else plays this character now.")).to_be_visible()
    expect(world.locator(".window:visible")).to_have_count(0)
    world.keyboard.press("Enter")  # the button has the focus
    expect(world.locator("#hud")).to_be_visible()
    expect(world.locator("#start")).to_be_hidden()
    assert asked(world, "play") == [[{}], [{}]] and len(asked(world, "login")) == 1
    hear(world, "farewell", reason="enough")
    world.evaluate("myriad.world.fake.refuse = { status: 403, code: 'banned', message: 'you are banned' }")
    world.get_by_role("button", name="Play here again").click()
    expect(world.get_by_role("alert").first).to_have_text("You are banned.")


def test_panels_open_by_key_and_close_by_escape(world: Page) -> None:
    world.keyboard.press("F3")
    expect(world.locator("#network")).to_contain_text("9.8 kB/s")
    for key, panel in (("F1", "#help"), ("m", "#map"), ("o", "#settings"), ("i", "#bag")):
        world.keyboard.press(key)
        expect(world.locator(panel)).to_be_visible()
        world.keyboard.press("Escape")
        expect(world.locator(panel)).to_be_hidden()


def test_settings_are_kept(world: Page, game: FakeGame) -> None:
    world.keyboard.press("o")
    world.get_by_label("Names over heads").uncheck()
    entered(world, game)
    world.keyboard.press("o")
    expect(world.get_by_label("Names over heads")).not_to_be_checked()


# On a telephone.


def test_a_thumb_on_the_stick_walks_and_runs_at_the_rim(phone: Page) -> None:
    phone.evaluate(
        """() => { const pad = document.getElementById('stick'); const box = pad.getBoundingClientRect();
        const send = (name, x, y) => pad.dispatchEvent(new PointerEvent(name, { pointerId: 1, clientX: box.left + x,
            clientY: box.top + y, pointerType: 'touch', bubbles: true }));
        pad.setPointerCapture = () => {};
        send('pointerdown', 90, 130); send('pointermove', 90, 40);
        window.liftThumb = () => send('pointerup', 90, 40); }"""
    )
    phone.wait_for_function("() => myriad.world.controls.y > 0.9 && myriad.world.controls.run")
    phone.evaluate("liftThumb()")
    phone.wait_for_function("() => myriad.world.controls.y === 0 && !myriad.world.controls.run")


def test_a_tap_walks_there(phone: Page) -> None:
    aim = beside(phone, 2, 1.2)
    phone.touchscreen.tap(*on_page(phone, **aim))
    phone.wait_for_function(
        "(aim) => Math.hypot(myriad.world.self.x - aim.x, myriad.world.self.y - aim.y) < 0.5", arg=aim
    )


def test_everything_fits_on_a_telephone(phone: Page) -> None:
    phone.get_by_label("Bag (I)").tap()
    trade(phone, "open", version=2)
    phone.keyboard.press("F3")
    for panel in ("#self", "#minimap", "#buttons", "#belt", "#bag", "#trade", "#thumbs", "#network"):
        box = phone.locator(panel).bounding_box()
        assert box is not None, panel
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], panel
        assert box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"], panel


def test_the_chat_opens_by_its_button_and_counts_what_came(phone: Page) -> None:
    say(phone, "hello")
    say(phone, "anybody?")
    expect(phone.locator("#buttons .badge")).to_have_text("2")
    phone.get_by_label("Chat (Enter)").tap()
    expect(phone.locator("#chat input")).to_be_focused()
    expect(phone.locator("#buttons .badge")).to_have_text("")
