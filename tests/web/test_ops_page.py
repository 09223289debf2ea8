"""The operations page over a world that does not exist, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.pages.chromium import chromium, quiet_page
from tests.web.pages.fake_ops import FakeOps
from tests.web.pages.fake_world import FakeWorld


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def ops() -> Iterator[FakeOps]:
    with FakeOps() as fake:
        yield fake


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with quiet_page(browser) as found:
        yield found


def opened(page: Page, ops: FakeOps, fragment: str = "") -> FakeWorld:
    page.goto(f"{ops.url}/ops{fragment}")
    expect(page.locator("#link-text")).to_have_text("live")
    return ops.world


# The world.


def test_every_zone_stands_in_its_place_with_its_figures(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    expect(page.locator("a.tile")).to_have_count(len(world.names))
    boxes = {
        zone: page.locator(f'a.tile[href="#/zones/{zone}"]').bounding_box() for zone in ("zone-1", "zone-2", "zone-3")
    }
    home, east, north = boxes["zone-1"], boxes["zone-2"], boxes["zone-3"]
    assert home and east and north
    assert east["x"] > home["x"] + home["width"] and abs(east["y"] - home["y"]) < 2
    assert north["y"] < home["y"] - north["height"] and abs(north["x"] - home["x"]) < 2
    label = page.locator('a.tile[href="#/zones/zone-1"]').get_attribute("aria-label") or ""
    assert re.fullmatch(
        r"zone-1: running, \d+ players, tick p99 [\d.]+ ms, CPU \d+ %, [\d.]+ MB/s to players, 2 layers", label
    )
    expect(page.locator(".tile-layers rect")).to_have_count(2)


def test_borders_are_as_thick_as_they_are_busy_and_say_how_busy(page: Page, ops: FakeOps) -> None:
    opened(page, ops)
    found = page.locator(".border").evaluate_all(
        """all => all.map(one => [Number(one.querySelector("text").textContent || 0),
        parseFloat(one.firstChild.style.strokeWidth)])"""
    )
    assert len(found) == 31  # of a field of 5 by 4
    ordered = sorted(tuple(one) for one in found)
    assert [width for _, width in ordered] == sorted(width for _, width in ordered)
    assert ordered[0][0] == 0 and ordered[-1][0] > 5


def test_a_zone_that_restarts_is_shown_by_word_mark_and_verdict_until_it_runs(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    expect(page.locator("#verdict-line")).to_contain_text("All well")
    world.states["zone-5"] = "restarting"
    zone = page.locator('a.tile[href="#/zones/zone-5"]')
    expect(zone.locator(".tile-state")).to_have_text("restarting")
    expect(zone.locator(".mark-restarting")).to_have_count(1)
    expect(page.locator("#verdict-line")).to_contain_text("zone-5 is restarting")
    world.states["zone-6"] = "draining"
    expect(page.locator("#verdict-line")).to_contain_text("and 1 more")
    world.states.clear()
    expect(zone.locator(".mark-running")).to_have_count(1)
    expect(page.locator("#verdict-line")).to_contain_text("All well")


def test_a_drained_zone_is_shown_as_such_and_started_from_its_page(page: Page, ops: FakeOps) -> None:
    ops.world.held.add("zone-5")
    world = opened(page, ops)
    expect(page.locator('a.tile[href="#/zones/zone-5"] .tile-state')).to_have_text("drained")
    page.goto(f"{ops.url}/ops#/zones/zone-5")
    expect(page.locator("#zone-view .says")).to_contain_text("only when an operator starts it")
    expect(page.get_by_role("button", name="Drain…")).to_be_hidden()
    page.locator("#zone-view").get_by_role("button", name="Start…").click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".toast-good")).to_be_visible()
    assert world.actions == [{"action": "start_zone", "zone": "zone-5"}]


def test_zones_that_were_started_by_hand_are_not_offered_to_be_started_or_stopped(page: Page, ops: FakeOps) -> None:
    ops.world.supervised = False
    opened(page, ops, "#/zones/zone-4")
    expect(page.get_by_role("button", name="Announce here…")).to_be_visible()
    for name in ("Drain…", "Restart…", "Start…"):
        expect(page.locator("#zone-view").get_by_role("button", name=name)).to_be_hidden()


def test_what_is_wrong_beside_zones_is_said(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    world.relay_up, world.balanced = False, False
    expect(page.locator("#verdict-line")).to_contain_text("and 1 more")
    page.locator("#verdict-line").click()
    expect(page.locator("#verdict-list")).to_contain_text("relay does not run")
    expect(page.locator("#verdict-list")).to_contain_text("ledger does not add up")
    expect(page.locator("#processes")).to_contain_text("down")


def test_the_keyboard_reaches_details_and_a_zone(page: Page, ops: FakeOps) -> None:
    opened(page, ops)
    page.locator('a.tile[href="#/zones/zone-4"]').focus()
    expect(page.locator("#tip")).to_contain_text("zone-4")
    expect(page.locator("#tip")).to_contain_text("host-1")
    page.locator('a.tile[href="#/zones/zone-1"]').focus()
    expect(page.locator("#tip")).to_contain_text("Layer 1")
    expect(page.locator("#tip")).not_to_contain_text("[object")
    page.locator('a.tile[href="#/zones/zone-4"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#zone-view h1")).to_have_text("zone-4")
    expect(page.locator("#world-view")).to_be_hidden()


# Charts and events.


def test_all_charts_have_one_cursor_and_one_time(page: Page, ops: FakeOps) -> None:
    opened(page, ops)
    expect(page.locator("#charts canvas")).to_have_count(8)
    page.locator("#charts .u-over").first.hover()
    expect(page.locator("#charts-at")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    shown = "all => all.filter(one => one.style.transform && !one.classList.contains('u-off')).length"
    assert page.locator("#charts .u-cursor-x").evaluate_all(shown) == 8
    page.get_by_role("button", name="5 min", exact=True).click()
    expect(page.get_by_role("button", name="5 min", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".chart").nth(7).locator(".chart-value")).to_have_text("balanced")


def test_events_come_as_they_happen_and_wait_while_the_reader_rests(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    first = page.locator("#events .event").first
    expect(first).to_contain_text("merged")
    world.happen("crash", "host-1 ended: killed by signal 9", zone="zone-2")
    expect(first).to_contain_text("killed by signal 9")
    expect(first.locator(".event-since")).to_have_text(re.compile("now|s ago"))
    page.locator("#events-follow").click()
    world.happen("restart", "host-1 started again", zone="zone-2")
    expect(page.locator("#events-new")).to_have_text("↑ 1 new event")
    expect(first).to_contain_text("killed by signal 9")
    page.locator("#events-new").click()
    expect(first).to_contain_text("started again")
    page.locator(".chip-restart").click()
    expect(first).to_contain_text("killed by signal 9")


def test_what_the_world_says_is_shown_as_it_is(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    world.happen("alarm", "<img src=x onerror=alert(1)> & <b>bold</b>", zone="zone-1")
    expect(page.locator("#events .event").first).to_contain_text("<img src=x onerror=alert(1)> & <b>bold</b>")
    assert page.locator("#events img").count() == 0


# A zone.


def test_a_zones_page_shows_it_from_above_with_its_phases_and_drops(page: Page, ops: FakeOps) -> None:
    opened(page, ops, "#/zones/zone-4")
    expect(page.locator(".under")).to_contain_text("entities shown")
    expect(page.locator(".phases tbody tr")).to_have_count(6)
    expect(page.locator(".drops")).to_contain_text("stale input")
    colours = page.locator(".top-view").evaluate(
        """canvas => { const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(data[i] * 65536 + data[i+1] * 256 + data[i+2]);
        return seen.size; }"""
    )
    assert colours > 20
    page.goto(f"{ops.url}/ops#/zones/zone-13")
    expect(page.locator("#zone-view .says")).to_contain_text("asleep")
    expect(page.get_by_role("button", name="Start…").first).to_be_visible()


def test_the_entity_under_the_pointer_is_named(page: Page, ops: FakeOps) -> None:
    opened(page, ops, "#/zones/zone-4")
    expect(page.locator(".under")).to_contain_text("entities shown")
    box = page.locator(".top-view").bounding_box()
    assert box
    for step in range(60):  # a line through the crowd in the middle
        page.mouse.move(box["x"] + box["width"] * (0.25 + step / 120), box["y"] + box["height"] * 0.52)
        if " at " in page.locator(".under").inner_text():
            break
    assert re.search(r"\d+ at [\d.]+, [\d.]+, health \d+ %", page.locator(".under").inner_text())


def test_the_view_from_above_is_zoomed_by_keys_and_never_leaves_the_zone(page: Page, ops: FakeOps) -> None:
    opened(page, ops)
    found = page.evaluate(
        """async () => { const { Zoom } = await import("/ops/zoom.js"); const { h } = await import("/client/dom.js");
        const canvas = h("canvas", {}); let changes = 0; const zoom = new Zoom(canvas, () => { changes += 1; });
        const area = { x: 1000, y: 2000, width: 1000, height: 1000 }; const seen = [];
        const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
        const note = () => { const { scale, west, south, at } = zoom.of(area, 500, 500);
            seen.push([scale, west, south, ...at(1500, 2500)]); };
        note(); press("ArrowLeft"); note(); press("+"); press("+"); note();
        for (let i = 0; i < 30; i++) { press("ArrowLeft"); press("ArrowDown"); } note(); press("0"); note();
        return seen; }"""
    )
    whole, still, close, corner, again = found
    assert whole == still == again == [0.5, 1000, 2000, 250, 250]
    assert close[0] == 0.5 * 2.25 and [round(number, 6) for number in close[3:]] == [250, 250]
    assert [round(number, 6) for number in corner[1:3]] == [1000, 2000]


def test_players_are_searched_and_kicked_by_name(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops, "#/zones/zone-4")
    page.get_by_label("Search players by name").fill("cleo1")
    page.get_by_role("button", name="Kick Cleo1", exact=True).click()
    expect(page.locator("#dialog")).to_contain_text("Cleo1 is disconnected now")
    page.get_by_role("button", name="Kick", exact=True).click()
    expect(page.locator(".toast-good")).to_contain_text("kick done")
    assert world.actions == [{"action": "kick", "name": "Cleo1", "reason": ""}]


# Actions.


def test_nothing_is_done_before_it_was_said_and_agreed_to(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops, "#/zones/zone-4")
    page.get_by_role("button", name="Drain…").click()
    expect(page.locator("#dialog .says")).to_contain_text("zone-4 lets nobody in any more")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    assert world.actions == []
    page.get_by_role("button", name="Restart…").click()
    page.get_by_role("button", name="Restart", exact=True).click()
    expect(page.locator(".toast-good")).to_contain_text("restart_zone done")
    assert world.actions == [{"action": "restart_zone", "zone": "zone-4", "layer": 0}]


def test_a_refused_action_says_why_and_the_form_stays(page: Page, ops: FakeOps) -> None:
    opened(page, ops)
    page.get_by_role("button", name="Ban…", exact=True).click()
    page.get_by_label("Character or account").fill("Nobody")
    page.get_by_role("button", name="Ban", exact=True).click()
    expect(page.locator("#dialog .error")).to_have_text("nobody of that name is in the world")
    expect(page.get_by_label("Character or account")).to_have_value("Nobody")


def test_a_world_event_is_started_shown_and_stopped(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    page.locator("#start-event").click()
    page.get_by_label("Name", exact=True).fill("feast")
    page.get_by_label("Text", exact=True).fill("Free bread in the square")
    page.get_by_label("Minutes").fill("30")
    expect(page.locator("#dialog .says")).to_contain_text("feast runs; it ends by itself after 30 min")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#running")).to_contain_text("Free bread in the square")
    page.get_by_role("button", name="Stop…").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#running")).to_contain_text("None runs now")
    started = {"action": "start_event", "name": "feast", "text": "Free bread in the square", "seconds": 1800}
    assert world.actions == [started, {"action": "stop_event", "event": 1}]


# Who may, and what if nobody answers.


def test_a_token_in_the_address_goes_into_the_session(page: Page, ops: FakeOps) -> None:
    ops.world.token = "open-sesame"
    page.goto(f"{ops.url}/ops?token=open-sesame#/zones/zone-2")
    expect(page.locator("#zone-view h1")).to_have_text("zone-2")
    expect(page.locator("#link-text")).to_have_text("live")
    assert page.url == f"{ops.url}/ops#/zones/zone-2"
    page.reload()
    expect(page.locator("#link-text")).to_have_text("live")


def test_who_brings_no_token_is_asked_for_it_until_it_is_right(page: Page, ops: FakeOps) -> None:
    ops.world.token = "open-sesame"
    page.goto(f"{ops.url}/ops")
    expect(page.locator("#door")).to_contain_text("bring the token")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("#link-text")).to_contain_text("locked")
    page.get_by_label("Token").fill("open-sesame")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("#link-text")).to_have_text("live")
    expect(page.locator("#door")).to_be_hidden()


def test_a_gateway_that_is_away_is_said_and_found_again(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    ops.stop()
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(page.locator("#verdict-line")).to_have_text("Not known now")
    world.happen("crash", "the gateway ended", zone=None)
    ops.start()
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#verdict-line")).to_contain_text("All well")
    expect(page.locator("#events .event").first).to_contain_text("the gateway ended")


def test_a_gateway_that_numbers_its_events_anew_is_followed(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    expect(page.locator("#events .event").first).to_contain_text("merged")
    world.events.clear()
    world.happen("start", "the gateway started", zone="zone-1")
    expect(page.locator("#events .event").first).to_contain_text("the gateway started")


def test_a_hidden_tab_asks_nothing(page: Page, ops: FakeOps) -> None:
    world = opened(page, ops)
    turn = """state => { Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); }"""
    page.evaluate(turn, "hidden")
    expect(page.locator("#link-text")).to_have_text("paused")
    before = len(world.asked)
    page.wait_for_timeout(2500)
    assert len(world.asked) - before <= 1  # one may have been under way
    page.evaluate(turn, "visible")
    expect(page.locator("#link-text")).to_have_text("live")
    assert len(world.asked) > before


@pytest.mark.parametrize("width", [900, 1180, 1600])
def test_nothing_sticks_out_at_any_width(browser: Browser, ops: FakeOps, width: int) -> None:
    with quiet_page(browser, width, 800) as page:
        opened(page, ops)
        expect(page.locator("#charts canvas")).to_have_count(8)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto(f"{ops.url}/ops#/zones/zone-4")
        expect(page.locator(".phases tbody tr")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
