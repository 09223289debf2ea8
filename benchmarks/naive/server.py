"""Two game servers as a good Python developer writes them first: the yardsticks that `myriad bench` compares with.

    .venv/bin/python -m benchmarks.naive.server --kind everyone     # the whole state, packed once, sent to all
    .venv/bin/python -m benchmarks.naive.server --kind nearby       # its better sister: 100 m of interest per client

asyncio with one UDP socket, NumPy state, a fixed tick of 20 Hz. Players send inputs; one that is silent for five
seconds is gone. No encryption, no loss recovery, no game rules but walking, no storage: all of that would cost more.

One datagram cannot hold more than 65,507 bytes, and above 1,200 it is cut into pieces on most networks and lost as a
whole with any of them; so an update is as many datagrams of at most 1,200 bytes as it takes.

Responsible for: the two ways of telling players what there is. Not here: what there is (`state.py`), players
(`clients.py`), measuring (`measure.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.naive.state import ENTITY, SIDE_M, TICK_HZ, State

JOIN: Final = struct.Struct("<Bff")
"""1, where: x and y in metres."""
INPUT: Final = struct.Struct("<BIffB")
"""2, its number, direction x and y, state."""
UPDATE: Final = struct.Struct("<IIBB")
"""Tick, number of the newest input (0 where all are told the same), this datagram's number, how many datagrams."""

TYPE_JOIN, TYPE_INPUT, TYPE_LEAVE = 1, 2, 3
MAX_PAYLOAD: Final = 1200
RECORDS: Final = (MAX_PAYLOAD - UPDATE.size) // ENTITY.itemsize
SILENCE_S: Final = 5.0
RECEIVE_BUFFER: Final = 4 << 20
CELL_M: Final = 100.0
CELLS: Final = int(SIDE_M / CELL_M)

Address = tuple[str, int]


class Client:
    """One player's connection."""

    __slots__ = ("address", "heard_s", "row", "sequence")

    def __init__(self, address: Address, row: int, now_s: float) -> None:
        self.address = address
        self.row = row
        self.sequence = 0
        self.heard_s = now_s


class NaiveServer(ABC, asyncio.DatagramProtocol):
    """Everything but what is sent."""

    def __init__(self, npcs: int, max_players: int) -> None:
        self.state = State(npcs, max_players)
        self.clients: dict[Address, Client] = {}
        self.tick = 0
        self._by_row: dict[int, Client] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: Address) -> None:
        now_s = asyncio.get_running_loop().time()
        client = self.clients.get(address)
        if client is None:
            if len(data) == JOIN.size and data[0] == TYPE_JOIN and self.state.count < len(self.state.rows):
                _, x, y = JOIN.unpack(data)
                client = Client(address, self.state.add_player(x, y), now_s)
                self.clients[address] = self._by_row[client.row] = client
        elif len(data) == INPUT.size and data[0] == TYPE_INPUT:
            _, sequence, dx, dy, state = INPUT.unpack(data)
            if sequence > client.sequence:
                client.sequence, client.heard_s = sequence, now_s
                self.state.steer(client.row, dx, dy, state)
        elif len(data) == 1 and data[0] == TYPE_LEAVE:
            self._forget(client)

    async def run(self) -> None:
        """Ticks until it is cancelled; after a tick that took too long the next one follows at once."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            self.tick += 1
            self._drop_silent(loop.time())
            self.state.step()
            self.send()
            next_s = max(next_s + 1 / TICK_HZ, loop.time() - 1 / TICK_HZ)
            await asyncio.sleep(max(next_s - loop.time(), 0))

    @abstractmethod
    def send(self) -> None:
        """Tells everybody what there is."""

    def give(self, payload: bytes, address: Address) -> None:
        """One datagram."""
        assert self._transport is not None
        self._transport.sendto(payload, address)

    def close(self) -> None:
        """No more datagrams."""
        if self._transport is not None:
            self._transport.close()

    def _drop_silent(self, now_s: float) -> None:
        for client in [one for one in self.clients.values() if now_s - one.heard_s > SILENCE_S]:
            self._forget(client)

    def _forget(self, client: Client) -> None:
        moved = self._by_row.pop(self.state.remove_player(client.row))
        if moved is not client:
            moved.row = client.row
            self._by_row[moved.row] = moved
        del self.clients[client.address]


def datagrams(body: bytes, tick: int, sequence: int) -> Iterator[bytes]:
    """Whole records of `body` behind heads; one datagram at least."""
    room = RECORDS * ENTITY.itemsize
    parts = max(-(-len(body) // room), 1)
    for part in range(parts):
        yield UPDATE.pack(tick, sequence, part, parts) + body[part * room : (part + 1) * room]


class Everyone(NaiveServer):
    """The whole state is packed once and sent to all."""

    def send(self) -> None:
        payloads = list(datagrams(self.state.entities.tobytes(), self.tick, 0))
        for address in self.clients:
            for payload in payloads:
                self.give(payload, address)


class Nearby(NaiveServer):
    """Each client is sent the entities of its cell of 100 m and of the eight around it."""

    def send(self) -> None:
        here = self.state.entities
        column = np.minimum(here["x"] // CELL_M, CELLS - 1).astype(np.intp)
        line = np.minimum(here["y"] // CELL_M, CELLS - 1).astype(np.intp)
        cell = line * CELLS + column
        order = np.argsort(cell, kind="stable")
        records = here[order].tobytes()
        first = (np.searchsorted(cell[order], np.arange(CELLS * CELLS + 1)) * ENTITY.itemsize).tolist()
        columns, lines = column.tolist(), line.tolist()
        for client in self.clients.values():
            west, east = max(columns[client.row] - 1, 0), min(columns[client.row] + 2, CELLS)
            south, north = max(lines[client.row] - 1, 0), min(lines[client.row] + 2, CELLS)
            body = b"".join(
                [records[first[k * CELLS + west] : first[k * CELLS + east]] for k in range(south, north)]
            )  # cells of a line lie side by side
            for payload in datagrams(body, self.tick, client.sequence):
                self.give(payload, client.address)


KINDS: Final[dict[str, type[NaiveServer]]] = {"everyone": Everyone, "nearby": Nearby}


async def open_server(kind: str, npcs: int, max_players: int, port: int) -> tuple[NaiveServer, Address]:
    """A server that listens on loopback and does not tick yet, and its address."""
    server = KINDS[kind](npcs, max_players)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", port))
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return server, transport.get_extra_info("sockname")


async def _serve(options: argparse.Namespace) -> None:
    server, address = await open_server(options.kind, options.npcs, options.max_players, options.port)
    print(f"{options.kind} listens on {address[0]}:{address[1]}", flush=True)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await server.run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="everyone")
    parser.add_argument("--npcs", type=int, default=500)
    parser.add_argument("--max-players", type=int, default=8000)
    parser.add_argument("--port", type=int, default=0)
    try:
        asyncio.run(_serve(parser.parse_args()))
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    main()
