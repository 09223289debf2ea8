"""Small solid bodies drawn as pixel art: ellipsoids seen from the south and above, in a few tones, with dark outlines.

Responsible for: from a list of solids to numbers `material * 8 + tone`, one a pixel. Not here: which solids make a deer
(`animals.py`), what colours materials have (`looks.py`).

Invariants: x east, y north, z up, in pixels of the picture; the light comes from the upper left; tone 0 is the darkest
of 5, tone 5 is the outline; number 0 is nothing, so materials count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Numbers = NDArray[np.uint8]

TONES = 5
INK = 5
STEP = 8
"""Numbers a material takes."""
_FINE = 3
"""Samples along a pixel's side."""
_TILT = np.deg2rad(38)
_DOWN, _UP = np.sin(_TILT), np.cos(_TILT)
"""Shares of the way north and of height that are seen."""
_LIGHT = np.array([-0.45, -0.42, 0.79])
_LIMITS = np.array([0.02, 0.3, 0.58, 0.86])
_EDGE_PX = 2.6
"""A step in depth that is drawn as a line."""


class Solid(NamedTuple):
    """An ellipsoid: where, half its size along its own axes, those axes as rows, and what it is made of."""

    place: Vector
    size: Vector
    axes: Vector
    material: int
    flat: int
    """Tone if it is not lit (an eye); -1: it is lit."""


@dataclass
class Body:
    """Solids in the body's own frame: x forward, y to its left, z up."""

    solids: list[Solid] = field(default_factory=list)

    def ball(
        self,
        material: int,
        place: tuple[float, float, float],
        size: tuple[float, float, float] | float,
        *,
        pitch: float = 0.0,
        flat: int = -1,
    ) -> None:
        """An ellipsoid, its front lifted by `pitch` turns."""
        sizes = np.full(3, size) if isinstance(size, int | float) else np.array(size, np.float64)
        cos, sin = np.cos(pitch * 2 * np.pi), np.sin(pitch * 2 * np.pi)
        axes = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        self.solids.append(Solid(np.array(place, np.float64), sizes, axes, material, flat))

    def limb(
        self,
        material: int,
        start: tuple[float, float, float],
        end: tuple[float, float, float],
        thick: float,
        thin: float | None = None,
    ) -> None:
        """A rod with round ends, from `thick` to `thin`."""
        thin = thick if thin is None else thin
        length = float(np.linalg.norm(np.subtract(end, start)))
        count = max(2, int(length / max(0.6, 0.45 * min(thick, thin))) + 1)
        for part in np.linspace(0, 1, count):
            place = np.array(start) * (1 - part) + np.array(end) * part
            size = np.full(3, thick * (1 - part) + thin * part)
            self.solids.append(Solid(place, size, np.eye(3), material, -1))

    def seen(self, yaw: float) -> list[Solid]:
        """In the world, turned by `yaw` turns."""
        return self._turned(_about_z(yaw), np.zeros(3))

    def lying(self, yaw: float, *, on_back: bool, middle: float, lift: float) -> list[Solid]:
        """Fallen on its back, or on its side; `middle` is the height that comes to lie at the origin."""
        side = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
        back = np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])
        fallen = _about_z(yaw) @ (back if on_back else side)
        return self._turned(fallen, np.array([0, 0, lift]) - fallen @ np.array([0, 0, middle]))

    def _turned(self, whole: Vector, shift: Vector) -> list[Solid]:
        return [Solid(whole @ s.place + shift, s.size, s.axes @ whole.T, s.material, s.flat) for s in self.solids]


def _about_z(yaw: float) -> Vector:
    cos, sin = np.cos(yaw * 2 * np.pi), np.sin(yaw * 2 * np.pi)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


class Canvas:
    """What is seen so far, in samples finer than pixels: depth, material and tone of each."""

    def __init__(self, width: int, height: int, foot_x: float, foot_y: float) -> None:
        """The origin of the world is at pixel (foot_x, foot_y)."""
        self.shape = (height * _FINE, width * _FINE)
        self.foot = (foot_x, foot_y)
        self.depth = np.full(self.shape, np.inf)
        self.number = np.zeros(self.shape, np.uint8)

    def draw(self, solids: list[Solid], grain: NDArray[np.float64] | None = None) -> None:
        """Solids in any order; `grain` (of the canvas' samples, about -0.3 to 0.3) makes surfaces rough."""
        for solid in solids:
            self._draw(solid, grain)

    def _draw(self, solid: Solid, grain: NDArray[np.float64] | None) -> None:
        x, y, z = solid.place
        reach = float(solid.size.max()) + 1
        middle_x, middle_y = self.foot[0] + x, self.foot[1] - y * _DOWN - z * _UP
        left, right = (int(np.clip((middle_x + s * reach) * _FINE, 0, self.shape[1])) for s in (-1, 1))
        top, bottom = (int(np.clip((middle_y + s * reach) * _FINE, 0, self.shape[0])) for s in (-1, 1))
        if left >= right or top >= bottom:
            return
        line, column = np.mgrid[top:bottom, left:right]
        across = (column + 0.5) / _FINE - middle_x
        above = middle_y - (line + 0.5) / _FINE
        # A ray through the sample: a point on the plane across the middle, and the way into the picture.
        start = across[..., None] * np.array([1.0, 0, 0]) + above[..., None] * np.array([0, _DOWN, _UP])
        way = np.array([0, _UP, -_DOWN])
        shrink = solid.axes / solid.size[:, None]
        s, w = start @ shrink.T, shrink @ way
        a, b, c = float(w @ w), s @ w, (s * s).sum(-1) - 1
        inside = b * b - a * c
        hit = inside >= 0
        t = (-b - np.sqrt(np.where(hit, inside, 0))) / a
        depth = y * _UP - z * _DOWN + t
        part = (slice(top, bottom), slice(left, right))
        nearer = hit & (depth < self.depth[part])
        normal = (s + t[..., None] * w) @ (solid.axes / solid.size[:, None])
        normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
        light = normal @ _LIGHT
        if grain is not None:
            light = light + grain[part]
        tone = np.searchsorted(_LIMITS, light) if solid.flat < 0 else np.full(light.shape, solid.flat)
        self.depth[part] = np.where(nearer, depth, self.depth[part])
        number = (solid.material * STEP + tone).astype(np.uint8)
        self.number[part] = np.where(nearer, number, self.number[part])

    def pixels(self, *, outline: bool = True) -> Numbers:
        """(H, W): the number that most samples of a pixel have; outlines around the whole and between its parts."""
        height, width = self.shape[0] // _FINE, self.shape[1] // _FINE
        samples = self.number.reshape(height, _FINE, width, _FINE).transpose(0, 2, 1, 3).reshape(height, width, -1)
        depths = self.depth.reshape(height, _FINE, width, _FINE).transpose(0, 2, 1, 3).reshape(height, width, -1)
        full = (samples > 0).sum(-1) * 2 >= samples.shape[-1]
        votes = (samples[..., :, None] == samples[..., None, :]).sum(-1) * (samples > 0)
        winner = np.take_along_axis(samples, votes.argmax(-1)[..., None], -1)[..., 0]
        pixels = np.where(full, winner, 0).astype(np.uint8)
        depth = np.where(full, np.where(np.isfinite(depths), depths, 1e9).min(-1), 1e9)
        if outline:
            _draw_lines(pixels, depth)
        return pixels


def _shifted(array: NDArray[np.float64] | Numbers, down: int, right: int, empty: float) -> NDArray[np.float64]:
    moved = np.full(array.shape, empty)
    height, width = array.shape
    moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = array[
        max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)
    ]
    return moved


def _draw_lines(pixels: Numbers, depth: NDArray[np.float64]) -> None:
    """Darkens pixels that lie behind a neighbour, and rings the whole with its own dark colours."""
    nearest = np.minimum.reduce([_shifted(depth, *by, 1e9) for by in ((0, 1), (0, -1), (1, 0), (-1, 0))])
    behind = (pixels > 0) & (depth - nearest > _EDGE_PX)
    tone = pixels % STEP
    pixels[behind] += np.minimum(tone, 1)[behind] - tone[behind]
    ring = np.zeros(pixels.shape, np.uint8)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        beside = _shifted(pixels, down, right, 0).astype(np.uint8)
        ring = np.where((ring == 0) & (beside > 0), beside // STEP * STEP + INK, ring).astype(np.uint8)
    empty = pixels == 0
    pixels[empty] = ring[empty]
