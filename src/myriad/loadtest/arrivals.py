"""Getting players in: logins over HTTP, handshakes spread over time.

Responsible for: tokens for every client, many by one request where the server allows it, and letting clients begin at a
pace that a zone's handshake budget holds.
Not here: the handshake itself (`netcode/`).

Invariant: a token is used soon after it was made (tokens live 45 s), so logins go on while earlier clients connect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from myriad.loadtest.places import Places
from myriad.runtime.login import FrontDoor, FrontDoorError, Grant

LOGINS_PER_REQUEST = 50
HANDSHAKES_PER_S = 200


def names_of(first: int, count: int, seed: int) -> list[str]:
    """Names of clients, distinct within a run."""
    return [f"bot-{seed % 10000}-{row}" for row in range(first, first + count)]


class Arrivals:
    """Logs clients in, in order."""

    def __init__(self, host: str, port: int, places: Places, seed: int, at_once: int) -> None:
        self._host = host
        self._port = port
        self._places = places
        self._seed = seed
        self._at_once = at_once
        self._many_allowed = True
        self.login_ns: list[int] = []
        """How long each request took."""

    def first(self) -> Grant:
        """A token for client 0, which also tells zone, protocol and address. Raises FrontDoorError."""
        return self._login(0, 1)

    def all(self) -> Iterator[tuple[int, bytes]]:
        """(row, token) of every client, logged in as they are taken. Raises FrontDoorError."""
        number = len(self._places.starts)
        row = 0
        while row < number and self._many_allowed:
            count = min(LOGINS_PER_REQUEST, number - row)
            try:
                grant = self._login(row, count)
            except FrontDoorError as error:
                if error.status != 403 or count == 1:
                    raise
                self._many_allowed = False
                break
            yield from zip(range(row, row + count), grant.tokens, strict=True)
            row += count
        if row < number:
            with ThreadPoolExecutor(self._at_once, thread_name_prefix="login") as pool:
                for first in range(row, number, self._at_once):
                    rows = range(first, min(first + self._at_once, number))
                    for one, grant in zip(rows, pool.map(self._login, rows), strict=True):
                        yield one, grant.tokens[0]

    def _login(self, row: int, count: int = 1) -> Grant:
        names = names_of(row, count, self._seed)
        starts = [(float(x), float(y)) for x, y in self._places.starts[row : row + count]]
        door = FrontDoor(self._host, self._port)
        began_ns = time.monotonic_ns()
        try:
            if count > 1:
                grant = door.login_many(names, starts)
            else:
                grant = self._login_one(door, names[0], starts[0])
        finally:
            door.close()
        self.login_ns.append(time.monotonic_ns() - began_ns)
        return grant

    def _login_one(self, door: FrontDoor, name: str, start: tuple[float, float]) -> Grant:
        """With the wished starting point where that is allowed."""
        if self._many_allowed:
            try:
                return door.login(name, start)
            except FrontDoorError as error:
                if error.status != 403:
                    raise
                self._many_allowed = False
        return door.login(name)


def spread_out(
    tokens: Iterator[tuple[int, bytes]],
    begin: Callable[[int, bytes], None],
    until_s: float,
    on_begun: Callable[[], None],
) -> int:
    """Lets clients begin at `HANDSHAKES_PER_S`, until the monotonic clock shows `until_s`; returns how many began."""
    began_s = time.monotonic()
    number = 0
    for row, token in tokens:
        begin(row, token)
        number += 1
        on_begun()
        ahead_s = began_s + number / HANDSHAKES_PER_S - time.monotonic()
        if ahead_s > 0.01:
            time.sleep(ahead_s)
        if time.monotonic() >= until_s:
            break
    return number


def login_times(arrivals: Arrivals) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How long login requests took, nanoseconds."""
    return np.array(arrivals.login_ns, np.int64)
