"""Animals as solids: deer, boar, wolf, scorpion, lurker.

Responsible for: their shapes and how they move. Not here: their colours (`looks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tools.art.solids import Body

COAT, BELLY, DARK, EYE, BONE, NOSE, MANE, GLOW = range(1, 9)
MATERIALS = ("coat", "belly", "dark", "eye", "bone", "nose", "mane", "glow")


class Gait(NamedTuple):
    """A moment of a movement."""

    phase: float = 0.0
    """Of the step, in turns."""
    stride: float = 0.0
    """How far feet swing, as a share of the usual."""
    lunge: float = 0.0
    """Of the attack: −1 drawn back, 1 all the way forward."""


def walk(phase: float) -> Gait:
    """One of the moments of a step."""
    return Gait(phase, 1.0)


IDLE = Gait()
STRIKES = (Gait(0.1, 0.3, -0.7), Gait(0.25, 0.8, 1.0), Gait(0.25, 0.5, 0.5))


def _leg(body: Body, gait: Gait, turn: float, hip: Sequence[float], reach: float, thick: float, hoof: int) -> None:
    """A leg from the hip down; `turn` is its place in the step."""
    angle = (gait.phase + turn) * 2 * np.pi
    foot_x = hip[0] + gait.stride * reach * np.sin(angle) + gait.lunge * 1.2
    lift = gait.stride * max(0.0, np.cos(angle)) * reach * 0.5
    knee = ((hip[0] + foot_x) / 2 + 0.6, hip[1], hip[2] * 0.5 + lift * 0.7)
    body.limb(COAT, (hip[0], hip[1], hip[2]), knee, thick, thick * 0.72)
    body.limb(COAT, knee, (foot_x, hip[1], 1.8 + lift), thick * 0.72, thick * 0.6)
    body.ball(hoof, (foot_x + 0.5, hip[1], 1.3 + lift), (thick * 0.85, thick * 0.72, 1.4))


def _four_legs(
    body: Body, gait: Gait, fore: float, hind: float, side: float, high: float, reach: float, thick: float, hoof: int
) -> None:
    for x, y, turn in ((fore, side, 0.0), (fore, -side, 0.5), (hind, side, 0.5), (hind, -side, 0.0)):
        _leg(body, gait, turn, (x, y, high), reach, thick, hoof)


def _eyes(body: Body, x: float, side: float, z: float, size: float = 0.9, material: int = EYE, tone: int = 1) -> None:
    for sign in (1, -1):
        body.ball(material, (x, sign * side, z), (size, size * 0.8, size * 1.25), flat=tone)


def _bob(gait: Gait, by: float) -> float:
    return float(gait.stride * by * abs(np.sin(gait.phase * 2 * np.pi)))


def deer(gait: Gait) -> Body:
    """Slender, spotted, with antlers; it looks up when it stands."""
    body, up, on = Body(), _bob(gait, 1.0), gait.lunge * 2
    _four_legs(body, gait, 7.5, -8.5, 2.8, 13, 5.2, 2.2, DARK)
    body.ball(COAT, (0, 0, 17.5 + up), (12.5, 5.0, 5.2))
    body.ball(COAT, (7, 0, 18.4 + up), (5.8, 4.9, 5.6))
    body.ball(COAT, (-8, 0, 18.0 + up), (5.8, 5.0, 5.4))
    body.ball(BELLY, (-1, 0, 15.0 + up), (9.5, 4.2, 3.4))
    body.ball(BELLY, (-13.2, 0, 18.6 + up), (1.9, 2.6, 3.6))
    body.limb(COAT, (-13.4, 0, 20.6 + up), (-15.2, 0, 18.4 + up), 1.4, 1.1)
    for x, y in ((-6, 3.6), (-2, 4.2), (2, 3.8), (-9, 2.8), (5, 3.4), (-4, 2.0), (0, 2.2)):
        for sign in (1, -1):
            body.ball(BELLY, (x, sign * y, 20.3 + up + (3.0 - abs(y)) * 0.9), 0.95, flat=4)
    head = (15.2 + on, 0.0, 29.0 + up - abs(on))
    body.limb(COAT, (9.5, 0, 20 + up), (head[0] - 2.6, 0, head[2] - 1.5), 4.0, 2.9)
    body.ball(COAT, head, (4.4, 3.6, 3.6))
    body.limb(COAT, (head[0] + 2, 0, head[2] - 0.8), (head[0] + 5.6, 0, head[2] - 2.0), 2.5, 1.7)
    body.ball(NOSE, (head[0] + 7.0, 0, head[2] - 1.7), (1.0, 1.2, 1.0), flat=1)
    _eyes(body, head[0] + 2.3, 3.0, head[2] + 0.7)
    for sign in (1, -1):
        body.limb(COAT, (head[0] - 2, sign * 2.8, head[2] + 2), (head[0] - 3.6, sign * 6.6, head[2] + 3.4), 1.6, 0.8)
        root, fork = (head[0] - 1.2, sign * 1.7, head[2] + 3), (head[0] - 2.8, sign * 5.0, head[2] + 9.5)
        body.limb(BONE, root, fork, 1.0, 0.9)
        body.limb(BONE, fork, (fork[0] + 2.6, sign * 7.0, fork[2] + 4.2), 0.9, 0.7)
        body.limb(BONE, fork, (fork[0] - 3.0, sign * 6.8, fork[2] + 3.2), 0.9, 0.7)
    return body


def boar(gait: Gait) -> Body:
    """All shoulders, with a ridge of bristles and tusks."""
    body, up, on = Body(), _bob(gait, 0.8), gait.lunge * 3
    _four_legs(body, gait, 6.5, -7.5, 3.9, 8, 3.6, 2.5, DARK)
    body.ball(COAT, (-2, 0, 12.5 + up), (12.0, 6.8, 7.0))
    body.ball(COAT, (4.5 + on * 0.4, 0, 13.6 + up), (7.6, 7.2, 7.8))
    body.ball(BELLY, (-2, 0, 9.4 + up), (9.5, 5.6, 4.0))
    for x in np.linspace(9, -11, 10):
        high = 20.8 + up - 0.055 * (x - 3.5) ** 2
        body.ball(MANE, (x + on * 0.3, 0, high), (1.9, 1.5, 2.3), pitch=0.06)
    head = (12.5 + on, 0.0, 12.0 + up - max(0.0, on) * 0.5)
    body.ball(COAT, head, (6.0, 5.2, 5.4))
    body.limb(COAT, (head[0] + 2.5, 0, head[2] - 1.4), (head[0] + 8.0, 0, head[2] - 2.8), 3.8, 2.9)
    body.ball(NOSE, (head[0] + 10.4, 0, head[2] - 2.8), (1.2, 2.7, 2.4))
    _eyes(body, head[0] + 3.6, 3.9, head[2] + 1.9, 0.9)
    for sign in (1, -1):
        body.limb(MANE, (head[0] - 2, sign * 3.4, head[2] + 3.8), (head[0] - 2.6, sign * 5.4, head[2] + 7.4), 2.0, 0.9)
        tip = (head[0] + 9.4, sign * 4.6, head[2] + 0.6)
        body.limb(
            BONE, (head[0] + 7.0, sign * 3.0, head[2] - 3.6), (head[0] + 8.8, sign * 4.4, head[2] - 2.4), 1.1, 1.0
        )
        body.limb(BONE, (head[0] + 8.8, sign * 4.4, head[2] - 2.4), tip, 1.0, 0.6)
    body.limb(MANE, (-13.4, 0, 14.5 + up), (-16.0, 1.0, 11.0 + up), 0.9, 0.9)
    return body


def wolf(gait: Gait) -> Body:
    """Long legs, a ruff, a bushy tail, pale face."""
    body, up, on = Body(), _bob(gait, 0.9), gait.lunge * 3.4
    _four_legs(body, gait, 7.5, -8.5, 3.1, 11, 5.4, 2.4, BELLY)
    body.ball(COAT, (-1, 0, 14.4 + up), (12.6, 5.2, 5.4))
    body.ball(COAT, (6.8 + on * 0.3, 0, 15.2 + up), (6.6, 5.9, 6.2))
    body.ball(COAT, (-8.4, 0, 14.4 + up), (5.4, 5.2, 5.4))
    body.ball(BELLY, (2, 0, 11.7 + up), (8.8, 4.2, 3.2))
    for x in np.linspace(8, -10, 8):
        body.ball(MANE, (x + on * 0.3, 0, 19.4 + up - 0.012 * (x - 4) ** 2), (2.2, 2.2, 1.7))
    head = (14.4 + on, 0.0, 20.2 + up - abs(on) * 0.5)
    body.ball(MANE, (9.4 + on * 0.6, 0, 18.4 + up), (5.2, 6.0, 5.8))
    body.ball(COAT, head, (4.9, 4.9, 4.6))
    for sign in (1, -1):
        body.ball(BELLY, (head[0] + 1.4, sign * 3.4, head[2] - 1.6), (3.0, 1.9, 2.3))
        body.limb(COAT, (head[0] - 1.2, sign * 2.8, head[2] + 3), (head[0] - 1.4, sign * 4.0, head[2] + 8.0), 2.1, 0.7)
    body.limb(BELLY, (head[0] + 3.2, 0, head[2] - 1.3), (head[0] + 7.4, 0, head[2] - 2.0), 2.6, 1.9)
    body.limb(COAT, (head[0] + 3.4, 0, head[2] + 0.4), (head[0] + 7.2, 0, head[2] - 0.7), 2.1, 1.5)
    body.ball(NOSE, (head[0] + 9.0, 0, head[2] - 1.0), (1.1, 1.2, 1.1), flat=1)
    _eyes(body, head[0] + 3.9, 2.5, head[2] + 1.2, 0.9, GLOW, 3)
    wag = 1.6 * np.sin(gait.phase * 2 * np.pi) * gait.stride
    body.limb(COAT, (-12.5, 0, 15.5 + up), (-18.0, wag, 12.0 + up), 2.4, 3.1)
    body.limb(MANE, (-18.0, wag, 12.0 + up), (-22.0, wag * 1.6, 9.5 + up), 2.9, 1.1)
    return body


def scorpion(gait: Gait) -> Body:
    """Plates, eight legs, two claws, and a tail over its back that strikes."""
    body, on = Body(), gait.lunge
    for index, x in enumerate((5.0, 1.4, -2.2, -5.8)):
        for sign in (1, -1):
            angle = (gait.phase + index * 0.25 + (0.5 if sign > 0 else 0)) * 2 * np.pi
            step, lift = gait.stride * 1.9 * np.sin(angle), gait.stride * max(0.0, np.cos(angle)) * 1.5
            knee = (x + (x + 0.5) * 0.35 + step * 0.6, sign * 8.0, 7.6 + lift)
            foot = (x + (x + 0.5) * 0.75 + step, sign * 12.6, 1.0 + lift)
            body.limb(DARK, (x, sign * 3.5, 5.0), knee, 1.3, 1.2)
            body.limb(DARK, knee, foot, 1.2, 0.8)
    for x, width, high in ((6.0, 5.4, 4.2), (2.6, 6.2, 4.8), (-1.2, 6.3, 5.0), (-4.8, 5.6, 4.6), (-8.0, 4.4, 4.0)):
        body.ball(COAT, (x, 0, 5.8), (3.2, width, high * 0.9))
        body.ball(MANE, (x - 0.6, 0, 6.4 + high * 0.3), (2.0, width * 0.72, high * 0.6))
    for sign in (1, -1):
        elbow, wrist = (11.0 + on, sign * 9.0, 6.5), (16.0 + on * 2.5, sign * 7.0, 6.0)
        body.limb(COAT, (7.5, sign * 4.0, 6.0), elbow, 1.9, 1.7)
        body.limb(COAT, elbow, wrist, 1.7, 1.8)
        body.ball(COAT, (wrist[0] + 2.6, wrist[1], wrist[2]), (4.2, 3.2, 2.9))
        body.limb(MANE, (wrist[0] + 4, sign * 8.6, 6.2), (wrist[0] + 9.6, sign * 6.6, 6.2), 1.7, 0.8)
        body.limb(MANE, (wrist[0] + 4, sign * 5.2, 6.2), (wrist[0] + 9.0, sign * 4.6, 6.2), 1.5, 0.7)
    _eyes(body, 8.4, 1.7, 8.6, 1.0, EYE, 1)
    sway = gait.stride * 1.4 * np.sin(gait.phase * 2 * np.pi)
    reach = 9.0 * max(0.0, on) - 3.0 * max(0.0, -on)
    bends = ((-10.0, 7.0), (-14.5, 11.5), (-15.0, 17.5), (-11.0, 22.8), (-4.5 + reach, 25.0), (1.0 + reach, 22.6))
    for i, ((x0, z0), (x1, z1)) in enumerate(pairwise(bends)):
        start, end = (x0, sway * i * 0.2, z0), (x1, sway * (i + 1) * 0.2, z1)
        body.limb(COAT, start, end, 2.9 - i * 0.22, 2.6 - i * 0.22)
        body.ball(MANE, end, 2.5 - i * 0.2)
    x, z = bends[-1]
    body.ball(COAT, (x + 1.2, sway, z - 0.6), (2.8, 2.5, 2.5))
    body.limb(BONE, (x + 3.2, sway, z - 1.6), (x + 4.8 + reach * 0.2, sway, z - 6.2), 1.3, 0.5)
    return body


def lurker(gait: Gait) -> Body:
    """A broad wet thing between frog and lizard: eyes on top, a wide mouth, a fin along its back."""
    body, up, on = Body(), _bob(gait, 0.7), gait.lunge * 4
    for x, y, turn in ((6.0, 6.2, 0.0), (6.0, -6.2, 0.5), (-7.0, 6.0, 0.5), (-7.0, -6.0, 0.0)):
        angle = (gait.phase + turn) * 2 * np.pi
        step, lift = gait.stride * 3.6 * np.sin(angle), gait.stride * max(0.0, np.cos(angle)) * 2.0
        side = np.sign(y)
        body.limb(COAT, (x, y * 0.8, 8 + up), (x - 1 + step * 0.5, y + side * 3.6, 7.5 + lift), 2.9, 2.3)
        body.limb(
            COAT, (x - 1 + step * 0.5, y + side * 3.6, 7.5 + lift), (x + 1 + step, y + side * 3.8, 2 + lift), 2.2, 1.8
        )
        for toe in (-1.5, 0.2, 1.9):
            body.ball(DARK, (x + 2.8 + step, y + side * 3.8 + toe, 1.2 + lift), (1.7, 0.8, 1.0))
    body.limb(COAT, (-9, 0, 9 + up), (-17, 1.4 * np.sin(gait.phase * 2 * np.pi) * gait.stride, 5.5), 4.6, 2.4)
    body.limb(COAT, (-17, 0, 5.5), (-23.0, -2.4 * np.sin(gait.phase * 2 * np.pi) * gait.stride, 4.0), 2.4, 0.9)
    body.ball(COAT, (-1, 0, 10.2 + up), (11.5, 7.6, 6.4))
    body.ball(BELLY, (1, 0, 7.4 + up), (9.6, 6.4, 4.0))
    for x in np.linspace(6, -15, 9):
        tall = 3.6 - 0.02 * (x + 3) ** 2
        body.ball(MANE, (x, 0, 15.6 + up - 0.035 * (x + 1) ** 2 + tall * 0.4), (1.3, 0.8, max(1.0, tall)), pitch=0.08)
    head = (11.0 + on, 0.0, 12.4 + up)
    gape = 1.8 * max(0.0, gait.lunge)
    body.ball(COAT, (head[0], 0, head[2] + gape * 0.6), (6.8, 7.0, 4.2), pitch=0.02 + 0.05 * gape)
    body.ball(DARK, (head[0] + 1.4, 0, head[2] - 2.2), (5.6, 5.9, 1.2 + gape))
    body.ball(BELLY, (head[0] + 0.4, 0, head[2] - 3.8 - gape), (6.4, 6.4, 2.7), pitch=-0.02 - 0.03 * gape)
    for sign in (1, -1):
        body.ball(COAT, (head[0] + 1.0, sign * 4.4, head[2] + 4.0 + gape), 2.7)
        body.ball(GLOW, (head[0] + 2.6, sign * 4.9, head[2] + 4.5 + gape), (1.5, 1.7, 1.9), flat=3)
        body.ball(EYE, (head[0] + 3.9, sign * 5.0, head[2] + 4.6 + gape), (0.8, 0.6, 1.4), flat=1)
        for x, tooth in ((4.6, 3.2), (5.6, 1.4)):
            body.ball(BONE, (head[0] + x, sign * tooth, head[2] - 1.2 + gape * 0.4), (0.7, 0.7, 1.1), flat=4)
    for x, y, size in ((-4, 4.8, 1.7), (1, -5.2, 1.9), (4, 4.6, 1.4), (-7, -4.2, 1.5), (-1, 3.0, 1.3)):
        body.ball(MANE, (x, y, 14.6 + up - abs(y) * 0.42), (size, size, 0.9))
    return body
