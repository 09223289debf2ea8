"""A client written from docs/protocol.md alone: what another language's client would be, slow and plain.

Imports nothing of the project, so it can judge both the page and the server. Numbers in comments are sections of the
page. Time is an argument, in seconds. It is long because it is one client in one piece, in the order of the page.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from nacl import bindings, exceptions

VERSION = b"NETCODE 1.02\0"
REQUEST_EVERY_S = 0.1
NACK_EVERY_S = 0.15
QUIET_PATIENCE_S = 1.25
KEYFRAME_PATIENCE_S = 10.0
LINGER_S = 0.3
STALE_S = 3.0


class Malformed(Exception):
    """Bytes that do not add up."""


def newer(a: int, b: int, bits: int) -> bool:
    """Serial arithmetic: a is newer than b."""
    return 1 <= (a - b) % (1 << bits) < 1 << (bits - 1)


class Reader:
    """Bytes taken from the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise Malformed
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def number(self, layout: str) -> int:
        return int(struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0])

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)


@dataclass
class Input:
    """One input-tick."""

    number: int
    buttons: int = 0
    direction: int = 0
    magnitude: int = 0
    heading: int = 0
    intent: int = 0
    argument: int = 0

    def repeats(self, other: Input) -> bool:
        mine = (self.buttons, self.direction, self.magnitude, self.heading)
        return self.intent == 0 and mine == (other.buttons, other.direction, other.magnitude, other.heading)


@dataclass
class Part:
    """A part of a cell, as far as it is known. Records are 11 bytes."""

    tick: int = -1
    records: list[bytes] = field(default_factory=list)
    keyframes: dict[int, list[bytes]] = field(default_factory=dict)
    used: int = 0
    newest_event: int = -1
    asked_s: float = -1.0


@dataclass
class Cell:
    """A cell in view; snapshots up to tick `before` say nothing about it."""

    before: int
    parts: dict[int, Part] = field(default_factory=dict)

    def part(self, number: int) -> Part:
        return self.parts.setdefault(number, Part())


@dataclass
class Event:
    """A blow that was seen."""

    tick: int
    kind: int
    target: int
    amount: int
    source: int


class DocumentClient:
    """One player."""

    def __init__(self, token: bytes, own_bytes: int, private_bytes: int) -> None:
        # 2. Connection
        reader = Reader(token)
        assert reader.take(13) == VERSION
        self.protocol_id = reader.number("Q")
        reader.take(8)
        self.request = b"\0" + VERSION + struct.pack("<Q", self.protocol_id) + token[29:37]
        reader.take(8)
        self.request += reader.take(24) + reader.take(1024)
        self.timeout_s = reader.number("i")
        for _ in range(reader.number("I")):
            reader.take({1: 4, 2: 16}[reader.u8()] + 2)
        self.send_key, self.receive_key = reader.take(32), reader.take(32)
        self.state = "request"
        self.packet_sequence = 0
        self.newest_packet = -1
        self.packets_seen: set[int] = set()
        self.response = b""
        self.client_numbers = bytes(8)
        self.sent_s = -1.0
        # 3. Inner header
        self.sequence = 0
        self.received: list[int] = []
        # 4. Reliable
        self.expected = [0, 0, 0]
        self.owes_ack = [False, False, False]
        self.partial = [b"", b"", b""]
        self.messages: list[tuple[int, bytes]] = []
        self.outbox: list[list[tuple[int, bytes]]] = [[], [], []]
        self.next_fragment = [0, 0, 0]
        self.fragments_sent_s = [-1.0, -1.0, -1.0]
        self.entity_id = 0
        self.tick_hz = 60
        self.welcome = False
        self.zone = ""
        # 5. Input
        self.newest_input = 0
        self.confirmed_input = 0
        self.inputs: list[Input] = []
        self.nacks: list[tuple[int, int, int, int]] = []
        self.whois: list[int] = []
        self.names: dict[int, tuple[int, str]] = {}
        # 6. Snapshot
        self.own_bytes, self.private_bytes = own_bytes, private_bytes
        self.tick = -1
        self.own_tick = self.private_tick = -1
        self.own = self.private = b""
        self.view = (0, 0)
        self.cells: dict[tuple[int, int], Cell] = {}
        self.lingering: list[tuple[int, tuple[int, int], bytes]] = []
        self.events: list[Event] = []
        self.snapshots = self.undecodable = self.malformed = 0
        self.seen: set[str] = set()

    # 2. Connection: packets.

    def _seal(self, kind: int, body: bytes) -> bytes:
        sequence = self.packet_sequence
        self.packet_sequence += 1
        low = sequence.to_bytes(max(1, (sequence.bit_length() + 7) // 8), "little")
        prefix = bytes([kind | len(low) << 4])
        associated = VERSION + struct.pack("<Q", self.protocol_id) + prefix
        nonce = bytes(4) + struct.pack("<Q", sequence)
        return prefix + low + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(body, associated, nonce, self.send_key)

    def _open(self, datagram: bytes) -> tuple[int, bytes] | None:
        prefix, count = datagram[0], datagram[0] >> 4
        if not 1 <= count <= 8 or len(datagram) < 17 + count:
            return None
        sequence = int.from_bytes(datagram[1 : 1 + count], "little")
        handshake = prefix & 15 in (1, 2)
        if not handshake and (sequence in self.packets_seen or sequence + 256 <= self.newest_packet):
            return None
        associated = VERSION + struct.pack("<Q", self.protocol_id) + bytes([prefix])
        nonce = bytes(4) + struct.pack("<Q", sequence)
        try:
            body = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
                datagram[1 + count :], associated, nonce, self.receive_key
            )
        except exceptions.CryptoError:
            return None
        if not handshake:
            self.packets_seen.add(sequence)
            self.newest_packet = max(self.newest_packet, sequence)
            self.packets_seen = {s for s in self.packets_seen if s + 256 > self.newest_packet}
        return prefix & 15, body

    def poll(self, now_s: float) -> list[bytes]:
        """What to send now besides inputs: call it often."""
        if self.state not in ("request", "response", "connected") or now_s - self.sent_s < REQUEST_EVERY_S:
            return []
        self.sent_s = now_s
        if self.state == "request":
            return [self.request]
        if self.state == "response":
            return [self._seal(3, self.response)]
        if not self.welcome:
            return [self._seal(5, self._head(3, now_s))]
        return [self._seal(4, self.client_numbers)]

    def disconnect(self) -> list[bytes]:
        """Leave."""
        self.state = "left"
        return [self._seal(6, b"") for _ in range(10)]

    def receive(self, datagram: bytes, now_s: float) -> None:
        """Take in what came from the server."""
        opened = self._open(datagram)
        if opened is None:
            return
        kind, body = opened
        if kind == 1:
            self.state = "denied"
        elif kind == 2 and self.state == "request":
            self.response, self.state, self.sent_s = body, "response", -1.0
        elif kind == 4 and self.state in ("response", "connected"):
            self.client_numbers, self.state = body, "connected"
        elif kind == 6 and self.state == "connected":
            self.state = "disconnected"
        elif kind == 5 and self.state == "connected":
            try:
                self._payload(body, now_s)
            except Malformed:
                self.malformed += 1

    # 3. Inner header.

    def _head(self, kind: int, now_s: float) -> bytes:
        block = self._write_block(now_s)
        ack = self.received[0] if self.received else 65535
        bits = 0
        for sequence in self.received[1:]:
            behind = (ack - 1 - sequence) % 65536
            bits |= 1 << behind if behind < 32 else 0
        head = struct.pack("<BHHI", kind | (0x10 if block else 0), self.sequence, ack, bits)
        self.sequence = (self.sequence + 1) % 65536
        return head + block

    def _acknowledge(self, sequence: int) -> None:
        place = 0
        while place < len(self.received) and newer(self.received[place], sequence, 16):
            place += 1
        self.received.insert(place, sequence)
        del self.received[40:]

    def _payload(self, payload: bytes, now_s: float) -> None:
        reader = Reader(payload)
        kind, sequence = reader.u8(), reader.number("H")
        reader.take(6)  # what the server has received: not needed here, inputs are confirmed by snapshots
        if kind & ~0x1F or kind & 15 not in (2, 3):
            raise Malformed
        if kind & 0x10:
            self._read_block(reader)
        if kind & 15 == 2:
            self._snapshot(reader, now_s)
        elif reader.rest():
            raise Malformed
        self._acknowledge(sequence)

    # 4. Reliable block.

    def say(self, scope: int, text: str) -> None:
        """Chat; short enough for one fragment."""
        self.outbox[2].append((self.next_fragment[2], struct.pack("<BB", 1, scope) + text.encode()))
        self.next_fragment[2] += 1

    def _write_block(self, now_s: float) -> bytes:
        acks = [(channel, self.expected[channel]) for channel in range(3) if self.owes_ack[channel]]
        self.owes_ack = [False, False, False]
        fragments = []
        for channel in range(3):
            if self.outbox[channel] and now_s - self.fragments_sent_s[channel] >= REQUEST_EVERY_S:
                self.fragments_sent_s[channel] = now_s
                fragments += [struct.pack("<BHH", channel, i, len(b)) + b for i, b in self.outbox[channel][:8]]
        if not acks and not fragments:
            return b""
        block = bytes([len(acks)]) + b"".join(struct.pack("<BH", *ack) for ack in acks)
        return block + bytes([len(fragments)]) + b"".join(fragments)

    def _read_block(self, reader: Reader) -> None:
        for _ in range(reader.u8()):
            channel, expected = reader.u8(), reader.number("H")
            self.outbox[channel] = [f for f in self.outbox[channel] if not newer(expected, f[0], 16)]
        for _ in range(reader.u8()):
            first, number = reader.u8(), reader.number("H")
            data = reader.take(reader.number("H"))
            channel, more = first & 0x7F, first >> 7
            self.owes_ack[channel] = True
            if number != self.expected[channel]:
                continue
            self.expected[channel] = (number + 1) % 65536
            self.partial[channel] += data
            if not more:
                self._message(channel, self.partial[channel])
                self.partial[channel] = b""

    def _message(self, channel: int, body: bytes) -> None:
        self.messages.append((channel, body))
        if channel == 0 and body[0] == 1:
            reader = Reader(body[1:])
            self.entity_id, self.tick_hz = reader.number("I"), reader.number("H")
            reader.take(2)
            self.newest_input = self.confirmed_input = reader.number("I")
            self.zone = reader.take(reader.u8()).decode()
            self.welcome = True

    # 5. Input.

    def make_input(self, **what: int) -> None:
        """One input-tick."""
        if self.welcome and len(self.inputs) < 120:
            self.newest_input = (self.newest_input + 1) % (1 << 32)
            self.inputs.append(Input(self.newest_input, **what))

    def input_packet(self, now_s: float) -> bytes:
        """The next input datagram."""
        runs: list[tuple[Input, int]] = []
        for item in self.inputs:
            if runs and runs[-1][1] < 64 and item.repeats(runs[-1][0]):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((item, 1))
        dropped = runs[:-32]  # more than fits: the server will count them as inputs without movement
        self.inputs = self.inputs[sum(ticks for _, ticks in dropped) :]
        runs = runs[-32:]
        body = struct.pack("<IBB", self.newest_input, 6, len(runs))
        for run, ticks in runs:
            body += struct.pack("<BBBHBB", run.buttons, run.direction, run.magnitude, run.heading, ticks, run.intent)
            body += struct.pack("<I", run.argument) if run.intent else b""
        body += bytes([len(self.nacks)]) + b"".join(struct.pack("<hhBB", *nack) for nack in self.nacks)
        body += bytes([len(self.whois[:4])]) + b"".join(struct.pack("<I", entity) for entity in self.whois[:4])
        self.nacks, self.whois = [], self.whois[4:]
        self.sent_s = now_s
        return self._seal(5, self._head(1, now_s) + body)

    # 6. Snapshot.

    def _snapshot(self, reader: Reader, now_s: float) -> None:
        tick, last_input, _hint, _dilation = (reader.number(layout) for layout in "IIbB")
        view = (reader.number("h"), reader.number("h"))
        flags = reader.u8()
        own = reader.take(1 + self.own_bytes)[1:] if flags & 4 else None
        private = reader.take(1 + self.private_bytes)[1:] if flags & 8 else None
        names = []
        if flags & 16:
            for _ in range(reader.u8()):
                entity, version = reader.number("I"), reader.u8()
                names.append((entity, version, reader.take(reader.u8()).decode()))
        keyframes = []
        if flags & 32:
            for _ in range(reader.u8()):
                place, generation = reader.u8(), reader.u8()
                reader.u8()
                keyframes.append((place & 31, place >> 5, generation, self._records(reader)))
        covered, num_parts = self._coverage(reader, flags & 64 != 0)
        news = self._sections(reader, covered)
        # Everything adds up: now it counts.
        self.snapshots += 1
        for entity, version, name in names:
            self.names[entity] = (version, name)
        if own is not None and (self.own_tick < 0 or newer(tick, self.own_tick, 32)):
            self.own, self.own_tick = own, tick
        if private is not None and (self.private_tick < 0 or newer(tick, self.private_tick, 32)):
            self.private, self.private_tick = private, tick
        if self.tick < 0 or newer(tick, self.tick, 32):
            self._look(view, tick)
            if self.welcome and newer(last_input, self.confirmed_input, 32):
                self.confirmed_input = last_input
                self.inputs = [i for i in self.inputs if newer(i.number, last_input, 32)]
        for index, number, generation, records in keyframes:
            cell = self._cell(view, index, tick)
            if cell is not None:
                self._keep_keyframe(cell.part(number), generation, records, tick)
        for index, number_of_parts in num_parts.items():
            cell = self._cell(view, index, tick)
            for number, part in cell.parts.items() if cell is not None else ():
                if number >= number_of_parts and part.tick >= 0 and newer(tick, part.tick, 32):
                    self._show(view, index, part, [], {}, tick)
        for (index, number), (kind, named, body) in zip(covered, news, strict=True):
            cell = self._cell(view, index, tick)
            if cell is not None and (cell.part(number).tick < 0 or newer(tick, cell.part(number).tick, 32)):
                self._apply(view, index, number, kind, named, body, tick, now_s)

    def _records(self, reader: Reader) -> list[bytes]:
        return [reader.take(11) for _ in range(reader.u8())]

    def _coverage(self, reader: Reader, multi: bool) -> tuple[list[tuple[int, int]], dict[int, int]]:
        mask = reader.number("I")
        parts = {index: (1, 1) for index in range(25) if mask >> index & 1}
        if mask >> 25:
            raise Malformed
        if multi:
            for _ in range(reader.u8()):
                place, bits = reader.u8(), reader.u8()
                if place & 31 not in parts:
                    raise Malformed
                parts[place & 31] = ((place >> 5) + 1, bits)
                self.seen.add("multi")
        covered = [(index, p) for index, (_, bits) in parts.items() for p in range(8) if bits >> p & 1]
        return covered, {index: number for index, (number, _) in parts.items()}

    def _sections(self, reader: Reader, covered: list[tuple[int, int]]) -> list[tuple[int, int, bytes]]:
        """For each covered part (type, generation bits, body); type 0 is quiet, with its nibble."""
        mask = int.from_bytes(reader.take((len(covered) + 7) // 8), "little")
        quiet = [bool(mask >> k & 1) for k in range(len(covered))]
        nibbles = int.from_bytes(reader.take((sum(quiet) + 1) // 2), "little")
        news = []
        for is_quiet in quiet:
            if is_quiet:
                news.append((0, nibbles & 15, b""))
                nibbles >>= 4
                continue
            first, length = reader.u8(), reader.u8()
            if length & 0x80:
                length = length & 0x7F | reader.u8() << 7
            news.append((first >> 6, first & 63, reader.take(length)))
        if nibbles or mask >> len(covered) or reader.rest():
            raise Malformed
        return news

    def _look(self, view: tuple[int, int], tick: int) -> None:
        before = self.tick if self.tick >= 0 else (tick - 1000) % (1 << 32)
        wanted = {(view[0] + i, view[1] + j) for i in range(-2, 3) for j in range(-2, 3)}
        self.cells = {place: cell for place, cell in self.cells.items() if place in wanted}
        for place in wanted - set(self.cells):
            self.cells[place] = Cell(before)
        self.tick, self.view = tick, view

    def _cell(self, view: tuple[int, int], index: int, tick: int) -> Cell | None:
        cell = self.cells.get((view[0] + index % 5 - 2, view[1] + index // 5 - 2))
        return cell if cell is not None and newer(tick, cell.before, 32) else None

    def _keep_keyframe(self, part: Part, generation: int, records: list[bytes], tick: int) -> None:
        if newer(tick, part.used + round(KEYFRAME_PATIENCE_S * self.tick_hz), 32):
            part.keyframes = {}
        held = part.keyframes
        first = not held
        if generation not in held:
            newest = max(held, key=lambda g: sum(newer(g, other, 8) for other in held)) if held else generation
            if newer(newest, generation, 8) and (newest - generation) % 256 > 8:
                return
            if len(held) == 2:
                older = next(g for g in held if g != newest)
                if not newer(generation, older, 8):
                    return
                del held[older]
            held[generation] = records
        if first or newer(tick, part.used, 32):
            part.used = tick

    def _find_keyframe(self, part: Part, modulus: int, named: int, tick: int, patience_s: float) -> int | None:
        if newer(tick, (part.used + round(patience_s * self.tick_hz)) % (1 << 32), 32):
            return None
        return next((generation for generation in part.keyframes if generation % modulus == named), None)

    def _apply(
        self,
        view: tuple[int, int],
        index: int,
        number: int,
        kind: int,
        named: int,
        body: bytes,
        tick: int,
        now_s: float,
    ) -> None:
        cell = self._cell(view, index, tick)
        assert cell is not None
        part = cell.part(number)
        reader = Reader(body)
        self.seen.add(("quiet", "delta", "full")[kind] if kind or named else "empty")
        if kind == 0 and named == 0:
            self._show(view, index, part, [], {}, tick)
            return
        if kind == 2:
            flags = reader.u8()
            records = self._records(reader)
            self._show(view, index, part, records, {}, tick)
            self._note_events(part, reader, flags, records, tick)
            return
        if kind == 0:
            generation = self._find_keyframe(part, 15, named - 1, tick, QUIET_PATIENCE_S)
        else:
            generation = self._find_keyframe(part, 64, named, tick, KEYFRAME_PATIENCE_S)
        if generation is None:
            self.undecodable += 1
            if len(self.nacks) < 4 and now_s - part.asked_s >= NACK_EVERY_S:
                part.asked_s = now_s
                place = (view[0] + index % 5 - 2, view[1] + index // 5 - 2)
                self.nacks.append((*place, number, named if kind else 63 + named))
            return
        part.used = tick
        base = part.keyframes[generation]
        if kind == 0:
            self._show(view, index, part, base, {}, tick)
            return
        flags = reader.u8()
        records = self._changed(reader, base) if flags & 1 else list(base)
        reasons = {reader.u8(): reader.u8() for _ in range(reader.u8())} if flags & 2 else {}
        self.seen.update(f"removed {reason}" for reason in reasons.values())
        entered = self._records(reader) if flags & 4 else []
        left = [record for k, record in enumerate(records) if k not in reasons]
        self._show(view, index, part, left + entered, {records[k][:4]: why for k, why in reasons.items()}, tick)
        self._note_events(part, reader, flags, base + entered, tick)
        assert not reader.rest()

    def _changed(self, reader: Reader, base: list[bytes]) -> list[bytes]:
        bitmap = int.from_bytes(reader.take((len(base) + 7) // 8), "little")
        changed = [k for k in range(len(base)) if bitmap >> k & 1]
        masks = int.from_bytes(reader.take((3 * len(changed) + 7) // 8), "little")
        mask_of = {k: masks >> 3 * n & 7 for n, k in enumerate(changed)}
        records = list(base)
        for bit, first, size in ((1, 4, 3), (2, 7, 1), (4, 8, 2)):
            for k in changed:
                if mask_of[k] & bit:
                    records[k] = records[k][:first] + reader.take(size) + records[k][first + size :]
        return records

    def _note_events(self, part: Part, reader: Reader, flags: int, targets: list[bytes], tick: int) -> None:
        for _ in range(reader.u8() if flags & 8 else 0):
            number, kind, index, amount, source = struct.unpack("<BBBBH", reader.take(6))
            if part.newest_event < 0 or newer(number, part.newest_event, 8):
                part.newest_event = number
                target = int.from_bytes(targets[index][:4], "little")
                self.events.append(Event(tick, kind, target, amount, source))

    def _show(
        self, view: tuple[int, int], index: int, part: Part, records: list[bytes], reasons: dict[bytes, int], tick: int
    ) -> None:
        here = {record[:4] for record in records}
        place = (view[0] + index % 5 - 2, view[1] + index // 5 - 2)
        for record in part.records:
            if record[:4] not in here and reasons.get(record[:4], 8) < 10:
                self.lingering.append((tick, place, record))
        part.records, part.tick = records, tick

    def entities(self) -> dict[int, tuple[float, float, bytes]]:
        """What to show: id to x and y in metres, and the record."""
        best: dict[int, tuple[int, float, float, bytes]] = {}
        limit = round(LINGER_S * self.tick_hz)
        self.lingering = [x for x in self.lingering if not newer(self.tick, x[0] + limit, 32)]
        stale = (self.tick - round(STALE_S * self.tick_hz)) % (1 << 32)
        shown = [
            (part.tick, place, record)
            for place, cell in self.cells.items()
            for part in cell.parts.values()
            for record in part.records
            if not newer(stale, part.tick, 32)
        ]
        known = {record[:4] for _, _, record in shown}
        shown += [gone for gone in self.lingering if gone[2][:4] not in known]
        for tick, place, record in shown:
            entity = int.from_bytes(record[:4], "little")
            xy = int.from_bytes(record[4:7], "little")
            x = 50 * place[0] - 7 + ((xy & 4095) + 0.5) / 64
            y = 50 * place[1] - 7 + ((xy >> 12) + 0.5) / 64
            if entity not in best or newer(tick, best[entity][0], 32):
                best[entity] = (tick, x, y, record)
        return {entity: found[1:] for entity, found in best.items()}


# 9. Checking a view.


def digest(records: list[bytes]) -> int:
    """The digest of a part."""
    total = 0
    for record in records:
        entity, word = int.from_bytes(record[:4], "little"), int.from_bytes(record[4:], "little")
        low = (entity * 0x2C1B3C6D + word % 2**32) % 2**32
        high = ((word >> 32) * 0x297A2D39 + entity) % 2**32
        for _ in range(2):
            low = ((low ^ low >> 15) * 0x2C1B3C6D + high) % 2**32
            high = ((high ^ high >> 13) * 0x297A2D39 + low) % 2**32
        total += (high % 2**30) << 32 | low
    return total % 2**62
