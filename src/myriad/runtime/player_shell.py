"""A player for scripts: the sans-I/O player with sockets, a clock and a way in.

Responsible for: logging in at a zone's front door or a world's gateway, moving datagrams while the script waits, one
UDP port for each connection, and asking for a fresh token when the connection is lost.
Not here: anything that a player decides or knows (`client/player.py`), HTTP (`runtime/login.py`).

Invariant: everything happens inside `wait` and `wait_until`; a script that does not call them for more than the
session's timeout (8 s) loses its connection, and gets a new one in the next `wait`.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from myriad.client.player import Player
from myriad.core.errors import MyriadError
from myriad.game import Game
from myriad.netcode.addresses import Endpoint, from_words, to_words
from myriad.runtime.login import FrontDoor, FrontDoorError, Gateway, PlayGrant, Wait
from myriad.wire.datagram import DATA_BYTES, new_batch

STEP_S = 1 / 60
ASK_AGAIN_S = 1.0
TOKEN_FRESH_S = 5.0
NO_ANSWER, CONFLICT, UNAVAILABLE = 0, 409, 503
_BATCH = 32


class Entry(NamedTuple):
    """A token (2048 bytes) for a zone, and what the zone says about its protocol."""

    token: bytes
    zone: str
    protocol: dict[str, Any]


class WayIn(Protocol):
    """Where tokens come from."""

    def enter(self) -> Entry:
        """The first token. Raises FrontDoorError."""
        ...

    def come_back(self) -> Entry | None:
        """A token after the connection was lost; None: ask again later. Raises FrontDoorError."""
        ...

    def close(self) -> None:
        """Nothing more will be asked."""
        ...


class ZoneWayIn:
    """Into one zone, by its front door."""

    def __init__(self, door: FrontDoor, name: str, spawn: tuple[float, float] | None) -> None:
        self._door = door
        self._name = name
        self._spawn = spawn

    def enter(self) -> Entry:
        """As the protocol."""
        grant = self._door.login(self._name, self._spawn)
        return Entry(grant.tokens[0], grant.zone, grant.protocol)

    def come_back(self) -> Entry | None:
        """As the protocol: the same name takes the avatar over."""
        return self.enter()

    def close(self) -> None:
        """As the protocol."""
        self._door.close()


class WorldWayIn:
    """Into a world, by its gateway, as a guest."""

    def __init__(self, gateway: Gateway, name: str, spawn: tuple[float, float] | None, wait_s: float) -> None:
        """Waits at most `wait_s` for a zone to start, or for a place in it."""
        self._gateway = gateway
        self._name = name
        self._spawn = spawn
        self._wait_s = wait_s
        self._character = 0
        self._session = ""

    def enter(self) -> Entry:
        """As the protocol."""
        self._gateway.login(self._name)
        until_s = time.monotonic() + self._wait_s
        while isinstance(answer := self._gateway.play(self._spawn), Wait):
            if time.monotonic() + answer.retry_s > until_s:
                raise FrontDoorError(f"{self._gateway}: {answer.why}")
            time.sleep(answer.retry_s)
        return self._note(answer)

    def come_back(self) -> Entry | None:
        """As the protocol. Who was away for too long is not in the world any more, and plays anew."""
        try:
            answer = self._gateway.resume(self._character, self._session)
        except FrontDoorError as error:
            if error.status != CONFLICT:
                raise
            answer = self._gateway.play()
        return None if isinstance(answer, Wait) else self._note(answer)

    def close(self) -> None:
        """As the protocol."""
        self._gateway.close()

    def _note(self, grant: PlayGrant) -> Entry:
        self._character, self._session = grant.character, grant.session
        return Entry(grant.token, grant.zone, grant.protocol)


class Port:
    """A UDP port for one connection."""

    def __init__(self, server: Endpoint, number: int) -> None:
        self.number = number
        """Which connection of its row it is for."""
        host, _, port = str(server).rpartition(":")
        self.words = to_words(server)
        self.socket = socket.socket(socket.AF_INET if server.is_ipv4 else socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect((host.strip("[]"), int(port)))

    def send(self, data: bytes) -> None:
        """Sends one datagram; one that the system does not take is lost, as any may be."""
        try:
            self.socket.send(data)
        except (BlockingIOError, ConnectionError):
            return

    def receive(self) -> bytes | None:
        """One datagram that came, or None."""
        try:
            return self.socket.recv(DATA_BYTES)
        except (BlockingIOError, ConnectionError):
            return None

    def close(self) -> None:
        """Gives the port back."""
        self.socket.close()


class LivePlayer(Player):
    """A player in a running zone or world; leaves at the end of its `with` block."""

    def __init__(self, game: Game, way_in: WayIn, name: str) -> None:
        """Logs in and begins to connect. Raises FrontDoorError."""
        entry = way_in.enter()
        tick_hz = int(entry.protocol["tick_hz"])
        super().__init__(game, game.read_map(entry.zone, tick_hz), int(entry.protocol["protocol_id"], 16), tick_hz)
        self.name = name
        self._way_in = way_in
        self._batch = new_batch(_BATCH)
        self._ports: list[Port | None] = [None] * len(self.connections)
        self._next_ask_s = 0.0
        began_s = time.monotonic()
        self.prepare(self._batch)
        if time.monotonic() - began_s > TOKEN_FRESH_S:
            entry = way_in.enter()
        self._next_ask_s = time.monotonic() + ASK_AGAIN_S
        self.start(entry.token, time.monotonic_ns())

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
        self._send(self.leave(time.monotonic_ns(), self._batch))
        for port in filter(None, self._ports):
            port.close()
        self._ports = [None] * len(self._ports)
        self._way_in.close()

    def __enter__(self) -> LivePlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _step(self, seconds: float) -> None:
        """Waits up to `seconds` for datagrams, takes them, and sends what is due."""
        open_ports = [(row, port) for row, port in enumerate(self._ports) if port is not None]
        if open_ports:
            select.select([port.socket for _, port in open_ports], [], [], seconds)
        for row, port in open_ports:
            self._take(row, port)
        if self.farewell:
            raise MyriadError(f"the server ended the session: {self.farewell}")
        self.now_ns = time.monotonic_ns()
        if self.needs_token and time.monotonic() >= self._next_ask_s:
            self._come_back()
        self._send(self.update(time.monotonic_ns(), self._batch))

    def _take(self, row: int, port: Port) -> None:
        """Hands over what came to the port of a connection row."""
        count = 0
        while count < _BATCH and (data := port.receive()) is not None:
            self._batch["data"][count, : len(data)] = memoryview(data)
            self._batch["length"][count] = len(data)
            self._batch["address"][count] = port.words
            count += 1
        if count:
            self.receive(self._batch, count, time.monotonic_ns(), row)

    def _come_back(self) -> None:
        self._next_ask_s = time.monotonic() + ASK_AGAIN_S
        try:
            entry = self._way_in.come_back()
        except FrontDoorError as error:
            if error.status not in (NO_ANSWER, UNAVAILABLE):
                raise
            return
        if entry is not None:
            self.resume(entry.token, time.monotonic_ns())

    def _send(self, count: int) -> None:
        """Sends what is in the batch, each from the port of its connection, a fresh one for a connection that began."""
        for k in range(count):
            row = int(self._batch["row"][k])
            port = self._ports[row]
            if port is None or port.number != self.connections[row]:
                if port is not None:
                    port.close()
                port = self._ports[row] = Port(from_words(self._batch["address"][k]), self.connections[row])
            port.send(self._batch["data"][k, : int(self._batch["length"][k])].tobytes())


def connect(
    game: Game, host: str, port: int, name: str, *, spawn: tuple[float, float] | None = None, timeout_s: float = 10.0
) -> LivePlayer:
    """A player in the world whose gateway, or the zone whose front door, is at host and port; use it in a `with` block.

    It is in the world and ready. `spawn` (metres) is a wish that not every server grants. Raises MyriadError if there
    is no such server, it refuses, or the player is not in the world within `timeout_s`.
    """
    gateway = Gateway(host, port)
    num_zones = _zones_of_world(gateway)
    way_in: WayIn
    if num_zones:
        game = game.for_world(num_zones)
        way_in = WorldWayIn(gateway, name, spawn, timeout_s)
    else:
        gateway.close()
        way_in = ZoneWayIn(FrontDoor(host, port), name, spawn)
    player = LivePlayer(game, way_in, name)
    if not player.wait_until(lambda: player.ready, timeout_s):
        player.close()
        raise MyriadError(f"{gateway} gave a token, but the zone does not answer by UDP")
    return player


def _zones_of_world(gateway: Gateway) -> int:
    """How many zones the world has, 0 if this is a single zone's front door. Raises FrontDoorError."""
    try:
        return len(gateway.world()["zones"])
    except KeyError:
        return 0
    except FrontDoorError as error:
        if error.status == 404:
            return 0
        raise
