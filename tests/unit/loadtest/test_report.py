"""The result: exactly the documented fields, right rates, and an honest verdict."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.core.histogram import new_histogram, record
from myriad.core.settings import load, table
from myriad.loadtest.delay_queue import FATES
from myriad.loadtest.facts import CheckFacts, RunFacts, ServerFacts, WorldFacts
from myriad.loadtest.fields import FIELDS, WORLD_FIELDS, differences
from myriad.loadtest.measure import COUNTS, LATENCY, NUM_HISTOGRAMS, SEND_LATENESS
from myriad.loadtest.options import LoadOptions
from myriad.loadtest.report import build_result, summary_rows

ROOT = Path(__file__).parents[3]
MS = 1_000_000


def facts(**changes: Any) -> RunFacts:
    """A run of 10 s with 4 clients, all well."""
    counts = np.zeros(4, COUNTS)
    counts["snapshots"] = counts["own"] = [200, 199, 200, 198]
    counts["inputs"] = 100
    counts["near_updates"], counts["near_cells"] = 9 * 8 * 200, 9 * 8 * 200
    counts["down_bytes"], counts["up_bytes"] = [48000, 50000, 47000, 60000], 6000
    counts["down_datagrams"], counts["up_datagrams"] = 200, 100
    counts["moved_m"] = [10, 20, 30, 40]
    histograms = np.stack([new_histogram() for _ in range(NUM_HISTOGRAMS)])
    for value in range(1, 101):
        record(histograms[LATENCY], value * MS)
        record(histograms[SEND_LATENESS], MS // 10)
    lateness = new_histogram()
    record(lateness, MS)
    server = ServerFacts(
        500, 20.0, 1.0, 200_000_000, 600, lateness, 800, 5, 1, 2, {"input_repeated": 7}, {"send": 2 * MS}, 0.5
    )
    basis: dict[str, Any] = {
        "options": LoadOptions(clients=4, seconds=10),
        "seconds": 10.0,
        "counts": counts,
        "histograms": histograms,
        "connected": 4,
        "confirmed": np.ones(4, bool),
        "handshake_ns": np.array([30, 40, 50, 60]) * MS,
        "login_ns": np.array([5, 6]) * MS,
        "warm_up_s": 2.5,
        "players_in_view": np.array([10, 20, 30]),
        "entities_in_view": np.array([20, 40, 60]),
        "checks": CheckFacts(1000, 0, None),
        "cpu_s": 1.5,
        "socket_drops": 0,
        "fates": np.zeros(2, FATES),
        "floor_us": None,
        "server": server,
        "world": None,
    }
    return RunFacts(**(basis | changes))


AGREED = CheckFacts(1000, 0, 900.0)


def world(**changes: Any) -> RunFacts:
    """The same in a world of two zones, all well."""
    basis: dict[str, Any] = {
        "handoffs": 3,
        "handoffs_failed": 0,
        "gaps_ns": np.array([40, 50, 90]) * MS,
        "inputs_lost": 0,
        "inputs_doubled": 0,
        "returns_ns": np.zeros(0, np.int64),
        "confirmed": 12,
        "confirmed_lost": 0,
        "chats": 20,
        "chats_lost": 0,
        "events_seen_min": 1,
        "untouched_hz": 19.8,
        "balanced": True,
        "num_killed": 0,
        "touched": np.zeros(4, bool),
        "zones": {"zone-1": {"players": 2, "tick_hz": 60.0}, "zone-2": {"players": 2, "tick_hz": 60.0}},
    }
    return facts(world=WorldFacts(**(basis | changes)))


def test_a_result_has_exactly_the_documented_fields_and_is_json() -> None:
    for result in (build_result(facts()), build_result(facts(floor_us=4.0, checks=AGREED)), build_result(world())):
        assert differences(result) == set()
        assert msgspec.json.decode(msgspec.json.encode(result)) == result


def test_the_page_documents_every_field_with_its_unit_and_every_flag() -> None:
    page = (ROOT / "docs" / "load-test.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]*) \| ([^|]*) \|$", page, re.MULTILINE)
    assert rows == [(field.path, field.unit, field.sentence) for field in FIELDS + WORLD_FIELDS]
    for flag in (setting.flag for setting in table(LoadOptions)):
        assert f"`{flag}`" in page


def test_rates_and_percentiles() -> None:
    result = build_result(facts())
    assert result["valid"] is True
    assert result["served"] is True
    assert result["snapshots_per_client_hz"] == {"min": 19.8, "p1": 19.8, "p50": 20.0}
    assert result["near_cell_hz"]["min"] == pytest.approx(19.8)
    assert result["down_bytes_per_client_s"] == {"p50": 5000.0, "max": 6000.0}
    assert result["input_to_snapshot_ms"]["p50"] == pytest.approx(50, rel=0.02)
    assert result["input_to_snapshot_ms"]["max"] == 100.0
    assert result["server"]["cpu_cores"] == 0.1
    assert result["server"]["cpu_us_per_client_snapshot"] == 1250.0
    assert result["generator"]["cpu_us_per_datagram"] == 1250.0
    assert build_result(facts(floor_us=500.0))["ratio_to_floor"] == 2.5
    assert len(summary_rows(result)) > 10
    assert len(summary_rows(build_result(facts(floor_us=4.0, checks=AGREED)))) == len(summary_rows(result)) + 2


def test_the_server_s_time_is_told_by_phase_and_its_lateness_to_one_in_a_thousand() -> None:
    server = build_result(facts())["server"]
    assert server["phases_cores"] == {"send": 0.0002}
    assert server["thread_cpu_cores"] == 0.05
    assert 1.0 <= server["tick_lateness_ms"]["p999"] < 1.1


def changed(name: str, row: int, value: float) -> np.ndarray:
    counts = facts().counts.copy()
    counts[name][row] = value
    return counts


def test_a_late_generator_or_full_sockets_make_a_run_invalid() -> None:
    late = facts().histograms.copy()
    for _ in range(10):
        record(late[SEND_LATENESS], 30 * MS)
    overflowed = np.zeros(2, FATES)
    overflowed["overflowed"][1] = 1
    few = facts().counts.copy()
    few["inputs"] = 90
    for wrong, word in (
        (facts(histograms=late), "late"),
        (facts(socket_drops=10), "dropped"),
        (facts(fates=overflowed), "queue"),
        (facts(counts=few), "instead of 10"),
    ):
        result = build_result(wrong)
        assert result["valid"] is False
        assert result["served"] is False
        assert word in result["reason"]


def test_whatever_a_client_missed_is_unserved_in_words() -> None:
    impaired = LoadOptions(clients=4, seconds=10, impair="loss=5", impair_stop=5)
    for wrong, word in (
        (facts(connected=3), "not connected"),
        (facts(counts=changed("snapshots", 2, 180)), "fewer than 19.00"),
        (facts(counts=changed("malformed", 0, 1)), "malformed"),
        (facts(counts=changed("undecodable", 0, 1)), "undecodable"),
        (facts(confirmed=np.array([True, True, True, False])), "no input confirmed"),
        (facts(checks=CheckFacts(1000, 1, None)), "wrong"),
        (facts(options=impaired), "agree again"),
    ):
        result = build_result(wrong)
        assert result["valid"] is True
        assert result["served"] is False
        assert any(word in sentence for sentence in result["unserved"])
    counts = changed("undecodable", 0, 3)
    counts["snapshots"] = 185
    fine = build_result(facts(options=impaired, counts=counts, checks=AGREED))
    assert fine["served"] is True, "loss may cost what it costs"


def test_a_world_adds_its_figures() -> None:
    result = build_result(world(returns_ns=np.array([1500, 2500]) * MS, num_killed=2))
    assert result["served"] is True
    assert result["handoffs"] == {
        "done": 3,
        "failed": 0,
        "gap_ms": {"p50": 50.0, "p99": 90.0, "max": 90.0},
        "inputs_lost": 0,
        "inputs_doubled": 0,
    }
    assert result["reconnects"] == {"count": 2, "back_in_s": {"p50": 1.5, "max": 2.5}}
    assert result["untouched_hosts"] == {"snapshots_per_client_hz": {"min": 19.8}}
    assert result["zones"]["zone-2"]["players"] == 2
    assert len(summary_rows(result)) > len(summary_rows(build_result(facts())))


def test_whatever_a_world_broke_is_unserved_in_words() -> None:
    for wrong, word in (
        (world(handoffs_failed=1), "handoffs failed"),
        (world(inputs_lost=2), "lost 2 inputs"),
        (world(inputs_doubled=1), "doubled 1"),
        (world(returns_ns=np.array([MS])), "had to resume"),
        (world(confirmed_lost=1), "confirmed"),
        (world(chats_lost=1), "messages"),
        (world(events_seen_min=0), "event"),
        (world(untouched_hz=18.0), "not killed"),
        (world(balanced=False), "auditor"),
    ):
        result = build_result(wrong)
        assert result["served"] is False
        assert any(word in sentence for sentence in result["unserved"]), word
    unknown = build_result(world(balanced=None, events_seen_min=None, untouched_hz=None))
    assert unknown["served"] is True, "what nobody can say is not held against it"
    assert unknown["audit"]["balanced"] is None


def test_players_of_killed_hosts_are_not_asked_for_their_snapshots_but_others_are() -> None:
    slow = changed("snapshots", 2, 120)
    touched = np.array([False, False, True, False])
    assert build_result(world(touched=touched, num_killed=1)._replace(counts=slow))["served"] is True
    assert build_result(world()._replace(counts=slow))["served"] is False


def test_flags_that_contradict_each_other_are_refused() -> None:
    for flags in (
        {"impair_stop": 40, "impair": "loss=1"},
        {"impair_stop": 3},
        {"impair": "los=1"},
        {"clients": 0},
        {"travel": 0.3},
        {"chaos": "kill-host=10s"},
        {"world": "http://127.0.0.1:8080", "chaos": "kill-host=0s"},
        {"world": "http://127.0.0.1:8080", "chaos": "kill-gateway=10s"},
        {"world": "http://127.0.0.1:8080", "spread": "square"},
        {"world": "http://127.0.0.1:8080", "clients": 10_000, "travel": 1.0},
        {"world": "http://127.0.0.1:8080", "travel": 1.5},
    ):
        with pytest.raises(StartupError):
            load(LoadOptions, flags)
