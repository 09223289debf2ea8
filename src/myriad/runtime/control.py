"""Messages between a supervisor and its children: short JSON objects, with descriptors where one is handed over.

Responsible for: framing over a pair of sockets, without waiting, and noticing that the other end is gone.
Not here: what the messages mean (`runtime/supervisor.py`, `runtime/world_host.py`, `runtime/gateway_process.py`).

Invariants: messages arrive whole and in order; a reader that does not read costs its writer a bounded buffer and
nothing else: then the channel counts as broken.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections import deque
from typing import Any, Final

from myriad.core.errors import MyriadError

Message = dict[str, Any]


class SupervisorSilent(MyriadError):
    """The supervisor did not answer in time: what was asked of it may be done or not."""


_MAX_WAITING_BYTES: Final = 4 << 20
_READ_BYTES: Final = 1 << 16
_MAX_DESCRIPTORS: Final = 8


class Channel:
    """One end."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._received = bytearray()
        self._descriptors: deque[int] = deque()
        self._waiting: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._waiting_bytes = 0
        self.broken = False
        """True once the other end is gone or does not read."""

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two connected ends."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(one), cls(other)

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        """True if `flush` should be called when the socket takes bytes again."""
        return bool(self._waiting) and not self.broken

    def send(self, message: Message, descriptor: int | None = None) -> None:
        """Sends a message, now or by a later `flush`; `descriptor` stays the caller's."""
        own = () if descriptor is None else (os.dup(descriptor),)
        data = json.dumps({**message, "fd": True} if own else message).encode() + b"\n"
        self._waiting.append((data, own))
        self._waiting_bytes += len(data)
        self.broken = self.broken or self._waiting_bytes > _MAX_WAITING_BYTES
        self.flush()

    def flush(self) -> None:
        """Sends what waits, as far as the socket takes it."""
        while self._waiting and not self.broken:
            data, own = self._waiting.popleft()
            try:
                sent = socket.send_fds(self._socket, [data], list(own)) if own else self._socket.send(data)
            except BlockingIOError:
                self._waiting.appendleft((data, own))
                return
            except OSError:
                self.broken = True
                sent = len(data)
            for fd in own:  # they went with the first byte
                os.close(fd)
            self._waiting_bytes -= sent
            if sent < len(data):
                self._waiting.appendleft((data[sent:], ()))

    def receive(self) -> list[tuple[Message, int | None]]:
        """All whole messages that have come, each with the descriptor that came along, which is the caller's then."""
        while not self.broken:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MAX_DESCRIPTORS)
            except BlockingIOError:
                break
            except OSError:
                data, descriptors = b"", []
            self._descriptors += descriptors
            self._received += data
            self.broken = not data
        *lines, rest = bytes(self._received).split(b"\n")
        self._received = bytearray(rest)
        return [self._decode(line) for line in lines]

    def close(self) -> None:
        """Ends it; descriptors that nobody took are closed."""
        self.broken = True
        for fd in self._descriptors:
            os.close(fd)
        for _, own in self._waiting:
            for fd in own:
                os.close(fd)
        self._descriptors.clear()
        self._waiting.clear()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _decode(self, line: bytes) -> tuple[Message, int | None]:
        message: Message = json.loads(line)
        has_descriptor = message.pop("fd", False)
        return message, self._descriptors.popleft() if has_descriptor else None
