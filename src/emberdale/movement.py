"""How a player moves in one input-tick: the same code on the server and in the client's prediction.

Responsible for: walking, running, stamina, sliding along walls. Not here: NPCs' steps (`npcs.py`), which nobody
predicts.

Invariants: integers in, integers out, nothing else read: the result depends only on the arguments. No input moves a
body farther than running speed × dt, whatever its bytes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emberdale.fields import BUTTON_RUN, STATE_DEAD, STATE_FIGHTING, STATE_IDLE, STATE_RUNNING, STATE_WALKING
from myriad.game import COSINE, SINE, UNITS_PER_M, as_int, inner_kernel, kernel, move_body


@inner_kernel
def move_step(
    solid: NDArray[np.uint8],
    params: NDArray[Any],
    dt: float,
    x: int,
    y: int,
    state: int,
    stamina: int,
    buttons: int,
    move_dir: int,
    move_mag: int,
) -> tuple[int, int, int, int]:
    """One input-tick of a player's body; scalars, because own records and entity rows differ in layout.

    `x`, `y` in 1/1024 m from the map's corner, `state` and `stamina` as in the columns, `move_dir` of 256 per turn,
    `move_mag` of 255. Returns the new (x, y, state, stamina). The dead do not move.
    """
    if state == STATE_DEAD:
        return x, y, state, stamina
    full = as_int(params["stamina"][0])
    rest = as_int(params["rest_stamina"][0])
    if move_mag == 0:
        if state != STATE_FIGHTING:
            state = STATE_IDLE
        return x, y, state, min(full, stamina + rest)
    cost = as_int(params["run_stamina"][0])
    needed = cost if state == STATE_RUNNING else as_int(params["run_again_stamina"][0])
    running = (buttons & BUTTON_RUN) != 0 and stamina >= needed
    speed = params["run_mps"][0] if running else params["walk_mps"][0]
    length = speed * UNITS_PER_M * dt * (move_mag / 255.0)
    step_x = as_int(math.floor(COSINE[move_dir] * length + 0.5))
    step_y = as_int(math.floor(SINE[move_dir] * length + 0.5))
    new_x, new_y = move_body(solid, x, y, step_x, step_y, as_int(params["body_radius"][0]))
    if new_x == x and new_y == y:  # against a wall: nobody gets tired of standing
        return x, y, STATE_IDLE, min(full, stamina + rest)
    if running:
        return new_x, new_y, STATE_RUNNING, stamina - cost
    return new_x, new_y, STATE_WALKING, min(full, stamina + rest)


@kernel
def predict(
    own: NDArray[Any],
    row: int,
    buttons: int,
    move_dir: int,
    move_mag: int,
    heading: int,
    dt: float,
    solid: NDArray[np.uint8],
    origin_x: int,
    origin_y: int,
    params: NDArray[Any],
) -> None:
    """Apply one input-tick to `own[row]` (`GAME.own_dtype`) as the server will: place, heading, state, stamina.

    `origin_x`, `origin_y` in metres; `dt` in seconds, as the server's `clock.dt`.
    """
    left = as_int(origin_x) * UNITS_PER_M
    bottom = as_int(origin_y) * UNITS_PER_M
    x, y, state, stamina = move_step(
        solid,
        params,
        dt,
        as_int(own["qx"][row]) - left,
        as_int(own["qy"][row]) - bottom,
        as_int(own["state"][row]),
        as_int(own["stamina"][row]),
        as_int(buttons),
        as_int(move_dir),
        as_int(move_mag),
    )
    if state == STATE_DEAD:
        return
    own["qx"][row] = x + left
    own["qy"][row] = y + bottom
    own["state"][row] = state
    own["stamina"][row] = stamina
    own["heading"][row] = heading
