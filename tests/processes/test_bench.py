"""`myriad bench` as a program: a real server, a real load test, the yardsticks, and a file that is whole."""

from __future__ import annotations

import os
from pathlib import Path

from myriad.bench.capacity import read_capacity
from myriad.bench.usage import family_of
from myriad.loadtest.fields import differences
from tests.processes.test_load_test import myriad


def test_a_scenario_with_few_players_writes_a_whole_capacity_file_and_its_page(tmp_path: Path) -> None:
    file = tmp_path / "zone.json"
    flags = ("--clients", "20", "--seconds", "3", "--set", "npcs=40", "--yardstick-s", "4")
    before = set(family_of(os.getpid()))  # servers and browsers of other tests
    done = myriad("bench", "zone", *flags, "--json", str(file))
    found = read_capacity(file)
    assert done.returncode == (0 if found.valid else 1), done.stdout + done.stderr
    assert done.stderr == ""
    assert differences(found.load_test) == set()
    assert found.load_test["connected"] == found.players == 20
    assert found.load_test["server"]["npcs"] == 40
    assert found.settings == {"npcs": "40"}
    (server,) = found.processes
    assert (server.kind, server.zones) == ("server", 1)
    assert 0 < server.cpu_cores < 1
    assert server.cpu_cores == found.cpu_cores
    assert 50e6 < server.pss_bytes <= server.rss_bytes
    assert set(found.cpu_by_phase) == {"receive", "slow", "step", "encode", "assemble", "send", "between", "besides"}
    assert found.tick_lateness_p999_ms >= found.tick_lateness_p99_ms > 0
    assert found.ratio_to_floor is not None and found.ratio_to_floor > 0.5
    assert found.naive is not None and found.naive_aoi is not None
    for yardstick, ratio in ((found.naive, found.ratio_to_naive), (found.naive_aoi, found.ratio_to_naive_aoi)):
        assert yardstick.us_per_client_update > 0
        assert (ratio is not None) == yardstick.served
    assert {"warm-up", "measuring"} <= {one.stage for one in found.samples}
    assert found.machine.versions["numba"]
    page = file.with_suffix(".html").read_text(encoding="utf-8")
    assert "<svg" in page and "</main>" in page
    assert set(family_of(os.getpid())) <= before, "nothing is left running"


def test_a_world_s_processes_are_told_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    size = ("--zones", "4", "--zones-per-host", "2", "--clients", "8", "--seconds", "3", "--set", "npcs=20")
    done = myriad("bench", "myriad", *size, "--yardstick-s", "0", "--json", str(file))
    found = read_capacity(file)
    assert done.returncode == (0 if found.valid else 1), done.stdout + done.stderr
    kinds = [one.kind for one in found.processes]
    assert sorted(kinds) == ["gateway", "host", "host", "relay", "supervisor"]
    assert sum(one.zones for one in found.processes) == found.zones == 4
    assert found.memory_bytes == sum(one.pss_bytes for one in found.processes)
    assert found.naive is None and found.ratio_to_naive is None, "nobody measured them"


def test_what_cannot_be_run_is_refused_in_one_line() -> None:
    for wrong in (("bench", "nothing"), ("bench", "zone", "--set", "no_such=1"), ("bench", "zone", "--json", "/no/x")):
        done = myriad(*wrong)
        assert done.returncode == 2
        assert done.stderr.startswith("myriad: ") and done.stderr.count("\n") == 1
