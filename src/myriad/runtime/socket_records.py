"""The C structures that socket kernels hand to the operating system, and what they count.

Responsible for: the layout of `mmsghdr`, `iovec`, `pollfd` and `timespec` as arrays, one set per socket and direction,
and the few C functions that every socket kernel needs (error number, clock).
Not here: the system calls for datagrams (`runtime/mmsg_sockets.py`, `runtime/single_sockets.py`).

Invariant: pointers inside these arrays point only into the same `SocketIo` or, during one kernel call, into the batch
that was handed to it; so arrays are never resized, and a batch may change from call to call.
"""

from __future__ import annotations

import errno
import socket
import sys
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core import native
from myriad.core.kernel import inner_kernel
from myriad.core.native import copy_memory
from myriad.wire.datagram import DATAGRAM, MAX_PACKET_BYTES

CHUNK = 256
"""Datagrams handed to the operating system in one call."""

RECEIVE_BYTES = MAX_PACKET_BYTES + 1
"""Bytes accepted of one datagram: the one beyond the largest packet shows that it was longer."""

RECORD_BYTES = DATAGRAM.itemsize
DATA_OFFSET = int(DATAGRAM.fields["data"][1]) if DATAGRAM.fields is not None else 0
ADDRESS_BYTES = 32
"""Room for a socket address in a batch record, which begins with it."""

MESSAGE = np.dtype(
    [
        ("name", "<u8"),
        ("name_length", "<u4"),
        ("padding_1", "<u4"),
        ("iovec", "<u8"),
        ("num_iovecs", "<u8"),
        ("control", "<u8"),
        ("control_length", "<u8"),
        ("flags", "<i4"),
        ("padding_2", "<u4"),
        ("length", "<u4"),  # bytes received or sent, written by the operating system
        ("padding_3", "<u4"),
    ]
)
"""Linux's `struct mmsghdr` on 64-bit machines."""

IOVEC = np.dtype([("base", "<u8"), ("length", "<u8")])
TIMESPEC = np.dtype([("seconds", "<i8"), ("nanoseconds", "<i8")])
POLL = np.dtype([("fd", "<i4"), ("events", "<i2"), ("returned", "<i2")])

SOCKET_STATE = np.dtype(
    [
        ("num_received", "<i8"),
        ("num_received_bytes", "<i8"),
        ("num_sent", "<i8"),
        ("num_sent_bytes", "<i8"),
        ("num_send_blocked", "<i8"),  # dropped, because the socket's buffer was full
        ("num_send_errors", "<i8"),  # dropped, because the operating system refused this destination
        ("num_receive_errors", "<i8"),
        ("woke_ns", "<i8"),  # when the latest wait returned, before the GIL was asked for
        ("error", "<i4"),  # latest error number
        ("use_mmsg", "<i4"),  # 1: recvmmsg and sendmmsg; 0: recvfrom and sendto
        ("name_length", "<u4"),  # argument of recvfrom
        ("padding", "<u4"),
    ]
)

ERRNO_FUNCTION = "__error" if sys.platform == "darwin" else "__errno_location"
ERRNO_AGAIN = errno.EAGAIN
ERRNO_WOULD_BLOCK = errno.EWOULDBLOCK
ERRNO_INTERRUPTED = errno.EINTR
ERRNO_NO_BUFFERS = errno.ENOBUFS
if sys.platform == "linux":
    CLOCK = int(time.CLOCK_BOOTTIME)  # never goes back, and runs on while the machine sleeps, as leases do
else:
    CLOCK = int(time.CLOCK_MONOTONIC)
WALL_CLOCK = int(time.CLOCK_REALTIME)
IPV6_FAMILY = int(socket.AF_INET6)
IPV4_NAME_BYTES = 16
IPV6_NAME_BYTES = 28
FAMILY_SHIFT = 8 if sys.platform == "darwin" else 0
FAMILY_MASK = 0xFF if sys.platform == "darwin" else 0xFFFF

_errno_address = native.declare(ERRNO_FUNCTION, "p")
_clock_gettime = native.declare("clock_gettime", "i32", "i32", "p")


class SocketIo(NamedTuple):
    """Everything that one socket needs for one direction; at most one thread uses it at a time."""

    state: npt.NDArray[np.void]  # (1,) SOCKET_STATE
    messages: npt.NDArray[np.void]  # (CHUNK,) MESSAGE
    iovecs: npt.NDArray[np.void]  # (CHUNK,) IOVEC
    polls: npt.NDArray[np.void]  # (2,) POLL
    time: npt.NDArray[np.void]  # (1,) TIMESPEC


def new_socket_io(*, use_mmsg: bool) -> SocketIo:
    """Arrays for one socket and direction; `use_mmsg` False, or a platform without it, means one call per datagram."""
    io = SocketIo(
        np.zeros(1, SOCKET_STATE),
        np.zeros(CHUNK, MESSAGE),
        np.zeros(CHUNK, IOVEC),
        np.zeros(2, POLL),
        np.zeros(1, TIMESPEC),
    )
    io.state["use_mmsg"] = 1 if use_mmsg else 0
    io.messages["iovec"] = io.iovecs.ctypes.data + np.arange(CHUNK, dtype=np.uint64) * np.uint64(IOVEC.itemsize)
    io.messages["num_iovecs"] = 1
    return io


@inner_kernel
def note_error(io: SocketIo) -> int:
    """The C library's error number of the call just made; also kept in `io.state["error"]`."""
    copy_memory(io.state["error"].ctypes.data, _errno_address(), 4)
    return int(io.state["error"][0])


@inner_kernel
def name_length(first_word: int) -> int:
    """Bytes of the socket address whose first eight bytes are `first_word` (uint64): 16 for IPv4, 28 for IPv6."""
    if (int(first_word) >> FAMILY_SHIFT) & FAMILY_MASK == IPV6_FAMILY:
        return IPV6_NAME_BYTES
    return IPV4_NAME_BYTES


@inner_kernel
def clear_address_rest(addresses: npt.NDArray[np.uint64], i: int) -> None:
    """Zeroes what a shorter socket address leaves of an older, longer one in row `i` of `addresses` (n, 4)."""
    if name_length(addresses[i, 0]) == IPV4_NAME_BYTES:
        addresses[i, 2] = 0
        addresses[i, 3] = 0
    else:
        addresses[i, 3] = addresses[i, 3] & np.uint64(0xFFFFFFFF)


@inner_kernel
def read_clock_ns(io: SocketIo, clock: int) -> int:
    """Nanoseconds of a clock (CLOCK); uses `io.time` as scratch."""
    _clock_gettime(clock, io.time.ctypes.data)
    return int(io.time["seconds"][0]) * 1_000_000_000 + int(io.time["nanoseconds"][0])
