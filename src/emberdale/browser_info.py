"""Emberdale's rules as a browser needs them: numbers for prediction, and what its panels say of items.

Responsible for: which numbers of the data files are told to browsers. Not here: the numbers (`data/*.toml`), words for
kinds, states and intents (`game.py`, which the engine tells by itself).

Invariant: plain values that JSON can carry; floating point numbers are the very ones that the rules read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from emberdale.data import load_items, load_params

FOLDER: Final = Path(__file__).parent / "browser"
"""What a browser loads of the game: its page, pictures and scripts."""

RULES = (
    "walk_mps",
    "run_mps",
    "body_radius",
    "stamina",
    "run_stamina",
    "rest_stamina",
    "run_again_stamina",
    "respawn_ticks",
    "fist_reach",
    "fist_cooldown_ticks",
    "fist_min_damage",
    "fist_max_damage",
    "item_reach",
    "action_ticks",
    "trade_distance",
    "level_experience",
    "level_hp",
    "max_level",
)
"""Parameters by their names; lengths in 1/1024 m, stamina in hundredths of a point."""


def browser_info(tick_hz: int) -> dict[str, Any]:
    """`rules` by name, and `items` by number: name, largest stack, healing, damage, reach, ticks between two blows."""
    params = load_params(tick_hz)
    types, numbers = load_items(tick_hz)
    names = types.dtype.names or ()
    return {
        "rules": {name: params[name][0].item() for name in RULES},
        "items": {
            str(number): {"name": name, **{field: types[field][number].item() for field in names}}
            for name, number in numbers.items()
        },
    }
