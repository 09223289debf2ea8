"""Each number once, against a set that remembers everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from myriad.cluster.window import WINDOW, Window


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3000)), max_size=60))
def test_a_window_takes_each_number_once_and_none_that_is_too_old(numbers: list[tuple[int, int]]) -> None:
    window, epoch, seen = Window(), 0, set[int]()
    for its_epoch, number in numbers:
        if its_epoch > epoch:
            epoch, seen = its_epoch, set()
        wanted = its_epoch == epoch and number not in seen and number > max(seen, default=0) - WINDOW
        assert window.accept(its_epoch, number) == wanted
        if wanted:
            seen.add(number)


def test_numbers_that_overtook_each_other_are_all_taken_once() -> None:
    window = Window()
    assert [window.accept(0, number) for number in (2, 1, 3, 2, 1)] == [True, True, True, False, False]
