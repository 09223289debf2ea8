"""`GET /ops`: the operations page and its files.

Responsible for: handing out what lies in `static/`, with what a browser needs to keep and to trust it.
Not here: what the page shows (`/v1/ops/…`), and who may see that: the page itself holds nothing of the world.

Invariants: all files are read once, when the application is built; a request only ever looks a name up, so no path
leads out of the folder; the page loads and calls nothing but this server.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from litestar import Response, get
from litestar.params import FromPath

from myriad.web.refusals import AnyRequest, Refusal

FOLDER: Final = Path(__file__).parent / "static"
PAGE: Final = "index.html"
CONTENT_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # the page's address may hold a token until its first script has run
    "cache-control": "no-cache",
}


class StaticFile(NamedTuple):
    """A file as it is handed out."""

    body: bytes
    content_type: str
    etag: str


def read_files(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """All files of `folder` that browsers know, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in CONTENT_TYPES
    }


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(body, CONTENT_TYPES[path.suffix], f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


def ops_pages(folder: Path = FOLDER) -> list[Any]:
    """Route handlers for an application: the page and what it loads."""
    files = read_files(folder)

    @get("/ops", include_in_schema=False)
    async def ops_page(request: AnyRequest) -> Response[bytes]:
        """The page."""
        return _answer(request, files[PAGE])

    @get("/ops/{name:path}", include_in_schema=False)
    async def ops_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of its files."""
        file = files.get(name.as_posix().lstrip("/"))
        if file is None:
            raise Refusal(404, "not_found", "there is no such file")
        return _answer(request, file)

    return [ops_page, ops_file]


def _answer(request: AnyRequest, file: StaticFile) -> Response[bytes]:
    headers = {**HEADERS, "etag": file.etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=file.content_type)
    return Response(file.body, headers=headers, media_type=file.content_type)
