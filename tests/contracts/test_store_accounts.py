"""Accounts, sessions, and messages of the bus."""

from __future__ import annotations

from myriad.cluster.requests import (
    AccountRow,
    BanAccount,
    Claim,
    Claimed,
    ClaimRefused,
    CreateAccount,
    Done,
    FindAccount,
    FindSession,
    NameTaken,
    NotFound,
    OpenSession,
    Post,
    Posted,
    PostRow,
    Posts,
    ReadPosts,
    Refused,
    UnbanAccount,
)
from myriad.storage.store import SqlStore
from tests.contracts.store_places import WEST, Place, everything, new_character, one, take


def test_an_account_is_found_by_its_name_without_regard_to_case(store: SqlStore) -> None:
    row = AccountRow(1, "Ada", "hash")
    assert one(store, CreateAccount("Ada", "hash")) == row
    assert one(store, FindAccount("ADA")) == row
    assert one(store, FindAccount("Bob")) == NotFound()


def test_creating_an_account_again_finds_it_made(store: SqlStore) -> None:
    for wish in (CreateAccount("Ada", "hash"), CreateAccount("guest", None)):
        row = one(store, wish)
        before = everything(store)
        assert one(store, wish) == row
        assert everything(store) == before


def test_an_account_of_that_name_with_another_password_is_somebody_elses(store: SqlStore) -> None:
    one(store, CreateAccount("Ada", "hash"))
    before = everything(store)
    for wish in (CreateAccount("Ada", "other"), CreateAccount("ada", "hash"), CreateAccount("Ada", None)):
        assert one(store, wish) == NameTaken()
    assert everything(store) == before


def test_a_session_leads_to_its_account_until_its_time_is_over(place: Place, store: SqlStore) -> None:
    row = one(store, CreateAccount("Ada", "hash"))
    wish = OpenSession(b"digest", 1, 1_000)
    assert one(store, wish) == Done()
    before = everything(store)
    assert one(store, wish) == Done()
    assert everything(store) == before
    place.wall.now_ms += 999
    assert one(store, FindSession(b"digest")) == row
    assert one(store, FindSession(b"other")) == NotFound()
    place.wall.now_ms += 1
    assert one(store, FindSession(b"digest")) == NotFound()


def test_sessions_whose_time_is_over_are_forgotten(place: Place, store: SqlStore) -> None:
    store.execute([CreateAccount("Ada", "hash"), OpenSession(b"old", 1, 1_000)])
    place.wall.now_ms += 1_000
    one(store, OpenSession(b"new", 1, 1_000))
    assert [bytes(row[0]) for row in everything(store)["session"] if isinstance(row[0], bytes)] == [b"new"]


def test_nobody_has_a_session_without_an_account(store: SqlStore) -> None:
    assert one(store, OpenSession(b"digest", 1, 1_000)) == NotFound()
    assert everything(store)["session"] == []


def test_text_that_no_database_can_hold_is_refused_alone(store: SqlStore) -> None:
    before = everything(store)
    assert isinstance(one(store, CreateAccount("\ud800", None)), Refused)
    assert everything(store) == before


def test_posts_are_read_in_order_from_any_number_on(store: SqlStore) -> None:
    assert store.execute([Post("a", b"1"), Post("b", b"2"), Post("a", b"3")]) == [Posted(1), Posted(2), Posted(3)]
    rows = (PostRow(1, "a", b"1"), PostRow(2, "b", b"2"), PostRow(3, "a", b"3"))
    assert one(store, ReadPosts(0)) == Posts(rows, 3)
    assert one(store, ReadPosts(1)) == Posts(rows[1:], 3)
    assert one(store, ReadPosts(0, limit=2)) == Posts(rows[:2], 3)
    assert one(store, ReadPosts(3)) == Posts((), 3)


def test_who_reads_from_minus_one_only_learns_the_newest_number(store: SqlStore) -> None:
    assert one(store, ReadPosts(-1)) == Posts((), 0)
    one(store, Post("a", b"1"))
    assert one(store, ReadPosts(-1)) == Posts((), 1)


def test_a_repeated_post_is_the_same_message(store: SqlStore) -> None:
    first = one(store, Post("a", b"1"))
    before = everything(store)
    assert one(store, Post("a", b"1")) == first
    assert everything(store) == before
    assert one(store, Post("b", b"1")) == Posted(2)


def test_a_post_is_gone_when_its_life_is_over_and_its_number_is_not_given_again(place: Place, store: SqlStore) -> None:
    store.execute([Post("a", b"1", 1_000), Post("a", b"2", 2_000)])
    place.wall.now_ms += 1_000
    assert one(store, ReadPosts(0)) == Posts((PostRow(2, "a", b"2"),), 2)
    assert one(store, Post("a", b"1", 1_000)) == Posted(3)
    assert len(everything(store)["post"]) == 2


def test_a_ban_holds_until_its_end_for_logins_and_sessions(place: Place, store: SqlStore) -> None:
    store.execute([CreateAccount("Ada", "hash"), OpenSession(b"digest", 1, 10_000)])
    until_ms = place.wall.now_ms + 1_000
    wish = BanAccount(1, until_ms, "advertising", "token")
    assert one(store, wish) == Done()
    before = everything(store)
    assert one(store, wish) == Done()
    assert everything(store) == before
    banned = AccountRow(1, "Ada", "hash", True, until_ms, "advertising")
    assert [one(store, FindAccount("ada")), one(store, FindAccount(account=1))] == [banned, banned]
    assert one(store, FindSession(b"digest")) == banned
    assert "until 2023-11-14 22:13 UTC: advertising" in banned.ban_text
    place.wall.now_ms = until_ms
    assert one(store, FindAccount("Ada")) == AccountRow(1, "Ada", "hash")


def test_a_ban_without_an_end_holds_until_it_is_taken_back(place: Place, store: SqlStore) -> None:
    one(store, CreateAccount("Ada", "hash"))
    one(store, BanAccount(1, 0, "", "token"))
    place.wall.now_ms += 10**12
    found = one(store, FindAccount("Ada"))
    assert isinstance(found, AccountRow) and found.banned and found.ban_text == "Ada may not play here"
    assert one(store, UnbanAccount(1)) == Done()
    assert one(store, FindAccount("Ada")) == AccountRow(1, "Ada", "hash")


def test_nobody_is_banned_who_does_not_exist(store: SqlStore) -> None:
    assert one(store, BanAccount(7, 0, "", "")) == NotFound()
    assert one(store, UnbanAccount(7)) == NotFound()


def test_a_token_from_before_the_ban_leads_nowhere(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = new_character(store)
    one(store, BanAccount(row.account, 0, "", ""))
    assert one(store, Claim(WEST, epoch, row.character, 1)) == ClaimRefused(None)
    one(store, UnbanAccount(row.account))
    assert isinstance(one(store, Claim(WEST, epoch, row.character, 1)), Claimed)
