"""The shapes of requests and answers.

Responsible for: one struct each, from which the OpenAPI document is made.
Not here: what is done with them.

Invariant: identifiers that may exceed 2**53 (sessions, protocol ids) are 16 hexadecimal digits, so that JavaScript
reads them whole.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from myriad.web.checks import Spawn

MAX_PLAYERS_PER_REQUEST: Final = 1000

SessionText = Annotated[
    str, msgspec.Meta(pattern="^[0-9a-f]{16}$", description="a play session, 16 hexadecimal digits")
]
CharacterId = Annotated[int, msgspec.Meta(ge=1, lt=2**24)]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown fields are errors, so that a misspelt one is not ignored."""


# Requests.


class RegisterRequest(_Request, frozen=True):
    """A new account."""

    name: str
    password: str


class LoginRequest(_Request, frozen=True):
    """Without a password: a guest, where guests may play."""

    name: str
    password: str | None = None


class CreateRequest(_Request, frozen=True):
    """A new character; `spawn` only where players may choose where they start."""

    name: str
    spawn: Spawn | None = None


class PlayRequest(_Request, frozen=True):
    """Without `character`: the account's first one, made under the account's name if it has none."""

    character: CharacterId | None = None
    spawn: Spawn | None = None


class ResumeRequest(_Request, frozen=True):
    """`session` is what `play` answered, so that input numbers go on; without it, the one that the store knows."""

    character: CharacterId
    session: SessionText | None = None


class PlayManyRequest(_Request, frozen=True):
    """Guests by name; as many `spawns` or none."""

    names: list[str]
    spawns: list[Spawn | None] | None = None


class ResumeManyRequest(_Request, frozen=True):
    """Guests by name; as many `sessions` or none."""

    names: list[str]
    sessions: list[SessionText | None] | None = None


# Answers.


class LoginAnswer(msgspec.Struct, frozen=True):
    """`session_token` goes into the header `Authorization: Bearer ...` of every further request."""

    session_token: str
    account: int
    name: str
    guest: bool
    expires_s: int


class CharacterAnswer(msgspec.Struct, frozen=True):
    """A character: in which zone it is, and whether it is in the world now."""

    character: int
    name: str
    zone: str
    layer: int
    x: float
    y: float
    playing: bool


class CharactersAnswer(msgspec.Struct, frozen=True):
    """All characters of an account."""

    characters: list[CharacterAnswer]
    max_characters: int


class MapInfo(msgspec.Struct, frozen=True):
    """A zone's place in the world, in metres; x and y are its south-west corner."""

    name: str
    number: int
    x: int
    y: int
    width: int
    height: int


class ProtocolInfo(msgspec.Struct, frozen=True):
    """What a client must agree with before it connects."""

    protocol_id: str
    game: str
    tick_hz: int
    snapshot_hz: int


class PlayAnswer(msgspec.Struct, frozen=True):
    """`token` is a netcode 1.02 connect token (2048 bytes) in base64, good for some seconds at `servers` (UDP).

    Browsers bring it to `relay`, a WebSocket.
    """

    token: str
    session: str
    character: int
    name: str
    zone: str
    layer: int
    servers: tuple[str, ...]
    relay: str
    protocol: ProtocolInfo
    map: MapInfo


class WaitAnswer(msgspec.Struct, frozen=True):
    """The player has to wait: the same request again in `retry_after_s`.

    `position` 1 is next in the queue; 0 where there is no queue. `estimate_s` is null while nobody can tell.
    """

    zone: str
    position: int
    estimate_s: float | None
    retry_after_s: float
    why: str


class ManyPlayer(msgspec.Struct, frozen=True):
    """One of those who may enter a zone."""

    name: str
    character: int
    session: str
    token: str


class ZoneGrants(msgspec.Struct, frozen=True):
    """Those who may enter one zone."""

    zone: str
    layer: int
    servers: tuple[str, ...]
    protocol: ProtocolInfo
    map: MapInfo
    players: list[ManyPlayer]


class ManyWaiting(msgspec.Struct, frozen=True):
    """One who has to wait, as in `WaitAnswer`."""

    name: str
    zone: str
    position: int
    retry_after_s: float
    why: str


class ManyRefused(msgspec.Struct, frozen=True):
    """One who cannot enter; `code` as of errors."""

    name: str
    code: str
    message: str


class ManyAnswer(msgspec.Struct, frozen=True):
    """What became of each name: it is in exactly one of the three."""

    grants: list[ZoneGrants]
    waiting: list[ManyWaiting]
    refused: list[ManyRefused]


class LayerAnswer(msgspec.Struct, frozen=True):
    """A running zone or layer. `health` is ok, late, draining or hibernating; `host` and `pid` are told to loopback."""

    layer: int
    endpoint: str
    front_door: str
    health: str
    epoch: int
    players: int
    connected: int
    capacity: int
    lateness_p99_ms: float
    cpu_cores: float
    host: str | None
    machine: str | None
    pid: int | None


class ZoneAnswer(msgspec.Struct, frozen=True):
    """A zone of the world; no layers: it does not run."""

    name: str
    number: int
    x: int
    y: int
    width: int
    height: int
    layers: list[LayerAnswer]


class WorldAnswer(msgspec.Struct, frozen=True):
    """Everything at once. `guests`: whether a name alone is enough to log in; `relay`: the WebSocket for browsers."""

    game: str
    players: int
    connected: int
    max_online: int
    waiting: int
    guests: bool
    relay: str
    hosts: int
    directory_age_s: float
    zones: list[ZoneAnswer]


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether a player can join."""

    status: str
    detail: str


class ErrorBody(msgspec.Struct, frozen=True):
    """`code` is one word for programs, `message` a sentence for people."""

    code: str
    message: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Every error."""

    error: ErrorBody
