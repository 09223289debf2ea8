"""Movement in the browser against the server's rule, to the bit."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from myriad.game import COSINE, SINE
from tests.web.movement_walks import FIELDS

WALK = """async (index) => {
  const { movementOf } = await import('/game/movement.js');
  const { bitMap } = await import('/tests/bit_map.js');
  const [info, { fields, walks }] = await Promise.all(
    ['browser-game.json', 'browser-walks.json'].map(async (name) => (await fetch('/vectors/' + name)).json()));
  const { map, start, runs } = walks[index];
  const move = movementOf(info);
  const ground = bitMap(map);
  const own = Object.fromEntries(fields.map((field, k) => [field, start[k]]));
  let ticks = 0;
  for (const [buttons, direction, magnitude, heading, count, after] of runs) {
    if (count === 0) own.state = info.states.fighting;
    for (let k = 0; k < count; k++) move(own, { buttons, direction, magnitude, heading }, ground);
    ticks += count;
    const found = fields.map((field) => own[field]);
    if (found.join() !== after.join()) return { ticks, found, after };
  }
  return { ticks, moved: own.qx !== start[0] || own.qy !== start[1] };
}"""


@pytest.mark.parametrize("index", range(10))
def test_three_thousand_recorded_inputs_lead_to_the_same_bits_as_on_the_server(client_page: Page, index: int) -> None:
    found: dict[str, Any] = client_page.evaluate(WALK, index)
    assert found == {"ticks": 3000, "moved": index % 5 != 4}, FIELDS


def test_the_tables_of_directions_are_the_servers(client_page: Page) -> None:
    script = """async () => {
      const { COSINE, SINE } = await import('/game/movement.js');
      return [Array.from(COSINE), Array.from(SINE)];
    }"""
    cosine, sine = client_page.evaluate(script)
    assert cosine == COSINE.tolist()
    assert sine == SINE.tolist()
