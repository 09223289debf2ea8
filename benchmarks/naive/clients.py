"""Players of the naive servers: a socket each, inputs ten times a second, updates counted.

Responsible for: joining, walking, and how many whole updates each player got. Not here: the servers (`server.py`).

An update counts when all of its datagrams have come. What a player would do with it costs nothing here.
"""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.naive.server import INPUT, JOIN, TYPE_INPUT, TYPE_JOIN, TYPE_LEAVE, UPDATE
from benchmarks.naive.state import SIDE_M

INPUT_HZ = 10
LOOK_EVERY_S = 0.02
JOIN_S = 4.0
RECEIVE_BUFFER = 1 << 20


class Window(NamedTuple):
    """What players got in one window."""

    seconds: float
    updates: npt.NDArray[np.int64]  # (players,)
    num_datagrams: int
    num_bytes: int
    cpu_s: float


class Clients:
    """Players spread evenly over the square; use it in a `with` block."""

    def __init__(self, server: tuple[str, int], seed: int = 1) -> None:
        self._server = server
        self._rng = np.random.default_rng(seed)
        self._sockets: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._updates: list[int] = []
        self._ticks: list[int] = []
        self._parts: list[int] = []
        self._sequence = 0
        self._next_s: list[float] = []
        self._num_datagrams = self._num_bytes = 0

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for one in self._sockets:
            with suppress(OSError):
                one.send(bytes([TYPE_LEAVE]))
            one.close()

    def join(self, number: int) -> bool:
        """So many players come in, and play from now on; false if some were not told anything in time."""
        began_s = time.monotonic()
        places = self._rng.uniform(0, SIDE_M, (number, 2)).tolist()
        for k in range(number):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            one.setblocking(False)
            one.connect(self._server)
            self._selector.register(one, selectors.EVENT_READ, len(self._sockets))
            self._sockets.append(one)
            self._updates.append(0)
            self._ticks.append(-1)
            self._parts.append(0)
            self._next_s.append(began_s + k / number / INPUT_HZ)
        waiting = list(range(number))
        while waiting and time.monotonic() < began_s + JOIN_S:
            for k in waiting:
                self._sockets[k].send(JOIN.pack(TYPE_JOIN, *places[k]))
                if k % 50 == 49:
                    self.play(0.01)
            self.play(0.1)
            waiting = [k for k in waiting if self._ticks[k] < 0]
        return not waiting

    def play(self, seconds: float) -> Window:
        """Everybody plays for so long."""
        before = np.array(self._updates, np.int64)
        datagrams, num_bytes, cpu_s = self._num_datagrams, self._num_bytes, time.process_time()
        began_s = now_s = time.monotonic()
        while now_s < began_s + seconds:
            self._steer(now_s)
            self._receive()
            time.sleep(max(min(now_s + LOOK_EVERY_S, began_s + seconds) - time.monotonic(), 0))
            now_s = time.monotonic()
        return Window(
            now_s - began_s,
            np.array(self._updates, np.int64) - before,
            self._num_datagrams - datagrams,
            self._num_bytes - num_bytes,
            time.process_time() - cpu_s,
        )

    def _steer(self, now_s: float) -> None:
        """Inputs that are due."""
        for k, one in enumerate(self._sockets):
            if self._next_s[k] <= now_s:
                self._next_s[k] = max(self._next_s[k] + 1 / INPUT_HZ, now_s - 1 / INPUT_HZ)
                self._sequence += 1
                angle = k + 0.7 * int(now_s)
                try:
                    one.send(INPUT.pack(TYPE_INPUT, self._sequence, np.cos(angle), np.sin(angle), 0))
                except (BlockingIOError, ConnectionRefusedError):
                    continue

    def _receive(self) -> None:
        """Everything that has come."""
        for key, _ in self._selector.select(0):
            k = int(key.data)
            one = self._sockets[k]
            while True:
                try:
                    data = one.recv(2048)
                except BlockingIOError:
                    break
                self._num_datagrams += 1
                self._num_bytes += len(data)
                tick, _, _, parts = UPDATE.unpack_from(data)
                if tick != self._ticks[k]:
                    self._ticks[k], self._parts[k] = tick, 0
                self._parts[k] += 1
                if self._parts[k] == parts:
                    self._updates[k] += 1
