"""Characters in the store: created, claimed by a zone, found, moved while away, deleted.

Responsible for: carrying out these requests.
Not here: leaving and departing, which are parts of a cut (`cuts.py`).

Invariants: a character has one owner at every moment; its number is never given out again; its hop goes up with every
change of owner or presence; nobody is claimed whose account is banned. What a deleted character held is burned in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import (
    AWAY,
    HOLDER_CHARACTER,
    VOID,
    Arrivals,
    CharacterRow,
    Characters,
    Claim,
    Claimed,
    ClaimRefused,
    CreateCharacter,
    DeleteCharacter,
    Done,
    Fenced,
    FindArrivals,
    FindCharacter,
    Holder,
    LedgerEntry,
    ListCharacters,
    MoveAway,
    NameTaken,
    NotFound,
    Refused,
)
from myriad.storage.accounts import is_banned
from myriad.storage.character_rows import COLUMNS, DELETED, find, from_columns, playing_in
from myriad.storage.connection import Connection, signed
from myriad.storage.counters import next_number
from myriad.storage.leases import fence
from myriad.storage.ledger import GATEWAY, REASON_DELETED, Source, book, holdings_of
from myriad.storage.names import name_key

MAX_CHARACTER: Final = 2**24 - 1
"""The largest entity id of a character."""


def claim(db: Connection, request: Claim) -> Claimed | ClaimRefused | Fenced:
    """The zone takes a character that is away; one that plays there already is only told its new session."""
    fenced = fence(db, request.key, request.epoch)
    if fenced is not None:
        return fenced
    row = find(db, request.character, lock=True)
    if row is None:
        return ClaimRefused(None)
    if row.presence != AWAY and row.owner != request.key:
        return ClaimRefused(row.owner)
    if is_banned(db, row.account):  # its token was written before the ban
        return ClaimRefused(None)
    if row.presence == AWAY:
        sql = (
            "UPDATE character SET owner_zone = ?, owner_layer = ?, epoch = ?, presence = 1, hop = hop + 1, session = ?"
            f" WHERE character = ? RETURNING {COLUMNS}"
        )
        changed = db.run(sql, *request.key, request.epoch, signed(request.session), request.character)
    else:
        sql = f"UPDATE character SET session = ? WHERE character = ? RETURNING {COLUMNS}"
        changed = db.run(sql, signed(request.session), request.character)
    return Claimed(from_columns(changed[0]))


def find_arrivals(db: Connection, request: FindArrivals) -> Arrivals | Fenced:
    """Who came to the zone without its knowing."""
    fenced = fence(db, request.key, request.epoch)
    if fenced is not None:
        return fenced
    return Arrivals(tuple(row for row in playing_in(db, request.key) if row.character not in request.known))


def find_character(db: Connection, request: FindCharacter) -> CharacterRow | NotFound:
    """By number, or by name without regard to case."""
    if request.character:
        return find(db, request.character) or NotFound()
    rows = db.run(f"SELECT {COLUMNS} FROM character WHERE name_key = ?", name_key(request.name))
    return from_columns(rows[0]) if rows else NotFound()


def create_character(db: Connection, request: CreateCharacter) -> CharacterRow | NameTaken | NotFound | Refused:
    """A new character, away. The same wish again finds it made, as long as it has not played."""
    if not db.run("SELECT 1 FROM account WHERE account = ? /*pg FOR UPDATE*/", request.account):
        return NotFound()
    rows = db.run(f"SELECT {COLUMNS} FROM character WHERE name_key = ?", name_key(request.name))
    if rows:
        return _made_before(from_columns(rows[0]), request)
    sql = f"SELECT count(*) FROM character WHERE account = ? AND presence < {DELETED}"
    if db.run(sql, request.account)[0][0] >= request.max_characters:
        return Refused(f"an account has at most {request.max_characters} characters")
    number = next_number(db, "character")
    if number > MAX_CHARACTER:
        return Refused("the world has no number left for another character")
    return _insert(db, request, number) or NameTaken()


def _made_before(row: CharacterRow, request: CreateCharacter) -> CharacterRow | NameTaken:
    same = (row.account, row.name, row.owner, row.x, row.y, row.hop) == (
        request.account,
        request.name,
        request.owner,
        request.x,
        request.y,
        0,
    )
    return row if same else NameTaken()


def _insert(db: Connection, request: CreateCharacter, number: int) -> CharacterRow | None:
    rows = db.run(
        "INSERT INTO character (character, account, name, name_key, owner_zone, owner_layer, epoch, presence, hop,"
        " session, x, y, record, layout, last_input) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?, NULL, '', 0)"
        f" ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
        number,
        request.account,
        request.name,
        name_key(request.name),
        *request.owner,
        request.x,
        request.y,
    )
    return from_columns(rows[0]) if rows else None


def list_characters(db: Connection, request: ListCharacters) -> Characters:
    """All of an account, by number."""
    sql = f"SELECT {COLUMNS} FROM character WHERE account = ? AND presence < {DELETED} ORDER BY character"
    return Characters(tuple(from_columns(row) for row in db.run(sql, request.account)))


def delete_character(db: Connection, request: DeleteCharacter) -> Done | NotFound | Refused:
    """The character is gone, its name free; its row stays, so that the number is not given out again."""
    sql = "SELECT presence FROM character WHERE character = ? AND account = ? /*pg FOR UPDATE*/"
    rows = db.run(sql, request.character, request.account)
    if not rows:
        return NotFound()
    if rows[0][0] == DELETED:
        return Done()
    if rows[0][0] != AWAY:
        return Refused("the character is playing")
    holder = Holder(HOLDER_CHARACTER, request.character)
    burned = [LedgerEntry(a, n, holder, VOID, REASON_DELETED) for a, n in holdings_of(db, holder)]
    if burned:
        book(db, Source(GATEWAY, 0, next_number(db, "deletion")), burned)
    db.run(
        f"UPDATE character SET presence = {DELETED}, name_key = NULL, record = NULL, hop = hop + 1 WHERE character = ?",
        request.character,
    )
    return Done()


def move_away(db: Connection, request: MoveAway) -> Done | Refused:
    """A character that is away is to be found elsewhere."""
    row = find(db, request.character, lock=True)
    if row is None:
        return Refused("there is no such character")
    if row.presence != AWAY:
        return Refused("the character is playing")
    db.run(
        "UPDATE character SET owner_zone = ?, owner_layer = ?, x = ?, y = ?, hop = ? WHERE character = ?",
        *request.owner,
        request.x,
        request.y,
        row.hop + (row.owner != request.owner),
        request.character,
    )
    return Done()


HANDLERS: Final[Mapping[type, Any]] = {
    Claim: claim,
    FindArrivals: find_arrivals,
    FindCharacter: find_character,
    CreateCharacter: create_character,
    ListCharacters: list_characters,
    DeleteCharacter: delete_character,
    MoveAway: move_away,
}
