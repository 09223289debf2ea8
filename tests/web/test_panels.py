"""The game's panels: oneself and the target, talk, things, trade; over a client that makes its world up."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.pages.game_page import asked, beside, drag, drawn, hear, put, say, slot, trade, until_asked

# Oneself, the target.


def test_the_frame_of_oneself_shows_what_the_server_says(world: Page) -> None:
    expect(world.locator("#self .health span")).to_have_text("86 / 105")
    expect(world.locator("#self .level")).to_have_text("2")
    expect(world.locator("#self .growth")).to_have_attribute("aria-valuenow", "90")
    expect(world.locator("#self .growth")).to_have_attribute("aria-valuemax", "200")
    world.evaluate("myriad.world.setOwn({ hp: 12 }, { coins: 4321 })")
    expect(world.locator("#self .coins")).to_have_text("4,321")
    expect(world.locator("#self.low .health span")).to_have_text("12 / 105")


def test_tab_goes_from_target_to_target_near_ones_first_and_round_again(world: Page) -> None:
    names = []
    for _ in range(7):
        world.keyboard.press("Tab")
        one = world.evaluate("myriad.shell.selection.entity")
        names.append(one["name"] or one["kindName"])
        expect(world.locator("#target .name")).to_have_text(names[-1])
    assert names[:3] == ["Bristle Boar", "Fallow Deer", "Ash Raider"]
    assert set(names[4:6]) == {"Bran", "Old Mirela"} and names[6] == names[0]
    world.keyboard.press("Escape")
    expect(world.locator("#target")).to_be_hidden()


def test_a_target_that_is_gone_is_no_target(world: Page) -> None:
    world.keyboard.press("Tab")
    expect(world.locator("#target .name")).to_have_text("Bristle Boar")
    world.evaluate("myriad.world.remove(202)")
    expect(world.locator("#target")).to_be_hidden()


# Talk.


def test_what_is_said_is_text_and_never_markup(world: Page) -> None:
    say(world, "<img src=x onerror=alert(1)><b>bold</b>", name="<i>Eve</i>")
    line = world.locator("#chat .log p").last
    expect(line).to_have_text("<i>Eve</i>: <img src=x onerror=alert(1)><b>bold</b>")
    expect(line.locator("img, b, i")).to_have_count(0)


def test_the_chat_keeps_so_many_lines_and_no_more(world: Page) -> None:
    for number in range(230):
        say(world, f"line {number}")
    expect(world.locator("#chat .log p")).to_have_count(200)
    expect(world.locator("#chat .log p").last).to_have_text("Bran: line 229")


def test_enter_writes_and_escape_leaves_and_keys_do_not_walk_meanwhile(world: Page) -> None:
    world.keyboard.press("Enter")
    expect(world.locator("#chat input")).to_be_focused()
    world.keyboard.type("wasd i")
    assert world.evaluate("myriad.world.controls.x") == 0
    expect(world.locator("#bag")).to_be_hidden()
    world.keyboard.press("Enter")
    until_asked(world, "say", "zone", "wasd i")
    world.keyboard.press("Escape")
    expect(world.locator("#chat input")).not_to_be_focused()


def test_channels_are_chosen_by_tab_and_by_command_and_whispers_have_a_name(world: Page) -> None:
    world.keyboard.press("Enter")
    for line in ("/world Selling shards", "/n here", '/w "Old Mirela" psst', "/w Bran hello you", "/nothing"):
        world.keyboard.type(line)
        world.keyboard.press("Enter")
    world.keyboard.press("Tab")
    expect(world.locator("#chat .scope")).to_have_text("Nearby")
    until_asked(world, "whisper", "Bran", "hello you")
    assert asked(world, "say") == [["world", "Selling shards"], ["nearby", "here"]]
    assert asked(world, "whisper")[0] == ["Old Mirela", "psst"]
    expect(world.locator("#chat .log .notice").last).to_contain_text("There is no /nothing")


def test_a_whisper_is_answered(world: Page) -> None:
    say(world, "psst", scope="whisper")
    world.keyboard.press("Enter")
    world.keyboard.type("/r what?")
    world.keyboard.press("Enter")
    until_asked(world, "whisper", "Bran", "what?")


def test_who_talks_too_fast_keeps_the_words(world: Page) -> None:
    world.keyboard.press("Enter")
    for number in range(7):
        world.locator("#chat input").fill(f"word {number}")
        world.keyboard.press("Enter")
    expect(world.locator("#chat .log .notice").last).to_contain_text("Slowly")
    expect(world.locator("#chat input")).not_to_have_value("")
    assert len(asked(world, "say")) < 7


def test_a_tab_shows_one_channel_and_notices(world: Page) -> None:
    say(world, "to the zone")
    say(world, "to the world", scope="world")
    say(world, "the server restarts", scope="notice", name="")
    world.locator("#chat").hover()
    world.get_by_role("tab", name="World").click()
    expect(world.locator("#chat .log p:visible")).to_have_text(["[World] Bran: to the world", "the server restarts"])


# Things.


def test_a_thing_is_used_by_double_click_by_enter_and_by_its_number(world: Page) -> None:
    world.keyboard.press("i")
    slot(world, 1).dblclick()
    until_asked(world, "act", "use", 1)
    world.keyboard.press("3")
    until_asked(world, "act", "use", 2)
    slot(world, 4).focus()
    world.keyboard.press("Enter")
    until_asked(world, "act", "use", 4)
    world.keyboard.press("ArrowDown")
    expect(slot(world, 9)).to_be_focused()


def test_what_has_no_use_is_not_used(world: Page) -> None:
    world.keyboard.press("4")
    expect(world.locator(".toast")).to_contain_text("Ember Shard: nothing to use it for")
    world.evaluate("myriad.world.setOwn({ hp: 105 })")
    world.keyboard.press("2")
    expect(world.locator(".toast").last).to_contain_text("good health")
    assert asked(world, "act") == []


def test_a_thing_dragged_out_of_the_bag_is_dropped(world: Page) -> None:
    world.keyboard.press("i")
    drag(world, slot(world, 5), 500, 500)
    until_asked(world, "act", "drop", 5)


def test_a_thing_dragged_onto_a_player_is_given_as_many_as_one_says(world: Page) -> None:
    world.keyboard.press("i")
    drag(world, slot(world, 3), *drawn(world, 101, **beside(world, 2, 1)))
    expect(world.get_by_role("heading", name="Give Ember Shard to Bran")).to_be_visible()
    world.get_by_label("How many").first.fill("6")
    world.keyboard.press("Enter")
    until_asked(world, "give", 101, 9, 6)


def test_nothing_is_given_to_who_is_far(world: Page) -> None:
    world.keyboard.press("i")
    drag(world, slot(world, 0), *drawn(world, 101, **beside(world, -7, 1)))
    expect(world.locator(".toast")).to_contain_text("too far away")
    assert asked(world, "give") == []


def test_the_menu_of_a_thing_drops_one_or_some(world: Page) -> None:
    world.keyboard.press("i")
    slot(world, 3).click(button="right")
    world.get_by_role("menuitem", name="Drop one").click()
    until_asked(world, "act", "drop", 3 | 1 << 8)
    slot(world, 3).click(button="right")
    world.get_by_role("menuitem", name="Drop some…").click()
    world.get_by_label("How many").first.fill("99")
    world.keyboard.press("Enter")
    expect(world.get_by_text("1 to 24")).to_be_visible()
    world.get_by_label("How many").first.fill("5")
    world.keyboard.press("Enter")
    until_asked(world, "act", "drop", 3 | 5 << 8)


def test_coins_are_dropped_by_amount_only(world: Page) -> None:
    world.keyboard.press("i")
    drag(world, world.locator("#bag .purse"), 500, 500)
    world.get_by_label("How many").first.fill("30")
    world.keyboard.press("Enter")
    until_asked(world, "act", "drop", 255 | 30 << 8)


def test_a_weapon_dragged_to_the_hand_is_taken(world: Page) -> None:
    world.keyboard.press("i")
    hand = world.locator("#bag .hand").bounding_box()
    assert hand is not None
    drag(world, slot(world, 4), hand["x"] + 20, hand["y"] + 20)
    until_asked(world, "act", "use", 4)
    world.evaluate("myriad.world.setOwn({}, { weapon: 7 })")
    expect(world.locator("#bag .about b")).to_have_text("Woodcutter's Axe")


def test_what_one_got_is_said_when_it_is_confirmed(world: Page) -> None:
    hear(world, "confirmed", serial=10, reason=2, asset=2, balance=9)
    expect(world.locator(".toast")).to_contain_text("+ 2 × Apple")
    hear(world, "confirmed", serial=11, reason=5, asset=2, balance=8)
    expect(world.locator(".toast")).to_have_count(1)


# Trade.


def test_one_is_asked_to_trade_and_agrees(world: Page) -> None:
    trade(world, "asked", partnerConfirmed=True)
    world.get_by_role("button", name="Trade", exact=True).click()
    until_asked(world, "trade.ask", 101)
    trade(world, "open", version=5)
    expect(world.locator("#trade")).to_be_visible()
    expect(world.locator("#bag")).to_be_visible()
    expect(world.locator("#trade-title")).to_have_text("Trade with Bran")


def test_an_ask_is_declined(world: Page) -> None:
    trade(world, "asked", partnerConfirmed=True)
    world.get_by_role("button", name="No, thanks").click()
    until_asked(world, "trade.cancel")


def test_things_are_offered_and_taken_back(world: Page) -> None:
    trade(world, "open", version=2)
    box = world.locator("#trade .offer").first.bounding_box()
    assert box is not None
    drag(world, slot(world, 3), box["x"] + 60, box["y"] + 60)
    world.get_by_label("How many").first.fill("4")
    world.keyboard.press("Enter")
    until_asked(world, "trade.offer", [{"asset": 9, "amount": 4}])
    trade(world, "open", version=3, mine=[{"asset": 9, "amount": 4}])
    world.get_by_role("button", name="Coins…").click()
    world.get_by_label("How many").first.fill("20")
    world.keyboard.press("Enter")
    until_asked(world, "trade.offer", [{"asset": 9, "amount": 4}, {"asset": 0, "amount": 20}])
    world.locator("#trade .offer .slot").first.dblclick()
    until_asked(world, "trade.offer", [])


def test_one_agrees_to_the_version_that_one_sees_and_not_in_haste(world: Page) -> None:
    trade(world, "open", version=8, theirs=[{"asset": 2, "amount": 3}])
    agree = world.get_by_role("button", name="Agree")
    expect(agree).to_be_disabled()
    expect(agree).to_be_enabled()
    agree.click()
    until_asked(world, "trade.confirm", 8)
    trade(world, "open", version=8, confirmed=True, theirs=[{"asset": 2, "amount": 3}])
    expect(world.get_by_role("button", name="Waiting…")).to_be_disabled()
    trade(world, "open", version=9, theirs=[{"asset": 2, "amount": 1}])
    expect(agree).to_be_disabled()
    trade(world, "done", version=9, mine=[{"asset": 0, "amount": 5}], theirs=[{"asset": 2, "amount": 1}])
    expect(world.locator("#trade")).to_be_hidden()
    expect(world.locator(".toast").last).to_contain_text("You gave Bran 5 coins for Apple")
    assert asked(world, "trade.cancel") == []


def test_closing_the_window_cancels_and_a_cancelled_trade_says_why(world: Page) -> None:
    trade(world, "open", version=2)
    world.get_by_role("button", name="Cancel").click()
    until_asked(world, "trade.cancel")
    trade(world, "open", version=3)
    put(world, id=101, **beside(world, 9, 0))
    trade(world, "cancelled")
    expect(world.locator("#trade")).to_be_hidden()
    expect(world.locator(".toast").last).to_contain_text("too far away now")


def test_the_menu_of_a_player_asks_to_trade_when_one_is_near(world: Page) -> None:
    world.mouse.click(*drawn(world, 101, **beside(world, 3, 0)), button="right")
    world.get_by_role("menuitem", name="Trade").click()
    until_asked(world, "trade.ask", 101)


def test_the_menu_of_a_player_begins_a_whisper(world: Page) -> None:
    world.mouse.click(*drawn(world, 102, **beside(world, -3, 0)), button="right")
    world.get_by_role("menuitem", name="Whisper").click()
    expect(world.locator("#chat input")).to_have_value('/w "Old Mirela" ')
