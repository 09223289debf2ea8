"""One UDP socket as a zone's loop sees it: batches in, batches out, and sleep.

Responsible for: joining a socket, its kernel arrays and the pipe by which other threads wake its sleeper.
Not here: the kernels (`runtime/sockets.py`), when they are called (`runtime/zone_loop.py`).

Invariant: all methods but `wake` are called by one thread only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from typing import NamedTuple

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel
from myriad.netcode.addresses import Endpoint
from myriad.runtime.endpoints import endpoint_of
from myriad.runtime.socket_records import SocketIo, new_socket_io
from myriad.runtime.sockets import HAS_MMSG, WOKEN, receive_datagrams, send_datagrams, wait
from myriad.wire.datagram import Batch

_SO_MEMINFO = 55
_MEMINFO_DROPS = 8


class Traffic(NamedTuple):
    """What went through a port since it was opened; bytes are UDP payload."""

    num_received: int
    num_received_bytes: int
    num_sent: int
    num_sent_bytes: int
    num_send_blocked: int
    num_send_errors: int
    num_receive_errors: int
    num_overflowed: int
    """Dropped by the operating system because the receive buffer was full (0 where it does not tell)."""


@bare_kernel
def _receive(fd: int, io: Bundle[SocketIo], batch: Batch) -> int:
    return receive_datagrams(fd, unbundle(io), batch)


@bare_kernel
def _send(fd: int, io: Bundle[SocketIo], batch: Batch, count: int) -> int:
    return send_datagrams(fd, unbundle(io), batch, 0, count)


@bare_kernel
def _wait(fd: int, wake_fd: int, io: Bundle[SocketIo], timeout_ns: int) -> int:
    return wait(fd, wake_fd, unbundle(io), timeout_ns)


class UdpPort:
    """A bound UDP socket for one thread; see `DatagramPort` in `runtime/zone_ports.py`."""

    def __init__(self, sock: socket.socket, *, fallback: bool = False) -> None:
        """Takes over `sock` (bound, non-blocking); `fallback` uses one call per datagram on every platform."""
        use_mmsg = HAS_MMSG and not fallback
        self._socket = sock
        self._fd = sock.fileno()
        self._in = new_socket_io(use_mmsg=use_mmsg)
        self._out = new_socket_io(use_mmsg=use_mmsg)
        self._in_bundle = Bundle(self._in)
        self._out_bundle = Bundle(self._out)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    @property
    def endpoint(self) -> Endpoint:
        """Where it is bound."""
        return endpoint_of(self._socket)

    @property
    def bundles(self) -> tuple[Bundle[SocketIo], Bundle[SocketIo]]:
        """Its arrays for receiving and sleeping, and those for sending, as kernels take them."""
        return self._in_bundle, self._out_bundle

    @property
    def descriptors(self) -> tuple[int, int]:
        """Of the socket, and of what `wake` makes readable."""
        return self._fd, self._wake_read

    def forget_wakes(self) -> None:
        """After a sleep that `wake` ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def receive(self, batch: Batch) -> int:
        """As `runtime.sockets.receive_datagrams`."""
        return int(_receive(self._fd, self._in_bundle, batch))

    def send(self, batch: Batch, count: int) -> int:
        """As `runtime.sockets.send_datagrams`, from the beginning of `batch`."""
        return int(_send(self._fd, self._out_bundle, batch, count))

    def wait(self, timeout_ns: int, *, for_packets: bool) -> int:
        """Sleeps without the GIL until `wake`, the timeout or, if wanted, a packet; returns when it woke (ns)."""
        found = int(_wait(self._fd if for_packets else -1, self._wake_read, self._in_bundle, max(timeout_ns, 0)))
        woke_ns = int(self._in.state["woke_ns"][0])
        if found & WOKEN:
            self.forget_wakes()
        return woke_ns

    def wake(self) -> None:
        """Ends the present or next `wait`; from any thread."""
        with contextlib.suppress(BlockingIOError):  # full of unread wakes
            os.write(self._wake_write, b"\0")

    def traffic(self) -> Traffic:
        """Counters so far; from any thread."""
        into, out = self._in.state[0], self._out.state[0]
        return Traffic(
            int(into["num_received"]),
            int(into["num_received_bytes"]),
            int(out["num_sent"]),
            int(out["num_sent_bytes"]),
            int(out["num_send_blocked"]),
            int(out["num_send_errors"]),
            int(into["num_receive_errors"]),
            self._overflowed(),
        )

    def _overflowed(self) -> int:
        if sys.platform != "linux":
            return 0
        try:
            raw = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * (_MEMINFO_DROPS + 1))
        except OSError:
            return 0
        return int(struct.unpack_from("=I", raw, 4 * _MEMINFO_DROPS)[0]) if len(raw) > 4 * _MEMINFO_DROPS else 0

    def close(self) -> None:
        """Closes socket and pipe; the thread must have ended."""
        self._socket.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
