"""The impaired network: text form, statistics by seed, order, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.core.kernel import jit_enabled
from myriad.loadtest.delay_queue import DOWN, UP, DelayQueue, new_delay_queue, next_due_ns, offer, take_due
from myriad.loadtest.impairment import Impairment, parse_impairment

MS = 1_000_000
NUMBER = 40_000 if jit_enabled() else 4_000


def packet(number: int) -> np.ndarray:
    return np.frombuffer(number.to_bytes(8, "little") + b"\x77" * 92, np.uint8).copy()


def drain(queue: DelayQueue, now_ns: int) -> list[tuple[int, int]]:
    """(due, packet number) of everything due by `now_ns`."""
    found = []
    while (slot := take_due(queue, now_ns)) >= 0:
        data = queue.slots["data"][slot]
        assert int(queue.slots["length"][slot]) == 100
        assert (data[8:100] == 0x77).all()
        found.append((int(queue.slots["due_ns"][slot]), int.from_bytes(bytes(data[:8]), "little")))
    return found


def test_text_form_is_read() -> None:
    assert parse_impairment("loss=5,delay=50,jitter=20,dup=1,reorder=1") == Impairment(5, 50, 20, 1, 1)
    assert parse_impairment("jitter=2.5, loss=0") == Impairment(jitter=2.5)
    assert not parse_impairment("").any
    assert parse_impairment("dup=1").any


@pytest.mark.parametrize(
    "text", ["loss", "loss=", "loss=x", "loss=101", "loss=-1", "delay=nan", "speed=3", "jitter=1e9"]
)
def test_wrong_text_is_refused_with_one_line(text: str) -> None:
    with pytest.raises(StartupError, match=r"^--impair: [^\n]+$"):
        parse_impairment(text)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rates_and_delays_are_as_asked(seed: int) -> None:
    print("seed", seed)
    queue = new_delay_queue(Impairment(loss=5, delay=50, jitter=20, dup=1, reorder=1), 2, 4096, seed)
    delays: list[int] = []
    copies = 0
    for number in range(NUMBER):
        now_ns = number * MS
        copies += offer(queue, now_ns, 1, DOWN, packet(number), 100)
        delays += [due - sent * MS for due, sent in drain(queue, now_ns)]
    delays += [due - sent * MS for due, sent in drain(queue, 10**18)]
    fates = queue.fates[DOWN]
    tolerance = 5 * (0.05 / NUMBER) ** 0.5
    assert int(fates["offered"]) == NUMBER
    assert int(fates["lost"]) / NUMBER == pytest.approx(0.05, abs=tolerance)
    assert int(fates["duplicated"]) / NUMBER == pytest.approx(0.01, abs=tolerance)
    assert int(fates["reordered"]) / NUMBER == pytest.approx(0.01, abs=tolerance)
    assert int(fates["overflowed"]) == 0
    assert copies == len(delays) == NUMBER - int(fates["lost"]) + int(fates["duplicated"])
    usual = np.array([delay for delay in delays if delay < 71 * MS]) / MS
    assert usual.min() >= 30
    assert usual.max() <= 70
    assert usual.mean() == pytest.approx(50, abs=1)
    assert usual.std() == pytest.approx(20 / 3**0.5, abs=0.7)
    held = len(delays) - len(usual)
    assert held == int(fates["reordered"])
    assert max(delays) <= 230 * MS


def test_the_fate_of_a_datagram_does_not_depend_on_those_of_others() -> None:
    rules = Impairment(loss=20, delay=50, jitter=20, dup=10, reorder=10)
    alone = new_delay_queue(rules, 3, 512, 9)
    among = new_delay_queue(rules, 3, 4096, 9)
    for number in range(100):
        offer(alone, number * MS, 1, UP, packet(number), 100)
        for row in range(3):
            for direction in (DOWN, UP):
                tag = number if (row, direction) == (1, UP) else 10_000
                offer(among, number * MS, row, direction, packet(tag), 100)
    expected = sorted(drain(alone, 10**18))
    assert sorted(item for item in drain(among, 10**18) if item[1] < 10_000) == expected
    other_seed = new_delay_queue(rules, 3, 512, 10)
    for number in range(100):
        offer(other_seed, number * MS, 1, UP, packet(number), 100)
    assert sorted(drain(other_seed, 10**18)) != expected


def test_datagrams_leave_in_order_of_their_due_times_and_never_early() -> None:
    queue = new_delay_queue(Impairment(delay=50, jitter=40, reorder=20, dup=20), 1, 1024, 4)
    last = 0
    for number in range(600):
        now_ns = number * 10 * MS
        offer(queue, now_ns, 0, UP, packet(number), 100)
        expected = next_due_ns(queue)
        left = drain(queue, now_ns)
        assert all(due <= now_ns for due, _ in left)
        if left:
            assert left[0][0] == expected
            assert [due for due, _ in left] == sorted(due for due, _ in left)
            assert left[0][0] >= last - 0
            last = left[-1][0]


def test_a_full_queue_drops_and_counts() -> None:
    queue = new_delay_queue(Impairment(delay=50), 1, 8, 1)
    for number in range(20):
        offer(queue, 0, 0, UP, packet(number), 100)
    assert int(queue.fates["overflowed"][UP]) == 12
    assert [number for _, number in sorted(drain(queue, 10**18))] == list(range(8))
    assert next_due_ns(queue) == -1
    assert offer(queue, 0, 0, UP, packet(99), 100) == 1
    assert drain(queue, 10**18) == [(50 * MS, 99)]
