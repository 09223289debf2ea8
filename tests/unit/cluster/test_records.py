"""Residents as one blob."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.cluster.records import RESIDENT_HEAD, pack_residents, unpack_residents


def test_residents_come_back_as_they_were_packed() -> None:
    heads = np.array([(5, 2, 1 << 63, 77), (9, 1, 3, 0)], RESIDENT_HEAD)
    records = np.arange(14, dtype=np.uint8).reshape(2, 7)
    again, bytes_again = unpack_residents(pack_residents(heads, records))
    assert again.tolist() == heads.tolist()
    assert bytes_again.tolist() == records.tolist()


def test_nobody_is_nothing() -> None:
    blob = pack_residents(np.zeros(0, RESIDENT_HEAD), np.zeros((0, 7), np.uint8))
    assert blob == b""
    assert len(unpack_residents(blob)[0]) == 0


@pytest.mark.parametrize("damage", [slice(0, 3), slice(0, -1), slice(0, 30)])
def test_bytes_that_do_not_add_up_are_an_error(damage: slice) -> None:
    heads = np.array([(5, 2, 1, 77), (9, 1, 3, 0)], RESIDENT_HEAD)
    blob = pack_residents(heads, np.zeros((2, 7), np.uint8))
    with pytest.raises(ValueError):
        unpack_residents(blob[damage])
