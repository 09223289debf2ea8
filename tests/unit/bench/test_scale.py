"""The page about scale: what it computes follows from what it says was measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from myriad.bench.scale import HEADROOM, PLAYERS, Measured, derive, derived_table, measured_from, measured_table
from tests.unit.bench.runs import capacity

PAGE = (Path(__file__).parents[3] / "docs" / "scale.md").read_text(encoding="utf-8")
SOME = Measured(
    players=1000,
    cpu_cores=0.5,
    memory_mb=400,
    down_bytes_s=5000,
    up_bytes_s=400,
    snapshots_hz=20,
    inputs_hz=10,
    cut_bytes=150,
    store_cuts_s=500,
)


def test_the_page_computes_what_follows_from_its_measured_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \| [^|]* \|$", PAGE, re.MULTILINE))
    measured = Measured(**{name: float(rows[name]) for name in Measured._fields})
    assert measured_table(measured) in PAGE
    assert derived_table(measured, PLAYERS) in PAGE, "python -m myriad.bench.scale"


def test_twice_the_players_take_twice_of_everything_at_least() -> None:
    once, twice = derive(SOME, 10_000), derive(SOME, 20_000)
    for name, few, many in zip(once._fields, once, twice, strict=True):
        assert many == pytest.approx(2 * few, rel=0.01, abs=1.0), name


def test_what_was_measured_comes_out_again_but_for_the_headroom() -> None:
    same = derive(SOME, 1000)
    assert same.zones == 2
    assert same.cores == round(0.5 / HEADROOM, 1)
    assert same.memory_gb == 0.4
    assert same.datagrams_s == 30_000
    assert same.down_mbit_s == round(1000 * 8 * (5000 + 28 * 20) / 1e6)
    assert same.cuts_s == 4.0


def test_a_capacity_file_has_what_it_needs() -> None:
    found = measured_from(capacity())
    assert (found.players, found.cpu_cores, found.memory_mb, found.inputs_hz) == (100, 0.025, 200.0, 10.0)
