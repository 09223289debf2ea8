"""Arbitrary and damaged bytes: refused whole or harmless, and never felt by another client."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.replication.view import MALFORMED, apply, take_nacks
from myriad.replication.view_arrays import ViewArrays, create_views
from myriad.replication.view_listing import VISIBLE, visible_entities
from myriad.replication.viewers import on_acked
from tests.unit.replication.scene import Payload, Scene

PER_CLIENT = ("views", "slots", "parts", "keys", "states", "free_parts", "lingering", "events")


def real_payloads(count: int = 40) -> list[Payload]:
    scene = Scene(seed=41, capacity=256, width=4)
    scene.spawn(90)
    scene.spawn(100, 60, 90)
    scene.enter(0, 1, 1)
    payloads = []
    for step in range(count):
        scene.wander()
        scene.hit(step % 90)
        scene.step()
        payloads.append(scene.write(0))
        on_acked(scene.viewers, 0, payloads[-1].sequence)
    assert any(p.flags & 64 for p in payloads)
    return payloads


def give(views: ViewArrays, row: int, data: bytes, payload: Payload, flags: int | None = None) -> int:
    buffer = np.zeros(1312, np.uint8)
    buffer[:] = 0xEE
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    kept = buffer.copy()
    status = apply(
        views, row, buffer, 0, len(data), payload.tick, *payload.view, payload.flags if flags is None else flags
    )
    assert (buffer == kept).all()
    return status


def row_bytes(views: ViewArrays, row: int) -> bytes:
    return b"".join(getattr(views, name)[row].tobytes() for name in PER_CLIENT)


@pytest.fixture(scope="module")
def payloads() -> list[Payload]:
    return real_payloads()


@pytest.fixture
def views(payloads: list[Payload]) -> ViewArrays:
    """Three clients of which the middle one has seen the first twenty payloads."""
    views = create_views(3, 60)
    for payload in payloads[:20]:
        assert give(views, 1, payload.data, payload) >= 0
    return views


def test_every_truncation_is_refused_and_changes_nothing(views: ViewArrays, payloads: list[Payload]) -> None:
    before = row_bytes(views, 1)
    for payload in payloads[20:26]:
        for length in range(len(payload.data)):
            assert give(views, 1, payload.data[:length], payload) == MALFORMED
    views.views["malformed"][1] = 0
    assert row_bytes(views, 1) == before


def test_bytes_behind_the_end_are_refused(views: ViewArrays, payloads: list[Payload]) -> None:
    assert give(views, 1, payloads[20].data + b"\0", payloads[20]) == MALFORMED


@pytest.mark.without_jit
def test_damaged_and_random_payloads_never_reach_another_client(views: ViewArrays, payloads: list[Payload]) -> None:
    random = np.random.default_rng(42)
    neighbours = row_bytes(views, 0), row_bytes(views, 2)
    out, buffer, refused = np.zeros(300, VISIBLE), np.zeros(64, np.uint8), 0
    for turn in range(300):
        payload = payloads[int(random.integers(15, 40))]
        data = bytearray(payload.data)
        for _ in range(int(random.integers(1, 5))):
            data[int(random.integers(len(data)))] = int(random.integers(256))
        if turn % 5 == 0:
            data = bytearray(random.bytes(int(random.integers(0, 400))))
        flags = int(random.integers(256)) if turn % 7 == 0 else payload.flags
        refused += give(views, 1, bytes(data), payload, flags) == MALFORMED
        assert visible_entities(views, 1, payload.tick, out) <= 300
        assert take_nacks(views, 1, buffer, 0) <= 25
    assert refused > 100
    assert (row_bytes(views, 0), row_bytes(views, 2)) == neighbours


def test_a_hundred_thousand_damaged_payloads_leave_bounds_intact(views: ViewArrays, payloads: list[Payload]) -> None:
    random = np.random.default_rng(43)
    neighbours = row_bytes(views, 0), row_bytes(views, 2)
    sizes = [(int(p), len(payloads[p].data)) for p in range(15, 40)]
    for which, length in sizes:
        payload = payloads[which]
        original = np.zeros(1312, np.uint8)
        original[:length] = np.frombuffer(payload.data, np.uint8)
        places, values = random.integers(0, length, (1000, 2)), random.integers(0, 256, (1000, 2))
        for turn in range(1000):
            buffer = original.copy()
            buffer[places[turn]] = values[turn]
            apply(views, 1, buffer, 0, length, payload.tick, *payload.view, payload.flags)
    assert (views.parts["count"] <= 64).all()
    assert (views.parts["key_count"] <= 64).all()
    assert (views.slots["num_parts"] <= 8).all()
    used = int((views.slots["part"][1] >= 0).sum())
    assert used + int(views.views["num_free"][1]) == 128
    assert (row_bytes(views, 0), row_bytes(views, 2)) == neighbours


def test_payloads_with_any_view_tick_and_flags_are_survived(views: ViewArrays, payloads: list[Payload]) -> None:
    random = np.random.default_rng(44)
    buffer = np.zeros(1312, np.uint8)
    for turn in range(3000):
        payload = payloads[turn % 40]
        buffer[: len(payload.data)] = np.frombuffer(payload.data, np.uint8)
        x, y = (int(v) for v in random.integers(-32768, 32768, 2))
        tick = int(random.integers(0, 2**32))
        apply(views, 1, buffer, 0, len(payload.data), tick, x, y, payload.flags)
    used = int((views.slots["part"][1] >= 0).sum())
    assert used + int(views.views["num_free"][1]) == 128


def test_doubled_and_late_payloads_change_nothing(payloads: list[Payload]) -> None:
    views = create_views(1, 60)
    for payload in payloads:
        assert give(views, 0, payload.data, payload) == 1
    views.views["datagrams"] = 0
    before = row_bytes(views, 0)
    for payload in payloads[::-1][:25]:
        assert give(views, 0, payload.data, payload) == 0
    views.views["datagrams"] = 0
    assert row_bytes(views, 0) == before
