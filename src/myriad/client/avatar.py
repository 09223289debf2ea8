"""The player's own avatar, shown where the server will have it: prediction and its corrections.

Responsible for: replaying the unconfirmed inputs on the own state with the game's movement rule, and hiding small
corrections from the eye.
Not here: the movement rule (the game's `predict`), the inputs themselves (`client/inputs.py`).

Invariants: the predicted state is the newest own state plus every unconfirmed input in order, so it equals what the
server will compute from the same inputs, bit for bit; only the shown position is smoothed, never the state.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.client.inputs import Queues
from myriad.game import UNITS_PER_M, Game, ZoneMap

SMOOTH_BELOW_M = 0.5
SMOOTH_NS = 100_000_000
SLIDE_NS = 250_000_000
SNAP_ABOVE_M = 2.0


class Avatar:
    """Prediction for one player. The game's own fields must have `qx` and `qy` (1/1024 m)."""

    def __init__(self, game: Game, zone_map: ZoneMap, tick_hz: int) -> None:
        self._predict = game.predict
        self._map = zone_map
        self._dt = 1.0 / tick_hz
        self.state: npt.NDArray[Any] = np.zeros(1, game.own_dtype)
        """(1,) the game's own record after all inputs made so far."""
        self.known = False
        """True once the server has told the own state."""
        self.last_error_m = 0.0
        """How far the latest correction moved the predicted position."""
        self._error = (0.0, 0.0)
        self._error_since_ns = 0
        self._error_lasts_ns = SMOOTH_NS

    def enter(self, zone_map: ZoneMap) -> None:
        """Goes on on another zone's ground, from where it is."""
        self._map = zone_map

    def advance(self, buttons: int, move_dir: int, move_mag: int, heading: int, ticks: int) -> None:
        """Applies `ticks` equal input-ticks that were just made."""
        if self.known:
            self._apply(buttons, move_dir, move_mag, heading, ticks)

    def correct(self, own: npt.NDArray[np.uint8], queues: Queues, row: int, now_ns: int) -> None:
        """Starts again from the server's `own` bytes (of `game.own_dtype`) and replays what `queues[row]` holds.

        What had been predicted before and was wrong is shown for a while yet and shrinks: below 0.5 m over 100 ms,
        up to 2 m over 250 ms; more is shown at once.
        """
        shown = self.shown_position(now_ns)
        before = self.position
        self.state[:1] = own[: self.state.dtype.itemsize].view(self.state.dtype)
        for k in range(int(queues["num_runs"][row])):
            self._apply(
                int(queues["buttons"][row, k]),
                int(queues["move_dir"][row, k]),
                int(queues["move_mag"][row, k]),
                int(queues["heading"][row, k]),
                int(queues["ticks"][row, k]),
            )
        x, y = self.position
        self.last_error_m = math.hypot(x - before[0], y - before[1]) if self.known else 0.0
        gap_x, gap_y = shown[0] - x, shown[1] - y
        gap_m = math.hypot(gap_x, gap_y)
        if not self.known or gap_m > SNAP_ABOVE_M:
            self._error = (0.0, 0.0)
        elif self.last_error_m > 0.0:
            self._error = (gap_x, gap_y)
            self._error_since_ns = now_ns
            self._error_lasts_ns = SMOOTH_NS if gap_m < SMOOTH_BELOW_M else SLIDE_NS
        self.known = True

    @property
    def position(self) -> tuple[float, float]:
        """Predicted x and y in metres, exact to 1/1024 m."""
        return int(self.state["qx"][0]) / UNITS_PER_M, int(self.state["qy"][0]) / UNITS_PER_M

    def shown_position(self, now_ns: int) -> tuple[float, float]:
        """Where to draw the avatar now: the predicted position and what is left of the last correction."""
        x, y = self.position
        left = 1.0 - (now_ns - self._error_since_ns) / self._error_lasts_ns
        if left <= 0.0:
            return x, y
        return x + self._error[0] * left, y + self._error[1] * left

    def _apply(self, buttons: int, move_dir: int, move_mag: int, heading: int, ticks: int) -> None:
        zone = self._map
        for _ in range(ticks):
            self._predict(
                self.state, 0, buttons, move_dir, move_mag, heading, self._dt,
                zone.solid, zone.origin_x, zone.origin_y, zone.params,
            )  # fmt: skip
