"""The auditor: what it sees, at any moment of a world's life, and what it lets nobody get away with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from myriad.cluster.requests import Audit, AuditReport, Claim, Claimed, DeleteCharacter
from myriad.storage import auditor as auditor_module
from myriad.storage.auditor import Auditor
from myriad.storage.store import SqlStore
from tests.contracts.store_places import (
    EAST,
    WEST,
    Place,
    character,
    cut,
    departure,
    ground,
    leaver,
    mint,
    move,
    one,
    play,
    take,
)


def audited(store: SqlStore) -> AuditReport:
    """The exact whole; the auditor that works in short reads must agree in all but details."""
    report = one(store, Audit())
    assert isinstance(report, AuditReport)
    running = at_once(Auditor(store, 1))
    assert (running.minted, running.burned, running.held) == (report.minted, report.burned, report.held)
    assert running.num_entries == report.num_entries
    return report


def at_once(auditor: Auditor) -> AuditReport:
    """Polls until an audit is complete."""
    while True:
        report = auditor.poll(0)
        if report is not None:
            return report


def tamper(store: SqlStore, sql: str) -> None:
    """Changes the world behind everybody's back."""
    with store.transaction(writing=True) as db:
        db.run(sql)


@pytest.fixture
def peopled(store: SqlStore) -> SqlStore:
    """A world where a character of WEST holds 7 coins, and its ground 3."""
    epoch = take(store, WEST)
    row = play(store, WEST, epoch)
    me = character(row.character)
    entries = (mint(10, me), move(3, me, ground(WEST)), mint(2, me, asset=5))
    one(store, cut(WEST, epoch, 1, row, entries=entries, totals=((0, 10), (5, 2))))
    return store


def test_a_world_without_anything_is_balanced(store: SqlStore) -> None:
    assert audited(store) == AuditReport()


def test_a_world_that_adds_up_is_balanced(peopled: SqlStore) -> None:
    report = audited(peopled)
    assert report.balanced and report.held == report.minted == {0: 10, 5: 2}


def test_one_coin_too_many_is_an_alarm(peopled: SqlStore) -> None:
    tamper(peopled, "UPDATE holding SET amount = amount + 1 WHERE kind = 1 AND asset = 0")
    assert audited(peopled).problems == (
        "asset 0: minted less burned is 10, held is 11",
        "character 1, asset 0: entries add up to 7, held is 8",
        "west: asset 0: in memory 10, by the ledger 11",
    )
    auditor = Auditor(peopled, 1)
    assert not at_once(auditor).balanced and auditor.num_alarms == 1


def test_a_coin_in_the_wrong_hands_is_an_alarm(peopled: SqlStore) -> None:
    tamper(peopled, "UPDATE holding SET amount = amount + 1 WHERE kind = 1 AND asset = 0")
    tamper(peopled, "UPDATE holding SET amount = amount - 1 WHERE kind = 2 AND asset = 0")
    assert audited(peopled).problems == (
        "character 1, asset 0: entries add up to 7, held is 8",
        "ground 256, asset 0: entries add up to 3, held is 2",
    )


def test_a_lost_entry_is_an_alarm(peopled: SqlStore) -> None:
    tamper(peopled, "DELETE FROM entry WHERE asset = 5")
    assert "asset 5: minted less burned is 0, held is 2" in audited(peopled).problems


def test_memory_that_differs_from_the_ledger_is_an_alarm(peopled: SqlStore) -> None:
    one(peopled, replace(cut(WEST, 1, 2), residents=b"", totals=((0, 4),)))
    assert audited(peopled).problems == ("west: asset 0: in memory 4, by the ledger 3",)
    assert at_once(Auditor(peopled, 1)).problems == ("west: asset 0: in memory 4, by the ledger 3",)


def test_residents_that_cannot_be_read_are_an_alarm(peopled: SqlStore) -> None:
    one(peopled, replace(cut(WEST, 1, 2), residents=b"xy"))
    (problem,) = audited(peopled).problems
    assert problem.startswith("west: a blob of residents")


def test_what_a_character_that_is_gone_holds_is_an_alarm(peopled: SqlStore) -> None:
    tamper(peopled, "UPDATE character SET presence = 2")
    assert "2 of asset 5 belong to character 1, which does not exist" in audited(peopled).problems


def test_many_problems_are_not_all_spelt_out(store: SqlStore) -> None:
    with store.transaction(writing=True) as db:
        db.run_many("INSERT INTO holding VALUES (2, ?, 0, 1)", [(i,) for i in range(200)])
    problems = audited(store).problems
    assert len(problems) == 101 and problems[-1] == "and 101 more"


def test_who_came_after_a_cut_is_not_in_its_totals(peopled: SqlStore) -> None:
    epoch = take(peopled, EAST)
    row = play(peopled, EAST, epoch)
    one(peopled, cut(EAST, epoch, 1, entries=(mint(4, character(row.character)),), leavers=(leaver(row),)))
    assert isinstance(one(peopled, Claim(EAST, epoch, row.character, 1)), Claimed)
    assert audited(peopled).balanced


def test_who_departed_is_in_nobodys_totals_until_the_target_has_cut(peopled: SqlStore) -> None:
    epoch = take(peopled, EAST)
    row = play(peopled, WEST, 1)
    gone = replace(row, owner=EAST, epoch=epoch, hop=row.hop + 1)
    me = character(row.character)
    go = departure(row, EAST, epoch)
    left_behind = replace(row, character=1, hop=1)
    one(
        peopled,
        cut(WEST, 1, 2, left_behind, row, entries=(mint(6, me),), departures=(go,), totals=((0, 16), (5, 2))),
    )
    assert audited(peopled).balanced
    one(peopled, cut(EAST, epoch, 1, gone, entries=(move(1, me, ground(EAST)),), totals=((0, 6),)))
    assert audited(peopled).balanced


def test_what_deleting_burned_is_in_the_books(peopled: SqlStore) -> None:
    row = play(peopled, WEST, 1)
    entries = (mint(6, character(row.character)),)
    mine = replace(row, character=1, hop=1)
    one(peopled, cut(WEST, 1, 2, mine, entries=entries, leavers=(leaver(row),), totals=((0, 10), (5, 2))))
    one(peopled, DeleteCharacter(row.account, row.character))
    report = audited(peopled)
    assert report.balanced and report.burned == {0: 6}


def test_the_auditor_goes_on_from_where_it_was(place: Place, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor_module, "CHUNK", 3)
    epoch = take(store, WEST)
    auditor = Auditor(store, 100)
    for number in range(1, 5):
        entries = tuple(mint(1, ground(WEST)) for _ in range(4))
        one(store, cut(WEST, epoch, number, entries=entries, totals=((0, 4 * number),)))
        report = None
        while report is None:
            report = auditor.poll(number * 100)
        assert auditor.poll(number * 100 + 99) is None
        assert report.balanced and report.num_entries == 4 * number and report.held == {0: 4 * number}
    assert auditor.num_audits == 4 and auditor.num_alarms == 0


def test_the_auditor_sees_one_moment_though_the_world_goes_on(place: Place, store: SqlStore) -> None:
    other = place.open()
    epoch = take(store, WEST)
    auditor = Auditor(other, 0)
    for number in range(1, 60):
        one(store, cut(WEST, epoch, number, entries=(mint(1, ground(WEST)),), totals=((0, number),)))
        auditor.poll(number)
    assert auditor.num_audits > 5 and auditor.num_alarms == 0
