"""Things that lie on the ground and in bags: every item of `items.toml`, as 32 × 32 icons.

Responsible for: their shapes and colours. Not here: how solids are drawn (`solids.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.art.colours import Ramp, painted, ramp
from tools.art.solids import Body, Canvas

ICON_PX = 32
ONE, TWO, THREE, FOUR, FIVE = range(1, 6)


def _coins(body: Body) -> None:
    for x, y, high in ((-6.2, 4, 3), (6.0, 5, 2), (0.4, -3, 4)):
        for i in range(high):
            aside = (0.0, 0.7, -0.5, 0.4)[i]
            body.ball(THREE if i % 2 else ONE, (x + aside, y, 2 + i * 2.6), (6.0, 6.0, 1.9))
        top = 2 + (high - 1) * 2.6
        body.ball(ONE, (x + 0.2, y, top + 0.6), (6.0, 6.0, 1.6))
        body.ball(TWO, (x + 0.2, y, top + 1.6), (4.0, 4.0, 0.9), flat=3)
        body.ball(THREE, (x + 0.2, y, top + 2.1), (1.3, 2.4, 0.6), flat=1)


def _apple(body: Body) -> None:
    body.ball(ONE, (-2.8, 0, 10), (7.6, 8, 8.6))
    body.ball(ONE, (2.8, 0, 10), (7.6, 8, 8.6))
    body.ball(FOUR, (-4.5, -5.4, 14), (1.6, 1.0, 2.2), flat=4)
    body.limb(TWO, (0, 0, 17), (1.2, 0, 22.5), 1.0, 1.0)
    body.ball(THREE, (5.0, 0, 21.5), (4.6, 2.0, 2.0), pitch=0.05)


def _venison(body: Body) -> None:
    body.limb(TWO, (3, 0, 11), (11, 0, 19), 1.9, 1.7)
    body.ball(TWO, (11.3, 0, 21.0), 2.2)
    body.ball(TWO, (13.2, 0, 19.0), 2.2)
    body.ball(ONE, (-3.5, 0, 9), (9.4, 7.4, 7.2), pitch=0.1)
    body.ball(ONE, (2.5, 0, 11.5), (4.5, 4.4, 4.2))
    body.ball(THREE, (-8.5, -4.0, 6.8), (3.4, 4.0, 3.6), pitch=0.1)
    body.ball(TWO, (-9.6, -6.8, 6.0), (1.3, 1.6, 1.5))


def _pelt(body: Body) -> None:
    body.ball(ONE, (0, 0, 10.5), (9.2, 2.0, 9.6))
    for x, z in ((-11.0, 18.5), (11.0, 18.5), (-11.0, 1.5), (11.0, 1.5)):
        body.limb(ONE, (x * 0.45, 0, 10.5 + (z - 10.5) * 0.5), (x, 0, z), 4.6, 2.2)
    body.limb(ONE, (0, 0, 17), (0, 0, 22.5), 4.0, 2.6)
    body.ball(TWO, (0, -1.8, 10.5), (6.0, 1.2, 7.0))
    for x, z in ((-3.2, 14.6), (2.6, 12), (-1.4, 8.0), (3.2, 16.0), (-4.2, 10.4)):
        body.ball(THREE, (x, -3.2, z), 0.9)


def _tail(body: Body) -> None:
    """What a wolf's pelt has more than a hide."""
    _pelt(body)
    body.limb(ONE, (0, -1, 3), (1.5, -1, -2.0), 2.7, 1.8)


def _tusk(body: Body) -> None:
    for i in range(44):
        part = i / 43
        angle = -2.5 + 2.75 * part
        place = (11.5 * np.cos(angle) + 0.5, 0.0, 15.5 + 13.0 * np.sin(angle))
        body.ball(ONE, place, 4.6 * (1 - part) ** 0.75 + 0.45)
    body.ball(TWO, (-9.4, -0.4, 8.4), (3.6, 4.2, 2.6), pitch=0.07)
    body.ball(THREE, (-9.8, -1.6, 9.8), (2.3, 2.6, 1.5), pitch=0.07)


def _dagger(body: Body) -> None:
    body.limb(THREE, (-10, 0, 1.5), (-5, 0, 7.0), 1.9, 1.7)
    body.ball(FOUR, (-10.6, 0, 0.8), 2.3)
    body.limb(FOUR, (-8.0, 0, 10.0), (-1.4, 0, 4.2), 1.5, 1.5)
    for shift in np.linspace(-1.1, 1.1, 5):
        body.limb(ONE, (-4.2 + shift, 0, 7.6 - shift), (10.6, 0, 23.2), 1.35, 0.4)
    body.limb(TWO, (-3.4, -1.5, 8.6), (8.0, -1.5, 20.4), 0.45, 0.35)
    for x, z in ((0.4, 11.5), (3.4, 15.8), (5.8, 17.0)):
        body.ball(FIVE, (x, -1.5, z), (1.1, 0.6, 0.9))


def _axe(body: Body) -> None:
    body.limb(THREE, (-10, 0, 0.5), (8.5, 0, 23.5), 1.5, 1.6)
    body.ball(FOUR, (-7.6, 0, 3.6), (1.9, 1.8, 1.9))
    for i in range(14):
        part = i / 13
        x, z = 6.8 - 8.6 * part, 21.2 - 1.0 * part
        body.limb(ONE, (x + 4.2 * part, 0, z + 4.4 * part), (x - 3.2 * part, 0, z - 5.2 * part), 1.5 - 0.8 * part)
    for shift in np.linspace(-1, 1, 9):
        body.ball(TWO, (-2.2 + shift * 4.0, -0.9, 20.0 + shift * 5.0 - abs(shift) * 0.6), 0.85)
    body.ball(ONE, (8.6, 0, 21.8), (2.6, 1.7, 2.5))


def _spear(body: Body) -> None:
    body.limb(THREE, (-12, 0, -1.0), (5.8, 0, 18.5), 1.25, 1.2)
    body.limb(FOUR, (3.4, 0, 15.8), (5.4, 0, 18.0), 1.8, 1.8)
    for shift in np.linspace(-1, 1, 7):
        body.limb(ONE, (7.2 + shift * 2.0, 0, 19.9 - shift * 2.0), (13.0, 0, 26.0), 1.0, 0.35)
        body.limb(ONE, (7.2 + shift * 2.0, 0, 19.9 - shift * 2.0), (5.4, 0, 18.0), 1.0, 0.8)
    body.limb(TWO, (6.4, -1.2, 19.0), (12.0, -1.2, 25.0), 0.5, 0.3)
    body.limb(FIVE, (3.6, -1.4, 15.8), (7.0, -1.4, 11.0), 1.2, 0.6)


def _shard(body: Body) -> None:
    for start, end, thick in (
        ((-1, 0, 0), (1, 0, 23), 5.6),
        ((-3, 1, 0), (-9.5, 1, 13), 3.8),
        ((3.5, -1, 0), (9.0, -1, 10.5), 3.4),
    ):
        middle = tuple(s + (e - s) * 0.45 for s, e in zip(start, end, strict=True))
        body.limb(ONE, start, middle, thick * 0.72, thick)  # type: ignore[arg-type]
        body.limb(ONE, middle, end, thick, 0.5)  # type: ignore[arg-type]
        body.limb(TWO, (start[0], start[1] - 3, start[2] + 2), (middle[0], middle[1] - 3.6, middle[2] + 3), 1.4, 0.8)


def _sting(body: Body) -> None:
    body.ball(ONE, (-5.5, 0, 7), (6.6, 5.6, 6.0), pitch=0.08)
    body.ball(ONE, (-10.5, 0, 3.0), (3.4, 3.0, 3.0))
    for i in range(30):
        part = i / 29
        body.ball(TWO, (-1 + 12 * part, 0, 9.5 + 11 * part - 7.0 * part**3), 3.1 * (1 - part) + 0.45)
    body.ball(THREE, (11.6, -1, 9.2), (1.1, 1.0, 1.7), flat=3)


def _scales(body: Body) -> None:
    for x, z, size in ((-6, 13.5, 6.2), (6, 13.5, 6.2), (0, 17.5, 6.4), (-3.2, 5.6, 6.4), (4.6, 5.4, 6.0)):
        body.ball(ONE, (x, -z * 0.12, z), (size, 2.6, size * 1.08))
        body.ball(TWO, (x, -z * 0.12 - 2.4, z - 1), (size * 0.5, 1.0, size * 0.62))


DRAWN: dict[str, tuple[Callable[[Body], None], tuple[str, ...]]] = {
    "Coins": (_coins, ("#e8b63a", "#f6dc7c", "#b07c22")),
    "Apple": (_apple, ("#cf3b3b", "#6b4a2e", "#6da544", "#ffe3d6")),
    "Roast Venison": (_venison, ("#b0623a", "#f0e2c8", "#c9534a")),
    "Deer Hide": (_pelt, ("#b07a45", "#d9b384", "#f0e2c8")),
    "Boar Tusk": (_tusk, ("#efe3c4", "#a57b58", "#6b4a3a")),
    "Rusty Dagger": (_dagger, ("#a7adb8", "#dfe6ee", "#6f4a2c", "#b0843a", "#a8592f")),
    "Woodcutter's Axe": (_axe, ("#8d97a6", "#e6edf4", "#8f6238", "#5a3a26")),
    "Raider's Spear": (_spear, ("#9aa3b0", "#eaf0f6", "#8a5c34", "#4a3428", "#b3403a")),
    "Ember Shard": (_shard, ("#e2572b", "#ffc65a")),
    "Wolf Pelt": (_tail, ("#8793a6", "#b6c0cf", "#dfe6ee")),
    "Scorpion Sting": (_sting, ("#b5702f", "#5a2a30", "#b6e04a")),
    "Lurker Scale": (_scales, ("#4f9a6c", "#9fdc8a")),
}


def icon(name: str) -> np.ndarray:
    """(32, 32, 4) RGBA of an item."""
    shape, colours = DRAWN[name]
    body = Body()
    shape(body)
    canvas = Canvas(ICON_PX, ICON_PX, 16, 26)
    canvas.draw(body.solids)
    ramps: dict[int, Ramp] = {number + 1: ramp(colour) for number, colour in enumerate(colours)}
    return painted(canvas.pixels(), ramps)


def sack() -> np.ndarray:
    """What stands for an item that nobody has drawn."""
    body = Body()
    body.ball(ONE, (0, 0, 8), (9, 8, 8.5))
    body.limb(ONE, (0, 0, 14), (0, 0, 18), 4.0, 2.6)
    body.ball(TWO, (0, 0, 17), (3.6, 3.6, 1.3))
    body.limb(ONE, (0, 0, 18), (0, 0, 22), 2.6, 4.2)
    canvas = Canvas(ICON_PX, ICON_PX, 16, 26)
    canvas.draw(body.solids)
    return painted(canvas.pixels(), {ONE: ramp("#b08a56"), TWO: ramp("#7a4a30")})
