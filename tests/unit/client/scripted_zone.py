"""A zone that a test scripts: it connects players, reads their inputs by number, and says what it is told to.

Made of the real netcode, acknowledgements and reliable channels; its one rule is the game's movement. Two of them with
the same `Diary` show whether an input was lost or doubled between them.
"""

from __future__ import annotations

import dataclasses
import random
import struct
from typing import Any

import numpy as np

from emberdale.game import GAME
from myriad.game import Game, ZoneMap
from myriad.netcode import server, server_arrays, tokens
from myriad.netcode.acks import new_acks, read_header, reset_acks, write_header
from myriad.netcode.addresses import Endpoint, parse_endpoint
from myriad.netcode.reliable import Inbox, Message, new_reliable, push, read_block, reset_reliable, write_block
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import CHANNEL_CONTROL, CONTROL_PASSAGE, CONTROL_WELCOME, FLAG_RELIABLE

PROTOCOL_ID = 0x4D59_5249_4144_0003
TICK_NS = 1_000_000_000 // 60
START_S = 1_800_000_000
ROWS = 16
Tick = tuple[int, int, int, int, int, int]  # buttons, direction, magnitude, heading, intent, argument


def meadow(name: str, tick_hz: int = 60) -> ZoneMap:
    """Open ground of 400 m around the origin, the same in every zone."""
    params = GAME.read_map("zone-1", tick_hz).params
    return ZoneMap(name, -200, -200, np.zeros((200, 200), np.uint8), np.zeros((1, 2)), params)


MEADOW_GAME: Game = dataclasses.replace(GAME, read_map=meadow)


class Diary:
    """Which inputs were applied, by whom, in order."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, int, Tick]] = []

    @property
    def numbers(self) -> list[int]:
        return [number for _, number, _ in self.applied]


class Avatar:
    """One player's body and how far its inputs were applied."""

    def __init__(self, last_input: int = 0) -> None:
        self.own = np.zeros(1, GAME.own_dtype)
        self.own["hp"] = self.own["max_hp"] = 100
        self.private = np.zeros(1, GAME.private_dtype)
        self.last_input = last_input
        self.frozen = False


class ScriptedZone:
    """See above. Rows are connection rows of the netcode server."""

    def __init__(self, name: str, endpoint: str, diary: Diary, seed: int = 1) -> None:
        self.name = name
        self.endpoint: Endpoint = parse_endpoint(endpoint)
        self.tick = 1000 * seed
        self.joined: list[int] = []
        self.left: list[int] = []
        self.avatars: dict[int, Avatar] = {}
        self.waiting: dict[int, dict[int, Tick]] = {}
        self.messages: list[Message] = []
        self.payloads: dict[int, int] = {}
        """How many payloads each row has sent."""
        self._diary = diary
        self._random = random.Random(seed)
        limits = server_arrays.ServerLimits(max_clients=ROWS, max_pending=ROWS, max_tokens=64)
        self._arrays = server_arrays.new_server(
            private_key=bytes(range(32)),
            protocol_id=PROTOCOL_ID,
            own=(self.endpoint,),
            random_bytes=self._random.randbytes(server_arrays.SERVER_RANDOM_BYTES),
            limits=limits,
            exempt=("127.0.0.0/8",),
        )
        self._server = server.Server(self._arrays)
        self._acks = new_acks(ROWS)
        self._reliable = new_reliable(ROWS, num_slots=256, inbox=64)
        self._inbox = Inbox(self._reliable)
        self._ground = meadow(name)
        self._now_ns = 0

    def token(self) -> bytes:
        return tokens.make_token(
            private_key=bytes(range(32)),
            protocol_id=PROTOCOL_ID,
            now_s=START_S,
            life_s=45,
            timeout_s=8,
            servers=(self.endpoint,),
            user_data=bytes(256),
            random_bytes=self._random.randbytes(tokens.RANDOM_BYTES),
        )

    # What the script lets it do.

    def welcome(self, row: int, avatar: Avatar, entity: int = 7) -> None:
        """The player of `row` plays `avatar` from now on."""
        avatar.frozen = False
        self.avatars[row] = avatar
        self.waiting[row] = {}
        name = self.name.encode()
        body = struct.pack("<BIHHIB", CONTROL_WELCOME, entity, 60, 20, avatar.last_input, len(name)) + name
        self.tell(row, CHANNEL_CONTROL, body)

    def depart(self, row: int) -> Avatar:
        """The avatar is another zone's now; nothing more is said to `row`."""
        return self.avatars.pop(row)

    def offer(self, row: int, zone: str, token: bytes) -> None:
        trimmed = token.rstrip(b"\0")
        name = zone.encode()
        head = bytes([CONTROL_PASSAGE, len(name)]) + name + struct.pack("<H", len(trimmed))
        self.tell(row, CHANNEL_CONTROL, head + trimmed)

    def tell(self, row: int, channel: int, body: bytes) -> None:
        assert push(self._reliable, row, channel, np.frombuffer(body, np.uint8).copy(), len(body))

    # What a zone does.

    def receive(self, batch: Batch, count: int, now_ns: int) -> list[tuple[Batch, int]]:
        """Takes datagrams in; what is answered at once."""
        self._now_ns = now_ns
        payloads = np.zeros(max(count, 1), server_arrays.PAYLOAD_RECORD)
        found = server.receive(self._arrays, batch, count, now_ns, START_S, payloads)
        for change in self._server.take_changes():
            if isinstance(change, server.Joined):
                reset_acks(self._acks, change.row, 0, 0)
                reset_reliable(self._reliable, change.row, 0, 0)
                self.joined.append(change.row)
            else:
                self.left.append(change.row)
                self.avatars.pop(change.row, None)
        for record in payloads[:found]:
            at = int(record["offset"])
            data = batch["data"][record["datagram"]]
            self._read(int(record["row"]), data, at, at + int(record["length"]), now_ns)
        self.messages += self._inbox.take()
        return [self._server.take_replies()]

    def step(self, now_ns: int) -> list[tuple[Batch, int]]:
        """One tick: applies an input of each player, and every third tick sends snapshots."""
        self.tick += 1
        for row, avatar in self.avatars.items():
            given = self.waiting[row].pop(avatar.last_input + 1, None)
            if given is not None and not avatar.frozen:
                avatar.last_input += 1
                self._diary.applied.append((self.name, avatar.last_input, given))
                ground = self._ground
                GAME.predict(
                    avatar.own, 0, *given[:4], 1 / 60, ground.solid, ground.origin_x, ground.origin_y, ground.params
                )
        out = new_batch(4 * ROWS)
        used = server.poll(self._arrays, now_ns, START_S, out, 0)
        if self.tick % 3 == 0:
            for row in self.avatars:
                used = self._send(row, out, used, now_ns)
        return [(out, used)]

    def _read(self, row: int, buf: Any, at: int, end: int, now_ns: int) -> None:
        self.payloads[row] = self.payloads.get(row, 0) + 1
        kind = int(buf[at])
        read_header(self._acks, row, buf, at, end - at, now_ns, np.zeros(64, np.uint16))
        at += 9
        if kind & FLAG_RELIABLE:
            at = int(read_block(self._reliable, row, buf, at, end, now_ns, 0))
        if kind & 15 != 1:
            return
        newest, _, entries = struct.unpack_from("<IBB", buf, at)
        at += 6
        ticks: list[Tick] = []
        for _ in range(entries):
            buttons, direction, magnitude, heading, held, intent = struct.unpack_from("<BBBHBB", buf, at)
            at += 7
            argument = 0
            if intent:
                (argument,) = struct.unpack_from("<I", buf, at)
                at += 4
            ticks.append((buttons, direction, magnitude, heading, intent, argument))
            ticks += [(buttons, direction, magnitude, heading, 0, 0)] * (held - 1)
        known = self.waiting.setdefault(row, {})
        for k, one in enumerate(ticks):
            number = newest - len(ticks) + 1 + k
            if row not in self.avatars or number > self.avatars[row].last_input:
                assert known.setdefault(number, one) == one, "an input never changes"

    def _send(self, row: int, out: Batch, used: int, now_ns: int) -> int:
        i = int(server.confirm(self._arrays, out, used, row, now_ns))
        avatar = self.avatars[row]
        buf = out["data"][i]
        start = int(server.payload_offset(self._arrays, row))
        at = int(write_block(self._reliable, row, buf, start + 9, start + 600, now_ns, 0))
        write_header(self._acks, row, 2 | (FLAG_RELIABLE if at > start + 9 else 0), buf, start, now_ns)
        body = struct.pack("<IIbBhhB", self.tick, avatar.last_input, 0, 100, 0, 0, 4 | 8)
        body += bytes([self.tick & 0xFF]) + avatar.own.tobytes()
        body += bytes([self.tick & 0xFF]) + avatar.private.tobytes()
        body += bytes(4)  # the run covers no cell
        buf[at : at + len(body)] = np.frombuffer(body, np.uint8)
        server.seal(self._arrays, out, i, row, at + len(body) - start, now_ns)
        return i + 1
