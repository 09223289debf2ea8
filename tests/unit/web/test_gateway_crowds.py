"""Crowds of guests by one request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from myriad.cluster.requests import CharacterRow, FindAccount, FindCharacter, NotFound, ZoneKey
from myriad.web.gateway.messages import MAX_PLAYERS_PER_REQUEST
from tests.unit.web.gateway_bench import AWAY_HOST, EAST, Bench, error_of, new_bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def names_by_zone(answer: dict[str, Any]) -> dict[tuple[str, int], list[str]]:
    return {(one["zone"], one["layer"]): [player["name"] for player in one["players"]] for one in answer["grants"]}


def test_many_enter_by_one_request_each_into_the_zone_of_its_place(bench: Bench) -> None:
    bench.open_zone()
    bench.open_zone("zone-2", endpoint="127.0.0.1:1400")
    spawns = [[10, 20], EAST, None, [1999, 999]]
    answer = bench.post("/v1/play_many", names=["a", "b", "c", "d"], spawns=spawns)
    assert answer.status_code == 200
    body = answer.json()
    assert names_by_zone(body) == {("zone-1", 0): ["a", "c"], ("zone-2", 0): ["b", "d"]}
    assert body["waiting"] == body["refused"] == []
    for group in body["grants"]:
        assert group["protocol"]["game"] == "tiny" and group["map"]["name"] == group["zone"]
        for player in group["players"]:
            private, data = bench.opened(group, player["token"])
            assert [str(server) for server in private.servers] == group["servers"]
            assert (data.name, data.character) == (player["name"], player["character"])
            assert f"{data.session:016x}" == player["session"]
    row = bench.ask(FindCharacter(name="b"))
    assert isinstance(row, CharacterRow) and (row.owner, row.x, row.y) == (ZoneKey("zone-2"), *EAST)


def test_a_thousand_enter_and_asked_again_nobody_is_made_twice(bench: Bench) -> None:
    bench.open_zone(capacity=MAX_PLAYERS_PER_REQUEST)
    names = [f"p{i}" for i in range(MAX_PLAYERS_PER_REQUEST)]
    first = bench.post("/v1/play_many", names=names).json()
    again = bench.post("/v1/play_many", names=names).json()
    for body in (first, again):
        assert names_by_zone(body) == {("zone-1", 0): names}
    characters = [[player["character"] for player in body["grants"][0]["players"]] for body in (first, again)]
    assert characters[0] == characters[1] and len(set(characters[0])) == len(names)
    assert len(bench.gateway.balancer.promises) == len(names)


def test_those_without_room_wait_and_get_in_when_they_ask_again(bench: Bench) -> None:
    bench.open_zone(capacity=2)
    body = bench.post("/v1/play_many", names=["a", "b", "c", "d"]).json()
    assert names_by_zone(body) == {("zone-1", 0): ["a", "b"]}
    assert [(one["name"], one["position"], one["zone"]) for one in body["waiting"]] == [
        ("c", 1, "zone-1"),
        ("d", 2, "zone-1"),
    ]
    assert all(one["retry_after_s"] > 0 and one["why"] == "the zone is full" for one in body["waiting"])
    bench.open_zone(layer=1)
    body = bench.post("/v1/play_many", names=["c", "d"]).json()
    assert names_by_zone(body) == {("zone-1", 1): ["c", "d"]}


def test_a_name_with_a_password_is_refused_alone(bench: Bench) -> None:
    bench.open_zone()
    bench.post("/v1/register", name="Ada", password="correct horse")
    body = bench.post("/v1/play_many", names=["a", "ada", "b"]).json()
    assert names_by_zone(body) == {("zone-1", 0): ["a", "b"]}
    ((refused),) = body["refused"]
    assert (refused["name"], refused["code"]) == ("ada", "name_taken") and refused["message"]


def test_many_resume_into_the_zones_of_their_avatars_with_their_sessions(bench: Bench) -> None:
    epochs = {1: bench.open_zone(), 2: bench.open_zone("zone-2")}
    entered = bench.post("/v1/play_many", names=["a", "b", "c"], spawns=[None, EAST, None]).json()
    players = {player["name"]: player for group in entered["grants"] for player in group["players"]}
    bench.claim(players["a"]["character"], int(players["a"]["session"], 16), epochs[1])
    bench.claim(players["b"]["character"], int(players["b"]["session"], 16), epochs[2], "zone-2")
    sessions = [players["a"]["session"], "00000000000000aa", None]
    body = bench.post("/v1/resume_many", names=["a", "b", "c"], sessions=sessions).json()
    assert names_by_zone(body) == {("zone-1", 0): ["a"], ("zone-2", 0): ["b"]}
    resumed = {player["name"]: player["session"] for group in body["grants"] for player in group["players"]}
    assert resumed == {"a": players["a"]["session"], "b": "00000000000000aa"}
    assert [(one["name"], one["code"]) for one in body["refused"]] == [("c", "not_playing")]
    bench.close_zone(epochs[1])
    body = bench.post("/v1/resume_many", names=["a", "b"]).json()
    assert names_by_zone(body) == {("zone-2", 0): ["b"]}
    assert [(one["name"], one["position"]) for one in body["waiting"]] == [("a", 0)]


BAD: list[dict[str, Any]] = [
    {"names": []},
    {"names": ["a", "a"]},
    {"names": ["a"] * (MAX_PLAYERS_PER_REQUEST + 1)},
    {"names": ["a", " b"]},
    {"names": ["a"], "spawns": []},
    {"names": ["a", "b"], "spawns": [None, [-5, 0]]},
    {"names": ["a"], "spawn": [1, 2]},
    {"name": "a"},
]


@pytest.mark.parametrize("body", BAD, ids=[str(body)[:40] for body in BAD])
def test_a_bad_crowd_is_refused_whole(bench: Bench, body: dict[str, Any]) -> None:
    bench.open_zone()
    assert error_of(bench.post("/v1/play_many", **body))[0] == 400
    assert isinstance(bench.ask(FindAccount("a")), NotFound)


def test_a_bad_crowd_of_sessions_is_refused_whole(bench: Bench) -> None:
    for sessions in ([], ["xyz"]):
        answer = bench.post("/v1/resume_many", names=["a"], sessions=sessions)
        assert error_of(answer) == (400, "bad_request")


@pytest.mark.parametrize(
    ("host", "settings"),
    [
        (AWAY_HOST, {"allow_spawn_choice": "on", "guests": "on"}),
        ("127.0.0.1", {"allow_spawn_choice": "off"}),
        ("127.0.0.1", {"guests": "off"}),
        ("127.0.0.1", {"behind_proxy": True, "allow_spawn_choice": "on", "guests": "on"}),
    ],
)
def test_crowds_come_from_this_machine_where_guests_may_choose_where_they_start(
    host: str, settings: dict[str, Any]
) -> None:
    with new_bench(**settings) as bench:
        bench.client_host = host
        for path in ("/v1/play_many", "/v1/resume_many"):
            assert error_of(bench.post(path, names=["a"])) == (403, "not_allowed")
        assert isinstance(bench.ask(FindAccount("a")), NotFound)
