"""The data files: complete, in range, and wrong ones refused with one line."""

from pathlib import Path

import pytest

from emberdale import data
from emberdale.game import GAME
from myriad.core.errors import StartupError


def test_seconds_follow_the_tick_rate() -> None:
    for tick_hz in (20, 30, 60):
        params = data.load_params(tick_hz)
        assert params["respawn_ticks"][0] == 6 * tick_hz
        kinds, numbers = data.load_kinds(tick_hz)
        assert kinds["cooldown_ticks"][numbers["Ash Raider"]] == round(1.5 * tick_hz)
        assert kinds["run_step"][numbers["Ash Raider"]] * tick_hz == pytest.approx(4.8 * 1024)


def test_no_step_is_longer_than_a_tile_even_under_overload() -> None:
    kinds = data.load_kinds(20)[0]
    assert kinds["run_step"].max() * 4 < 2048
    assert data.load_params(20)["run_mps"][0] / 20 < 2


def test_every_kind_and_item_has_a_name_for_people() -> None:
    for number in GAME.kinds.values():
        assert GAME.entity_kind_names[number]
    assert GAME.entity_kind_names[128 + data.load_items(60)[1]["Apple"]] == "Apple"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("rules.toml", "walk_mps = 3.2", "walk_mps = 'fast'", "rules.toml, row 1: walk_mps"),
        ("rules.toml", "hit_chance = 0.8", "hit_chance = 1.8", "rules.toml: a probability"),
        ("items.toml", "number = 2", "number = 200", "items.toml: 'Apple'"),
        ("items.toml", "heal = 15", "heals = 15", "items.toml, Apple, row 1: 'heal' is missing"),
        ("npcs.toml", 'temper = "peaceful"', 'temper = "sleepy"', "npcs.toml: 'Fallow Deer'"),
        ("rules.toml", "walk_mps", "stroll_mps", "rules.toml: 'walk_mps' is missing"),
        ("npcs.toml", "Roast Venison", "Roast Unicorn", "npcs.toml: 'Roast Unicorn'"),
        ("npcs.toml", "[[kind]]", "[[kind]", "malformed"),
    ],
)
def test_a_wrong_data_file_is_one_line_that_names_it(
    name: str, old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in data.FOLDER.glob("*.toml"):
        text = path.read_text()
        (tmp_path / path.name).write_text(text.replace(old, new, 1) if path.name == name else text)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    load = data.load_params if name == "rules.toml" else data.load_kinds
    with pytest.raises(StartupError, match=message):
        load(60)
