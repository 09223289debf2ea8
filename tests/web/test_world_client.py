"""A player in the browser, against zones and a gateway that the test scripts: in, over, away and back again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

HEAD = "const { bench } = await import('/tests/scripted_zone.js'); const b = await bench(given); const { world } = b;"


def run(page: Page, script: str, given: dict[str, Any] | None = None) -> Any:
    """`script` with a bench `b` and its `world`."""
    return page.evaluate(f"async (given) => {{ {HEAD} {script} }}", given or {})


def test_a_guest_is_in_the_world_after_login_and_play(client_page: Page) -> None:
    found = run(
        client_page,
        """await world.login({ name: 'Ada' });
        await b.enter();
        await b.run(3000);
        return { asked: b.asked, self: world.self, stats: world.stats(), events: b.events };""",
    )
    assert [one[0] for one in found["asked"]] == ["/v1/login", "/v1/play"]
    assert found["self"]["name"] == "Ada" and found["self"]["id"] == 7 and found["self"]["max_hp"] == 100
    assert (found["self"]["x"], found["self"]["y"]) == (500, 500)
    assert found["stats"]["state"] == "playing" and found["stats"]["zone"] == "zone-1"
    assert found["stats"]["snapshots_hz"] == pytest.approx(20, abs=0.7)
    assert [detail["state"] for name, detail in found["events"] if name == "state"] == [
        "queued",
        "connecting",
        "playing",
    ]


def test_who_has_to_wait_is_told_how_long_and_asks_again(client_page: Page) -> None:
    found = run(
        client_page,
        """const wait = { zone: 'zone-1', position: 3, estimate_s: 2, retry_after_s: 1, why: 'full' };
        b.answers.push([202, wait], [202, { ...wait, position: 1 }]);
        b.answers.push(b.grant());
        const playing = world.play({ character: 7 });
        await b.run(3000);
        await playing;
        return { asked: b.asked, events: b.events };""",
    )
    assert found["asked"] == [["/v1/play", {"character": 7}]] * 3
    assert [detail["position"] for name, detail in found["events"] if name == "queue"] == [3, 1]


WALK = """await b.enter();
  world.controls = { x: 0.6, y: 0.8, run: true, attack: false, heading: null };
  await b.run(4000);
  world.controls = { x: -1, y: 0, run: false, attack: false, heading: null };
  await b.run(1000);
  world.controls = { x: 0, y: 0, run: false, attack: false, heading: 0.25 };
  const stats = world.stats();
  await b.run(1500);
  return { self: world.self, own: b.own, stats, doubled: b.doubled };"""


def test_the_avatar_is_where_the_server_has_it_and_nothing_is_ever_corrected_on_a_good_network(
    client_page: Page,
) -> None:
    found = run(client_page, WALK)
    assert found["doubled"] == 0
    assert found["stats"]["corrections"] > 60
    assert found["stats"]["correction_p99_m"] == 0
    assert found["self"]["x"] == found["own"]["qx"] / 1024 > 510
    assert found["self"]["y"] == found["own"]["qy"] / 1024
    assert found["self"]["heading"] == 0.25


def test_with_100_ms_delay_and_3_percent_loss_corrections_stay_small(client_page: Page) -> None:
    found = run(client_page, WALK, {"impairment": {"delay": 100, "jitter": 20, "loss": 3, "seed": 5}})
    assert found["stats"]["rtt_ms"] > 190
    assert found["stats"]["correction_p99_m"] < 0.25
    assert found["self"]["x"] == found["own"]["qx"] / 1024 > 510


def test_intents_reach_the_server_once_and_chat_in_order(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        world.act('attack', 4000000000);
        world.say('nearby', 'hello'); world.whisper('Bob', 'psst'); world.trade.ask(9); world.give(9, 2, 3);
        await b.run(400);
        let wrong = '';
        try { world.act('fly'); } catch (error) { wrong = error.message; }
        return { acted: b.acted, heard: b.at('zone-1').heard, wrong };""",
    )
    assert found["acted"] == [1, 4000000000]
    assert found["heard"][:2] == [[1, 9, 0, 0, 0], [5, 9, 0, 0, 0, 2, 3, 0, 0, 0]]
    assert found["heard"][2:4] == [[1, 1, *b"hello"], [3, 3, *b"Bobpsst"]]
    assert "no intent fly" in found["wrong"]


def test_over_the_border_inputs_go_on_and_the_socket_stays(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        world.controls = { x: 1, y: 0, run: false, attack: false, heading: null };
        await b.run(500);
        b.offer(b.at('zone-1'), 'zone-2');
        await b.run(500);
        const waits = b.lines.size;
        b.zone = 'zone-2';
        await b.run(2000);
        const moved = world.self.x;
        await b.run(200);
        return { waits, moved: world.self.x - moved, doubled: b.doubled, sockets: b.sockets.length,
          lines: [...b.lines.values()].map((one) => one.zone), stats: world.stats(), asked: b.asked.length };""",
    )
    assert found["waits"] == 2
    assert found["lines"] == ["zone-2"]
    assert found["doubled"] == 0 and found["sockets"] == 1 and found["asked"] == 1
    assert found["stats"]["zone"] == "zone-2" and found["stats"]["state"] == "playing"
    assert found["moved"] > 0.5
    assert found["stats"]["correction_p99_m"] == 0


def test_after_half_a_second_of_silence_it_comes_back_with_its_session_and_its_inputs(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        world.controls = { x: 0, y: 1, run: false, attack: false, heading: null };
        await b.run(500);
        b.at('zone-1').silent = true;
        await b.run(400);
        const early = b.asked.length;
        b.answers.push([0, null], [503, { error: { code: 'busy', message: 'no' } }]);
        b.answers.push([202, { zone: 'zone-1', position: 0, retry_after_s: 0.25, why: 'starting' }], b.grant());
        await b.run(5000);
        return { early, asked: b.asked, stats: world.stats(), doubled: b.doubled, lines: b.lines.size,
          states: b.events.filter(([name]) => name === 'state').map(([, detail]) => detail.state) };""",
    )
    assert found["early"] == 1, "400 ms are no silence"
    assert found["asked"][1:] == [["/v1/resume", {"character": 7, "session": "feed000000000001"}]] * 4
    assert found["states"][-3:] == ["playing", "reconnecting", "playing"]
    assert found["doubled"] == 0 and found["lines"] == 1
    assert found["stats"]["inputs_lost"] == 0


def test_without_a_gateway_it_plays_on(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        await b.run(20000);
        return { asked: b.asked.length, stats: world.stats() };""",
    )
    assert found["asked"] == 1
    assert found["stats"]["state"] == "playing"


def test_a_relay_that_dies_costs_a_new_socket_and_nothing_else(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        b.answers.push(b.grant());
        b.drop();
        await b.run(2000);
        return { sockets: b.sockets.length, stats: world.stats(), lines: b.lines.size };""",
    )
    assert found["sockets"] == 2 and found["lines"] == 1
    assert found["stats"]["state"] == "playing"


def test_who_was_away_for_too_long_plays_anew(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        b.at('zone-1').silent = true;
        b.answers.push([409, { error: { code: 'not_playing', message: 'away' } }]);
        b.answers.push(b.grant());
        await b.run(3000);
        return { asked: b.asked.map(([url]) => url), state: world.state };""",
    )
    assert found == {"asked": ["/v1/play", "/v1/resume", "/v1/play"], "state": "playing"}


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_come_back_is_told_why(client_page: Page, status: int) -> None:
    found = run(
        client_page,
        """await b.enter();
        b.at('zone-1').silent = true;
        b.answers.push([given.status, { error: { code: 'banned', message: 'you are banned' } }]);
        await b.run(3000);
        return { asked: b.asked.length, events: b.events.slice(-2) };""",
        {"status": status},
    )
    assert found["asked"] == 2
    assert found["events"] == [["state", {"state": "ended"}], ["farewell", {"reason": "you are banned"}]]


def test_a_goodbye_ends_it_for_good(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        b.tell(b.at('zone-1'), 0, new Uint8Array([2, 6, ...new TextEncoder().encode('kicked')]));
        await b.run(3000);
        return { asked: b.asked.length, events: b.events.slice(-2), self: world.self === null };""",
    )
    assert found["asked"] == 1
    assert found["events"] == [["state", {"state": "ended"}], ["farewell", {"reason": "kicked"}]]


SAY = """const say = (line, words) => {
  b.tell(line, 0, new Uint8Array([2, words.length, ...new TextEncoder().encode(words)]));
};
"""


def test_after_a_goodbye_it_may_play_again_and_meanwhile_asks_nothing(client_page: Page) -> None:
    found = run(
        client_page,
        SAY
        + """await b.enter();
        say(b.at('zone-1'), 'somebody else plays');
        await b.run(5000);
        const meanwhile = b.asked.length;
        b.answers.push([202, { zone: 'zone-1', position: 1, retry_after_s: 1, why: 'full' }], b.grant());
        const playing = world.play({});
        await b.run(3000);
        await playing;
        return { meanwhile, asked: b.asked.map(([url]) => url), state: world.state, doubled: b.doubled };""",
    )
    assert found["meanwhile"] == 1
    assert found["asked"] == ["/v1/play"] * 3, "nothing is resumed while the player stands in the queue"
    assert found["state"] == "playing" and found["doubled"] == 0


def test_a_goodbye_on_a_connection_that_only_waits_ends_nothing(client_page: Page) -> None:
    found = run(
        client_page,
        SAY
        + """await b.enter();
        b.offer(b.at('zone-1'), 'zone-2');
        await b.run(300);
        const waits = b.at('zone-2');
        say(waits, 'nobody asked you');
        const row = [...b.lines].find(([, line]) => line === waits)[0];
        b.say(row, waits);
        await b.run(1000);
        const farewells = b.events.filter(([name]) => name === 'farewell');
        return { told: waits.queue.length, state: world.state, farewells };""",
    )
    assert found == {"told": 1, "state": "playing", "farewells": []}


def test_a_goodbye_before_the_welcome_is_an_answer_to_play(client_page: Page) -> None:
    found = run(
        client_page,
        SAY
        + """b.answers.push(b.grant());
        const playing = world.play({});
        let why = '';
        playing.catch((error) => (why = error.message));
        b.zone = 'nowhere';
        await b.run(300);
        say(b.at('zone-1'), 'not you');
        b.say(0, b.at('zone-1'));
        await b.run(300);
        return { why, state: world.state };""",
    )
    assert found == {"why": "not you", "state": "ended"}


def test_who_was_told_goodbye_while_it_asked_to_come_back_stays_away(client_page: Page) -> None:
    found = run(
        client_page,
        SAY
        + """await b.enter();
        const line = b.at('zone-1');
        line.silent = true;
        b.answers.push([202, { zone: 'zone-1', position: 0, retry_after_s: 1, why: 'starting' }], b.grant());
        await b.run(700);
        say(line, 'somebody else plays');
        b.say(0, line);
        await b.run(5000);
        return { state: world.state, asked: b.asked.length, lines: b.lines.size };""",
    )
    assert found == {"state": "ended", "asked": 3, "lines": 0}


def test_an_open_trade_is_off_once_the_player_is_welcome_anew(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        world.trade.take({ state: 'open', partner: 9, version: 1, mine: [], theirs: [] });
        const told = [];
        world.events.on('trade', ({ state }) => told.push(state));
        b.answers.push(b.grant());
        b.drop();
        await b.run(2000);
        return { told, state: world.state };""",
    )
    assert found == {"told": ["cancelled"], "state": "playing"}


def test_without_a_map_the_own_state_is_shown_as_it_comes_and_no_correction_is_counted(client_page: Page) -> None:
    found = run(
        client_page,
        """b.noMap = true;
        await b.enter();
        world.controls = { x: 1, y: 0, run: false, attack: false, heading: null };
        await b.run(1000);
        const before = world.stats().corrections;
        const far = Math.abs(world.self.x - b.own.qx / 1024);
        return { before, far, told: b.events.filter(([name]) => name === 'error').length, map: world.map };""",
    )
    assert found["before"] == 0 and found["map"] is None
    assert found["far"] < 0.5
    assert found["told"] > 0


def test_the_tab_that_stood_still_was_not_silent(client_page: Page) -> None:
    found = run(
        client_page,
        """await b.enter();
        b.ms += 5000;
        await b.run(100);
        return { asked: b.asked.length, state: world.state };""",
    )
    assert found == {"asked": 1, "state": "playing"}


PUSHED = """await b.enter();
  await b.run(300);
  const shown = [];
  b.own.qx += given.units;
  await b.run(320, () => shown.push(world.self.x - 500));
  const steps = shown.map((x, k) => x - (shown[k - 1] ?? 0));
  const { correction_m, correction_p99_m } = (await b.run(0), world.stats());
  return { shown, largest: Math.max(...steps), moving: steps.filter((step) => step > 0).length,
    correction_p99_m, last: correction_m };"""


@pytest.mark.parametrize(("units", "moving_ms"), [(400, (80, 135)), (1500, (220, 280)), (5000, (1, 20))])
def test_small_corrections_are_smoothed_and_large_ones_shown_at_once(
    client_page: Page, units: int, moving_ms: tuple[int, int]
) -> None:
    found = run(client_page, PUSHED, {"units": units})
    assert found["shown"][-1] == pytest.approx(units / 1024)
    assert found["correction_p99_m"] == pytest.approx(units / 1024)
    assert moving_ms[0] <= found["moving"] * 1000 / 60 <= moving_ms[1]
