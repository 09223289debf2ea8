"""One netcode server and some clients, joined by a network that a test scripts datagram by datagram."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from myriad.core.errors import DROP_REASONS
from myriad.netcode import client, client_arrays, server, server_arrays, tokens
from myriad.netcode.addresses import Endpoint, from_words, parse_endpoint, to_words
from myriad.wire.datagram import Batch, new_batch

PROTOCOL_ID = 0x4D59_5249_4144_0001
PRIVATE_KEY = bytes(range(32))
OWN = parse_endpoint("203.0.113.5:1337")
START_S = 1_800_000_000
MS = 1_000_000
TICK_NS = 16 * MS


class Datagram(NamedTuple):
    """One datagram on its way: who sent it, to whom, and its bytes."""

    source: Endpoint
    target: Endpoint
    data: bytes


Network = Callable[[Datagram], Iterable[Datagram]]


def straight(datagram: Datagram) -> Iterable[Datagram]:
    """The perfect network."""
    return (datagram,)


def to_batch(datagrams: list[Datagram]) -> Batch:
    batch = new_batch(max(1, len(datagrams)))
    for i, datagram in enumerate(datagrams):
        used = min(len(datagram.data), batch["data"].shape[1])
        batch["data"][i, :used] = np.frombuffer(datagram.data[:used], np.uint8)
        batch["length"][i] = len(datagram.data)
        batch["address"][i] = to_words(datagram.source)
    return batch


def from_batch(batch: Batch, count: int, source: Endpoint | None = None) -> list[Datagram]:
    """The first `count` datagrams as sent by `source`, or each by the client of its row."""
    found = []
    for i in range(count):
        data = batch["data"][i, : batch["length"][i]].tobytes()
        sender = source if source is not None else client_endpoint(int(batch["row"][i]))
        found.append(Datagram(sender, from_words(batch["address"][i]), data))
    return found


def client_endpoint(row: int) -> Endpoint:
    return parse_endpoint(f"198.51.{100 + row // 200}.{1 + row % 200}:{40000 + row}")


class Pair:
    """The server, `num_clients` clients, a clock moved by hand, and everything deterministic from `seed`."""

    def __init__(
        self,
        num_clients: int = 1,
        seed: int = 1,
        limits: server_arrays.ServerLimits | None = None,
        exempt: tuple[str, ...] = (),
    ) -> None:
        self.random = random.Random(seed)
        print("seed", seed)
        if limits is None:
            limits = server_arrays.ServerLimits(max_clients=8, max_pending=8, max_tokens=64)
        self.arrays = server_arrays.new_server(
            private_key=PRIVATE_KEY,
            protocol_id=PROTOCOL_ID,
            own=(parse_endpoint("[2001:db8::5]:1337"), OWN),
            random_bytes=self.random.randbytes(server_arrays.SERVER_RANDOM_BYTES),
            limits=limits,
            exempt=exempt,
        )
        self.server = server.Server(self.arrays)
        self.clients = client_arrays.new_clients(max(1, num_clients), PROTOCOL_ID)
        self.num_clients = num_clients
        self.now_ns = 1_000 * MS
        self.start_ns = self.now_ns
        self.changes: list[server.Joined | server.Left] = []
        self.network: Network = straight
        self.to_server: list[Datagram] = []
        self.to_clients: list[Datagram] = []
        self.server_got: list[tuple[int, bytes]] = []
        self.client_got: list[tuple[int, bytes]] = []

    @property
    def wall_s(self) -> int:
        return START_S + (self.now_ns - self.start_ns) // 1_000_000_000

    def token(
        self,
        servers: tuple[Endpoint, ...] = (OWN,),
        life_s: int = 45,
        timeout_s: int = 8,
        private_key: bytes = PRIVATE_KEY,
        client_id: int | None = None,
        user_data: bytes | None = None,
    ) -> bytes:
        randomness = self.random.randbytes(tokens.RANDOM_BYTES)
        if client_id is not None:
            randomness = client_id.to_bytes(8, "little") + randomness[8:]
        return tokens.make_token(
            private_key=private_key,
            protocol_id=PROTOCOL_ID,
            now_s=self.wall_s,
            life_s=life_s,
            timeout_s=timeout_s,
            servers=servers,
            user_data=self.random.randbytes(256) if user_data is None else user_data,
            random_bytes=randomness,
        )

    def start(self, row: int = 0, token: bytes | None = None) -> bytes:
        token = self.token() if token is None else token
        client_arrays.start_client(self.clients, row, token, self.now_ns)
        return token

    def request(self, token: bytes, source: Endpoint) -> Datagram:
        return Datagram(source, OWN, tokens.request_packet(tokens.read_token(token)))

    def state(self, row: int = 0) -> int:
        return int(self.clients.clients["state"][row])

    def give_server(self, *datagrams: Datagram) -> list[Datagram]:
        """The server receives these: what it answers at once. Payloads are kept in `server_got`."""
        batch = to_batch(list(datagrams))
        payloads = np.zeros(len(batch), server_arrays.PAYLOAD_RECORD)
        count = server.receive(self.arrays, batch, len(datagrams), self.now_ns, self.wall_s, payloads)
        for record in payloads[:count]:
            at = int(record["offset"])
            data = batch["data"][record["datagram"], at : at + int(record["length"])]
            self.server_got.append((int(record["row"]), data.tobytes()))
        replies, num_replies = self.server.take_replies()
        return from_batch(replies, num_replies, OWN)

    def give_client(self, row: int, *datagrams: Datagram) -> None:
        batch = to_batch(list(datagrams))
        for i in range(len(datagrams)):
            at = client.client_receive(self.clients, row, batch, i, self.now_ns)
            if at > 0:
                data = batch["data"][i, at : int(batch["length"][i]) - 16]
                self.client_got.append((row, data.tobytes()))

    def from_client(self, payload: bytes, row: int = 0) -> Datagram:
        """The client's next payload packet."""
        batch = new_batch(1)
        at = client.client_payload_offset(self.clients, row)
        batch["data"][0, at : at + len(payload)] = np.frombuffer(payload, np.uint8)
        client.client_seal(self.clients, row, batch, 0, len(payload), self.now_ns)
        return from_batch(batch, 1)[0]

    def from_server(self, payload: bytes, row: int = 0) -> list[Datagram]:
        """The server's next payload packet to that row, with a keep-alive before it to an unconfirmed client."""
        batch = new_batch(2)
        i = server.confirm(self.arrays, batch, 0, row, self.now_ns)
        at = server.payload_offset(self.arrays, row)
        batch["data"][i, at : at + len(payload)] = np.frombuffer(payload, np.uint8)
        server.seal(self.arrays, batch, i, row, len(payload), self.now_ns)
        return from_batch(batch, i + 1, OWN)

    def step(self, ticks: int = 1) -> None:
        """Time passes: both ends poll, and the network carries what they say."""
        for _ in range(ticks):
            self.now_ns += TICK_NS
            out = new_batch(256)
            used = client.client_poll(self.clients, 0, self.num_clients, self.now_ns, out, 0)
            self._carry(from_batch(out, used))
            used = server.poll(self.arrays, self.now_ns, self.wall_s, out, 0)
            self._carry(from_batch(out, used, OWN))
            arrived, self.to_server = self.to_server, []
            self._carry(self.give_server(*arrived))
            arrived, self.to_clients = self.to_clients, []
            rows = {client_endpoint(row): row for row in range(self.num_clients)}
            for datagram in arrived:
                self.give_client(rows[datagram.target], datagram)
            self.changes += self.server.take_changes()

    def _carry(self, datagrams: list[Datagram]) -> None:
        for sent in datagrams:
            for datagram in self.network(sent):
                if datagram.target == OWN:
                    self.to_server.append(datagram)
                elif datagram.source == OWN:
                    self.to_clients.append(datagram)

    def connect(self, row: int = 0) -> None:
        """Start that client with a fresh token and step until it is connected at both ends."""
        self.start(row)
        for _ in range(40):
            self.step()
            if self.state(row) == client_arrays.CLIENT_CONNECTED:
                break
        self.step(8)
        assert self.state(row) == client_arrays.CLIENT_CONNECTED

    def server_state(self, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
        """The bytes of all server arrays but the drop counters, replies, the clock, and the fields named."""
        found = {}
        for name, array in self.arrays._asdict().items():
            if name == "state":
                found.update(
                    {f"state.{field}": array[field].tobytes() for field in array.dtype.names if field != "wall_s"}
                )
            elif name not in ("drops", "replies"):
                found[name] = array.tobytes()
        return {name: data for name, data in found.items() if name not in but}

    def client_state(self) -> dict[str, bytes]:
        return {name: array.tobytes() for name, array in self.clients._asdict().items() if name != "drops"}

    def drops(self) -> dict[str, int]:
        """The server's drop counters that are not zero, by name."""
        return {DROP_REASONS[i].name: int(n) for i, n in enumerate(self.arrays.drops) if n}

    def client_drops(self) -> dict[str, int]:
        return {DROP_REASONS[i].name: int(n) for i, n in enumerate(self.clients.drops) if n}
