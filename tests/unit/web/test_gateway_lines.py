"""What the gateway logs about who comes: in fields, and never a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.web.gateway_bench import LOCAL, Bench, new_bench

PASSWORD = "correct horse"


@pytest.fixture
def bench(caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    with caplog.at_level(logging.DEBUG, "myriad.web"), new_bench() as made:
        yield made


def last(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [vars(line)["fields"] for line in caplog.records if line.name.startswith("myriad.")]
    return fields[-1]


def test_a_login_names_account_and_network(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.guest()
    assert last(caplog) == {"account": 1, "network": LOCAL, "kind": "guest"}
    bench.post("/v1/register", name="Bob", password=PASSWORD)
    assert last(caplog) == {"account": 2, "network": LOCAL}
    bench.post("/v1/login", name="Bob", password=PASSWORD)
    assert last(caplog)["kind"] == "password"


def test_a_login_that_failed_names_the_network(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.post("/v1/login", name="Bob", password="wrong horse")
    assert last(caplog) == {"name": "Bob", "network": LOCAL}


def test_who_may_enter_is_named_with_session_and_zone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.open_zone(layer=2)
    bench.open_zone()
    answer = bench.post("/v1/play", bench.guest()).json()
    assert last(caplog) == {
        "character": answer["character"],
        "account": 1,
        "session": answer["session"],
        "zone": "zone-1",
        "layer": answer["layer"],
    }


def test_no_secret_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.open_zone()
    bench.post("/v1/register", name="Bob", password=PASSWORD)
    session = bench.post("/v1/login", name="Bob", password=PASSWORD).json()["session_token"]
    answer = bench.post("/v1/play", session).json()
    text = " ".join(f"{line.getMessage()} {vars(line).get('fields')}" for line in caplog.records)
    assert PASSWORD not in text and session not in text and answer["token"][:40] not in text
