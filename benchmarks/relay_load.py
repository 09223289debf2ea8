"""Many players through the relay of a running world: what they get, and what that costs the relay.

    make world          # then, beside it:
    python benchmarks/relay_load.py --url http://127.0.0.1:8080 --players 200 --seconds 15

Logs `--players` guests in, opens a WebSocket for each, and plays as the client library does: inputs 20 times a second,
walking about, snapshots decoded and acknowledged. It prints snapshots a second of the slowest and the middle player,
what was malformed, and the relay's CPU in cores over the window, by `process_cpu_seconds_total` of its `/metrics`.
The figure is CPU time, so it says little less on a busy machine, where players then get less.

Fails (exit code 1) if a player gets fewer than `--least-hz` snapshots a second, or the relay takes more than
`--most-cores`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import http.client
import resource
import sys
import time
from functools import partial
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from emberdale.game import GAME
from myriad.client.arrays import new_clients_arrays
from myriad.client.clock import take_due_ticks
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.plain import PlainClients, new_plain_clients, receive_payloads, start_plain, write_payload
from myriad.core.kernel import bare_kernel
from myriad.runtime.login import PlayGrant, gateway_at
from myriad.wire.datagram import DATAGRAM, Batch, new_batch

Numbers = npt.NDArray[np.int64]

INPUT_HZ = 20
AT = 16
SLICES = 10
BATCH = 256
PER_REQUEST = 50


@bare_kernel
def play(plain: PlainClients, first: int, end: int, heading: int, out: Batch, starts: Numbers, now_ns: int) -> int:
    """The next input packet of each connected row from `first` to `end`, in the clear: how many."""
    used = 0
    clients = plain.clients
    for row in range(first, end):
        if clients.net.clients["state"][row] != 3:
            continue
        if clients.sessions["joined"][row] != 0:
            ticks = take_due_ticks(clients.clocks, row, now_ns, int(clients.states["buffer_hint"][row]))
            ticks = min(ticks, room_for_inputs(clients.queues, row))
            direction = (heading + row * 37) & 255
            push_input(clients.queues, row, 0, direction, 255, direction << 8, ticks, 0, 0)
        starts[used] = write_payload(plain, row, out, used, 6, 0, now_ns)
        used += 1
    return used


class Crowd:
    """All players."""

    def __init__(self, grants: list[PlayGrant]) -> None:
        protocol = grants[0].protocol
        arrays = new_clients_arrays(
            len(grants),
            int(protocol["protocol_id"], 16),
            int(protocol["tick_hz"]),
            GAME.own_dtype.itemsize,
            GAME.private_dtype.itemsize,
        )
        self.grants = grants
        self.plain = new_plain_clients(arrays)
        self.sockets: list[WSTransport | None] = [None] * len(grants)
        self.ended = 0
        self.malformed = 0
        self._into = new_batch(BATCH)
        self._out = new_batch(len(grants))
        self._starts = np.zeros(len(grants), np.int64)
        self._memory = self._into.view(np.uint8).reshape(-1).data
        self._num_waiting = 0
        self._slice = 0
        assert DATAGRAM.fields is not None
        self._data_at = int(DATAGRAM.fields["data"][1])
        self.take_all()  # compiles
        play(self.plain, 0, 0, 0, self._out, self._starts, 1)

    def put(self, row: int, payload: memoryview) -> None:
        """A payload came."""
        if self._num_waiting == BATCH:
            self.take_all()
        k = self._num_waiting
        at = k * DATAGRAM.itemsize + self._data_at + AT
        self._memory[at : at + len(payload)] = payload
        self._into["row"][k] = row
        self._into["length"][k] = len(payload)
        self._num_waiting = k + 1
        if k == 0:
            asyncio.get_running_loop().call_soon(self.take_all)

    def take_all(self) -> None:
        """All that came."""
        count, self._num_waiting = self._num_waiting, 0
        self.malformed += receive_payloads(self.plain, self._into, count, AT, time.monotonic_ns())
        self.plain.clients.reliable.state["num_inbox"][0] = 0
        self.plain.clients.num_names[0] = 0

    async def play(self, until_s: float) -> None:
        """Inputs of a slice of the players at a time, evenly."""
        due_s = time.monotonic()
        while due_s < until_s:
            due_s += 1 / (INPUT_HZ * SLICES)
            await asyncio.sleep(max(due_s - time.monotonic(), 0))
            self._slice = (self._slice + 1) % SLICES
            size = -(-len(self.grants) // SLICES)
            first = self._slice * size
            heading = int(time.monotonic() * 40)
            end = min(first + size, len(self.grants))
            count = play(self.plain, first, end, heading, self._out, self._starts, time.monotonic_ns())
            for i in range(count):
                start = int(self._starts[i])
                socket = self.sockets[int(self._out["row"][i])]
                if socket is not None:
                    payload = self._out["data"][i, start : start + int(self._out["length"][i])].tobytes()
                    socket.send(WSMsgType.BINARY, b"\1\0" + payload)

    @property
    def joined(self) -> int:
        """How many the world said welcome to."""
        return int(self.plain.clients.sessions["joined"].sum())

    @property
    def snapshots(self) -> Numbers:
        """So far, by player."""
        counts: Numbers = self.plain.clients.states["num_snapshots"].astype(np.int64)
        return counts


class Browser(WSListener):
    """One player's WebSocket."""

    def __init__(self, crowd: Crowd, row: int) -> None:
        self._crowd = crowd
        self._row = row

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Asks for the connection."""
        self._crowd.sockets[self._row] = transport
        transport.send(WSMsgType.BINARY, b"\0\0" + self._crowd.grants[self._row].token)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A state or a payload."""
        if frame.msg_type != WSMsgType.BINARY:
            return
        message = frame.get_payload_as_memoryview()
        if message[0] == 1:
            self._crowd.put(self._row, message[2:])
        elif message[2] == 2:
            start_plain(self._crowd.plain, self._row, time.monotonic_ns())
        elif message[2] == 3:
            self._crowd.ended += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Gone."""
        self._crowd.sockets[self._row] = None


def enter(url: str, players: int) -> tuple[list[PlayGrant], str]:
    """Tokens, and the relay's address."""
    gateway = gateway_at(url)
    relay = str(gateway.world()["relay"])
    rng = np.random.default_rng(1)
    x, y = GAME.read_map(GAME.zones[0], 60).spawn_points[0]
    grants: list[PlayGrant] = []
    for first in range(0, players, PER_REQUEST):
        names = [f"relayed{number}" for number in range(first, min(first + PER_REQUEST, players))]
        spawns = [(float(x + dx), float(y + dy)) for dx, dy in rng.uniform(-60, 60, (len(names), 2))]
        waiting = dict(zip(names, spawns, strict=True))
        while waiting:
            for answer in gateway.play_many(list(waiting), list(waiting.values())):
                if isinstance(answer, PlayGrant):
                    grants.append(answer)
                    del waiting[answer.name]
            time.sleep(0.2 if waiting else 0)
    gateway.close()
    return grants, relay


def relay_cpu_s(relay: str) -> tuple[float, float]:
    """CPU seconds by its `/metrics`, and when that was."""
    parts = urlsplit(relay)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    now_s = time.monotonic()
    connection.close()
    name = "process_cpu_seconds_total "
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name)), now_s


async def run(options: argparse.Namespace) -> int:
    """Everything."""
    loop = asyncio.get_running_loop()
    grants, relay = enter(options.url, options.players)
    crowd = Crowd(grants)
    for row in range(len(grants)):
        await ws_connect(partial(Browser, crowd, row), relay)
    await crowd.play(time.monotonic() + 3)
    print(f"{crowd.joined} of {len(grants)} players are in the world", flush=True)
    gc.collect()
    gc.freeze()
    cpu_s, cpu_at_s = await loop.run_in_executor(None, relay_cpu_s, relay)
    before, own_s, began_s = crowd.snapshots, time.process_time(), time.monotonic()
    await crowd.play(began_s + options.seconds)
    seconds = time.monotonic() - began_s
    rates = (crowd.snapshots - before) / seconds
    cpu_after_s, cpu_after_at_s = await loop.run_in_executor(None, relay_cpu_s, relay)
    cores = (cpu_after_s - cpu_s) / (cpu_after_at_s - cpu_at_s)
    print(f"snapshots/s: least {rates.min():.1f}, middle {np.median(rates):.1f}; malformed {crowd.malformed}")
    print(f"ended {crowd.ended}; the load itself {(time.process_time() - own_s) / seconds:.2f} cores")
    print(f"relay: {cores:.3f} cores")
    for socket in crowd.sockets:
        if socket is not None:
            socket.disconnect()
    return 0 if rates.min() >= options.least_hz and cores <= options.most_cores else 1


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway")
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--least-hz", type=float, default=0.0)
    parser.add_argument("--most-cores", type=float, default=0.5)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
