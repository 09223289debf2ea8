"""Which pages may use the relay, and what it says of itself."""

from __future__ import annotations

import json

import pytest

from myriad.core.metrics import RELAY, RELAY_METRICS, Sample
from myriad.web.relay.answers import Answer, answer, metrics_text, numbers
from myriad.web.relay.limits import may_use
from tests.unit.web.metric_pages import check_page, read_page, silent_rows
from tests.unit.web.relay.relay_town import CONTROL, Town


def process() -> list[Sample]:
    return [Sample("process_cpu_seconds_total", (), 1.5)]


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "play.example:8081", True),
        ("http://play.example:8080", "play.example:8081", True),
        ("https://PLAY.example", "play.example:8081", True),
        ("http://[::1]:8080", "[::1]:8081", True),
        ("http://evil.example", "play.example:8081", False),
        ("http://play.example.evil.example", "play.example:8081", False),
        ("http://other.example", "play.example", True),
        ("http://other.example:81", "play.example", False),
        ("null", "play.example", False),
        ("http://[broken", "play.example", False),
        ("http://evil.example", "", False),
        ("null", "", False),
        ("http://evil.example", "[broken", False),
    ],
)
def test_pages_of_the_same_host_may_use_it_and_those_of_the_setting(
    origin: str | None, host: str, allowed: bool
) -> None:
    assert may_use(origin, host, ("http://other.example",)) is allowed
    assert may_use(origin, host, ("*",))


def ask(town: Town, path: str, **headers: str) -> Answer | None:
    return answer(town.relay, path, headers, process, town.now_ns)


def test_a_web_socket_opens_at_its_path_for_its_own_pages_while_there_is_room() -> None:
    town = Town()
    assert ask(town, "/v1/relay", origin="http://here:8080", host="here:8081") is None
    refused = ask(town, "/v1/relay", origin="http://there", host="here:8081")
    assert refused is not None
    assert (refused.status, town.relay.ends["origin"]) == (403, 1)
    for _ in range(4):
        town.enter()
    full = ask(town, "/v1/relay?x=1")
    assert full is not None
    assert full.status == 503
    nothing = ask(town, "/")
    assert nothing is not None
    assert nothing.status == 404


def test_it_is_healthy_once_it_knows_the_directory() -> None:
    town = Town()
    town.connect()
    healthy = ask(town, "/healthz")
    assert healthy is not None
    assert (healthy.status, json.loads(healthy.body)["players"]) == (200, 1)
    town.relay.directory_ns = None
    unhealthy = ask(town, "/healthz")
    assert unhealthy is not None
    assert unhealthy.status == 503


def test_metrics_tell_players_messages_and_drops_by_reason() -> None:
    town = Town()
    player, _ = town.connect()
    town.say(player, b"\1\0hello")
    town.say(player, b"\1\1to nobody")
    town.pass_time(0.1)
    town.relay.pause(player, town.now_ns)
    town.from_zone(CONTROL)
    text = metrics_text(town.relay, process, town.now_ns).decode()
    for line in (
        "myriad_relay_players 1.0",
        "myriad_relay_connections 1.0",
        "myriad_relay_slow_players 1.0",
        "myriad_relay_waiting_bytes 11.0",
        'myriad_relay_messages_total{direction="up"} 3.0',
        'myriad_relay_drops_total{reason="not_connected"} 1.0',
        "process_cpu_seconds_total 1.5",
    ):
        assert line in text.splitlines()
    assert numbers(town.relay)["connections"] == 1


def test_every_metric_of_the_table_is_published() -> None:
    town = Town()
    player, _ = town.connect()
    town.say(player, b"")
    page = read_page(metrics_text(town.relay, process, town.now_ns).decode())
    check_page(RELAY, page)
    assert not silent_rows(RELAY, page) & {metric.name for metric in RELAY_METRICS}
