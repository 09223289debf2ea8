"""Where a setting's value comes from, and how a wrong one is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from myriad.core.errors import MyriadError, StartupError
from myriad.core.settings import Settings, load, parse, table

ROWS = {row.name: row for row in table(Settings)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "world.toml"
    path.write_text(
        'npcs = 3\nseed = 3\nmax_seconds = 2\nhandshake_exempt_prefixes = ["10.0.0.0/8"]\nview_digests = true\n'
    )
    return path


def refusal(
    flags: dict[str, object] | None = None, environment: dict[str, str] | None = None, file: Path | None = None
) -> str:
    with pytest.raises(StartupError) as caught:
        load(Settings, flags, environment, file)
    assert isinstance(caught.value, MyriadError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_anything_every_setting_has_its_default() -> None:
    assert load(Settings) == Settings()
    assert {row.name: row.default for row in ROWS.values()} == dataclasses.asdict(Settings())


def test_flags_come_before_environment_before_file_before_default(file: Path) -> None:
    settings = load(Settings, {"npcs": "1", "port": None}, {"MYRIAD_NPCS": "2", "MYRIAD_SEED": "2"}, file)
    assert (settings.npcs, settings.seed, settings.max_seconds, settings.port) == (1, 2, 2.0, 1337)


def test_the_environment_may_name_the_file(file: Path) -> None:
    settings = load(Settings, None, {"MYRIAD_SETTINGS": str(file), "HOME": "/"})
    assert (settings.npcs, settings.view_digests) == (3, True)
    assert settings.handshake_exempt_prefixes == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("tick_hz", "120", 120),
        ("timeout_s", "2.5", 2.5),
        ("timeout_s", 2, 2.0),
        ("view_digests", "on", True),
        ("view_digests", "False", False),
        ("log_format", "json", "json"),
        ("public_addresses", " a:1, [::1]:2 ,", ("a:1", "[::1]:2")),
        ("public_addresses", "", ()),
        ("public_addresses", ["a"], ("a",)),
    ],
)
def test_text_becomes_the_type_of_the_setting(name: str, text: object, value: object) -> None:
    found = parse(ROWS[name], text, "here")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("tick_hz", "sixty", "tick_hz: 'sixty' from here is not a whole number"),
        ("tick_hz", "59.5", "tick_hz: '59.5' from here is not a whole number"),
        ("tick_hz", True, "tick_hz: True from here is not a whole number"),
        ("tick_hz", 59.5, "tick_hz: 59.5 from here is not a whole number"),
        ("tick_hz", None, "tick_hz: None from here is not a whole number"),
        ("timeout_s", "nan", "timeout_s: 'nan' from here is not a number"),
        ("timeout_s", "inf", "timeout_s: 'inf' from here is not a number"),
        ("view_digests", "perhaps", "view_digests: 'perhaps' from here is not true or false"),
        ("view_digests", 1, "view_digests: 1 from here is not true or false"),
        ("zone", 7, "zone: 7 from here is not text"),
        ("public_addresses", [1], "public_addresses: [1] from here is not a list of texts"),
        ("tick_hz", "9", "tick_hz: 9 from here is below 10 Hz"),
        ("tick_hz", 9999, "tick_hz: 9999 from here is above 240 Hz"),
        ("log_format", "xml", "log_format: 'xml' from here is none of text, json"),
    ],
)
def test_a_wrong_value_is_refused_with_its_source(name: str, value: object, why: str) -> None:
    with pytest.raises(StartupError) as caught:
        parse(ROWS[name], value, "here")
    assert str(caught.value) == why


def test_a_refusal_names_flag_variable_or_file(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text("npcs = -1")
    assert "from --npcs is" in refusal({"npcs": "x"})
    assert "from MYRIAD_NPCS is" in refusal(None, {"MYRIAD_NPCS": "x"})
    assert f"from {path} is" in refusal(None, None, path)


def test_an_unknown_name_is_refused_and_the_nearest_known_one_told(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text("tick_hertz = 60")
    assert refusal({"npc": 1}) == "unknown setting npc in the flags; did you mean npcs?"
    assert "MYRIAD_XYZZY); `myriad settings` lists them all" in refusal(None, {"MYRIAD_XYZZY": "1"})
    assert f"unknown setting tick_hertz in {path}; did you mean tick_hz?" == refusal(None, None, path)


def test_a_file_that_cannot_be_read_or_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    assert "cannot read the settings file" in refusal(None, None, path)
    path.write_text("npcs = = 3")
    assert "is not TOML" in refusal(None, None, path)
    path.write_bytes(b"\xff\xfe")
    assert "is not TOML" in refusal(None, None, path)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"snapshot_hz": 7}, "snapshot_hz 7 does not divide tick_hz 60"),
        ({"rate_kbit_start": 50}, "rates must be ordered"),
        ({"max_connections": 100}, "max_connections 100 is below max_players 500"),
        ({"max_entities": 600}, "max_entities 600 is below"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(flags: dict[str, object], why: str) -> None:
    assert why in refusal(flags)


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().npcs = 1  # type: ignore[misc]


def test_every_row_is_documented_and_its_default_allowed() -> None:
    for row in ROWS.values():
        assert row.sentence.endswith("."), row.name
        assert parse(row, row.default, "default") == row.default
