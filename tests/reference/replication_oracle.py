"""The snapshot's keyframes and run decoded once more, slowly, from the document; and what a server should have sent.

Imports nothing of the project. A record is (id, x, y, heading, hp, state, kind) as on the wire.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

CELL = 50 * 1024
MARGIN = 7 * 1024

Record = tuple[int, int, int, int, int, int, int]
Cell = tuple[int, int]
PartKey = tuple[int, int, int]  # cell x, cell y, part number


class Malformed(ValueError):
    """The bytes are not what the document allows."""


@dataclass
class Snapshot:
    """What one datagram says."""

    keyframes: dict[tuple[PartKey, int], list[Record]] = field(default_factory=dict)
    parts: dict[PartKey, dict[int, Record]] = field(default_factory=dict)  # covered parts, by id
    undecodable: list[tuple[PartKey, int]] = field(default_factory=list)
    sections: dict[PartKey, bytes] = field(default_factory=dict)
    removed: dict[PartKey, dict[int, int]] = field(default_factory=dict)  # id -> reason
    events: list[tuple[PartKey, int, int, int, int, int]] = field(default_factory=list)
    num_parts: dict[Cell, int] = field(default_factory=dict)


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise Malformed("too short")
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def bits(self, count: int) -> list[int]:
        packed = int.from_bytes(self.take((count + 7) // 8), "little")
        if packed >> count:
            raise Malformed("padding")
        return [packed >> k & 1 for k in range(count)]


def read_record(reader: Reader) -> Record:
    raw = reader.take(11)
    place = int.from_bytes(raw[4:7], "little")
    return (int.from_bytes(raw[:4], "little"), place & 4095, place >> 12, raw[7], raw[8], raw[9], raw[10])


def read_events(reader: Reader, part: PartKey, targets: list[int], snapshot: Snapshot) -> None:
    for _ in range(reader.u8()):
        number, kind, index, amount, source = struct.unpack("<BBBBH", reader.take(6))
        if index >= len(targets):
            raise Malformed("event index")
        snapshot.events.append((part, number, kind, targets[index], amount, source))


def read_delta(body: bytes, base: list[Record], part: PartKey, snapshot: Snapshot) -> dict[int, Record]:
    reader = Reader(body)
    flags = reader.u8()
    now: list[Record | None] = list(base)
    if flags & 1:
        changed = [k for k, bit in enumerate(reader.bits(len(base))) if bit]
        flat = reader.bits(3 * len(changed))
        masks = [flat[3 * k : 3 * k + 3] for k in range(len(changed))]
        fields = [list(base[k]) for k in changed]
        for values, mask in zip(fields, masks, strict=True):
            if mask[0]:
                place = int.from_bytes(reader.take(3), "little")
                values[1], values[2] = place & 4095, place >> 12
        for values, mask in zip(fields, masks, strict=True):
            if mask[1]:
                values[3] = reader.u8()
        for values, mask in zip(fields, masks, strict=True):
            if mask[2]:
                values[4], values[5] = reader.u8(), reader.u8()
        for k, values in zip(changed, fields, strict=True):
            now[k] = tuple(values)  # type: ignore[assignment]
    if flags & 2:
        for _ in range(reader.u8()):
            index, reason = reader.u8(), reader.u8()
            snapshot.removed.setdefault(part, {})[base[index][0]] = reason
            now[index] = None
    entered = [read_record(reader) for _ in range(reader.u8())] if flags & 4 else []
    if flags & 8:
        read_events(reader, part, [r[0] for r in base] + [r[0] for r in entered], snapshot)
    if reader.at != len(body) or flags & ~15:
        raise Malformed("delta")
    present = [record for record in now if record is not None] + entered
    if len(present) > 64 or len({r[0] for r in present}) != len(present):
        raise Malformed("members")
    return {record[0]: record for record in present}


def read_full(body: bytes, part: PartKey, snapshot: Snapshot) -> dict[int, Record]:
    reader = Reader(body)
    flags, count = reader.u8(), reader.u8()
    records = [read_record(reader) for _ in range(count)]
    if flags:
        read_events(reader, part, [r[0] for r in records], snapshot)
    if reader.at != len(body) or flags & ~8 or count > 64:
        raise Malformed("full")
    return {record[0]: record for record in records}


def read_keyframes(reader: Reader, view: Cell, snapshot: Snapshot) -> None:
    for _ in range(reader.u8()):
        place, generation, _age, count = reader.take(4)
        cell = place & 31
        part = (view[0] + cell % 5 - 2, view[1] + cell // 5 - 2, place >> 5)
        if not 1 <= count <= 64 or generation == 255:
            raise Malformed("keyframe")
        records = [read_record(reader) for _ in range(count)]
        if records != sorted(records, key=keyframe_order):
            raise Malformed("keyframe order")
        snapshot.keyframes[part, generation] = records


def read_payload(
    data: bytes, view: Cell, has_keyframes: bool, multi: bool, held: dict[PartKey, dict[int, list[Record]]]
) -> Snapshot:
    """Decode one datagram alone, given the keyframes `held` ({generation: records} per part) and those inside it."""
    reader, snapshot = Reader(data), Snapshot()
    if has_keyframes:
        read_keyframes(reader, view, snapshot)
    mask = int.from_bytes(reader.take(4), "little")
    lists = {}
    for _ in range(reader.u8() if multi else 0):
        head, bits = reader.take(2)
        lists[head & 31] = ((head >> 5) + 1, bits)
    covered: list[PartKey] = []
    for place in range(25):
        if mask >> place & 1:
            x, y = view[0] + place % 5 - 2, view[1] + place // 5 - 2
            num, bits = lists.get(place, (1, 1))
            snapshot.num_parts[x, y] = num
            covered += [(x, y, number) for number in range(8) if bits >> number & 1]
            for number in range(num, 8):
                snapshot.parts[x, y, number] = {}
    if mask >> 25 or set(lists) - {p for p in range(25) if mask >> p & 1}:
        raise Malformed("mask")
    quiet = reader.bits(len(covered))
    nibbles = [n for byte in reader.take((sum(quiet) + 1) // 2) for n in (byte & 15, byte >> 4)]
    for part, is_quiet in zip(covered, quiet, strict=True):
        keys = dict(held.get(part, {}))
        keys.update({g: records for (p, g), records in snapshot.keyframes.items() if p == part})
        if is_quiet:
            nibble = nibbles.pop(0)
            fitting = [g for g in keys if g % 15 == nibble - 1]
            if nibble == 0:
                snapshot.parts[part] = {}
            elif len(fitting) == 1:
                snapshot.parts[part] = {record[0]: record for record in keys[fitting[0]]}
            else:
                snapshot.undecodable.append((part, nibble))
            continue
        start = reader.at
        head, length = reader.u8(), reader.u8()
        if length >= 128:
            length = (length & 127) | reader.u8() << 7
        body = reader.take(length)
        snapshot.sections[part] = data[start : reader.at]
        fitting = [g for g in keys if g % 64 == head & 63]
        if head >> 6 == 2:
            snapshot.parts[part] = read_full(body, part, snapshot)
        elif head >> 6 == 1 and len(fitting) == 1:
            snapshot.parts[part] = read_delta(body, keys[fitting[0]], part, snapshot)
        else:
            snapshot.undecodable.append((part, head))
    if reader.at != len(data) or any(nibbles):
        raise Malformed("end")
    return snapshot


def keyframe_order(record: Record) -> tuple[int, int]:
    """Sub-square of 12.5 m (Morton), then id."""
    x, y = (min(max((axis - 448) // 800, 0), 3) for axis in record[1:3])
    return (x & 1) + 2 * (y & 1) + 4 * (x >> 1) + 8 * (y >> 1), record[0]


def quantise(
    cell: Cell, entity: int, qx: int, qy: int, heading: int, hp: int, max_hp: int, state: int, kind: int
) -> Record:
    """The record of an entity listed in `cell`."""
    x = min(max((qx - cell[0] * CELL + MARGIN) // 16, 0), 4095)
    y = min(max((qy - cell[1] * CELL + MARGIN) // 16, 0), 4095)
    share = 255 if max_hp == 0 else 0 if hp == 0 else min(max(hp * 255 // max_hp, 1), 255)
    return (entity, x, y, (heading + 128) // 256 % 256, share, state, kind)


class Cells:
    """Which cell lists each entity: it stays until it is 7 m beyond the border."""

    def __init__(self, left: int, bottom: int, width: int, height: int) -> None:
        self.low, self.high = (left - 1, bottom - 1), (left + width, bottom + height)
        self.cell_of: dict[int, Cell] = {}

    def place(self, shown: Iterable[tuple[int, int, int]]) -> dict[int, Cell]:
        """Cells of all (id, qx, qy) shown now; an entity that is not shown is forgotten."""
        now = {}
        for entity, qx, qy in shown:
            old = self.cell_of.get(entity)
            if old is not None and all(
                c * CELL - MARGIN <= q < (c + 1) * CELL + MARGIN for c, q in zip(old, (qx, qy), strict=True)
            ):
                now[entity] = old
            else:
                cell = (qx // CELL, qy // CELL)
                now[entity] = (
                    min(max(cell[0], self.low[0]), self.high[0]),
                    min(max(cell[1], self.low[1]), self.high[1]),
                )
        self.cell_of = now
        return now
