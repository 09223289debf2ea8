"""`/v1/zone/profile`: begun, read and ended by programs of this machine, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from myriad.runtime.profile.probe import WORK
from myriad.web.api.application import build_application
from tests.unit.web.fake_host import FakeHost

PATH = "/v1/zone/profile"
Client = TestClient[Any]


def client_from(host: FakeHost, address: str) -> Client:
    """As a program at `address`."""
    inner: Any = build_application(host)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "client": (address, 4000)}, receive, send)

    return TestClient(application, raise_server_exceptions=False)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def local(host: FakeHost) -> Iterator[Client]:
    with client_from(host, "127.0.0.1") as client:
        yield client
        for zone in host.zones.values():
            zone.profiles.abandon()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_profile_is_begun_read_and_ended(local: Client) -> None:
    begun = local.post(PATH, params={"seconds": 5})
    assert begun.status_code == 200
    assert begun.json()["running"]
    assert list(local.get(PATH).json()["work_ns"]) == list(WORK)
    ended = local.delete(PATH)
    assert ended.status_code == 200
    assert not ended.json()["running"]
    assert local.get(PATH).json() == ended.json()


def test_a_zone_is_named_as_in_other_requests(local: Client) -> None:
    assert local.post(PATH, params={"zone": "zone-2"}).status_code == 200
    assert code(local.get(PATH, params={"zone": "zone-1"})) == (404, "not_found")
    assert code(local.post(PATH, params={"zone": "zone-9"})) == (404, "not_found")


def test_one_profile_of_a_process_runs_at_a_time(local: Client) -> None:
    assert local.post(PATH).status_code == 200
    assert code(local.post(PATH)) == (409, "busy")
    assert code(local.post(PATH, params={"zone": "zone-2"})) == (409, "busy")
    local.delete(PATH)
    assert local.post(PATH, params={"zone": "zone-2"}).status_code == 200


@pytest.mark.parametrize("seconds", ["0", "1e9", "nan", "long"])
def test_it_lasts_no_longer_than_an_hour(local: Client, seconds: str) -> None:
    assert local.post(PATH, params={"seconds": seconds}).status_code == 400


def test_a_zone_that_does_not_answer_is_not_ready(local: Client, host: FakeHost) -> None:
    host.zones["zone-1"].answers = False
    assert code(local.post(PATH)) == (503, "not_ready")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "testclient"])
def test_other_machines_may_not(host: FakeHost, address: str) -> None:
    with client_from(host, address) as client:
        for method in ("GET", "POST", "DELETE"):
            assert code(client.request(method, PATH)) == (403, "not_allowed")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_whatever_its_address_is_called(host: FakeHost, address: str) -> None:
    with client_from(host, address) as client:
        assert client.post(PATH).status_code == 200
        client.delete(PATH)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_nobody_may_by_way_of_a_proxy(local: Client, header: str) -> None:
    assert code(local.post(PATH, headers={header: "for=127.0.0.1"})) == (403, "not_allowed")
