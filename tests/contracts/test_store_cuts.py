"""Cuts: all of it or nothing, once, and only by the zone that holds its lease."""

from __future__ import annotations

from dataclasses import replace

import pytest

from myriad.cluster.requests import (
    AWAY,
    PLAYING,
    Audit,
    AuditReport,
    CharacterRow,
    Committed,
    Fenced,
    FindCharacter,
    Refused,
)
from myriad.storage.store import SqlStore
from tests.contracts.store_places import (
    EAST,
    LAYOUT,
    TTL_MS,
    WEST,
    Place,
    character,
    cut,
    departure,
    everything,
    ground,
    leaver,
    mint,
    move,
    one,
    play,
    take,
)


def found(store: SqlStore, number: int) -> CharacterRow:
    row = one(store, FindCharacter(character=number))
    assert isinstance(row, CharacterRow)
    return row


def test_a_cut_is_applied_once(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = play(store, WEST, epoch)
    first = cut(WEST, epoch, 1, entries=(mint(10, character(row.character)),), leavers=(leaver(row),))
    assert one(store, first) == Committed(1)
    before = everything(store)
    assert one(store, first) == Committed(1)
    assert everything(store) == before


def test_an_older_cut_that_comes_again_changes_nothing(store: SqlStore) -> None:
    epoch = take(store, WEST)
    first, second = cut(WEST, epoch, 1), cut(WEST, epoch, 2, entries=(mint(1, ground(WEST)),))
    store.execute([first, second])
    before = everything(store)
    assert one(store, first) == Committed(1)
    assert everything(store) == before


def test_a_cut_of_a_lost_zone_is_fenced_and_does_not_touch_the_others(place: Place, store: SqlStore) -> None:
    old = take(store, WEST, "first")
    place.wall.now_ms += TTL_MS
    new, east = take(store, WEST, "second"), take(store, EAST)
    before = everything(store)
    assert one(store, cut(WEST, old, 1, entries=(mint(5, ground(WEST)),))) == Fenced(new)
    assert everything(store) == before
    answers = store.execute(
        [cut(EAST, east, 1), cut(WEST, old, 1, entries=(mint(5, ground(WEST)),)), cut(WEST, new, 1)]
    )
    assert answers == [Committed(1), Fenced(new), Committed(1)]


def test_cuts_count_anew_under_a_new_epoch(place: Place, store: SqlStore) -> None:
    old = take(store, WEST, "first")
    for number in (1, 2, 3):
        one(store, cut(WEST, old, number, entries=(mint(1, ground(WEST)),)))
    place.wall.now_ms += TTL_MS
    new = take(store, WEST, "second")
    assert one(store, cut(WEST, new, 1, entries=(mint(1, ground(WEST)),), totals=((0, 4),))) == Committed(1)
    report = one(store, Audit())
    assert isinstance(report, AuditReport) and report.held == {0: 4} and report.balanced


def test_a_leaver_is_away_with_its_record(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = play(store, WEST, epoch)
    one(store, cut(WEST, epoch, 1, leavers=(leaver(row),)))
    left = found(store, row.character)
    assert left == replace(
        row, presence=AWAY, hop=row.hop + 1, x=10.0, y=20.5, record=b"left", layout=LAYOUT, last_input=99
    )


def test_a_leaver_that_is_not_the_zones_stays_as_it_is(store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST)
    row = play(store, EAST, east)
    one(store, cut(WEST, west, 1, leavers=(leaver(row),)))
    one(store, cut(EAST, east, 1, leavers=(leaver(replace(row, hop=row.hop - 1)),)))
    assert found(store, row.character) == row


def test_a_departure_gives_the_character_to_the_target(store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST)
    row = play(store, WEST, west)
    wish = cut(WEST, west, 1, row, departures=(departure(row, EAST, east),))
    assert one(store, wish) == Committed(1, (True,))
    arrived = found(store, row.character)
    assert (arrived.owner, arrived.epoch, arrived.presence, arrived.hop) == (EAST, east, PLAYING, row.hop + 1)
    assert (arrived.record, arrived.layout, arrived.last_input, arrived.session) == (b"went", LAYOUT, 77, row.session)
    assert (arrived.x, arrived.y) == (30.0, 40.25)


def test_a_repeated_cut_answers_the_same_of_its_departures(place: Place, store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST, "other")
    goes, stays = play(store, WEST, west), play(store, WEST, west)
    wish = cut(
        WEST,
        west,
        1,
        departures=(departure(goes, EAST, east, transfer=1), departure(stays, EAST, east + 1, transfer=2)),
    )
    assert one(store, wish) == Committed(1, (True, False))
    place.wall.now_ms += TTL_MS
    assert take(store, EAST, "third") == east + 1  # now the other one could go
    before = everything(store)
    assert one(store, wish) == Committed(1, (True, False))
    assert everything(store) == before


def test_the_first_outcome_of_a_transfer_counts(place: Place, store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST, "other")
    row = play(store, WEST, west)
    wish = departure(row, EAST, east + 1)
    assert one(store, cut(WEST, west, 1, row, departures=(wish,))) == Committed(1, (False,))
    place.wall.now_ms += TTL_MS
    take(store, EAST, "third")
    assert one(store, cut(WEST, west, 2, row, departures=(wish,))) == Committed(2, (False,))
    assert found(store, row.character) == row


@pytest.mark.parametrize("epoch_of_target", [0, 1, 3])
def test_a_departure_to_a_zone_under_another_epoch_does_not_fail_the_cut(
    place: Place, store: SqlStore, epoch_of_target: int
) -> None:
    west = take(store, WEST)
    take(store, EAST, "first")
    place.wall.now_ms += TTL_MS
    assert take(store, EAST, "second") == 2
    row = play(store, WEST, west)
    wish = cut(
        WEST,
        west,
        1,
        row,
        entries=(mint(3, ground(WEST)),),
        departures=(departure(row, EAST, epoch_of_target),),
        totals=((0, 3),),
    )
    assert one(store, wish) == Committed(1, (False,))
    assert found(store, row.character) == row
    report = one(store, Audit())
    assert isinstance(report, AuditReport) and report.balanced and report.held == {0: 3}


def test_nobody_departs_to_a_zone_that_nobody_runs(store: SqlStore) -> None:
    west = take(store, WEST)
    row = play(store, WEST, west)
    assert one(store, cut(WEST, west, 1, departures=(departure(row, EAST, 0),))) == Committed(1, (False,))
    assert found(store, row.character) == row


def test_a_zone_cannot_give_away_whom_it_does_not_own(store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST)
    row = play(store, EAST, east)
    assert one(store, cut(WEST, west, 1, departures=(departure(row, EAST, east),))) == Committed(1, (False,))
    assert found(store, row.character) == row


def test_entries_move_holdings_whatever_their_order_within_a_cut(store: SqlStore) -> None:
    epoch = take(store, WEST)
    one_, two = play(store, WEST, epoch), play(store, WEST, epoch)
    a, b = character(one_.character), character(two.character)
    entries = (move(4, a, b), mint(10, a), mint(3, ground(WEST), asset=7), move(2, ground(WEST), a, asset=7))
    one(store, cut(WEST, epoch, 1, one_, two, entries=entries, totals=((0, 10), (7, 3))))
    with store.transaction(writing=False) as db:
        held = db.run("SELECT kind, id, asset, amount FROM holding WHERE amount > 0 ORDER BY kind, id, asset")
    assert held == sorted([(*a, 0, 6), (*a, 7, 2), (*b, 0, 4), (*ground(WEST), 7, 1)])
    assert one(store, Audit()) == AuditReport({0: 10, 7: 3}, {}, {0: 10, 7: 3}, 4)


def test_what_the_ledger_did_not_know_of_is_minted_and_the_auditor_alarms(store: SqlStore) -> None:
    epoch = take(store, WEST)
    row = play(store, WEST, epoch)
    me = character(row.character)
    one(store, cut(WEST, epoch, 1, row, entries=(mint(4, me),), totals=((0, 4),)))
    wish = cut(WEST, epoch, 2, row, entries=(move(10, me, ground(WEST)),), totals=((0, 10),))
    assert one(store, wish) == Committed(2)
    report = one(store, Audit())
    assert isinstance(report, AuditReport)
    assert (report.minted, report.held) == ({0: 10}, {0: 10})
    assert report.problems == (
        f"west, epoch 1, cut 2: character {row.character} gave 6 of asset 0 that the ledger did not know of",
    )


def test_a_request_that_the_database_cannot_hold_is_refused_alone(store: SqlStore) -> None:
    epoch = take(store, WEST)
    bad = cut(WEST, epoch, 1, entries=(mint(1, ground(WEST)), move(2**63, ground(WEST), ground(WEST))))
    before = everything(store)
    assert isinstance(one(store, bad), Refused)
    assert everything(store) == before
    first, second = store.execute([bad, cut(WEST, epoch, 1, entries=(mint(1, ground(WEST)),))])
    assert isinstance(first, Refused) and second == Committed(1)


@pytest.mark.parametrize("amount", [0, -1])
def test_an_entry_of_nothing_or_less_is_refused(store: SqlStore, amount: int) -> None:
    epoch = take(store, WEST)
    before = everything(store)
    assert isinstance(one(store, cut(WEST, epoch, 1, entries=(mint(amount, ground(WEST)),))), Refused)
    assert everything(store) == before


def test_outcomes_of_departures_are_forgotten_after_a_thousand_cuts(store: SqlStore) -> None:
    west, east = take(store, WEST), take(store, EAST)
    rows = [play(store, WEST, west) for _ in range(2)]
    one(store, cut(WEST, west, 1, departures=(departure(rows[0], EAST, east, transfer=1),)))
    one(store, cut(WEST, west, 1002, departures=(departure(rows[1], EAST, east, transfer=2),)))
    assert [row[0] for row in everything(store)["handoff"]] == [2]
