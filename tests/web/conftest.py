"""Pages in Chromium for tests of the browser client, and the static server that they come from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.web.pages.chromium import chromium, quiet_page
from tests.web.pages.fake_game import FakeGame
from tests.web.pages.game_page import PHONE, entered

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "client": ROOT / "src/myriad/web/browser",
    "game": ROOT / "src/emberdale/browser",
    "tests": ROOT / "tests/web",
    "vectors": ROOT / "tests/vectors",
}


class Handler(SimpleHTTPRequestHandler):
    """The folders above; `/` is an empty page."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/":
            body = b"<!doctype html><title>test</title><link rel=icon href='data:,'>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        super().do_GET()

    def translate_path(self, path: str) -> str:
        first, _, rest = path.partition("?")[0].lstrip("/").partition("/")
        folder = FOLDERS.get(first)
        return str(folder / rest) if folder is not None and ".." not in rest else "/nowhere"

    def guess_type(self, path: Any) -> str:
        return "text/javascript" if str(path).endswith(".js") else super().guess_type(path)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def static_server() -> Iterator[str]:
    """Address of a server with `/client`, `/game`, `/tests` and `/vectors`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory="/nowhere"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module."""
    with chromium() as found:
        yield found


@pytest.fixture
def client_page(browser: Browser, static_server: str) -> Iterator[Page]:
    """An empty page that may import `/client/…`, `/game/…` and `/tests/…`; no script on it may complain."""
    with quiet_page(browser) as page:
        page.goto(static_server)
        yield page


@pytest.fixture(scope="module")
def game() -> Iterator[FakeGame]:
    """The game's page, with a client that makes its world up."""
    with FakeGame() as running:
        yield running


@pytest.fixture
def page(browser: Browser, game: FakeGame) -> Iterator[Page]:
    """A page of a desktop, empty yet."""
    game.guests = True
    with quiet_page(browser, 1280, 800) as found:
        yield found


@pytest.fixture
def world(page: Page, game: FakeGame) -> Page:
    """The page with Ada in the world, where nobody moves."""
    return entered(page, game)


@pytest.fixture
def phone(browser: Browser, game: FakeGame) -> Iterator[Page]:
    """The same on a telephone."""
    with quiet_page(browser, **PHONE, touch=True) as found:
        yield entered(found, game)
