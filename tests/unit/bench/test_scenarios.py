"""The table of scenarios: each row can be run as it stands."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from myriad.bench.load import load_flags
from myriad.bench.options import BenchOptions
from myriad.bench.plans import PLANS
from myriad.bench.programs import cores_for, environment_with, on_cores
from myriad.bench.scenarios import (
    APART,
    SCENARIOS,
    SHARED,
    THREAD_SETTINGS,
    Scenario,
    find_scenario,
    room_for,
    thread_settings,
)
from myriad.core.errors import StartupError
from myriad.core.settings import Settings, load, row, table
from myriad.loadtest.options import LoadOptions


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: str(one.name))
def test_every_scenario_names_settings_flags_and_a_plan_that_exist(scenario: Scenario) -> None:
    settings = dict(scenario.server) | room_for(scenario.clients, scenario.zones)
    load(Settings, {}, {f"MYRIAD_{name.upper()}": value for name, value in settings.items()})
    flags = {"clients": scenario.clients or 100} | {
        name: True if value == "on" else value for name, value in scenario.load.items()
    }
    load(LoadOptions, flags | ({"world": "http://127.0.0.1:1"} if scenario.zones else {}))
    assert scenario.plan in PLANS
    assert scenario.pinning in (SHARED, APART)
    assert scenario.sentence.endswith(".")


def test_the_scenarios_that_are_asked_for_are_there_and_another_is_refused_with_their_names() -> None:
    names = [one.name for one in SCENARIOS]
    assert len(set(names)) == len(names)
    assert {"zone", "myriad", "crowd", "battle", "soak", "overload", "threads", "limit"} <= set(names)
    with pytest.raises(StartupError, match="zone, myriad, crowd"):
        find_scenario("nothing")


def test_room_is_for_a_quarter_more_and_nothing_is_said_that_is_the_default() -> None:
    assert room_for(100, 0) == {}
    crowd = {name: int(value) for name, value in room_for(5000, 0).items()}
    assert crowd["max_players"] == 6250 and crowd["max_connections"] == 8192
    assert crowd["max_entities"] >= crowd["max_players"] + Settings().npcs
    world = room_for(10_000, 20)
    assert world["max_players"] == "625" and world["max_online"] == "12500"


def test_thread_settings_are_those_that_the_table_of_settings_has() -> None:
    @dataclasses.dataclass(frozen=True)
    class Some:
        send_threads: int = row(1, "threads", "Threads.")
        port: int = row(1, "", "A port.")

    assert thread_settings(Some) == {"send_threads": "2"}
    known = {setting.name for setting in table(Settings)}
    assert set(thread_settings()) == known & set(THREAD_SETTINGS)


def test_flags_of_the_load_test_have_time_for_everybody_to_come_in_unless_it_is_given() -> None:
    flags = load_flags(10_000, 60, 1, {"party": "1", "fight": "on"})
    assert flags[flags.index("--warm-up-s") + 1] == "160"
    assert flags[flags.index("--party") + 1] == "1"
    assert "--fight" in flags and "on" not in flags
    assert "--floor" in flags
    few = load_flags(20, 3, 1, {"warm_up_s": "120"})
    assert few[few.index("--warm-up-s") + 1] == "120"


def test_further_settings_are_named_and_unknown_ones_refused() -> None:
    assert BenchOptions(set=("npcs=0", "view-digests = on")).settings == {"npcs": "0", "view_digests": "on"}
    for wrong in ("npcs", "no_such=1", "=1"):
        with pytest.raises(StartupError):
            BenchOptions(set=(wrong,))


def test_only_the_benchmark_s_own_settings_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYRIAD_TICK_HZ", "30")
    monkeypatch.setenv("MYRIAD_KERNEL_CACHE", "somewhere")
    found = {name: value for name, value in environment_with({"npcs": "0"}).items() if name.startswith("MYRIAD_")}
    assert found == {"MYRIAD_KERNEL_CACHE": "somewhere", "MYRIAD_NPCS": "0"}


def test_apart_means_a_core_of_its_own_for_the_generator_where_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in (([3, 5, 7], ([3, 5], [7])), ([4], ([4], [4]))):
        monkeypatch.setattr("myriad.bench.programs.available_cores", lambda cores=cores: cores)
        assert cores_for(APART) == expected
        assert cores_for(SHARED) == (cores, cores)


def test_a_thread_gets_its_cores_back() -> None:
    server, _ = cores_for(SHARED)
    with on_cores(server[:1]):
        assert cores_for(SHARED)[0] == server[:1]
    assert cores_for(SHARED)[0] == server


def test_the_page_tells_of_every_scenario_as_the_table_does() -> None:
    page = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    page = page[: page.index("## Yardsticks")]
    rows = re.findall(r"^\| (\w+) \| ([^|]*\.) \|$", page, re.MULTILINE)
    assert rows == [(one.name, one.sentence) for one in SCENARIOS]
