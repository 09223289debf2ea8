"""Input packets: any bytes are refused or accepted whole."""

from __future__ import annotations

import struct

import numpy as np

from myriad.core.errors import DROP_INPUT_FLOOD, DROP_INPUT_REPEATED, DROP_REASONS, DROP_WHOIS_RATE
from myriad.sim.input_queue import new_queues, reset_queue
from myriad.zone.inputs import apply_input, apply_whois, check_input
from myriad.zone.sessions import new_sessions


def body(newest: int, entries: list[tuple[int, ...]], nacks: int = 0, whois: tuple[int, ...] = ()) -> bytes:
    out = struct.pack("<IBB", newest, 0, len(entries))
    for buttons, direction, magnitude, heading, ticks, intent, argument in entries:
        out += struct.pack("<BBBHBB", buttons, direction, magnitude, heading, ticks, intent)
        out += struct.pack("<I", argument) if intent else b""
    out += bytes([nacks]) + b"\1\0\2\0\0\5" * nacks
    return out + bytes([len(whois)]) + b"".join(struct.pack("<I", i) for i in whois)


def as_array(raw: bytes) -> np.ndarray:
    return np.frombuffer(raw + b"\xee" * 64, np.uint8).copy()


GOOD = body(12, [(1, 64, 255, 1000, 6, 0, 0), (0, 0, 0, 2000, 6, 3, 77)], nacks=2, whois=(5, 6))


def test_a_well_formed_body_is_accepted_and_fills_the_queue() -> None:
    buf = as_array(GOOD)
    nacks_at = check_input(buf, 0, len(GOOD))
    assert buf[nacks_at] == 2
    queues = new_queues(2)
    reset_queue(queues, 1, 9, 0)
    drops = np.zeros(len(DROP_REASONS), np.int64)
    apply_input(buf, 0, queues, 1, drops)
    assert queues["newest"][1] == 12
    assert [int(word) >> 32 for word in queues["word"][1, 1:13]] == [1000] * 6 + [2000] * 6
    assert [int(word) >> 24 & 255 for word in queues["word"][1, 1:13]] == [0] * 6 + [3] + [0] * 5
    assert queues["argument"][1, 7] == 77
    apply_input(buf, 0, queues, 1, drops)
    assert drops[DROP_INPUT_REPEATED] == 12 and queues["newest"][1] == 12


def test_every_truncation_and_every_extra_byte_is_refused() -> None:
    buf = as_array(GOOD)
    for end in range(len(GOOD) + 8):
        accepted = check_input(buf, 0, end) >= 0
        assert accepted == (end == len(GOOD)), end


def test_any_byte_value_in_any_field_is_refused_or_stays_in_bounds() -> None:
    drops = np.zeros(len(DROP_REASONS), np.int64)
    queues = new_queues(3)
    reset_queue(queues, 1, 9, 0)
    sessions = new_sessions(3)

    def others() -> bytes:
        return b"".join(array[k : k + 1].tobytes() for array in (queues, sessions) for k in (0, 2))

    neighbours = others()
    for at in range(len(GOOD)):
        for value in range(256):
            raw = bytearray(GOOD)
            raw[at] = value
            buf = as_array(bytes(raw))
            nacks_at = check_input(buf, 0, len(GOOD))
            if nacks_at >= 0:
                apply_input(buf, 0, queues, 1, drops)
                apply_whois(buf, nacks_at, sessions, 1, drops)
    assert others() == neighbours


def test_a_newest_number_far_ahead_is_refused_and_counted() -> None:
    queues = new_queues(1)
    reset_queue(queues, 0, 9, 0)
    before = queues.tobytes()
    drops = np.zeros(len(DROP_REASONS), np.int64)
    buf = as_array(body(1_000_000, [(0, 0, 255, 0, 6, 0, 0)]))
    apply_input(buf, 0, queues, 0, drops)
    assert queues.tobytes() == before
    assert drops[DROP_INPUT_FLOOD] == 6


def test_whois_beyond_the_credit_is_dropped_and_counted() -> None:
    sessions = new_sessions(1)
    sessions["whois_credit"][0] = 1
    drops = np.zeros(len(DROP_REASONS), np.int64)
    buf = as_array(GOOD)
    apply_whois(buf, check_input(buf, 0, len(GOOD)), sessions, 0, drops)
    assert sessions["whois_count"][0] == 1 and drops[DROP_WHOIS_RATE] == 1
