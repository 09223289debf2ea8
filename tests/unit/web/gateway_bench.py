"""A gateway with a real store in memory, zones whose leases a test sets, and a clock that it moves."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send
from nacl.pwhash import argon2id

from emberdale.browser_info import FOLDER
from myriad.cluster.requests import (
    PLAYING,
    AcquireLease,
    Answer,
    CharacterRow,
    Claim,
    Claimed,
    Committed,
    Cut,
    Directory,
    FindCharacter,
    HostId,
    LeaseGranted,
    Leaver,
    ReadDirectory,
    ReleaseLease,
    RenewLease,
    Request,
    ZoneKey,
    ZoneLoad,
)
from myriad.core.clock import ManualClock
from myriad.core.settings import Settings
from myriad.game.world_map import WorldMap, ZoneArea
from myriad.netcode.tokens import PrivateToken, open_private, read_token
from myriad.storage.port import MEMORY, Store, StoreUnavailable, open_store
from myriad.storage.store import SqlStore
from myriad.web.gateway.application import build_gateway
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.pages import CLIENT, Folders
from myriad.web.gateway.passwords import Passwords
from myriad.web.gateway.ports import FutureStore, World
from myriad.web.ops.operations import Operations
from myriad.wire.token_data import TokenData, unpack_token_data
from tests.unit.web.fake_sources import FakeSources

S = 1_000_000_000
PROTOCOL_ID = 0xAB
LOCAL = "127.0.0.1"
AWAY_HOST = "203.0.113.5"
MAP = WorldMap([ZoneArea("zone-1", 1, 0, 0, 1000, 1000), ZoneArea("zone-2", 2, 1000, 0, 1000, 1000)])
WORLD = World(MAP, "tiny", ((500.0, 500.0),))
EAST = [1500.0, 20.5]
"""A place in zone-2."""


class Bench:
    """What a test needs: `post("/v1/login", name="Ada")`, `ask(request)` of the store, zones to open."""

    def __init__(self, settings: Settings, bind: str) -> None:
        self.clock = ManualClock(now_ns=1000 * S)
        self.settings = settings
        self.gateway = Gateway(settings, bind, WORLD)
        self.client_host = LOCAL
        self.store_down = False
        self.num_asked = 0
        self.num_cuts = 0
        self.keys: dict[ZoneKey, bytes] = {}
        self._store_thread = ThreadPoolExecutor(1)
        self._store: Store = self._store_thread.submit(self._open).result()
        self.passwords = Passwords(opslimit=argon2id.OPSLIMIT_MIN, memlimit=argon2id.MEMLIMIT_MIN)
        self.sources = FakeSources(self.clock, self._directory)
        self.operations = Operations(self.gateway, self.sources, lambda: self.clock.now_ns() / S)
        self.application = build_gateway(
            self.gateway,
            FutureStore(self._submit),
            self.clock,
            passwords=self.passwords,
            folders=Folders(CLIENT, FOLDER),
            operations=self.operations,
        )
        self.http = TestClient(self, base_url=f"http://{LOCAL}:8080", raise_server_exceptions=False)

    def _directory(self) -> Directory:
        answer = self.ask(ReadDirectory())
        assert isinstance(answer, Directory)
        return answer

    def _open(self) -> Store:
        return open_store(MEMORY, wall_ms=lambda: self.clock.now_ns() // 1_000_000, random_bytes=os.urandom)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, asked from `client_host`."""
        if "client" in scope:  # a request, not the start or end of the application
            scope["client"] = (self.client_host, 40000)
        await self.application(scope, receive, send)

    def _submit(self, request: Request) -> Future[Answer]:
        self.num_asked += 1
        return self._store_thread.submit(self._execute, request)

    def _execute(self, request: Request) -> Answer:
        if self.store_down:
            raise StoreUnavailable("down")
        return self._store.execute([request])[0]

    def ask(self, request: Request) -> Answer:
        """Of the store itself."""
        return self._store_thread.submit(lambda: self._store.execute([request])[0]).result()

    def ban(self, name: str) -> None:
        """As an operator does, in the database."""

        def write() -> None:
            assert isinstance(self._store, SqlStore)
            with self._store.transaction(writing=True) as db:
                db.run("UPDATE account SET banned = 1 WHERE name = ?", name)

        self._store_thread.submit(write).result()

    def close(self) -> None:
        self.passwords.close()
        self._store_thread.submit(self._store.close).result()
        self._store_thread.shutdown()

    # The world.

    def wait(self, seconds: float) -> None:
        """Time passes: the directory is read anew."""
        self.clock.advance_ns(round(seconds * S))

    def open_zone(
        self, name: str = "zone-1", layer: int = 0, *, capacity: int = 10, endpoint: str = f"{LOCAL}:1337"
    ) -> int:
        """A zone takes its lease; returns the epoch."""
        key = ZoneKey(name, layer)
        self.keys[key] = os.urandom(32)
        host = HostId("host-1", "machine", 4242)
        granted = self.ask(
            AcquireLease(key, host, 60_000, endpoint, self.keys[key], PROTOCOL_ID, capacity, f"{LOCAL}:9000")
        )
        assert isinstance(granted, LeaseGranted)
        self.wait(1)
        return granted.epoch

    def load_zone(self, epoch: int, connected: int, name: str = "zone-1", layer: int = 0, **load: Any) -> None:
        """The zone tells how busy it is."""
        told = ZoneLoad(players=connected, connected=connected, **load)
        self.ask(RenewLease(ZoneKey(name, layer), epoch, 60_000, told))
        self.wait(1)

    def close_zone(self, epoch: int, name: str = "zone-1", layer: int = 0) -> None:
        self.ask(ReleaseLease(ZoneKey(name, layer), epoch))
        self.wait(1)

    def claim(self, character: int, session: int, epoch: int, name: str = "zone-1", layer: int = 0) -> None:
        """The character has arrived in a zone."""
        assert isinstance(self.ask(Claim(ZoneKey(name, layer), epoch, character, session)), Claimed)

    def leave(self, character: int, epoch: int, name: str = "zone-1", layer: int = 0) -> None:
        """The zone writes that the character has left."""
        row = self.ask(FindCharacter(character=character))
        if isinstance(row, CharacterRow) and row.presence == PLAYING:
            self.num_cuts += 1
            gone = Leaver(character, row.hop, row.x, row.y, b"", 0)
            cut = Cut(ZoneKey(name, layer), epoch, self.num_cuts, 1, "", b"", b"", leavers=(gone,))
            assert isinstance(self.ask(cut), Committed)

    # Requests.

    def post(self, path: str, session: str | None = None, **body: object) -> Any:
        return self.http.post(path, json=body, headers=bearer(session))

    def get(self, path: str, session: str | None = None) -> Any:
        return self.http.get(path, headers=bearer(session))

    def guest(self, name: str = "Ada") -> str:
        """The session token of a guest."""
        answer = self.post("/v1/login", name=name)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["session_token"])

    def opened(self, granted: dict[str, Any], token: str | None = None) -> tuple[PrivateToken, TokenData]:
        """What a zone reads in the token of an answer."""
        public = read_token(decode(token or granted["token"]))
        key = self.keys[ZoneKey(granted["zone"], granted["layer"])]
        private = open_private(public.private_data, key, PROTOCOL_ID, public.expires_s, public.nonce)
        data = unpack_token_data(private.user_data)
        assert data is not None
        return private, data


def decode(token: str) -> bytes:
    return base64.b64decode(token)


def bearer(session: str | None) -> dict[str, str]:
    return {} if session is None else {"authorization": f"Bearer {session}"}


def error_of(answer: Any) -> tuple[int, str]:
    """Status and code; every error has both and a sentence."""
    error = answer.json()["error"]
    assert error["message"] and set(error) == {"code", "message"}
    return answer.status_code, error["code"]


@contextmanager
def new_bench(bind: str = LOCAL, **settings: Any) -> Iterator[Bench]:
    """A bench with these settings."""
    bench = Bench(replace(Settings(), **settings), bind)
    try:
        with bench.http:
            yield bench
    finally:
        bench.close()
