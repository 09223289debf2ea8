"""The capacity file: every field is documented, ratios mean what they say, and a run that shows nothing says why."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from myriad.bench.capacity import (
    Capacity,
    described_fields,
    players_per_core,
    ratio_to,
    read_capacity,
    write_capacity,
)
from myriad.bench.plans import Outcome
from myriad.bench.run import cpu_by_phase, find_reason
from tests.unit.bench.runs import capacity, run, watched, yardstick

ROOT = Path(__file__).parents[3]


def test_the_page_documents_every_field_as_the_structs_do() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.\[\]]+)` \| (.*) \|$", page, re.MULTILINE)
    yardstick_twice = [(path, text) for path, text in described_fields() if not path.startswith("naive_aoi.")]
    assert rows == yardstick_twice


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "capacity.json"
    written = capacity()
    write_capacity(file, written)
    assert read_capacity(file) == written
    plain = msgspec.json.decode(file.read_bytes())
    for name in ("valid", "reason", "players", "ratio_to_floor", "ratio_to_naive", "ratio_to_naive_aoi", "load_test"):
        assert name in plain, "where one looks for it first"
    assert plain["runs"] == [], "a single run is not told twice"


def test_a_file_without_a_field_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "capacity.json"
    plain = msgspec.to_builtins(capacity())
    del plain["machine"]
    file.write_bytes(msgspec.json.encode(plain))
    with pytest.raises(msgspec.ValidationError):
        read_capacity(file)


def test_cpu_is_that_of_all_processes_and_so_are_the_ratios() -> None:
    found = run()
    assert found.cpu_cores == 0.025
    assert found.players_per_core == 4000.0
    assert found.us_per_client_snapshot == pytest.approx(10.0 * 0.025 / 0.02)
    assert found.ratio_to_naive == round(4000 / 600, 2)
    assert found.ratio_to_naive_aoi == round(4000 / 1500, 2)
    assert found.ratio_to_floor == 2.5
    assert found.memory_bytes == 200_000_000
    assert found.highest_load_level == 1


def test_phases_and_what_is_beside_them_add_up_to_all_cpu() -> None:
    phases = run().cpu_by_phase
    assert list(phases) == ["receive", "send", "between", "besides"]
    assert sum(phases.values()) == pytest.approx(0.025)


def test_phases_that_waited_for_a_core_share_the_cpu_that_there_was() -> None:
    phases = cpu_by_phase({"receive": 0.3, "send": 0.1}, threads=0.2, cores=0.25)
    assert phases == {"receive": 0.15, "send": 0.05, "between": 0.0, "besides": 0.05}
    assert cpu_by_phase({}, 0.0, 0.0) == {"between": 0.0, "besides": 0.0}


def test_players_per_core_count_at_equal_rate() -> None:
    assert players_per_core(1000, 20.0, 0.5) == 2000
    assert players_per_core(1000, 10.0, 0.5) == 1000, "half the rate is half the work"
    assert players_per_core(1000, 20.0, 0.0) == 0


def test_what_was_not_measured_has_no_ratio() -> None:
    assert ratio_to(None, 4000) is None
    assert ratio_to(yardstick(served=False), 4000) is None
    assert ratio_to(yardstick(1000), 4000) == 4.0


def test_whatever_a_run_does_not_show_is_its_reason() -> None:
    assert find_reason(watched(), 19.0) == ""
    for wrong, word in (
        (watched(valid=False, reason="late"), "the generator: late"),
        (watched(server_ran_on=False), "the server ended"),
        (watched(connected=98), "2 clients were not connected"),
        (watched(snapshots_per_client_hz={"min": 18.5, "p1": 19, "p50": 20}), "18.50 snapshots"),
        (watched(own_state_hz={"min": 9.0}), "9.00 own states"),
        (watched(undecodable_sections=3), "3 sections"),
    ):
        assert word in find_reason(wrong, 19.0)
    assert find_reason(watched(snapshots_per_client_hz={"min": 18.5, "p1": 19, "p50": 20}), 10.0) == ""


def test_the_file_tells_the_telling_run_and_keeps_all_of_them() -> None:
    few, many = run("few"), run("many", clients=200, connected=200)
    found: Capacity = capacity(Outcome([few, many], many))
    assert (found.label, found.players, [one.label for one in found.runs]) == ("many", 200, ["few", "many"])


def test_what_only_several_runs_show_makes_the_file_invalid_too() -> None:
    found = capacity(Outcome([run(), run()], run(), "memory grew", memory_growth=0.5))
    assert (found.valid, found.reason, found.memory_growth) == (False, "memory grew", 0.5)
