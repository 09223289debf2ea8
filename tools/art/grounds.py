"""Grounds: pictures of 128 × 128 pixels (4 × 4 tiles) that go on at their edges.

Responsible for: how grass, sand, ice and so on look from above. Not here: how they meet (the browser's `draw/ground.js`
does that), what stands on them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.art.colours import ramp
from tools.art.grain import Field, chance, cloudy, speckle, tiled_noise

SIDE = 128
Picture = NDArray[np.uint8]


def _toned(value: Field, colour: str, limits: tuple[float, ...], spread: float) -> Picture:
    """From a field to the tones of a colour: 0 to 4, rising at the limits."""
    colours = np.array(ramp(colour, spread=spread, shift=0.6)[:5], np.uint8)
    return colours[np.searchsorted(np.array(limits), value)]


def _stamp(picture: Picture, x: int, y: int, shape: str, colours: dict[str, tuple[int, ...]]) -> None:
    """A small drawing, lines separated by /; it goes on at the opposite edge."""
    for down, line in enumerate(shape.split("/")):
        for right, mark in enumerate(line):
            if mark in colours:
                picture[(y + down) % SIDE, (x + right) % SIDE] = colours[mark]


def _scatter(
    picture: Picture, count: int, salt: int, shapes: tuple[str, ...], colours: dict[str, tuple[int, ...]]
) -> None:
    """Drawings in cells of a grid, one each, so that they keep apart."""
    cells = int(np.ceil(np.sqrt(count)))
    step = SIDE / cells
    for i in range(cells):
        for j in range(cells):
            if chance(i, j, salt) < 0.86:
                x, y = int((i + chance(i, j, salt + 1)) * step), int((j + chance(i, j, salt + 2)) * step)
                _stamp(picture, x, y, shapes[int(chance(i, j, salt + 3) * len(shapes))], colours)


BLADES = ("a.a/.a.", "a../.a.", ".a/a.", "a.a.a/.aaa.", "b/a", ".b./b.a")


def _grassy(colour: str, salt: int, blades: int) -> Picture:
    picture = _toned(cloudy(SIDE, 32, salt), colour, (0.12, 0.33, 0.72, 0.96), 0.17)
    tones = [tuple(tone) for tone in ramp(colour, spread=0.75, shift=0.8)]
    _scatter(picture, blades, salt + 5, BLADES, {"a": tones[1], "b": tones[3]})
    _scatter(picture, blades // 2, salt + 9, BLADES, {"a": tones[3], "b": tones[4]})
    return picture


def grass() -> Picture:
    """The common ground of the vale."""
    return _grassy("#6f9f47", 3, 230)


def meadow() -> Picture:
    """Lighter, trodden or mown."""
    return _grassy("#86b153", 21, 150)


def moss() -> Picture:
    """The floor of woods."""
    picture = _grassy("#56863f", 31, 260)
    tones = [tuple(tone) for tone in ramp("#7d6a3c", spread=0.6)]
    _scatter(picture, 60, 37, ("ab", "a/b", "ba/.a"), {"a": tones[1], "b": tones[3]})
    return picture


def road() -> Picture:
    """Trodden earth with pebbles."""
    picture = _toned(cloudy(SIDE, 32, 41), "#ac8f62", (0.2, 0.36, 0.66, 0.88), 0.22)
    tones = [tuple(tone) for tone in ramp("#9b8668", spread=0.9)]
    _scatter(picture, 90, 43, ("ab/ba", "abb/.aa", "b", "a"), {"a": tones[1], "b": tones[4]})
    dark = [tuple(tone) for tone in ramp("#a98a5c", spread=0.8)]
    _scatter(picture, 80, 47, ("a", "aa", "a/.a"), {"a": dark[1]})
    return picture


def sand() -> Picture:
    """Banks and shores."""
    ripple = tiled_noise(SIDE, 32, 8, 51) * 0.5 + cloudy(SIDE, 32, 53) * 0.5
    picture = _toned(ripple, "#d6c292", (0.2, 0.34, 0.66, 0.84), 0.18)
    tones = [tuple(tone) for tone in ramp("#c8b080", spread=0.8)]
    _scatter(picture, 90, 55, ("a", "ab", "b", "a./.b"), {"a": tones[1], "b": tones[4]})
    return picture


def dune() -> Picture:
    """Waves of sand."""
    line = np.arange(SIDE)[:, None]
    bent = (tiled_noise(SIDE, 64, 64, 61) - 0.5) * 26 + (tiled_noise(SIDE, 16, 16, 63) - 0.5) * 5
    wave = (line + bent) % 16 / 16
    value = np.where(wave < 0.5, wave * 1.1, 1.05 - wave * 0.7) * 0.8 + (speckle(SIDE, SIDE, 65) - 0.5) * 0.16
    return _toned(value, "#dfc17f", (0.06, 0.16, 0.54, 0.62), 0.2)


def cracked() -> Picture:
    """Dry clay in plates."""
    return _plates("#c9a26c", 71, 18, 0.28)


def _plates(colour: str, salt: int, cell: int, depth: float) -> Picture:
    """Cells around scattered points, with dark lines between them."""
    cells = SIDE // cell
    step = SIDE / cells
    line, column = np.mgrid[0:SIDE, 0:SIDE]
    best, second, owner = np.full((SIDE, SIDE), 1e9), np.full((SIDE, SIDE), 1e9), np.zeros((SIDE, SIDE))
    for i in range(cells):
        for j in range(cells):
            x, y = (i + 0.15 + 0.7 * chance(i, j, salt)) * step, (j + 0.15 + 0.7 * chance(i, j, salt + 1)) * step
            across, along = np.abs(column - x), np.abs(line - y)
            far = np.hypot(np.minimum(across, SIDE - across), np.minimum(along, SIDE - along))
            nearer = far < best
            second = np.where(nearer, best, np.minimum(second, far))
            owner = np.where(nearer, chance(i, j, salt + 2), owner)
            best = np.minimum(best, far)
    value = 0.45 + (owner - 0.5) * 0.3 + (cloudy(SIDE, 16, salt + 3) - 0.5) * 0.4
    gap = second - best
    value = np.where(gap < 2.4, value + 0.25, value)
    value = np.where(gap < 1.3, 0.02, value)
    return _toned(value, colour, (0.1, 0.32, 0.6, 0.78), depth)


def flagstone() -> Picture:
    """Slabs of a market place, in courses of 16 pixels."""
    line, column = np.mgrid[0:SIDE, 0:SIDE]
    course = line // 16
    shift = (np.array([0, 11, 5, 17, 3, 9, 14, 7]))[course]
    slab = (column + shift) % SIDE // 21
    shade = np.vectorize(lambda i, j: chance(int(i), int(j), 81))(slab, course)
    value = 0.5 + (shade - 0.5) * 0.42 + (cloudy(SIDE, 16, 83) - 0.5) * 0.3
    along, down = (column + shift) % SIDE % 21, line % 16
    value = np.where((along == 1) | (down == 1), value + 0.28, value)
    value = np.where((along == 0) | (down == 0), 0.02, value)
    return _toned(value, "#a8a294", (0.14, 0.36, 0.62, 0.84), 0.4)


def ash() -> Picture:
    """Burnt ground with embers and soot."""
    picture = _toned(cloudy(SIDE, 32, 91), "#6d6160", (0.22, 0.4, 0.64, 0.86), 0.28)
    tones = [tuple(tone) for tone in ramp("#55494a", spread=0.9)]
    _scatter(picture, 120, 93, ("a.a/.a", "ab", "a", "aa/.a"), {"a": tones[0], "b": tones[4]})
    _scatter(picture, 7, 97, ("a", "ab"), {"a": (226, 110, 52), "b": (250, 176, 84)})
    return picture


def snow() -> Picture:
    """White with blue hollows and glints."""
    picture = _toned(cloudy(SIDE, 32, 101), "#dfe8f0", (0.2, 0.36, 0.62, 0.8), 0.1)
    _scatter(picture, 50, 103, ("a", "a.a", "a/.a"), {"a": (255, 255, 255)})
    _scatter(picture, 60, 107, ("a", "aa", ".a/a"), {"a": (196, 212, 230)})
    return picture


def ice() -> Picture:
    """Frozen over, with cracks and reflections."""
    picture = _plates("#b4d4e6", 111, 32, 0.2)
    line, column = np.mgrid[0:SIDE, 0:SIDE]
    streak = ((column + line) % 64 < 5) & (tiled_noise(SIDE, 32, 32, 115) > 0.52)
    picture[streak] = (222, 240, 250)
    return picture


def mud() -> Picture:
    """Wet ground with puddles."""
    field = cloudy(SIDE, 32, 121)
    picture = _toned(field, "#75684e", (0.26, 0.42, 0.64, 0.86), 0.26)
    wet = field < 0.33
    picture[wet] = (88, 92, 78)
    picture[wet & ~np.roll(wet, 1, 0)] = (70, 66, 54)
    picture[wet & (speckle(SIDE, SIDE, 125) > 0.93)] = (150, 164, 150)
    return picture


def reeds() -> Picture:
    """Marsh between water and meadow."""
    picture = _grassy("#8a934f", 131, 240)
    wet = cloudy(SIDE, 32, 137) < 0.34
    picture[wet] = (92, 110, 84)
    picture[wet & (speckle(SIDE, SIDE, 139) > 0.95)] = (160, 178, 150)
    return picture


def rock_top() -> Picture:
    """Bare rock from above."""
    return _plates("#928c83", 141, 32, 0.26)


def sandstone_top() -> Picture:
    """Red rock of the dunes."""
    return _plates("#c48f5e", 151, 32, 0.24)


def glacier_top() -> Picture:
    """Old ice."""
    return _plates("#c3daec", 161, 32, 0.16)


def _face(colour: str, salt: int, across: int, down: int, limits: tuple[float, ...]) -> Picture:
    value = tiled_noise(SIDE, across, down, salt) * 0.6 + tiled_noise(SIDE, max(2, across // 2), down, salt + 1) * 0.4
    value = value + (speckle(SIDE, SIDE, salt + 2) - 0.5) * 0.12
    return _toned(value, colour, limits, 0.55)


def rock_face() -> Picture:
    """Its wall, seen from the south."""
    return _face("#756b68", 171, 8, 32, (0.26, 0.42, 0.62, 0.78))


def sandstone_face() -> Picture:
    """Layers of sandstone."""
    return _face("#a86a42", 181, 64, 4, (0.3, 0.44, 0.6, 0.74))


def glacier_face() -> Picture:
    """Blue walls of ice."""
    return _face("#7fb0d6", 191, 8, 64, (0.28, 0.42, 0.6, 0.74))


def bank() -> Picture:
    """Earth above water."""
    return _face("#7d5f3e", 201, 16, 4, (0.28, 0.42, 0.62, 0.78))


def water(moment: int) -> Picture:
    """One of four moments of water."""
    shift = moment * SIDE // 4
    one = np.roll(tiled_noise(SIDE, 32, 16, 211), shift, 1)
    other = np.roll(tiled_noise(SIDE, 16, 16, 213), -shift, 1)
    deep = tiled_noise(SIDE, 64, 64, 215)
    small = tiled_noise(SIDE, 8, 8, 217)
    picture = _toned(deep * 0.16 + one * 0.42 + other * 0.42, "#3f7cb0", (0.2, 0.36, 0.66, 0.82), 0.11)
    crest = np.abs(one - other + (small - 0.5) * 0.2) < 0.016
    picture[crest & (small > 0.35)] = (98, 156, 200)
    picture[crest & (small > 0.62)] = (150, 200, 228)
    return picture


def planks() -> Picture:
    """A bridge that is walked along x: planks across, 8 pixels each."""
    column = np.mgrid[0:SIDE, 0:SIDE][1]
    board = column // 8
    shade = np.vectorize(lambda i: chance(int(i), 3, 221))(board)
    value = 0.5 + (shade - 0.5) * 0.4 + (tiled_noise(SIDE, 4, 32, 223) - 0.5) * 0.45
    value = np.where(column % 8 == 1, value + 0.2, value)
    value = np.where(column % 8 == 0, 0.02, value)
    return _toned(value, "#97683c", (0.12, 0.36, 0.62, 0.84), 0.5)


def wall_top() -> Picture:
    """The walk on top of a wall."""
    return _blocks("#a39c90", 241, 16, 21, 0.3)


def wall_face() -> Picture:
    """Hewn blocks, seen from the south."""
    return _blocks("#7f776f", 251, 8, 16, 0.46)


def _blocks(colour: str, salt: int, high: int, wide: int, spread: float) -> Picture:
    line, column = np.mgrid[0:SIDE, 0:SIDE]
    course = line // high
    along = (column + (course % 2) * (wide // 2)) % SIDE
    shade = np.vectorize(lambda i, j: chance(int(i), int(j), salt))(along // wide, course)
    value = 0.5 + (shade - 0.5) * 0.5 + (cloudy(SIDE, 16, salt + 1) - 0.5) * 0.35
    value = np.where((line % high == 1) | (along % wide == 1), value + 0.22, value)
    value = np.where((line % high == 0) | (along % wide == 0), 0.02, value)
    mossy = (cloudy(SIDE, 32, salt + 3) > 0.66) & (value > 0.1)
    picture = _toned(value, colour, (0.14, 0.36, 0.62, 0.84), spread)
    picture[mossy] = _toned(value, "#7c8a5c", (0.14, 0.36, 0.62, 0.84), spread)[mossy]
    return picture


def mist() -> Picture:
    """Beyond the world."""
    return _toned(cloudy(SIDE, 32, 231), "#343950", (0.26, 0.42, 0.6, 0.76), 0.12)


GROUNDS: dict[str, Callable[[], Picture]] = {
    "mist": mist, "grass": grass, "meadow": meadow, "moss": moss, "road": road, "sand": sand, "dune": dune,
    "cracked": cracked, "flagstone": flagstone, "ash": ash, "snow": snow, "ice": ice, "mud": mud, "reeds": reeds,
    "planks": planks, "rock_top": rock_top, "rock_face": rock_face, "sandstone_top": sandstone_top,
    "sandstone_face": sandstone_face, "glacier_top": glacier_top, "glacier_face": glacier_face, "bank": bank,
    "wall_top": wall_top, "wall_face": wall_face,
    "water_0": lambda: water(0), "water_1": lambda: water(1), "water_2": lambda: water(2), "water_3": lambda: water(3),
}  # fmt: skip
