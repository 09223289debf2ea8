"""Two players trade what both have seen and confirmed, or nothing; a gift arrives or stays."""

from __future__ import annotations

from collections import Counter

import pytest

from myriad.core.errors import DROP_RELIABLE_MALFORMED, DROP_TRADE_RATE
from myriad.wire.layouts import (
    TRADE_ASKED,
    TRADE_CANCELLED,
    TRADE_DONE,
    TRADE_FLAG_MINE,
    TRADE_FLAG_PARTNER,
    TRADE_OFFER,
    TRADE_OPEN,
)
from myriad.zone.trade import ASK_NS
from tests.unit.zone.market import ADA, BOB, CANCEL, CARL, Market, Seen, ask, confirm, give, offer


def test_a_trade_begins_when_each_has_asked_the_other() -> None:
    market = Market()
    market.hear(ADA, ask(BOB))
    assert market.last(ADA) == Seen(TRADE_ASKED, BOB, 0, TRADE_FLAG_MINE, (), ())
    assert market.last(BOB) == Seen(TRADE_ASKED, ADA, 0, TRADE_FLAG_PARTNER, (), ())
    market.hear(BOB, ask(ADA))
    assert market.last(ADA) == Seen(TRADE_OPEN, BOB, 1, 0, (), ())
    assert market.last(BOB) == Seen(TRADE_OPEN, ADA, 1, 0, (), ())


def test_both_see_both_offers_and_what_both_confirmed_changes_hands() -> None:
    market = Market()
    market.open()
    market.hear(ADA, offer((0, 30), (1, 1)))
    market.hear(BOB, offer((2, 1)))
    assert market.last(ADA) == Seen(TRADE_OPEN, BOB, 3, 0, ((0, 30), (1, 1)), ((2, 1),))
    assert market.last(BOB) == Seen(TRADE_OPEN, ADA, 3, 0, ((2, 1),), ((0, 30), (1, 1)))
    market.hear(BOB, confirm(3))
    assert (market.last(ADA).flags, market.last(BOB).flags) == (TRADE_FLAG_PARTNER, TRADE_FLAG_MINE)
    assert market.exchanges == []
    market.hear(ADA, confirm(3))
    assert market.exchanges == [(ADA, BOB, ((0, 30), (1, 1)), ((2, 1),))]
    assert market.holdings[ADA] == Counter({0: 70, 1: 1, 2: 1}) and market.holdings[BOB] == Counter({0: 80, 1: 1})
    assert (market.last(ADA).state, market.last(BOB).state) == (TRADE_DONE, TRADE_DONE)
    assert market.trades.num_exchanges == 1


def test_a_change_of_an_offer_voids_both_confirmations() -> None:
    market = Market()
    market.open()
    market.hear(ADA, confirm(1))
    market.hear(BOB, offer((2, 1)))
    assert market.last(ADA).flags == 0
    market.hear(BOB, confirm(2))
    assert market.exchanges == []
    market.hear(ADA, confirm(2))
    assert len(market.exchanges) == 1


def test_a_confirmation_of_an_older_version_counts_for_nothing() -> None:
    market = Market()
    market.open()
    market.hear(BOB, confirm(1))
    market.hear(BOB, offer())
    before = market.state()
    assert market.hear(ADA, confirm(1)) is None
    assert market.state() == before


def test_one_cannot_confirm_for_two() -> None:
    market = Market()
    market.open()
    market.hear(ADA, confirm(1))
    market.hear(ADA, confirm(1))
    assert market.exchanges == []


def test_a_trade_that_cannot_be_carried_out_is_cancelled_and_nothing_has_changed() -> None:
    market = Market()
    market.open()
    market.hear(ADA, offer((0, 101)))
    before = {who: Counter(held) for who, held in market.holdings.items()}
    market.hear(ADA, confirm(2))
    market.hear(BOB, confirm(2))
    assert market.holdings == before
    assert (market.last(ADA).state, market.last(BOB).state) == (TRADE_CANCELLED, TRADE_CANCELLED)
    assert market.trades.num_exchanges == 0


@pytest.mark.parametrize("how", ["cancel", "leave", "freeze", "walk", "vanish"])
def test_a_trade_ends_without_an_exchange_when_one(how: str) -> None:
    market = Market()
    market.open()
    market.hear(ADA, confirm(1))
    match how:
        case "cancel":
            market.hear(BOB, CANCEL)
        case "leave":
            market.trades.gone(BOB)
        case "freeze":
            market.trades.cancel(BOB)
        case "walk":
            market.places_m[BOB] = 10.5
            market.trades.check(market.now_ns)
        case "vanish":
            del market.places_m[BOB]
            market.trades.check(market.now_ns)
    assert (market.last(ADA).state, market.last(BOB).state) == (TRADE_CANCELLED, TRADE_CANCELLED)
    market.places_m[BOB] = 5.0
    market.hear(BOB, confirm(1))
    assert market.exchanges == []


def test_one_who_has_walked_away_since_the_last_check_cannot_complete_a_trade() -> None:
    market = Market()
    market.open()
    market.hear(ADA, confirm(1))
    market.places_m[BOB] = 10.5
    market.hear(BOB, confirm(1))
    assert market.exchanges == [] and market.last(ADA).state == TRADE_CANCELLED


@pytest.mark.parametrize("other", [ADA, 99, 0], ids=["oneself", "nobody here", "nobody"])
def test_asking_oneself_or_nobody_is_refused(other: int) -> None:
    market = Market()
    assert market.hear(ADA, ask(other)) is None
    assert market.seen == {ADA: [Seen(TRADE_CANCELLED, other, 0, 0, (), ())], BOB: [], CARL: []}


def test_asking_somebody_too_far_away_is_refused_and_does_not_bother_that_one() -> None:
    market = Market()
    market.places_m[BOB] = 11.0
    market.hear(ADA, ask(BOB))
    assert market.last(ADA).state == TRADE_CANCELLED and market.seen[BOB] == []


def test_a_third_one_cannot_get_into_a_trade() -> None:
    market = Market()
    market.open()
    market.hear(CARL, ask(ADA))
    market.hear(BOB, ask(CARL))
    assert market.last(CARL) == Seen(TRADE_CANCELLED, ADA, 0, 0, (), ())
    assert market.last(BOB) == Seen(TRADE_CANCELLED, CARL, 0, 0, (), ())
    for message in (offer((0, 5)), confirm(1), CANCEL):
        before = market.state()
        market.hear(CARL, message)
        assert market.state() == before
    market.hear(ADA, confirm(1))
    market.hear(BOB, confirm(1))
    assert market.exchanges == [(ADA, BOB, (), ())]


def test_asking_the_partner_again_leaves_the_trade_alone() -> None:
    market = Market()
    market.open()
    before = market.state()
    market.hear(ADA, ask(BOB))
    assert market.state() == before


def test_being_asked_by_many_keeps_nobody_from_trading_and_their_asks_end() -> None:
    market = Market()
    market.hear(CARL, ask(BOB))
    market.open()
    assert market.seen[CARL][-1] == Seen(TRADE_CANCELLED, BOB, 0, 0, (), ())
    market.hear(ADA, CANCEL)
    market.hear(BOB, ask(CARL))
    assert market.last(CARL).state == TRADE_ASKED


def test_a_new_ask_withdraws_the_one_before() -> None:
    market = Market()
    market.hear(ADA, ask(BOB))
    market.hear(ADA, ask(CARL))
    assert market.last(BOB) == Seen(TRADE_CANCELLED, ADA, 0, 0, (), ())
    market.hear(BOB, ask(ADA))
    assert market.last(BOB).state == TRADE_ASKED


def test_an_ask_can_be_declined_and_is_forgotten_after_a_while() -> None:
    market = Market()
    market.hear(ADA, ask(BOB))
    market.hear(BOB, CANCEL)
    assert market.last(ADA).state == TRADE_CANCELLED
    market.hear(ADA, ask(BOB))
    market.trades.check(market.now_ns + ASK_NS - 1)
    assert market.last(ADA).state == TRADE_ASKED
    market.trades.check(market.now_ns + ASK_NS)
    assert market.last(ADA).state == TRADE_CANCELLED


def test_a_gift_changes_hands_at_once_and_both_are_told() -> None:
    market = Market()
    market.hear(ADA, give(BOB, 0, 40))
    both = TRADE_FLAG_MINE | TRADE_FLAG_PARTNER
    assert market.exchanges == [(ADA, BOB, ((0, 40),), ())]
    assert market.last(ADA) == Seen(TRADE_DONE, BOB, 0, both, ((0, 40),), ())
    assert market.last(BOB) == Seen(TRADE_DONE, ADA, 0, both, (), ((0, 40),))
    assert (market.holdings[ADA][0], market.holdings[BOB][0]) == (60, 90)


@pytest.mark.parametrize("why", ["too much", "too far", "oneself", "nobody", "trading"])
def test_a_gift_is_refused_and_nothing_changes_when(why: str) -> None:
    market = Market()
    if why == "trading":
        market.open()
    if why == "too far":
        market.places_m[BOB] = 11.0
    before = {who: Counter(held) for who, held in market.holdings.items()}
    num_seen = len(market.seen[BOB])
    market.hear(ADA, give({"oneself": ADA, "nobody": 99}.get(why, BOB), 0, 101 if why == "too much" else 1))
    assert market.holdings == before
    assert market.last(ADA).state == TRADE_CANCELLED and len(market.seen[BOB]) == num_seen


MALFORMED = {
    "empty": b"",
    "unknown": b"\x09",
    "ask short": ask(BOB)[:-1],
    "ask long": ask(BOB) + b"\0",
    "offer without count": bytes([TRADE_OFFER]),
    "offer short": offer((0, 5))[:-1],
    "offer long": offer((0, 5)) + b"\0",
    "offer too many": offer(*((asset, 1) for asset in range(21))),
    "offer of nothing": offer((0, 0)),
    "offer twice the same": offer((0, 1), (0, 2)),
    "offer of a level": offer((255, 1)),
    "confirm short": confirm(1)[:-1],
    "cancel long": CANCEL + b"\0",
    "gift short": give(BOB, 0, 1)[:-1],
    "gift of nothing": give(BOB, 0, 0),
    "gift of a level": give(BOB, 255, 1),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_is_refused_and_changes_nothing(body: bytes) -> None:
    market = Market()
    market.open()
    before = market.state()
    assert market.hear(ADA, body) == DROP_RELIABLE_MALFORMED
    assert market.state() == before


def test_an_offer_may_have_twenty_assets() -> None:
    market = Market()
    market.open()
    assert market.hear(ADA, offer(*((asset, 1) for asset in range(20)))) is None
    assert len(market.last(BOB).theirs) == 20


def test_more_messages_than_the_rate_allows_are_refused_and_change_nothing_but_one_can_always_cancel() -> None:
    market = Market()
    market.open()
    results = [market.trades.hear(ADA, offer((0, 1)), market.now_ns) for _ in range(20)]
    assert DROP_TRADE_RATE in results and results[0] is None
    before = market.state()
    assert market.trades.hear(ADA, offer((0, 2)), market.now_ns) == DROP_TRADE_RATE
    assert market.state() == before
    assert market.trades.hear(ADA, CANCEL, market.now_ns) is None
    assert market.last(BOB).state == TRADE_CANCELLED
    assert market.hear(ADA, ask(BOB)) is None


def test_a_late_confirmation_of_one_trade_counts_for_nothing_in_the_next() -> None:
    market = Market()
    market.open()
    market.hear(BOB, CANCEL)
    market.open()
    assert market.last(ADA).version == 2
    market.hear(BOB, confirm(2))
    before = market.state()
    market.hear(ADA, confirm(1))
    assert market.state() == before


def test_versions_go_round_without_zero() -> None:
    market = Market()
    market.open()
    for _ in range(0xFFFF):
        market.hear(ADA, offer())
        market.seen[ADA], market.seen[BOB] = [], market.seen[BOB][-2:]
    assert [seen.version for seen in market.seen[BOB]] == [0xFFFF, 1]
