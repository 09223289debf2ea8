"""Inputs of many clients: numbering, run-length coding and repetition against a naive list of ticks."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from myriad.client.inputs import (
    INPUT_QUEUE,
    MAX_INPUT_BYTES,
    confirm_inputs,
    push_input,
    room_for_inputs,
    start_inputs,
    write_inputs,
    write_whois,
)
from myriad.wire.layouts import MAX_INPUT_ENTRIES, MAX_INPUT_TICKS

Tick = tuple[int, int, int, int, int, int]  # buttons, dir, mag, heading, intent, argument


def read(packet: bytes) -> tuple[int, int, list[Tick], list[tuple[int, ...]], list[int]]:
    """A second reader of the INPUT payload, made from the protocol document: newest, back, ticks, nacks, ids."""
    newest, back, entries = struct.unpack_from("<IBB", packet)
    at = 6
    ticks: list[Tick] = []
    for _ in range(entries):
        buttons, move_dir, mag, heading, held, intent = struct.unpack_from("<BBBHBB", packet, at)
        at += 7
        argument = 0
        if intent:
            (argument,) = struct.unpack_from("<I", packet, at)
            at += 4
        assert 1 <= held <= 64
        ticks.append((buttons, move_dir, mag, heading, intent, argument))
        ticks += [(buttons, move_dir, mag, heading, 0, 0)] * (held - 1)
    count = packet[at]
    nacks = [struct.unpack_from("<hhBB", packet, at + 1 + 6 * k) for k in range(count)]
    at += 1 + 6 * count
    count = packet[at]
    ids = [struct.unpack_from("<I", packet, at + 1 + 4 * k)[0] for k in range(count)]
    at += 1 + 4 * count
    assert at == len(packet), "nothing may follow"
    assert entries <= 32
    assert len(ticks) <= 128
    return newest, back, ticks, nacks, ids


def write(queues: np.ndarray, row: int, back: int = 0) -> bytes:
    buf = np.zeros(MAX_INPUT_BYTES + 9, np.uint8)
    at = write_inputs(queues, row, buf, 9, back)
    end = write_whois(buf, at + 1, np.zeros(4, np.uint32), 0)
    return bytes(buf[9:end])


@pytest.mark.parametrize("start", [0, 0xFFFFFF00, 0xFFFFFFFF])
@pytest.mark.parametrize("seed", range(4))
def test_packet_repeats_exactly_the_unconfirmed_ticks_also_across_the_wrap(start: int, seed: int) -> None:
    print("seed", seed)
    rng = random.Random(seed)
    queues = np.zeros(3, INPUT_QUEUE)
    start_inputs(queues, 1, start)
    model: list[Tick] = []
    newest = start
    for _ in range(400):
        if rng.random() < 0.6:
            held = rng.randint(0, min(20, room_for_inputs(queues, 1)))
            intent = rng.choice((0, 0, 0, 1, 2))
            tick = (rng.randint(0, 1), rng.randint(0, 2), rng.choice((0, 255)), rng.randint(0, 1) * 65535)
            newest = (newest + held) & 0xFFFFFFFF
            assert push_input(queues, 1, *tick, held, intent, 0xFFFFFFFF if intent else 0) == newest
            for k in range(held):
                model.append((*tick, intent if k == 0 else 0, 0xFFFFFFFF if intent and k == 0 else 0))
        else:
            done = rng.randint(0, len(model))
            last = (newest - len(model) + done) & 0xFFFFFFFF
            assert confirm_inputs(queues, 1, last) == done
            model = model[done:]
        got_newest, back, ticks, _, _ = read(write(queues, 1, 17))
        assert (got_newest, back) == (newest, 17)
        if int(queues["forgotten"][1]) == 0:
            assert ticks == model
        else:
            assert ticks == model[len(model) - len(ticks) :]
        assert room_for_inputs(queues, 1) == max(120 - len(model), 0)
    assert not queues[0].tobytes().strip(b"\0")
    assert not queues[2].tobytes().strip(b"\0")


def test_too_many_different_inputs_forget_the_oldest_and_count_them() -> None:
    queues = np.zeros(1, INPUT_QUEUE)
    for k in range(MAX_INPUT_ENTRIES + 5):
        push_input(queues, 0, k, 0, 0, 0, 2, 1, 99)
    newest, _, ticks, _, _ = read(write(queues, 0))
    assert newest == 2 * (MAX_INPUT_ENTRIES + 5)
    assert len(ticks) == 2 * MAX_INPUT_ENTRIES
    assert ticks[0][:1] == (5,)
    assert int(queues["forgotten"][0]) == 10


def test_one_long_run_keeps_the_newest_128_ticks() -> None:
    queues = np.zeros(1, INPUT_QUEUE)
    push_input(queues, 0, 3, 1, 255, 7, MAX_INPUT_TICKS, 5, 6)
    push_input(queues, 0, 3, 1, 255, 7, 30, 0, 0)
    newest, _, ticks, _, _ = read(write(queues, 0))
    assert (newest, len(ticks)) == (MAX_INPUT_TICKS + 30, MAX_INPUT_TICKS)
    assert all(tick == (3, 1, 255, 7, 0, 0) for tick in ticks), "the intent went with its tick"


@pytest.mark.parametrize("wrong", [5, 1000, 0x80000000, 99, 100])
def test_a_confirmation_of_unknown_or_old_numbers_changes_nothing(wrong: int) -> None:
    queues = np.zeros(1, INPUT_QUEUE)
    start_inputs(queues, 0, 100)
    push_input(queues, 0, 1, 2, 3, 4, 10, 1, 9)
    before = queues.tobytes()
    assert confirm_inputs(queues, 0, wrong) == 0
    assert queues.tobytes() == before


def test_names_are_asked_for_behind_the_inputs_four_at_most() -> None:
    queues = np.zeros(1, INPUT_QUEUE)
    buf = np.zeros(MAX_INPUT_BYTES, np.uint8)
    at = write_inputs(queues, 0, buf, 0, 255)
    end = write_whois(buf, at + 1, np.array([1, 0xFFFFFFFF, 3, 4, 5], np.uint32), 5)
    _, back, ticks, nacks, ids = read(bytes(buf[:end]))
    assert (back, ticks, nacks) == (255, [], [])
    assert ids == [1, 0xFFFFFFFF, 3, 4]


def test_the_largest_body_fits_the_room_it_names() -> None:
    queues = np.zeros(1, INPUT_QUEUE)
    for k in range(MAX_INPUT_ENTRIES):
        push_input(queues, 0, k, 0, 0, 0, 4, 1, 1)
    buf = np.full(MAX_INPUT_BYTES + 8, 0xEE, np.uint8)
    nacks_at = write_inputs(queues, 0, buf, 0, 0)
    end = write_whois(buf, nacks_at + 1 + 4 * 6, np.ones(4, np.uint32), 4)
    assert end == MAX_INPUT_BYTES
    assert (buf[end:] == 0xEE).all()
