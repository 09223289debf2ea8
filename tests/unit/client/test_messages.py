"""Messages are read to their end or not at all, whatever the bytes."""

from __future__ import annotations

import random
import struct

import pytest

from myriad.client import messages
from myriad.client.messages import Passage, Trade, read_message

GOOD = (
    (0, struct.pack("<BIHHIB", 1, 7, 60, 20, 5, 6) + b"zone-1"),
    (0, bytes([2, 3]) + b"bye"),
    (0, bytes([4, 6]) + b"zone-2" + struct.pack("<H", 5) + b"token"),
    (0, bytes([5, 6]) + b"zone-2"),
    (0, struct.pack("<BBIB", 6, 1, 9, 4) + b"fairmore"),
    (1, struct.pack("<BIBBI", 1, 5, 2, 0, 250)),
    (1, struct.pack("<BBIHB", 2, 2, 8, 3, 1) + bytes([1]) + struct.pack("<BI", 0, 5) + bytes([0])),
    (2, struct.pack("<BBIB", 2, 0, 8, 3) + b"Bobhello"),
)


@pytest.mark.parametrize(("channel", "body"), GOOD)
def test_a_message_cut_short_is_none_or_another_whole_one(channel: int, body: bytes) -> None:
    assert read_message(channel, body) is not None
    for length in range(len(body)):
        read_message(channel, body[:length])  # never raises
    assert read_message(channel, body[:1]) is None
    assert read_message(channel, b"") is None
    assert read_message(channel, bytes([99]) + body[1:]) is None, "a type that is not known"


def test_any_bytes_never_raise() -> None:
    source = random.Random(5)
    for _ in range(20_000):
        kind = source.randrange(8)
        read_message(source.randrange(4), bytes([kind]) + source.randbytes(source.randrange(40)))


def test_a_token_gets_its_zeros_back_and_none_means_withdrawn() -> None:
    offer = read_message(0, GOOD[2][1])
    assert offer == Passage("zone-2", b"token".ljust(2048, b"\0"))
    withdrawn = read_message(0, bytes([4, 6]) + b"zone-2" + bytes(2))
    assert withdrawn == Passage("zone-2", b"")
    assert read_message(0, bytes([4, 0]) + struct.pack("<H", 4000) + bytes(4000)) is None
    assert read_message(0, bytes([4, 0]) + struct.pack("<H", 9) + bytes(8)) is None


def test_a_trade_s_lists_are_mine_and_the_partner_s() -> None:
    trade = read_message(1, GOOD[6][1])
    assert trade == Trade(2, 8, 3, True, False, ((0, 5),), ())


def test_what_is_said_has_at_most_200_bytes_of_whole_characters() -> None:
    assert len(messages.say("zone", "é" * 300)) == 2 + 200
    assert messages.say("world", "a" + "é" * 300)[2:].decode() == "a" + "é" * 99
    assert messages.whisper("Zoë", "psst") == bytes([3, 4]) + "Zoëpsst".encode()


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(KeyError):
        messages.say("moon", "x")
    with pytest.raises(ValueError, match="20 assets"):
        messages.offer([(k, 1) for k in range(21)])
    with pytest.raises(ValueError, match="bytes must be in range"):
        messages.whisper("x" * 300, "hello")
