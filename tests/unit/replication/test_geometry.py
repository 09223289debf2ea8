"""Which places of a view are in view, against the rings and their periods."""

from __future__ import annotations

import itertools

import pytest

from myriad.replication.geometry import ring_of, ring_period, view_mask_of

pytestmark = pytest.mark.without_jit


def test_the_places_in_view_are_those_that_are_ever_sent() -> None:
    for tier, level in itertools.product(range(3), range(3)):
        expected = sum(1 << place for place in range(25) if ring_period(tier, ring_of(place), level) > 0)
        assert view_mask_of(tier, level) == expected
