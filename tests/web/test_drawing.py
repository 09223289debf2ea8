"""The drawing in Chromium: what is in the frame is on the canvas, can be picked, and costs little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route

from emberdale.browser_info import browser_info
from emberdale.browser_maps import shown_map
from emberdale.game import GAME
from emberdale.places import world_map
from myriad.core.settings import Settings
from myriad.web.gateway.game_info import game_info
from myriad.web.gateway.maps import pack_map
from tests.web.pages.chromium import quiet_page

ZONES = 4
RIVER = "zone=zone-1&x=700&y=548"
"""Grass, woods, a road, a bridge, water."""

Open = Callable[[str], Page]


@cache
def words() -> bytes:
    return msgspec.json.encode(game_info(GAME.for_world(ZONES), Settings(), browser_info(60)))


@cache
def packed(zone: str) -> bytes:
    return pack_map(shown_map(world_map(ZONES), zone)).plain


def answer_map(route: Route) -> None:
    route.fulfill(body=packed(route.request.url.rsplit("/", 1)[1]), content_type="application/json")


@pytest.fixture(scope="module")
def drawing(browser: Browser, static_server: str) -> Iterator[Open]:
    """Opens `tests/web/pages/drawing.html` with what is behind its question mark; one page for all tests."""
    with quiet_page(browser, 1280, 800) as page:
        page.route("**/v1/game", lambda route: route.fulfill(body=words(), content_type="application/json"))
        page.route("**/v1/maps/*", answer_map)

        def open_page(query: str) -> Page:
            page.goto(f"{static_server}/tests/pages/drawing.html?{query}")
            page.wait_for_function("document.title === 'drawn'")
            return page

        yield open_page


def test_everybody_in_view_is_drawn_and_nobody_else(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    counts = page.evaluate("""() => {
      const { renderer, populate, step, entities, frame, self } = drawing;
      const drawn = [];
      for (const count of [0, 10, 300]) {
        populate(count, [30, 18]);
        step(50000 + count);
        drawn.push([entities().length, renderer.stats.entities, renderer.stats.sprites]);
      }
      for (const one of entities()) one.homeX += 500;
      step(60000);
      return { drawn, far: renderer.stats.sprites };
    }""")
    assert [drawn[2] for drawn in counts["drawn"]] == [1, 11, 301]  # and the player
    assert all(drawn[0] == drawn[1] for drawn in counts["drawn"])
    assert counts["far"] == 1


def test_who_stands_alone_is_picked_where_it_is_drawn_and_nobody_beside_it(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    picked = page.evaluate("""() => {
      const { renderer, self, show, entityAt } = drawing;
      const list = [entityAt(7, 8, 3), entityAt(8, -8, 3, { kind: 4, player: false }),
        entityAt(9, 6, -5, { kind: 134, player: false, item: 6 })];
      show(list, 70000);
      const at = ({ x, y }, up) => {
        const place = renderer.toPage(x, y + up);
        return renderer.pick(place.x, place.y);
      };
      return [...list.map((each) => at(each, 0.7)), at(list[0], -3), at({ x: self.x + 3, y: self.y }, 0), at(self, 1)];
    }""")
    assert picked == [7, 8, 9, None, None, None]


def test_the_living_are_picked_before_what_lies_at_the_same_place(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    picked = page.evaluate("""() => {
      const { renderer, self, show, entityAt } = drawing;
      const one = (id, more) => entityAt(id, 5, 0, { kind: 4, player: false, ...more });
      show([one(1000, { state: 4, hp: 0 }), one(11), one(12, { kind: 130, item: 2 })], 71000);
      const place = renderer.toPage(self.x + 5, self.y + 0.9);
      return renderer.pick(place.x, place.y);
    }""")
    assert picked == 11


def test_north_is_up_and_places_of_the_page_are_places_of_the_world(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    seen = page.evaluate("""() => {
      const { renderer, self } = drawing;
      const [here, north, east] = [[0, 0], [0, 5], [5, 0]].map(([x, y]) => renderer.toPage(self.x + x, self.y + y));
      const back = renderer.toWorld(here.x, here.y);
      const off = Math.hypot(back.x - self.x, back.y - self.y);
      return { up: here.y - north.y, right: east.x - here.x, scale: renderer.scale, off, middle: here };
    }""")
    assert (seen["up"], seen["right"]) == pytest.approx((5 * seen["scale"], 5 * seen["scale"]), abs=1)
    assert seen["off"] < 1 / seen["scale"] + 1e-6
    assert (seen["middle"]["x"], seen["middle"]["y"]) == pytest.approx((640, 400), abs=1)


def test_a_walk_through_the_zone_keeps_a_bounded_number_of_pictures(drawing: Open) -> None:
    page = drawing("zone=zone-1&x=20&y=20&beings=0")
    walked = page.evaluate("""async () => {
      const { MAX_CHUNKS } = await import('/game/draw/chunks.js');
      const { renderer, self, show, entityAt } = drawing;
      let most = 0;
      for (let i = 0; i < 120; i++) {
        self.x = self.y = 20 + i * 8;
        const somebody = (k) => entityAt(i * 10 + k, k * 2, 0, { name: `Somebody ${i * 10 + k}`, hp: 0.5 });
        show([1, 2, 3].map(somebody), 80000 + i * 400);
        most = Math.max(most, renderer.stats.chunks);
      }
      return { most, limit: MAX_CHUNKS, painted: renderer.stats.chunksPainted, sheets: renderer.stats.painted };
    }""")
    assert walked["most"] <= walked["limit"] < walked["painted"]
    assert walked["sheets"] <= 48


def test_standing_still_paints_nothing_new(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=20")
    before, after = page.evaluate("""() => {
      const { renderer, step } = drawing;
      const before = renderer.stats.chunksPainted;
      for (let i = 0; i < 30; i++) step(90000 + i * 16);
      return [before, renderer.stats.chunksPainted];
    }""")
    assert after == before > 0


def test_land_looks_the_same_from_both_sides_of_a_border(drawing: Open) -> None:
    page = drawing("zone=zone-1&x=990&y=500&beings=0")
    differing = page.evaluate("""async () => {
      const { CHUNK_PX, Ground } = await import('/game/draw/ground.js');
      const { loadMap } = await import('/game/map.js');
      const maps = await Promise.all(['zone-1', 'zone-2'].map((zone) => loadMap(zone)));
      const ground = new Ground(drawing.art);
      let differing = 0;
      for (const [column, row] of [[60, 30], [61, 31], [62, 32], [63, 31], [64, 30]]) { // 16 m each: 960 m to 1040 m
        const [one, other] = maps.map((map) => {
          const pixels = new Uint32Array(CHUNK_PX * CHUNK_PX);
          ground.paint(map, column, row, pixels);
          return pixels;
        });
        for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) differing++;
      }
      return differing;
    }""")
    assert differing == 0


def test_only_water_lets_through_what_is_below_the_ground(drawing: Open) -> None:
    page = drawing("zone=zone-1&x=700&y=548&beings=0")
    clear, water = page.evaluate("""async () => {
      const { CHUNK_PX, Ground } = await import('/game/draw/ground.js');
      const ground = new Ground(drawing.art);
      const pixels = new Uint32Array(CHUNK_PX * CHUNK_PX);
      let [clear, water] = [0, 0];
      for (let column = 38; column < 46; column++) {
        ground.paint(drawing.map, column, 34, pixels);
        const seeThrough = pixels.reduce((sum, pixel) => sum + (pixel >>> 24 < 255 ? 1 : 0), 0);
        if (ground.hasWater) water += seeThrough;
        else clear += seeThrough;
      }
      return [clear, water];
    }""")
    assert clear == 0 and water > 10_000


def test_every_being_has_a_picture_for_every_direction_and_frame_and_every_item_an_icon(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    found = page.evaluate("""async () => {
      const { iconOf } = await import('/game/draw/art.js');
      const { art, info } = drawing;
      const empty = [];
      for (const [name, kind] of Object.entries(info.kinds)) {
        const { boxes, columns } = art.beingOf(5, kind, name === 'player');
        if (columns !== 11 || boxes.length !== 8 * 11 * 4) empty.push(name);
        for (let i = 0; i < boxes.length; i += 4) {
          if (boxes[i + 2] < 8 || boxes[i + 3] < 8) empty.push(`${name} ${i / 4}`);
        }
      }
      const icons = Object.keys(info.assets).map((asset) => iconOf(Number(asset)).toDataURL());
      const size = iconOf(0);
      const players = new Set(Array.from({ length: 60 }, (_, id) => art.beingOf(id, 1, true))).size;
      return { empty, icons: icons.length, different: new Set(icons).size, side: [size.width, size.height],
        unknown: iconOf(99) !== null, players };
    }""")
    assert found["empty"] == []
    assert found["icons"] == found["different"] == 12
    assert found["side"] == [32, 32] and found["unknown"]
    assert found["players"] >= 20


def test_blows_show_and_end_and_never_grow_beyond_their_bound(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=30")
    shown = page.evaluate("""() => {
      const { renderer, step, entities } = drawing;
      const ids = entities().map((one) => one.id);
      step(200000);
      const { effects } = renderer;
      const add = (kindName, target, source, amount) => effects.add({ kindName, target, source, amount }, 200000);
      for (const kindName of ['death', 'respawn', 'heal', 'level', 'something new', 'miss', 'hit']) {
        for (let i = 0; i < 200; i++) add(kindName, ids[i % 30], ids[(i + 1) % 30], i);
      }
      add('hit', 4_000_000, 0, 3); // somebody out of sight
      step(200050);
      const active = renderer.stats.effects;
      step(205000);
      return [active, renderer.stats.effects];
    }""")
    assert 100 < shown[0] <= 320
    assert shown[1] == 0


def test_whoever_strikes_moves_and_whoever_is_struck_flashes(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    differing = page.evaluate("""() => {
      const { renderer, canvas, self, show, entityAt, pixelsOf, differing } = drawing;
      const wolf = entityAt(50, 4, 0, { kind: 5, player: false });
      const pixels = (now) => {
        show([wolf], now);
        const { x, y } = renderer.toPage(wolf.x, wolf.y);
        return pixelsOf(canvas, x - 40, y - 70, 80, 80);
      };
      pixels(210000);
      const still = pixels(210017);
      const same = differing(still, pixels(210034));
      renderer.effects.add({ kindName: 'hit', target: 50, source: self.id, amount: 4 }, 210040);
      return [same, differing(still, pixels(210060))];
    }""")
    assert differing[0] == 0 and differing[1] > 300


def test_a_frame_of_300_costs_little_script(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    # The script alone, then all of it; wall time on a machine that does other things too, so the second bound is wide.
    script, whole = page.evaluate("""() => {
      const { populate, measure } = drawing;
      populate(300, [44, 26]);
      measure(20);
      const { drawImage } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.drawImage = () => {};
      const script = measure(60, 300000)[30];
      CanvasRenderingContext2D.prototype.drawImage = drawImage;
      return [script, measure(30, 400000)[10]];
    }""")
    assert script < 4
    assert whole < 60


def test_names_are_fewer_in_a_crowd_and_the_player_keeps_its_own(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=0")
    few, many, none = page.evaluate("""() => {
      const { renderer, populate, step, frame } = drawing;
      const share = (count) => {
        populate(count, [40, 24]);
        step(500000 + count);
        return renderer.stats.plates / count;
      };
      const shares = [share(30), share(300)];
      frame.names = false;
      step(510000);
      return [...shares, renderer.stats.plates];
    }""")
    assert few > many > 0
    assert none == 1


def test_the_canvas_has_the_pixels_of_the_screen(browser: Browser, static_server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 760}, device_scale_factor=3)
    try:
        page = context.new_page()
        page.route("**/v1/game", lambda route: route.fulfill(body=words(), content_type="application/json"))
        page.route("**/v1/maps/*", answer_map)
        page.goto(f"{static_server}/tests/pages/drawing.html?{RIVER}&beings=4")
        page.wait_for_function("document.title === 'drawn'")
        seen: dict[str, Any] = page.evaluate("""() => {
          const canvas = document.getElementById('world');
          const { renderer, self } = drawing;
          const wide = canvas.clientWidth / renderer.scale;
          return { size: [canvas.width, canvas.height], middle: renderer.toPage(self.x, self.y), wide };
        }""")
    finally:
        context.close()
    assert seen["size"] == [1170, 2280]
    assert (seen["middle"]["x"], seen["middle"]["y"]) == pytest.approx((195, 380), abs=1)
    assert 16 < seen["wide"] < 30  # metres


def test_the_small_map_shows_land_players_and_where_one_looks(drawing: Open) -> None:
    page = drawing("zone=zone-1&x=340&y=500&beings=0")
    seen = page.evaluate("""() => {
      const { minimap, frame, self, entityAt, pixelsOf, differing } = drawing;
      const canvas = document.getElementById('map');
      const shot = (entities) => {
        minimap.draw({ ...frame, entities });
        return pixelsOf(canvas, 0, 0, canvas.width, canvas.height);
      };
      const alone = shot([]);
      const dot = differing(alone, shot([entityAt(5, 30, 30)]));
      const far = differing(alone, shot([entityAt(5, 3000, 0)]));
      self.heading = 0.25;
      return { colours: new Set(alone).size, dot, far, turned: differing(alone, shot([])) };
    }""")
    assert seen["colours"] > 20
    assert 8 < seen["dot"] < 120 and seen["far"] == 0
    assert seen["turned"] > 20


def test_without_a_map_or_a_player_nothing_fails(drawing: Open) -> None:
    page = drawing(f"{RIVER}&beings=3")
    stats = page.evaluate("""() => {
      const { renderer, minimap, frame } = drawing;
      for (const change of [{ map: null }, { self: null }, { entities: [] }]) {
        renderer.draw({ ...frame, ...change });
        minimap.draw({ ...frame, ...change });
      }
      return renderer.stats;
    }""")
    assert stats["entities"] == 0
