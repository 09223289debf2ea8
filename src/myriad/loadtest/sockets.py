"""One UDP socket per connection of a simulated player, read and written by kernels.

Responsible for: opening the sockets (connected to a server's port), waiting until some are readable, receiving and
sending single datagrams on them, and how many datagrams the operating system dropped at them.
Not here: what the datagrams mean (`netcode/`), delays on the way (`loadtest/impairment.py`).

Invariant: no kernel here blocks, except `wait_readable`, and that at most as long as it was told.

One `recv` per readable socket: at 20 snapshots a second there is one datagram in it, and level-triggered polling
reports a second one at once, so `recvmmsg` would save nothing. Where epoll is missing (macOS), poll does the same.
"""

from __future__ import annotations

import platform
import select
import socket
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core import native
from myriad.core.errors import StartupError
from myriad.core.kernel import bare_kernel, inner_kernel

HAS_EPOLL = native.available("epoll_wait")
MAX_EVENTS = 512
MAX_FDS = 20_000
"""Descriptors of the whole process: the system must allow so many, and the swarm takes no more."""

_poll = native.declare("poll", "i32", "p", "u64", "i32")
_recv = native.declare("recv", "i64", "i32", "p", "u64", "i32")
_send = native.declare("send", "i64", "i32", "p", "u64", "i32")
_clock_gettime = native.declare("clock_gettime", "i32", "i32", "p")

_DONTWAIT = int(socket.MSG_DONTWAIT)
_RECEIVE_FLAGS = _DONTWAIT | int(socket.MSG_TRUNC)
_MONOTONIC = 1 if platform.system() == "Linux" else 6
_EVENT_BYTES, _EVENT_FD = (12, 4) if platform.machine() in ("x86_64", "AMD64", "i686") else (16, 8)
_POLL_IN = 1
_POLL_FD = np.dtype([("fd", "<i4"), ("events", "<i2"), ("revents", "<i2")])

if HAS_EPOLL:
    _epoll_wait = native.declare("epoll_wait", "i32", "i32", "p", "i32", "i32")

    @inner_kernel
    def _wait_epoll(poller: int, events: npt.NDArray[np.uint8], ready: npt.NDArray[np.int32], timeout_ms: int) -> int:
        count = _epoll_wait(poller, events.ctypes.data, MAX_EVENTS, timeout_ms)
        for k in range(count):
            at = k * _EVENT_BYTES + _EVENT_FD
            ready[k] = int(events[at]) | (int(events[at + 1]) << 8) | (int(events[at + 2]) << 16)
        return count

else:

    @inner_kernel
    def _wait_epoll(poller: int, events: npt.NDArray[np.uint8], ready: npt.NDArray[np.int32], timeout_ms: int) -> int:
        return -1


class SocketArrays(NamedTuple):
    """What kernels need of the sockets."""

    fds: npt.NDArray[np.int32]  # (rows,), -1: not open
    row_of_fd: npt.NDArray[np.int32]  # (MAX_FDS,), -1: not ours
    poller: npt.NDArray[np.int64]  # (2,): epoll's fd or -1 for poll; first place of polls to look at next
    polls: npt.NDArray[np.void]  # (rows,) struct pollfd, used by the fallback
    events: npt.NDArray[np.uint8]  # room for MAX_EVENTS struct epoll_event
    ready: npt.NDArray[np.int32]  # (MAX_EVENTS,) fds that are readable
    now: npt.NDArray[np.int64]  # (2,) struct timespec


class Sockets:
    """The sockets of one swarm, one for each row that is open; closes them at the end of a `with` block."""

    def __init__(self, number: int, host: str = "", port: int = 0, *, epoll: bool = HAS_EPOLL) -> None:
        """Room for `number` (>= 1) sockets; with a host all are opened at once, connected to it, otherwise none.

        Raises StartupError as `open`.
        """
        self._epoll = select.epoll() if epoll else None
        self._sockets: list[socket.socket | None] = [None] * number
        polls = np.zeros(number, _POLL_FD)
        polls["fd"] = -1
        polls["events"] = _POLL_IN
        self.arrays = SocketArrays(
            np.full(number, -1, np.int32),
            np.full(MAX_FDS, -1, np.int32),
            np.array([self._epoll.fileno() if self._epoll is not None else -1, 0], np.int64),
            polls,
            np.zeros(MAX_EVENTS * _EVENT_BYTES, np.uint8),
            np.zeros(MAX_EVENTS, np.int32),
            np.zeros(2, np.int64),
        )
        for row in range(number if host else 0):
            self.open(row, host, port)

    def open(self, row: int, host: str, port: int) -> None:
        """Opens a fresh non-blocking UDP socket for `row` instead of the one it had, connected to host and port.

        IPv4 or IPv6, name or number. No kernel may run on the arrays meanwhile. Raises StartupError with one line if
        the host is unknown or the system allows fewer sockets.
        """
        self.shut(row)
        try:
            family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            self.close()
            raise StartupError(f"cannot find host {host!r}: {error.strerror or error}") from None
        one = None
        try:
            one = socket.socket(family, kind, proto)
            if one.fileno() >= MAX_FDS:
                raise OSError(0, f"descriptors from {MAX_FDS} on are not used")
            one.setblocking(False)
            one.connect(address)
        except OSError as error:
            if one is not None:
                one.close()
            number = len(self._sockets)
            opened = number - self._sockets.count(None)
            self.close()
            raise StartupError(
                f"cannot open {number} UDP sockets ({opened} opened): {error.strerror}; see `ulimit -n`"
            ) from None
        self._sockets[row] = one
        fd = one.fileno()
        self.arrays.fds[row] = fd
        self.arrays.row_of_fd[fd] = row
        self.arrays.polls["fd"][row] = fd
        if self._epoll is not None:
            self._epoll.register(fd, select.EPOLLIN)

    def shut(self, row: int) -> None:
        """Closes the socket of `row`, if it has one. No kernel may run on the arrays meanwhile."""
        one = self._sockets[row]
        if one is None:
            return
        self.arrays.fds[row] = self.arrays.polls["fd"][row] = -1
        self.arrays.row_of_fd[one.fileno()] = -1
        one.close()  # which takes it out of epoll, too
        self._sockets[row] = None

    @property
    def ports(self) -> list[int]:
        """The local UDP ports of the open sockets, by row."""
        return [int(one.getsockname()[1]) for one in self._sockets if one is not None]

    def close(self) -> None:
        """Closes all sockets; may be called twice."""
        for row in range(len(self._sockets)):
            self.shut(row)
        if self._epoll is not None:
            self._epoll.close()

    def __enter__(self) -> Sockets:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def count_kernel_drops(ports: set[int], table: str | None = None) -> int:
    """Datagrams that Linux dropped at sockets with these local ports because their buffer was full (0 elsewhere).

    `table` stands in for the contents of /proc/net/udp and /proc/net/udp6.
    """
    if table is None:
        table = ""
        for path in (Path("/proc/net/udp"), Path("/proc/net/udp6")):
            if path.exists():
                table += path.read_text()
    drops = 0
    for line in table.splitlines():
        fields = line.split()
        if len(fields) >= 13 and fields[-1].isdigit() and int(fields[1].rpartition(":")[2], 16) in ports:
            drops += int(fields[-1])
    return drops


@bare_kernel
def monotonic_ns(sockets: SocketArrays) -> int:
    """Nanoseconds of the system's monotonic clock, the same that `time.monotonic_ns` reads."""
    _clock_gettime(_MONOTONIC, sockets.now.ctypes.data)
    return int(sockets.now[0]) * 1_000_000_000 + int(sockets.now[1])


@bare_kernel
def wait_readable(sockets: SocketArrays, timeout_ms: int) -> int:
    """Waits until a datagram can be read or `timeout_ms` (>= 0) is over; fills `ready[:n]` with fds and returns n."""
    if sockets.poller[0] >= 0:
        return max(_wait_epoll(int(sockets.poller[0]), sockets.events, sockets.ready, timeout_ms), 0)
    number = len(sockets.polls)
    if _poll(sockets.polls.ctypes.data, number, timeout_ms) <= 0:
        return 0
    count = 0
    place = int(sockets.poller[1])
    for _ in range(number):
        place = place + 1 if place + 1 < number else 0
        if sockets.polls["revents"][place] != 0:
            sockets.ready[count] = sockets.polls["fd"][place]
            count += 1
            if count == MAX_EVENTS:
                break
    sockets.poller[1] = place
    return count


@bare_kernel
def rest(sockets: SocketArrays, timeout_ms: int) -> None:
    """Sleeps `timeout_ms` (>= 0), whatever arrives meanwhile."""
    _poll(sockets.polls.ctypes.data, 0, timeout_ms)


@bare_kernel
def receive_one(fd: int, buf: npt.NDArray[np.uint8]) -> int:
    """Reads one datagram into `buf`: its length (more than len(buf): truncated), or -1 if there is none."""
    return _recv(fd, buf.ctypes.data, len(buf), _RECEIVE_FLAGS)


@bare_kernel
def send_one(fd: int, buf: npt.NDArray[np.uint8], length: int) -> int:
    """Sends `buf[:length]`: the length, or -1 if the system did not take it."""
    return _send(fd, buf.ctypes.data, length, _DONTWAIT)
