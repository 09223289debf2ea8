"""The simulation finds out within a few seeds when a safeguard is missing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.simulation import mutants
from tests.simulation.run import SeedFailed, run

MAX_SEEDS = 120

Mutant = Callable[[], AbstractContextManager[mutants.Change]]


def expect_failure(mutant: Mutant, *sentences: str) -> None:
    """Some seed fails, and says one of `sentences`."""
    with mutant() as change:
        for seed in range(1, MAX_SEEDS + 1):
            why = failure_of(seed, change)
            if why:
                assert any(sentence in why for sentence in sentences), why
                return
    pytest.fail(f"{MAX_SEEDS} seeds passed")


def failure_of(seed: int, change: mutants.Change) -> str:
    try:
        run(seed, change)
    except SeedFailed as failure:
        return str(failure)
    return ""


def test_without_the_epoch_check_a_zone_that_lost_its_lease_goes_on() -> None:
    expect_failure(
        mutants.no_epoch_check, "plays in", "entered with hop", "is over", "was confirmed", "the books do not balance"
    )


def test_without_the_target_epoch_condition_a_character_goes_to_a_zone_that_is_gone() -> None:
    expect_failure(mutants.no_target_epoch_check, "went over to")


def test_without_the_dedupe_by_transfer_a_repeated_cut_denies_what_it_did() -> None:
    expect_failure(mutants.no_dedupe_by_transfer, "plays in", "was confirmed", "entered with hop", "the books do")


def test_without_the_atomic_cut_the_books_do_not_balance() -> None:
    expect_failure(mutants.no_atomic_cut, "the books do not balance", "the ledger says")


def test_without_the_memory_of_hops_a_straggler_activates_twice() -> None:
    expect_failure(mutants.no_memory_of_hops, "entered with hop", "entered twice", "was confirmed", "the books do")
