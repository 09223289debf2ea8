from __future__ import annotations

import itertools
import random

import pytest

from myriad.cluster.peer_link import (
    CALM_NS,
    HEADER_BYTES,
    HELLO_NS,
    MAX_BORDER_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_PACKET_BYTES,
    MAX_QUEUED,
    MIN_RTO_NS,
    NS_PER_MS,
    REPLAY_WINDOW,
    PeerLink,
    Side,
    peer_key,
    read_header,
)
from myriad.core.errors import DROP_PEER_DECRYPT, DROP_PEER_MALFORMED, DROP_PEER_REPLAYED
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE

SECRET = bytes(range(32))
ONE, OTHER = Side(1, 0, 7), Side(2, 3, 9)


def pair() -> tuple[PeerLink, PeerLink]:
    return PeerLink(ONE, OTHER, SECRET), PeerLink(OTHER, ONE, SECRET)


def deliver(link: PeerLink, packet: bytes, now_ns: int = 0) -> int | None:
    header = read_header(packet)
    assert header is not None
    assert header.source == link.other
    assert header.target_epoch == link.own.epoch
    return link.receive(packet, header.sequence, now_ns)


def exchange(one: PeerLink, other: PeerLink, now_ns: int) -> None:
    for packet in one.packets(now_ns):
        assert deliver(other, packet, now_ns) is None
    for packet in other.packets(now_ns):
        assert deliver(one, packet, now_ns) is None


def test_each_direction_and_each_epoch_has_a_key_of_its_own() -> None:
    keys = {
        peer_key(SECRET, ONE, OTHER),
        peer_key(SECRET, OTHER, ONE),
        peer_key(SECRET, ONE._replace(epoch=8), OTHER),
        peer_key(SECRET, ONE, OTHER._replace(layer=0)),
        peer_key(bytes(32), ONE, OTHER),
    }
    assert len(keys) == 5


def test_messages_arrive_once_and_in_order() -> None:
    one, other = pair()
    messages = [bytes([i]) * i for i in range(200)]
    for message in messages:
        assert one.send(message)
    exchange(one, other, 0)
    assert other.take_messages() == messages
    exchange(one, other, 10**9)
    assert other.take_messages() == []
    assert one.num_waiting == 0


@pytest.mark.parametrize("seed", range(8))
def test_messages_arrive_once_and_in_order_under_loss_repetition_and_reordering(seed: int) -> None:
    chance = random.Random(seed)
    one, other = pair()
    sent = [chance.randbytes(chance.choice((0, 3, 900, 2500, 30000))) for _ in range(40)]
    waiting = list(sent)
    under_way: list[tuple[int, PeerLink, bytes]] = []
    received: list[bytes] = []
    for step in range(4000):
        now_ns = step * 10 * NS_PER_MS
        if waiting and chance.random() < 0.3:
            assert one.send(waiting.pop(0))
        for source, target in ((one, other), (other, one)):
            for packet in source.packets(now_ns):
                assert len(packet) <= MAX_PACKET_BYTES
                for _ in range(chance.choice((0, 1, 1, 1, 2))):
                    under_way.append((now_ns + chance.randrange(60) * NS_PER_MS, target, packet))
        for entry in [entry for entry in under_way if entry[0] <= now_ns]:
            under_way.remove(entry)
            assert deliver(entry[1], entry[2], now_ns) in (None, DROP_PEER_REPLAYED)
        received += other.take_messages()
        if not waiting and not one.num_waiting:
            break
    assert received == sent


def test_what_a_hundred_characters_need_goes_over_in_two_rounds() -> None:
    one, other = pair()
    for _ in range(100):
        assert one.send(bytes(1200))
    for round_ns in (0, 1, 2, 3, 4, 5):
        exchange(one, other, round_ns)
    assert len(other.take_messages()) == 100


def test_a_message_of_64_kb_arrives_and_a_longer_one_is_refused() -> None:
    one, other = pair()
    message = random.Random(1).randbytes(MAX_MESSAGE_BYTES)
    assert one.send(message)
    for round_ns in range(4):
        exchange(one, other, round_ns)
    assert other.take_messages() == [message]
    assert not one.send(bytes(MAX_MESSAGE_BYTES + 1))
    assert one.num_waiting == 0


def test_a_link_that_nobody_answers_refuses_more_than_it_holds() -> None:
    one, _ = pair()
    for _ in range(MAX_QUEUED):
        assert one.send(b"x")
    assert not one.send(b"x")
    assert one.num_waiting == MAX_QUEUED


def test_an_unanswered_fragment_is_sent_again_after_the_resend_time_and_then_ever_more_seldom() -> None:
    one, _ = pair()
    one.send(b"x")
    sent_ms = [ms for ms in range(4000) if one.packets(ms * NS_PER_MS)]
    waits = [later - earlier for earlier, later in itertools.pairwise(sent_ms)]
    assert waits[0] * NS_PER_MS >= MIN_RTO_NS
    assert waits[:4] == [waits[0] * 2**i for i in range(4)]


def test_a_fragment_that_arrived_early_is_not_sent_again() -> None:
    one, other = pair()
    for _ in range(3):
        one.send(bytes(1000))
    packets = one.packets(0)
    assert len(packets) == 3
    for packet in packets[1:]:
        deliver(other, packet)
    for packet in other.packets(0):
        deliver(one, packet)
    assert one.num_waiting == 1
    assert len(one.packets(10**9)) == 1


def test_the_round_trip_is_measured_and_an_echo_is_not_answered() -> None:
    one, other = pair()
    one.greet(0)
    [hello] = one.packets(0)
    deliver(other, hello, 3 * NS_PER_MS)
    [echo] = other.packets(3 * NS_PER_MS)
    deliver(one, echo, 8 * NS_PER_MS)
    assert one.rtt_ns == 8 * NS_PER_MS
    assert one.rto_ns == MIN_RTO_NS
    assert one.packets(9 * NS_PER_MS) == []
    assert other.packets(9 * NS_PER_MS) == []
    assert len(one.packets(HELLO_NS)) == 1
    one.rest()
    assert one.packets(10 * HELLO_NS) == []


def test_border_blocks_and_bare_acknowledgements_are_calm_and_messages_and_questions_are_not() -> None:
    one, other = pair()
    one.send_border(b"block")
    one.send(b"x")
    [mixed] = one.packets(0)
    deliver(other, mixed)
    [acknowledgement] = other.packets(0)
    one.send_border(b"block")
    [block] = one.packets(1)
    one.greet(2)
    [question] = one.packets(2)
    assert [packet[0] for packet in (mixed, question)] == [PEER_BYTE] * 2
    assert [packet[0] for packet in (acknowledgement, block)] == [CALM_PEER_BYTE] * 2


def test_what_is_acknowledged_as_late_as_a_calm_packet_may_lie_is_not_sent_again() -> None:
    one, other = pair()
    one.send(b"x")
    [packet] = one.packets(0)
    deliver(other, packet)
    [acknowledgement] = other.packets(0)
    assert one.packets(CALM_NS) == []
    deliver(one, acknowledgement, CALM_NS)
    assert one.num_waiting == 0


def test_a_forged_packet_changes_nothing() -> None:
    one, other = pair()
    one.send(b"hello")
    [packet] = one.packets(0)
    for place in (HEADER_BYTES, len(packet) - 1):
        forged = bytearray(packet)
        forged[place] ^= 1
        assert deliver(other, bytes(forged)) == DROP_PEER_DECRYPT
    higher = packet[: HEADER_BYTES - 8] + (99).to_bytes(8, "little") + packet[HEADER_BYTES:]
    assert deliver(other, higher) == DROP_PEER_DECRYPT
    assert other.heard_ns is None
    assert deliver(other, packet) is None
    assert other.take_messages() == [b"hello"]


def test_a_packet_for_another_epoch_does_not_authenticate() -> None:
    one, _ = pair()
    later = PeerLink(OTHER._replace(epoch=10), ONE, SECRET)
    one.send(b"hello")
    [packet] = one.packets(0)
    assert later.receive(packet, 1, 0) == DROP_PEER_DECRYPT


def test_a_packet_counts_once_and_not_when_it_is_too_old() -> None:
    one, other = pair()
    packets = []
    for i in range(REPLAY_WINDOW + 1):
        one.send_border(bytes([i % 256]))
        packets += one.packets(i)
    for packet in packets[1:]:
        assert deliver(other, packet) is None
        assert deliver(other, packet) == DROP_PEER_REPLAYED
    assert deliver(other, packets[0]) == DROP_PEER_REPLAYED


def test_an_older_border_block_never_follows_a_newer_one() -> None:
    one, other = pair()
    one.send_border(b"old")
    [old] = one.packets(0)
    one.send_border(b"new")
    one.send_border(b"new as well")
    [new] = one.packets(1)
    assert deliver(other, new) is None
    assert deliver(other, old) is None
    assert other.take_borders() == [b"new", b"new as well"]


def test_the_longest_border_block_fits_and_a_longer_one_is_refused() -> None:
    one, other = pair()
    assert one.send_border(bytes(MAX_BORDER_BYTES))
    assert not one.send_border(bytes(MAX_BORDER_BYTES + 1))
    [packet] = one.packets(0)
    assert len(packet) == MAX_PACKET_BYTES
    assert deliver(other, packet) is None
    assert other.take_borders() == [bytes(MAX_BORDER_BYTES)]


@pytest.mark.parametrize(
    "frames",
    [
        b"\0",
        b"\0\x06\0",
        b"\0\x04\0" + bytes(4),
        b"\0\x05\0" + bytes(5),
        b"\0\x05\0" + b"\1\0\0\0\2",
        b"\2\0\0",
        b"\2\x21\0" + bytes(33),
        b"\3\x07\0" + bytes(7),
        b"\5\0\0",
    ],
)
def test_a_packet_with_a_frame_that_does_not_add_up_is_dropped_whole(frames: bytes) -> None:
    one, other = pair()
    good = b"\0\x06\0" + b"\1\0\0\0\1" + b"x"
    assert deliver(other, one._seal([good, frames])) == DROP_PEER_MALFORMED
    assert other.take_messages() == []
    assert other.heard_ns is None


def test_an_acknowledgement_of_what_was_never_sent_is_malformed() -> None:
    one, other = pair()
    one._received = 5
    assert deliver(other, one._seal([])) == DROP_PEER_MALFORMED


@pytest.mark.parametrize("length", [0, 20, 39, 1201])
def test_bytes_of_an_impossible_length_are_no_packet(length: int) -> None:
    assert read_header(b"\xff" * length) is None
    assert read_header(bytes(100)) is None
