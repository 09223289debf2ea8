"""A player for scripts: the sans-I/O player with a socket, a clock and a front door.

Responsible for: logging in, moving datagrams while the script waits, and logging in again when the connection is lost.
Not here: anything that a player decides or knows (`client/player.py`).

Invariant: everything happens inside `wait` and `wait_until`; a script that does not call them for more than the
session's timeout (8 s) loses its connection, and gets a new one in the next `wait`.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from myriad.client.player import Player
from myriad.core.errors import MyriadError
from myriad.game import Game
from myriad.netcode.addresses import to_words
from myriad.netcode.tokens import read_token
from myriad.runtime.login import FrontDoor, FrontDoorError, Grant
from myriad.wire.datagram import DATA_BYTES, new_batch

STEP_S = 1 / 60
LOGIN_AGAIN_S = 1.0
TOKEN_FRESH_S = 5.0
_BATCH = 32


class LivePlayer(Player):
    """A player in a running zone; leaves at the end of its `with` block."""

    def __init__(self, game: Game, door: FrontDoor, name: str, spawn: tuple[float, float] | None) -> None:
        """Logs in and begins to connect. Raises FrontDoorError."""
        grant = door.login(name, spawn)
        tick_hz = int(grant.protocol["tick_hz"])
        super().__init__(game, game.read_map(grant.zone, tick_hz), grant.protocol_id, tick_hz)
        self.name = name
        self._door = door
        self._spawn = spawn
        self._batch = new_batch(_BATCH)
        self._socket: socket.socket | None = None
        self._next_login_s = 0.0
        began_s = time.monotonic()
        self.prepare(self._batch)
        self._begin(grant if time.monotonic() - began_s < TOKEN_FRESH_S else door.login(name, spawn))

    def wait(self, seconds: float = STEP_S) -> None:
        """Lets `seconds` pass: sends and receives meanwhile. Raises MyriadError if the server sent the player away."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Lets time pass until `condition()` is true, at most `seconds`; returns whether it is. Raises as `wait`."""
        until_s = time.monotonic() + seconds
        while True:
            self._step(max(min(STEP_S, until_s - time.monotonic()), 0.0))
            if condition():
                return True
            if time.monotonic() >= until_s:
                return False

    def close(self) -> None:
        """Disconnects, which takes the avatar out of the world at once."""
        if self._socket is not None:
            self._send(self.leave(time.monotonic_ns(), self._batch))
            self._socket.close()
            self._socket = None
        self._door.close()

    def __enter__(self) -> LivePlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, grant: Grant) -> None:
        """Connects with a token, from a UDP port of its own."""
        if self._socket is not None:
            self._socket.close()
        server = read_token(grant.tokens[0]).servers[0]
        host, _, port = str(server).rpartition(":")
        family = socket.AF_INET if server.is_ipv4 else socket.AF_INET6
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((host.strip("[]"), int(port)))
        self._batch["address"][:] = to_words(server)
        self._next_login_s = time.monotonic() + LOGIN_AGAIN_S
        self.start(grant.tokens[0], time.monotonic_ns())

    def _step(self, seconds: float) -> None:
        """Waits up to `seconds` for datagrams, takes them, and sends what is due."""
        assert self._socket is not None, "the player has left"
        select.select([self._socket], [], [], seconds)
        count = 0
        while count < _BATCH:
            try:
                data = self._socket.recv(DATA_BYTES)
            except (BlockingIOError, ConnectionError):
                break
            self._batch["data"][count, : len(data)] = memoryview(data)
            self._batch["length"][count] = len(data)
            count += 1
        self.receive(self._batch, count, time.monotonic_ns())
        if self.farewell:
            raise MyriadError(f"the server ended the session: {self.farewell}")
        if self.needs_token and time.monotonic() >= self._next_login_s:
            self._login_again()
        self._send(self.update(time.monotonic_ns(), self._batch))

    def _login_again(self) -> None:
        self._next_login_s = time.monotonic() + LOGIN_AGAIN_S
        try:
            self._begin(self._door.login(self.name, self._spawn))
        except FrontDoorError as error:
            if error.status:
                raise

    def _send(self, count: int) -> None:
        if self._socket is None:
            return
        for k in range(count):
            try:
                self._socket.send(self._batch["data"][k, : int(self._batch["length"][k])].tobytes())
            except (BlockingIOError, ConnectionError):
                return


def connect(
    game: Game, host: str, port: int, name: str, *, spawn: tuple[float, float] | None = None, timeout_s: float = 10.0
) -> LivePlayer:
    """A player in the zone whose front door is at host and port, in the world and ready; use it in a `with` block.

    `spawn` (metres) is a wish that not every server grants. Raises MyriadError if there is no such server, it refuses,
    or the player is not in the world within `timeout_s`.
    """
    door = FrontDoor(host, port)
    player = LivePlayer(game, door, name, spawn)
    if not player.wait_until(lambda: player.ready, timeout_s):
        player.close()
        raise MyriadError(f"{door} gave a token, but the zone does not answer by UDP")
    return player
