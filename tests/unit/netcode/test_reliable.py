"""Reliable channels: exactly once and in order whatever the network does, bounded whatever the peer does."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from myriad.netcode import reliable
from myriad.netcode.reliable import (
    FRAGMENT_BYTES,
    MAX_MESSAGE_BYTES,
    MIN_BLOCK_BYTES,
    Inbox,
    Message,
    ReliableArrays,
    has_block,
    has_overflowed,
    new_reliable,
    push,
    push_many,
    read_block,
    reset_reliable,
    write_block,
)
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_CONTROL, CHANNEL_INVENTORY

pytestmark = pytest.mark.without_jit

MS = 1_000_000
RTT_NS = 80 * MS


def state_of(rel: ReliableArrays) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in rel._asdict().items()}


def say(rel: ReliableArrays, message: bytes, channel: int = CHANNEL_CONTROL, row: int = 0) -> bool:
    return bool(push(rel, row, channel, np.frombuffer(message, np.uint8).copy(), len(message)))


def block(rel: ReliableArrays, now_ns: int, limit: int = 1200, row: int = 0) -> bytes:
    buf = np.zeros(1300, np.uint8)
    return buf[9 : write_block(rel, row, buf, 9, limit, now_ns, RTT_NS)].tobytes()


def hear(rel: ReliableArrays, data: bytes, now_ns: int = 0, row: int = 0) -> int:
    buf = np.frombuffer(data, np.uint8).copy()
    return int(read_block(rel, row, buf, 0, len(buf), now_ns, RTT_NS))


def test_the_block_has_the_layout_of_the_document() -> None:
    rel = new_reliable(1)
    say(rel, b"hi", CHANNEL_CHAT)
    hear(rel, b"\0\1" + struct.pack("<BHH", 1, 0, 3) + b"abc")
    expected = b"\1" + struct.pack("<BH", 1, 1) + b"\1" + struct.pack("<BHH", 2, 0, 2) + b"hi"
    assert block(rel, 1) == expected


def test_nothing_to_say_is_no_block() -> None:
    rel = new_reliable(1)
    assert not has_block(rel, 0, 0)
    assert block(rel, 0) == b""
    say(rel, b"once")
    assert has_block(rel, 0, 0)
    assert block(rel, 0) != b""
    assert not has_block(rel, 0, 99 * MS)
    assert block(rel, 99 * MS) == b""
    assert has_block(rel, 0, 100 * MS)
    assert block(rel, 100 * MS) != b""


def test_resending_waits_for_one_and_a_quarter_round_trips() -> None:
    rel = new_reliable(1)
    say(rel, b"once")
    buf = np.zeros(300, np.uint8)
    assert write_block(rel, 0, buf, 0, 300, 0, 400 * MS) > 0
    assert write_block(rel, 0, buf, 0, 300, 499 * MS, 400 * MS) == 0
    assert write_block(rel, 0, buf, 0, 300, 500 * MS, 400 * MS) > 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("firsts", [(0, 0), (65_530, 65_000), (65_535, 32_767)])
def test_messages_arrive_exactly_once_in_order_through_loss_duplication_and_reordering(
    seed: int, firsts: tuple[int, int]
) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    ends = [new_reliable(1, 256), new_reliable(1, 256)]
    for side in (0, 1):
        reset_reliable(ends[side], 0, firsts[side], firsts[1 - side])
    inboxes = [Inbox(end) for end in ends]
    sent: list[list[list[bytes]]] = [[[], [], []], [[], [], []]]
    heard: list[list[list[bytes]]] = [[[], [], []], [[], [], []]]
    wire: list[tuple[int, int, bytes]] = []
    for step in range(700):
        now_ns = step * 50 * MS
        for side in (0, 1):
            if step < 400 and chance.random() < 0.4:
                channel = chance.randrange(3)
                message = chance.randbytes(chance.choice((1, 20, 255, 256, 257, 900)))
                if ends[side].channels["queued_bytes"][0, channel] + len(message) < 4000:
                    assert say(ends[side], message, channel)
                    sent[side][channel].append(message)
            data = block(ends[side], now_ns, chance.choice((9 + MIN_BLOCK_BYTES, 1200)))
            for _ in range(chance.choice((0, 1, 1, 1, 2)) if step < 600 else 1):
                if data:
                    wire.append((step + chance.choice((0, 1, 1, 4)), 1 - side, data))
        for entry in [entry for entry in wire if entry[0] <= step]:
            wire.remove(entry)
            assert hear(ends[entry[1]], entry[2], now_ns) == len(entry[2])
            for message_heard in inboxes[entry[1]].take():
                heard[1 - entry[1]][message_heard.channel].append(message_heard.data)
    assert heard == sent
    assert sum(len(messages) for side in sent for messages in side) > 200
    for end in ends:
        assert end.state["num_free"][0] == 256, "every slot came back"
        assert sorted(end.free.tolist()) == list(range(256))
        assert not end.slab["references"].any()


def test_the_smallest_block_always_makes_progress() -> None:
    rel, other = new_reliable(1), new_reliable(1)
    for channel in range(3):
        say(rel, b"m" * 600, channel)
        hear(rel, b"\0\1" + struct.pack("<BHH", channel, 0, 1) + b"a")
    inbox = Inbox(other)
    for step in range(9):
        data = block(rel, step, 9 + MIN_BLOCK_BYTES)
        assert 0 < len(data) <= MIN_BLOCK_BYTES
        assert hear(other, data) == len(data)
    assert inbox.take() == [Message(0, channel, b"m" * 600) for channel in range(3)]


def test_one_message_to_many_is_stored_once() -> None:
    rel = new_reliable(500, 64)
    rows = np.arange(500, dtype=np.int32)
    message = np.frombuffer(b"everybody hears" * 40, np.uint8).copy()
    assert push_many(rel, rows, 500, CHANNEL_CHAT, message, len(message)) == 500
    assert rel.state["num_free"][0] == 64 - 3
    received = set()
    for row in range(500):
        other = new_reliable(1)
        hear(other, block(rel, 0, row=row))
        received.add(Inbox(other).take()[0].data)
        hear(rel, b"\1" + struct.pack("<BH", CHANNEL_CHAT, 3) + b"\0", row=row)
    assert received == {message.tobytes()}
    assert rel.state["num_free"][0] == 64


def test_a_full_chat_queue_forgets_its_oldest_unsent_message() -> None:
    rel, other = new_reliable(1), new_reliable(1)
    for k in range(70):
        assert say(rel, b"%d" % k, CHANNEL_CHAT)
    assert rel.state["chat_dropped"][0] == 6
    hear(other, block(rel, 0))
    assert [int(message.data) for message in Inbox(other).take()] == list(range(6, 70))
    assert not has_overflowed(rel, 0)


def test_a_full_chat_queue_of_sent_messages_refuses_the_new_one() -> None:
    rel = new_reliable(1)
    for k in range(64):
        say(rel, b"%d" % k, CHANNEL_CHAT)
    block(rel, 0)
    before = rel.channels.tobytes()
    assert not say(rel, b"new", CHANNEL_CHAT)
    assert rel.channels.tobytes() == before
    assert not has_overflowed(rel, 0)


def test_long_chat_messages_are_forgotten_whole() -> None:
    rel, other = new_reliable(1), new_reliable(1)
    messages = [bytes([k]) * 700 for k in range(20)]
    for message in messages:
        assert say(rel, message, CHANNEL_CHAT)
    heard = []
    inbox = Inbox(other)
    for step in range(33):
        hear(other, block(rel, step, 400))
        heard += [message.data for message in inbox.take()]
        hear(rel, block(other, step))
    assert heard == messages[9:], "8 kB hold eleven messages of 700 bytes"


@pytest.mark.parametrize("channel", [CHANNEL_CONTROL, CHANNEL_INVENTORY])
def test_overflow_of_another_channel_breaks_the_connection(channel: int) -> None:
    rel = new_reliable(2)
    for k in range(64):
        assert say(rel, b"%d" % k, channel)
    assert not has_overflowed(rel, 0)
    assert not say(rel, b"one too many", channel)
    assert has_overflowed(rel, 0)
    assert not has_overflowed(rel, 1)
    assert rel.state["overflows"][0] == 1
    reset_reliable(rel, 0, 0, 0)
    assert not has_overflowed(rel, 0)
    assert rel.state["num_free"][0] == len(rel.slab)


def test_a_queue_holds_eight_kilobytes() -> None:
    rel = new_reliable(1)
    assert say(rel, bytes(MAX_MESSAGE_BYTES))
    assert say(rel, bytes(MAX_MESSAGE_BYTES))
    assert not say(rel, b"x")


def test_chat_leaves_part_of_the_slab_to_the_others() -> None:
    rel = new_reliable(100, 80)
    for row in range(100):
        say(rel, b"chat", CHANNEL_CHAT, row)
    assert rel.state["num_free"][0] == 10
    assert rel.state["chat_dropped"][0] == 30
    assert say(rel, b"control", CHANNEL_CONTROL, 99)


def test_a_reader_that_never_confirms_costs_no_more_than_its_window() -> None:
    rel = new_reliable(1, 256)
    for k in range(1000):
        say(rel, b"%d" % k, CHANNEL_CHAT)
        block(rel, k * 50 * MS)
    assert rel.state["num_free"][0] == 256 - 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\1",
        b"\1\0\0",
        b"\1\3\0\0\0",
        b"\xff" + bytes(500),
        b"\0\1",
        b"\0\1\0\0\0\0\0",
        b"\0\1\0\0\0\1\0",
        b"\0\1\3\0\0\1\0a",
        b"\0\1\x83\0\0\1\0a",
        b"\0\1\0\0\0\1\4" + bytes(1025),
        b"\0\2\0\0\0\1\0a",
        b"\0\2\0\0\0\1\0a\0\1\0\2\0b",
    ],
)
def test_a_malformed_block_changes_nothing(data: bytes) -> None:
    rel = new_reliable(1)
    say(rel, b"waiting")
    block(rel, 0)
    before = state_of(rel)
    assert hear(rel, data) == -1
    assert state_of(rel) == before


def test_every_truncation_of_a_block_is_malformed() -> None:
    rel, other = new_reliable(1), new_reliable(1)
    for channel in range(3):
        say(rel, b"some message", channel)
        hear(rel, b"\0\1" + struct.pack("<BHH", channel, 0, 1) + b"a")
    data = block(rel, 0)
    before = state_of(other)
    for size in range(len(data)):
        assert hear(other, data[:size]) == -1
    assert state_of(other) == before
    assert hear(other, data + b"more payload") == len(data)


def test_confirming_what_was_never_sent_is_ignored_and_counted() -> None:
    rel = new_reliable(1)
    say(rel, b"a")
    say(rel, b"b")
    block(rel, 0)
    say(rel, b"c, not sent yet")
    before = rel.channels.tobytes()
    for expected in (3, 4, 32_000):
        assert hear(rel, b"\1" + struct.pack("<BH", 0, expected) + b"\0") == 5
    assert rel.state["invalid_acks"][0] == 3
    assert hear(rel, b"\1" + struct.pack("<BH", 0, 65_000) + b"\0") == 5, "an old one is no claim"
    assert rel.channels.tobytes() == before
    hear(rel, b"\1" + struct.pack("<BH", 0, 2) + b"\0")
    assert rel.channels["first"][0, 0] == 2


def test_a_message_longer_than_allowed_breaks_the_connection_not_the_memory() -> None:
    rel = new_reliable(1)
    for k in range(6):
        hear(rel, b"\0\1" + struct.pack("<BHH", 0x80, k, 1024) + bytes(1024))
    assert has_overflowed(rel, 0)
    assert rel.state["num_inbox"][0] == 4
    assert rel.channels["expected"][0, 0] == 4


def test_a_full_inbox_confirms_nothing_that_it_could_not_take() -> None:
    rel = new_reliable(1, inbox=2)
    fragments = b"".join(struct.pack("<BHH", 0, k, 1) + bytes([k]) for k in range(4))
    hear(rel, b"\0\4" + fragments)
    assert block(rel, 0)[:4] == b"\1" + struct.pack("<BH", 0, 2)
    inbox = Inbox(rel)
    assert [message.data for message in inbox.take()] == [b"\0", b"\1"]
    hear(rel, b"\0\4" + fragments)
    assert [message.data for message in inbox.take()] == [b"\2", b"\3"]
    assert rel.state["repeated"][0] == 3, "the fourth at first, then the first two"


def test_an_ended_connection_leaves_no_unfinished_message() -> None:
    rel = new_reliable(1)
    inbox = Inbox(rel)
    hear(rel, b"\0\1" + struct.pack("<BHH", 0x80, 0, 5) + b"begin")
    assert inbox.take() == []
    inbox.forget(0)
    reset_reliable(rel, 0, 0, 0)
    hear(rel, b"\0\1" + struct.pack("<BHH", 0, 0, 5) + b"fresh")
    assert inbox.take() == [Message(0, 0, b"fresh")]


def test_fragments_fit_the_quarter_of_a_datagram() -> None:
    assert FRAGMENT_BYTES + 5 + 2 + 9 <= 300
    assert reliable.MAX_FRAGMENTS * FRAGMENT_BYTES == MAX_MESSAGE_BYTES


@pytest.mark.parametrize("seed", range(3))
def test_arbitrary_blocks_never_take_slots_or_leave_their_row(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    rel = new_reliable(2, 64, 16)
    other = rel.channels[1].tobytes()
    for _ in range(600):
        if chance.random() < 0.5:
            say(rel, chance.randbytes(30), chance.randrange(3))
        block(rel, chance.randrange(1000) * MS)
        data = bytearray(chance.choice((b"\1", b"\0\1", b"\1\0\0\0\1")) + chance.randbytes(chance.randrange(40)))
        hear(rel, bytes(data), chance.randrange(1000) * MS)
        rel.state["num_inbox"] = 0
        free = int(rel.state["num_free"][0])
        held = {int(s) for s in np.flatnonzero(rel.slab["references"])}
        assert held.isdisjoint(rel.free[:free].tolist())
        assert len(held) + free == 64
    assert rel.channels[1].tobytes() == other
