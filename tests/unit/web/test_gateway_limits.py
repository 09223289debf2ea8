"""Limits by address and by account, with the exemption off; and passwords' bounded work."""

from __future__ import annotations

import asyncio
import threading

import pytest
from nacl.pwhash import argon2id

from myriad.web.gateway.passwords import Passwords
from myriad.web.gateway.rate_limits import MAX_KEYS, RateLimit
from myriad.web.refusals import Refusal
from tests.unit.web.gateway_bench import Bench, S, error_of, new_bench

PASSWORD = "correct horse"


def test_an_allowance_is_a_minute_s_worth_at_once_then_evenly() -> None:
    limit = RateLimit(10)
    assert [limit.take("a", 0) for _ in range(10)] == [0.0] * 10
    assert limit.take("a", 0) == 6.0
    assert limit.take("b", 0) == 0.0
    assert limit.take("a", 5 * S) == 1.0
    assert limit.take("a", 6 * S) == 0.0
    assert limit.take("a", 6 * S) == 6.0
    assert [limit.take("a", 100 * S) for _ in range(11)] == [0.0] * 10 + [6.0]


def test_what_is_given_back_does_not_count() -> None:
    limit = RateLimit(1)
    for _ in range(5):
        assert limit.take("a", 0) == 0.0
        limit.give_back("a")
    limit.give_back("unknown")
    assert limit.take("a", 0) == 0.0 and limit.take("a", 0) == 60.0


def test_limits_forget_who_has_his_whole_allowance_and_never_grow_beyond_their_bound() -> None:
    limit = RateLimit(60)
    for i in range(1000):
        limit.take(str(i), i * S)
    assert len(limit) <= 2
    for i in range(MAX_KEYS + 100):
        limit.take(str(i), 2000 * S)
    assert len(limit) == MAX_KEYS


def attempt(bench: Bench, name: str = "Ada", password: str = "wrong horse") -> int:
    return int(bench.post("/v1/login", name=name, password=password).status_code)


def test_an_account_s_failed_logins_are_limited_for_the_right_password_too_and_only_for_a_while() -> None:
    with new_bench(http_exempt_prefixes=(), logins_per_account_min=3) as bench:
        bench.post("/v1/register", name="Ada", password=PASSWORD)
        assert [attempt(bench) for _ in range(3)] == [401] * 3
        answer = bench.post("/v1/login", name="aDa", password=PASSWORD)
        assert error_of(answer) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert attempt(bench, "Bob") == 401, "others are not touched"
        bench.wait(20)
        assert attempt(bench, password=PASSWORD) == 200


def test_logins_that_succeed_do_not_count_as_failed() -> None:
    with new_bench(http_exempt_prefixes=(), logins_per_account_min=2) as bench:
        bench.post("/v1/register", name="Ada", password=PASSWORD)
        assert [attempt(bench, password=PASSWORD) for _ in range(8)] == [200] * 8


def test_accounts_that_do_not_exist_are_limited_alike() -> None:
    with new_bench(http_exempt_prefixes=(), logins_per_account_min=2) as bench:
        assert [attempt(bench, "Nobody") for _ in range(4)] == [401, 401, 429, 429]


def test_requests_of_an_address_are_limited_and_change_nothing_then() -> None:
    with new_bench(http_exempt_prefixes=(), requests_per_address_min=4) as bench:
        session = bench.guest("Ada")
        assert bench.post("/v1/register", name="Bob", password=PASSWORD).status_code == 201
        assert bench.post("/v1/characters", session, name="Hero").status_code == 201
        assert bench.get("/v1/characters", "x" * 43).status_code == 401
        before = bench.num_asked
        for answer in (
            bench.post("/v1/login", name="Cleo"),
            bench.post("/v1/register", name="Cleo", password=PASSWORD),
            bench.post("/v1/characters", session, name="Heroine"),
        ):
            assert error_of(answer) == (429, "too_many_requests")
        assert bench.num_asked == before
        assert bench.get("/v1/characters", session).status_code == 200, "who is logged in goes on"
        bench.client_host = "127.0.0.2"
        assert bench.post("/v1/login", name="Cleo").status_code == 200


def test_guessing_sessions_is_limited_by_address() -> None:
    with new_bench(http_exempt_prefixes=(), requests_per_address_min=2) as bench:
        codes = [bench.get("/v1/characters", "x" * 43).status_code for _ in range(4)]
        assert codes == [401, 401, 429, 429]


def test_an_account_s_requests_to_play_are_limited_and_change_nothing_then() -> None:
    with new_bench(http_exempt_prefixes=(), plays_per_account_min=3) as bench:
        bench.open_zone()
        session, other = bench.guest("Ada"), bench.guest("Bob")
        character = bench.post("/v1/play", session).json()["character"]
        bench.post("/v1/resume", session, character=character)
        assert bench.post("/v1/play", session).status_code == 200
        sessions = (session, bench.guest("Ada"))
        for again in sessions:  # another session of the account is no way around it
            answer = bench.post("/v1/play", again)
            assert error_of(answer) == (429, "too_many_requests")
            assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert error_of(bench.post("/v1/resume", session, character=character)) == (429, "too_many_requests")
        assert bench.post("/v1/play", other).status_code == 200, "others are not touched"
        bench.wait(20)
        assert bench.post("/v1/play", session).status_code == 200
        assert bench.post("/v1/play", session).status_code == 429


def test_who_waits_for_a_zone_to_start_may_ask_as_often_as_it_is_told_to() -> None:
    with new_bench(http_exempt_prefixes=()) as bench:
        session = bench.guest("Ada")
        for _ in range(600):
            answer = bench.post("/v1/play", session)
            assert answer.status_code == 202
            bench.wait(max(answer.json()["retry_after_s"], 0.25))


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    with new_bench("::1", http_exempt_prefixes=(), requests_per_address_min=2) as bench:
        answers = []
        for host in ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:0:ffff::1", "2001:db8:0:1::1"):
            bench.client_host = host
            answers.append(bench.post("/v1/login", name="Ada").status_code)
        assert answers == [200, 200, 429, 200]


def test_exempt_networks_are_not_limited() -> None:
    with new_bench(requests_per_address_min=1, logins_per_account_min=1, plays_per_account_min=1) as bench:
        session = bench.guest()
        assert [bench.post("/v1/play", session).status_code for _ in range(5)] == [202] * 5
        assert [attempt(bench) for _ in range(5)] == [401] * 5


def test_behind_a_proxy_the_client_is_who_the_proxy_says() -> None:
    with new_bench(behind_proxy=True, guests="on", requests_per_address_min=1) as bench:
        codes = []
        for forwarded in ("203.0.113.1", "127.0.0.1, 203.0.113.1", "203.0.113.2", "127.0.0.1"):
            answer = bench.http.post("/v1/login", json={"name": "Ada"}, headers={"x-forwarded-for": forwarded})
            codes.append(answer.status_code)
        assert codes == [200, 429, 200, 200]
        assert [bench.post("/v1/login", name="Ada").status_code for _ in range(2)] == [200, 429], "unknown is not local"


def fast(**more: int) -> Passwords:
    return Passwords(opslimit=argon2id.OPSLIMIT_MIN, memlimit=argon2id.MEMLIMIT_MIN, **more)


def test_a_password_is_verified_against_its_own_hash_only() -> None:
    async def scenario() -> None:
        passwords = fast()
        hashed = await passwords.hash(b"correct horse")
        assert await passwords.verify("correct horse", hashed)
        assert not await passwords.verify("wrong horse", hashed)
        assert not await passwords.verify("correct horse", None)
        assert await passwords.hash(b"correct horse") != hashed
        passwords.close()

    asyncio.run(scenario())


def test_without_an_account_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    verify = argon2id.verify

    def record(password_hash: bytes, password: bytes) -> bool:
        compared.append(password_hash.decode())
        return bool(verify(password_hash, password))

    monkeypatch.setattr(argon2id, "verify", record)

    async def scenario() -> None:
        passwords = fast()
        hashed = await passwords.hash(b"correct horse")
        await passwords.verify("wrong horse", hashed)
        await passwords.verify("wrong horse", None)
        passwords.close()

    asyncio.run(scenario())
    with_account, without = (text.split("$")[:4] for text in compared)
    assert with_account == without, "algorithm, memory and passes"


def test_hashing_waits_in_threads_and_beyond_its_bound_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        passwords = fast(workers=1, max_waiting=2)
        await passwords.hash(b"warm")
        gate = threading.Event()
        monkeypatch.setattr(passwords, "_hash", lambda password: "hash" if gate.wait(10) else "late")
        tasks = [asyncio.ensure_future(passwords.hash(b"one")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await passwords.hash(b"one too many")
        assert (refused.value.status, refused.value.code) == (503, "busy") and refused.value.retry_s
        gate.set()
        assert await asyncio.gather(*tasks) == ["hash"] * 3
        assert await passwords.hash(b"again") == "hash"
        passwords.close()

    asyncio.run(scenario())


def test_a_login_that_is_turned_away_because_all_are_busy_does_not_count_as_failed() -> None:
    with new_bench(http_exempt_prefixes=(), logins_per_account_min=1) as bench:
        bench.post("/v1/register", name="Ada", password=PASSWORD)
        bench.store_down = True
        assert attempt(bench) == 503
        bench.store_down = False
        assert attempt(bench, password=PASSWORD) == 200
