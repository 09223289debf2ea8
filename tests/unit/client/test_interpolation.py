"""Interpolation, extrapolation and holding of other entities."""

from __future__ import annotations

import pytest

from myriad.client.interpolation import Interpolator

HZ = 60.0


def walker(ring: int, period: int = 3, until: int = 60) -> Interpolator:
    """An entity at x = tick / 10 metres, seen every `period` ticks."""
    shown = Interpolator(HZ)
    for tick in range(0, until + 1, period):
        shown.observe(7, tick, tick / 10, 5.0, 0.0, ring)
    return shown


@pytest.mark.parametrize(("ring", "delay_ms"), [(0, 100), (1, 150), (2, 300)])
def test_an_entity_is_drawn_its_ring_s_delay_behind(ring: int, delay_ms: int) -> None:
    shown = walker(ring, 3 * 2**ring)
    for now in (58.0, 60.0, 61.5):
        place = shown.place(now)[0]
        assert float(place["x"]) == pytest.approx((now - delay_ms * 0.06) / 10)
        assert (int(place["id"]), float(place["y"])) == (7, 5.0)


def test_it_moves_on_for_250_ms_without_news_and_then_stands() -> None:
    shown = walker(0)
    assert float(shown.place(60 + 6 + 12.0)[0]["x"]) == pytest.approx(7.2)
    assert float(shown.place(60 + 6 + 15.0)[0]["x"]) == pytest.approx(7.5)
    assert float(shown.place(600.0)[0]["x"]) == pytest.approx(7.5)


def test_old_and_doubled_samples_change_nothing() -> None:
    shown = walker(0)
    shown.observe(7, 60, 99.0, 99.0, 0.0, 0)
    shown.observe(7, 30, 99.0, 99.0, 0.0, 0)
    assert float(shown.place(63.0)[0]["x"]) == pytest.approx(5.7)


def test_headings_turn_the_short_way() -> None:
    shown = Interpolator(HZ)
    shown.observe(1, 0, 0, 0, 0.9, 0)
    shown.observe(1, 10, 0, 0, 0.1, 0)
    assert float(shown.place(6 + 5.0)[0]["heading"]) == pytest.approx(0.0, abs=1e-9)
    assert float(shown.place(6 + 2.5)[0]["heading"]) == pytest.approx(0.95)


def test_a_teleport_is_not_drawn_as_a_flight() -> None:
    shown = Interpolator(HZ)
    shown.observe(1, 0, 0.0, 0.0, 0.0, 0)
    shown.observe(1, 10, 500.0, 0.0, 0.0, 0)
    assert float(shown.place(6 + 9.0)[0]["x"]) == 0.0
    assert float(shown.place(6 + 10.0)[0]["x"]) == 500.0


def test_what_left_the_view_is_forgotten_and_its_place_is_used_again() -> None:
    shown = Interpolator(HZ, capacity=2)
    for entity in (1, 2, 3):
        shown.observe(entity, 0, entity, 0, 0, 0)
    assert {int(place["id"]) for place in shown.place(0.0)} == {1, 2}
    shown.keep_only([2])
    shown.observe(3, 1, 3.0, 0, 0, 0)
    assert {(int(place["id"]), float(place["x"])) for place in shown.place(0.0)} == {(2, 2.0), (3, 3.0)}
