"""Histograms against a sorted list, which is the naive oracle."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myriad.core import histogram as hist

pytestmark = pytest.mark.without_jit

VALUES = st.lists(st.one_of(st.integers(0, 300), st.integers(0, hist.MAX_VALUE)), min_size=1, max_size=60)


def recorded(values: Sequence[int]) -> hist.Histogram:
    histogram = hist.new_histogram()
    for value in values:
        hist.record(histogram, value)
    return histogram


def true_percentile(values: Sequence[int], percent: float) -> int:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return next(v for i, v in enumerate(ordered) if (i + 1) * 100 >= percent * len(ordered) - 1e-9)


@given(VALUES, st.sampled_from([0, 1, 25, 50, 90, 99, 100]))
def test_a_percentile_is_never_below_the_true_one_and_at_most_a_64th_above(values: list[int], percent: int) -> None:
    true = true_percentile(values, percent)
    assert true <= hist.percentile(recorded(values), percent) <= true + true / 64


@given(VALUES)
def test_count_total_and_maximum_are_exact(values: list[int]) -> None:
    histogram = recorded(values)
    assert hist.count(histogram) == len(values)
    assert hist.total(histogram) == sum(values)
    assert hist.maximum(histogram) == max(values)


@given(VALUES, VALUES)
def test_merging_is_the_same_as_recording_everything_in_one(left: list[int], right: list[int]) -> None:
    merged = recorded(left)
    hist.merge(merged, recorded(right))
    assert (merged == recorded(left + right)).all()


@given(VALUES, VALUES)
def test_a_difference_is_what_was_recorded_in_between(first: list[int], second: list[int]) -> None:
    found = hist.difference(recorded(first + second), recorded(first))
    wanted = recorded(second)
    assert (found[: hist.NUM_BUCKETS + 1] == wanted[: hist.NUM_BUCKETS + 1]).all()
    assert max(second) <= hist.maximum(found) <= max(second) + max(second) / 64


@given(VALUES)
def test_every_value_lies_in_a_bucket_that_holds_it(values: list[int]) -> None:
    for value in values:
        index = int(recorded([value])[: hist.NUM_BUCKETS].argmax())
        assert value <= hist.bucket_upper(index)
        assert index == 0 or hist.bucket_upper(index - 1) < value


@given(VALUES)
def test_cumulative_counts_never_say_more_than_the_truth_and_miss_only_the_bound_s_own_bucket(
    values: list[int],
) -> None:
    bounds = [10, 1_000, 50_000, 10**9, hist.MAX_VALUE]
    found = hist.cumulative_counts(recorded(values), bounds)
    for bound, number in zip(bounds, found, strict=True):
        assert sum(v < bound - bound / 32 for v in values) <= number <= sum(v <= bound for v in values)
    assert found[-1] == len(values)


def test_values_beyond_the_range_count_at_its_ends() -> None:
    histogram = recorded([-5, hist.MAX_VALUE + 1, 2**60])
    assert histogram[0] == 1
    assert histogram[hist.NUM_BUCKETS - 1] == 2
    assert hist.maximum(histogram) == 2**60


def test_an_empty_histogram_has_zero_everywhere() -> None:
    histogram = hist.new_histogram()
    assert hist.summary_ms(histogram) == {"p50": 0.0, "p99": 0.0, "max": 0.0}
    assert hist.maximum(hist.difference(histogram, histogram)) == 0


def test_the_rows_of_many_histograms_are_histograms() -> None:
    many = hist.new_histograms(3)
    hist.record(many[1], 7_000_000)
    assert [hist.count(row) for row in many] == [0, 1, 0]
    assert hist.summary_ms(many[1]) == {"p50": 7.0, "p99": 7.0, "max": 7.0}


@given(VALUES)
def test_a_histogram_survives_json(values: Sequence[int]) -> None:
    histogram = recorded(values)
    assert (hist.from_sparse(json.loads(json.dumps(hist.to_sparse(histogram)))) == histogram).all()


def test_a_bucket_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no bucket"):
        hist.from_sparse({"counts": {str(hist.NUM_BUCKETS): 1}, "sum": 1, "max": 1})
