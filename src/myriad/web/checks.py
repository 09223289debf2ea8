"""Rules for what people type in: names and places.

Responsible for: the rules. Not here: who may use a name (the store).
"""

from __future__ import annotations

import math
from typing import Annotated, Final

import msgspec

from myriad.web.refusals import BadRequest
from myriad.wire.layouts import MAX_NAME_BYTES

_MAX_COORDINATE_M: Final = 1e6

Spawn = Annotated[tuple[float, float], msgspec.Meta(description="x and y in metres, world coordinates")]


def checked_name(name: str) -> str:
    """A name that may be used as it is. Raises BadRequest."""
    if not name or name != name.strip() or not name.isprintable():
        raise BadRequest("bad_name", "a name is printable text without spaces at its ends")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise BadRequest("bad_name", "a name is text in UTF-8") from None
    if size > MAX_NAME_BYTES:
        raise BadRequest("bad_name", f"a name has at most {MAX_NAME_BYTES} bytes in UTF-8, not {size}")
    return name


def checked_spawn(spawn: tuple[float, float] | None) -> tuple[float, float] | None:
    """A place that may be within a world. Raises BadRequest."""
    if spawn is None:
        return None
    if not all(math.isfinite(value) and abs(value) <= _MAX_COORDINATE_M for value in spawn):
        raise BadRequest("bad_spawn", "spawn is x and y in metres, within the world")
    return spawn
