"""Sheets of moving beings, and the colours that they wear.

Responsible for: which frames a sheet has, ramps by kind of being, what players may wear. Not here: shapes.

Invariant: a sheet has a line for each of 8 directions (0 east, then against the clock) and a column for each frame of
`FRAMES`; its pixels are numbers `material * 8 + tone`, which the browser turns into colours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.art import animals, people
from tools.art.colours import Ramp, ramp
from tools.art.solids import Body, Canvas

DIRECTIONS = 8
WALK_FRAMES = 6
FRAMES = {"idle": [0, 1], "walk": [1, WALK_FRAMES], "strike": [7, 3], "dead": [10, 1]}
"""First column, and how many."""


class Sheet(NamedTuple):
    """How a being is drawn."""

    make: Callable[[Any], Body]
    poses: tuple[Any, ...]
    """Idle, walking, striking."""
    width: int
    height: int
    foot: tuple[int, int]
    on_back: bool
    middle: float
    """Height of its middle."""
    lift: float
    """Height of its middle when it lies."""


def _person(make: Callable[[people.Pose], Body]) -> Sheet:
    steps = tuple(people.walk(i / WALK_FRAMES) for i in range(WALK_FRAMES))
    return Sheet(make, (people.IDLE, *steps, *people.STRIKES), 48, 56, (24, 46), True, 19, 5)


def _animal(make: Callable[[animals.Gait], Body], middle: float, lift: float) -> Sheet:
    steps = tuple(animals.walk(i / WALK_FRAMES) for i in range(WALK_FRAMES))
    return Sheet(make, (animals.IDLE, *steps, *animals.STRIKES), 64, 64, (32, 44), False, middle, lift)


SHEETS = {
    **{f"player_{style}": _person(partial(people.player, style=style)) for style in ("short", "long", "tail", "hood")},
    "raider": _person(people.raider),
    "deer": _animal(animals.deer, 14, 5),
    "boar": _animal(animals.boar, 11, 7),
    "wolf": _animal(animals.wolf, 12, 5),
    "scorpion": _animal(animals.scorpion, 8, 5),
    "lurker": _animal(animals.lurker, 9, 7),
}


def sheet(name: str) -> NDArray[np.uint8]:
    """All frames of a being, as numbers."""
    plan = SHEETS[name]
    lines = []
    for direction in range(DIRECTIONS):
        yaw = direction / DIRECTIONS
        views = [plan.make(pose).seen(yaw) for pose in plan.poses]
        views.append(plan.make(plan.poses[0]).lying(yaw, on_back=plan.on_back, middle=plan.middle, lift=plan.lift))
        frames = []
        for view in views:
            canvas = Canvas(plan.width, plan.height, *plan.foot)
            canvas.draw(view)
            frames.append(canvas.pixels())
        lines.append(np.hstack(frames))
    return np.vstack(lines)


def _ramps(materials: tuple[str, ...], colours: dict[str, str]) -> list[Ramp]:
    soft = {"skin": (0.62, 0.35), "white": (0.4, 0.5), "eye": (0.8, 1.0)}
    made = []
    for name in materials:
        spread, shift = soft.get(name, (1.0, 1.0))
        made.append(ramp(colours.get(name, "#808080"), spread=spread, shift=shift))
    return made


_PERSON = {"eye": "#3a2f45", "white": "#ffffff", "metal": "#9aa3b0", "wood": "#7d5430", "belt": "#4a3426"}


def _kind(sheet_name: str, scale: float, **colours: str) -> dict[str, Any]:
    materials = people.MATERIALS if sheet_name == "raider" else animals.MATERIALS
    ramps = _ramps(materials, {**_PERSON, **colours} if sheet_name == "raider" else colours)
    return {"sheet": sheet_name, "scale": scale, "ramps": ramps}


def kinds() -> dict[str, dict[str, Any]]:
    """What every kind of `npcs.toml` looks like: a sheet, and ramps in the order of its materials."""
    return {
        "Fallow Deer": _kind(
            "deer", 1, coat="#b07a45", belly="#ecdcc0", dark="#4a3428", eye="#2a2030", bone="#d8c7a0", nose="#33262a",
            mane="#8a5a34", glow="#ffd75a",
        ),
        "Bristle Boar": _kind(
            "boar", 1, coat="#75503f", belly="#8d6a57", dark="#33262a", eye="#201820", bone="#efe6cf", nose="#b4807a",
            mane="#4a3432", glow="#ffd75a",
        ),
        "Ash Raider": _kind(
            "raider", 1, skin="#d9a27c", hair="#3b2f36", shirt="#5d4c55", trousers="#43383f", boots="#33282b",
            trim="#b23c34", metal="#8d96a5",
        ),
        "Frost Wolf": _kind(
            "wolf", 1, coat="#8793a6", belly="#dfe6ee", dark="#3a4050", eye="#20242e", bone="#f0f0e8", nose="#23232d",
            mane="#66718a", glow="#8fe0ff",
        ),
        "Dune Scorpion": _kind(
            "scorpion", 1, coat="#b5702f", belly="#d59a50", dark="#6f3c22", eye="#1c1018", bone="#3a1a24",
            nose="#33262a", mane="#d99544", glow="#ffd75a",
        ),
        "Fen Lurker": _kind(
            "lurker", 1, coat="#4f8a5c", belly="#b8c58a", dark="#2f4a42", eye="#182420", bone="#f0ead0",
            nose="#33262a", mane="#7fae52", glow="#f4d64a",
        ),
    }  # fmt: skip


_WARDROBE = {
    "skin": ("#f0c49e", "#e3ab80", "#c98a5e", "#9a6544", "#74492f"),
    "hair": ("#8a4b2a", "#3d2c2a", "#d9a441", "#b5482e", "#6b6a78", "#e6dcc4", "#573a5e"),
    "shirt": ("#3f78b5", "#b5463f", "#4d8a4a", "#8a5aa8", "#d08a3a", "#4a9a9a", "#b8ab90", "#5a5f78", "#c46a8e"),
    "trousers": ("#5a4a3c", "#4a5064", "#6f6248", "#433a44", "#7a5540"),
    "boots": ("#4a3226", "#3a3038", "#6a4a30"),
    "trim": ("#d8b25a", "#c9c4b8", "#7a3f3a", "#3f5a4a", "#445a86"),
}


def wardrobe() -> dict[str, Any]:
    """What players wear: `fixed` ramps by material number, and ramps to choose from by material number."""
    fixed, choices = {}, {}
    for number, name in enumerate(people.MATERIALS, 1):
        if name in _WARDROBE:
            choices[number] = [_ramps((name,), {name: colour})[0] for colour in _WARDROBE[name]]
        else:
            fixed[number] = _ramps((name,), _PERSON)[0]
    return {"sheets": [name for name in SHEETS if name.startswith("player_")], "fixed": fixed, "choices": choices}
