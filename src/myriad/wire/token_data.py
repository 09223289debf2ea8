"""What the user data of a connect token says: who plays, and where a fresh avatar may start.

Responsible for: packing and unpacking the 256 bytes that a token carries past the client to the zone.
Not here: the token around them (`netcode/tokens.py`) and what the zone makes of it (`zone/sessions.py`).

Invariant: the client cannot read or change these bytes; a zone still checks them, because another version of the
gateway may have written them.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from myriad.wire.layouts import MAX_NAME_BYTES, PROTOCOL_MINOR

USER_DATA_BYTES = 256
_LAYOUT = struct.Struct("<BBQIiiB24s")
_HAS_SPAWN = 1
_IS_PASSAGE = 2


class TokenData(NamedTuple):
    """The contents: `session` a random u64 per login, `character` the entity id (u32, never 0), `spawn` exact
    coordinates in 1/1024 m or None, `name` at most 24 bytes of UTF-8; `passage`: whoever comes with it waits until the
    zone where its character is now hands it over."""

    session: int
    character: int
    name: str
    spawn: tuple[int, int] | None
    passage: bool = False


def pack_token_data(data: TokenData) -> bytes:
    """The 256 bytes for `data`. Raises ValueError if the name is empty or longer than 24 bytes."""
    name = data.name.encode()
    if not 1 <= len(name) <= MAX_NAME_BYTES:
        raise ValueError(f"a name has 1 to {MAX_NAME_BYTES} bytes, not {len(name)}")
    x, y = data.spawn if data.spawn is not None else (0, 0)
    flags = (_HAS_SPAWN if data.spawn is not None else 0) | (_IS_PASSAGE if data.passage else 0)
    packed = _LAYOUT.pack(PROTOCOL_MINOR, flags, data.session, data.character, x, y, len(name), name)
    return packed.ljust(USER_DATA_BYTES, b"\0")


def unpack_token_data(raw: bytes) -> TokenData | None:
    """The contents of 256 bytes of user data, or None if they make no sense."""
    if len(raw) != USER_DATA_BYTES:
        return None
    _minor, flags, session, character, x, y, length, name = _LAYOUT.unpack_from(raw)
    if character == 0 or not 1 <= length <= MAX_NAME_BYTES:
        return None
    try:
        text = name[:length].decode()
    except UnicodeDecodeError:
        return None
    return TokenData(session, character, text, (x, y) if flags & _HAS_SPAWN else None, bool(flags & _IS_PASSAGE))
