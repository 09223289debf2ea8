"""The relay's UDP ports, one for each connection row, read and written in batches.

Responsible for: opening a port that speaks with one server alone, which ports have something to read, and the kernels
that receive and send over many of them.
Not here: what datagrams mean and who may be dialled (`web/relay`).

Ports are watched by a selector of their own, whose descriptor an event loop can watch. So an error at a port (a server
that is gone) is read like a datagram, and never ends the watching.

Invariants: no call here blocks; a datagram that the system does not take is lost, as on any network.
"""

from __future__ import annotations

import contextlib
import selectors
import socket

import numpy as np
import numpy.typing as npt

from myriad.core import native
from myriad.core.kernel import bare_kernel
from myriad.netcode.addresses import Endpoint
from myriad.runtime.socket_records import RECEIVE_BYTES
from myriad.wire.datagram import Batch, new_batch

_recv = native.declare("recv", "i64", "i32", "p", "u64", "i32")
_send = native.declare("send", "i64", "i32", "p", "u64", "i32")
_DONTWAIT = int(socket.MSG_DONTWAIT)
_RECEIVE_FLAGS = _DONTWAIT | int(socket.MSG_TRUNC)
_BUFFER_BYTES = 64 << 10


@bare_kernel
def _receive_rows(fds: npt.NDArray[np.int64], ready: npt.NDArray[np.int64], count: int, batch: Batch) -> int:
    used = 0
    for k in range(count):
        row = ready[k]
        length = _recv(fds[row], batch["data"][used].ctypes.data, RECEIVE_BYTES, _RECEIVE_FLAGS)
        if length >= 0:
            batch["length"][used] = min(length, RECEIVE_BYTES)
            batch["row"][used] = row
            used += 1
    return used


@bare_kernel
def _send_rows(fds: npt.NDArray[np.int64], batch: Batch, count: int) -> int:
    taken = 0
    for i in range(count):
        fd = fds[batch["row"][i]]
        length = int(batch["length"][i])
        if fd >= 0 and _send(fd, batch["data"][i].ctypes.data, length, _DONTWAIT) == length:
            taken += 1
    return taken


class RowPorts:
    """For rows 0 .. number - 1."""

    def __init__(self, number: int) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._fds = np.full(number, -1, np.int64)
        self._ready = np.zeros(number, np.int64)
        self._selector = selectors.DefaultSelector()

    def fileno(self) -> int:
        """Readable while any port is."""
        return int(self._selector.fileno())  # those of epoll and kqueue have one

    def dial(self, row: int, server: Endpoint) -> bool:
        """A fresh port for the row; False if the system has none, or no way to the server."""
        self.hang_up(row)
        host, _, port = str(server).rpartition(":")
        sock = None
        try:
            sock = socket.socket(socket.AF_INET if server.is_ipv4 else socket.AF_INET6, socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            sock.connect((host.strip("[]"), int(port)))
        except OSError:
            if sock is not None:
                sock.close()
            return False
        self._sockets[row] = sock
        self._fds[row] = sock.fileno()
        self._selector.register(sock, selectors.EVENT_READ, row)
        return True

    def hang_up(self, row: int) -> None:
        """Closes the row's port, if it has one."""
        sock = self._sockets.pop(row, None)
        if sock is not None:
            self._fds[row] = -1
            self._selector.unregister(sock)
            sock.close()

    def find_ready(self) -> int:
        """How many ports have something to read; `receive` then takes it."""
        rows = [key.data for key, _ in self._selector.select(0)]
        self._ready[: len(rows)] = rows
        return len(rows)

    def receive(self, first: int, end: int, batch: Batch) -> int:
        """One datagram from each of the ready ports number `first` .. `end` - 1, into `batch`; how many came."""
        return int(_receive_rows(self._fds, self._ready[first:end], end - first, batch))

    def send(self, batch: Batch, count: int) -> int:
        """Sends `batch[:count]`, each from the port of its row; how many the system took."""
        return int(_send_rows(self._fds, batch, count))

    def close(self) -> None:
        """All of them."""
        for row in list(self._sockets):
            self.hang_up(row)
        with contextlib.suppress(OSError):
            self._selector.close()


def warm_relay_ports() -> None:
    """Compiles the kernels."""
    ports = RowPorts(1)
    batch = new_batch(1)
    ports.receive(0, 0, batch)
    ports.send(batch, 0)
    ports.close()
