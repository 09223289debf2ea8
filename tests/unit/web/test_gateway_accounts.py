"""Accounts, sessions and characters at the gateway."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from myriad.cluster.requests import AccountRow, FindAccount, FindCharacter, FindSession, NotFound, ZoneKey
from myriad.web.gateway.accounts import SESSION_LIFE_S
from tests.unit.web.gateway_bench import EAST, Bench, bearer, error_of, new_bench

PASSWORD = "correct horse"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def register(bench: Bench, name: str = "Ada", password: str = PASSWORD) -> str:
    answer = bench.post("/v1/register", name=name, password=password)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_token"])


def test_who_registers_is_logged_in_and_logs_in_again(bench: Bench) -> None:
    session = register(bench)
    assert bench.get("/v1/characters", session).status_code == 200
    answer = bench.post("/v1/login", name="Ada", password=PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["name"], body["guest"], body["expires_s"]) == ("Ada", False, SESSION_LIFE_S)
    assert body["session_token"] != session
    assert bench.get("/v1/characters", body["session_token"]).status_code == 200


def test_the_store_knows_hashes_of_passwords_and_sessions_only(bench: Bench) -> None:
    session = register(bench)
    account = bench.ask(FindAccount("Ada"))
    assert isinstance(account, AccountRow) and account.password_hash is not None
    assert account.password_hash.startswith("$argon2id$") and PASSWORD not in account.password_hash
    assert isinstance(bench.ask(FindSession(session.encode())), NotFound)
    assert bench.ask(FindSession(hashlib.sha256(session.encode()).digest())) == account


def test_a_name_is_registered_once_whatever_its_case(bench: Bench) -> None:
    register(bench)
    before = bench.ask(FindAccount("Ada"))
    for name in ("Ada", "ADA"):
        assert error_of(bench.post("/v1/register", name=name, password="another one")) == (409, "name_taken")
    assert bench.ask(FindAccount("Ada")) == before


@pytest.mark.parametrize("password", ["", "short", "a" * 257, "ü" * 129])
def test_a_password_is_neither_too_short_nor_too_long(bench: Bench, password: str) -> None:
    assert error_of(bench.post("/v1/register", name="Ada", password=password)) == (400, "bad_password")
    assert isinstance(bench.ask(FindAccount("Ada")), NotFound)


@pytest.mark.parametrize("name", ["", " a", "a\nb", "a" * 25, "ü" * 13])
def test_names_follow_the_front_door_s_rules(bench: Bench, name: str) -> None:
    assert error_of(bench.post("/v1/register", name=name, password=PASSWORD)) == (400, "bad_name")
    assert error_of(bench.post("/v1/login", name=name)) == (400, "bad_name")
    assert bench.num_asked == 0


def test_a_wrong_password_and_no_account_are_answered_alike(bench: Bench) -> None:
    register(bench)
    wrong = bench.post("/v1/login", name="Ada", password="wrong horse")
    nobody = bench.post("/v1/login", name="Bob", password="wrong horse")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()
    assert bench.gateway.counts["logins", "failed"] == 2


def test_a_password_longer_than_any_is_just_wrong(bench: Bench) -> None:
    register(bench, password="a" * 256)
    assert error_of(bench.post("/v1/login", name="Ada", password="a" * 257)) == (401, "wrong_password")
    lone = b'{"name": "Ada", "password": "\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800"}'
    answer = bench.http.post("/v1/login", content=lone, headers={"content-type": "application/json"})
    assert error_of(answer)[0] in (400, 401)


def test_a_guest_comes_back_by_name_and_never_into_an_account_with_a_password(bench: Bench) -> None:
    first = bench.post("/v1/login", name="Bob").json()
    assert first["guest"] and bench.post("/v1/login", name="bob").json()["account"] == first["account"]
    register(bench)
    for name in ("Ada", "aDA"):
        assert error_of(bench.post("/v1/login", name=name)) == (409, "name_taken")
    assert error_of(bench.post("/v1/register", name="Bob", password=PASSWORD)) == (409, "name_taken")
    assert error_of(bench.post("/v1/login", name="Bob", password=PASSWORD)) == (401, "wrong_password")


@pytest.mark.parametrize(
    ("bind", "guests", "behind_proxy", "allowed"),
    [
        ("127.0.0.1", "auto", False, True),
        ("::1", "auto", False, True),
        ("0.0.0.0", "auto", False, False),
        ("127.0.0.1", "auto", True, False),
        ("127.0.0.1", "off", False, False),
        ("0.0.0.0", "on", False, True),
    ],
)
def test_guests_play_where_only_this_machine_listens_or_as_set(
    bind: str, guests: str, behind_proxy: bool, allowed: bool
) -> None:
    with new_bench(bind, guests=guests, behind_proxy=behind_proxy) as bench:
        answer = bench.post("/v1/login", name="Bob")
        assert (answer.status_code == 200) == allowed
        if not allowed:
            assert error_of(answer) == (403, "not_allowed")
            assert isinstance(bench.ask(FindAccount("Bob")), NotFound)


def test_a_banned_account_neither_logs_in_nor_uses_its_session(bench: Bench) -> None:
    session = register(bench)
    guest = bench.guest("Bob")
    bench.ban("Ada")
    bench.ban("Bob")
    assert error_of(bench.post("/v1/login", name="Ada", password=PASSWORD)) == (403, "banned")
    assert error_of(bench.post("/v1/login", name="Bob")) == (403, "banned")
    for one in (session, guest):
        assert error_of(bench.get("/v1/characters", one)) == (403, "banned")
        assert error_of(bench.post("/v1/play", one)) == (403, "banned")
    assert error_of(bench.post("/v1/login", name="Ada", password="wrong horse")) == (401, "wrong_password")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic " + "a" * 43, "Bearer " + "a" * 43])
def test_without_a_good_session_nothing_is_told(bench: Bench, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = bench.http.get("/v1/characters", headers=headers)
    assert error_of(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    for path, body in (("/v1/play", {}), ("/v1/resume", {"character": 1}), ("/v1/characters", {"name": "a"})):
        assert error_of(bench.http.post(path, json=body, headers=headers)) == (401, "unauthorized")


def test_a_session_ends_after_its_life(bench: Bench) -> None:
    session = bench.guest()
    bench.wait(SESSION_LIFE_S + 1)
    assert error_of(bench.get("/v1/characters", session)) == (401, "unauthorized")


def test_characters_are_made_listed_and_deleted(bench: Bench) -> None:
    session = bench.guest()
    answer = bench.post("/v1/characters", session, name="Hero")
    assert answer.status_code == 201
    hero = answer.json()
    assert (hero["name"], hero["zone"], hero["x"], hero["y"], hero["playing"]) == ("Hero", "zone-1", 500, 500, False)
    placed = bench.post("/v1/characters", session, name="Heroine", spawn=EAST).json()
    assert (placed["zone"], placed["x"], placed["y"]) == ("zone-2", *EAST)
    listed = bench.get("/v1/characters", session).json()
    assert listed == {"characters": [hero, placed], "max_characters": 8}
    assert bench.http.delete(f"/v1/characters/{hero['character']}", headers=bearer(session)).status_code == 204
    assert bench.get("/v1/characters", session).json()["characters"] == [placed]


def test_a_character_s_name_is_the_only_one_and_their_number_limited() -> None:
    with new_bench(max_characters=2) as bench:
        session = bench.guest()
        assert bench.post("/v1/characters", session, name="One").status_code == 201
        assert error_of(bench.post("/v1/characters", bench.guest("Bob"), name="one")) == (409, "name_taken")
        assert bench.post("/v1/characters", session, name="Two").status_code == 201
        assert error_of(bench.post("/v1/characters", session, name="Three")) == (409, "too_many")
        assert len(bench.get("/v1/characters", session).json()["characters"]) == 2


def test_an_account_reaches_its_own_characters_only(bench: Bench) -> None:
    bench.open_zone()
    hero = bench.post("/v1/characters", bench.guest(), name="Hero").json()["character"]
    other = bench.guest("Bob")
    for character in (hero, hero + 1):
        answer = bench.http.delete(f"/v1/characters/{character}", headers=bearer(other))
        assert error_of(answer) == (404, "not_found")
        assert error_of(bench.post("/v1/play", other, character=character)) == (404, "not_found")
        assert error_of(bench.post("/v1/resume", other, character=character)) == (404, "not_found")
    assert not isinstance(bench.ask(FindCharacter(hero)), NotFound)


def test_who_is_in_the_world_cannot_be_deleted(bench: Bench) -> None:
    session = bench.guest()
    hero = bench.post("/v1/characters", session, name="Hero").json()["character"]
    bench.claim(hero, 7, bench.open_zone())
    answer = bench.http.delete(f"/v1/characters/{hero}", headers=bearer(session))
    assert error_of(answer) == (409, "playing")
    assert bench.get("/v1/characters", session).json()["characters"][0]["playing"]


@pytest.mark.parametrize(("spawn", "code"), [([1e9, 0], "bad_spawn"), ([-1, 0], "bad_spawn"), ([1], "bad_request")])
def test_a_character_starts_within_the_world(bench: Bench, spawn: list[float], code: str) -> None:
    session = bench.guest()
    assert error_of(bench.post("/v1/characters", session, name="Hero", spawn=spawn)) == (400, code)
    assert bench.get("/v1/characters", session).json()["characters"] == []


def test_where_players_may_not_choose_a_spawn_is_refused() -> None:
    with new_bench(allow_spawn_choice="off") as bench:
        session = bench.guest()
        assert error_of(bench.post("/v1/characters", session, name="Hero", spawn=EAST)) == (403, "not_allowed")
        assert error_of(bench.post("/v1/play", session, spawn=EAST)) == (403, "not_allowed")
        assert isinstance(bench.ask(FindCharacter(name="Hero")), NotFound)


def test_a_new_character_belongs_to_the_zone_of_its_place(bench: Bench) -> None:
    bench.post("/v1/characters", bench.guest(), name="Hero", spawn=EAST)
    row = bench.ask(FindCharacter(name="Hero"))
    assert not isinstance(row, NotFound) and getattr(row, "owner", None) == ZoneKey("zone-2")
