"""What the operations page makes of the API's answers: the verdict, layers as one zone, an hour that grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.pages.chromium import chromium, quiet_page
from tests.web.pages.fake_ops import FakeOps

QUIET: dict[str, Any] = {
    "zones": [{"zone": "zone-1", "layer": 0, "state": "running", "late_p99_ms": 2, "ladder": 0}],
    "borders": [{"from": "zone-1", "to": "zone-2", "handoffs_min": 3, "failed_min": 0}],
    "hosts": [{"name": "host-1", "up": True}],
    "relay": {"up": True},
    "gateway": {"up": True},
    "ledger": {"balanced": True, "problems": 0, "age_s": 4},
    "store": {"up": True, "lag_ms": 3},
}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with FakeOps() as ops, chromium() as browser, quiet_page(browser) as found:
        found.goto(f"{ops.url}/ops/icon.svg")  # of the same origin, and without the page's own life
        yield found


def told(page: Page, **changes: Any) -> list[tuple[int, str]]:
    call = """async world => (await import("/ops/status.js")).judge(world).map(({level, text}) => [level, text])"""
    return [(level, text) for level, text in page.evaluate(call, QUIET | changes)]


def zone(**changes: Any) -> list[dict[str, Any]]:
    return [QUIET["zones"][0] | changes]


def test_a_world_in_order_is_well(page: Page) -> None:
    assert told(page) == []


def test_what_is_not_known_yet_is_not_wrong(page: Page) -> None:
    unknown = {"balanced": None, "problems": None, "age_s": None}
    assert told(page, ledger=unknown, relay=None, store=None, zones=zone(late_p99_ms=None, ladder=None)) == []


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        ({"zones": zone(state="restarting")}, 2, "zone-1 is restarting"),
        ({"zones": zone(state="draining", layer=2)}, 1, "zone-1/2 is draining"),
        ({"zones": zone(late_p99_ms=48.0)}, 2, "zone-1 is 48.0 ms late"),
        ({"zones": zone(ladder=2)}, 1, "zone-1 gives things up: rung 2 of the overload ladder"),
        ({"store": {"up": False, "lag_ms": None}}, 2, "The store does not answer: nothing is confirmed"),
        ({"ledger": {"balanced": False, "problems": 2, "age_s": 1}}, 2, "The ledger does not add up: 2 problems"),
        ({"relay": {"up": False}}, 2, "The relay does not run: browsers cannot play"),
        ({"hosts": [{"name": "host-2", "up": False}]}, 2, "host-2 does not run"),
    ],
)
def test_each_thing_that_is_wrong_is_said(page: Page, changes: dict[str, Any], level: int, text: str) -> None:
    assert told(page, **changes) == [(level, text)]


def test_the_worst_is_said_first(page: Page) -> None:
    found = told(page, zones=[*zone(state="draining"), *zone(zone="zone-2", state="restarting")])
    assert [level for level, _ in found] == [2, 1]


def test_layers_add_up_and_the_slowest_counts(page: Page) -> None:
    base = {"zone": "zone-1", "area": {}, "capacity": 600, "ladder": 0}
    layers = [
        base | {"layer": 1, "state": "draining", "players": 5, "tick_p99_ms": 9.5},
        base | {"layer": 0, "state": "running", "players": 70, "tick_p99_ms": None},
    ]
    (found,) = page.evaluate("""async rows => (await import("/ops/states.js")).grouped(rows)""", layers)
    assert (found["players"], found["capacity"], found["tick_p99_ms"], found["state"]) == (75, 1200, 9.5, "draining")
    assert [layer["layer"] for layer in found["layers"]] == [0, 1]


def test_the_hour_grows_at_its_end_forgets_its_begin_and_keeps_gaps(page: Page) -> None:
    old = {"times": [0, 5, 10], "series": {"players": [1, 2, 3], "drops_s": {"old": [1, 0, 0]}}}
    new = {
        "times": [10, 3605, 3610],
        "series": {"players": [9, 4, 5], "drops_s": {"late": [0, 1, 2]}, "more": [0, 7, 8]},
    }
    found = page.evaluate("""async ([a, b]) => (await import("/ops/live.js")).joinHistory(a, b)""", [old, new])
    assert found["times"] == [10, 3605, 3610]
    assert found["series"]["players"] == [3, 4, 5]
    assert found["series"]["more"] == [None, 7, 8]
    assert found["series"]["drops_s"] == {"old": [0, None, None], "late": [None, 1, 2]}
