"""Accounts, their bans, and login sessions in the store.

Responsible for: carrying out these requests.
Not here: passwords, limits, which names are allowed (`web/gateway/`).

Invariants: of a session's secret only a hash is here; a ban whose time is over is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import (
    AccountRow,
    BanAccount,
    CreateAccount,
    Done,
    FindAccount,
    FindSession,
    NameTaken,
    NotFound,
    OpenSession,
    UnbanAccount,
)
from myriad.storage.connection import Connection, Row
from myriad.storage.counters import next_number
from myriad.storage.names import name_key

_COLUMNS: Final = (
    "account.account, account.name, account.password_hash, account.banned, account.ban_until_ms, account.ban_reason"
)


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
        present = _account_row(db, rows[0]) if rows else None
    same = present is not None and (present.name, present.password_hash) == (request.name, request.password_hash)
    return present if present is not None and same else NameTaken()


def find_account(db: Connection, request: FindAccount) -> AccountRow | NotFound:
    """By number, or by name without regard to case."""
    if request.account:
        rows = db.run(f"SELECT {_COLUMNS} FROM account WHERE account = ?", request.account)
        return _account_row(db, rows[0]) if rows else NotFound()
    return _find(db, request.name) or NotFound()


def _find(db: Connection, name: str) -> AccountRow | None:
    rows = db.run(f"SELECT {_COLUMNS} FROM account WHERE name_key = ?", name_key(name))
    return _account_row(db, rows[0]) if rows else None


def _account_row(db: Connection, row: Row) -> AccountRow:
    account, name, password_hash, banned, until_ms, reason = row
    if not banned or 0 < until_ms <= db.now_ms():
        return AccountRow(account, name, password_hash)
    return AccountRow(account, name, password_hash, True, until_ms, reason)


def ban_account(db: Connection, request: BanAccount) -> Done | NotFound:
    """From now on, instead of any ban before."""
    rows = db.run(
        "UPDATE account SET banned = 1, ban_until_ms = ?, ban_reason = ?, ban_by = ? WHERE account = ? RETURNING 1",
        request.until_ms,
        request.reason,
        request.by,
        request.account,
    )
    return Done() if rows else NotFound()


def unban_account(db: Connection, request: UnbanAccount) -> Done | NotFound:
    """The ban is taken back; what it was stays to be read in the database."""
    rows = db.run("UPDATE account SET banned = 0 WHERE account = ? RETURNING 1", request.account)
    return Done() if rows else NotFound()


def is_banned(db: Connection, account: int) -> bool:
    """True if the account may not play now."""
    rows = db.run("SELECT ban_until_ms FROM account WHERE account = ? AND banned = 1", account)
    return bool(rows) and not 0 < rows[0][0] <= db.now_ms()


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
    return _account_row(db, rows[0]) if rows else NotFound()


HANDLERS: Final[Mapping[type, Any]] = {
    CreateAccount: create_account,
    FindAccount: find_account,
    OpenSession: open_session,
    FindSession: find_session,
    BanAccount: ban_account,
    UnbanAccount: unban_account,
}
