"""Migrations: numbered SQL files, and the table that says which of them a store has.

Responsible for: bringing an opened store up to this program's version, once, whoever comes first.
Not here: the tables (`migrations/`).

Invariant: a migration and its number in `schema_version` are one transaction; a file that was released is never
changed, only followed by another.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from myriad.core.errors import StartupError
from myriad.storage.connection import Connection

_COMMENT_LINE: Final = re.compile(r"^--.*$", re.MULTILINE)
_HAS_TABLE: Final = (
    "SELECT count(*) FROM /*lite sqlite_master WHERE name*/"
    " /*pg pg_tables WHERE schemaname = current_schema() AND tablename*/ = 'schema_version'"
)
_ONE_AT_A_TIME: Final = "/*pg SELECT 1 FROM pg_advisory_xact_lock(7230494)*/"
"""Held until the transaction ends. SQLite has one writer anyway."""


@cache
def migrations() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """(number, statements) of every migration, in order."""
    found = [entry for entry in files("myriad.storage").joinpath("migrations").iterdir() if entry.name.endswith(".sql")]
    return tuple(
        (int(entry.name[:4]), _statements(entry.read_text(encoding="utf-8")))
        for entry in sorted(found, key=lambda entry: entry.name)
    )


def _statements(text: str) -> tuple[str, ...]:
    pieces = _COMMENT_LINE.sub("", text).split(";")
    return tuple(piece.strip() for piece in pieces if piece.strip())


def migrate(db: Connection, create: bool = True) -> None:
    """Applies what is missing, in a transaction. Raises StartupError if there is no world (and none may be made) or
    if the store was written by a newer program."""
    newest = migrations()[-1][0]
    db.begin(writing=create)
    try:
        if create:
            db.run(_ONE_AT_A_TIME)
        present = _version(db)
        if present > newest:
            raise StartupError(f"the store has version {present}, this program knows {newest}: it is newer")
        if present < newest and not create:
            raise StartupError("there is no world" if present == 0 else "the store must be opened by a server first")
        _apply(db, present)
        db.commit()
    except BaseException:
        db.rollback()
        raise


def _version(db: Connection) -> int:
    if not db.run(_HAS_TABLE)[0][0]:
        return 0
    return int(db.run("SELECT max(version) FROM schema_version")[0][0])


def _apply(db: Connection, present: int) -> None:
    if present == 0 and migrations():
        db.run("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    for number, statements in migrations():
        if number > present:
            for statement in statements:
                db.run(statement)
            db.run("INSERT INTO schema_version (version) VALUES (?)", number)
