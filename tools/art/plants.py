"""What stands on a tile and is taller than it: trees of each kind of land, stumps, cactuses; and what is small.

Responsible for: 64 × 80 pictures of trees and 32 × 32 ones of tufts, flowers and stones. Not here: the ground.

Invariant: a tree's foot is at (32, 68) of its picture; a small thing's at (16, 26).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.art.colours import Ramp, painted, ramp
from tools.art.grain import chance, speckle
from tools.art.solids import Body, Canvas

WIDE, HIGH, FOOT = 64, 80, (32, 68)
VARIANTS = 4
ONE, TWO, THREE, FOUR = range(1, 5)


def _spread(i: int, salt: int, low: float, high: float) -> float:
    return low + (high - low) * chance(i, 3, salt)


def _broadleaf(body: Body, leaves: Body, variant: int) -> None:
    tall = 27 + 4 * chance(variant, 1, 11)
    body.limb(TWO, (0, 0, 0), (0.6, 0, tall - 4), 4.2, 3.0)
    for side in (-1, 1):
        body.limb(TWO, (side * 2, 0, 1.4), (side * 6.2, -1.0, 0.2), 2.4, 1.0)
    for i in range(15):
        angle = i * 2.4 + variant
        far = 13.2 * np.sqrt((i + 0.5) / 15)
        high = tall + 13 - 0.085 * far * far + _spread(i, variant + 20, -3, 3)
        leaves.ball(ONE, (far * np.cos(angle), far * np.sin(angle) * 0.9, high), _spread(i, variant + 30, 6.0, 8.6))
    leaves.ball(ONE, (0, 0, tall + 8), (13.5, 12, 9))


def _orchard(body: Body, leaves: Body, variant: int) -> None:
    """A broadleaf with fruits or blossoms."""
    _broadleaf(body, leaves, variant)
    for i in range(9):
        angle = i * 2.1 + variant
        place = (9.5 * np.cos(angle), -13.0, 44 + 7.0 * np.sin(angle * 1.7))
        body.ball(THREE, place, 1.35)


def _pine(body: Body, leaves: Body, variant: int) -> None:
    body.limb(TWO, (0, 0, 0), (0, 0, 16), 3.4, 2.8)
    layers = 5
    for layer in range(layers):
        part = layer / (layers - 1)
        wide = (15.0 - 11.0 * part) * (0.94 + 0.12 * chance(variant, layer, 41))
        high = 11 + 46 * part * (0.93 + 0.1 * chance(variant, 9, 43))
        for i in range(11):
            angle = (i + 0.5 * layer) * 2 * np.pi / 11
            drop = _spread(i, variant * 9 + layer + 50, -1.2, 1.2)
            leaves.limb(
                ONE,
                (0, 0, high + 5),
                (wide * np.cos(angle), wide * np.sin(angle), high + drop),
                4.2 - 2.0 * part,
                2.3 - 0.7 * part,
            )
            if chance(i, layer + variant * 7, 47) < 0.75:
                snow = 0.62 + 0.3 * chance(i, layer, 48)
                place = (wide * snow * np.cos(angle), wide * snow * np.sin(angle), high + 3.4 + drop - part)
                body.ball(FOUR, place, (3.3 - 1.5 * part, 3.0 - 1.4 * part, 1.5))
    body.ball(FOUR, (0, 0, 64), (1.4, 1.4, 2.4))


def _cactus(body: Body, leaves: Body, variant: int) -> None:
    tall = 27 + 8 * chance(variant, 2, 61)
    parts: list[tuple[tuple[float, float, float], tuple[float, float, float], float]] = [((0, 0, 0), (0, 0, tall), 5.4)]
    if variant != 3:
        high = tall * 0.42
        parts += [((0, 0, high), (-10.5, 0, high + 2), 3.4), ((-10.5, 0, high + 2), (-10.8, 0, high + 12), 3.5)]
    if variant != 1:
        high = tall * 0.55
        parts += [((0, 0, high), (10, -1, high + 1), 3.2), ((10, -1, high + 1), (10.4, -1, high + 9), 3.3)]
    for start, end, thick in parts:
        leaves.limb(ONE, start, end, thick, thick * 0.92)
    for start, end, thick in parts:
        if end[2] - start[2] < 5:
            continue
        for i in range(int(end[2] - start[2]) // 4):
            high = start[2] + 3 + i * 4
            for side in (-0.5, 0.45):
                body.ball(THREE, (end[0] + side * thick, end[1] - thick * 0.9, high), 0.55, flat=4)
    body.ball(FOUR, (0.5, -1, tall + 4.6), (2.6, 2.6, 1.8))


def _willow(body: Body, leaves: Body, variant: int) -> None:
    body.limb(TWO, (0, 0, 0), (-1.5, 0, 26), 5.0, 3.6)
    body.limb(TWO, (-3, -1, 2), (-8, -2, 0), 2.4, 1.2)
    body.limb(TWO, (3, -1, 2), (8, -1, 0), 2.4, 1.2)
    leaves.ball(ONE, (0, 0, 40), (15, 13, 10))
    for i in range(22):
        angle = i * 2 * np.pi / 22 + variant
        far = _spread(i, variant + 70, 12, 17)
        top = (far * 0.7 * np.cos(angle), far * 0.7 * np.sin(angle), 42 + 4 * chance(i, variant, 72))
        low = (far * 1.1 * np.cos(angle), far * 1.0 * np.sin(angle), _spread(i, variant + 80, 15, 27))
        leaves.limb(ONE, top, low, 4.0, 1.7)


def _stump(body: Body, leaves: Body, variant: int) -> None:
    """A burnt trunk; some still glow."""
    tall = 12 + 20 * chance(variant, 4, 91)
    body.limb(ONE, (0, 0, 0), (1.5, 0, tall), 5.0, 3.4)
    for side in (-1, 1):
        body.limb(ONE, (side * 2, -0.6, 1.4), (side * 7.5, -1.6, 0.2), 2.6, 1.0)
    for i in range(3):
        body.limb(ONE, (1.5 + (i - 1) * 2.2, 0, tall - 2), (1.5 + (i - 1) * 3.2, 0, tall + 3 + 3 * (i % 2)), 1.7, 0.5)
    if tall > 18:
        body.limb(ONE, (1, 0, tall * 0.6), (10, 0, tall * 0.6 + 8), 2.0, 0.8)
        body.limb(ONE, (0, 0, tall * 0.75), (-9, 0, tall * 0.75 + 6), 1.8, 0.7)
    for i in range(4):
        body.ball(
            TWO, (_spread(i, variant + 93, -3, 4), -4.4, _spread(i, variant + 95, 2, tall - 3)), (0.7, 0.6, 1.6), flat=3
        )


TREES: dict[str, tuple[Callable[[Body, Body, int], None], tuple[str, ...]]] = {
    "tree": (_broadleaf, ("#4d8a3a", "#6e4d30", "#d8483a")),
    "orchard": (_orchard, ("#5f9a3c", "#6e4d30", "#d8483a")),
    "pine": (_pine, ("#2f6a5c", "#5d4535", "#ffffff", "#eef4fa")),
    "cactus": (_cactus, ("#5d9448", "#6e4d30", "#e9e2b0", "#e0597a")),
    "willow": (_willow, ("#67804a", "#54473a", "#ffffff")),
    "stump": (_stump, ("#4a3d3e", "#ff8a3c")),
}


def tree(name: str, variant: int) -> np.ndarray:
    """(80, 64, 4) RGBA."""
    shape, colours = TREES[name]
    body, leaves = Body(), Body()
    shape(body, leaves, variant)
    canvas = Canvas(WIDE, HIGH, *FOOT)
    rough = (speckle(WIDE, HIGH, 7 + variant).repeat(3, 0).repeat(3, 1) - 0.5) * 0.62
    canvas.draw(leaves.solids, rough if name != "cactus" else rough * 0.3)
    canvas.draw(body.solids, rough * 0.3)
    ramps: dict[int, Ramp] = {number + 1: ramp(colour) for number, colour in enumerate(colours)}
    return painted(canvas.pixels(), ramps)


# Small things.


def _tuft(body: Body, variant: int) -> None:
    for i in range(5 + variant):
        lean = (i - 2.5 - variant / 2) * 1.5
        high = 6.5 + 3.5 * chance(i, variant, 101)
        body.limb(ONE, (lean * 0.5, 0, 0), (lean * 1.3, 0, high), 1.0, 0.5)


def _flowers(body: Body, variant: int) -> None:
    for i in range(3):
        x, y = (-6, 5, 1)[i] + 2 * chance(i, variant, 103), (2, 1, -5)[i]
        body.limb(ONE, (x, y, 0), (x + 0.6, y, 5), 0.8, 0.6)
        body.limb(ONE, (x, y, 0), (x - 2.2, y, 2.6), 0.9, 0.5)
        for angle in np.arange(5) * 2 * np.pi / 5:
            body.ball(TWO, (x + 0.6 + 1.7 * np.cos(angle), y - 0.6, 6.4 + 1.7 * np.sin(angle)), 1.25)
        body.ball(THREE, (x + 0.6, y - 2.0, 6.4), 1.0, flat=3)


def _stones(body: Body, variant: int) -> None:
    for i in range(2 + variant % 2):
        x, y, size = (-5, 4, -1)[i], (1, -2, 5)[i], _spread(i, variant + 105, 2.2, 4.2)
        body.ball(ONE, (x, y, size * 0.45), (size * 1.25, size, size * 0.85))


def _mushrooms(body: Body, variant: int) -> None:
    for i in range(2 + variant % 2):
        x, y, size = (-4, 4, 0)[i], (0, -2, 4)[i], _spread(i, variant + 107, 2.6, 3.8)
        body.limb(THREE, (x, y, 0), (x, y, size + 1), 1.4, 1.2)
        body.ball(TWO, (x, y, size + 2), (size, size, size * 0.7))
        body.ball(THREE, (x - 0.8, y - size * 0.8, size + 2.8), (0.8, 0.6, 0.7), flat=4)


def _reeds(body: Body, variant: int) -> None:
    for i in range(9):
        x, y = _spread(i, variant + 109, -9, 9), _spread(i, variant + 111, -5, 6)
        high = _spread(i, variant + 113, 11, 20)
        body.limb(ONE, (x, y, 0), (x + (x * 0.2), y, high), 0.95, 0.45)
        if i % 3 == 0:
            body.limb(TWO, (x + x * 0.17, y - 0.6, high - 4), (x + x * 0.2, y - 0.6, high + 1), 1.5, 1.3)


def _bones(body: Body, variant: int) -> None:
    body.limb(ONE, (-6, -2, 1.4), (5, 2, 1.4), 1.2, 1.2)
    for x, y in ((-6.6, -3.4), (-7.4, -1.4), (5.6, 3.2), (6.4, 1.2)):
        body.ball(ONE, (x, y, 1.4), 1.7)
    if variant % 2:
        body.ball(ONE, (1, -7, 3.0), (4.0, 3.6, 3.2))
        for side in (-1, 1):
            body.ball(TWO, (1 + side * 1.6, -10.2, 3.0), (0.9, 0.5, 1.1), flat=0)


def _bush(body: Body, variant: int) -> None:
    for i in range(7):
        angle = i * 2.4 + variant
        far = 6.5 * np.sqrt((i + 0.5) / 7)
        body.ball(ONE, (far * np.cos(angle), far * np.sin(angle) * 0.7, 5.0 + _spread(i, variant + 115, -1, 2.4)), 4.6)
    for i in range(4):
        body.ball(TWO, (_spread(i, variant + 117, -7, 7), -5.5, _spread(i, variant + 119, 3, 9)), 1.1)


SMALL: dict[str, tuple[Callable[[Body, int], None], tuple[str, ...]]] = {
    "tuft": (_tuft, ("#5f9440",)),
    "flowers_white": (_flowers, ("#5f9440", "#f3efe6", "#f2c53d")),
    "flowers_red": (_flowers, ("#5f9440", "#d65a5a", "#f2d06a")),
    "flowers_blue": (_flowers, ("#5f9440", "#7f8fe0", "#f2e6a0")),
    "bush": (_bush, ("#477f3b", "#d6463a")),
    "stones": (_stones, ("#8d8880",)),
    "stones_warm": (_stones, ("#b08a60",)),
    "stones_cold": (_stones, ("#93a3b8",)),
    "mushrooms": (_mushrooms, ("#5f9440", "#c9533c", "#efe3cf")),
    "reeds": (_reeds, ("#93a050", "#7a5230")),
    "marsh_tuft": (_tuft, ("#7c8a45",)),
    "frost_tuft": (_tuft, ("#a9bfc4",)),
    "dry_tuft": (_tuft, ("#b79a55",)),
    "ash_tuft": (_tuft, ("#5c5050",)),
    "bones": (_bones, ("#e8dfc8", "#3a3038")),
}


def small(name: str, variant: int) -> np.ndarray:
    """(32, 32, 4) RGBA."""
    shape, colours = SMALL[name]
    body = Body()
    shape(body, variant)
    canvas = Canvas(32, 32, 16, 26)
    canvas.draw(body.solids, (speckle(32, 32, 3).repeat(3, 0).repeat(3, 1) - 0.5) * 0.3)
    ramps: dict[int, Ramp] = {number + 1: ramp(colour) for number, colour in enumerate(colours)}
    return painted(
        canvas.pixels(outline=name not in ("tuft", "marsh_tuft", "frost_tuft", "dry_tuft", "ash_tuft")), ramps
    )
