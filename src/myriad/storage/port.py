"""The store as the rest of the program sees it, and how to open one.

Responsible for: `Store`, its one error, and choosing between SQLite and PostgreSQL.
Not here: what a request means (`cluster/requests.py`), who groups requests into transactions (`writer.py`).

Invariant: an `execute` that raised may have taken place or not; since every request may be repeated, the caller simply
repeats all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from myriad.cluster.requests import Answer, Request
from myriad.core.errors import MyriadError, StartupError

MEMORY: Final = ":memory:"
FILE_NAME: Final = "world.sqlite3"
"""The file in a world's data folder."""


class StoreUnavailable(MyriadError):
    """The transaction did not take place, or nobody knows whether it did: repeat it."""


class Store(Protocol):
    """Where a world is kept. One thread uses it at a time."""

    @property
    def lock_wait_ns(self) -> int:
        """How long the newest `execute` waited until it could write."""
        ...

    def execute(self, requests: Sequence[Request]) -> list[Answer]:
        """Carries `requests` out in order, in one transaction; answer i is request i's.

        One that is fenced or refused changes nothing and does not touch the others. Raises StoreUnavailable.
        """
        ...

    def secret(self) -> bytes:
        """32 random bytes of this world, the same for everybody who opens it."""
        ...

    def close(self) -> None:
        """The store is not used any more."""
        ...


def open_store(
    place: str | Path,
    *,
    wall_ms: Callable[[], int],
    random_bytes: Callable[[int], bytes],
    sync: str = "normal",
    create: bool = True,
) -> Store:
    """The store at `place`: postgresql://..., a data folder, or ":memory:".

    `wall_ms` is the clock of leases (milliseconds since 1970) for SQLite; PostgreSQL goes by its server's clock.
    `random_bytes(n)` makes the secret of a new world. `sync` is the setting `store_sync`. Missing tables and folders
    are made if `create`. Raises StartupError, or StoreUnavailable if a server does not answer.
    """
    scheme = str(place).partition("://")[0]
    if scheme in ("postgresql", "postgres"):
        try:
            from myriad.storage.postgres import open_postgres
        except ModuleNotFoundError:
            raise StartupError("PostgreSQL needs its driver: pip install 'myriad-server[postgres]'") from None
        return open_postgres(str(place), random_bytes=random_bytes, create=create)
    if scheme != str(place):
        raise StartupError(f"a store is a folder or postgresql://..., not {scheme}://")
    from myriad.storage.sqlite import open_sqlite

    file = MEMORY if str(place) == MEMORY else Path(place) / FILE_NAME
    return open_sqlite(file, wall_ms=wall_ms, random_bytes=random_bytes, sync=sync, create=create)
