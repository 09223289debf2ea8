"""Colours: ramps of five tones and an outline, with cool shadows and warm lights, so that everything fits together.

Responsible for: colour arithmetic and the ramps of all materials. Not here: what is painted with them.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

Ramp = list[list[int]]


def ramp(colour: str, *, spread: float = 1.0, shift: float = 1.0) -> Ramp:
    """Six colours from one: five tones and the ink of outlines. Shadows turn to blue, lights to yellow."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, rich = colorsys.rgb_to_hls(red, green, blue)
    steps = ((-0.34, -0.055, 1.05), (-0.18, -0.03, 1.05), (0.0, 0.0, 1.0), (0.13, 0.02, 1.0), (0.27, 0.035, 0.95))
    made = [_shade(hue, light, rich, change * spread, turn * shift, more) for change, turn, more in steps]
    ink = _shade(hue, light, rich, -0.62, -0.07 * shift, 0.85)
    return [*made, ink]


def _shade(hue: float, light: float, rich: float, change: float, turn: float, more: float) -> list[int]:
    goal = 0.68 if turn < 0 else 0.14  # blue for shadows, yellow for lights
    way = (goal - hue + 0.5) % 1 - 0.5
    hue = (hue + np.sign(way) * min(abs(way), abs(turn))) % 1
    light = light * (1 + change) if change < 0 else light + (1 - light) * change
    return [round(255 * part) for part in colorsys.hls_to_rgb(hue, light, min(1.0, rich * more))]


def blend(one: NDArray[np.float64], other: NDArray[np.float64], part: float) -> NDArray[np.float64]:
    """Between two colours."""
    return one * (1 - part) + other * part


def painted(numbers: NDArray[np.uint8], ramps: dict[int, Ramp]) -> NDArray[np.uint8]:
    """(H, W, 4) RGBA of numbers `material * 8 + tone`."""
    table = np.zeros((256, 4), np.uint8)
    for material, colours in ramps.items():
        for tone, colour in enumerate(colours):
            table[material * 8 + tone] = (*colour, 255)
    return table[numbers]
