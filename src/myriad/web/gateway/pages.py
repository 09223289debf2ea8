"""`GET /`: the game in a browser, and the files that it loads.

Responsible for: handing out what lies in the engine's folder (`/client/…`) and in the game's (`/game/…`, its
`index.html` at `/`), with what a browser needs to keep and to trust it.
Not here: what the page does; the folders: the application is handed them.

Invariants: all files are read once, when the application is built; a request only ever looks a name up, so no path
leads out of a folder; the page may load from this server alone, and open WebSockets to this host alone.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.params import FromPath

from myriad.web.refusals import AnyRequest, Refusal

PAGE: Final = "index.html"
CLIENT: Final = Path(__file__).parents[1] / "browser"
"""The engine's half."""
CONTENT_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",  # pictures that the page draws itself
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
HEADERS: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-cache"}
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")


class Folders(NamedTuple):
    """Where the browser's files are."""

    client: Path
    game: Path
    """The game's half, with `index.html`."""


class PageFile(NamedTuple):
    """A file as it is handed out."""

    body: bytes
    content_type: str
    etag: str


def read_folder(folder: Path) -> dict[str, PageFile]:
    """All files of `folder` that browsers know, by their path in it; nothing hidden, nothing that links out of it."""
    root = folder.resolve()
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in CONTENT_TYPES
        and path.is_file()
        and path.resolve().is_relative_to(root)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def _read(path: Path) -> PageFile:
    body = path.read_bytes()
    return PageFile(body, CONTENT_TYPES[path.suffix], f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


def game_pages(folders: Folders, relay_url: str = "") -> list[Any]:
    """Route handlers for an application: the page and what it loads. The game's folder must have the page; `relay_url`
    is where the relay is, if not on the host that the page came from."""
    client, game = read_folder(folders.client), read_folder(folders.game)
    page = game[PAGE]

    @get("/", include_in_schema=False)
    async def game_page(request: AnyRequest) -> Response[bytes]:
        """The page."""
        return _answer(request, page, relay_url)

    @get("/client/{name:path}", include_in_schema=False)
    async def client_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of the engine's files."""
        return _answer(request, _found(client, name), relay_url)

    @get("/game/{name:path}", include_in_schema=False)
    async def game_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of the game's files."""
        return _answer(request, _found(game, name), relay_url)

    return [game_page, client_file, game_file]


def _found(files: dict[str, PageFile], name: Path) -> PageFile:
    file = files.get(name.as_posix().lstrip("/"))
    if file is None:
        raise Refusal(404, "not_found", "there is no such file")
    return file


def _answer(request: AnyRequest, file: PageFile, relay_url: str) -> Response[bytes]:
    policy = "; ".join((*POLICY, f"connect-src 'self' {socket_sources(request.url.hostname, relay_url)}"))
    headers = {**HEADERS, "content-security-policy": policy, "etag": file.etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=file.content_type)
    return Response(file.body, headers=headers, media_type=file.content_type)


def socket_sources(host: str | None, relay_url: str = "") -> str:
    """Where the page may open WebSockets: to `relay_url`, or else to any port of the host that the page came from. A
    policy cannot name an IPv6 address, so from there any WebSocket may be opened."""
    if relay_url:
        parts = urlsplit(relay_url)
        return f"{parts.scheme}://{parts.netloc}"
    if host is not None and _HOST_NAME.fullmatch(host):
        return f"ws://{host}:* wss://{host}:*"
    return "ws: wss:"
