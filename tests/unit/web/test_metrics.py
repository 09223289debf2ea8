"""Pages of metrics: what they say is of the table, and can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from litestar.testing import TestClient

from myriad.cluster.requests import AuditReport
from myriad.core.histogram import new_histogram, record
from myriad.core.metrics import BUCKETS_NS, GATEWAY, GATEWAY_METRICS, HOST, Buckets, Sample
from myriad.web.api.application import build_application
from myriad.web.api.metrics_page import buckets_of
from myriad.web.exposition import CONTENT_TYPE, page_text
from tests.unit.web.fake_host import FakeHost
from tests.unit.web.gateway_bench import AWAY_HOST, Bench, error_of, new_bench
from tests.unit.web.metric_pages import Page, check_page, read_page, silent_rows

ZONE = {"zone": "zone-1", "layer": "0"}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def scraped(bench: Bench) -> Page:
    answer = bench.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"].startswith(CONTENT_TYPE)) == (200, True)
    page = read_page(answer.text)
    check_page(GATEWAY, page)
    return page


def page_of(host: FakeHost) -> Page:
    with TestClient(build_application(host)) as client:
        client.post("/v1/login", json={"name": "a"})
        page = read_page(client.get("/metrics").text)
    check_page(HOST, page)
    return page


# The text.


def test_numbers_and_labels_survive_whatever_is_in_them() -> None:
    strange = 'a "quote", a \\ and a \n line'
    text = page_text(GATEWAY, [Sample("myriad_audit_held", (strange,), 2**53), Sample("myriad_bus_up", (), True)])
    page = read_page(text.decode())
    assert page["myriad_audit_held", {"asset": strange}] == 2**53
    assert page["myriad_bus_up"] == 1


def test_several_numbers_by_their_last_label_are_as_many_samples() -> None:
    amounts = {'a 5 % "share"': 3, "b": 0.25}
    made = read_page(page_text(GATEWAY, [Sample("myriad_audit_held", (), amounts)]).decode())
    assert made["myriad_audit_held", {"asset": 'a 5 % "share"'}] == 3
    assert made["myriad_audit_held", {"asset": "b"}] == 0.25


def test_a_histogram_s_buckets_add_up() -> None:
    counts = [0] * (len(BUCKETS_NS) + 1)
    counts[2], counts[-1] = 3, 2
    page = read_page(
        page_text(HOST, [Sample("myriad_store_commit_seconds", (), Buckets(counts, 1_500_000_000))]).decode()
    )
    assert page["myriad_store_commit_seconds_bucket", {"le": "5e-05"}] == 0
    assert page["myriad_store_commit_seconds_bucket", {"le": "0.00025"}] == 3
    assert page["myriad_store_commit_seconds_bucket", {"le": "5.0"}] == 3
    assert page["myriad_store_commit_seconds_bucket", {"le": "+Inf"}] == 5
    assert page["myriad_store_commit_seconds_count"] == 5
    assert page["myriad_store_commit_seconds_sum"] == 1.5


def test_what_is_not_in_the_table_of_the_page_is_refused() -> None:
    for sample in (Sample("myriad_new", (), 1), Sample("myriad_relay_players", (), 1)):
        with pytest.raises(KeyError):
            page_text(GATEWAY, [sample])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        page_text(GATEWAY, [Sample("myriad_audit_held", (), 1)])


def test_zones_histograms_keep_count_and_sum_and_put_every_value_where_it_belongs() -> None:
    histogram = new_histogram()
    values = np.random.default_rng(5).integers(0, 8_000_000_000, 500)
    for value in values.tolist():
        record(histogram, value)
    counts, total_ns = buckets_of(histogram)
    assert (sum(counts), total_ns) == (len(values), int(values.sum()))
    for bound, reached in zip(BUCKETS_NS, np.cumsum(counts).tolist(), strict=False):
        assert np.count_nonzero(values <= bound * 63 / 64) <= reached <= np.count_nonzero(values <= bound)


# A host's page.


def test_a_host_tells_what_its_zones_say() -> None:
    page = page_of(FakeHost())
    assert page["myriad_players", ZONE] == 12
    assert page["myriad_zone_answers", ZONE] == 1
    assert page["myriad_drops_total", {"zone": "zone-2", "layer": "0", "reason": "empty"}] == 3
    assert page["myriad_time_dilation_ratio", ZONE] == 0.5
    assert page["myriad_tick_lateness_seconds_bucket", {**ZONE, "le": "0.0025"}] == 1
    assert page["myriad_tick_lateness_seconds_bucket", {**ZONE, "le": "+Inf"}] == 2
    assert page["myriad_phase_seconds_count", {**ZONE, "phase": "step"}] == 2
    assert "myriad_handoff_gap_seconds_count" not in page, "these zones stand alone"


def test_logins_are_the_host_s_and_all_results_are_there_from_the_beginning() -> None:
    page = page_of(FakeHost())
    found = {result: page["myriad_logins_total", {"result": result}] for result in ("granted", "refused", "bad")}
    assert found == {"granted": 1, "refused": 0, "bad": 0}


def test_layers_of_a_zone_are_told_apart() -> None:
    host = FakeHost()
    host.zones["zone-1/2"] = type(host.zones["zone-1"])("zone-1/2")
    page = page_of(host)
    assert page["myriad_players", {"zone": "zone-1", "layer": "2"}] == 12


def test_a_zone_that_does_not_answer_does_not_silence_the_others() -> None:
    host = FakeHost()
    host.zones["zone-1"].answers = False
    page = page_of(host)
    assert page["myriad_zone_answers", ZONE] == 0
    assert page["myriad_players", {"zone": "zone-2", "layer": "0"}] == 12
    assert not any(("zone", "zone-1") in labels for name, labels in page.values if name == "myriad_players")


def test_what_the_process_says_is_on_the_page_once() -> None:
    host = FakeHost()
    host.own = [Sample("myriad_store_waiting", (), 3), Sample("process_cpu_seconds_total", (), 1.25)]
    page = page_of(host)
    assert (page["myriad_store_waiting"], page["process_cpu_seconds_total"]) == (3, 1.25)


def test_round_trips_are_those_to_neighbours_alone() -> None:
    host = FakeHost()

    async def numbers() -> dict[str, object]:
        trips = {"zone-2": 1.5, "zone-3/1": 3.0, "zone-19": 9.0}
        return {"neighbours": ["zone-2", "zone-3"], "peer_round_trip_ms": trips, "handoffs": 4, "handoffs_failed": 1}

    host.zones["zone-1"].numbers = numbers  # type: ignore[method-assign]
    page = page_of(host)
    assert page["myriad_peer_round_trip_seconds", {**ZONE, "peer": "zone-3/1"}] == 0.003
    assert not any(("peer", "zone-19") in labels for _, labels in page.values)
    assert page["myriad_handoffs_total", {**ZONE, "result": "refused"}] == 1


# The gateway's page.


def test_the_gateway_tells_of_itself_and_of_every_zone(bench: Bench) -> None:
    epoch = bench.open_zone()
    bench.load_zone(epoch, connected=10, lateness_p99_ms=2.0)
    bench.post("/v1/play", bench.guest())
    bench.get("/nothing/at/all")
    page = scraped(bench)
    assert page["myriad_gateway_answers_total", {"route": "/v1/play", "status": "202"}] == 1
    assert page["myriad_gateway_answers_total", {"route": "other", "status": "404"}] == 1
    assert page["myriad_gateway_results_total", {"what": "plays", "result": "waiting"}] == 1
    assert (page["myriad_gateway_queue"], page["myriad_gateway_store_up"]) == (1, 1)
    assert page["myriad_zone_connected", ZONE] == 10
    assert page["myriad_zone_lateness_p99_seconds", ZONE] == 0.002
    assert page["myriad_zone_epoch", ZONE] == epoch
    assert "myriad_audit_balanced" not in page, "before the first audit nothing is said of it"
    assert "myriad_fleet_hosts" not in page, "without a supervisor neither"


def test_the_gateway_tells_how_long_answers_took_by_route(bench: Bench) -> None:
    route = {"route": "/v1/login"}
    bench.guest()
    bench.post("/v1/login", name="")
    page = scraped(bench)
    assert page["myriad_gateway_answer_seconds_count", route] == 2, "refusals take time too"
    assert page["myriad_gateway_answer_seconds_bucket", {**route, "le": "5e-05"}] == 2, "this clock stands still"


def test_the_gateway_shows_the_auditor_s_newest_report(bench: Bench) -> None:
    bench.gateway.note_audit(AuditReport({0: 9}, {0: 2}, {0: 7}, 12), bench.clock.now_ns())
    bench.wait(3)
    page = scraped(bench)
    found = [page[f"myriad_audit_{name}"] for name in ("balanced", "problems", "age_seconds", "entries")]
    assert found == [1, 0, 3, 12]
    assert page["myriad_audit_held", {"asset": "0"}] == 7
    bench.gateway.note_audit(AuditReport(problems=("one", "two")), bench.clock.now_ns())
    page = scraped(bench)
    assert (page["myriad_audit_balanced"], page["myriad_audit_problems"]) == (0, 2)


FLEET: dict[str, Any] = {
    "hosts": [
        {"name": "host-1", "pid": 7, "starts": 3, "charge": ["zone-1", "zone-2/1"]},
        {"name": "host-2", "pid": None, "starts": 1, "charge": []},
    ],
    "asleep": ["zone-9"],
    "counts": {"restarts": 2, "hung": 1, "layers_added": 4},
}


def test_the_gateway_passes_on_what_the_supervisor_says(bench: Bench) -> None:
    bench.gateway.fleet = lambda: FLEET
    page = scraped(bench)
    names = ("hosts", "zones_asleep", "restarts_total", "hangs_total")
    assert [page[f"myriad_fleet_{name}"] for name in names] == [1, 1, 2, 1]
    assert page["myriad_fleet_starts_total", {"host": "host-1"}] == 3
    assert page["myriad_fleet_decisions_total", {"decision": "layers_added"}] == 4
    assert page["myriad_fleet_decisions_total", {"decision": "merged"}] == 0


def test_a_zone_that_is_to_run_and_has_no_lease_is_down(bench: Bench) -> None:
    bench.gateway.fleet = lambda: FLEET
    epoch = bench.open_zone()
    page = scraped(bench)
    assert page["myriad_zone_up", ZONE] == 1
    assert page["myriad_zone_up", {"zone": "zone-2", "layer": "1"}] == 0
    bench.close_zone(epoch)
    assert scraped(bench)["myriad_zone_up", ZONE] == 0


def test_sources_of_the_process_are_on_the_gateway_s_page(bench: Bench) -> None:
    bench.gateway.sources.append(lambda: [Sample("myriad_store_lag_seconds", (), 0.5)])
    assert scraped(bench)["myriad_store_lag_seconds"] == 0.5


def test_prometheus_finds_the_hosts_of_the_world_on_this_machine_only(bench: Bench) -> None:
    bench.open_zone()
    bench.open_zone("zone-2")
    assert bench.get("/v1/targets").json() == [{"targets": ["127.0.0.1:9000"], "labels": {}}]
    bench.client_host = AWAY_HOST
    assert error_of(bench.get("/v1/targets")) == (403, "not_allowed")


def test_rows_that_need_an_audit_are_filled_by_it(bench: Bench) -> None:
    bench.gateway.note_audit(AuditReport({0: 9}, {0: 2}, {0: 7}, 12), bench.clock.now_ns())
    audits = {metric.name for metric in GATEWAY_METRICS if metric.name.startswith("myriad_audit")}
    assert audits and not audits & silent_rows(GATEWAY, scraped(bench))
