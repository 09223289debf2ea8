"""The front door: what it grants, what it refuses, and that every refusal is a clear JSON error."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from myriad.runtime.host import Readiness
from myriad.web.api.application import build_application
from myriad.web.api.login import MAX_PLAYERS_PER_REQUEST
from tests.unit.web.fake_host import FakeHost

Client = TestClient[Any]


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def client(host: FakeHost) -> Iterator[Client]:
    with TestClient(build_application(host), raise_server_exceptions=False) as opened:
        yield opened


def login(client: Client, **body: object) -> Any:
    return client.post("/v1/login", json=body)


def token(text: str) -> str:
    return base64.b64decode(text).decode()


def test_a_login_gives_a_token_and_says_where_to_go(client: Client) -> None:
    answer = login(client, name="Ada")
    assert answer.status_code == 200
    body = answer.json()
    assert token(body.pop("token")) == "Ada|None|None"
    (server,) = body.pop("servers")
    assert server.endswith(":1337")
    assert body == {"name": "Ada", "zone": "zone-1", "protocol": {"protocol_id": "00000000000000aa", "tick_hz": 60}}


def test_a_login_may_name_zone_character_and_spawn_point(client: Client) -> None:
    answer = login(client, name="Ada", zone="zone-2", character=77, spawn=[1, 2.5]).json()
    assert answer["zone"] == "zone-2"
    assert token(answer["token"]) == "Ada|77|(1.0, 2.5)"


def test_many_log_in_by_one_request(client: Client) -> None:
    answer = login(client, names=["a", "b", "a"], spawns=[[1, 2], None, [3, 4]]).json()
    assert [token(one) for one in answer["tokens"]] == ["a|None|(1.0, 2.0)", "b|None|None", "a|None|(3.0, 4.0)"]


BAD: list[tuple[dict[str, object], str]] = [
    ({}, "bad_request"),
    ({"name": "a", "names": ["b"]}, "bad_request"),
    ({"name": 5}, "bad_request"),
    ({"name": "a", "colour": "red"}, "bad_request"),
    ({"name": ""}, "bad_name"),
    ({"name": " a"}, "bad_name"),
    ({"name": "a\nb"}, "bad_name"),
    ({"name": "a" * 25}, "bad_name"),
    ({"name": "ü" * 13}, "bad_name"),
    ({"name": "a", "character": 0}, "bad_request"),
    ({"name": "a", "character": 2**32}, "bad_request"),
    ({"name": "a", "spawn": [1]}, "bad_request"),
    ({"name": "a", "spawn": [1, "north"]}, "bad_request"),
    ({"name": "a", "spawn": [1e9, 0]}, "bad_spawn"),
    ({"name": "a", "spawns": [[1, 2]]}, "bad_request"),
    ({"names": []}, "bad_request"),
    ({"names": ["a"] * (MAX_PLAYERS_PER_REQUEST + 1)}, "bad_request"),
    ({"names": ["a"], "spawns": []}, "bad_request"),
    ({"names": ["a"], "spawn": [1, 2]}, "bad_request"),
    ({"names": ["a", "\x00"]}, "bad_name"),
]


@pytest.mark.parametrize(("body", "code"), BAD, ids=[str(body)[:50] for body, _ in BAD])
def test_a_bad_login_is_refused_with_a_reason_and_grants_nothing(
    client: Client, host: FakeHost, body: dict[str, object], code: str
) -> None:
    answer = login(client, **body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert all(zone.num_logins == 0 for zone in host.zones.values())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"name": "\xff"}', b"null", b'{"name":"\\ud800"}']
)
def test_what_is_no_json_object_is_refused(client: Client, content: bytes) -> None:
    answer = client.post("/v1/login", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("bad_request", "bad_name")


def test_a_body_that_is_too_long_is_refused(client: Client) -> None:
    answer = client.post("/v1/login", content=b'{"name":"' + b"a" * 300_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_spawn_points_and_crowds_need_permission(client: Client, host: FakeHost) -> None:
    host.allow_spawn_choice = False
    for body in ({"name": "a", "spawn": [1, 2]}, {"names": ["a"]}):
        answer = login(client, **body)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "not_allowed"
    assert host.zones["zone-1"].num_logins == 0
    assert login(client, name="a").status_code == 200


def test_a_full_zone_and_an_unknown_one_are_told_apart(client: Client) -> None:
    assert (login(client, name="full").status_code, login(client, name="full").json()["error"]["code"]) == (
        409,
        "zone_full",
    )
    answer = login(client, name="a", zone="zone-9")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_fault_of_the_server_is_told_without_its_inside(client: Client) -> None:
    answer = login(client, name="broken")
    assert answer.status_code == 500
    assert answer.json() == {"error": {"code": "internal", "message": "the server failed to answer; its log says why"}}


def test_health_follows_readiness(client: Client, host: FakeHost) -> None:
    assert client.get("/healthz").status_code == 200
    host.readiness = Readiness(False, "kernels: 3/12 zone")
    host.zones = {}
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "kernels: 3/12 zone"
    for path in ("/v1/zone", "/v1/zone/digests?tick=1"):
        assert client.get(path).status_code == 503
    assert login(client, name="a").status_code == 503
    assert client.get("/metrics").status_code == 200
    assert "kernels: 3/12" in client.get("/").text


def test_the_zone_tells_its_numbers_and_logins(client: Client) -> None:
    login(client, name="a")
    login(client, name="full")
    login(client, name="")
    answer = client.get("/v1/zone", params={"zone": "zone-2"}).json()
    assert answer["zone"] == "zone-2"
    assert answer["logins"] == {"granted": 1, "refused": 1, "bad": 1}


def test_a_zone_that_does_not_answer_is_unavailable(client: Client, host: FakeHost) -> None:
    host.zones["zone-1"].answers = False
    assert client.get("/v1/zone").status_code == 503
    assert client.get("/").status_code == 200


def test_digests_are_hexadecimal_by_cell_and_part(client: Client) -> None:
    answer = client.get("/v1/zone/digests", params={"tick": 40})
    assert answer.json() == {"tick": 40, "digests": {"-1,12,3": "f" * 16}}
    assert client.get("/v1/zone/digests", params={"tick": 41}).status_code == 404
    assert client.get("/v1/zone/digests").status_code == 400
    assert client.get("/v1/zone/digests", params={"tick": "x"}).status_code == 400


def test_the_page_says_how_to_join_and_escapes_what_it_shows(client: Client, host: FakeHost) -> None:
    host.readiness = Readiness(True, "ready <b>now</b>")
    page = client.get("/", headers={"host": "example:8080"}).text
    assert "http://example:8080/v1/login" in page
    assert "--host example --port 8080" in page
    assert "/v1/login" in page
    assert "load-test" in page
    assert "<b>" not in page


def test_unknown_paths_and_methods_are_json_errors(client: Client) -> None:
    assert client.get("/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/v1/login").json()["error"]["code"] == "method_not_allowed"


def test_the_interface_is_described(client: Client) -> None:
    described = client.get("/schema/openapi.json").json()
    assert {"/v1/login", "/v1/zone", "/healthz", "/metrics"} <= set(described["paths"])
