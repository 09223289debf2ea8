"""Files that browsers load, out of folders.

Responsible for: reading what lies in a folder, and handing one file out, not twice to who has it.
Not here: which folders there are and at which paths, and whom a page may call (`gateway/pages.py`, `ops/pages.py`).

Invariants: all files are read once, when an application is built; a request only ever looks a name up, so no path leads
out of a folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from litestar import Response

from myriad.web.refusals import AnyRequest, Refusal

CONTENT_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
HEADERS: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-cache"}


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


def found(files: Mapping[str, PageFile], name: Path) -> PageFile:
    """The file of that path. Raises Refusal."""
    file = files.get(name.as_posix().lstrip("/"))
    if file is None:
        raise Refusal(404, "not_found", "there is no such file")
    return file


def handed_out(request: AnyRequest, file: PageFile, policy: str) -> Response[bytes]:
    """The file, or that the browser has it; `policy` is what the page may load and call."""
    headers = {**HEADERS, "content-security-policy": policy, "etag": file.etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=file.content_type)
    return Response(file.body, headers=headers, media_type=file.content_type)
