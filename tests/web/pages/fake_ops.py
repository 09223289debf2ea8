"""A world that does not exist, behind the real page and an API of the real shapes.

Twenty zones with players who come and go, an hour of history, crashes and events: everything the operations page can
show, moving, without a server of the game. Run `python -m tests.web.pages.fake_ops` and look at what it prints.

Everything is a function of the time and of what a test did to the world; the only threads are those of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from types import TracebackType
from typing import Any

import msgspec
from litestar import Litestar, Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from myriad.runtime.endpoints import open_tcp, resolve
from myriad.runtime.http_server import HttpServer
from myriad.web.gateway.pages import CLIENT, Folders, game_pages
from myriad.web.ops.messages import Action
from myriad.web.ops.pages import FOLDER, ops_pages
from myriad.web.refusals import AnyRequest, Refusal, http_error, refused
from tests.web.pages.fake_world import FakeWorld


class FakeOps:
    """The page and its API on a free port, for a `with` block."""

    def __init__(self, world: FakeWorld | None = None, port: int = 0) -> None:
        self.world = world or FakeWorld()
        self.port = port
        self._server: HttpServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.world.closing = False
        sock = open_tcp(resolve("127.0.0.1"), self.port)
        self.port = sock.getsockname()[1]
        try:
            self._server = HttpServer(application(self.world), sock)
        except BaseException:
            sock.close()
            raise
        self._server.start()
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), 5):
                return
        raise AssertionError("the server does not start")

    def stop(self) -> None:
        if self._server is not None:
            self.world.closing = True
            self._server.stop(3.0)
            self._server = None

    def __enter__(self) -> FakeOps:
        self.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()


# Long because each route of the fake is a few lines.
def application(world: FakeWorld) -> Litestar:
    """The routes of `/v1/ops` over `world`, and the page."""

    def check(request: AnyRequest) -> None:
        world.asked.append(request.url.path)
        if world.broken:
            raise Refusal(503, "store_unavailable", "the store does not answer; ask again", 1.0)
        if world.token and request.headers.get("authorization") != f"Bearer {world.token}":
            raise Refusal(401, "no_token", "bring the token of the setting ops_token")

    @get("/v1/ops/world")
    async def whole(request: AnyRequest) -> dict[str, Any]:
        check(request)
        return world.world()

    @get("/v1/ops/history")
    async def history(request: AnyRequest) -> dict[str, Any]:
        check(request)
        return world.history(float(request.query_params.get("since", 0)))

    @get("/v1/ops/events")
    async def events(request: AnyRequest) -> dict[str, Any]:
        check(request)
        after, until = (
            int(request.query_params.get("after", 0)),
            time.monotonic() + float(request.query_params.get("wait", 0)),
        )
        while True:
            newest = world.events[-1]["number"]
            if newest != after or time.monotonic() > until or world.closing:
                break
            await asyncio.sleep(0.05)
        return {"newest": newest, "events": [event for event in world.events if event["number"] > after]}

    @get("/v1/ops/zones/{zone:str}")
    async def one(request: AnyRequest, zone: FromPath[str]) -> dict[str, Any]:
        check(request)
        return world.zone(zone, int(request.query_params.get("layer", 0)))

    @post("/v1/ops/actions", status_code=200)
    async def act(request: AnyRequest) -> Response[Any]:
        check(request)
        action = await request.json()
        msgspec.convert(action, Action)  # what the API would refuse fails here
        world.actions.append(action)
        if action.get("name") == "Nobody":
            raise Refusal(404, "not_here", "nobody of that name is in the world")
        text = f"{action['action']} done"
        if action["action"] == "start_event":
            world.game_events.append(
                {"event": len(world.actions), "name": action["name"], "text": action["text"], "until_s": None}
            )
        if action["action"] == "stop_event":
            world.game_events = [event for event in world.game_events if event["event"] != action["event"]]
        world.happen("action", f"127.0.0.1: {text}", zone=action.get("zone"))
        return Response({"ok": True, "text": text})

    return Litestar(
        [whole, history, events, one, act, *ops_pages(), *game_pages(Folders(CLIENT, FOLDER))],
        exception_handlers={Refusal: refused, HTTPException: http_error},
        openapi_config=None,
        logging_config=None,
    )


if __name__ == "__main__":
    with FakeOps() as fake:
        print(f"{fake.url}/ops", flush=True)
        while True:
            time.sleep(20)
            fake.world.happen("layer", "looked at and left alone", zone="zone-5")
