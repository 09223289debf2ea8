"""Socket kernels: whatever the platform's calls, a batch arrives as it was sent, and nothing blocks."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from myriad.netcode.addresses import from_words, parse_endpoint, to_words
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import endpoint_of, open_udp
from myriad.runtime.socket_records import SocketIo, new_socket_io
from myriad.runtime.sockets import HAS_MMSG, SOCKET_READABLE, WOKEN, receive_datagrams, send_datagrams, wait
from myriad.wire.datagram import MAX_PACKET_BYTES, Batch, new_batch

pytestmark = pytest.mark.without_jit

BOTH_WAYS = pytest.mark.parametrize("use_mmsg", [True, False], ids=["mmsg", "fallback"])
FAMILIES = pytest.mark.parametrize("host", ["127.0.0.1", "::1"])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def numbered(sizes: list[int], target: socket.socket, seed: int = 5) -> Batch:
    """A batch to `target` with seeded bytes of the given sizes."""
    rng = np.random.default_rng(seed)
    batch = new_batch(len(sizes))
    batch["address"][:] = to_words(endpoint_of(target))
    batch["length"] = sizes
    batch["data"][:] = rng.integers(0, 256, batch["data"].shape, np.uint8)
    return batch


def take(sock: socket.socket, io: SocketIo, batch: Batch) -> int:
    wait(sock.fileno(), -1, io, 1_000_000_000)
    return receive_datagrams(sock.fileno(), io, batch)


def test_this_platform_has_the_batch_calls() -> None:
    assert HAS_MMSG


@BOTH_WAYS
@FAMILIES
def test_a_batch_arrives_byte_for_byte_with_its_senders_address(stack: ExitStack, host: str, use_mmsg: bool) -> None:
    sender, receiver = stack.enter_context(open_udp(host, 0)), stack.enter_context(open_udp(host, 0))
    sizes = [0, 1, 17, 500, 1200, MAX_PACKET_BYTES] * 60  # more than one chunk
    sent = numbered(sizes, receiver)
    out, into = new_socket_io(use_mmsg=use_mmsg), new_socket_io(use_mmsg=use_mmsg)
    assert send_datagrams(sender.fileno(), out, sent, 0, len(sent)) == len(sent)
    got = new_batch(len(sent) + 3)
    got["address"] = 0xFFFF_FFFF_FFFF_FFFF
    assert take(receiver, into, got) == len(sent)
    for i, size in enumerate(sizes):
        assert got["length"][i] == size
        assert (got["data"][i, :size] == sent["data"][i, :size]).all()
        assert (got["address"][i] == to_words(endpoint_of(sender))).all()
        assert got["row"][i] == -1
    assert into.state["num_received_bytes"][0] == out.state["num_sent_bytes"][0] == sum(sizes)
    assert receive_datagrams(receiver.fileno(), into, got) == 0


def test_the_fallback_does_exactly_what_the_batch_calls_do(stack: ExitStack) -> None:
    """Same datagrams, one to nowhere among them, through both pairs of kernels: equal records and counters."""
    sender, receiver = (stack.enter_context(open_udp("127.0.0.1", 0)) for _ in range(2))
    sent = numbered([int(n) for n in np.random.default_rng(3).integers(0, 1312, 300)], receiver)
    sent["address"][7] = to_words(parse_endpoint("127.0.0.1:0"))  # port 0: refused by the operating system
    found = []
    for use_mmsg in (True, False):
        out, into = new_socket_io(use_mmsg=use_mmsg), new_socket_io(use_mmsg=use_mmsg)
        assert send_datagrams(sender.fileno(), out, sent, 2, 290) == 289
        got = new_batch(400)
        count = receive_datagrams(receiver.fileno(), into, got)
        records = got[:count]
        for i in range(count):
            records["data"][i, records["length"][i] :] = 0
        counters = [int(io.state[name][0]) for io in (out, into) for name in COUNTERS]
        found.append((records.copy(), counters))
    (records, counters), (other_records, other_counters) = found
    assert len(records) == 289
    assert (records == other_records).all()
    assert counters == other_counters
    assert counters[COUNTERS.index("num_send_errors")] == 1


COUNTERS = (
    "num_received",
    "num_received_bytes",
    "num_sent",
    "num_sent_bytes",
    "num_send_blocked",
    "num_send_errors",
    "num_receive_errors",
)


@BOTH_WAYS
def test_a_longer_datagram_shows_as_oversized(stack: ExitStack, use_mmsg: bool) -> None:
    sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver = stack.enter_context(open_udp("127.0.0.1", 0))
    for size in (MAX_PACKET_BYTES, MAX_PACKET_BYTES + 1, 5000):
        sender.sendto(bytes(size), receiver.getsockname())
    got = new_batch(8)
    assert take(receiver, new_socket_io(use_mmsg=use_mmsg), got) == 3
    assert got["length"][:3].tolist() == [1300, 1301, 1301]


@BOTH_WAYS
def test_a_full_batch_leaves_the_rest_in_the_socket_in_order(stack: ExitStack, use_mmsg: bool) -> None:
    sender, receiver = (stack.enter_context(open_udp("127.0.0.1", 0)) for _ in range(2))
    sent = numbered(list(range(1, 11)), receiver)
    io = new_socket_io(use_mmsg=use_mmsg)
    send_datagrams(sender.fileno(), new_socket_io(use_mmsg=use_mmsg), sent, 0, 10)
    got = new_batch(4)
    lengths = []
    while count := take(receiver, io, got):
        lengths += got["length"][:count].tolist()
        if len(lengths) == 10:
            break
    assert lengths == list(range(1, 11))


@BOTH_WAYS
def test_a_destination_that_is_refused_does_not_stop_the_others(stack: ExitStack, use_mmsg: bool) -> None:
    sender, receiver = (stack.enter_context(open_udp("127.0.0.1", 0)) for _ in range(2))
    sent = numbered([9] * 5, receiver)
    for i in (0, 2, 4):
        sent["address"][i] = to_words(parse_endpoint("[::1]:9"))  # the other family
    io = new_socket_io(use_mmsg=use_mmsg)
    assert send_datagrams(sender.fileno(), io, sent, 0, 5) == 2
    assert io.state["num_send_errors"][0] == 3
    assert io.state["num_sent"][0] == 2
    assert take(receiver, new_socket_io(use_mmsg=use_mmsg), new_batch(8)) == 2


@BOTH_WAYS
def test_what_a_full_buffer_does_not_take_is_dropped_and_counted(stack: ExitStack, use_mmsg: bool) -> None:
    """A UNIX socket stands for the destination: unlike UDP on loopback, it pushes back when its queue is full."""
    near = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    far = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    near.setblocking(False)
    name = b"\0" + os.urandom(6).hex().encode() + b"x"  # 14 bytes: as long as an IPv4 socket address with its family
    far.bind(name)
    batch = new_batch(2000)
    batch["address"][:] = np.frombuffer((struct.pack("=H", socket.AF_UNIX) + name).ljust(32, b"\0"), "<u8")
    batch["length"] = 1
    io = new_socket_io(use_mmsg=use_mmsg)
    sent = send_datagrams(near.fileno(), io, batch, 0, len(batch))
    assert 0 < sent < len(batch)
    assert io.state["num_sent"][0] == sent
    assert io.state["num_send_blocked"][0] == len(batch) - sent
    assert io.state["num_send_errors"][0] == 0


@BOTH_WAYS
def test_waiting_ends_with_a_packet_a_wake_or_the_deadline(stack: ExitStack, use_mmsg: bool) -> None:
    sender, receiver = (stack.enter_context(open_udp("127.0.0.1", 0)) for _ in range(2))
    io = new_socket_io(use_mmsg=use_mmsg)
    read, write = os.pipe()
    before_ns = RealClock().now_ns()
    assert wait(receiver.fileno(), read, io, 20_000_000) == 0
    assert io.state["woke_ns"][0] - before_ns >= 20_000_000
    os.write(write, b"x")
    assert wait(receiver.fileno(), read, io, 5_000_000_000) == WOKEN
    send_datagrams(sender.fileno(), new_socket_io(use_mmsg=use_mmsg), numbered([1], receiver), 0, 1)
    assert wait(receiver.fileno(), read, io, 5_000_000_000) == WOKEN + SOCKET_READABLE
    assert wait(-1, read, io, 0) == WOKEN
    os.close(read)
    os.close(write)


def test_addresses_come_back_as_they_went(stack: ExitStack) -> None:
    for text in ("127.0.0.1:1337", "[::1]:65535", "[fe80::1]:1"):
        assert str(from_words(to_words(parse_endpoint(text)))) == text
