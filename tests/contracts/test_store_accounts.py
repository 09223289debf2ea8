"""Accounts, sessions, and messages of the bus."""

from __future__ import annotations

from myriad.cluster.requests import (
    AccountRow,
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
)
from myriad.storage.store import SqlStore
from tests.contracts.store_places import Place, everything, one


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
