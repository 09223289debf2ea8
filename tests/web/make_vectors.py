"""Writes the vectors that the browser client is tested with: `python -m tests.web.make_vectors`.

The code that runs makes them, so they change when the protocol or the rules do; a test makes them again and compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emberdale.browser_info import browser_info
from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.web.gateway.game_info import game_info
from tests.scenarios.stepper import Weather
from tests.web.captures import journey, storm
from tests.web.movement_walks import walks

FOLDER = Path(__file__).parents[1] / "vectors"


def told_game() -> dict[str, Any]:
    """What `GET /v1/game` answers."""
    return game_info(GAME, Settings(), browser_info(60))


def game_vectors() -> dict[str, Any]:
    return told_game()


def storm_vectors() -> list[dict[str, Any]]:
    """In fair weather, and in weather that loses, doubles and delays."""
    return [
        storm(1, Weather(), 360),
        storm(2, Weather(loss=0.15, duplicate=0.05, delay_ticks=3, jitter_ticks=6), 600),
        storm(3, Weather(loss=0.4, jitter_ticks=20), 600),
    ]


def journey_vectors() -> list[dict[str, Any]]:
    """Over a border and back, without and with loss."""
    from tests.scenarios.test_world import Y

    return [journey(3, 0.0, Y), journey(5, 0.1, Y)]


VECTORS = {
    "browser-game.json": game_vectors,
    "browser-storms.json": storm_vectors,
    "browser-journeys.json": journey_vectors,
    "browser-walks.json": walks,
}


def as_text(found: Any) -> str:
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n"


def main() -> None:
    for name, make in VECTORS.items():
        (FOLDER / name).write_text(as_text(make()))
        print(name, (FOLDER / name).stat().st_size)


if __name__ == "__main__":
    main()
