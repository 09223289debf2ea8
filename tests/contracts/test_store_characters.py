"""Characters: one owner each, numbers that never come back, records that survive."""

from __future__ import annotations

import pytest

from myriad.cluster.requests import (
    AWAY,
    PLAYING,
    Arrivals,
    Audit,
    AuditReport,
    CharacterRow,
    Characters,
    Claim,
    Claimed,
    ClaimRefused,
    CreateAccount,
    CreateCharacter,
    DeleteCharacter,
    Done,
    Fenced,
    FindArrivals,
    FindCharacter,
    ListCharacters,
    MoveAway,
    NameTaken,
    NotFound,
    Refused,
)
from myriad.storage.store import SqlStore
from tests.contracts.store_places import (
    EAST,
    TTL_MS,
    WEST,
    Place,
    character,
    cut,
    everything,
    leaver,
    mint,
    new_character,
    one,
    play,
    take,
)


def test_a_new_character_is_away_and_has_not_played(store: SqlStore) -> None:
    one(store, CreateAccount("Ada", None))
    row = one(store, CreateCharacter(1, "Ada", EAST, 1.5, -2.0))
    assert row == CharacterRow(1, 1, "Ada", EAST, 0, AWAY, 0, 0, 1.5, -2.0, None, "", 0)
    assert one(store, FindCharacter(character=1)) == row
    assert one(store, FindCharacter(name="ada")) == row
    assert one(store, ListCharacters(1)) == Characters((row,))


def test_whoever_does_not_exist_is_not_found(store: SqlStore) -> None:
    assert one(store, FindCharacter(character=1)) == NotFound()
    assert one(store, FindCharacter(name="Ada")) == NotFound()
    assert one(store, ListCharacters(1)) == Characters(())
    assert one(store, CreateCharacter(1, "Ada", WEST, 0, 0)) == NotFound()


def test_creating_a_character_again_finds_it_made(store: SqlStore) -> None:
    one(store, CreateAccount("Ada", None))
    wish = CreateCharacter(1, "Ada", WEST, 0.0, 0.0)
    row = one(store, wish)
    before = everything(store)
    assert one(store, wish) == row
    assert everything(store) == before


@pytest.mark.parametrize("name", ["Ada", "ADA", "ada", "Ａda"])  # the last with a full-width A
def test_a_name_is_given_once_without_regard_to_case(store: SqlStore, name: str) -> None:
    store.execute([CreateAccount("one", None), CreateAccount("two", None), CreateCharacter(1, "Ada", WEST, 0, 0)])
    before = everything(store)
    assert one(store, CreateCharacter(2, name, WEST, 0, 0)) == NameTaken()
    assert everything(store) == before


def test_an_account_has_only_so_many_characters(store: SqlStore) -> None:
    one(store, CreateAccount("Ada", None))
    for i in range(2):
        assert isinstance(one(store, CreateCharacter(1, f"Ada {i}", WEST, 0, 0, 2)), CharacterRow)
    before = everything(store)
    assert isinstance(one(store, CreateCharacter(1, "Ada 2", WEST, 0, 0, 2)), Refused)
    assert everything(store) == before


def test_numbers_of_deleted_characters_never_come_back(store: SqlStore) -> None:
    row = new_character(store)
    assert one(store, DeleteCharacter(row.account, row.character)) == Done()
    again = one(store, CreateCharacter(row.account, row.name, WEST, 1.5, -2.0))
    assert isinstance(again, CharacterRow) and again.character > row.character
    assert one(store, FindCharacter(character=row.character)) == NotFound()


def test_there_are_no_characters_beyond_24_bits(store: SqlStore) -> None:
    one(store, CreateAccount("Ada", None))
    with store.transaction(writing=True) as db:
        db.run("UPDATE counter SET value = ? WHERE name = 'character'", 2**24 - 2)
    last = one(store, CreateCharacter(1, "last", WEST, 0, 0))
    assert isinstance(last, CharacterRow) and last.character == 2**24 - 1
    assert isinstance(one(store, CreateCharacter(1, "too many", WEST, 0, 0)), Refused)


def test_a_claim_makes_an_away_character_the_zones(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = new_character(store, EAST)
    claimed = one(store, Claim(WEST, epoch, row.character, 2**64 - 5))
    assert isinstance(claimed, Claimed)
    assert (claimed.row.owner, claimed.row.epoch, claimed.row.presence) == (WEST, epoch, PLAYING)
    assert (claimed.row.hop, claimed.row.session) == (row.hop + 1, 2**64 - 5)
    assert one(store, FindCharacter(character=row.character)) == claimed.row


def test_a_repeated_claim_changes_nothing_and_answers_the_same(store: SqlStore) -> None:
    epoch = take(store, WEST)
    wish = Claim(WEST, epoch, new_character(store).character, 5)
    claimed = one(store, wish)
    before = everything(store)
    assert one(store, wish) == claimed
    assert everything(store) == before


def test_a_claim_under_a_new_epoch_keeps_the_hop(place: Place, store: SqlStore) -> None:
    row = play(store, WEST, take(store, WEST, "first"))
    place.wall.now_ms += TTL_MS
    claimed = one(store, Claim(WEST, take(store, WEST, "second"), row.character, row.session))
    assert claimed == Claimed(row)


def test_who_plays_elsewhere_is_not_given_away(store: SqlStore) -> None:
    row = play(store, WEST, take(store, WEST))
    epoch = take(store, EAST)
    before = everything(store)
    assert one(store, Claim(EAST, epoch, row.character, 6)) == ClaimRefused(WEST)
    assert everything(store) == before


def test_who_does_not_exist_cannot_be_claimed(store: SqlStore) -> None:
    assert one(store, Claim(WEST, take(store, WEST), 77, 6)) == ClaimRefused(None)


def test_a_claim_of_a_zone_that_lost_its_lease_is_fenced(place: Place, store: SqlStore) -> None:
    row = new_character(store)
    epoch = take(store, WEST, "first")
    place.wall.now_ms += TTL_MS
    take(store, WEST, "second")
    before = everything(store)
    assert one(store, Claim(WEST, epoch, row.character, 6)) == Fenced(2)
    assert everything(store) == before


def test_arrivals_are_those_whom_the_zone_does_not_know(store: SqlStore) -> None:
    epoch = take(store, WEST)
    known, forgotten = play(store, WEST, epoch), play(store, WEST, epoch)
    new_character(store, WEST)
    assert one(store, FindArrivals(WEST, epoch, frozenset({known.character}))) == Arrivals((forgotten,))
    assert one(store, FindArrivals(WEST, epoch + 1, frozenset())) == Fenced(epoch)


def test_moving_who_is_away_changes_the_place_and_with_a_new_owner_the_hop(store: SqlStore) -> None:
    row = new_character(store, WEST)
    for _ in range(2):
        assert one(store, MoveAway(row.character, EAST, 7.0, 8.0)) == Done()
        moved = one(store, FindCharacter(character=row.character))
        assert isinstance(moved, CharacterRow)
        assert (moved.owner, moved.x, moved.y, moved.hop) == (EAST, 7.0, 8.0, row.hop + 1)


def test_who_plays_or_does_not_exist_is_not_moved(store: SqlStore) -> None:
    row = play(store, WEST, take(store, WEST))
    before = everything(store)
    assert isinstance(one(store, MoveAway(row.character, EAST, 7.0, 8.0)), Refused)
    assert isinstance(one(store, MoveAway(row.character + 1, EAST, 7.0, 8.0)), Refused)
    assert everything(store) == before


def test_who_plays_or_is_anothers_is_not_deleted(store: SqlStore) -> None:
    row = play(store, WEST, take(store, WEST))
    before = everything(store)
    assert isinstance(one(store, DeleteCharacter(row.account, row.character)), Refused)
    assert one(store, DeleteCharacter(row.account + 1, row.character)) == NotFound()
    assert everything(store) == before


def test_deleting_a_character_burns_what_it_holds(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = play(store, WEST, epoch)
    entries = (mint(30, character(row.character)), mint(2, character(row.character), asset=9))
    store.execute([cut(WEST, epoch, 1, entries=entries, leavers=(leaver(row),))])
    wish = DeleteCharacter(row.account, row.character)
    assert one(store, wish) == Done()
    before = everything(store)
    assert one(store, wish) == Done()
    assert everything(store) == before
    assert one(store, Audit()) == AuditReport({0: 30, 9: 2}, {0: 30, 9: 2}, {}, 4)
