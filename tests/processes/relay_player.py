"""A player behind a relay for tests: a WebSocket by hand, which also can send what no browser sends, or not read."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit

from emberdale.game import GAME
from myriad.client.arrays import new_clients_arrays
from myriad.client.clock import take_due_ticks
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.plain import new_plain_clients, receive_payloads, start_plain, write_payload
from myriad.runtime.login import PlayGrant
from myriad.web.relay.messages import CONNECTED, DATA, ENDED, OPEN, ROWS, STATE
from myriad.wire.datagram import new_batch

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
INPUT_S = 0.05
AT = 16


class RelayPlayer:
    """Plays through one WebSocket; use it in a `with` block."""

    def __init__(self, url: str, *, origin: str = "", buffer_bytes: int = 0, context: ssl.SSLContext | None = None):
        parts = urlsplit(url)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.settimeout(10)
        self.socket.connect((parts.hostname, parts.port))
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.answer = self._shake_hands(parts.netloc, parts.path, origin)
        """First line of HTTP's answer."""
        self.states: list[tuple[int, int, int]] = []
        """(row, state, reason) of what the relay said."""
        self.closed: int | None = None
        """Code with which the relay ended it; 0: without a word."""
        self._received = b""
        self._batch = new_batch(1)
        self._row = 0
        self._next_input_s = 0.0

    def open(self, grant: PlayGrant, row: int = 0) -> None:
        """Begins a connection with a token, and plays through it from now on."""
        arrays = new_clients_arrays(
            ROWS,
            int(grant.protocol["protocol_id"], 16),
            int(grant.protocol["tick_hz"]),
            GAME.own_dtype.itemsize,
            GAME.private_dtype.itemsize,
        )
        self._plain = new_plain_clients(arrays)
        receive_payloads(self._plain, self._batch, 0, AT, 1)  # compiled before the token gets old
        self._row = row
        self.send(bytes([OPEN, row]) + grant.token)

    @property
    def num_snapshots(self) -> int:
        return int(self._plain.clients.states["num_snapshots"][self._row])

    @property
    def joined(self) -> bool:
        return bool(self._plain.clients.sessions["joined"][self._row])

    @property
    def was_told_goodbye(self) -> bool:
        return bool(self._plain.clients.sessions["goodbye"][self._row])

    def wait_until(self, condition: Callable[[], object], seconds: float = 20.0) -> bool:
        """Plays on until `condition()`, at most for `seconds`; whether it came true."""
        until_s = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until_s or self.closed is not None:
                return bool(condition())
            self._take()
            self.act()
        return True

    def gets_snapshots(self, number: int = 20, seconds: float = 20.0) -> bool:
        """Whether that many more come in time."""
        wanted = self.num_snapshots + number
        return self.wait_until(lambda: self.num_snapshots >= wanted, seconds)

    def act(self) -> None:
        """Sends the next inputs, if it is time."""
        clients, row = self._plain.clients, self._row
        now_ns = time.monotonic_ns()
        if (row, CONNECTED) != self._newest_state() or time.monotonic() < self._next_input_s:
            return
        self._next_input_s = time.monotonic() + INPUT_S
        if clients.sessions["joined"][row]:
            ticks = int(take_due_ticks(clients.clocks, row, now_ns, int(clients.states["buffer_hint"][row])))
            push_input(clients.queues, row, 0, 0, 0, 0, min(ticks, int(room_for_inputs(clients.queues, row))), 0, 0)
        at = int(write_payload(self._plain, row, self._batch, 0, 6, 0, now_ns))
        self.send(bytes([DATA, row]) + self._batch["data"][0, at : at + int(self._batch["length"][0])].tobytes())

    def send(self, message: bytes, kind: int = BINARY, first: int = 0x80) -> None:
        """A frame, whole unless `first` says otherwise."""
        size = len(message)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self.socket.sendall(bytes([first | kind]) + length + bytes(4) + message)  # a mask of zeros

    def _newest_state(self) -> tuple[int, int]:
        return next(((row, state) for row, state, _ in reversed(self.states) if row == self._row), (self._row, 0))

    def _shake_hands(self, host: str, path: str, origin: str) -> str:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"Origin: {origin}"] if origin else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            one = self.socket.recv(1)
            if not one:
                break
            answer += one
        return answer.decode().partition("\r\n")[0]

    def _take(self) -> None:
        """What came, or what comes within a few milliseconds."""
        self.socket.settimeout(0.01)
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            return
        except ConnectionError:
            data = b""
        finally:
            self.socket.settimeout(10)
        if not data and self.closed is None:
            self.closed = 0
        self._received += data
        while len(self._received) >= 2:
            size, at = self._received[1], 2
            if size == 126:
                size, at = int.from_bytes(self._received[2:4], "big"), 4
            if len(self._received) < at + size:
                return
            kind, message = self._received[0] & 15, self._received[at : at + size]
            self._received = self._received[at + size :]
            self._take_frame(kind, message)

    def _take_frame(self, kind: int, message: bytes) -> None:
        if kind == PING:
            self.send(message, PONG)
        elif kind == CLOSE:
            self.closed = int.from_bytes(message[:2], "big")
        elif kind == BINARY and message[0] == STATE:
            row, state = message[1], message[2]
            self.states.append((row, state, message[3] - 256 if message[3] > 127 else message[3]))
            if state == CONNECTED:
                start_plain(self._plain, row, time.monotonic_ns())
        elif kind == BINARY and message[0] == DATA:
            payload = message[2:]
            self._batch["row"][0] = message[1]
            self._batch["length"][0] = len(payload)
            self._batch["data"][0, AT : AT + len(payload)] = memoryview(payload)
            assert receive_payloads(self._plain, self._batch, 1, AT, time.monotonic_ns()) == 0
            self._plain.clients.reliable.state["num_inbox"][0] = 0
            self._plain.clients.num_names[0] = 0

    def __enter__(self) -> RelayPlayer:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.socket.close()


__all__ = ["CONNECTED", "ENDED", "RelayPlayer"]
