"""`GET /v1/maps/{zone}`: a zone's map for browsers, and the picture of its tiles.

Responsible for: packing what the game shows of a zone, keeping what was packed, answering with as little as possible.
Not here: what is on a map (the game's `show`), what browsers do with it.

Invariants: a map is made once, on a thread, whoever and however many ask for it meanwhile; only names of the world's
zones make anything; at most `KEPT_MAPS` are kept; the same map has the same tag in every gateway.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from litestar import MediaType, Response, get
from litestar.params import FromPath

from myriad.core.errors import StartupError
from myriad.web.refusals import AnyRequest, Refusal

KEPT_MAPS: Final = 48
"""About 100 kB each."""
CACHE_S: Final = 300
"""So long a browser does not even ask whether a map changed."""
GZIP_LEVEL: Final = 6


class MapSource(NamedTuple):
    """What a game hands in."""

    show: Callable[[str], Mapping[str, Any]]
    """`(zone)`: what is JSON, and arrays: `solid` (H, W) bool, `layers` by name (H, W) u2; row 0 in the south. Called
    on any thread, one call at a time. Raises StartupError if there is no such map."""
    zones: Collection[str]
    tileset: bytes = b""
    """The tiles' picture, a PNG."""


class Packed(NamedTuple):
    """A map as it is sent."""

    plain: bytes
    small: bytes
    """By gzip."""
    etag: str


def pack_map(shown: Mapping[str, Any]) -> Packed:
    """Tiles as base64 of little-endian u16, what is solid as base64 of one bit a tile, bit 0 of a byte first; rows from
    the south, without gaps."""
    solid = np.packbits(np.asarray(shown["solid"], np.bool_), bitorder="little")
    layers = {name: _base64(np.asarray(tiles, "<u2")) for name, tiles in shown["layers"].items()}
    plain = msgspec.json.encode({**shown, "layers": layers, "solid": _base64(solid)})
    return Packed(plain, gzip.compress(plain, GZIP_LEVEL, mtime=0), _tag(plain))


def _base64(array: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _tag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


class Maps:
    """Maps that were asked for, newest last."""

    def __init__(self, source: MapSource) -> None:
        self.source = source
        self._kept: OrderedDict[str, Packed] = OrderedDict()
        self._making = asyncio.Lock()

    async def find(self, zone: str) -> Packed:
        """A zone's map. Raises Refusal if there is none."""
        if zone not in self.source.zones:
            raise Refusal(404, "not_found", "there is no such zone")
        kept = self._kept.get(zone)
        if kept is None:
            async with self._making:  # one at a time: they share their neighbours, and the thread is not their own
                before = self._kept.get(zone)
                kept = before if before is not None else await asyncio.to_thread(self._make, zone)
        self._kept[zone] = kept
        self._kept.move_to_end(zone)
        while len(self._kept) > KEPT_MAPS:
            self._kept.popitem(last=False)
        return kept

    def _make(self, zone: str) -> Packed:
        try:
            return pack_map(self.source.show(zone))
        except StartupError as error:
            raise Refusal(404, "not_found", str(error)) from error


def map_routes(source: MapSource) -> list[Any]:
    """The routes."""
    maps = Maps(source)
    tileset_tag = _tag(source.tileset)

    @get("/v1/maps/tileset.png", summary="The picture of the tiles", media_type="image/png")
    async def tileset(request: AnyRequest) -> Response[bytes]:
        """As Tiled shows them: tile n is n − `first` places on, `columns` in a row."""
        if not source.tileset:
            raise Refusal(404, "not_found", "this game has no picture of its tiles")
        return _answer(request, source.tileset, tileset_tag, "image/png")

    @get("/v1/maps/{zone:str}", summary="A zone's map", media_type=MediaType.JSON)
    async def zone_map(request: AnyRequest, zone: FromPath[str]) -> Response[bytes]:
        """Its tiles with their surroundings, what is solid, areas, spawn points, camps and neighbours."""
        packed = await maps.find(zone)
        if _takes_gzip(request):
            return _answer(request, packed.small, packed.etag, "application/json", {"content-encoding": "gzip"})
        return _answer(request, packed.plain, packed.etag, "application/json")

    return [tileset, zone_map]


def _takes_gzip(request: AnyRequest) -> bool:
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _answer(
    request: AnyRequest, body: bytes, etag: str, media_type: str, more: Mapping[str, str] | None = None
) -> Response[bytes]:
    headers = {
        "etag": etag,
        "cache-control": f"public, max-age={CACHE_S}",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers={**headers, **(more or {})}, media_type=media_type)
