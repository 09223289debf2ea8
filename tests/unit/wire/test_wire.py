"""Packing, quantisation and token data against plain Python."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myriad.wire import pack, quantise
from myriad.wire.token_data import TokenData, pack_token_data, unpack_token_data


@given(st.integers(0, 2**64 - 1), st.integers(0, 8))
def test_integers_come_back_as_they_were_and_touch_nothing_else(value: int, at: int) -> None:
    for put, get, form in (
        (pack.put_u16, pack.get_u16, "<H"),
        (pack.put_u32, pack.get_u32, "<I"),
        (pack.put_u64, pack.get_u64, "<Q"),
    ):
        size = struct.calcsize(form)
        part = value % (1 << 8 * size)
        buf = np.full(24, 0xAA, np.uint8)
        put(buf, at, np.uint64(part) if size == 8 else part)  # type: ignore[arg-type]
        assert buf.tobytes() == b"\xaa" * at + struct.pack(form, part) + b"\xaa" * (24 - at - size)
        assert int(get(buf, at)) == part


@given(st.integers(-(2**15), 2**15 - 1), st.integers(-128, 127))
def test_signed_integers_come_back(wide: int, narrow: int) -> None:
    buf = np.frombuffer(struct.pack("<hb", wide, narrow), np.uint8).copy()
    assert pack.get_i16(buf, 0) == wide
    assert pack.get_i8(buf, 2) == narrow


@given(st.integers(-200_000, 2_000_000), st.integers(-7 * 1024, 57 * 1024 - 1))
def test_in_cell_positions_err_by_less_than_a_64th_of_a_metre(corner: int, inside: int) -> None:
    cell = quantise.cell_of(corner)
    assert cell == corner // 51200
    position = cell * 51200 + inside
    units = quantise.to_cell_position(position, cell)
    assert 0 <= units <= 4095
    assert 0 <= position - quantise.from_cell_position(units, cell) < 16


def test_positions_outside_the_margin_are_clamped() -> None:
    assert quantise.to_cell_position(-8 * 1024, 0) == 0
    assert quantise.to_cell_position(58 * 1024, 0) == 4095


@pytest.mark.parametrize("spawn", [None, (1, -2)])
def test_token_data_comes_back(spawn: tuple[int, int] | None) -> None:
    data = TokenData(2**64 - 1, 5, "Zoë", spawn)
    raw = pack_token_data(data)
    assert len(raw) == 256
    assert unpack_token_data(raw) == data


def test_token_data_that_makes_no_sense_is_none() -> None:
    raw = pack_token_data(TokenData(1, 5, "Ada", None))
    assert unpack_token_data(raw[:-1]) is None
    assert unpack_token_data(bytes(256)) is None
    assert unpack_token_data(raw[:22] + b"\xff\xff" + raw[24:]) is None
    with pytest.raises(ValueError, match="1 to 24 bytes"):
        pack_token_data(TokenData(1, 5, "x" * 25, None))
