"""The files of the operations page as they are handed out; no browser needed."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from myriad.web.ops.messages import Events, History, WorldState, ZoneDetail
from myriad.web.ops.pages import FOLDER, POLICY
from tests.web.pages.fake_ops import FakeOps

OWN_SCRIPTS = sorted(FOLDER.glob("*.js"))


@pytest.fixture(scope="module")
def ops() -> Iterator[FakeOps]:
    with FakeOps() as fake:
        yield fake


def asked(ops: FakeOps, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", ops.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_file_that_did_not_change_is_not_sent_again(ops: FakeOps) -> None:
    status, headers, body = asked(ops, "/ops/main.js")
    assert status == 200 and body == (FOLDER / "main.js").read_bytes()
    assert headers["content-type"].startswith("text/javascript")
    status, again, body = asked(ops, "/ops/main.js", {"if-none-match": f'"old", {headers["etag"]}'})
    assert (status, body, again["etag"]) == (304, b"", headers["etag"])


@pytest.mark.parametrize(
    "path",
    [
        "/ops/../pages.py",
        "/ops/%2e%2e/pages.py",
        "/ops/..%2fpages.py",
        "/ops//etc/passwd",
        "/ops/%2fetc%2fpasswd",
        "/ops/vendor",
        "/ops/vendor/..%5c..%5cpages.py",
        "/ops/nothing.js",
    ],
)
def test_no_path_leads_out_of_the_folder(ops: FakeOps, path: str) -> None:
    assert asked(ops, path)[0] == 404


def test_the_page_loads_and_calls_nothing_but_its_server(ops: FakeOps) -> None:
    assert asked(ops, "/ops")[1]["content-security-policy"] == POLICY
    assert not re.findall(r"(?:https?:)?//[a-z]", (FOLDER / "index.html").read_text())
    for script in OWN_SCRIPTS:
        assert set(re.findall(r"https?://[\w.]+", script.read_text())) <= {"http://www.w3.org"}, script.name


@pytest.mark.parametrize("script", OWN_SCRIPTS, ids=lambda script: script.name)
def test_text_never_becomes_markup_and_files_stay_short(script: Path) -> None:
    text = script.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert text.count("\n") < 400


def test_the_world_that_does_not_exist_has_the_shapes_of_the_real_api(ops: FakeOps) -> None:
    def told(path: str, shape: Any) -> Any:
        return msgspec.json.decode(asked(ops, f"/v1/ops/{path}")[2], type=shape)

    state = told("world", WorldState)
    assert set(msgspec.to_builtins(state)) == set(json.loads(asked(ops, "/v1/ops/world")[2]))
    assert set(json.loads(asked(ops, "/v1/ops/world")[2])["zones"][0]) == set(msgspec.to_builtins(state.zones[0]))
    assert len(told("history?since=0", History).times) == 720
    assert told("events?after=0", Events).newest == len(ops.world.events)
    assert told("zones/zone-4?layer=0", ZoneDetail).view is not None
    assert told("zones/zone-13", ZoneDetail).view is None
