"""Walks of the server's movement rule on random ground, for the browser's to repeat."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from emberdale.data import load_params
from emberdale.game import GAME
from myriad.game import TILE_UNITS, UNITS_PER_M, is_walkable, nearest_walkable

SIDE = 48
ORIGIN = (-64, 130)
STATES = ("idle", "walking", "running", "fighting", "dead")
FIELDS = ("qx", "qy", "heading", "state", "stamina")


def walk(seed: int, ticks: int) -> dict[str, Any]:
    """One body over `ticks` input-ticks: inputs as runs, and the own fields after each run."""
    dice = np.random.default_rng(seed)
    solid = (dice.random((SIDE, SIDE)) < 0.25).astype(np.uint8)
    params = load_params(60)
    radius = int(params["body_radius"][0])
    x, y = nearest_walkable(solid, SIDE // 2 * TILE_UNITS, SIDE // 2 * TILE_UNITS, radius)
    own = np.zeros(1, GAME.own_dtype)
    own["qx"], own["qy"] = x + ORIGIN[0] * UNITS_PER_M, y + ORIGIN[1] * UNITS_PER_M
    own["stamina"] = int(dice.integers(0, 10001))
    own["state"] = GAME.states[STATES[seed % 5]]
    start = values(own)
    runs = []
    done = 0
    while done < ticks:
        count = min(int(dice.integers(1, 40)), ticks - done)
        magnitude = int(dice.choice((0, 1, 77, 200, 255, 255)))
        given = (int(dice.integers(0, 4)), int(dice.integers(0, 256)), magnitude, int(dice.integers(0, 65536)))
        if dice.random() < 0.05 and own["state"][0] != GAME.states["dead"]:
            own["state"] = GAME.states["fighting"]  # a blow between two inputs
            runs.append([*given, 0, values(own)])
        for _ in range(count):
            GAME.predict(own, 0, *given, 1 / 60, solid, *ORIGIN, params)
        runs.append([*given, count, values(own)])
        done += count
    assert is_walkable(
        solid, int(own["qx"][0]) - ORIGIN[0] * UNITS_PER_M, int(own["qy"][0]) - ORIGIN[1] * UNITS_PER_M, radius
    )
    bits = base64.b64encode(np.packbits(solid.astype(np.bool_), bitorder="little").tobytes()).decode()
    ground = {"origin_x": ORIGIN[0], "origin_y": ORIGIN[1], "width": SIDE, "height": SIDE, "solid": bits}
    return {"map": ground, "start": start, "runs": runs}


def values(own: np.ndarray) -> list[int]:
    return [int(own[field][0]) for field in FIELDS]


def walks() -> dict[str, Any]:
    return {"fields": list(FIELDS), "walks": [walk(seed, 3000) for seed in range(10)]}
