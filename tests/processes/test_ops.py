"""Operations of a real world: what is shown is so, and what is asked for is done."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emberdale.game import GAME
from myriad.core.errors import MyriadError
from myriad.runtime.player_shell import LivePlayer, connect
from myriad.wire.layouts import CHAT_NOTICE
from tests.processes.programs import Program
from tests.processes.worlds import until

SMALL = ("--zones", "2", "--zones-per-host", "1", "--npcs", "40", "--port", "0", "--hibernate-after-s", "0")
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = str(tmp_path_factory.mktemp("world"))
    with Program("myriad", "world", *SMALL, "--data", data) as program:
        program.until_ready()
        until(lambda: all(zone["state"] == "running" for zone in state(program)["zones"]))
        yield program


def state(world: Program) -> dict[str, Any]:
    status, found = world.request("GET", "/v1/ops/world")
    assert status == 200, found
    return dict(found)


def row(world: Program, zone: str) -> dict[str, Any]:
    return next(found for found in state(world)["zones"] if found["zone"] == zone)


def act(world: Program, **action: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(world.address, timeout=15)
    try:
        connection.request("POST", "/v1/ops/actions", json.dumps(action), {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def happened(world: Program, kind: str) -> list[str]:
    return [event["text"] for event in world.request("GET", "/v1/ops/events")[1]["events"] if event["kind"] == kind]


def enter(world: Program, name: str) -> LivePlayer:
    host, port = world.address.split(":")
    return connect(GAME, host, int(port), name, timeout_s=30)


class Deed:
    """An action that is asked for while players go on."""

    def __init__(self, world: Program, **action: Any) -> None:
        self.status = 0
        self.answer: Any = None
        self._thread = threading.Thread(target=self._run, args=(world, action))
        self._thread.start()

    def _run(self, world: Program, action: dict[str, Any]) -> None:
        self.status, self.answer = act(world, **action)

    def result(self) -> tuple[int, Any]:
        self._thread.join(PATIENCE_S)
        return self.status, self.answer


def wait_for_farewell(player: LivePlayer) -> str:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            player.wait(0.1)
        except MyriadError:
            return player.farewell
    raise AssertionError("the player was not sent away")


def rates_are_those_of_play(shown: dict[str, Any]) -> bool:
    """More goes down than up, once the seconds of the handshake, whose packets are large, are behind."""
    return bool(shown["down_bytes_s"] > shown["up_bytes_s"] > 0)


def test_players_and_their_zone_are_shown_with_rates_and_from_above(world: Program) -> None:
    with enter(world, "Ada") as player:
        zone = player.zone
        assert player.wait_until(lambda: (row(world, zone)["snapshots_s"] or 0) > 15, PATIENCE_S)
        shown = row(world, zone)
        assert (shown["players"], shown["connected"], shown["npcs"]) == (1, 1, 40)
        assert player.wait_until(lambda: rates_are_those_of_play(row(world, zone)), PATIENCE_S)
        assert 0 < shown["tick_p50_ms"] <= shown["tick_p99_ms"]
        status, detail = world.request("GET", f"/v1/ops/zones/{zone}")
        assert status == 200
        (one,) = detail["players"]
        assert (one["name"], one["character"], one["connected"]) == ("Ada", player.id, True)
        assert player.id in detail["view"]["entities"]["id"]
        assert {"receive", "step", "encode", "assemble", "send"} <= {phase["phase"] for phase in detail["phases"]}
    history = world.request("GET", "/v1/ops/history")[1]
    assert {len(values) for name, values in history["series"].items() if name != "drops_s"} == {len(history["times"])}


def test_an_announcement_is_read_by_players(world: Program) -> None:
    with enter(world, "Bob") as player:
        assert act(world, action="announce", text="the market opens") == (
            200,
            {"ok": True, "text": "announced to the whole world: the market opens"},
        )
        assert player.wait_until(lambda: bool(player.chats), PATIENCE_S)
        assert [(chat.scope, chat.text) for chat in player.chats] == [(CHAT_NOTICE, "the market opens")]
    assert "127.0.0.1: announced to the whole world: the market opens" in happened(world, "action")


def test_a_kicked_player_is_told_why_and_may_come_back(world: Program) -> None:
    with enter(world, "Cleo") as player:
        deed = Deed(world, action="kick", name="cleo", reason="advertising")
        assert wait_for_farewell(player) == "advertising"
        assert deed.result() == (200, {"ok": True, "text": "sent Cleo away: advertising"})
    assert act(world, action="kick", name="Cleo")[0] == 404
    with enter(world, "Cleo") as player:
        assert player.ready


def test_a_banned_player_is_sent_away_and_neither_logs_in_nor_plays_until_it_is_unbanned(world: Program) -> None:
    with enter(world, "Dora") as player:
        deed = Deed(world, action="ban", name="Dora", until_s=time.time() + 3600, reason="cheating")
        assert wait_for_farewell(player).endswith("UTC: cheating")
        assert deed.result()[0] == 200
    status, answer = world.request("POST", "/v1/login", {"name": "Dora"})
    assert (status, answer["error"]["code"]) == (403, "banned")
    assert answer["error"]["message"].endswith(": cheating")
    assert act(world, action="unban", name="Dora") == (200, {"ok": True, "text": "Dora may play again"})
    with enter(world, "Dora") as player:
        assert player.ready


def test_a_world_event_is_told_and_ends(world: Program) -> None:
    with enter(world, "Emil") as player:
        assert act(world, action="start_event", name="market", text="traders", seconds=600)[0] == 200
        assert player.wait_until(lambda: [one.name for one in player.running.values()] == ["market"], PATIENCE_S)
        until(lambda: state(world)["game_events"])
        (event,) = state(world)["game_events"]
        assert event["name"] == "market" and 590 < event["until_s"] - time.time() < 601
        assert act(world, action="start_event", name="market", text="again")[0] == 409
        assert act(world, action="stop_event", event=event["event"])[0] == 200
        assert player.wait_until(lambda: not player.running, PATIENCE_S)
        until(lambda: not state(world)["game_events"])
    assert happened(world, "event") == ["market began: traders", "market ended"]


def test_a_restarted_zone_has_its_player_back_where_it_was_with_the_session_it_had(world: Program) -> None:
    with enter(world, "Finn") as player:
        player.walk(0.3)
        player.wait(1.0)
        player.stop()
        player.wait(0.3)
        before, zone, character = player.position, player.zone, player.id
        epoch = row(world, zone)["epoch"]
        assert act(world, action="restart_zone", zone=zone)[0] == 200
        assert player.wait_until(lambda: row(world, zone)["epoch"] == epoch + 1 and player.ready, PATIENCE_S)
        player.wait(1.0)
        assert player.connected and (player.zone, player.id) == (zone, character)
        assert max(abs(player.position[0] - before[0]), abs(player.position[1] - before[1])) < 0.5
    assert [text for text in happened(world, "restart") if text.startswith("starts anew: asked for by 127.0.0.1")]
    assert happened(world, "crash") == []


def test_a_drained_zone_stays_down_until_it_is_started(world: Program) -> None:
    assert act(world, action="drain", zone="zone-2")[0] == 200
    until(lambda: row(world, "zone-2")["state"] == "hibernating" and row(world, "zone-2")["held"])
    assert act(world, action="drain", zone="zone-2")[0] == 409
    time_s = time.monotonic()
    until(lambda: time.monotonic() - time_s > 3)  # the policy has decided some times
    assert row(world, "zone-2")["state"] == "hibernating"
    assert act(world, action="start_zone", zone="zone-2")[0] == 200
    until(lambda: row(world, "zone-2")["state"] == "running")
    assert not row(world, "zone-2")["held"]
    assert act(world, action="start_zone", zone="zone-2")[0] == 409


def test_a_killed_host_is_seen_to_crash_and_to_run_again(world: Program) -> None:
    killed = next(host for host in state(world)["hosts"] if host["zones"] == ["zone-2"])
    newest = world.request("GET", "/v1/ops/events")[1]["newest"]
    os.kill(killed["pid"], signal.SIGKILL)
    events = world.request("GET", f"/v1/ops/events?after={newest}&wait=9")[1]["events"]
    assert events[0]["kind"] == "crash" and events[0]["host"] == killed["name"]
    assert row(world, "zone-2")["state"] == "restarting"
    until(lambda: row(world, "zone-2")["state"] == "running")
    again = next(host for host in state(world)["hosts"] if host["name"] == killed["name"])
    assert again["pid"] != killed["pid"] and again["starts"] == killed["starts"] + 1
    assert any("started again" in text for text in happened(world, "restart"))


def test_a_page_of_another_site_does_nothing(world: Program) -> None:
    for headers, status in (
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json", "origin": "http://evil.example"}, 403),
        ({"content-type": "application/json", "host": "evil.example"}, 403),
    ):
        connection = http.client.HTTPConnection(world.address, timeout=15)
        body = json.dumps({"action": "announce", "text": "hello"})
        connection.request("POST", "/v1/ops/actions", body, headers)
        assert connection.getresponse().status == status
        connection.close()


def test_a_world_started_by_hand_shows_its_zones_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    place = ("--data", str(tmp_path / "data"))
    with (
        Program("myriad", "server", "--zone", "zone-1", "--port", "0", "--npcs", "40", *place) as server,
        Program("myriad", "gateway", "--port", "0", *place) as gateway,
    ):
        server.until_ready()
        gateway.until_ready()
        until(lambda: row(gateway, "zone-1")["npcs"] == 40)
        found = state(gateway)
        assert not found["supervised"]
        assert [zone["zone"] for zone in found["zones"] if zone["state"] == "running"] == ["zone-1"]
        assert found["hosts"][0]["pid"] == server.process.pid
        status, answer = act(gateway, action="drain", zone="zone-1")
        assert (status, answer["error"]["code"]) == (409, "unsupervised")
        with enter(gateway, "Gus") as player:
            assert act(gateway, action="announce", text="hello", zone="zone-1")[0] == 200
            assert player.wait_until(lambda: bool(player.chats), PATIENCE_S)
            deed = Deed(gateway, action="kick", character=player.id, reason="enough")
            assert wait_for_farewell(player) == "enough"
            assert deed.result()[0] == 200
