"""A relay between browsers that only write down what they hear and one zone's netcode server; time is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from myriad.cluster.requests import Directory, HostId, LeaseRow, ZoneKey, ZoneLoad
from myriad.core.settings import Settings
from myriad.netcode.addresses import Endpoint
from myriad.web.gateway.addresses import parse_prefixes
from myriad.web.relay.limits import RelayLimits, limits_of
from myriad.web.relay.messages import STATE
from myriad.web.relay.player import Player
from myriad.web.relay.relay import Relay
from myriad.web.relay.routes import Routes
from myriad.wire.datagram import Batch
from tests.protocol.netcode_pair import MS, OWN, PROTOCOL_ID, Datagram, Pair, client_endpoint, from_batch

HOST = HostId("host", "machine", 1)
SNAPSHOT = bytes([2]) + bytes(8)
CONTROL = bytes([3]) + bytes(8)
PEER = "198.18.0.7"


def directory(*endpoints: str) -> Directory:
    load = ZoneLoad()
    rows = [
        LeaseRow(ZoneKey(f"zone-{number}"), 1, HOST, endpoint, b"", PROTOCOL_ID, 0, 100, load)
        for number, endpoint in enumerate(endpoints, 1)
    ]
    return Directory(tuple(rows), 0)


class FakeWire:
    """A browser's WebSocket."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed: int | None = None

    def send(self, message: bytes | memoryview) -> None:
        self.heard.append(bytes(message))

    def close(self, code: int) -> None:
        self.closed = code

    @property
    def states(self) -> list[tuple[int, int, int]]:
        """(row, state, reason) of each STATE."""
        return [(one[1], one[2], one[3] - 256 if one[3] > 127 else one[3]) for one in self.heard if one[0] == STATE]

    @property
    def payloads(self) -> list[tuple[int, bytes]]:
        """(row, payload) of each DATA."""
        return [(one[1], one[2:]) for one in self.heard if one[0] != STATE]


class FakePorts:
    """UDP ports that write down what is sent."""

    def __init__(self) -> None:
        self.dialled: dict[int, Endpoint] = {}
        self.sent: list[Datagram] = []
        self.refuses = False

    def dial(self, row: int, server: Endpoint) -> bool:
        if not self.refuses:
            self.dialled[row] = server
        return not self.refuses

    def hang_up(self, row: int) -> None:
        self.dialled.pop(row, None)

    def send(self, batch: Batch, count: int) -> int:
        for i in range(count):
            (datagram,) = from_batch(batch[i : i + 1], 1)
            self.sent.append(datagram._replace(target=self.dialled[int(batch["row"][i])]))
        return count


class Town:
    """See above."""

    def __init__(self, exempt: tuple[str, ...] = (f"{PEER}/32",), **limits: int) -> None:
        self.zone = Pair(0)
        self.zone.network = self._carry
        self._answers: list[Datagram] = []
        self.ports = FakePorts()
        chosen: RelayLimits = limits_of(Settings())._replace(players=4, **limits)  # type: ignore[arg-type]
        self.relay = Relay(chosen, Routes(()), PROTOCOL_ID, self.ports, parse_prefixes(exempt))
        self.read(str(OWN))

    @property
    def now_ns(self) -> int:
        return self.zone.now_ns

    def read(self, *endpoints: str) -> None:
        """The directory names these."""
        self.relay.set_directory(directory(*endpoints), self.now_ns)

    def enter(self, peer: str = PEER) -> tuple[Player, FakeWire]:
        """A browser comes."""
        wire = FakeWire()
        player = self.relay.enter(wire, peer, None, self.now_ns)
        assert player is not None
        return player, wire

    def say(self, player: Player, message: bytes) -> None:
        self.relay.take(player, memoryview(message), self.now_ns)

    def open(self, player: Player, row: int = 0, token: bytes | None = None) -> None:
        self.say(player, bytes([0, row]) + (self.zone.token() if token is None else token))

    def connect(self, row: int = 0) -> tuple[Player, FakeWire]:
        """A browser comes and is connected."""
        player, wire = self.enter()
        self.open(player, row)
        self.pass_time(0.3)
        assert (row, 2, 3) in wire.states
        return player, wire

    def pass_time(self, seconds: float) -> None:
        """In steps of 16 ms, in which the zone hears what was sent and answers."""
        for _ in range(round(seconds / 0.016)):
            self.relay.step(self.now_ns)
            self.zone.to_server += [datagram for datagram in self.take_sent() if datagram.target == OWN]
            self.zone.step()
            self.hear(*self._take_answers())

    def take_sent(self) -> list[Datagram]:
        self.relay.flush(self.now_ns)
        sent, self.ports.sent = self.ports.sent, []
        return sent

    def from_zone(self, payload: bytes, row: int = 0) -> None:
        """The zone sends a payload to its client number `row`."""
        self.hear(*self.zone.from_server(payload, row))

    def hear(self, *datagrams: Datagram) -> None:
        """These come to the relay's ports."""
        rows = {client_endpoint(row): row for row in range(len(self.relay.arrays.seen))}
        incoming = self.relay.incoming
        for i, datagram in enumerate(datagrams):
            incoming["data"][i, : len(datagram.data)] = np.frombuffer(datagram.data, np.uint8)
            incoming["length"][i] = len(datagram.data)
            incoming["row"][i] = rows[datagram.target]
        self.relay.receive(len(datagrams), self.now_ns)

    def _carry(self, datagram: Datagram) -> Iterable[Datagram]:
        if datagram.source != OWN:
            return [datagram]
        self._answers.append(datagram)
        return []

    def _take_answers(self) -> list[Datagram]:
        answers, self._answers = self._answers, []
        return answers


__all__ = ["CONTROL", "MS", "OWN", "SNAPSHOT", "FakeWire", "Town", "directory"]
