"""What was confirmed to players is compared with what they know of themselves; what is broken is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from myriad.client.messages import Confirmed
from myriad.loadtest.promises import LOOK_NS, NUM_LOOKS, Promises
from tests.unit.client.scripted_zone import MEADOW_GAME
from tests.unit.loadtest.journey_bench import Bench

APPLE = 3


class Book:
    """One player whose private state the test writes."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.promises = Promises(MEADOW_GAME, bench.swarm, bench.travel)
        self.now_ns = 1_000_000_000
        self.knows(serial=0, coins=0)

    def knows(self, serial: int, coins: int, level: int = 1, apples: int = 0) -> None:
        private: Any = np.zeros(1, MEADOW_GAME.private_dtype)
        private["ledger_serial"], private["coins"], private["level"] = serial, coins, level
        private["slot_item"][0, 4], private["slot_count"][0, 4] = APPLE, apples
        states = self.bench.swarm.clients.states
        states["private"][0, : private.itemsize] = private.view(np.uint8)
        states["has_private"][0] = 1

    def told(self, serial: int, asset: int, balance: int) -> None:
        for hear in self.bench.travel.listeners:
            hear(0, Confirmed(serial, 1, asset, balance))

    def look(self) -> int:
        """Looks at everybody until nothing is left to look at; how many promises are broken so far."""
        self.promises.look_at_all(self.now_ns)
        while self.promises.is_looking:
            self.now_ns += LOOK_NS
            self.promises.look(self.now_ns)
        return self.promises.num_lost


@pytest.fixture
def book() -> Iterator[Book]:
    with Bench(1) as bench:
        yield Book(bench)


def test_balances_that_are_as_confirmed_are_fine(book: Book) -> None:
    book.told(1, 0, 20)
    book.told(2, APPLE, 3)
    book.told(3, 255, 2)
    book.knows(serial=3, coins=20, level=2, apples=3)
    assert book.look() == 0
    assert book.promises.num_sent == 3


def test_a_state_behind_what_was_confirmed_is_a_loss_counted_once(book: Book) -> None:
    book.told(5, 0, 20)
    book.knows(serial=4, coins=20)
    assert book.look() == 1
    assert "movement 5" in book.promises.complaints[0]
    assert book.look() == 1


@pytest.mark.parametrize("wrong", [{"coins": 19}, {"level": 1}, {"apples": 2}])
def test_another_balance_without_a_movement_is_a_loss(book: Book, wrong: dict[str, int]) -> None:
    book.told(1, 0, 20)
    book.told(2, APPLE, 3)
    book.told(3, 255, 2)
    book.knows(**({"serial": 3, "coins": 20, "level": 2, "apples": 3} | wrong))
    assert book.look() == 1


def test_what_moved_since_cannot_be_compared(book: Book) -> None:
    book.told(3, 0, 20)
    book.knows(serial=4, coins=7)
    assert book.look() == 0


def test_a_state_that_is_still_on_the_way_is_waited_for(book: Book) -> None:
    book.told(2, 0, 20)
    book.knows(serial=1, coins=0)
    book.promises.look_at_all(book.now_ns)
    for _ in range(NUM_LOOKS - 2):
        book.now_ns += LOOK_NS
        book.promises.look(book.now_ns)
    book.knows(serial=2, coins=20)
    assert book.look() == 0


def test_whoever_comes_to_another_connection_is_looked_at(book: Book) -> None:
    book.told(2, 0, 20)
    book.promises.look(book.now_ns)
    assert book.promises.num_lost == 0
    book.bench.swarm.plan["row"][0] = 1
    book.promises.look(book.now_ns)
    states = book.bench.swarm.clients.states
    states["private"][1], states["has_private"][1] = states["private"][0], 1
    for _ in range(NUM_LOOKS + 1):
        book.now_ns += LOOK_NS
        book.promises.look(book.now_ns)
    assert book.promises.num_lost == 1


def test_counts_begin_anew_but_promises_hold(book: Book) -> None:
    book.told(2, 0, 20)
    book.promises.forget_counts()
    assert book.promises.num_sent == 0
    book.knows(serial=1, coins=20)
    assert book.look() == 1
