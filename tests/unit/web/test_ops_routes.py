"""The operations API: who may, what it shows, what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from myriad.cluster.events import GlobalEvent, decode_event, encode_event
from myriad.cluster.orders import Kick, Notice, decode_order
from myriad.cluster.requests import (
    AWAY,
    AccountRow,
    AuditReport,
    CharacterRow,
    FindAccount,
    FindCharacter,
)
from myriad.runtime.front_doors import MEASURES
from myriad.wire.layouts import EVENT_ENDED, EVENT_STARTED
from tests.unit.web.fake_sources import numbers, told
from tests.unit.web.gateway_bench import AWAY_HOST, LOCAL, Bench, S, error_of, new_bench

TOKEN = "a token of the setting"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def act(bench: Bench, headers: dict[str, str] | None = None, **action: Any) -> Any:
    return bench.http.post("/v1/ops/actions", json=action, headers=headers or {})


def world(bench: Bench) -> Any:
    answer = bench.get("/v1/ops/world")
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(bench: Bench) -> dict[str, Any]:
    return {row["zone"]: row for row in world(bench)["zones"] if row["layer"] == 0}


def supervise(bench: Bench, **states: str) -> None:
    """host-1 with these zones, by name without the dash."""
    zones = {f"zone-{name[4:]}": state for name, state in states.items()}
    charge = list(zones)
    bench.sources.supervised = True
    bench.sources.fleet = {
        "hosts": [{"name": "host-1", "pid": 4242, "starts": 3, "zones": zones, "charge": charge}],
        "held": [],
        "gateway": {"pid": 1, "starts": 2},
        "relay": {"pid": 55, "starts": 1, "players": 9},
    }


# Who may.


def test_without_a_token_only_this_machine_may(bench: Bench) -> None:
    assert bench.get("/v1/ops/world").status_code == 200
    bench.client_host = AWAY_HOST
    for path in ("world", "history", "events", "zones/zone-1"):
        assert error_of(bench.get(f"/v1/ops/{path}")) == (403, "not_allowed")
    assert error_of(act(bench, action="announce", text="hello")) == (403, "not_allowed")
    assert bench.sources.published == []


def test_nobody_comes_through_a_proxy_without_a_token_whatever_it_forwards() -> None:
    with new_bench(behind_proxy=True) as bench:
        for forwarded in ({}, {"x-forwarded-for": LOCAL}, {"x-forwarded-for": f"{AWAY_HOST}, ::1"}):
            assert error_of(bench.http.get("/v1/ops/world", headers=forwarded)) == (403, "not_allowed")


def test_with_a_token_only_who_brings_it_may() -> None:
    with new_bench(ops_token=TOKEN) as bench:
        assert error_of(bench.get("/v1/ops/world")) == (401, "no_token")
        for wrong in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"):
            answer = bench.http.get("/v1/ops/world", headers=[(b"authorization", wrong.encode())])
            assert error_of(answer) == (401, "no_token")
        bench.client_host = AWAY_HOST
        assert bench.http.get("/v1/ops/world", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "203.0.113.5"])
def test_another_name_for_this_machine_is_not_this_machine(bench: Bench, host: str) -> None:
    assert error_of(bench.http.get("/v1/ops/world", headers={"host": host})) == (403, "not_allowed")


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_this_machine_has_these_names(bench: Bench, host: str) -> None:
    assert bench.http.get("/v1/ops/world", headers={"host": host}).status_code == 200


def test_actions_are_json_from_this_servers_own_page(bench: Bench) -> None:
    bad = [
        ({"content-type": "text/plain"}, 415),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ]
    for headers, status in bad:
        assert act(bench, headers, action="announce", text="hello").status_code == status
    good = {"origin": f"http://{LOCAL}:8080", "sec-fetch-site": "same-origin"}
    assert act(bench, good, action="announce", text="hello").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"action": "fly"}', b'{"action": "kick", "nmae": "Ada"}'])
def test_what_is_no_action_is_refused(bench: Bench, body: bytes) -> None:
    answer = bench.http.post("/v1/ops/actions", content=body, headers={"content-type": "application/json"})
    assert error_of(answer) == (400, "bad_request")


# What it shows.


def test_zones_are_shown_with_what_their_host_tells(bench: Bench) -> None:
    epoch = bench.open_zone()
    bench.load_zone(epoch, 4)
    supervise(bench, zone1="running")
    for second in (0, 2):
        now_ns = second * S
        shown = numbers(now_ns, players=5, connected=4, snapshots=40 * second, cpu_ns=now_ns // 4, tick_p99_ms=3.5)
        bench.sources.answers[MEASURES] = told(4242, now_ns, {"zone-1": shown})
        bench.operations.turn()
    found = rows(bench)
    zone = found["zone-1"]
    assert (zone["state"], zone["host"], zone["players"], zone["connected"]) == ("running", "host-1", 5, 4)
    assert (zone["snapshots_s"], zone["cpu_cores"], zone["tick_p99_ms"]) == (40.0, 0.25, 3.5)
    assert (zone["area"], zone["epoch"], zone["npcs"]) == ({"x": 0, "y": 0, "width": 1000, "height": 1000}, epoch, 40)
    assert (found["zone-2"]["state"], found["zone-2"]["npcs"], found["zone-2"]["host"]) == ("hibernating", None, None)
    host = world(bench)["hosts"][0]
    assert (host["name"], host["pid"], host["starts"], host["zones"]) == ("host-1", 4242, 3, ["zone-1"])
    assert world(bench)["relay"]["players"] == 9 and world(bench)["gateway"]["starts"] == 2
    assert world(bench)["borders"][0] == {"from": "zone-1", "to": "zone-2", "handoffs_min": 0.0, "failed_min": 0.0}


def test_the_state_of_a_zone_is_what_the_supervisor_says(bench: Bench) -> None:
    bench.open_zone()
    for told_state, shown in (("running", "running"), ("draining", "draining"), ("acquiring", "restarting")):
        supervise(bench, zone1=told_state)
        assert rows(bench)["zone-1"]["state"] == shown
    supervise(bench)
    bench.sources.fleet["held"] = ["zone-1"]
    assert (rows(bench)["zone-1"]["state"], rows(bench)["zone-1"]["held"]) == ("hibernating", True)


def test_a_zone_whose_process_ended_is_restarting_until_it_is_heard_of_again(bench: Bench) -> None:
    bench.open_zone()
    supervise(bench, zone1="running")
    bench.operations.happened(
        [{"at": 5.0, "kind": "crash", "text": "killed", "host": "host-1", "lost": [["zone-1", 0]]}]
    )
    bench.operations.turn()
    assert rows(bench)["zone-1"]["state"] == "restarting"
    bench.sources.answers[MEASURES] = told(4242, 0, {"zone-1": numbers(0)})
    bench.operations.turn()
    assert rows(bench)["zone-1"]["state"] == "running"
    (event,) = bench.get("/v1/ops/events").json()["events"]
    assert (event["kind"], event["host"], event["at"], event["zone"]) == ("crash", "host-1", 5.0, None)


def test_ledger_and_store_are_shown(bench: Bench) -> None:
    assert world(bench)["ledger"] == {"balanced": None, "problems": 0, "age_s": None, "entries": 0}
    bench.gateway.note_audit(AuditReport(num_entries=7, problems=("a coin is missing",)), bench.clock.now_ns())
    bench.wait(2)
    assert world(bench)["ledger"] == {"balanced": False, "problems": 1, "age_s": 2.0, "entries": 7}
    assert world(bench)["store"] == {"up": True, "lag_ms": None}


def test_an_hour_of_history_is_gathered_a_point_every_five_seconds(bench: Bench) -> None:
    epoch = bench.open_zone()
    bench.load_zone(epoch, 4)
    for _ in range(20):
        assert bench.operations.turn() == 5.0
        bench.wait(1)
    found = bench.get("/v1/ops/history").json()
    assert found["step_s"] == 5 and found["times"] == [1002.0, 1005.0, 1010.0, 1015.0, 1020.0]
    assert found["series"]["players"] == [4.0] * 5
    assert bench.get(f"/v1/ops/history?since={found['times'][2]}").json()["times"] == found["times"][3:]
    assert bench.operations.turn() == 1.0, "somebody looks"


def test_who_begins_to_look_is_not_kept_waiting_for_the_next_turn(bench: Bench) -> None:
    begun: list[bool] = []
    bench.operations.on_look = lambda: begun.append(True)
    world(bench)
    world(bench)
    assert begun == [True]
    bench.wait(11)
    world(bench)
    assert begun == [True, True]


def test_a_zone_from_above_comes_from_its_host(bench: Bench) -> None:
    bench.open_zone()
    seen = {"phases": [], "drops": {"empty": 3}, "players": [], "view": {"cell_m": 50}, "kinds": {"1": "player"}}
    bench.sources.answers["/v1/ops/seen?zone=zone-1"] = seen
    answer = bench.get("/v1/ops/zones/zone-1").json()
    assert answer.pop("row")["zone"] == "zone-1"
    assert answer == seen
    assert bench.sources.asked[-1][0] == f"{LOCAL}:9000"
    assert bench.get("/v1/ops/zones/zone-2").json()["view"] is None
    assert error_of(bench.get("/v1/ops/zones/zone-9")) == (404, "no_zone")
    assert error_of(bench.get("/v1/ops/zones/zone-1?layer=3")) == (404, "no_zone")
    del bench.sources.answers["/v1/ops/seen?zone=zone-1"]
    assert error_of(bench.get("/v1/ops/zones/zone-1")) == (503, "not_ready")


def test_events_are_waited_for(bench: Bench) -> None:
    bench.operations.log.note(1.0, "start", "one")
    timer = threading.Timer(0.3, lambda: bench.operations.log.note(2.0, "start", "two"))
    timer.start()
    began_s = time.monotonic()
    answer = bench.get("/v1/ops/events?after=1&wait=20").json()
    timer.join()
    assert time.monotonic() - began_s < 15
    assert [event["text"] for event in answer["events"]] == ["two"] and answer["newest"] == 2
    bench.sources.closing = True
    assert bench.get("/v1/ops/events?after=2&wait=25").json()["events"] == []
    assert bench.get("/v1/ops/events?after=2&wait=26").status_code == 400


def test_without_a_supervisor_the_directory_tells_of_starts_and_ends(bench: Bench) -> None:
    bench.operations.turn()
    epoch = bench.open_zone()
    bench.operations.turn()
    bench.close_zone(epoch)
    bench.operations.turn()
    kinds = [event["kind"] for event in bench.get("/v1/ops/events").json()["events"]]
    assert kinds == ["start", "ended"]


# What it does.


def test_an_announcement_goes_to_all_zones_or_names_one(bench: Bench) -> None:
    assert act(bench, action="announce", text=" two\nlines ").json() == {
        "ok": True,
        "text": "announced to the whole world: two lines",
    }
    assert act(bench, action="announce", text="mind the wolves", zone="zone-2").status_code == 200
    orders = [decode_order(body) for _, body in bench.sources.published]
    assert [(order.zone, order.text) for order in orders if isinstance(order, Notice)] == [
        ("", "two lines"),
        ("zone-2", "mind the wolves"),
    ]
    assert error_of(act(bench, action="announce", text="x", zone="zone-9")) == (404, "no_zone")
    assert error_of(act(bench, action="announce", text="")) == (400, "bad_request")
    assert error_of(act(bench, action="announce", text="x" * 501)) == (400, "bad_request")
    events = bench.get("/v1/ops/events").json()["events"]
    assert [(event["kind"], event["zone"]) for event in events] == [("action", None), ("action", "zone-2")]
    assert events[0]["text"].startswith("127.0.0.1: ")


def playing(bench: Bench, name: str = "Ada") -> tuple[CharacterRow, int]:
    """A character in the world, and its zone's epoch; whoever is ordered away goes."""
    epoch = bench.open_zone()
    session = bench.guest(name)
    assert bench.post("/v1/play", session).status_code == 200
    row = bench.ask(FindCharacter(name=name))
    assert isinstance(row, CharacterRow)
    bench.claim(row.character, 1, epoch)

    def leave(topic: str, body: bytes) -> None:
        order = decode_order(body)
        if isinstance(order, Kick):
            bench.leave(order.character, epoch)

    bench.sources.on_publish = leave
    return row, epoch


def test_a_kick_is_done_once_the_store_says_that_the_player_is_gone(bench: Bench) -> None:
    row, _ = playing(bench)
    answer = act(bench, action="kick", name="ada", reason="advertising")
    assert answer.json() == {"ok": True, "text": "sent Ada away: advertising"}
    found = bench.ask(FindCharacter(character=row.character))
    assert isinstance(found, CharacterRow) and found.presence == AWAY
    assert [decode_order(body) for _, body in bench.sources.published] == [Kick(row.character, "advertising")]
    assert error_of(act(bench, action="kick", name="Ada")) == (404, "not_here")
    assert error_of(act(bench, action="kick", name="Nobody")) == (404, "not_here")
    assert error_of(act(bench, action="kick")) == (400, "bad_request")


def test_a_banned_account_is_kicked_and_refused_with_the_reason_until_the_end(bench: Bench) -> None:
    row, _ = playing(bench)
    session = bench.guest("Ada")
    until_s = bench.clock.now_ns() / S + 60
    assert act(bench, action="ban", name="Ada", until_s=until_s, reason="cheating").status_code == 200
    (order,) = [decode_order(body) for _, body in bench.sources.published]
    assert isinstance(order, Kick) and order.character == row.character and order.reason.endswith(": cheating")
    account = bench.ask(FindAccount("Ada"))
    assert isinstance(account, AccountRow) and account.ban_until_ms == round(until_s * 1000)
    for answer in (
        bench.post("/v1/login", name="Ada"),
        bench.post("/v1/play", session),
        bench.post("/v1/resume", session, character=row.character),
    ):
        assert error_of(answer) == (403, "banned")
        assert answer.json()["error"]["message"].endswith(": cheating")
    bench.wait(61)
    assert bench.post("/v1/play", session).status_code in (200, 202)


def test_a_ban_is_found_by_a_characters_name_too_and_taken_back(bench: Bench) -> None:
    session = bench.guest("Ada")
    bench.post("/v1/characters", session, name="Hero")
    assert act(bench, action="ban", name="hero").json()["text"] == "banned: Ada may not play here"
    assert error_of(bench.post("/v1/login", name="Ada")) == (403, "banned")
    assert act(bench, action="unban", name="Hero").json()["text"] == "Ada may play again"
    assert act(bench, action="unban", name="Hero").json()["text"] == "Ada was not banned"
    assert bench.post("/v1/login", name="Ada").status_code == 200
    assert error_of(act(bench, action="ban", name="Nobody")) == (404, "no_such_player")
    assert error_of(act(bench, action="ban", name="Ada", until_s=1)) == (400, "bad_request")


@pytest.mark.parametrize(("action", "what"), [("drain", "drain"), ("restart_zone", "restart"), ("start_zone", "start")])
def test_zones_are_the_supervisors(bench: Bench, action: str, what: str) -> None:
    assert error_of(act(bench, action=action, zone="zone-1")) == (409, "unsupervised")
    bench.sources.supervised = True
    assert act(bench, action=action, zone="zone-1").json() == {"ok": True, "text": "done"}
    (message,) = bench.sources.commanded
    assert (message["what"], message["zone"], message["layer"], message["by"]) == (what, "zone-1", 0, LOCAL)
    bench.sources.answer = {"ok": False, "text": "zone-1 does not run"}
    answer = act(bench, action=action, zone="zone-1")
    assert error_of(answer) == (409, "not_now") and answer.json()["error"]["message"] == "zone-1 does not run"
    bench.sources.answer = None
    assert error_of(act(bench, action=action, zone="zone-1")) == (503, "not_confirmed")
    assert error_of(act(bench, action=action, zone="zone-9")) == (404, "no_zone")


def test_world_events_start_once_are_shown_and_stop(bench: Bench) -> None:
    bench.sources.on_publish = bench.operations.hear
    assert act(bench, action="start_event", name="market", text="traders", seconds=60).status_code == 200
    (shown,) = world(bench)["game_events"]
    assert (shown["name"], shown["text"], shown["until_s"]) == ("market", "traders", bench.clock.now_ns() / S + 60)
    assert error_of(act(bench, action="start_event", name="market")) == (409, "runs_already")
    assert error_of(act(bench, action="start_event", name="", text="x")) == (400, "bad_request")
    assert error_of(act(bench, action="start_event", name="x", seconds=-1)) == (400, "bad_request")
    assert act(bench, action="stop_event", event=shown["event"]).status_code == 200
    assert world(bench)["game_events"] == []
    assert error_of(act(bench, action="stop_event", event=shown["event"])) == (404, "no_event")
    decoded = [decode_event(body) for _, body in bench.sources.published]
    assert [one[0] for one in decoded if one is not None] == [EVENT_STARTED, EVENT_ENDED]
    kinds = [event["kind"] for event in bench.get("/v1/ops/events").json()["events"]]
    assert kinds == ["event", "action", "event", "action"]


def test_an_event_that_somebody_else_started_is_told_once(bench: Bench) -> None:
    body = encode_event(EVENT_STARTED, GlobalEvent(5, "market", "traders"))
    for _ in range(2):
        bench.operations.hear("event", body)
    bench.operations.hear("talk", body)
    assert [event["text"] for event in bench.get("/v1/ops/events").json()["events"]] == ["market began: traders"]


def test_two_thousand_players_in_twenty_layers_are_shown_in_no_time(bench: Bench) -> None:
    for layer in range(20):
        epoch = bench.open_zone(layer=layer, capacity=100)
        bench.load_zone(epoch, 100, layer=layer)
    zones = {f"zone-1/{layer}" if layer else "zone-1": numbers(0, players=100, connected=100) for layer in range(20)}
    bench.sources.answers[MEASURES] = told(4242, 0, zones)
    bench.operations.turn()
    began_ns = time.process_time_ns()
    found = world(bench)
    assert time.process_time_ns() - began_ns < 50_000_000
    assert found["totals"]["players"] == 2000
