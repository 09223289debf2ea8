"""Messages between a supervisor and its children arrive whole, in order, with their descriptors."""

from __future__ import annotations

import os
import select

import pytest

from myriad.runtime.control import Channel, Message


def receive(channel: Channel, number: int) -> list[tuple[Message, int | None]]:
    found: list[tuple[Message, int | None]] = []
    while len(found) < number:
        assert select.select([channel], [], [], 5)[0], found
        found += channel.receive()
    return found


def test_messages_arrive_whole_and_in_order() -> None:
    one, other = Channel.pair()
    sent = [{"number": number, "text": "x" * (number * 37 % 5000)} for number in range(200)]
    for message in sent:
        one.send(message)
    found: list[Message] = []
    while len(found) < len(sent):
        found += [message for message, _ in receive(other, 1)]
        one.flush()
    assert found == sent
    one.close()
    other.close()


def test_a_descriptor_comes_with_its_message_and_the_senders_stays() -> None:
    one, other = Channel.pair()
    read, write = os.pipe()
    one.send({"before": 1})
    one.send({"with": 2}, write)
    one.send({"after": 3})
    (first, none), (second, descriptor), (third, neither) = receive(other, 3)
    assert (first, second, third) == ({"before": 1}, {"with": 2}, {"after": 3})
    assert none is neither is None
    assert descriptor is not None
    os.write(descriptor, b"a")
    os.write(write, b"b")
    assert os.read(read, 2) == b"ab"
    for fd in (read, write, descriptor):
        os.close(fd)
    one.close()
    other.close()


def test_the_end_of_the_other_side_is_noticed_after_its_last_words() -> None:
    one, other = Channel.pair()
    one.send({"last": "words"})
    one.close()
    assert receive(other, 1) == [({"last": "words"}, None)]
    assert other.broken
    other.send({"to": "nobody"})
    other.close()


def test_a_reader_that_does_not_read_costs_a_bounded_buffer() -> None:
    one, other = Channel.pair()
    for _ in range(10_000):
        if one.broken:
            break
        one.send({"text": "x" * 4000})
    assert one.broken
    one.close()
    other.close()


@pytest.mark.parametrize("taken", [True, False])
def test_descriptors_that_nobody_took_are_closed(taken: bool) -> None:
    before = len(os.listdir("/dev/fd"))
    one, other = Channel.pair()
    read, write = os.pipe()
    one.send({"with": 1}, write)
    if taken:
        ((_, descriptor),) = receive(other, 1)
        assert descriptor is not None
        os.close(descriptor)
    one.close()
    other.close()
    os.close(read)
    os.close(write)
    assert len(os.listdir("/dev/fd")) == before
