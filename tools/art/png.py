"""PNG files, written by hand: the same bytes for the same pixels.

Responsible for: (H, W, 4) RGBA and (H, W) grey arrays as PNG. Not here: what is on them.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_RGBA, _GREY, _INDEXED = 6, 0, 3


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png(kind: int, width: int, lines: Pixels, more: bytes = b"") -> bytes:
    raw = b"".join(b"\0" + line.tobytes() for line in lines)
    header = struct.pack(">IIBBBBB", width, len(lines), 8, kind, 0, 0, 0)
    packed = _chunk(b"IDAT", zlib.compress(raw, 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + more + packed + _chunk(b"IEND", b"")


def grey_png(pixels: Pixels) -> bytes:
    """(H, W) numbers 0 to 255, which browsers read back exactly."""
    return _png(_GREY, pixels.shape[1], pixels)


def colour_png(pixels: Pixels) -> bytes:
    """(H, W, 4) RGBA; with a palette if 256 colours do."""
    flat = pixels.reshape(-1, 4).copy()
    flat[flat[:, 3] == 0] = 0
    colours, places = np.unique(flat, axis=0, return_inverse=True)
    if len(colours) > 256:
        return _png(_RGBA, pixels.shape[1], flat.reshape(pixels.shape[0], -1))
    palette = _chunk(b"PLTE", colours[:, :3].tobytes()) + _chunk(b"tRNS", colours[:, 3].tobytes())
    return _png(_INDEXED, pixels.shape[1], places.astype(np.uint8).reshape(pixels.shape[:2]), palette)
