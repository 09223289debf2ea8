"""Logins: many by one request where that is allowed, else one by one; and what the server says, as differences."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from myriad.core.errors import MyriadError
from myriad.core.histogram import count, new_histogram, record, to_sparse
from myriad.loadtest.arrivals import Arrivals, names_of
from myriad.loadtest.places import Places
from myriad.loadtest.server_side import server_facts
from myriad.runtime.login import FrontDoor, FrontDoorError

NUMBER = 120


class Door(http.server.BaseHTTPRequestHandler):
    """A front door that gives each name a token made of it."""

    protocol_version = "HTTP/1.1"
    many_allowed = True
    requests: list[dict[str, Any]]

    def do_POST(self) -> None:
        wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append(wish)
        if not self.many_allowed and ("names" in wish or "spawn" in wish):
            self._answer(403, {"error": {"code": "not_allowed", "message": "one at a time"}})
        elif wish.get("name") == "nobody":
            self._answer(200, {"token": "?"})
        else:
            about = {"zone": "zone-1", "protocol": {"protocol_id": "00000000000000ff", "tick_hz": 60}}
            tokens = [base64.b64encode(name.encode()).decode() for name in wish.get("names", [wish.get("name")])]
            self._answer(200, about | ({"tokens": tokens} if "names" in wish else {"token": tokens[0]}))

    def do_GET(self) -> None:
        self._answer(404, {"error": {"code": "not_found", "message": "no digests"}})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(params=[True, False])
def door(request: pytest.FixtureRequest) -> Iterator[tuple[int, type[Door]]]:
    kind = type("TestDoor", (Door,), {"many_allowed": request.param, "requests": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port, kind
        server.shutdown()
        thread.join()


def test_every_client_gets_the_token_of_its_name_and_place(door: tuple[int, type[Door]]) -> None:
    port, kind = door
    starts = np.stack([np.arange(NUMBER), np.arange(NUMBER) + 0.5], axis=1)
    arrivals = Arrivals("127.0.0.1", port, Places(starts, np.zeros((NUMBER, 4)), np.zeros((NUMBER, 4))), 7, 4)
    first = arrivals.first()
    assert first.zone == "zone-1"
    assert first.protocol_id == 255
    got = dict(arrivals.all())
    assert [got[row].decode() for row in range(NUMBER)] == names_of(0, NUMBER, 7)
    assert len(set(got.values())) == NUMBER
    assert len(arrivals.login_ns) >= 2
    many = [wish for wish in kind.requests if "names" in wish]
    if kind.many_allowed:
        assert [tuple(spawn) for wish in many for spawn in wish["spawns"]] == [
            tuple(start) for start in starts.tolist()
        ]
    else:
        assert len(many) <= 1
        assert sum("names" not in wish and "spawn" not in wish for wish in kind.requests) == NUMBER + 1


def test_errors_of_the_front_door_are_one_line(door: tuple[int, type[Door]]) -> None:
    port, _ = door
    client = FrontDoor("127.0.0.1", port)
    assert client.digests(5) is None
    with pytest.raises(FrontDoorError, match="404 no digests"):
        client.zone_status()
    with pytest.raises(FrontDoorError, match="without tokens"):
        client.login("nobody")
    client.close()
    with pytest.raises(FrontDoorError, match="does not answer"):
        FrontDoor("127.0.0.1", 9).zone_status()


def status(**changes: Any) -> dict[str, Any]:
    lateness = new_histogram()
    for value in changes.pop("late", [1000]):
        record(lateness, value)
    basis = {
        "npcs": 500,
        "snapshot_hz": 20,
        "cpu_seconds": 1.0,
        "thread_cpu_seconds": 1.0,
        "memory_bytes": 10,
        "ticks": 100,
        "snapshots_sent": 50,
        "drops": {"input_repeated": 3, "empty": 0},
        "game": {"hits": 1},
        "histograms_ns": {"lateness": to_sparse(lateness)},
    }
    return basis | changes


def test_the_server_s_figures_are_those_of_the_window() -> None:
    after = status(
        cpu_seconds=3.5, thread_cpu_seconds=3.0, ticks=700, snapshots_sent=950, late=[1000, 5000, 6000],
        game={"hits": 4, "deaths": 2}, drops={"input_repeated": 10, "empty": 0, "packet_type": 1}, npcs=498,
    )  # fmt: skip
    facts = server_facts(status(), after)
    assert facts.thread_cpu_s == 2.0
    assert set(facts.phases_ns.values()) == {0}, "a zone that has no such phase spent nothing in it"
    assert (facts.cpu_s, facts.ticks, facts.snapshots_sent, facts.npcs) == (2.5, 600, 900, 498)
    assert (facts.hits, facts.deaths, facts.pickups) == (3, 2, 0)
    assert count(facts.lateness) == 2
    assert facts.drops == {"input_repeated": 7, "packet_type": 1}
    with pytest.raises(MyriadError, match="lacks 'npcs'"):
        server_facts(status(), {name: value for name, value in status().items() if name != "npcs"})
