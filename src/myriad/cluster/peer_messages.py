"""What zones say to each other, as values and as bytes.

Layout (little-endian): u8 kind, then the fields in the order of the classes; texts and bytes have their length before
them (a name u8, a layout u16), except where they are the last and take the rest.

Responsible for: encoding, and decoding with every length checked.
Not here: how messages travel (`peer_link.py`), what they do (`entrance.py`, `passages.py`).

Invariant: `decode(encode(m)) == m`, and `decode` of anything else is None.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_U8, _U16, _U32 = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I")
_ABOUT = struct.Struct("<I")
_RESERVE = struct.Struct("<IQ")
_ACTIVATE = struct.Struct("<QIIIQQdd")
_ACTIVATED = struct.Struct("<QI")


@dataclass(frozen=True, slots=True)
class Reserve:
    """A character comes near your border: keep a place for it, and give its player a token."""

    character: int
    session: int
    name: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A place is kept; the token's trailing zeros are left out."""

    character: int
    token: bytes


@dataclass(frozen=True, slots=True)
class Denied:
    """No place, or no longer."""

    character: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The player is connected here and waits."""

    character: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The character does not come after all."""

    character: int


@dataclass(frozen=True, slots=True)
class Activate:
    """The store says that the character is yours, under `hop`: play it from here on."""

    transfer: int
    character: int
    hop: int
    last_input: int
    session: int
    account: int
    x: float
    y: float
    name: str
    layout: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Activated:
    """The character of that transfer is played here."""

    transfer: int
    character: int


@dataclass(frozen=True, slots=True)
class Effect:
    """An entity of mine did something to one of yours; the zone knows the bytes."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Talk:
    """Something was said; the zone knows the bytes."""

    body: bytes


@dataclass(frozen=True, slots=True)
class WantBorder:
    """I have players near your border (or no longer): send me what stands there. Counts for 3 s."""

    wanted: bool


Message = Reserve | Granted | Denied | Ready | Withdraw | Activate | Activated | Effect | Talk | WantBorder

RESERVE, GRANTED, DENIED, READY, WITHDRAW, ACTIVATE, ACTIVATED, EFFECT, TALK, WANT_BORDER = range(1, 11)

KINDS: Final[dict[type[Message], int]] = {
    Reserve: RESERVE,
    Granted: GRANTED,
    Denied: DENIED,
    Ready: READY,
    Withdraw: WITHDRAW,
    Activate: ACTIVATE,
    Activated: ACTIVATED,
    Effect: EFFECT,
    Talk: TALK,
    WantBorder: WANT_BORDER,
}


def encode(message: Message) -> bytes:
    """The bytes of a message. Raises struct.error if a number or a text does not fit."""
    return bytes([KINDS[type(message)]]) + _body(message)


def _body(message: Message) -> bytes:
    match message:
        case Reserve(character, session, name):
            return _RESERVE.pack(character, session) + name.encode()
        case Granted(character, token):
            return _ABOUT.pack(character) + token
        case Denied(character, reason):
            return _ABOUT.pack(character) + reason.encode()
        case Ready(character) | Withdraw(character):
            return _ABOUT.pack(character)
        case Activate():
            return _activate_body(message)
        case Activated(transfer, character):
            return _ACTIVATED.pack(transfer, character)
        case Effect(body) | Talk(body):
            return body
        case WantBorder(wanted):
            return _U8.pack(wanted)


def _activate_body(message: Activate) -> bytes:
    name, layout = message.name.encode(), message.layout.encode()
    numbers = _ACTIVATE.pack(
        message.transfer,
        message.character,
        message.hop,
        message.last_input,
        message.session,
        message.account,
        message.x,
        message.y,
    )
    return b"".join((numbers, _U8.pack(len(name)), name, _U16.pack(len(layout)), layout, message.record))


def decode(raw: bytes) -> Message | None:
    """The message of these bytes, None if they are none."""
    if not raw:
        return None
    try:
        return _decode(raw[0], raw[1:])
    except (struct.error, UnicodeDecodeError):
        return None


def _decode(kind: int, body: bytes) -> Message | None:
    match kind:
        case 1:
            character, session = _RESERVE.unpack_from(body)
            return Reserve(character, session, body[_RESERVE.size :].decode())
        case 2:
            return Granted(_ABOUT.unpack_from(body)[0], body[_ABOUT.size :])
        case 3:
            return Denied(_ABOUT.unpack_from(body)[0], body[_ABOUT.size :].decode())
        case 4:
            return Ready(*_ABOUT.unpack(body))
        case 5:
            return Withdraw(*_ABOUT.unpack(body))
        case 6:
            return _decode_activate(body)
        case 7:
            return Activated(*_ACTIVATED.unpack(body))
        case 8:
            return Effect(body)
        case 9:
            return Talk(body)
        case 10:
            return WantBorder(bool(_U8.unpack(body)[0])) if body in (b"\0", b"\1") else None
    return None


def _decode_activate(body: bytes) -> Activate | None:
    numbers = _ACTIVATE.unpack_from(body)
    at = _ACTIVATE.size
    name_end = at + 1 + int(_U8.unpack_from(body, at)[0])
    layout_end = name_end + 2 + int(_U16.unpack_from(body, name_end)[0])
    if layout_end > len(body):
        return None
    transfer, character, hop, last_input, session, account, x, y = numbers
    return Activate(
        transfer=transfer,
        character=character,
        hop=hop,
        last_input=last_input,
        session=session,
        account=account,
        x=x,
        y=y,
        name=body[at + 1 : name_end].decode(),
        layout=body[name_end + 2 : layout_end].decode(),
        record=body[layout_end:],
    )
