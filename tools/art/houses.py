"""Houses: whole pictures for each size that villages have, in three ways of building.

Responsible for: walls, roofs, doors, windows, chimneys. Not here: where houses are.

Invariant: the picture of a house of w × h tiles is 32w wide and 32h + RISE high; what is above the lower 32h rises over
the tiles to its north.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.art.colours import Ramp, ramp
from tools.art.grain import chance

TILE = 32
RISE = 14
SIZES = ((5, 4), (6, 4), (5, 5), (6, 5))
FRONT = 46
"""Height of the front wall."""
EAVE = 7
"""How far the roof hangs over it."""


class Style(NamedTuple):
    """What a house is built of."""

    roof: str
    wall: str
    beam: str
    thatch: bool


STYLES = (
    Style("#ad5c49", "#e3d2ae", "#6b4a33", False),
    Style("#5f7f9c", "#b9b2a6", "#5c5048", False),
    Style("#c09a54", "#cdb088", "#6f4d31", True),
)


class _Board:
    """Pixels to paint on."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)

    def fill(self, x: float, y: float, width: float, height: float, colour: list[int]) -> None:
        left, top = max(0, int(x)), max(0, int(y))
        self.pixels[top : max(top, int(y + height)), left : max(left, int(x + width))] = (*colour, 255)

    def frame(self, x: int, y: int, width: int, height: int, colour: list[int]) -> None:
        self.fill(x, y, width, 1, colour)
        self.fill(x, y + height - 1, width, 1, colour)
        self.fill(x, y, 1, height, colour)
        self.fill(x + width - 1, y, 1, height, colour)


def _front(board: _Board, width: int, bottom: int, style: Style, salt: int) -> None:
    wall, beam, stone = ramp(style.wall, spread=0.7), ramp(style.beam), ramp("#8d867c")
    top = bottom - FRONT
    board.fill(4, top, width - 8, FRONT, wall[2])
    for i in range(160):
        x, y = 5 + int(chance(i, 1, salt) * (width - 12)), top + int(chance(i, 2, salt) * FRONT)
        board.fill(x, y, 2 + i % 3, 1, wall[1 if i % 3 else 3])
    bays = max(3, (width - 8) // 34)
    for bay in range(bays + 1):
        x = 4 + (width - 12) * bay // bays
        board.fill(x, top, 4, FRONT, beam[2])
        board.fill(x, top, 1, FRONT, beam[3])
        board.fill(x + 3, top, 1, FRONT, beam[0])
    board.fill(4, top + FRONT - 9, width - 8, 3, beam[2])
    board.fill(4, top + FRONT - 7, width - 8, 1, beam[0])
    for i in range((width - 8) // 8 + 1):
        left = 4 + i * 8
        wide = min(8, width - 4 - left)
        board.fill(left, bottom - 6, wide, 6, stone[1 + int(3 * chance(i, 5, salt))])
        board.fill(left, bottom - 6, 1, 6, stone[0])
    board.fill(4, bottom - 1, width - 8, 1, stone[0])
    door = bays // 2
    for bay in range(bays):
        left, right = 4 + (width - 12) * bay // bays + 4, 4 + (width - 12) * (bay + 1) // bays
        middle = (left + right) // 2
        if bay == door:
            _door(board, middle, bottom, beam)
        else:
            _window(board, middle, top + 15, beam)


def _door(board: _Board, middle: int, bottom: int, beam: Ramp) -> None:
    wood = ramp("#8a5a34")
    board.fill(middle - 9, bottom - 29, 18, 29, beam[0])
    board.fill(middle - 7, bottom - 27, 14, 27, wood[2])
    for plank in range(3):
        board.fill(middle - 7 + plank * 5, bottom - 27, 1, 27, wood[0])
        board.fill(middle - 6 + plank * 5, bottom - 27, 1, 27, wood[3])
    board.fill(middle - 7, bottom - 21, 14, 2, wood[0])
    board.fill(middle - 7, bottom - 8, 14, 2, wood[0])
    board.fill(middle + 3, bottom - 15, 2, 2, [236, 196, 92])
    board.fill(middle - 10, bottom - 2, 20, 2, [150, 144, 134])


def _window(board: _Board, middle: int, top: int, beam: Ramp) -> None:
    shutter = ramp("#5d7d5a")
    board.fill(middle - 6, top, 12, 14, beam[0])
    board.fill(middle - 5, top + 1, 10, 12, [248, 206, 110])
    board.fill(middle - 5, top + 1, 10, 4, [255, 230, 156])
    board.fill(middle - 1, top + 1, 1, 12, beam[1])
    board.fill(middle - 5, top + 6, 10, 1, beam[1])
    for left in (middle - 10, middle + 6):
        board.fill(left, top, 4, 14, shutter[2])
        board.frame(left, top, 4, 14, shutter[0])
    board.fill(middle - 7, top + 14, 14, 2, beam[3])
    board.fill(middle - 7, top + 16, 14, 1, beam[0])


def _roof(board: _Board, width: int, end: int, style: Style, salt: int) -> None:
    tones = ramp(style.roof, spread=0.6, shift=0.8)
    ridge = max(12, end // 4)
    for y in range(end):
        slope = 0.0 if y >= ridge else -1.2
        for x in range(width):
            board.pixels[y, x] = (*_roof_tone(x, y, ridge, end, slope, style, salt, tones), 255)
    board.fill(0, ridge - 2, width, 2, tones[4])
    board.fill(0, ridge, width, 1, tones[0])
    beam = ramp(style.beam)
    for x in (0, width - 4):
        board.fill(x, 0, 4, end, beam[2])
        board.fill(x + (0 if x == 0 else 3), 0, 1, end, beam[3 if x == 0 else 0])
        board.fill(x + (3 if x == 0 else 0), 0, 1, end, beam[0])
    board.fill(0, end - 2, width, 2, tones[0])
    board.fill(0, 0, width, 1, tones[5])
    board.fill(0, 0, 1, end, tones[5])
    board.fill(width - 1, 0, 1, end, tones[5])
    board.fill(0, end - 1, width, 1, tones[5])


def _roof_tone(x: int, y: int, ridge: int, end: int, slope: float, style: Style, salt: int, tones: Ramp) -> list[int]:
    """One pixel of the slope: rows of shingles, or straw."""
    if style.thatch:
        straw = chance(x, y // 7, salt) * 2.2 + chance(x // 3, y // 11, salt + 1) * 1.4
        tone = 0.9 + straw * 0.72 + slope - (0.9 if (y - ridge) % 12 == 11 else 0)
    else:
        row, high = divmod(y - ridge, 7)
        place, along = divmod(x + (row % 2) * 5, 10)
        tone = 1.5 + chance(place, row, salt) * 1.5 + slope
        tone += 0.7 if high == 1 else 0
        tone -= 1.7 if high == 6 or along == 0 else 0
    tone += 0.5 * (1 - (y - ridge) / max(1, end - ridge)) if y >= ridge else 0
    return tones[int(np.clip(tone, 0, 4))]


def _chimney(board: _Board, x: int, y: int) -> None:
    stone = ramp("#8d867c")
    board.fill(x, y, 16, 24, stone[2])
    for row in range(4):
        for i in range(2):
            board.fill(x + i * 8 + (row % 2) * 4, y + 2 + row * 6, 7, 5, stone[2 + (row + i) % 2])
    board.fill(x + 11, y, 5, 24, stone[1])
    board.fill(x - 1, y, 18, 5, stone[3])
    board.fill(x + 3, y + 1, 10, 3, stone[5])
    board.frame(x - 1, y, 18, 25, stone[5])


def house(size: tuple[int, int], number: int) -> NDArray[np.uint8]:
    """(32h + RISE, 32w, 4) RGBA."""
    style = STYLES[number]
    width, bottom = size[0] * TILE, size[1] * TILE + RISE
    salt = 300 + number * 17 + size[0] * 3 + size[1]
    board = _Board(width, bottom)
    _front(board, width, bottom, style, salt)
    end = bottom - FRONT + EAVE
    _roof(board, width, end, style, salt)
    board.pixels[end : end + 5, 4 : width - 4, :3] = board.pixels[end : end + 5, 4 : width - 4, :3] // 2 + 12
    for x in (4, width - 5):
        board.pixels[end:bottom, x, :3] = ramp(style.beam)[5]
    _chimney(board, width * (2 if number != 1 else 7) // 10 + (width // 2 if number == 0 else 0), 2)
    return board.pixels
