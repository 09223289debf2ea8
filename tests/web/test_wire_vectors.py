"""The browser client against what Python's client made of the same payloads, and against bytes that nobody sends."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from emberdale.game import GAME
from myriad.wire import layouts
from tests.web.make_vectors import FOLDER, VECTORS, as_text

REPLAY = """async ([file, index, maps]) => {
  const { replay } = await import('/tests/replay.js');
  const { movementOf } = await import('/game/movement.js');
  const { mapsOf } = await import('/tests/bit_map.js');
  const [info, captures] = await Promise.all(
    ['browser-game.json', file].map(async (name) => (await fetch('/vectors/' + name)).json()));
  return replay(captures[index], info, movementOf(info), mapsOf(maps));
}"""


@pytest.fixture(scope="module")
def maps() -> dict[str, Any]:
    world = GAME.for_world(4)
    found = {}
    for name in ("zone-1", "zone-2"):
        zone = world.read_map(name, 60)
        height, width = zone.solid.shape
        bits = base64.b64encode(np.packbits(zone.solid.astype(np.bool_), bitorder="little").tobytes()).decode()
        found[name] = {
            "origin_x": zone.origin_x,
            "origin_y": zone.origin_y,
            "width": width,
            "height": height,
            "solid": bits,
        }
    return found


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_are_what_the_running_code_makes(name: str) -> None:
    made = as_text(VECTORS[name]())
    assert (FOLDER / name).read_text() == made, "run: python -m tests.web.make_vectors"


def test_numbers_of_the_protocol_are_the_servers(client_page: Page) -> None:
    numbers = client_page.evaluate("async () => ({ ...(await import('/client/numbers.js')) })")
    assert len(numbers) > 60
    theirs = {name: getattr(layouts, name) for name in numbers if hasattr(layouts, name)}
    assert {name: numbers[name] for name in theirs} == theirs
    assert set(numbers) - set(theirs) == {"MAX_PAYLOAD_BYTES"}


@pytest.mark.parametrize("index", [0, 1, 2])
def test_payloads_of_a_crowd_in_all_weathers_are_decoded_and_answered_as_by_python(
    client_page: Page, index: int, maps: dict[str, Any]
) -> None:
    found = client_page.evaluate(REPLAY, ["browser-storms.json", index, maps])
    assert found["wrong"] == ""
    assert found["spoke"] > 1
    assert found["malformed"] == [0, 0, 0, 0]
    assert (found["undecodable"] > 0) == (index > 0), "bad weather makes NACKs"


@pytest.mark.parametrize("index", [0, 1])
def test_a_journey_over_a_border_and_back_is_the_same_to_the_byte_with_its_prediction(
    client_page: Page, index: int, maps: dict[str, Any]
) -> None:
    found = client_page.evaluate(REPLAY, ["browser-journeys.json", index, maps])
    assert found["wrong"] == ""
    assert found["zones"] == ["zone-1", "zone-2", "zone-1"]
    assert all(length == 2048 for _, length in found["opened"])


FUZZ = """async ([file, index, seed]) => {
  const { Replay, wordsOf } = await import('/tests/replay.js');
  const { seeded } = await import('/client/impairment.js');
  const { bytesOf } = await import('/client/api.js');
  const [info, captures] = await Promise.all(
    ['browser-game.json', file].map(async (name) => (await fetch('/vectors/' + name)).json()));
  const random = seeded(seed);
  const run = new Replay(info, () => {}, {});
  const broken = (payload) => {
    const copy = payload.slice(0, random() < 0.5 ? payload.length : Math.floor(random() * payload.length));
    for (let k = Math.floor(random() * 6); k > 0; k--) copy[Math.floor(random() * copy.length)] = random() * 256;
    return copy;
  };
  const seen = { refused: 0, taken: 0, doubled: 0, changed: 0 };
  for (const step of captures[index].steps) {
    if (step.down === undefined) continue;
    const payload = bytesOf(step.payload);
    const connection = run.session.connections[step.down];
    for (let k = 0; k < 6; k++) {
      const noise = k < 5 ? broken(payload) : Uint8Array.from({ length: random() * 300 }, () => random() * 256);
      const before = run.words(step.down) + JSON.stringify(connection.acks) + JSON.stringify(connection.channels);
      const number = connection.numMalformed;
      run.session.takePayload(step.down, noise, step.ms);
      if (connection.numMalformed === number) {
        seen.taken++;
        continue;
      }
      seen.refused++;
      const after = run.words(step.down) + JSON.stringify(connection.acks) + JSON.stringify(connection.channels);
      if (after !== before) seen.changed++;
    }
    run.session.takePayload(step.down, payload, step.ms);
  }
  return seen;
}"""


def test_no_bytes_make_it_fail_and_what_does_not_add_up_changes_nothing(client_page: Page) -> None:
    found = client_page.evaluate(FUZZ, ["browser-storms.json", 1, 7])
    assert found["refused"] > 300
    assert found["taken"] > 10, "some broken payloads are well formed all the same"
    assert found["changed"] == 0


TWICE = """async ([file, index]) => {
  const { Replay, fnv } = await import('/tests/replay.js');
  const { bytesOf } = await import('/client/api.js');
  const [info, captures] = await Promise.all(
    ['browser-game.json', file].map(async (name) => (await fetch('/vectors/' + name)).json()));
  const run = new Replay(info, () => {}, {});
  const late = [];
  let wrong = 0;
  for (const step of captures[index].steps) {
    if (step.down === undefined) continue;
    const payload = bytesOf(step.payload);
    run.session.takePayload(step.down, payload, step.ms);
    const { view } = run.session.connections[step.down];
    view.takeNacks(); // what is asked for once more is no change of what is known
    const words = run.words(step.down).replace(/sections.*/, '');
    late.push(payload);
    const old = late[Math.max(0, late.length - 6)];
    for (const again of [payload, old]) run.session.takePayload(step.down, again, step.ms);
    view.takeNacks();
    if (run.words(step.down).replace(/sections.*/, '') !== words) wrong++;
  }
  return { wrong, count: late.length, told: run.told };
}"""


@pytest.mark.parametrize("index", [0, 1])
def test_doubled_and_late_payloads_change_nothing_that_is_shown(client_page: Page, index: int) -> None:
    found = client_page.evaluate(TWICE, ["browser-storms.json", index])
    assert found["count"] > 50
    assert found["wrong"] == 0
    assert found["told"].count("welcome") == 1


def test_what_a_game_tells_browsers_names_every_byte_of_own_and_private_state() -> None:
    told = json.loads((FOLDER / "browser-game.json").read_text())
    for part, dtype in (("own", GAME.own_dtype), ("private", GAME.private_dtype)):
        layout = told[part]
        sizes = [int(field["type"][1]) * (field["count"] or 1) for field in layout["fields"]]
        assert sum(sizes) == layout["bytes"] == dtype.itemsize
        assert [field["name"] for field in layout["fields"]] == list(dtype.names or ())
