"""Figures of a profile: rates, shares, and what they are divided by."""

from __future__ import annotations

from typing import Any

import pytest

from myriad.core.errors import MyriadError
from myriad.core.histogram import new_histogram, record, to_sparse
from myriad.runtime.profile.figures import SENTENCES, Readings, figures_of
from myriad.runtime.profile.probe import WORK
from myriad.runtime.profile.stacks import PHASE, Frame, Node


def status(snapshots: int, *waits_ns: int) -> dict[str, Any]:
    waits = new_histogram()
    for wait_ns in waits_ns:
        record(waits, wait_ns)
    return {
        "players": 101, "connections": 100, "snapshots_sent": snapshots, "sent_bytes": snapshots * 250,
        "ticks_skipped": snapshots // 1000,
        "histograms_ns": {"lateness": to_sparse(waits), "gil_wait": to_sparse(waits)},
    }  # fmt: skip


def probe() -> dict[str, Any]:
    work = dict.fromkeys(WORK, 0) | {"send": 600_000_000, "step": 390_000_000}
    return {
        "pid": 1, "thread": 2, "wall_ns": 10_000_000_000, "cpu_ns": 1_000_000_000, "work_ns": work, "turns": 598,
        "turns_wall_ns": 1_250_000_000, "turns_cpu_ns": 1_000_000_000, "ticks": 600, "collections": 1,
        "allocations": {"blocks": 60_000, "num_bytes": 1_200_000, "resized": 6, "most_blocks": 300},
    }  # fmt: skip


def readings(outside_ns: int | None = 1_100_000_000) -> Readings:
    before, after = status(5_000, 1_000), status(25_000, 1_000, 2_000_000, 2_000_000)
    return Readings(before, after, 10.0, probe(), outside_ns)


def test_cpu_is_told_per_client_per_snapshot_and_per_tick() -> None:
    cpu = figures_of("zone-1", readings(), None)["cpu"]
    assert cpu["cores"] == 0.1
    assert cpu["us_per_client_s"] == 1000
    assert cpu["us_per_snapshot"] == 50
    assert cpu["us_per_tick"] == pytest.approx(1666.667)


def test_what_is_covered_is_told_by_the_operating_systems_count() -> None:
    assert figures_of("zone-1", readings(), None)["cpu"]["covered"] == 0.9
    assert figures_of("zone-1", readings(None), None)["cpu"]["covered"] == 0.99


def test_every_kind_of_work_has_its_share_and_a_sentence() -> None:
    work = {row["work"]: row for row in figures_of("zone-1", readings(), None)["work"]}
    assert set(work) == set(SENTENCES) == set(WORK)
    assert work["send"]["share"] == 0.6
    assert work["send"]["us_per_tick"] == 1000
    assert work["send"]["us_per_snapshot"] == 30
    assert work["send"]["sampled_share"] is None


def test_sampled_shares_stand_beside_the_counted_ones() -> None:
    root = Node(Frame("zone-1", "", PHASE))
    root.add([Frame("send", "", PHASE)], 3)
    root.add([Frame("step", "", PHASE)], 1)
    figures = figures_of("zone-1", readings(), root)
    assert {row["work"]: row["sampled_share"] for row in figures["work"]}["send"] == 0.75
    assert figures["samples"] == 4


def test_players_ticks_waits_and_allocations_are_those_of_the_time_between() -> None:
    figures = figures_of("zone-1", readings(), None)
    assert figures["players"]["snapshots_per_client_hz"] == 20
    assert figures["players"]["sent_bytes_per_client_s"] == 5000
    assert figures["ticks"]["hz"] == 60
    assert figures["ticks"]["skipped"] == 20
    assert figures["gil_wait_ms"]["number"] == 2
    assert figures["gil_wait_ms"]["p50"] == pytest.approx(2, rel=0.02)
    assert figures["allocations"]["blocks_per_tick"] == 100
    assert figures["allocations"]["bytes_per_tick"] == 2000
    assert figures["waited_in_turns"] == {"share": 0.2, "ms": 250}


def test_an_empty_zone_has_no_figures_per_client_and_no_error() -> None:
    quiet = readings()
    quiet.before["connections"] = quiet.after["connections"] = 0  # type: ignore[index]
    quiet.after["snapshots_sent"] = quiet.before["snapshots_sent"]  # type: ignore[index]
    assert figures_of("zone-1", quiet, None)["cpu"]["us_per_snapshot"] == 0


def test_a_zone_that_does_not_tell_something_is_named_in_one_line() -> None:
    lacking = readings()
    del lacking.after["snapshots_sent"]  # type: ignore[attr-defined]
    with pytest.raises(MyriadError, match="zone-1 does not tell 'snapshots_sent'"):
        figures_of("zone-1", lacking, None)
