"""What simulated players do: walk and follow paths, rest, fight what is near, pick up, chat. Kernels over many bots.

Travellers do nothing but walk to and fro on a lane of their own, across a border between zones.

Responsible for: each bot's decision at the moment it sends its next input.
Not here: the rules that judge the intents (the game on the server), how inputs travel (`client/inputs.py`).

Invariants: a bot's choices depend on its seed and on what its client was told, nothing else; it walks only towards
points inside its home rectangle and the map, in a straight line free of solid tiles at the time it chose; about half
of its time it rests, as players do.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.loadtest.dice import fraction

BOT = np.dtype(
    [
        ("seed", "<u4"),
        ("decisions", "<u4"),  # random decisions taken so far
        ("rest_until_ns", "<i8"),
        ("leg_began_ns", "<i8"),
        ("leg_ends_ns", "<i8"),  # gives up a leg then, whatever was in the way
        ("walking", "u1"),
        ("buttons", "u1"),
        ("x", "<f8"),  # where it is, metres
        ("y", "<f8"),
        ("to_x", "<f8"),  # where it walks to
        ("to_y", "<f8"),
        ("prey_id", "<u4"),  # entity it goes for, 0: none
        ("prey_is_item", "u1"),
        ("prey_until_ns", "<i8"),
        ("next_act_ns", "<i8"),
        ("next_hunt_ns", "<i8"),
        ("next_chat_ns", "<i8"),
        ("heading", "<u2"),
        ("home_left", "<f8"),
        ("home_bottom", "<f8"),
        ("home_right", "<f8"),
        ("home_top", "<f8"),
        ("travels", "u1"),  # to and fro between the ends of its lane
        ("lane_x", "<f8"),  # one end, metres
        ("lane_y", "<f8"),
        ("lane_end_x", "<f8"),  # the other
        ("lane_end_y", "<f8"),
    ],
    align=True,
)

GUIDE = np.dtype(
    [
        ("attack", "u1"),  # intents of the game, 0: the game has none
        ("pick_up", "u1"),
        ("run_button", "u1"),
        ("hunt_buttons", "u1"),  # held while it goes for something
        ("player_kind", "u1"),
        ("hunts_players", "u1"),
        ("dead_state", "u1"),
        ("attack_range_m", "<f8"),
        ("pick_up_range_m", "<f8"),
        ("tile_m", "<f8"),
        ("origin_x", "<f8"),
        ("origin_y", "<f8"),
        ("hunt_range_m", "<f8"),  # it goes for what is so near
        ("hunt_ns", "<i8"),  # so long, for one thing
        ("hunt_pause_ns", "<i8"),
    ],
    align=True,
)
"""What a bot knows of the game and its map."""

ACTION = np.dtype(
    [
        ("buttons", "u1"),
        ("move_dir", "u1"),
        ("move_mag", "u1"),
        ("heading", "<u2"),
        ("intent", "u1"),
        ("argument", "<u4"),
        ("chat", "u1"),
    ],
    align=True,
)
"""What a bot does until its next decision."""

LEG_MIN_M = 6.0
LEG_SPAN_M = 44.0
ARRIVED_M = 0.8
LEG_MAX_NS = 15_000_000_000
REST_MIN_NS = 1_500_000_000
ACT_EVERY_NS = 1_050_000_000
CHAT_EVERY_NS = 60_000_000_000
RUN_SHARE = 0.25
TURN_MIN_NS = 200_000_000
"""Shortest rest of a traveller at an end of its lane."""

LINE_STEP_M = 0.5


class Bots(NamedTuple):
    """All bots of a swarm and what they share."""

    bots: npt.NDArray[np.void]  # (clients,) BOT
    guide: npt.NDArray[np.void]  # (1,) GUIDE
    solid: npt.NDArray[np.uint8]  # (rows, columns) u1: 1 = blocked; row 0 is the south edge


@inner_kernel
def chance(bots: Bots, row: int) -> float:
    """The bot's next random number in [0, 1)."""
    number = int(bots.bots["decisions"][row])
    bots.bots["decisions"][row] = (number + 1) & 0xFFFFFFFF
    return fraction(int(bots.bots["seed"][row]), row, number, 7)


@bare_kernel
def is_walkable(bots: Bots, x: float, y: float) -> bool:
    """True if the point (metres) lies on the map and its tile is not solid."""
    tile_m = float(bots.guide["tile_m"][0])
    column = math.floor((x - float(bots.guide["origin_x"][0])) / tile_m)
    line = math.floor((y - float(bots.guide["origin_y"][0])) / tile_m)
    rows, columns = bots.solid.shape
    if column < 0 or line < 0 or column >= columns or line >= rows:
        return False
    return int(bots.solid[line, column]) == 0


@bare_kernel
def is_clear_line(bots: Bots, x: float, y: float, to_x: float, to_y: float) -> bool:
    """True if every point of the line, half a metre apart, is walkable (the start itself is not looked at)."""
    distance = math.sqrt((to_x - x) ** 2 + (to_y - y) ** 2)
    steps = int(distance / LINE_STEP_M) + 1
    for k in range(1, steps + 1):
        part = k / steps
        if not is_walkable(bots, x + (to_x - x) * part, y + (to_y - y) * part):
            return False
    return True


@inner_kernel
def _set_out(bots: Bots, row: int, to_x: float, to_y: float, now_ns: int) -> None:
    table = bots.bots
    table["to_x"][row] = to_x
    table["to_y"][row] = to_y
    table["walking"][row] = 1
    table["leg_began_ns"][row] = now_ns
    table["leg_ends_ns"][row] = now_ns + LEG_MAX_NS
    run = chance(bots, row) < RUN_SHARE
    table["buttons"][row] = int(bots.guide["run_button"][0]) if run else 0


@inner_kernel
def _turn_on_lane(bots: Bots, row: int, x: float, y: float, now_ns: int) -> bool:
    """A traveller at (x, y) sets out for the end of its lane that is farther away; false if it cannot go straight."""
    table = bots.bots
    near_x = float(table["lane_x"][row])
    near_y = float(table["lane_y"][row])
    far_x = float(table["lane_end_x"][row])
    far_y = float(table["lane_end_y"][row])
    if (near_x - x) ** 2 + (near_y - y) ** 2 > (far_x - x) ** 2 + (far_y - y) ** 2:
        far_x, far_y = near_x, near_y
    if not is_clear_line(bots, x, y, far_x, far_y):
        return False
    _set_out(bots, row, far_x, far_y, now_ns)
    return True


@inner_kernel
def choose_leg(bots: Bots, row: int, now_ns: int) -> bool:
    """Looks for a point to walk to, in a few tries; false if none was found, and then the bot rests on."""
    table = bots.bots
    x = float(table["x"][row])
    y = float(table["y"][row])
    if table["travels"][row] != 0 and _turn_on_lane(bots, row, x, y, now_ns):
        return True
    for _ in range(6):
        angle = 2.0 * math.pi * chance(bots, row)
        distance = LEG_MIN_M + LEG_SPAN_M * chance(bots, row)
        to_x = x + distance * math.cos(angle)
        to_y = y + distance * math.sin(angle)
        to_x = min(max(to_x, float(table["home_left"][row])), float(table["home_right"][row]))
        to_y = min(max(to_y, float(table["home_bottom"][row])), float(table["home_top"][row]))
        if is_clear_line(bots, x, y, to_x, to_y):
            _set_out(bots, row, to_x, to_y, now_ns)
            return True
    return False


@inner_kernel
def rest(bots: Bots, row: int, now_ns: int) -> None:
    """Ends a leg; the bot rests about as long as it walked, a traveller for a moment."""
    walked_ns = now_ns - int(bots.bots["leg_began_ns"][row])
    pause_ns = max(int(walked_ns * (0.5 + chance(bots, row))), REST_MIN_NS)
    if bots.bots["travels"][row] != 0:
        pause_ns = TURN_MIN_NS + int(chance(bots, row) * 1e9)
    bots.bots["walking"][row] = 0
    bots.bots["rest_until_ns"][row] = now_ns + pause_ns


@bare_kernel
def start_bot(
    bots: Bots, row: int, seed: int, now_ns: int, left: float, bottom: float, right: float, top: float
) -> None:
    """Makes a bot that stays inside the rectangle (metres) as far as its own will goes."""
    table = bots.bots
    table["seed"][row] = seed & 0xFFFFFFFF
    table["decisions"][row] = 0
    table["walking"][row] = 0
    table["prey_id"][row] = 0
    table["home_left"][row] = left
    table["home_bottom"][row] = bottom
    table["home_right"][row] = right
    table["home_top"][row] = top
    table["rest_until_ns"][row] = now_ns + int(chance(bots, row) * 8e9)
    table["next_hunt_ns"][row] = now_ns + int(chance(bots, row) * int(bots.guide["hunt_pause_ns"][0]))
    table["next_chat_ns"][row] = now_ns + int(chance(bots, row) * CHAT_EVERY_NS)
    table["next_act_ns"][row] = now_ns
    table["heading"][row] = int(chance(bots, row) * 65536.0)


@bare_kernel
def notice(
    bots: Bots, row: int, now_ns: int, entity_id: int, is_item: bool, x: float, y: float, distance_m: float
) -> None:
    """Tells the bot of the nearest thing (metres) it could go for; it takes it up or lets it be.

    A thing that it goes for already is followed to where it is now.
    """
    table = bots.bots
    if table["travels"][row] != 0:
        return
    if int(table["prey_id"][row]) == entity_id:
        table["to_x"][row] = x
        table["to_y"][row] = y
        return
    far = distance_m > float(bots.guide["hunt_range_m"][0])
    if table["prey_id"][row] != 0 or now_ns < int(table["next_hunt_ns"][row]) or far:
        return
    inside_x = float(table["home_left"][row]) <= x <= float(table["home_right"][row])
    inside_y = float(table["home_bottom"][row]) <= y <= float(table["home_top"][row])
    if inside_x and inside_y:
        table["prey_id"][row] = entity_id
        table["prey_is_item"][row] = is_item
        table["prey_until_ns"][row] = now_ns + int(bots.guide["hunt_ns"][0])
        table["to_x"][row] = x
        table["to_y"][row] = y
        table["walking"][row] = 0


@inner_kernel
def forget_prey(bots: Bots, row: int, now_ns: int) -> None:
    """Gives up what the bot went for, for a while."""
    bots.bots["prey_id"][row] = 0
    bots.bots["walking"][row] = 0
    bots.bots["rest_until_ns"][row] = now_ns + REST_MIN_NS
    bots.bots["next_hunt_ns"][row] = now_ns + int(int(bots.guide["hunt_pause_ns"][0]) * (0.5 + chance(bots, row)))


@inner_kernel
def _hunt(bots: Bots, row: int, now_ns: int, distance_m: float, action: npt.NDArray[np.void]) -> bool:
    """Acts on the prey when it is in reach; true while the bot should walk towards it."""
    table = bots.bots
    is_item = int(table["prey_is_item"][row]) != 0
    reach_m = float(bots.guide["pick_up_range_m"][0] if is_item else bots.guide["attack_range_m"][0])
    if distance_m > reach_m * 0.9:
        return True
    if now_ns >= int(table["next_act_ns"][row]):
        action["intent"][row] = int(bots.guide["pick_up"][0]) if is_item else int(bots.guide["attack"][0])
        action["argument"][row] = table["prey_id"][row]
        table["next_act_ns"][row] = now_ns + ACT_EVERY_NS
        if is_item:
            forget_prey(bots, row, now_ns)
    return False


@bare_kernel
def decide(bots: Bots, row: int, now_ns: int, alive: bool, actions: npt.NDArray[np.void]) -> None:
    """Writes what the bot does from now on into `actions[row]` (`ACTION`). Set `x` and `y` of the bot before.

    A bot that is not alive stands still and wants nothing.
    """
    table = bots.bots
    actions["buttons"][row] = 0
    actions["move_mag"][row] = 0
    actions["intent"][row] = 0
    actions["argument"][row] = 0
    actions["heading"][row] = table["heading"][row]
    actions["chat"][row] = 0
    if now_ns >= int(table["next_chat_ns"][row]):
        table["next_chat_ns"][row] = now_ns + int(CHAT_EVERY_NS * (0.5 + chance(bots, row)))
        actions["chat"][row] = 1
    if not alive:
        table["prey_id"][row] = 0
        table["walking"][row] = 0
        return
    hunt_buttons = 0
    away_x = float(table["to_x"][row]) - float(table["x"][row])
    away_y = float(table["to_y"][row]) - float(table["y"][row])
    distance_m = math.sqrt(away_x * away_x + away_y * away_y)
    if table["prey_id"][row] != 0:
        if now_ns >= int(table["prey_until_ns"][row]):
            forget_prey(bots, row, now_ns)
            return
        walking = _hunt(bots, row, now_ns, distance_m, actions)
        hunt_buttons = int(bots.guide["hunt_buttons"][0])
    else:
        if int(table["walking"][row]) == 0:
            if now_ns < int(table["rest_until_ns"][row]) or not choose_leg(bots, row, now_ns):
                return
        elif distance_m < ARRIVED_M or now_ns >= int(table["leg_ends_ns"][row]):
            rest(bots, row, now_ns)
            return
        away_x = float(table["to_x"][row]) - float(table["x"][row])
        away_y = float(table["to_y"][row]) - float(table["y"][row])
        walking = True
    angle = math.atan2(away_y, away_x) / (2.0 * math.pi)
    heading = math.floor(angle * 65536.0 + 0.5) & 0xFFFF
    table["heading"][row] = heading
    actions["heading"][row] = heading
    if walking:
        actions["buttons"][row] = int(table["buttons"][row]) | hunt_buttons
        actions["move_dir"][row] = math.floor(angle * 256.0 + 0.5) & 0xFF
        actions["move_mag"][row] = 255
