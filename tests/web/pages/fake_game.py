"""The game's page over a world that does not exist: real files, real words and maps, and a client that makes all up.

Run `python -m tests.web.pages.fake_game` and open what it prints.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from litestar import Litestar, get
from litestar.exceptions import HTTPException

from emberdale.browser_info import FOLDER, browser_info
from emberdale.browser_maps import TILESET, shown_map
from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.runtime.endpoints import open_tcp, resolve
from myriad.runtime.http_server import HttpServer
from myriad.web.gateway.game_info import game_info, game_route
from myriad.web.gateway.maps import MapSource, map_routes
from myriad.web.gateway.pages import CLIENT, Folders, game_pages
from myriad.web.refusals import Refusal, http_error, refused

FAKE_CLIENT = Path(__file__).parent / "fake_client"
ZONES = 4


class FakeGame:
    """The page on a free port, for a `with` block. `guests`: what the page is told of guests."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.guests = True
        self._server: HttpServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeGame:
        sock = open_tcp(resolve("127.0.0.1"), self.port)
        self.port = sock.getsockname()[1]
        self._server = HttpServer(_application(self), sock)
        self._server.start()
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), 5):
                return self
        raise AssertionError("the server does not start")

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._server is not None:
            self._server.stop(3.0)


def _application(fake: FakeGame) -> Litestar:
    game = GAME.for_world(ZONES)
    settings = Settings()
    maps = MapSource(partial(shown_map, game.world_map), game.zones, TILESET.read_bytes())

    @get("/v1/world")
    async def world() -> dict[str, Any]:
        zones = [{**area._asdict(), "layers": [{"connected": 3, "layer": 0}]} for area in game.world_map.zones]
        zones[-1]["layers"] = []
        return {"game": game.name, "guests": fake.guests, "connected": 12, "max_online": 1000, "zones": zones}

    with tempfile.TemporaryDirectory() as client:
        for file in (FAKE_CLIENT / "world_client.js", CLIENT / "dom.js"):
            shutil.copy(file, client)
        pages = game_pages(Folders(Path(client), FOLDER))
    return Litestar(
        route_handlers=[
            world,
            game_route(game_info(game, settings, browser_info(settings.tick_hz))),
            *map_routes(maps),
            *pages,
        ],
        exception_handlers={Refusal: refused, HTTPException: http_error},
        openapi_config=None,
        logging_config=None,
    )


if __name__ == "__main__":
    with FakeGame(8099) as running:
        print(running.url, flush=True)
        while True:
            time.sleep(60)
