"""The input queue against its promises: once, in order, never faster than time."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.sim.columns import INPUT
from myriad.sim.input_queue import (
    MAX_BUCKET,
    MAX_WAITING_INPUTS,
    RING_INPUTS,
    accept_input,
    new_queues,
    reset_queue,
    serial_distance,
    take_inputs,
)

WRAP = 1 << 32


def offer(queues: np.ndarray, number: int, mag: int = 1, argument: int = 0) -> int:
    return accept_input(queues, 0, number % WRAP, 0, 0, mag, 0, 1 if argument else 0, argument)


@pytest.mark.parametrize("start", [0, WRAP - 3])
def test_each_input_is_applied_at_most_once_and_in_order_under_loss_and_repetition(start: int) -> None:
    seed = 11
    rng = np.random.default_rng(seed)
    queues = new_queues(1)
    reset_queue(queues, 0, 0, start)
    inputs = np.zeros(1, INPUT)
    applied: list[int] = []
    newest = start
    for _tick in range(2000):
        newest += 1
        if newest % 6 == 0 and rng.random() > 0.3:  # packets repeat the last 24 inputs; some are lost
            for number in range(max(start + 1, newest - 23), newest + 1):
                offer(queues, number, argument=number - start)
            if rng.random() < 0.2:
                for number in range(max(start + 1, newest - 23), newest + 1):
                    assert offer(queues, number) == 0
        take_inputs(queues, inputs)
        for k in range(int(inputs["count"][0])):
            if inputs["intent"][0, k]:
                applied.append(int(inputs["argument"][0, k]))
    assert applied == sorted(set(applied)), f"seed {seed}"
    assert len(applied) > 1500


def test_no_more_inputs_than_ticks_and_the_bucket_whatever_arrives() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 0, 0)
    inputs = np.zeros(1, INPUT)
    total = 0
    newest = 0
    for tick in range(1, 600):
        for _ in range(5):  # five times as many inputs as there are ticks
            newest += 1
            offer(queues, newest)
        take_inputs(queues, inputs)
        assert inputs["count"][0] <= 2
        total += int(inputs["count"][0])
        assert total <= tick + MAX_BUCKET
    assert queues["late"][0] > 0


def test_an_input_too_far_ahead_is_refused_and_changes_nothing() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 0, 7)
    before = queues.tobytes()
    assert offer(queues, 7 + RING_INPUTS + 1) == -1
    assert offer(queues, 7) == 0
    assert queues.tobytes() == before


def test_numbers_left_out_stand_still_and_do_not_stall_the_queue() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 0, 0)
    inputs = np.zeros(1, INPUT)
    assert offer(queues, 3, mag=200) == 1
    magnitudes = []
    for _ in range(4):
        take_inputs(queues, inputs)
        magnitudes += [int(inputs["move_mag"][0, k]) for k in range(int(inputs["count"][0]))]
    assert magnitudes == [0, 0, 200]


def test_waiting_inputs_are_bounded_and_what_is_given_up_is_counted() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 0, 0)
    inputs = np.zeros(1, INPUT)
    for number in range(1, 101):
        offer(queues, number)
    take_inputs(queues, inputs)
    assert queues["late"][0] == 100 - MAX_BUCKET
    assert serial_distance(queues["newest"][0], queues["applied"][0]) <= MAX_WAITING_INPUTS


def test_a_queue_that_never_runs_empty_is_shortened() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 0, 0)
    inputs = np.zeros(1, INPUT)
    for number in range(1, 5):
        offer(queues, number)
    for number in range(5, 125):
        offer(queues, number)
        take_inputs(queues, inputs)
    assert serial_distance(queues["newest"][0], queues["applied"][0]) <= 1


def test_a_number_half_the_space_ahead_of_the_newest_is_refused_and_changes_nothing() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 5, 0)
    for number in range(1, 101):
        assert accept_input(queues, 0, number, 1, 0, 255, 0, 0, 0) == 1
    before = queues.tobytes()
    for number in (2**31 + 50, 2**31 + 99):  # ahead of the newest, behind the applied: all numbers lie between
        assert accept_input(queues, 0, number, 1, 0, 255, 0, 0, 0) == -1
        assert queues.tobytes() == before
