"""`GET /`: the game in a browser, and the files that it loads.

Responsible for: what lies in the engine's folder (`/client/…`) and in the game's (`/game/…`, its `index.html` at `/`),
and what the page may load and call.
Not here: how files are handed out (`web/page_files.py`); what the page does; the folders: the application is handed
them.

Invariant: the page may load from this server alone, and open WebSockets to this host alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.params import FromPath

from myriad.web.page_files import found, handed_out, read_folder
from myriad.web.refusals import AnyRequest

PAGE: Final = "index.html"
CLIENT: Final = Path(__file__).parents[1] / "browser"
"""The engine's half."""
POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",  # pictures that the page draws itself
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")


class Folders(NamedTuple):
    """Where the browser's files are."""

    client: Path
    game: Path
    """The game's half, with `index.html`."""


def game_pages(folders: Folders, relay_url: str = "") -> list[Any]:
    """Route handlers for an application: the page and what it loads. The game's folder must have the page; `relay_url`
    is where the relay is, if not on the host that the page came from."""
    client, game = read_folder(folders.client), read_folder(folders.game)
    page = game[PAGE]

    @get("/", include_in_schema=False)
    async def game_page(request: AnyRequest) -> Response[bytes]:
        """The page."""
        return handed_out(request, page, policy_for(request, relay_url))

    @get("/client/{name:path}", include_in_schema=False)
    async def client_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of the engine's files."""
        return handed_out(request, found(client, name), policy_for(request, relay_url))

    @get("/game/{name:path}", include_in_schema=False)
    async def game_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of the game's files."""
        return handed_out(request, found(game, name), policy_for(request, relay_url))

    return [game_page, client_file, game_file]


def policy_for(request: AnyRequest, relay_url: str) -> str:
    """What the page may load and call that this request is for."""
    return "; ".join((*POLICY, f"connect-src 'self' {socket_sources(request.url.hostname, relay_url)}"))


def socket_sources(host: str | None, relay_url: str = "") -> str:
    """Where the page may open WebSockets: to `relay_url`, or else to any port of the host that the page came from. A
    policy cannot name an IPv6 address, so from there any WebSocket may be opened."""
    if relay_url:
        parts = urlsplit(relay_url)
        return f"{parts.scheme}://{parts.netloc}"
    if host is not None and _HOST_NAME.fullmatch(host):
        return f"ws://{host}:* wss://{host}:*"
    return "ws: wss:"
