"""The floor of a load test: what sending and receiving alone would have cost on this machine.

Responsible for: a bare `sendmmsg` loop with a run's datagrams (same sockets, sizes and rate) and a bare `recvmmsg` loop
that takes a run's inputs, and the CPU time of each per datagram.
Not here: the run and the ratio to it (`loadtest/`).

The loops are Python around the batch kernels: a few microseconds for hundreds of datagrams.

Invariant: the two measured loops do nothing but their system calls and sleep; what makes and drains the other side's
datagrams runs on threads that are not counted.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core import native
from myriad.core.kernel import bare_kernel
from myriad.netcode.addresses import Endpoint, to_words
from myriad.runtime.endpoints import endpoint_of, new_endpoint, open_udp
from myriad.runtime.socket_records import SocketIo, new_socket_io
from myriad.runtime.sockets import HAS_MMSG, receive_datagrams, send_datagrams, wait
from myriad.wire.datagram import MAX_PACKET_BYTES, Batch, new_batch

Int32s = npt.NDArray[np.int32]
Flag = npt.NDArray[np.uint8]

_connect = native.declare("connect", "i32", "i32", "p", "u32")
_DRAIN_EVERY_S = 0.01
_RECEIVE_HZ = 60


class Floor(NamedTuple):
    """CPU time of the bare loops, microseconds per datagram, and the numbers of datagrams that they are means of."""

    send_us: float
    receive_us: float
    num_sent: int
    num_delivered: int
    """Of those sent, how many were taken out of the other sockets: far fewer means that the floor is too low."""
    num_received: int

    def per_snapshot_us(self, inputs_per_snapshot: float) -> float:
        """The floor of one snapshot together with the inputs that come in meanwhile."""
        return self.send_us + self.receive_us * inputs_per_snapshot


def send_rounds(fd: int, io: SocketIo, batch: Batch, sizes: Int32s, interval_ns: int, num_rounds: int) -> int:
    """Sends the whole `batch` every `interval_ns`, with lengths in turn from `sizes`; returns thread CPU time (ns)."""
    turns = np.resize(sizes, len(batch) * max(1, min(num_rounds, len(sizes))))
    before = time.thread_time_ns()
    start = _now_ns()
    for k in range(num_rounds):
        _sleep_until(io, start + k * interval_ns)
        at = k * len(batch) % len(turns)
        batch["length"] = turns[at : at + len(batch)]
        send_datagrams(fd, io, batch, 0, len(batch))
    return time.thread_time_ns() - before


def receive_rounds(fd: int, io: SocketIo, batch: Batch, interval_ns: int, num_rounds: int) -> int:
    """Empties the socket every `interval_ns`; returns thread CPU time (ns)."""
    before = time.thread_time_ns()
    start = _now_ns()
    for k in range(num_rounds):
        _sleep_until(io, start + (k + 1) * interval_ns)
        while receive_datagrams(fd, io, batch) == len(batch):
            pass
    return time.thread_time_ns() - before


def drain_until(fds: Int32s, io: SocketIo, batch: Batch, stop: threading.Event) -> None:
    """Empties every socket of `fds` again and again until `stop` is set, and once more."""
    last = False
    while not last:
        last = stop.wait(_DRAIN_EVERY_S)
        for fd in fds.tolist():
            while receive_datagrams(fd, io, batch) == len(batch):
                pass


def offer_rounds(fds: Int32s, io: SocketIo, datagram: Batch, interval_ns: int, num_rounds: int) -> None:
    """Sends `datagram[0]` once from every socket of `fds` in each `interval_ns`, spread evenly."""
    start = _now_ns()
    for k in range(num_rounds):
        for i, fd in enumerate(fds.tolist()):
            if i % 16 == 0:
                _sleep_until(io, start + k * interval_ns + i * interval_ns // len(fds))
            send_datagrams(fd, io, datagram, 0, 1)


def _now_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def _sleep_until(io: SocketIo, at_ns: int) -> None:
    while (left_ns := at_ns - _now_ns()) > 0:
        wait(-1, -1, io, left_ns)


def measure_floor(
    fds: Sequence[int],
    sizes: Sequence[int] | Int32s,
    *,
    snapshot_hz: float,
    input_hz: float,
    input_bytes: int,
    seconds: float = 4.0,
) -> Floor:
    """Measures for `seconds` (half for each direction) with the non-blocking UDP sockets `fds` of a run that is over.

    Connected sockets lose their peer, and what waits in them is thrown away. `sizes` are lengths of datagrams sent by
    the server (1..1300), in order; `input_bytes` that of an input.
    """
    if len(fds) == 0 or len(sizes) == 0:
        raise ValueError("the floor needs at least one socket and one size")
    numbers = np.asarray(fds, np.int32)
    lengths = np.clip(np.asarray(sizes, np.int32), 1, MAX_PACKET_BYTES)
    batch = new_batch(len(fds))
    for i, fd in enumerate(fds):
        _free_from_peer(fd)
        batch["address"][i] = to_words(_reachable(fd))
    with open_udp(_host(fds[0]), 0) as sock:
        own = new_batch(1)
        own["address"][0] = to_words(endpoint_of(sock))
        own["length"] = input_bytes
        _compile(sock.fileno(), own)
        send_ns, num_sent, num_delivered = _measure_send(
            sock.fileno(), numbers, batch, lengths, snapshot_hz, seconds / 2
        )
        receive_ns, num_received = _measure_receive(sock.fileno(), numbers, own, input_hz, seconds / 2)
    send_us, receive_us = send_ns / 1000 / max(num_sent, 1), receive_ns / 1000 / max(num_received, 1)
    return Floor(send_us, receive_us, num_sent, num_delivered, num_received)


def _compile(fd: int, own: Batch) -> None:
    """Sends one datagram to itself and takes it, so that the measured loops find their kernels compiled."""
    io = new_socket_io(use_mmsg=HAS_MMSG)
    send_datagrams(fd, io, own, 0, 1)
    wait(fd, -1, io, 1_000_000_000)
    receive_datagrams(fd, io, new_batch(1))


def _measure_send(
    fd: int, fds: Int32s, batch: Batch, sizes: Int32s, snapshot_hz: float, seconds: float
) -> tuple[int, int, int]:
    stop = threading.Event()
    drain_io = new_socket_io(use_mmsg=HAS_MMSG)
    drainer = threading.Thread(target=drain_until, args=(fds, drain_io, new_batch(16), stop))
    drainer.start()
    io = new_socket_io(use_mmsg=HAS_MMSG)
    try:
        spent_ns = send_rounds(fd, io, batch, sizes, int(1e9 / snapshot_hz), max(int(seconds * snapshot_hz), 1))
    finally:
        stop.set()
        drainer.join()
    return spent_ns, int(io.state["num_sent"][0]), int(drain_io.state["num_received"][0])


def _measure_receive(fd: int, fds: Int32s, datagram: Batch, input_hz: float, seconds: float) -> tuple[int, int]:
    offer_io = new_socket_io(use_mmsg=HAS_MMSG)
    rounds = max(int(seconds * input_hz), 1)
    offerer = threading.Thread(target=offer_rounds, args=(fds, offer_io, datagram, int(1e9 / input_hz), rounds))
    io = new_socket_io(use_mmsg=HAS_MMSG)
    offerer.start()
    try:
        interval_ns = 1_000_000_000 // _RECEIVE_HZ
        num_rounds = int(rounds / input_hz * _RECEIVE_HZ) + 2
        spent_ns = receive_rounds(fd, io, new_batch(256), interval_ns, num_rounds)
    finally:
        offerer.join()
    return spent_ns, int(io.state["num_received"][0])


@bare_kernel
def _disconnect(fd: int, nobody: Flag) -> int:
    return int(_connect(fd, nobody.ctypes.data, len(nobody)))


def _free_from_peer(fd: int) -> None:
    """Makes a socket take datagrams from everybody, on a port that is its own; empties it."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        host, port = _host(fd), endpoint_of(sock).port
        _disconnect(fd, np.zeros(16, np.uint8))  # an address of family 0 (AF_UNSPEC)
        if endpoint_of(sock).port != port:  # never bound by name: the port went with the peer
            sock.bind((host, 0))
        receive_datagrams(fd, new_socket_io(use_mmsg=HAS_MMSG), new_batch(256))


def _reachable(fd: int) -> Endpoint:
    with socket.socket(fileno=os.dup(fd)) as sock:
        return new_endpoint(_host(fd), endpoint_of(sock).port)


def _host(fd: int) -> str:
    """The numeric host at which a socket of this machine is reached, loopback for one bound to every address."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        host = str(sock.getsockname()[0])
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
