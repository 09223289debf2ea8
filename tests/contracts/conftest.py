"""Where the contract of the store is tested: SQLite in a folder, PostgreSQL as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from myriad.storage.store import SqlStore
from tests.contracts.postgres_server import PostgresServer, postgres_server
from tests.contracts.store_places import Place


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        place = Place("sqlite", str(tmp_path / "world.sqlite3"))
        yield place
        place.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    place = Place("postgres", server.new_world())
    yield place
    place.close()
    server.drop_world(place.where)


@pytest.fixture
def store(place: Place) -> SqlStore:
    return place.open()
