"""How far a world may grow: by its settings, and by what the game can tell apart."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.runtime.world_process import limits_of


def settings(**changed: Any) -> Settings:
    return dataclasses.replace(Settings(zones_per_host=10), **changed)


def test_by_default_there_are_spare_hosts_for_layers() -> None:
    assert limits_of(settings(), 25, 25, 8).max_hosts == 3 + 4


def test_hosts_and_layers_are_limited_by_their_settings() -> None:
    limits = limits_of(settings(max_hosts=5, max_layers=3), 25, 25, 8)
    assert (limits.zones_per_host, limits.max_hosts, limits.max_layers) == (10, 5, 3)


def test_no_zone_has_more_layers_than_have_entity_ids_of_their_own() -> None:
    assert limits_of(settings(max_layers=8), 400, 1, 2).max_layers == 2


def test_zones_that_always_run_must_have_room() -> None:
    with pytest.raises(StartupError, match="max_hosts"):
        limits_of(settings(max_hosts=2), 25, 25, 8)
    assert limits_of(settings(max_hosts=2), 400, 1, 8).max_hosts == 2, "of a large world only some zones run at once"
