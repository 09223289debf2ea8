"""Rates, handoffs and points of history out of what hosts tell; alarms; numbered events."""

from __future__ import annotations

from myriad.cluster.requests import ZoneKey
from myriad.web.ops.alarms import LASTS_NS, Alarms, Trouble
from myriad.web.ops.event_log import KEPT, EventLog
from myriad.web.ops.history import POINTS, SERIES, HourRing, Point
from myriad.web.ops.watch import FORGOTTEN_NS, MINUTE_NS, Watch
from tests.unit.web.fake_sources import numbers, told

S = 1_000_000_000
KEY = ZoneKey("zone-1")


def test_rates_are_what_counters_grew_by_the_hosts_own_clock() -> None:
    watch = Watch()
    watch.observe(told(7, 0, {"zone-1": numbers(0, snapshots=100, sent_bytes=5000)}), 50 * S)
    assert watch.zones[KEY].rates == {}
    watch.observe(told(7, 2 * S, {"zone-1": numbers(2 * S, snapshots=140, sent_bytes=9000, cpu_ns=S)}, S), 99 * S)
    assert watch.zones[KEY].rates == {"snapshots": 20, "sent_bytes": 2000, "received_bytes": 0, "cpu_ns": S / 2}
    assert watch.processes[7].cpu_cores == 0.5


def test_a_zone_in_another_process_has_no_rates_yet_and_a_counter_that_fell_counts_from_there() -> None:
    watch = Watch()
    watch.observe(told(7, 0, {"zone-1": numbers(0, snapshots=100)}), 0)
    watch.observe(told(8, 0, {"zone-1": numbers(S, snapshots=900)}), S)
    assert watch.zones[KEY].rates == {}
    watch.observe(told(8, 0, {"zone-1": numbers(2 * S, snapshots=40)}), 2 * S)
    assert watch.zones[KEY].rates["snapshots"] == 40


def test_what_another_gateway_made_a_zone_say_a_moment_ago_is_not_counted_twice() -> None:
    watch = Watch()
    for at in (0, S):
        watch.observe(told(7, at, {"zone-1": numbers(at, snapshots=20 * at // S)}), at)
    before = watch.zones[KEY].rates
    watch.observe(told(7, S, {"zone-1": numbers(S, snapshots=20)}), 2 * S)
    assert watch.zones[KEY].rates == before
    assert watch.zones[KEY].heard_ns == 2 * S


def test_layers_are_zones_of_their_own() -> None:
    watch = Watch()
    watch.observe(told(7, 0, {"zone-1/2": numbers(0, players=3)}), 0)
    assert watch.zones[ZoneKey("zone-1", 2)].shown["players"] == 3


def test_handoffs_are_counted_for_a_minute() -> None:
    watch = Watch()
    watch.observe(told(7, 0, {"zone-1": numbers(0, handoffs={"zone-2": 5})}), 0)
    watch.observe(told(7, S, {"zone-1": numbers(S, handoffs={"zone-2": 8}, handoffs_failed={"zone-3": 1})}), S)
    assert watch.handoffs() == {("zone-1", "zone-2"): (3, 0), ("zone-1", "zone-3"): (0, 1)}
    watch.forget(S + MINUTE_NS)
    assert watch.handoffs() == {}


def test_who_is_silent_for_long_is_forgotten() -> None:
    watch = Watch()
    watch.observe(told(7, 0, {"zone-1": numbers(0)}), 0)
    watch.forget(FORGOTTEN_NS - 1)
    assert watch.zones and watch.processes
    watch.forget(FORGOTTEN_NS)
    assert not watch.zones and not watch.processes


def test_a_point_holds_rates_over_all_zones_and_the_worst_times_since_the_last_one() -> None:
    watch = Watch()
    for second, late in ((0, 1.0), (1, 40.0), (2, 2.0)):
        zones = {
            f"zone-{n}": numbers(
                second * S, snapshots=100 * second, late_p99_ms=late, cut_ms=8.0 * n, drops={"empty": 10 * second}
            )
            for n in (1, 2)
        }
        watch.observe(told(7, second * S, zones, cpu_ns=second * S // 4), second * S)
        if second == 0:
            watch.take_point(0.0, 0, {})
    point = watch.take_point(2.0, 2 * S, {"players": 3.0})
    assert point.values["snapshots_s"] == 200
    assert (point.values["late_p99_ms"], point.values["store_lag_ms"], point.values["cpu_cores"]) == (40.0, 16.0, 0.25)
    assert point.values["handoff_gap_p99_ms"] is None and point.values["players"] == 3.0
    assert point.drops == {"empty": 20.0}
    assert watch.take_point(3.0, 3 * S, {}).values["late_p99_ms"] is None


def test_the_hour_keeps_its_points_and_hands_out_those_after_a_moment() -> None:
    ring = HourRing()
    for i in range(POINTS + 3):
        ring.add(Point(float(i), {"players": float(i)}, {"empty": 1.0} if i % 2 else {"input_late": 2.0}))
    ring.add(Point(5.0, {}, {}))  # the wall clock went back: not taken
    everything = ring.since(0.0)
    assert (len(everything.times), everything.times[0]) == (POINTS, 3.0)
    newest = ring.since(float(POINTS))
    assert newest.times == [POINTS + 1.0, POINTS + 2.0]
    assert newest.series["players"] == newest.times
    assert newest.series["drops_s"] == {"empty": [1.0, 0.0], "input_late": [0.0, 2.0]}
    assert set(newest.series) == {*SERIES, "drops_s"} and newest.series["cpu_cores"] == [None, None]


def test_events_are_numbered_and_the_newest_thousand_are_kept() -> None:
    log = EventLog()
    assert log.after(0).newest == 0
    for i in range(KEPT + 5):
        log.note(i, "start", str(i), key=KEY if i % 2 else None)
    kept = log.after(0)
    assert (kept.newest, len(kept.events), kept.events[0].number) == (KEPT + 5, KEPT, 6)
    (last,) = log.after(KEPT + 4).events
    assert (last.zone, last.text) == (None, str(KEPT + 4))
    assert log.after(KEPT + 5).events == []


def test_trouble_is_told_when_it_lasts_and_when_it_is_over() -> None:
    alarms, late = Alarms(), Trouble("ticks", KEY)
    assert alarms.observe({late: "late"}, {late}, 0) == []
    assert alarms.observe({}, {late}, LASTS_NS // 2) == []
    assert alarms.observe({late: "late"}, {late}, LASTS_NS) == []
    assert [told.text for told in alarms.observe({late: "late"}, {late}, 2 * LASTS_NS)] == ["late"]
    assert alarms.observe({late: "late"}, {late}, 3 * LASTS_NS) == []
    assert alarms.observe({}, set(), 4 * LASTS_NS) == [], "nothing is known: nothing is over"
    assert alarms.observe({}, {late}, 5 * LASTS_NS) == []
    (over,) = alarms.observe({}, {late}, 6 * LASTS_NS)
    assert over.key == KEY and "well again" in over.text
