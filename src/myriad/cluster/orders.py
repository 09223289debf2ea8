"""Orders of operators to all zones, over the bus: notices to players, and who has to go.

Responsible for: the orders and their bytes.
Not here: what a zone does with them (`zone/orders.py`), who may give them (`web/ops/`).

On the bus: MessagePack arrays, `["notice", number, zone, text]` and `["kick", character, reason]`.

Invariant: decoding never raises; what is no order is None.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

TOPIC: Final = "order"
"""Of orders on the bus."""
MAX_TEXT_BYTES: Final = 500
MAX_REASON_BYTES: Final = 200

_U32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
_U63 = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Notice(msgspec.Struct, array_like=True, frozen=True, tag="notice"):
    """Everybody in `zone`, all its layers ("": in the world), is to read `text`; `number` is random, its name."""

    number: _U63
    zone: str
    text: str


class Kick(msgspec.Struct, array_like=True, frozen=True, tag="kick"):
    """The player of `character` is to leave, and is told why."""

    character: _U32
    reason: str


Order = Notice | Kick


def encode_order(order: Order) -> bytes:
    """What to publish under TOPIC. Raises ValueError with a sentence if the text is too long or cannot be printed."""
    text, limit = (order.text, MAX_TEXT_BYTES) if isinstance(order, Notice) else (order.reason, MAX_REASON_BYTES)
    if len(text.encode(errors="replace")) > limit or not text.isprintable():
        raise ValueError(f"a text is at most {limit} bytes that can be printed, in one line")
    if isinstance(order, Notice) and not text:
        raise ValueError("a notice says something")
    return msgspec.msgpack.encode(order)


def decode_order(body: bytes) -> Order | None:
    """The opposite of `encode_order`."""
    try:
        order: Order = msgspec.msgpack.decode(body, type=Order)
        return order if encode_order(order) == body else None
    except (msgspec.DecodeError, ValueError):
        return None
