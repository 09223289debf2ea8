"""docs/protocol.md suffices: a client written from it alone sees exactly what the zone holds, also under loss."""

from __future__ import annotations

import heapq
import itertools
import struct
from dataclasses import dataclass

import numpy as np

from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.wire.datagram import new_batch
from myriad.wire.layouts import RECORD_BYTES
from tests.reference.document_client import DocumentClient, digest
from tests.scenarios.stepper import SERVER, TICK_NS, WALL_S, Stepper, put

SEED = 11
PLACE = (775.0, 275.0)
"""The middle of a cell, in open country."""
Truth = dict[tuple[int, int, int], set[bytes]]


def records_of(zone_arrays: object) -> Truth:
    """What every part holds, by (cell x, cell y, part), from the columns: quantised here once more, by the page."""
    cells, world = zone_arrays.cells, zone_arrays.world  # type: ignore[attr-defined]
    entities = world.entities
    truth: Truth = {}
    for row in np.flatnonzero(cells.rows["part"] >= 0):
        e = entities[row]
        part = int(cells.rows["part"][row])
        cell = int(cells.parts["cell"][part])
        i, j = int(cells.cells["x"][cell]), int(cells.cells["y"][cell])
        x, y = ((int(e[axis]) - (50 * c - 7) * 1024) // 16 for axis, c in (("qx", i), ("qy", j)))
        hp, most = int(e["hp"]), int(e["max_hp"])
        health = 255 if most == 0 else 0 if hp == 0 else max(1, hp * 255 // most)
        heading = (int(e["heading"]) + 128) // 256 % 256
        record = struct.pack("<I", e["id"]) + (x | y << 12).to_bytes(3, "little")
        record += bytes([heading, health, int(e["state"]), int(e["kind"])])
        truth.setdefault((i, j, int(cells.parts["number"][part])), set()).add(record)
    return truth


@dataclass(frozen=True)
class Link:
    loss: float = 0.0
    duplicate: float = 0.0
    delay_ticks: int = 0
    jitter_ticks: int = 0


class Party:
    """A real zone, and clients written from the document, on a virtual clock."""

    def __init__(self, number: int, npcs: int, link: Link) -> None:
        print(f"seed {SEED}")
        self.rng = np.random.default_rng(SEED)
        self.link = link
        self.zone = Stepper(1, seed=SEED, npcs=npcs).zone
        self.sizes = (GAME.own_dtype.itemsize, GAME.private_dtype.itemsize)
        self.clients = [self._login(f"reader {k}") for k in range(number)]
        self.addresses = [to_words(parse_endpoint(f"127.0.0.1:{30000 + k}")) for k in range(number)]
        self.now_ns, self.ticks = 1_000_000_000, 0
        self.truth: dict[int, Truth] = {}
        self.checked = self.wrong = 0
        self.walk = [(0, 0, 0)] * number
        self.crowd: list[int] = []
        self._flying: list[tuple[int, int, bool, int, bytes]] = []
        self._order = itertools.count()
        self._batch = new_batch(512)

    def _login(self, name: str) -> DocumentClient:
        return DocumentClient(self.zone.login(name, None, PLACE, (SERVER,), WALL_S), *self.sizes)

    def add_crowd(self, number: int) -> None:
        """Players without a connection who walk about near the middle."""
        for k in range(number):
            x, y = (middle + float(self.rng.uniform(-17, 17)) for middle in PLACE)
            row = GAME.spawn_player(self.zone.world, 50_000 + k, -1, f"crowd {k}", x, y)
            assert row >= 0
            self.crowd.append(row)

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.ticks += 1
            self.now_ns += TICK_NS
            self._clients_send()
            self._deliver(True)
            inputs = self.zone.world.inputs
            for row in self.crowd:
                inputs["count"][row] = 1
                inputs["move_dir"][row, 0] = (row * 37 + self.ticks // 600 * 128) & 255
                inputs["move_mag"][row, 0] = 255 if (row + self.ticks // 60) % 3 else 0
            self.zone.tick(self.now_ns) if not self.zone.idle else self.zone.poll(self.now_ns)
            tick = int(self.zone.world.clock["tick"][0])
            if tick % 3 == 0 and tick not in self.truth:
                self.truth[tick] = records_of(self.zone.arrays)
            batch, count = self.zone.outgoing
            for i in range(count):
                to = next(k for k, words in enumerate(self.addresses) if (words == batch["address"][i]).all())
                self._fly(False, to, batch["data"][i, : batch["length"][i]].tobytes())
            self._deliver(False)

    def _clients_send(self) -> None:
        now_s = self.now_ns / 1e9
        for k, client in enumerate(self.clients):
            for datagram in client.poll(now_s):
                self._fly(True, k, datagram)
            if client.welcome:
                buttons, direction, magnitude = self.walk[k]
                client.make_input(buttons=buttons, direction=direction, magnitude=magnitude, heading=direction << 8)
                if (self.ticks + k) % 3 == 0:
                    self._fly(True, k, client.input_packet(now_s))

    def _fly(self, up: bool, client: int, raw: bytes) -> None:
        for _ in range(2 if self.rng.random() < self.link.duplicate else 1):
            if self.rng.random() >= self.link.loss:
                jitter = int(self.rng.integers(0, self.link.jitter_ticks + 1))
                arrival = self.ticks + self.link.delay_ticks + jitter
                heapq.heappush(self._flying, (arrival, next(self._order), up, client, raw))

    def _deliver(self, up: bool) -> None:
        now = sorted(f for f in self._flying if f[2] == up and f[0] <= self.ticks)
        self._flying = [f for f in self._flying if f not in now] if now else self._flying
        for first in range(0, len(now), len(self._batch)):
            chunk = now[first : first + len(self._batch)]
            for i, (_, _, _, client, raw) in enumerate(chunk):
                if up:
                    put(self._batch, i, raw, self.addresses[client])
                else:
                    self.clients[client].receive(raw, self.now_ns / 1e9)
                    self._check(self.clients[client])
            if up:
                self.zone.receive(self._batch, len(chunk), self.now_ns, WALL_S + self.ticks // 60)

    def _check(self, client: DocumentClient) -> None:
        """Every part that the last datagram brought up to date holds what the part held."""
        for (x, y), cell in client.cells.items():
            for number, part in cell.parts.items():
                if part.tick == client.tick:
                    self.checked += 1
                    self.wrong += set(part.records) != self.truth[part.tick].get((x, y, number), set())

    def stroll(self, back: bool) -> None:
        """Everybody walks or runs its own way, more or less, or back."""
        for k in range(len(self.clients)):
            direction = (64 * k + 128 * back + int(self.rng.integers(-20, 20))) & 255
            self.walk[k] = (int(self.rng.integers(0, 2)), direction, 255 * (self.rng.random() < 0.8))


def test_a_client_from_the_document_joins_walks_chats_learns_names_and_leaves() -> None:
    party = Party(2, 0, Link())
    party.run(60)
    ada, bob = party.clients
    assert ada.welcome and ada.zone == "zone-1" and ada.tick_hz == 60 and ada.entity_id != bob.entity_id
    before = np.frombuffer(ada.own, GAME.own_dtype)[0]
    party.walk[0] = (1, 0, 255)
    bob.whois = [ada.entity_id]
    ada.say(0, "hello")
    ada.make_input(intent=GAME.intents["attack"], argument=bob.entity_id)
    party.run(60)
    party.walk[0] = (0, 0, 0)
    party.run(30)
    after = np.frombuffer(ada.own, GAME.own_dtype)[0]
    row = int(np.flatnonzero(party.zone.world.entities["id"] == ada.entity_id)[0])
    assert after["qx"] == party.zone.world.entities["qx"][row] != before["qx"]
    assert after["target"] == bob.entity_id
    assert bob.names == {ada.entity_id: (1, "reader 0")}
    heard = struct.pack("<BBI", 2, 0, ada.entity_id) + b"\x08reader 0hello"
    assert [body for channel, body in bob.messages if channel == 2] == [heard]
    assert ada.confirmed_input == ada.newest_input - len(ada.inputs) and len(ada.inputs) < 12
    x, y, _ = bob.entities()[ada.entity_id]
    assert abs(x - after["qx"] / 1024) <= 1 / 128 and abs(y - after["qy"] / 1024) <= 1 / 128
    for datagram in ada.disconnect():
        party._fly(True, 0, datagram)
    party.run(10)
    assert party.zone.status()["players"] == 1 and ada.entity_id not in bob.entities()
    assert (ada.malformed, bob.malformed, ada.undecodable, bob.undecodable) == (0, 0, 0, 0)


def test_a_client_from_the_document_sees_what_the_zone_holds_under_loss_and_ends_with_all_of_it() -> None:
    party = Party(4, 40, Link())
    party.run(60)
    party.add_crowd(75)
    party.link = Link(loss=0.1, duplicate=0.03, delay_ticks=3, jitter_ticks=4)
    views = set()
    for turn in range(16):
        party.stroll(back=turn > 8)
        party.run(90)
        views |= {client.view for client in party.clients}
        assert party.wrong == 0, f"seed {SEED}, tick {party.ticks}"
    party.link, party.walk = Link(), [(0, 0, 0)] * len(party.clients)
    party.run(120)
    assert party.wrong == 0 and party.checked > 5_000
    seen = set().union(*(client.seen for client in party.clients))
    assert {"quiet", "delta", "full", "empty", "multi"} <= seen and len(views) > 1
    assert sum(reason.startswith("removed") for reason in seen) > 2
    assert sum(client.undecodable for client in party.clients) > 0  # keyframes got lost and were asked for
    for client in party.clients:
        assert client.malformed == 0 and client.snapshots > 350
        digests: dict[int, dict[tuple[int, int, int], int] | None] = {}
        for (x, y), cell in client.cells.items():
            if abs(x - client.view[0]) == abs(y - client.view[1]) == 2:
                continue  # after such a loss far cells are out of view for a while
            for number, part in cell.parts.items():
                assert (client.tick - part.tick) % 2**32 <= 45  # all is current again
                kept = digests.setdefault(part.tick, party.zone.digests(part.tick))
                assert kept is not None and kept.get((x, y, number), 0) == digest(part.records)
        shown = client.entities()
        rows = party.zone.world.entities
        at = [(int(e["id"]), int(e["qx"]) // 51200, int(e["qy"]) // 51200) for e in rows[rows["id"] != 0]]
        near = {i for i, x, y in at if abs(x - client.view[0]) <= 1 and abs(y - client.view[1]) <= 1}
        assert near <= set(shown) and client.entity_id in near
        assert all(len(record) == RECORD_BYTES for _, _, record in shown.values())


def test_the_client_from_the_document_is_of_no_use_to_the_project_itself() -> None:
    with open(DocumentClient.__init__.__code__.co_filename, encoding="utf-8") as source:
        assert "myriad" not in source.read().replace("docs/", "").lower()
    assert Settings().view_digests is False  # the zone above has them on by its own settings
