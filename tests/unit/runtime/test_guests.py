"""Guests at a zone's own front door: by name alone, into that zone, and never into somebody else's character."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from myriad.cluster.requests import (
    AccountRow,
    AcquireLease,
    Answer,
    CharacterRow,
    Claim,
    CreateAccount,
    CreateCharacter,
    FindCharacter,
    HostId,
    LeaseGranted,
    Request,
    ZoneKey,
)
from myriad.core.errors import LoginRefused
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.tokens import open_private, read_token
from myriad.runtime.clocks import RealClock
from myriad.runtime.guests import GuestDesk
from myriad.runtime.hosted_zone import Wish
from myriad.runtime.store_thread import StoreThread
from myriad.storage.port import MEMORY, open_store
from myriad.storage.writer import Writer
from myriad.wire.token_data import TokenData, unpack_token_data

HERE, THERE = ZoneKey("zone-1"), ZoneKey("zone-2")
SPAWN = (500.0, 400.0)
KEY = bytes(range(32))
PROTOCOL = 0xAB
SERVER = parse_endpoint("127.0.0.1:1337")
WALL_S = 1_700_000_000


class Desk:
    """A desk over a store in memory."""

    def __init__(self) -> None:
        numbers = itertools.count(1)

        def random_bytes(length: int) -> bytes:
            return next(numbers).to_bytes(8, "little").ljust(length, b"\0")

        def open_worker() -> Writer:
            return Writer(open_store(MEMORY, wall_ms=lambda: WALL_S * 1000, random_bytes=random_bytes), lambda: 0, 4096)

        self.store = StoreThread(open_worker, RealClock())
        self.store.start()
        ties: Any = SimpleNamespace(settings=Settings(), store=self.store, spawn_point=lambda zone: SPAWN)
        self.desk = GuestDesk(HERE, KEY, PROTOCOL, ties)

    def login(self, *wishes: Wish) -> list[TokenData]:
        """What the tokens say."""
        tokens = asyncio.run(self.desk.login(wishes, (SERVER,), WALL_S))
        return [self.read(token) for token in tokens]

    def read(self, token: bytes) -> TokenData:
        public = read_token(token)
        assert [str(server) for server in public.servers] == [str(SERVER)]
        opened = open_private(public.private_data, KEY, PROTOCOL, public.expires_s, public.nonce)
        data = unpack_token_data(opened.user_data)
        assert data is not None
        return data

    def ask(self, request: Request) -> Answer:
        return self.store.execute([request])[0]

    def character(self, name: str) -> CharacterRow:
        found = self.ask(FindCharacter(name=name))
        assert isinstance(found, CharacterRow)
        return found

    def plays_in(self, key: ZoneKey, character: int) -> None:
        granted = self.ask(AcquireLease(key, HostId("h", "m", 1), 10_000, "127.0.0.1:1", KEY, PROTOCOL, 1))
        assert isinstance(granted, LeaseGranted)
        self.ask(Claim(key, granted.epoch, character, 1))


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()
    yield found
    found.store.stop(5)


def test_a_new_name_gets_a_character_in_this_zone_and_keeps_it(desk: Desk) -> None:
    (first,) = desk.login(Wish("Ada"))
    (second,) = desk.login(Wish("Ada"))
    row = desk.character("Ada")
    assert (row.owner, (row.x, row.y)) == (HERE, SPAWN)
    assert first.character == second.character == row.character
    assert first.session != second.session


def test_many_log_in_at_once_also_twice_by_one_name(desk: Desk) -> None:
    tokens = desk.login(*(Wish(f"name {number % 200}") for number in range(300)))
    assert [token.name for token in tokens] == [f"name {number % 200}" for number in range(300)]
    assert len({token.character for token in tokens}) == 200


def test_who_is_away_elsewhere_is_brought_here(desk: Desk) -> None:
    account = desk.ask(CreateAccount("Ada", None))
    assert isinstance(account, AccountRow)
    desk.ask(CreateCharacter(account.account, "Ada", THERE, 1500.0, 10.0))
    desk.login(Wish("Ada"))
    assert desk.character("Ada").owner == HERE


def test_a_wish_for_a_place_is_in_the_token_and_in_the_store(desk: Desk) -> None:
    (token,) = desk.login(Wish("Ada", spawn=(10.0, 20.5)))
    row = desk.character("Ada")
    assert token.spawn == (10240, 20992)
    assert (row.x, row.y) == (10.0, 20.5)


def test_who_plays_here_comes_back_and_who_plays_elsewhere_is_refused(desk: Desk) -> None:
    (first,) = desk.login(Wish("Ada"))
    desk.plays_in(HERE, first.character)
    assert desk.login(Wish("Ada"))[0].character == first.character
    account = desk.ask(CreateAccount("Bob", None))
    assert isinstance(account, AccountRow)
    row = desk.ask(CreateCharacter(account.account, "Bob", THERE, 1500.0, 10.0))
    assert isinstance(row, CharacterRow)
    desk.plays_in(THERE, row.character)
    before = desk.character("Bob")
    with pytest.raises(LoginRefused, match="zone-2"):
        desk.login(Wish("Bob"))
    assert desk.character("Bob") == before


def test_a_name_with_a_password_is_refused_and_nothing_is_made(desk: Desk) -> None:
    desk.ask(CreateAccount("Ada", "$argon2id$..."))
    with pytest.raises(LoginRefused, match="password"):
        desk.login(Wish("Ada"))
    assert not isinstance(desk.ask(FindCharacter(name="Ada")), CharacterRow)


def test_a_wrong_character_number_is_refused(desk: Desk) -> None:
    (token,) = desk.login(Wish("Ada"))
    with pytest.raises(LoginRefused):
        desk.login(Wish("Ada", character=token.character + 1))
