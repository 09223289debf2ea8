"""What the gateway shows: health, the world, its page, its description, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.ports import World
from tests.architecture.sources import ROOT
from tests.unit.web.gateway_bench import AWAY_HOST, EAST, WORLD, Bench, bearer, error_of, new_bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def test_health_is_good_once_a_zone_takes_players(bench: Bench) -> None:
    answer = bench.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "detail": "no zone runs yet"})
    epoch = bench.open_zone()
    answer = bench.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "detail": "ready"})
    bench.load_zone(epoch, 0, state="draining")
    assert bench.get("/healthz").status_code == 503
    bench.store_down = True
    bench.wait(1)
    assert bench.get("/healthz").json()["detail"] == "the store does not answer"


def test_the_world_tells_where_zones_lie_and_how_they_are(bench: Bench) -> None:
    epoch = bench.open_zone(endpoint="127.0.0.1:1400")
    bench.open_zone(layer=1)
    bench.load_zone(epoch, connected=7, lateness_p99_ms=40.0, cpu_cores=0.25)
    body = bench.get("/v1/world").json()
    assert (body["game"], body["connected"], body["players"], body["hosts"]) == ("tiny", 7, 7, 1)
    first, second = body["zones"]
    assert (second["name"], second["number"], second["x"], second["width"], second["layers"]) == (
        "zone-2",
        2,
        1000,
        1000,
        [],
    )
    layer, other = first["layers"]
    assert (layer["endpoint"], layer["front_door"], layer["connected"], layer["capacity"]) == (
        "127.0.0.1:1400",
        "127.0.0.1:9000",
        7,
        10,
    )
    assert (layer["health"], layer["lateness_p99_ms"], layer["cpu_cores"]) == ("late", 40.0, 0.25)
    assert (other["layer"], other["health"]) == (1, "ok")
    assert (layer["pid"], layer["host"], layer["machine"]) == (4242, "host-1", "machine")


def test_processes_are_named_to_this_machine_only(bench: Bench) -> None:
    bench.open_zone()
    bench.client_host = AWAY_HOST
    layer = bench.get("/v1/world").json()["zones"][0]["layers"][0]
    assert layer["pid"] is layer["host"] is layer["machine"] is None


PAGES = ("/schema", "/ops", "/client", "/game")
"""Files for browsers and the description itself are not described."""


def described(bench: Bench) -> dict[str, Any]:
    document: dict[str, Any] = bench.get("/schema/openapi.json").json()
    return document


def test_the_description_has_every_route_and_no_other(bench: Bench) -> None:
    inside = {
        (route.path_format, method.lower())
        for route in bench.application.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS" and route.path != "/" and not route.path.startswith(PAGES)
    }
    told = {(path, method) for path, methods in described(bench)["paths"].items() for method in methods}
    assert told == inside


def test_the_document_tells_of_every_route(bench: Bench) -> None:
    document = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
    for path, methods in described(bench)["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in document, (path, method)


def test_every_described_field_and_route_has_a_sentence_or_a_type(bench: Bench) -> None:
    document = described(bench)
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            assert about["summary"] and about["description"], (path, method)
    for name, schema in document["components"]["schemas"].items():
        assert schema["properties"], name


def test_routes_that_need_a_session_say_so(bench: Bench) -> None:
    document = described(bench)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    secured = {
        (path, method)
        for path, methods in document["paths"].items()
        for method, about in methods.items()
        if about.get("security")
    }
    open_to_all = {"/v1/register", "/v1/login", "/v1/play_many", "/v1/resume_many", "/v1/world", "/healthz", "/metrics"}
    assert {path for path, _ in secured}.isdisjoint(open_to_all)
    for path, method in secured:
        target = path.replace("{character}", "1")
        body = {"character": 1, "name": "x"} if method == "post" else None
        keys = document["components"]["schemas"]
        wanted = document["paths"][path][method].get("requestBody")
        if wanted is not None and body is not None:
            name = wanted["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            body = {key: value for key, value in body.items() if key in keys[name]["properties"]}
        answer = bench.http.request(method.upper(), target, json=body)
        assert error_of(answer) == (401, "unauthorized"), path


def test_answers_are_as_described(bench: Bench) -> None:
    bench.open_zone()
    session = bench.guest()
    hero = bench.post("/v1/characters", session, name="Hero", spawn=EAST)
    document = described(bench)
    for path, method, answer in (
        ("/v1/login", "post", bench.post("/v1/login", name="Bob")),
        ("/v1/register", "post", bench.post("/v1/register", name="Cleo", password="correct horse")),
        ("/v1/characters", "post", hero),
        ("/v1/characters", "get", bench.get("/v1/characters", session)),
        ("/v1/play", "post", bench.post("/v1/play", bench.guest("Bob"))),
        ("/v1/play", "post", bench.post("/v1/play", session, character=hero.json()["character"])),
        ("/v1/resume", "post", bench.post("/v1/resume", session, character=hero.json()["character"])),
        ("/v1/play_many", "post", bench.post("/v1/play_many", names=["x"])),
        ("/v1/world", "get", bench.get("/v1/world")),
        ("/healthz", "get", bench.get("/healthz")),
        ("/v1/login", "post", bench.post("/v1/login", name="")),
        ("/v1/characters", "get", bench.get("/v1/characters")),
    ):
        told = document["paths"][path][method]["responses"]
        assert str(answer.status_code) in told, (path, answer.status_code)
        schema = told[str(answer.status_code)]["content"]["application/json"]["schema"]
        check(schema, answer.json(), document["components"]["schemas"])


def check(schema: dict[str, Any], value: Any, named: dict[str, Any]) -> None:
    """Objects have exactly the fields that are described."""
    if "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "object" and "properties" in schema:
        assert set(value) == set(schema["properties"])
        for key, one in schema["properties"].items():
            check(one, value[key], named)
    elif schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        for one in value:
            check(schema["items"], one, named)


def test_health_is_described_with_both_of_its_answers(bench: Bench) -> None:
    assert {"200", "503"} <= set(described(bench)["paths"]["/healthz"]["get"]["responses"])


def test_unknown_paths_methods_and_bodies_are_json_errors(bench: Bench) -> None:
    assert error_of(bench.get("/nothing")) == (404, "not_found")
    assert error_of(bench.get("/v1/login")) == (405, "method_not_allowed")
    assert error_of(bench.post("/v1/login", name="a", colour="red")) == (400, "bad_request")
    for content in (b"", b"{", b"[]", b"\xff\xfe", b'{"name": "\xff"}', b"null", b'{"name": 5}'):
        answer = bench.http.post("/v1/login", content=content, headers={"content-type": "application/json"})
        assert error_of(answer) == (400, "bad_request"), content
    assert error_of(bench.http.post("/v1/login", content=b'{"name":"' + b"a" * 300_000 + b'"}')) == (413, "too_large")
    assert error_of(bench.http.delete("/v1/characters/x", headers=bearer(bench.guest())))[0] == 404


def test_a_fault_of_the_server_is_told_without_its_inside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.gateway, "readiness", lambda now_ns: 1 / 0)
    answer = bench.get("/healthz")
    assert answer.status_code == 500
    assert answer.json() == {"error": {"code": "internal", "message": "the server failed to answer; its log says why"}}


def test_a_world_needs_start_points_within_its_zones() -> None:
    for points in ((), ((-1.0, 5.0),)):
        with pytest.raises(StartupError, match="start points"):
            Gateway(Settings(), "127.0.0.1", World(WORLD.map, "tiny", points))


def test_new_characters_spread_over_the_start_points_and_a_name_keeps_its_own() -> None:
    points = ((10.0, 10.0), (20.0, 20.0), (1500.0, 10.0))
    gateway = Gateway(Settings(), "127.0.0.1", World(WORLD.map, "tiny", points))
    assert {gateway.start_point(f"p{i}") for i in range(100)} == set(points)
    assert gateway.start_point("Ada") == gateway.start_point("ADA")
