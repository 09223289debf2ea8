"""The inner header against an oracle without wrap, and what it says about loss and round trips."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from myriad.netcode.acks import (
    LOSS_LAG,
    MAX_ACKED,
    new_acks,
    read_header,
    reset_acks,
    serial_difference,
    write_header,
)
from tests.reference.acks_oracle import AcksOracle

pytestmark = pytest.mark.without_jit

MS = 1_000_000


def header(kind: int, sequence: int, ack: int, bits: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(struct.pack("<BHHI", kind, sequence, ack, bits), np.uint8).copy()


def read(acks: np.ndarray, data: np.ndarray, now_ns: int = MS) -> list[int]:
    acked = np.zeros(MAX_ACKED, np.uint16)
    count = read_header(acks, 0, data, 0, len(data), now_ns, acked)
    assert count >= 0
    return [int(sequence) for sequence in acked[:count]]


def write(acks: np.ndarray, now_ns: int = MS, row: int = 0) -> np.ndarray:
    data = np.zeros(9, np.uint8)
    write_header(acks, row, 2, data, 0, now_ns)
    return data


def test_the_header_is_nine_little_endian_bytes() -> None:
    acks = new_acks(1)
    assert write(acks).tobytes() == struct.pack("<BHHI", 2, 0, 65535, 0)
    read(acks, header(1, 300, 0, 0))
    read(acks, header(1, 302, 65535, 0))
    assert write(acks).tobytes() == struct.pack("<BHHI", 2, 1, 302, 0b10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("first", [0, 65_500, 65_534])
def test_acknowledgements_agree_with_the_oracle_through_the_wrap(seed: int, first: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    firsts = (first, (first + 40_000) % 65536)
    acks = new_acks(2)
    oracles = []
    for side in (0, 1):
        reset_acks(acks, side, firsts[side], firsts[1 - side])
        oracles.append(AcksOracle(firsts[side], firsts[1 - side]))
    wire: list[tuple[int, int, bytes, tuple[int, int, set[int]]]] = []
    acked = np.zeros(MAX_ACKED, np.uint16)
    buf = np.zeros(32, np.uint8)
    for step in range(1200):
        side = chance.randrange(2)
        sequence = write_header(acks, side, 1, buf, 5, step + 1)
        sent = oracles[side].send()
        assert sequence == sent[0] & 0xFFFF
        for _ in range(chance.choice((0, 1, 1, 1, 1))):
            wire.append((step + chance.choice((0, 0, 1, 2, 20)), 1 - side, buf[5:14].tobytes(), sent))
        for due in [entry for entry in wire if entry[0] <= step]:
            wire.remove(due)
            _, target, data, theirs = due
            buf[5:14] = np.frombuffer(data, np.uint8)
            count = read_header(acks, target, buf, 5, 9, step + 1, acked)
            assert acked[:count].tolist() == [s & 0xFFFF for s in oracles[target].receive(theirs)]
    assert acks["num_invalid"].tolist() == [0, 0]


def test_a_payload_too_short_for_a_header_changes_nothing() -> None:
    acks = new_acks(1)
    write(acks)
    before = acks.tobytes()
    assert read_header(acks, 0, np.zeros(9, np.uint8), 0, 8, MS, np.zeros(MAX_ACKED, np.uint16)) == -1
    assert acks.tobytes() == before


def test_acknowledging_what_was_never_sent_is_ignored_and_counted() -> None:
    acks = new_acks(1)
    assert read(acks, header(1, 0, 65535, 0)) == []
    assert acks["num_invalid"][0] == 0, "nothing sent, nothing received: that is no claim"
    for _ in range(3):
        write(acks)
    for ack, bits in ((3, 0), (40_000, 0xFFFF_FFFF), (65535, 1), (65534, 0)):
        before = acks["num_invalid"][0]
        assert read(acks, header(1, 1, ack, bits)) == []
        assert acks["num_invalid"][0] == before + 1
    assert read(acks, header(1, 2, 2, 0xFFFF_FFFF)) == [2, 1, 0]
    assert acks["num_acked"][0] == 3
    assert acks["num_lost"][0] == 0


def test_each_sequence_is_acknowledged_once() -> None:
    acks = new_acks(1)
    for _ in range(4):
        write(acks)
    assert read(acks, header(1, 0, 2, 0b1)) == [2, 1]
    assert read(acks, header(1, 1, 2, 0b11)) == [0]
    assert read(acks, header(1, 2, 2, 0b11)) == []


def test_loss_is_counted_after_a_lag_and_taken_back_if_the_datagram_was_only_late() -> None:
    acks = new_acks(1)
    for _ in range(40):
        write(acks)
    read(acks, header(1, 0, 0, 0))
    read(acks, header(1, 1, 1 + LOSS_LAG, 0))
    assert acks["num_lost"][0] == 1
    assert read(acks, header(1, 2, 1 + LOSS_LAG, 1 << (LOSS_LAG - 1))) == [1]
    assert acks["num_lost"][0] == 0


def test_a_peer_that_never_acknowledges_counts_as_lossy() -> None:
    acks = new_acks(1)
    for _ in range(200):
        write(acks)
    assert acks["num_lost"][0] == 200 - 64


def test_round_trips_are_smoothed_and_the_least_is_kept() -> None:
    acks = new_acks(1)
    for k in range(100):
        now_ns = (k + 1) * 50 * MS
        write(acks, now_ns)
        read(acks, header(1, k, k, 0), now_ns + (40 if k == 50 else 80) * MS)
    assert acks["rtt_min_ns"][0] == 40 * MS
    assert 75 * MS < acks["rtt_ns"][0] <= 80 * MS
    assert acks["jitter_ns"][0] < 5 * MS
    for k in range(100, 600):
        now_ns = (k + 1) * 50 * MS
        write(acks, now_ns)
        read(acks, header(1, k, k, 0), now_ns + 80 * MS)
    assert acks["rtt_min_ns"][0] == 80 * MS, "the least of the last 10 to 20 s"


def test_a_reset_row_is_as_new_and_others_are_untouched() -> None:
    acks = new_acks(2)
    fresh = new_acks(2)
    for row in (0, 1):
        write(acks, row=row)
    other = acks[1].tobytes()
    read(acks, header(1, 7, 0, 0))
    reset_acks(acks, 0, 0, 0)
    assert acks[0].tobytes() == fresh[0].tobytes()
    assert acks[1].tobytes() == other


def test_serial_differences_cross_the_wrap() -> None:
    assert serial_difference(3, 65533) == 6
    assert serial_difference(65533, 3) == -6
    assert serial_difference(5, 5) == 0
    assert serial_difference(32768, 0) == -32768
