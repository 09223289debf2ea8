"""A store in an SQL database: requests in, answers out, one transaction at a time.

Responsible for: transactions and savepoints, which request is carried out by which function, the world's secret.
Not here: what they do (`leases.py`, `characters.py`, `cuts.py`, `accounts.py`, `posts.py`, `audit.py`), the databases.

Invariants: a request that fails on its own account is undone alone and answered Refused; anything else that fails
undoes the transaction and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from myriad.cluster.requests import (
    Answer,
    Audit,
    FindAccount,
    FindCharacter,
    FindSession,
    ListCharacters,
    ReadDirectory,
    ReadPosts,
    Refused,
    Request,
)
from myriad.storage import accounts, audit, characters, cuts, leases, posts
from myriad.storage.connection import Connection, Unfit
from myriad.storage.schema import migrate

Handler = Callable[[Connection, Any], Answer]

HANDLERS: Final[Mapping[type, Handler]] = {
    **leases.HANDLERS,
    **characters.HANDLERS,
    **cuts.HANDLERS,
    **accounts.HANDLERS,
    **posts.HANDLERS,
    **audit.HANDLERS,
}
"""The function for each type of request."""

READING: Final = (ReadDirectory, FindCharacter, FindAccount, FindSession, ListCharacters, ReadPosts, Audit)
"""Requests that write nothing: alone, they need no lock."""

SECRET_BYTES: Final = 32


class SqlStore:
    """`port.Store` on one connection."""

    def __init__(self, db: Connection, random_bytes: Callable[[int], bytes]) -> None:
        """`db` has the tables. The world gets a secret if it has none. Raises StoreUnavailable."""
        self._db = db
        self._secret = self._find_secret() or self._make_secret(random_bytes(SECRET_BYTES))

    @property
    def lock_wait_ns(self) -> int:
        """How long the newest transaction waited until it could begin."""
        return self._db.lock_wait_ns

    def execute(self, requests: Sequence[Request]) -> list[Answer]:
        """See `port.Store`. An audit among writing requests is made after them, in a transaction that only reads: it
        needs the sight of one moment."""
        if not requests:
            return []
        audits = [i for i, request in enumerate(requests) if isinstance(request, Audit)]
        if not audits or len(audits) == len(requests):
            return self._carry_out(requests)
        answers = self._carry_out([request for request in requests if not isinstance(request, Audit)])
        for i, report in zip(audits, self._carry_out([Audit()] * len(audits)), strict=True):
            answers.insert(i, report)
        return answers

    def secret(self) -> bytes:
        """32 random bytes of this world."""
        return self._secret

    def close(self) -> None:
        """Ends the connection."""
        self._db.close()

    @contextmanager
    def transaction(self, writing: bool) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, and undone if that raises."""
        self._db.begin(writing)
        try:
            yield self._db
            self._db.commit()
        except BaseException:
            self._db.rollback()
            raise

    def _carry_out(self, requests: Sequence[Request]) -> list[Answer]:
        writing = not all(isinstance(request, READING) for request in requests)
        with self.transaction(writing) as db:
            return [_answer(db, request) for request in requests]

    def _find_secret(self) -> bytes | None:
        with self.transaction(writing=False) as db:
            rows = db.run("SELECT value FROM world WHERE name = 'secret'")
        return bytes(rows[0][0]) if rows else None

    def _make_secret(self, secret: bytes) -> bytes:
        with self.transaction(writing=True) as db:
            db.run("INSERT INTO world (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING", secret)
            return bytes(db.run("SELECT value FROM world WHERE name = 'secret'")[0][0])


def open_sql(db: Connection, random_bytes: Callable[[int], bytes], create: bool) -> SqlStore:
    """The store on `db`, with tables and secret; missing ones are made if `create`. If that fails, `db` is closed."""
    try:
        migrate(db, create)
        return SqlStore(db, random_bytes)
    except BaseException:
        db.close()
        raise


def _answer(db: Connection, request: Request) -> Answer:
    """Carries one request out in a savepoint of its own."""
    db.run("SAVEPOINT request")
    try:
        answer = HANDLERS[type(request)](db, request)
    except Unfit as error:
        db.run("ROLLBACK TO SAVEPOINT request")
        answer = Refused(f"the store cannot hold it: {error}")
    db.run("RELEASE SAVEPOINT request")
    return answer
