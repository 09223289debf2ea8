"""Emberdale's numbers, from TOML into the arrays that its rules read.

Responsible for: the layouts of `params`, `kinds`, `items`, `places`, and turning seconds, metres and probabilities
into ticks, 1/1024 m and thresholds. Not here: the numbers themselves (`*.toml` beside this file).

Invariant: rules read no number that is not in these arrays; a wrong data file is one StartupError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emberdale.fields import TEMPER_AGGRESSIVE, TEMPER_PEACEFUL, TEMPER_TERRITORIAL
from myriad.game import UNITS_PER_M, StartupError, chance_threshold, make_table, read_toml

FOLDER = Path(__file__).parent
MAX_LOOT = 4
TEMPERS = {"peaceful": TEMPER_PEACEFUL, "territorial": TEMPER_TERRITORIAL, "aggressive": TEMPER_AGGRESSIVE}

PARAMS = np.dtype(
    [
        ("walk_mps", "f8"),
        ("run_mps", "f8"),
        ("body_radius", "i4"),
        ("stamina", "i4"),
        ("run_stamina", "i4"),  # per tick
        ("rest_stamina", "i4"),
        ("run_again_stamina", "i4"),
        ("player_hp", "i4"),
        ("player_hp_per_s", "i4"),
        ("calm_ticks", "i4"),
        ("respawn_ticks", "i4"),
        ("protection_ticks", "i4"),
        ("lost_coins", "i4"),  # of 65536
        ("fist_reach", "i4"),
        ("fist_cooldown_ticks", "i4"),
        ("hit_chance", "i4"),
        ("fist_min_damage", "i4"),
        ("fist_max_damage", "i4"),
        ("item_reach", "i4"),
        ("action_ticks", "i4"),
        ("item_ticks", "i4"),
        ("max_on_ground", "i4"),
        ("coin_item", "i4"),
        ("trade_distance", "i4"),
        ("level_experience", "i4"),
        ("level_hp", "i4"),
        ("max_level", "i4"),
        ("player_experience", "i4"),
        ("border_reach", "i4"),  # the longest reach that anybody has, and a tolerance
        ("think_ticks", "i4"),
        ("think_checks", "i4"),
        ("rest_min_ticks", "i4"),
        ("rest_max_ticks", "i4"),
        ("flee_ticks", "i4"),
        ("return_max_ticks", "i4"),
        ("return_hp_per_s", "i4"),
        ("npc_hp_per_s", "i4"),
        ("corpse_ticks", "i4"),
        ("walk_min_ticks", "i4"),
        ("walk_max_ticks", "i4"),
    ],
    align=True,
)

KIND = np.dtype(
    [
        ("temper", "i4"),
        ("hp", "i4"),
        ("walk_step", "f8"),  # 1/1024 m a tick
        ("run_step", "f8"),
        ("sight", "i4"),
        ("leash", "i4"),
        ("reach", "i4"),
        ("cooldown_ticks", "i4"),
        ("hit_chance", "i4"),
        ("min_damage", "i4"),
        ("max_damage", "i4"),
        ("flee_hp", "i4"),
        ("experience", "i4"),
        ("respawn_ticks", "i4"),
        ("min_coins", "i4"),
        ("max_coins", "i4"),
        ("loot_item", "i4", (MAX_LOOT,)),
        ("loot_chance", "i4", (MAX_LOOT,)),
    ],
    align=True,
)

ITEM_TYPE = np.dtype(
    [
        ("max_stack", "i4"),
        ("heal", "i4"),
        ("min_damage", "i4"),
        ("max_damage", "i4"),
        ("reach", "i4"),
        ("cooldown_ticks", "i4"),
    ],
    align=True,
)

PLACE = np.dtype([("kind", "i4"), ("x", "i4"), ("y", "i4"), ("radius", "i4"), ("count", "i4")], align=True)
"""A camp of NPCs (`kind` >= 2) or a spawn point (`kind` 1); 1/1024 m, world-wide."""


def _units(metres: float) -> int:
    return round(metres * UNITS_PER_M)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    """Turns what can go wrong with the values of a file into an error that names it."""
    try:
        yield
    except KeyError as error:
        raise StartupError(f"{file}: {error.args[0]!r} is missing or unknown") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise StartupError(f"{file}: {error}") from error


@_naming("items.toml")
def load_items(tick_hz: int) -> tuple[NDArray[Any], dict[str, int]]:
    """(128,) ITEM_TYPE by item number, and the numbers by name."""
    rows = read_toml(FOLDER / "items.toml")["item"]
    table = np.zeros(128, ITEM_TYPE)
    numbers: dict[str, int] = {}
    for row in rows:
        number, name = row.pop("number"), row.pop("name")
        if not 1 <= number <= 127 or name in numbers or not 1 <= row["max_stack"] <= 255:
            raise StartupError(f"items.toml: {name!r} needs an own name, a number of 1..127 and a max_stack of 1..255")
        row["reach"] = _units(row.pop("reach_m"))
        row["cooldown_ticks"] = round(row.pop("cooldown_s") * tick_hz)
        table[number : number + 1] = make_table(ITEM_TYPE, [row], f"items.toml, {name}")
        numbers[name] = number
    return table, numbers


@_naming("npcs.toml")
def load_kinds(tick_hz: int) -> tuple[NDArray[Any], dict[str, int]]:
    """(128,) KIND by kind number (NPCs only), and the numbers by name."""
    items = load_items(tick_hz)[1]
    table = np.zeros(128, KIND)
    numbers: dict[str, int] = {}
    for row in read_toml(FOLDER / "npcs.toml")["kind"]:
        number, name, loot = row.pop("number"), row.pop("name"), row.pop("loot")
        if not 2 <= number <= 127 or name in numbers or row["temper"] not in TEMPERS or len(loot) > MAX_LOOT:
            raise StartupError(f"npcs.toml: {name!r} needs an own name and number (2..127), a temper and <= 4 loot")
        loot = [(items[item], chance_threshold(chance)) for item, chance in loot] + [(0, 0)] * (MAX_LOOT - len(loot))
        row["temper"] = TEMPERS[row["temper"]]
        row["walk_step"] = row.pop("walk_mps") * UNITS_PER_M / tick_hz
        row["run_step"] = row.pop("run_mps") * UNITS_PER_M / tick_hz
        for field in ("sight", "leash", "reach"):
            row[field] = _units(row.pop(f"{field}_m"))
        for field in ("cooldown", "respawn"):
            row[f"{field}_ticks"] = round(row.pop(f"{field}_s") * tick_hz)
        row["hit_chance"] = chance_threshold(row["hit_chance"])
        row["flee_hp"] = round(row.pop("flee_below") * row["hp"])
        row["loot_item"] = [item for item, _ in loot]
        row["loot_chance"] = [threshold for _, threshold in loot]
        table[number : number + 1] = make_table(KIND, [row], f"npcs.toml, {name}")
        numbers[name] = number
    return table, numbers


@_naming("rules.toml")
def load_params(tick_hz: int) -> NDArray[Any]:
    """(1,) PARAMS for a tick rate."""
    rules = read_toml(FOLDER / "rules.toml")
    move, player, combat = rules["movement"], rules["player"], rules["combat"]
    items, npcs, levels = rules["items"], rules["npcs"], rules["levels"]
    types, numbers = load_items(tick_hz)
    reach = max(_units(combat["reach_m"]), int(types["reach"].max()), int(load_kinds(tick_hz)[0]["reach"].max()))
    row = {
        "walk_mps": move["walk_mps"],
        "run_mps": move["run_mps"],
        "body_radius": _units(move["body_radius_m"]),
        "stamina": round(move["stamina"] * 100),
        "run_stamina": round(move["run_stamina_per_s"] * 100 / tick_hz),
        "rest_stamina": round(move["rest_stamina_per_s"] * 100 / tick_hz),
        "run_again_stamina": round(move["run_again_stamina"] * 100),
        "player_hp": player["hp"],
        "player_hp_per_s": player["hp_per_s"],
        "calm_ticks": round(player["calm_s"] * tick_hz),
        "respawn_ticks": round(player["respawn_s"] * tick_hz),
        "protection_ticks": round(player["protection_s"] * tick_hz),
        "lost_coins": chance_threshold(player["lost_coins"]),
        "fist_reach": _units(combat["reach_m"]),
        "fist_cooldown_ticks": round(combat["cooldown_s"] * tick_hz),
        "hit_chance": chance_threshold(combat["hit_chance"]),
        "fist_min_damage": combat["min_damage"],
        "fist_max_damage": combat["max_damage"],
        "item_reach": _units(items["reach_m"]),
        "action_ticks": round(items["action_cooldown_s"] * tick_hz),
        "item_ticks": round(items["lifetime_s"] * tick_hz),
        "max_on_ground": items["max_on_ground"],
        "coin_item": numbers["Coins"],
        "trade_distance": _units(items["trade_m"]),
        "level_experience": levels["experience"],
        "level_hp": levels["hp"],
        "max_level": levels["max_level"],
        "player_experience": levels["for_a_player"],
        "border_reach": reach + _units(rules["border"]["tolerance_m"]),
        "think_ticks": max(1, tick_hz // npcs["think_hz"]),
        "think_checks": npcs["think_checks"],
        "rest_min_ticks": round(npcs["rest_min_s"] * tick_hz),
        "rest_max_ticks": round(npcs["rest_max_s"] * tick_hz),
        "flee_ticks": round(npcs["flee_s"] * tick_hz),
        "return_max_ticks": round(npcs["return_max_s"] * tick_hz),
        "return_hp_per_s": npcs["return_hp_per_s"],
        "npc_hp_per_s": npcs["hp_per_s"],
        "corpse_ticks": round(npcs["corpse_s"] * tick_hz),
        "walk_min_ticks": round(npcs["walk_min_s"] * tick_hz),
        "walk_max_ticks": round(npcs["walk_max_s"] * tick_hz),
    }
    return make_table(PARAMS, [row], "rules.toml")
