"""What zones say about themselves, added up: a process once, and a zone that was started anew from zero."""

from __future__ import annotations

from typing import Any

from myriad.core.histogram import new_histogram, record, to_sparse
from myriad.loadtest.world_figures import Reading, add_up, facts_by_zone, read_zones, zone_figures

MS = 1_000_000


def status(ticks: int, snapshots: int, cpu_s: float, players: int = 5) -> dict[str, Any]:
    lateness = new_histogram()
    for _ in range(ticks):
        record(lateness, MS)
    return {
        "npcs": 40,
        "players": players,
        "snapshot_hz": 20,
        "cpu_seconds": cpu_s,
        "thread_cpu_seconds": cpu_s / 2,
        "memory_bytes": 1000,
        "ticks": ticks,
        "snapshots_sent": snapshots,
        "game": {"hits": ticks // 10},
        "drops": {"input_repeated": snapshots},
        "histograms_ns": {"lateness": to_sparse(lateness), "step": to_sparse(lateness)},
    }


BEFORE = Reading(
    {"zone-1": status(100, 1000, 1.0), "zone-2": status(100, 1000, 1.0), "zone-3": status(500, 9000, 4.0)},
    {"zone-1": "a", "zone-2": "a", "zone-3": "b"},
)
AFTER = Reading(
    {"zone-1": status(700, 2000, 3.0), "zone-2": status(700, 3000, 3.0), "zone-3": status(50, 60, 0.5)},
    {"zone-1": "a", "zone-2": "a", "zone-3": "c"},
)


def test_figures_are_differences_but_from_zero_where_a_zone_was_started_anew() -> None:
    facts = facts_by_zone(BEFORE, AFTER)
    assert (facts["zone-1"].ticks, facts["zone-1"].snapshots_sent, facts["zone-1"].hits) == (600, 1000, 60)
    assert (facts["zone-3"].ticks, facts["zone-3"].snapshots_sent) == (50, 60)


def test_all_zones_together_count_a_process_once() -> None:
    total = add_up(facts_by_zone(BEFORE, AFTER), AFTER.doors, 20.0)
    assert total.cpu_s == 2.0 + 0.5
    assert total.rss_bytes == 2000
    assert total.npcs == 120
    assert total.snapshots_sent == 1000 + 2000 + 60
    assert total.phases_ns["step"] == (600 + 600 + 50) * MS
    assert total.phases_ns["send"] == 0
    assert total.thread_cpu_s == 1.0 + 1.0 + 0.25
    assert total.ticks == round((600 + 600 + 50) / 3)
    assert total.drops == {"input_repeated": 1000 + 2000 + 60}


def test_each_zone_has_its_figures() -> None:
    figures = zone_figures(facts_by_zone(BEFORE, AFTER), AFTER.statuses, 10.0)
    assert figures["zone-2"]["tick_hz"] == 60.0
    assert figures["zone-2"]["snapshots_hz"] == 200.0
    assert figures["zone-2"]["players"] == 5
    assert 0.9 < figures["zone-2"]["lateness_p50_ms"] < 1.1


def test_a_world_without_running_zones_has_figures_too() -> None:
    nothing = read_zones({"zones": [{"name": "zone-1", "layers": []}]})
    total = add_up(facts_by_zone(nothing, nothing), nothing.doors, 20.0)
    assert (total.ticks, total.snapshots_sent, total.cpu_s) == (0, 0, 0)


def test_a_zone_that_does_not_answer_is_left_out() -> None:
    layers = [{"layer": 0, "front_door": "127.0.0.1:9"}, {"layer": 1, "front_door": ""}]
    assert read_zones({"zones": [{"name": "zone-1", "layers": layers}]}).statuses == {}
