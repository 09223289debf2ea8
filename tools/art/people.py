"""People as solids: players in three haircuts, and raiders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.art.solids import Body

SKIN, HAIR, SHIRT, TROUSERS, BOOTS, BELT, EYE, METAL, WOOD, TRIM, WHITE = range(1, 12)
MATERIALS = ("skin", "hair", "shirt", "trousers", "boots", "belt", "eye", "metal", "wood", "trim", "white")


class Pose(NamedTuple):
    """Where the limbs are: swings in pixels, heights in pixels."""

    stride: float = 0.0
    """How far the left foot is forward."""
    lift: float = 0.0
    """How high the foot that comes forward is."""
    bob: float = 0.0
    lean: float = 0.0
    right_hand: tuple[float, float, float] | None = None
    swing: float = 0.0
    """Arms, against the legs."""


def walk(phase: float) -> Pose:
    """One of the moments of a step; `phase` in turns."""
    angle = phase * 2 * np.pi
    return Pose(
        stride=5.0 * np.sin(angle),
        lift=2.6 * np.cos(angle),
        bob=0.9 * abs(np.cos(angle)) - 0.4,
        lean=0.8,
        swing=4.6 * np.sin(angle),
    )


IDLE = Pose()
STRIKES = (
    Pose(stride=-2.0, lean=-1.4, right_hand=(-4.0, -8.5, 27.0)),
    Pose(stride=3.0, lean=2.6, right_hand=(9.0, -4.0, 21.0)),
    Pose(stride=3.0, lean=2.0, right_hand=(7.5, 4.0, 14.0)),
)


def _legs(body: Body, pose: Pose) -> None:
    for side, step, lift in ((1, pose.stride, max(0.0, pose.lift)), (-1, -pose.stride, max(0.0, -pose.lift))):
        hip, foot = (0.0, side * 2.9, 12.0 + pose.bob), (step, side * 3.2, 3.0 + lift)
        body.limb(TROUSERS, hip, foot, 3.0, 2.5)
        body.ball(BOOTS, (step + 0.9, side * 3.2, 2.1 + lift), (3.5, 2.5, 2.3))


def _arms(body: Body, pose: Pose) -> tuple[float, float, float]:
    """Returns where the right hand is."""
    high = 20.5 + pose.bob
    for side in (1, -1):
        hand = (-side * pose.swing + pose.lean, side * 7.8, 12.6 + pose.bob)
        if side < 0 and pose.right_hand is not None:
            hand = pose.right_hand
        shoulder = (pose.lean, side * 6.0, high)
        elbow = tuple((s + h) / 2 + d for s, h, d in zip(shoulder, hand, (-0.6, side * 0.9, -0.4), strict=True))
        body.limb(SHIRT, shoulder, elbow, 2.7, 2.4)  # type: ignore[arg-type]
        body.limb(SHIRT, elbow, hand, 2.4, 2.1)  # type: ignore[arg-type]
        body.ball(SKIN, hand, 2.3)
    return hand


def _trunk(body: Body, pose: Pose) -> None:
    x, up = pose.lean * 0.6, pose.bob
    body.ball(SHIRT, (x, 0, 17.2 + up), (4.5, 5.9, 6.4))
    body.ball(SHIRT, (x * 0.5, 0, 11.6 + up), (4.6, 5.7, 3.4))
    body.ball(BELT, (x * 0.7, 0, 13.6 + up), (4.9, 6.1, 1.5))
    body.ball(TRIM, (x * 0.7 + 4.5, 0, 13.6 + up), (0.8, 1.4, 1.3))
    body.ball(TRIM, (x, 0, 22.0 + up), (3.9, 4.6, 1.8))


def _face(body: Body, pose: Pose) -> tuple[float, float]:
    """Returns where the middle of the head is: forward, and up."""
    x, z = pose.lean * 1.2, 30.2 + pose.bob
    body.ball(SKIN, (x, 0, z), (7.3, 7.4, 7.2))
    for side in (1, -1):
        body.ball(SKIN, (x - 0.2, side * 7.2, z - 1.0), (1.6, 1.3, 1.8))
        body.ball(EYE, (x + 6.3, side * 3.0, z - 1.2), (0.9, 1.2, 1.9), flat=1)
        body.ball(WHITE, (x + 6.9, side * 2.8, z - 0.3), (0.5, 0.55, 0.6), flat=4)
    return x, z


def _hair(body: Body, x: float, z: float, style: str) -> None:
    body.ball(HAIR, (x - 1.7, 0, z + 1.6), (7.6, 8.1, 7.4))
    body.ball(HAIR, (x + 2.4, 2.6, z + 5.9), (4.6, 4.6, 2.5), pitch=-0.06)
    body.ball(HAIR, (x + 2.6, -3.0, z + 5.5), (4.3, 4.0, 2.3), pitch=-0.08)
    if style == "long":
        body.ball(HAIR, (x - 4.0, 0, z - 5.0), (4.6, 7.0, 8.0))
        for side in (1, -1):
            body.limb(HAIR, (x + 1.4, side * 7.0, z + 2), (x - 1.5, side * 6.6, z - 7.5), 2.3, 1.6)
    elif style == "tail":
        body.limb(HAIR, (x - 8.0, 0, z + 3.5), (x - 11.0, 0, z - 5.0), 3.3, 1.8)
        body.ball(TRIM, (x - 8.4, 0, z + 3.2), (1.6, 2.4, 2.4))


def _hood(body: Body, x: float, z: float) -> None:
    body.ball(TRIM, (x - 1.6, 0, z + 1.0), (8.3, 8.7, 8.5))
    body.ball(TRIM, (x + 2.0, 0, z + 6.0), (5.8, 6.6, 2.9), pitch=-0.05)
    body.ball(TRIM, (x - 7.2, 0, z + 3.8), (4.0, 3.4, 3.6), pitch=-0.1)
    for side in (1, -1):
        body.limb(TRIM, (x + 3.2, side * 6.8, z + 3), (x + 2.0, side * 5.4, z - 6.5), 2.0, 2.2)


def player(pose: Pose, style: str) -> Body:
    """A player: `style` short, long, tail or hood."""
    body = Body()
    _legs(body, pose)
    _trunk(body, pose)
    _arms(body, pose)
    x, z = _face(body, pose)
    if style == "hood":
        body.ball(HAIR, (x + 3.4, 0, z + 4.4), (3.8, 5.6, 2.4))
        _hood(body, x, z)
        body.limb(TRIM, (pose.lean - 3.6, 0, 21 + pose.bob), (pose.lean - 6.5 - abs(pose.stride) * 0.4, 0, 7), 4.6, 5.4)
    else:
        _hair(body, x, z, style)
    return body


def raider(pose: Pose) -> Body:
    """A raider: masked, with shoulder plates and an axe."""
    body = Body()
    _legs(body, pose)
    _trunk(body, pose)
    hand = _arms(body, pose)
    for side in (1, -1):
        body.ball(METAL, (pose.lean, side * 7.0, 21.4 + pose.bob), (3.5, 3.0, 2.8))
    x, z = _face(body, pose)
    body.ball(TRIM, (x + 0.7, 0, z - 4.6), (7.0, 7.3, 3.6))  # a cloth over mouth and chin
    body.ball(HAIR, (x - 1.5, 0, z + 1.8), (7.6, 7.9, 7.2))
    body.ball(TRIM, (x, 0, z + 3.6), (7.5, 7.8, 1.9))
    body.limb(TRIM, (x - 7.5, 1, z + 3.4), (x - 10.0, 2.5, z - 3.0), 1.7, 1.0)
    for lean, out in ((0.0, 0.0), (-2.5, 3.4), (-2.5, -3.4)):
        body.limb(HAIR, (x - 1 + lean, out, z + 7.0), (x - 2.4 + lean * 1.4, out * 1.4, z + 10.6), 2.0, 0.9)
    strike = pose.right_hand is not None
    tip = (hand[0] + (9 if strike else 5.5), hand[1], hand[2] + (4.5 if strike else 10.0))
    end = (hand[0] - (3 if strike else 2), hand[1], hand[2] - (1.5 if strike else 4.0))
    body.limb(WOOD, end, tip, 1.15, 1.05)
    body.ball(METAL, (tip[0] + 0.4, tip[1], tip[2] + (-2.6 if strike else 0.2)), (2.9, 1.0, 3.7))
    return body
