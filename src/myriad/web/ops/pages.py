"""`GET /ops`: the operations page and its files.

Responsible for: which files these are, and what the page may load and call: nothing but this server.
Not here: how files are handed out (`web/page_files.py`); what the page shows (`/v1/ops/…`), and who may see that: the
page itself holds nothing of the world; `/client/dom.js`, which it loads too (`gateway/pages.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from myriad.web.page_files import found, handed_out, read_folder
from myriad.web.refusals import AnyRequest

FOLDER: Final = Path(__file__).parent / "static"
PAGE: Final = "index.html"
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


def ops_pages(folder: Path = FOLDER) -> list[Any]:
    """Route handlers for an application: the page and what it loads."""
    files = read_folder(folder)

    @get("/ops", include_in_schema=False)
    async def ops_page(request: AnyRequest) -> Response[bytes]:
        """The page."""
        return handed_out(request, files[PAGE], POLICY)

    @get("/ops/{name:path}", include_in_schema=False)
    async def ops_file(request: AnyRequest, name: FromPath[Path]) -> Response[bytes]:
        """One of its files."""
        return handed_out(request, found(files, name), POLICY)

    return [ops_page, ops_file]
