"""What a browser loads of the game: the page, the files of both halves, and what it may do with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emberdale.browser_info import FOLDER
from myriad.web.gateway.pages import CLIENT, socket_sources
from myriad.web.page_files import read_folder
from tests.unit.web.gateway_bench import Bench, new_bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with new_bench() as made:
        yield made


def test_the_page_is_there_before_any_zone_runs(bench: Bench) -> None:
    answer = bench.get("/")
    assert answer.status_code == 200 and answer.text == (FOLDER / "index.html").read_text(encoding="utf-8")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_page_says_how_to_join_without_javascript(bench: Bench) -> None:
    told = bench.get("/").text.partition("<noscript>")[2].partition("</noscript>")[0]
    for wanted in ("/v1/login", "/v1/register", "/v1/play", "docs/gateway.md", "docs/protocol.md"):
        assert wanted in told


def test_all_files_of_both_halves_are_served_and_no_others(bench: Bench) -> None:
    for prefix, folder in (("/client", CLIENT), ("/game", FOLDER)):
        files = read_folder(folder)
        assert files
        for name, file in files.items():
            answer = bench.get(f"{prefix}/{name}")
            assert (answer.status_code, answer.content) == (200, file.body), name
    assert bench.get("/client/nothing.js").status_code == 404
    assert bench.get("/game/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/game/../browser_info.py",
        "/game/%2e%2e/browser_info.py",
        "/game/..%2fbrowser_info.py",
        "/game/%2e%2e%2f%2e%2e%2fmyriad%2fpy.typed",
        "/client//etc/passwd",
        "/client/..\\pages.py",
        "/game/panels",
        "/game/%00",
    ],
)
def test_no_path_leads_out_of_a_folder(bench: Bench, path: str) -> None:
    answer = bench.http.get(path)
    assert answer.status_code == 404 and set(answer.json()["error"]) == {"code", "message"}


def test_only_known_kinds_of_files_are_read_and_nothing_hidden_or_linked_from_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / ".secret").mkdir(parents=True)
    (tmp_path / "outside.js").write_text("outside")
    (folder / "main.js").write_text("inside")
    (folder / "notes.md").write_text("no page")
    (folder / ".secret" / "key.txt").write_text("hidden")
    (folder / "linked.js").symlink_to(tmp_path / "outside.js")
    assert list(read_folder(folder)) == ["main.js"]


def test_a_file_that_did_not_change_is_not_sent_again(bench: Bench) -> None:
    first = bench.get("/game/main.js")
    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for known in (tag, f'W/{tag}, "other"', "*"):
        again = bench.http.get("/game/main.js", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert bench.http.get("/game/main.js", headers={"if-none-match": '"other"'}).status_code == 200


def test_the_page_may_load_from_this_server_alone_and_talk_to_this_host_alone(bench: Bench) -> None:
    headers = bench.http.get("/", headers={"host": "play.example:8080"}).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://play.example:* wss://play.example:*"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("host", [None, "", "a b", "x;script-src *", "::1", "a'b", "a" * 300])
def test_a_strange_host_writes_nothing_into_the_policy(host: str | None) -> None:
    assert socket_sources(host) == "ws: wss:"


def test_a_relay_with_an_address_of_its_own_is_the_only_one_that_may_be_talked_to() -> None:
    with new_bench(relay_url="wss://play.example:8443/v1/relay") as bench:
        assert "connect-src 'self' wss://play.example:8443" in bench.get("/").headers["content-security-policy"]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for name, file in (*read_folder(FOLDER).items(), *read_folder(CLIENT).items()):
        if name.endswith((".html", ".css", ".js")):
            text = file.body.decode().replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text and "https://" not in text, name
            assert "innerHTML" not in text and "insertAdjacentHTML" not in text and "eval(" not in text, name
