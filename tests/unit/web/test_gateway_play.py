"""From a character to a token: where it leads, who waits, and what happens while something is down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from myriad.cluster.requests import CharacterRow, FindCharacter, TakeWanted, Wanted, ZoneKey
from tests.unit.web.gateway_bench import EAST, Bench, S, bearer, error_of, new_bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def wanted(bench: Bench) -> set[ZoneKey]:
    answer = bench.ask(TakeWanted())
    assert isinstance(answer, Wanted)
    return set(answer.keys)


def row_of(bench: Bench, name: str) -> CharacterRow:
    row = bench.ask(FindCharacter(name=name))
    assert isinstance(row, CharacterRow)
    return row


def resume(bench: Bench, token: str, character: int, session: str) -> Any:
    body = {"character": character, "session": session}
    return bench.http.post("/v1/resume", json=body, headers=bearer(token))


def test_play_gives_a_token_for_the_zone_where_the_character_stands(bench: Bench) -> None:
    bench.open_zone()
    bench.open_zone("zone-2", endpoint="127.0.0.1:1444")
    session = bench.guest()
    hero = bench.post("/v1/characters", session, name="Hero", spawn=EAST).json()["character"]
    answer = bench.post("/v1/play", session, character=hero)
    assert answer.status_code == 200
    granted = answer.json()
    private, data = bench.opened(granted)
    assert [str(server) for server in private.servers] == granted["servers"] == ["127.0.0.1:1444"]
    assert (data.character, data.name, data.spawn) == (hero, "Hero", None)
    assert f"{data.session:016x}" == granted["session"]
    assert (granted["character"], granted["name"]) == (hero, "Hero")
    assert (granted["zone"], granted["layer"]) == ("zone-2", 0)
    assert granted["protocol"] == {
        "protocol_id": "00000000000000ab",
        "game": "tiny",
        "tick_hz": 60,
        "snapshot_hz": 20,
    }
    assert granted["map"] == {"name": "zone-2", "number": 2, "x": 1000, "y": 0, "width": 1000, "height": 1000}


def test_without_a_character_the_first_one_plays_made_under_the_account_s_name(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest("Ada")
    first = bench.post("/v1/play", session).json()
    assert first["name"] == "Ada"
    assert bench.post("/v1/play", session).json()["character"] == first["character"]
    assert len(bench.get("/v1/characters", session).json()["characters"]) == 1


def test_every_play_is_a_new_session(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    assert len({bench.post("/v1/play", session).json()["session"] for _ in range(5)}) == 5


def test_who_chooses_where_to_start_is_moved_there_before_the_token_says_so(bench: Bench) -> None:
    bench.open_zone()
    bench.open_zone("zone-2")
    session = bench.guest()
    assert bench.post("/v1/play", session).json()["zone"] == "zone-1"
    granted = bench.post("/v1/play", session, spawn=EAST).json()
    assert granted["zone"] == "zone-2"
    assert bench.opened(granted)[1].spawn == (1500 * 1024, 20 * 1024 + 512)
    row = row_of(bench, "Ada")
    assert (row.owner, row.x, row.y) == (ZoneKey("zone-2"), *EAST)


def test_a_zone_that_does_not_run_is_wanted_and_the_player_asked_to_come_again(bench: Bench) -> None:
    answer = bench.post("/v1/play", bench.guest())
    assert answer.status_code == 202
    body = answer.json()
    assert (body["zone"], body["position"], body["why"]) == ("zone-1", 1, "the zone is starting")
    assert 0 < body["retry_after_s"] < 1 and answer.headers["retry-after"] == "1"
    assert wanted(bench) == {ZoneKey("zone-1")}


def test_the_store_is_told_of_a_wanted_zone_once_a_second(bench: Bench) -> None:
    session = bench.guest()
    for _ in range(5):
        bench.post("/v1/play", session)
    assert wanted(bench) == {ZoneKey("zone-1")}
    bench.post("/v1/play", session)
    assert wanted(bench) == set()
    bench.wait(1)
    bench.post("/v1/play", session)
    assert wanted(bench) == {ZoneKey("zone-1")}


def test_once_the_zone_runs_those_who_wait_get_in_in_their_order(bench: Bench) -> None:
    players = [bench.guest(name) for name in ("Ada", "Bob", "Cleo")]
    assert [bench.post("/v1/play", one).json()["position"] for one in players] == [1, 2, 3]
    bench.open_zone(capacity=2)
    assert bench.post("/v1/play", players[2]).json()["position"] == 1
    assert [bench.post("/v1/play", one).status_code for one in players] == [200, 200, 202]


def test_a_full_zone_wants_another_layer_and_sends_players_there(bench: Bench) -> None:
    epoch = bench.open_zone(capacity=2)
    bench.load_zone(epoch, connected=2)
    session = bench.guest()
    body = bench.post("/v1/play", session).json()
    assert body["why"] == "the zone is full"
    assert wanted(bench) == {ZoneKey("zone-1", 1)}
    bench.open_zone(layer=1, endpoint="127.0.0.1:1500")
    granted = bench.post("/v1/play", session).json()
    assert (granted["zone"], granted["layer"], granted["servers"]) == ("zone-1", 1, ["127.0.0.1:1500"])
    bench.opened(granted)


def test_above_max_online_players_wait_and_above_max_queue_they_are_sent_away() -> None:
    with new_bench(max_online=1, max_queue=1) as bench:
        bench.open_zone()
        assert bench.post("/v1/play", bench.guest("Ada")).status_code == 200
        body = bench.post("/v1/play", bench.guest("Bob")).json()
        assert (body["why"], body["position"]) == ("the world is full", 1)
        answer = bench.post("/v1/play", bench.guest("Cleo"))
        assert error_of(answer) == (503, "queue_full")
        assert int(answer.headers["retry-after"]) >= 1
        assert len(bench.gateway.balancer.queue) == 1


def test_a_playing_character_goes_back_where_it_plays_full_or_not(bench: Bench) -> None:
    epoch = bench.open_zone(capacity=1)
    session = bench.guest()
    hero = bench.post("/v1/play", session).json()["character"]
    bench.claim(hero, 7, epoch)
    bench.load_zone(epoch, connected=1)
    assert bench.post("/v1/play", bench.guest("Bob")).status_code == 202
    for path in ("/v1/play", "/v1/resume"):
        answer = bench.post(path, session, character=hero)
        assert answer.status_code == 200, path
    assert bench.post("/v1/play", session, spawn=EAST).json()["zone"] == "zone-1", "it stands where it stands"


def test_resume_leads_into_the_zone_and_layer_of_the_avatar_with_the_session_it_was_played_in(bench: Bench) -> None:
    bench.open_zone()
    epoch = bench.open_zone(layer=3, endpoint="127.0.0.1:1500")
    session = bench.guest()
    hero = bench.post("/v1/play", session).json()["character"]
    bench.claim(hero, 0xBEEF, epoch, layer=3)
    granted = bench.post("/v1/resume", session, character=hero).json()
    assert (granted["layer"], granted["servers"]) == (3, ["127.0.0.1:1500"])
    assert bench.opened(granted)[1].session == 0xBEEF and granted["session"] == "000000000000beef"
    granted = resume(bench, session, hero, "00000000000000aa").json()

    assert bench.opened(granted)[1].session == 0xAA
    for wrong in ("aa", "0" * 17, "00000000000000AA", "x" * 16):
        assert error_of(resume(bench, session, hero, wrong)) == (400, "bad_request")


def test_who_is_not_in_the_world_cannot_resume(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    hero = bench.post("/v1/characters", session, name="Hero").json()["character"]
    assert error_of(bench.post("/v1/resume", session, character=hero)) == (409, "not_playing")


def test_after_a_crash_resume_waits_shortly_wants_the_zone_and_then_uses_its_new_key(bench: Bench) -> None:
    epoch = bench.open_zone()
    session = bench.guest()
    hero = bench.post("/v1/play", session).json()["character"]
    bench.claim(hero, 7, epoch)
    bench.close_zone(epoch)
    wanted(bench)
    answer = bench.post("/v1/resume", session, character=hero)
    assert answer.status_code == 202 and answer.json()["retry_after_s"] <= 0.25
    assert wanted(bench) == {ZoneKey("zone-1")}
    bench.open_zone(endpoint="127.0.0.1:1777")
    granted = bench.post("/v1/resume", session, character=hero).json()
    assert granted["servers"] == ["127.0.0.1:1777"]
    assert bench.opened(granted)[1].session == 7


def test_a_zone_whose_lease_ended_is_not_sent_to(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    assert bench.post("/v1/play", session).status_code == 200
    bench.wait(61)
    assert bench.post("/v1/play", session).json()["why"] == "the zone is starting"


def test_a_draining_zone_takes_nobody(bench: Bench) -> None:
    epoch = bench.open_zone()
    bench.load_zone(epoch, connected=0, state="draining")
    assert bench.post("/v1/play", bench.guest()).status_code == 202


def test_a_sleeping_zone_is_woken_and_entered(bench: Bench) -> None:
    epoch = bench.open_zone()
    bench.load_zone(epoch, connected=0, state="hibernating")
    wanted(bench)
    assert bench.post("/v1/play", bench.guest()).status_code == 200
    assert wanted(bench) == {ZoneKey("zone-1")}


def test_the_directory_is_read_twice_a_second_at_most(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    bench.post("/v1/play", session)
    before = bench.num_asked
    for _ in range(10):
        assert bench.get("/v1/world").status_code == 200
    assert bench.num_asked == before
    bench.wait(0.6)
    bench.get("/v1/world")
    assert bench.num_asked == before + 1


def test_without_the_store_every_request_says_so_and_later_goes_on(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    bench.store_down = True
    for answer in (
        bench.post("/v1/login", name="Bob"),
        bench.post("/v1/register", name="Bob", password="a good one"),
        bench.get("/v1/characters", session),
        bench.post("/v1/play", session),
        bench.post("/v1/play_many", names=["x", "y"]),
    ):
        assert error_of(answer) == (503, "store_unavailable")
        assert answer.headers["retry-after"] == "1"
    assert bench.get("/v1/world").status_code == 200
    assert bench.get("/healthz").status_code == 503
    bench.store_down = False
    bench.wait(1)
    assert bench.get("/healthz").status_code == 200
    assert bench.post("/v1/play", session).status_code == 200


def test_a_store_that_failed_is_left_alone_for_a_moment(bench: Bench) -> None:
    bench.store_down = True
    for _ in range(5):
        bench.get("/healthz")
    assert bench.num_asked == 1
    bench.clock.advance_ns(S)
    bench.get("/healthz")
    assert bench.num_asked == 2
