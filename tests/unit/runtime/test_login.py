"""A client's way in over HTTP: what gateways and front doors answer is read, and what is wrong is one line."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from myriad.core.errors import StartupError
from myriad.runtime.login import FrontDoorError, Gateway, PlayGrant, Refused, Wait, gateway_at

TOKEN = bytes(range(256)) * 8
PROTOCOL = {"protocol_id": "00000000000000aa", "game": "emberdale", "tick_hz": 60, "snapshot_hz": 20}
PLAYER = {"name": "Ada", "character": 7, "session": "00000000000000ff", "token": base64.b64encode(TOKEN).decode()}
ZONE = {"zone": "zone-2", "layer": 0, "servers": ["127.0.0.1:1"], "protocol": PROTOCOL}
WAITING = {"zone": "zone-2", "position": 3, "estimate_s": None, "retry_after_s": 0.5, "why": "the zone is full"}
GRANT = PlayGrant("Ada", 7, "00000000000000ff", TOKEN, "zone-2", PROTOCOL)


class Scripted:
    """An HTTP server that answers as told and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, Any, str | None]] = []
        me = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def _answer(self, body: Any) -> None:
                me.asked.append((self.path, body, self.headers["authorization"]))
                status, answer = me.answers.get(self.path, (404, {"error": {"code": "not_found", "message": "no"}}))
                raw = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *arguments: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.gateway = Gateway("127.0.0.1", self.server.server_address[1])


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    found = Scripted()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.gateway.close()
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def test_after_a_login_every_request_carries_its_session(scripted: Scripted) -> None:
    scripted.answers["/v1/login"] = (200, {"session_token": "secret"})
    scripted.answers["/v1/play"] = (200, PLAYER | ZONE)
    scripted.gateway.login("Ada")
    assert scripted.gateway.play((1.5, 2.0)) == GRANT
    assert scripted.asked == [
        ("/v1/login", {"name": "Ada"}, None),
        ("/v1/play", {"spawn": [1.5, 2.0]}, "Bearer secret"),
    ]


def test_a_player_that_has_to_wait_is_told_how_long_and_why(scripted: Scripted) -> None:
    scripted.answers["/v1/resume"] = (202, WAITING)
    assert scripted.gateway.resume(7, "00000000000000ff") == Wait("", 0.5, 3, "the zone is full")
    assert scripted.asked[0][1] == {"character": 7, "session": "00000000000000ff"}


def test_of_many_each_is_granted_waits_or_is_refused(scripted: Scripted) -> None:
    answer = {
        "grants": [ZONE | {"players": [PLAYER]}],
        "waiting": [WAITING | {"name": "Bob"}],
        "refused": [{"name": "Cid", "code": "name_taken", "message": "Cid has a password"}],
    }
    scripted.answers["/v1/play_many"] = scripted.answers["/v1/resume_many"] = (200, answer)
    expected = [GRANT, Wait("Bob", 0.5, 3, "the zone is full"), Refused("Cid", "name_taken", "Cid has a password")]
    assert scripted.gateway.play_many(["Ada", "Bob", "Cid"], [(0.0, 0.0)] * 3) == expected
    assert scripted.gateway.resume_many(["Ada", "Bob", "Cid"], ["", "", ""]) == expected


@pytest.mark.parametrize("answer", [{}, {"token": "!"}, [1], "no JSON", {"grants": [], "waiting": [{}], "refused": []}])
def test_an_answer_that_makes_no_sense_is_one_line(scripted: Scripted, answer: Any) -> None:
    for path in ("/v1/login", "/v1/play", "/v1/play_many"):
        scripted.answers[path] = (200, answer)
    gateway = scripted.gateway
    for ask in (lambda: gateway.login("Ada"), gateway.play, lambda: gateway.play_many([], [])):
        with pytest.raises(FrontDoorError, match=r"^http://127\.0\.0\.1:\d+[^\n]+$"):
            ask()


def test_a_refusal_has_the_gateway_s_words_and_status(scripted: Scripted) -> None:
    scripted.answers["/v1/play"] = (409, {"error": {"code": "playing", "message": "Ada is in the world already"}})
    with pytest.raises(FrontDoorError, match="409 Ada is in the world already") as caught:
        scripted.gateway.play()
    assert caught.value.status == 409


def test_without_a_server_the_status_is_0() -> None:
    with pytest.raises(FrontDoorError) as caught:
        Gateway("127.0.0.1", 9).world()
    assert caught.value.status == 0


@pytest.mark.parametrize(
    ("page", "balanced"),
    [("myriad_audit_balanced 1.0\n", True), ("# HELP x\nmyriad_audit_balanced 0.0\n", False), ("other 1\n", None)],
)
def test_the_auditor_s_word_is_read_from_the_metrics(scripted: Scripted, page: str, balanced: bool | None) -> None:
    scripted.answers["/metrics"] = (200, page)
    assert scripted.gateway.is_balanced() is balanced


def test_a_gateway_s_address_is_a_url_of_a_host_alone() -> None:
    gateway = gateway_at("http://localhost:8080/")
    assert (gateway.host, gateway.port, str(gateway)) == ("localhost", 8080, "http://localhost:8080")
    assert str(gateway_at("https://example.org")) == "https://example.org:443"
    for wrong in ("localhost:8080", "ftp://localhost", "http://", "http://x:99999", "http://x/path"):
        with pytest.raises(StartupError, match=r"^[^\n]+ is not an address such as [^\n]+$"):
            gateway_at(wrong)
