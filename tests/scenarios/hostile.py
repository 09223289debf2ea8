"""Clients that keep every key and no rule: any bytes, sealed as an honest client would, against a real zone.

`Hostile` is a `Stepper` whose clients can also send what they like, and which keeps the plain text of everything that
the zone sent to each of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from myriad.client.receiving import NOTHING, receive_datagram
from myriad.core.settings import Settings
from myriad.netcode.client import client_payload_offset, client_seal
from myriad.netcode.packets import TAG_BYTES
from myriad.wire.datagram import new_batch
from myriad.wire.layouts import CHANNEL_CHAT, KIND_CONTROL, KIND_INPUT
from tests.scenarios.stepper import RECEIVE_BATCH, SERVER_WORDS, WALL_S, Stepper, Weather, put

PLACE = (500.0, 500.0)
RELIABLE = 0x10


@dataclass(frozen=True)
class Entry:
    """One entry of an input packet; the defaults run east."""

    ticks: int = 1
    buttons: int = 1
    direction: int = 0
    magnitude: int = 255
    heading: int = 0
    intent: int = 0
    argument: int = 0

    def packed(self) -> bytes:
        head = struct.pack(
            "<BBBHBB", self.buttons, self.direction, self.magnitude, self.heading, self.ticks, self.intent
        )
        return head + (struct.pack("<I", self.argument) if self.intent else b"")


def input_body(
    newest: int,
    entries: Iterable[Entry] = (),
    *,
    render_back: int = 0,
    nacks: Iterable[tuple[int, int, int, int]] = (),
    whois: Iterable[int] = (),
) -> bytes:
    """The body of an input packet, whose counts say what is in it."""
    rows, keys, ids = list(entries), list(nacks), list(whois)
    return b"".join(
        (
            struct.pack("<IBB", newest & 0xFFFFFFFF, render_back, len(rows)),
            *(row.packed() for row in rows),
            bytes([len(keys)]),
            *(struct.pack("<hhBB", *key) for key in keys),
            bytes([len(ids)]),
            *(struct.pack("<I", i) for i in ids),
        )
    )


def block(acks: Iterable[tuple[int, int]] = (), fragments: Iterable[tuple[int, int, int, bytes]] = ()) -> bytes:
    """A reliable block: acks (channel, next expected), fragments (channel, more, id, bytes)."""
    confirmed, sent = list(acks), list(fragments)
    return b"".join(
        (
            bytes([len(confirmed)]),
            *(struct.pack("<BH", *ack) for ack in confirmed),
            bytes([len(sent)]),
            *(struct.pack("<BHH", c | more << 7, number, len(data)) + data for c, more, number, data in sent),
        )
    )


def small_settings(**changed: Any) -> Settings:
    """A zone with few rows, so that whole arrays compare fast."""
    return Settings(**{"npcs": 0, "seed": 1, "max_connections": 16, "max_players": 16, "max_entities": 512, **changed})


class Hostile(Stepper):
    """A `Stepper` with clients that can send anything."""

    def __init__(
        self,
        number: int,
        *,
        seed: int = 1,
        npcs: int = 0,
        weather: Weather | None = None,
        settings: Settings | None = None,
    ) -> None:
        chosen = settings or small_settings(npcs=npcs)
        super().__init__(number, seed=seed, npcs=npcs, weather=weather or Weather(), settings=chosen)
        self.number = number
        self.received: list[tuple[int, bytes]] = []
        """(client, plain payload) of everything that the zone sent, in order of arrival."""
        self.mute: set[int] = set()
        """Clients that send nothing by themselves."""
        self._forged = new_batch(RECEIVE_BATCH)
        self._scratch = new_batch(1)

    def drops(self) -> dict[str, int]:
        found = self.zone.status()["drops"]
        assert isinstance(found, dict)
        return found

    def sealed(self, row: int, payload: bytes) -> bytes:
        """`payload` (1..1200 bytes) as client `row`'s next encrypted packet."""
        net, batch = self.clients.net, self._scratch
        at = int(client_payload_offset(net, row))
        batch["data"][0, at : at + len(payload)] = np.frombuffer(payload, np.uint8)
        client_seal(net, row, batch, 0, len(payload), self.now_ns)
        return batch["data"][0, : batch["length"][0]].tobytes()

    def header(self, row: int, kind: int, *, ack: int = 0xFFFF, ack_bits: int = 0) -> bytes:
        """An inner header with the client's next sequence."""
        acks = self.clients.acks
        sequence = int(acks["next_sequence"][row])
        acks["next_sequence"][row] = (sequence + 1) & 0xFFFF
        return struct.pack("<BHHI", kind, sequence, ack, ack_bits)

    def strike(self, payloads: Iterable[tuple[int, bytes]]) -> int:
        """Put payloads of clients to the zone, now and whole; returns how many."""
        return self.throw((row, self.sealed(row, payload)) for row, payload in payloads)

    def throw(self, datagrams: Iterable[tuple[int, bytes]]) -> int:
        """Put datagrams from clients' addresses to the zone, now; returns how many."""
        count = total = 0
        for row, raw in datagrams:
            put(self._forged, count, raw, self._addresses[row])
            count += 1
            if count == RECEIVE_BATCH:
                self._give(count)
                total, count = total + count, 0
        self._give(count)
        return total + count

    def send_input(self, row: int, body: bytes) -> None:
        self.strike([(row, self.header(row, KIND_INPUT) + body)])

    def send_fragments(self, row: int, first: int, texts: Iterable[bytes]) -> int:
        """Chat messages of one fragment each, ids from `first`, in as few payloads as they fit in."""
        waiting = [(CHANNEL_CHAT, 0, (first + k) & 0xFFFF, text) for k, text in enumerate(texts)]
        payloads = []
        while waiting:
            size, count = 2, 0
            while count < min(len(waiting), 255) and size + 5 + len(waiting[count][3]) <= 1190:
                size += 5 + len(waiting[count][3])
                count += 1
            payloads.append((row, self.header(row, KIND_CONTROL | RELIABLE) + block(fragments=waiting[:count])))
            waiting = waiting[count:]
        return self.strike(payloads)

    def _give(self, count: int) -> None:
        if count:
            self.zone.receive(self._forged, count, self.now_ns, WALL_S + self.ticks // 60)

    def _send_up(self, row: int, used: int) -> None:
        if row not in self.mute:
            super()._send_up(row, used)

    def _deliver_down(self) -> None:
        batch, count = self.zone.outgoing
        for i in range(count):
            row = self._rows[tuple(int(word) for word in batch["address"][i])]
            raw = batch["data"][i, : batch["length"][i]].tobytes()
            self.sent_bytes += len(raw)
            self.largest_datagram = max(self.largest_datagram, len(raw))
            self._fly(False, row, raw)
        for row, raw in self._arrived(False):
            put(self._in, 0, raw, SERVER_WORDS)
            if receive_datagram(self.clients, row, self._in, 0, self.now_ns) != NOTHING:
                start = 1 + (raw[0] >> 4)
                self.received.append((row, self._in["data"][0, start : len(raw) - TAG_BYTES].tobytes()))
            if self.clients.reliable.state["num_inbox"][0]:
                self.heard += [(m.row, m.data) for m in self.inbox.take() if m.channel == CHANNEL_CHAT]


PER_CONNECTION = frozenset({"server.connections", "server.user_data", "acks", "reliable.channels", "viewers.rows",
                            "queues", "sessions"})  # fmt: skip
SHARED = frozenset(
    {
        "server.drops",  # what is counted
        "payloads", "acked", "received", "payload",  # scratch of one call
        "reliable.state", "reliable.inbox", "reliable.slab", "reliable.free",  # checked by `assert_slab_is_whole`
        "viewers.counters",
    }
)  # fmt: skip
"""What any client's packet may change outside its own rows."""


def leaves(arrays: Any, prefix: str = "") -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Every array of a tuple of (tuples of) arrays, by its dotted name."""
    for name, value in arrays._asdict().items():
        if isinstance(value, tuple):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def state_of_others(run: Stepper, connection: int) -> dict[str, bytes]:
    """The bytes of all arrays of the zone that a packet from `connection` has no business with."""
    found = {}
    for name, array in leaves(run.zone.arrays):
        if name in SHARED or name in ("world.entity_words", "world.entity_bytes"):  # views of the entities
            continue
        raw = np.ascontiguousarray(array).view(np.uint8)
        if name in PER_CONNECTION:
            raw = np.delete(raw.reshape(len(array), -1), connection, axis=0)
        found[name] = raw.tobytes()
    return found


def assert_slab_is_whole(run: Stepper) -> None:
    """Each fragment's slot is referred to as often as it says, and free exactly when by nobody."""
    reliable = run.zone.arrays.reliable
    references = np.zeros(len(reliable.slab), np.int64)
    for queue in reliable.channels.reshape(-1):
        number, end = int(queue["first"]), int(queue["next"])
        while number != end:
            references[queue["slots"][number % 64]] += 1
            number = (number + 1) & 0xFFFF
    assert np.array_equal(references, reliable.slab["references"])
    free = reliable.free[: int(reliable.state["num_free"][0])]
    assert sorted(free) == list(np.flatnonzero(references == 0))
