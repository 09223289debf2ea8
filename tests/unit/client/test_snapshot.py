"""The head of a snapshot: what is kept, what wins, and that malformed bytes change nothing."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from myriad.client.snapshot import MALFORMED, NAME, SNAPSHOT_STATE, read_snapshot

OWN = 12
PRIVATE = 5


def states() -> np.ndarray:
    table = np.zeros(2, SNAPSHOT_STATE)
    table["own_length"] = OWN
    table["private_length"] = PRIVATE
    return table


def head(
    tick: int, *, own: bytes = b"", private: bytes = b"", names: bytes = b"", last_input: int = 7, flags: int = 0
) -> bytes:
    flags |= (4 if own else 0) | (8 if private else 0) | (16 if names else 0)
    fixed = struct.pack("<IIbBhhB", tick & 0xFFFFFFFF, last_input, -3, 90, -2, 300, flags)
    return fixed + own + private + names


def apply(table: np.ndarray, data: bytes, row: int = 1, now_ns: int = 5) -> tuple[int, np.ndarray]:
    buf = np.frombuffer(b"\xaa" * 9 + data + b"\xbb" * 40, np.uint8).copy()
    names = np.zeros(4, NAME)
    count = np.zeros(1, np.int64)
    at = read_snapshot(table, row, buf, 9, 9 + len(data), now_ns, names, count)
    return at, names[: int(count[0])]


def test_every_field_of_the_head_is_kept() -> None:
    table = states()
    own = b"\x05" + bytes(range(OWN))
    private = b"\x06" + bytes(range(100, 100 + PRIVATE))
    names = b"\x02" + struct.pack("<IBB", 77, 3, 3) + b"Ada" + struct.pack("<IBB", 78, 0, 0)
    at, got = apply(table, head(900, own=own, private=private, names=names) + b"run")
    assert at == 9 + 15 + 13 + 6 + len(names)
    assert int(table["tick"][1]) == 900
    assert int(table["last_input"][1]) == 7
    assert (int(table["buffer_hint"][1]), int(table["dilation"][1])) == (-3, 90)
    assert (int(table["view_x"][1]), int(table["view_y"][1])) == (-2, 300)
    assert (int(table["own_version"][1]), bytes(table["own"][1][:OWN])) == (5, own[1:])
    assert (int(table["private_version"][1]), bytes(table["private"][1][:PRIVATE])) == (6, private[1:])
    assert [(int(n["id"]), int(n["version"]), bytes(n["text"][: n["length"]])) for n in got] == [
        (77, 3, b"Ada"),
        (78, 0, b""),
    ]
    assert not table[0].tobytes().replace(struct.pack("<ii", OWN, PRIVATE), b"").strip(b"\0")


@pytest.mark.parametrize("newest", [100, 0xFFFFFFFF, 0, 2])
def test_the_newer_tick_wins_in_any_order_of_arrival(newest: int) -> None:
    table = states()
    apply(table, head(newest, own=b"\x02" + b"n" * OWN, last_input=20))
    apply(table, head(newest - 3, own=b"\x01" + b"o" * OWN, private=b"\x01" + b"p" * PRIVATE, last_input=10))
    assert int(table["tick"][1]) == newest
    assert int(table["last_input"][1]) == 20
    assert bytes(table["own"][1][:OWN]) == b"n" * OWN
    assert bytes(table["private"][1][:PRIVATE]) == b"p" * PRIVATE, "the newest private state so far"


def test_every_truncation_is_malformed_and_changes_nothing() -> None:
    whole = head(
        50,
        own=b"\x01" + b"x" * OWN,
        private=b"\x02" + b"y" * PRIVATE,
        names=b"\x01" + struct.pack("<IBB", 9, 1, 4) + b"Name",
    )
    for length in range(len(whole)):
        table = states()
        before = table.tobytes()
        at, names = apply(table, whole[:length])
        assert at == MALFORMED
        assert len(names) == 0
        assert table.tobytes() == before


def test_more_names_than_room_are_left_out() -> None:
    names = b"\x06" + b"".join(struct.pack("<IBB", k, 0, 1) + b"n" for k in range(6))
    at, got = apply(states(), head(5, names=names))
    assert at > 0
    assert [int(n["id"]) for n in got] == [0, 1, 2, 3]
