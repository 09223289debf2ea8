"""What clients and zones of the toy game say to each other."""

from __future__ import annotations

from typing import NamedTuple

from myriad.cluster.requests import ZoneKey


class Token(NamedTuple):
    """Opens one session at one process. Its number is the connection's as well."""

    number: int
    address: str
    zone: ZoneKey
    character: int
    session: int
    passage: bool


class Input(NamedTuple):
    number: int
    ident: int
    """Different for every input of the whole run."""
    dx: float
    dy: float
    deed: str


class Up(NamedTuple):
    token: Token
    client: str
    inputs: tuple[Input, ...]


class Snapshot(NamedTuple):
    token: int
    last_input: int
    x: float
    y: float
    offers: tuple[Token, ...]


class Wait(NamedTuple):
    """The connection stands; the character is not here (yet)."""

    token: int


class Gone(NamedTuple):
    token: int


Down = Snapshot | Wait | Gone
