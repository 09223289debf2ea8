"""Accounts and login sessions in the store.

Responsible for: carrying out these requests.
Not here: passwords, limits, which names are allowed (`web/gateway/`).

Invariant: of a session's secret only a hash is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import (
    AccountRow,
    CreateAccount,
    Done,
    FindAccount,
    FindSession,
    NameTaken,
    NotFound,
    OpenSession,
)
from myriad.storage.connection import Connection, Row
from myriad.storage.counters import next_number
from myriad.storage.names import name_key

_COLUMNS: Final = "account.account, account.name, account.password_hash, account.banned"


def create_account(db: Connection, request: CreateAccount) -> AccountRow | NameTaken:
    """A new account. The same wish again, by name and hash, finds it made; of guests there is one of each name."""
    present = _find(db, request.name)
    if present is None:
        number = next_number(db, "account")
        rows = db.run(
            "INSERT INTO account (account, name, name_key, password_hash) VALUES (?, ?, ?, ?)"
            f" ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            number,
            request.name,
            name_key(request.name),
            request.password_hash,
        )
        present = _account_row(rows[0]) if rows else None
    same = present is not None and (present.name, present.password_hash) == (request.name, request.password_hash)
    return present if present is not None and same else NameTaken()


def find_account(db: Connection, request: FindAccount) -> AccountRow | NotFound:
    """By name without regard to case."""
    return _find(db, request.name) or NotFound()


def _find(db: Connection, name: str) -> AccountRow | None:
    rows = db.run(f"SELECT {_COLUMNS} FROM account WHERE name_key = ?", name_key(name))
    return _account_row(rows[0]) if rows else None


def _account_row(row: Row) -> AccountRow:
    account, name, password_hash, banned = row
    return AccountRow(account, name, password_hash, bool(banned))


def open_session(db: Connection, request: OpenSession) -> Done | NotFound:
    """Remembers a login, and forgets those whose time is over."""
    if not db.run("SELECT 1 FROM account WHERE account = ?", request.account):
        return NotFound()
    db.run("DELETE FROM session WHERE expires_ms <= ?", db.now_ms())
    db.run(
        "INSERT INTO session (token_hash, account, expires_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        request.token_hash,
        request.account,
        db.now_ms() + request.life_ms,
    )
    return Done()


def find_session(db: Connection, request: FindSession) -> AccountRow | NotFound:
    """Whose session it is."""
    sql = f"SELECT {_COLUMNS} FROM session JOIN account ON account.account = session.account"
    rows = db.run(f"{sql} WHERE token_hash = ? AND expires_ms > ?", request.token_hash, db.now_ms())
    return _account_row(rows[0]) if rows else NotFound()


HANDLERS: Final[Mapping[type, Any]] = {
    CreateAccount: create_account,
    FindAccount: find_account,
    OpenSession: open_session,
    FindSession: find_session,
}
