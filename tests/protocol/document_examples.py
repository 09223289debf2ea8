"""The parts of docs/protocol.md that come from the running code: tables of numbers and fields, and bytes.

`python -m tests.protocol.document_examples docs/protocol.md` writes them between the marks of the page; `make docs`
does so, and `test_document.py` compares. It is long because it builds one example after the other and names each byte.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from emberdale.fields import INVENTORY_SLOTS
from emberdale.game import GAME
from myriad.client.inputs import INPUT_QUEUE, MAX_INPUT_BYTES, push_input, start_inputs, write_inputs, write_whois
from myriad.core.bundle import Bundle
from myriad.netcode.acks import new_acks, read_header, write_header
from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.client import client_payload_offset, client_seal
from myriad.netcode.client_arrays import new_clients, start_client
from myriad.netcode.reliable import new_reliable, push, read_block, write_block
from myriad.netcode.tokens import RANDOM_BYTES, make_token, read_token, request_packet
from myriad.replication.cells import create_cells
from myriad.replication.view import take_nacks
from myriad.replication.view_arrays import create_views
from myriad.replication.viewers import create_viewers, on_acked, view_enter
from myriad.wire import layouts
from myriad.wire.datagram import new_batch
from myriad.wire.layouts import (
    CHANNEL_CHAT,
    CHANNEL_CONTROL,
    FLAG_RELIABLE,
    INNER_HEADER_BYTES,
    KIND_CONTROL,
    KIND_INPUT,
    KIND_SNAPSHOT,
    SNAPSHOT_KEYFRAMES,
    SNAPSHOT_OWN,
    SNAPSHOT_PRIVATE,
    SNAPSHOT_WHOIS,
)
from myriad.wire.token_data import TokenData, pack_token_data
from myriad.zone import messages
from myriad.zone.login import protocol_id_of
from myriad.zone.snapshots import assemble_slice, encode_cells
from tests.reference.netcode_oracle import decode_packet
from tests.scenarios.stepper import Stepper

NOW_NS = 1_000_000_000
NOW_S = 1_800_000_000
SHOWN_BYTES = 12
EXAMPLE_CELL = 10
"""Cell (10, 10), in whose middle the snapshots of the examples are."""

FIELDS = {
    "qx": "x, 1/1024 m",
    "qy": "y, 1/1024 m",
    "heading": "65536 per turn",
    "hp": "hit points",
    "max_hp": "most hit points",
    "target": "entity id that is being attacked, 0: nobody",
    "attack_ready_tick": "first tick at which the next attack is allowed",
    "stamina": "hundredths of a point",
    "state": "as in records",
    "weapon": "item type in hand, 0: fists",
    "kills": "",
    "deaths": "",
    "coins": "",
    "slot_item": f"item type in each of {INVENTORY_SLOTS} slots, 0: empty",
    "slot_count": "how many in each slot",
    "level": "from 1 on",
    "experience": "since the character began",
    "ledger_serial": "serial number of its newest movement of an asset",
}


# Tables.


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def _fields(dtype: np.dtype[Any]) -> str:
    rows = []
    for name in dtype.names or ():
        assert dtype.fields is not None
        base, offset = dtype.fields[name][:2]
        shape = f" × {base.shape[0]}" if base.shape else ""
        kind = f"{base.base.kind}{base.base.itemsize * 8}{shape}"
        rows.append((offset, kind, f"`{name}`", FIELDS[name]))
    return _table(("offset", "type", "field", "meaning"), rows)


def _words(names: Iterable[tuple[object, object]]) -> str:
    return ", ".join(f"{number} {name}" for name, number in names)


def game_block() -> str:
    """Section 8: the words and fields of Emberdale."""
    schema = f"{GAME.name} {GAME.own_dtype.descr} {GAME.private_dtype.descr}"
    kinds = _words((name, number) for number, name in sorted(GAME.entity_kind_names.items()))
    return (
        f"Protocol id `{protocol_id_of(GAME):016x}`, from SHA-256 over this line (without its end):\n\n"
        f"```\nmyriad {layouts.PROTOCOL_MAJOR} {schema}\n```\n\n"
        f"Own fields, {GAME.own_dtype.itemsize} bytes:\n\n{_fields(GAME.own_dtype)}\n"
        f"Private fields, {GAME.private_dtype.itemsize} bytes:\n\n{_fields(GAME.private_dtype)}\n"
        "| words | numbers |\n| --- | --- |\n"
        f"| kinds | {kinds}; a ground item is 128 + its item type |\n"
        f"| states | {_words(GAME.states.items())} |\n"
        f"| buttons (bits) | {_words(GAME.buttons.items())} |\n"
        f"| intents | {_words(GAME.intents.items())} |\n"
        f"| event kinds | {_words(GAME.event_kinds.items())} |\n"
    )


def numbers_block() -> str:
    """Section 10: the constants of wire/layouts.py."""
    found = [(name, value) for name, value in vars(layouts).items() if name.isupper()]
    return _table(("name", "value"), ((f"`{name}`", value) for name, value in found))


# Bytes.


class Annotated:
    """Bytes taken from the front, each piece with what it says."""

    def __init__(self, title: str, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.lines: list[tuple[str, str]] = []
        self.title = title

    def take(self, count: int, text: str) -> bytes:
        piece = self.data[self.at : self.at + count]
        assert len(piece) == count, f"{self.title}: {text}"
        self.at += count
        for start in range(0, count, SHOWN_BYTES):
            shown = piece[start : start + SHOWN_BYTES].hex(" ")
            self.lines.append((shown, text if start == 0 else ""))
        return piece

    def number(self, layout: str, text: str) -> int:
        size = struct.calcsize("<" + layout)
        value = int(struct.unpack_from("<" + layout, self.data, self.at)[0])
        self.take(size, text.format(value))
        return value

    def cut(self, count: int, shown: int, text: str) -> None:
        """A long piece of which only the beginning is shown."""
        self.lines.append((self.data[self.at : self.at + shown].hex(" ") + " …", f"{text} ({count} bytes)"))
        self.at += count

    def __str__(self) -> str:
        assert self.at == len(self.data), f"{self.title}: {len(self.data) - self.at} bytes are left"
        width = SHOWN_BYTES * 3 + 1
        lines = "\n".join(f"{shown:<{width}}{text}".rstrip() for shown, text in self.lines)
        return f"### {self.title} ({len(self.data)} bytes)\n\n```\n{lines}\n```\n"


def example_token() -> bytes:
    """A connect token without anything random in it."""
    return make_token(
        private_key=bytes(range(32)),
        protocol_id=protocol_id_of(GAME),
        now_s=NOW_S,
        life_s=45,
        timeout_s=8,
        servers=(parse_endpoint("127.0.0.1:1337"),),
        user_data=pack_token_data(TokenData(1, 7, "Ada", None)),
        random_bytes=bytes(k % 251 for k in range(RANDOM_BYTES)),
    )


def _request() -> Annotated:
    out = Annotated("A connection request", request_packet(read_token(example_token())))
    out.take(1, "packet type 0")
    out.take(13, "version")
    out.take(8, f"protocol id {protocol_id_of(GAME):016x}")
    out.number("Q", "expires at {}")
    out.take(24, "nonce")
    out.cut(1024, 8, "private data, sealed by the server's key")
    return out


def _sealed() -> Annotated:
    clients = new_clients(1, protocol_id_of(GAME))
    token = example_token()
    start_client(clients, 0, token, NOW_NS)
    batch = new_batch(1)
    plain = bytes([KIND_CONTROL]) + bytes.fromhex("0000 ffff 00000000")
    at = int(client_payload_offset(clients, 0))
    batch["data"][0, at : at + len(plain)] = np.frombuffer(plain, np.uint8)
    client_seal(clients, 0, batch, 0, len(plain), NOW_NS)
    datagram = batch["data"][0, : batch["length"][0]].tobytes()
    key = read_token(token).client_to_server_key
    assert decode_packet(datagram, key, protocol_id_of(GAME)) == (5, 0, plain)
    out = Annotated("A datagram with a payload, sealed", datagram)
    out.lines += [("", f"key {key[:16].hex()}"), ("", f"    {key[16:].hex()}"), ("", f"payload {plain.hex(' ')}")]
    out.take(1, "type 5, one byte of sequence")
    out.take(1, "sequence 0")
    out.take(len(plain), "the payload, encrypted")
    out.take(16, "tag")
    return out


def _header(out: Annotated) -> int:
    """Describe an inner header; returns its first byte."""
    kind = out.data[out.at]
    name = {KIND_INPUT: "input", KIND_SNAPSHOT: "snapshot", KIND_CONTROL: "control"}[kind & 15]
    out.take(1, f"kind {kind & 15} {name}" + (", with a reliable block" if kind & FLAG_RELIABLE else ""))
    out.number("H", "sequence {}")
    ack = out.number("H", "ack {}")
    bits = struct.unpack_from("<I", out.data, out.at)[0]
    said = ", ".join(str((ack - 1 - k) & 0xFFFF) for k in range(32) if bits >> k & 1)
    out.take(4, f"ack bits: {said} too" if said else "ack bits: none")
    return kind


def _buffer_with_header(kind: int, received: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """A buffer that begins with the third header of an end that has received those sequences."""
    acks, acked = new_acks(1), np.zeros(33, np.uint16)
    buf = np.zeros(1312, np.uint8)
    for sequence in received:
        incoming = np.frombuffer(struct.pack("<BHHI", KIND_CONTROL, sequence, 0xFFFF, 0), np.uint8).copy()
        read_header(acks, 0, incoming, 0, INNER_HEADER_BYTES, NOW_NS, acked)
    for _ in range(3):
        write_header(acks, 0, kind, buf, 0, NOW_NS)
    return buf, INNER_HEADER_BYTES


def _inner_header() -> Annotated:
    buf, at = _buffer_with_header(KIND_CONTROL, (0, 1, 3, 4))
    out = Annotated("An inner header: 0, 1, 3 and 4 were received", buf[:at].tobytes())
    _header(out)
    return out


def _reliable_blocks() -> list[Annotated]:
    client, server = new_reliable(1), new_reliable(1)
    say = np.frombuffer(b"\x01\x01hello", np.uint8).copy()
    push(client, 0, CHANNEL_CHAT, say, len(say))
    buf = np.zeros(1312, np.uint8)
    end = int(write_block(client, 0, buf, 0, 1200, NOW_NS, 0))
    up = Annotated("A reliable block with chat, up", buf[:end].tobytes())
    read_block(server, 0, buf, 0, end, NOW_NS, 0)
    welcome = np.frombuffer(messages.welcome(7, 60, 20, 0, "zone-1"), np.uint8).copy()
    push(server, 0, CHANNEL_CONTROL, welcome, len(welcome))
    end = int(write_block(server, 0, buf, 0, 1200, NOW_NS, 0))
    down = Annotated("A reliable block with an acknowledgement and the welcome, down", buf[:end].tobytes())
    for out in (up, down):
        for _ in range(out.number("B", "{} acks")):
            out.number("B", "channel {}")
            out.number("H", "next fragment expected: {}")
        for _ in range(out.number("B", "{} fragment")):
            channel = out.number("B", "channel {}, the message's last")
            out.number("H", "fragment {}")
            length = out.number("H", "{} bytes")
            if channel == CHANNEL_CHAT:
                out.take(2, "1 say, 1 nearby")
                out.take(length - 2, '"hello"')
                continue
            out.take(1, "1 welcome")
            out.number("I", "own entity {}")
            out.number("H", "tick rate {} Hz")
            out.number("H", "snapshot rate {} Hz")
            out.number("I", "last input applied {}")
            out.take(out.number("B", "{} bytes of name"), '"zone-1"')
    return [up, down]


def _input() -> Annotated:
    queues, views = np.zeros(1, INPUT_QUEUE), create_views(1, 60)
    start_inputs(queues, 0, 99)
    push_input(queues, 0, 1, 64, 255, 16384, 12, 0, 0)
    push_input(queues, 0, 2, 0, 0, 0, 3, 1, 16777221)
    view = views.views
    view["num_nacks"], view["nack_x"][0, 0], view["nack_y"][0, 0] = 1, 10, -1
    view["nack_part"][0, 0], view["nack_generation"][0, 0] = 2, 64 + 33 % 15
    buf, at = _buffer_with_header(KIND_INPUT, (0, 1, 2))
    at = int(write_inputs(queues, 0, buf, at, 6))
    at = int(take_nacks(views, 0, buf, at))
    at = int(write_whois(buf, at, np.array([42], np.uint32), 1))
    assert at <= INNER_HEADER_BYTES + MAX_INPUT_BYTES
    out = Annotated("An input payload", buf[:at].tobytes())
    _header(out)
    out.number("I", "newest number {}: the entries are 100–111 and 112–114")
    out.number("B", "others are drawn {} ticks behind the newest snapshot")
    for _ in range(out.number("B", "{} entries")):
        out.number("B", "buttons {}")
        out.number("B", "move direction {} (64 is north)")
        out.number("B", "move magnitude {}")
        out.number("H", "heading {}")
        out.number("B", "held for {} ticks")
        if out.number("B", "intent {}"):
            out.number("I", "argument {}")
    for _ in range(out.number("B", "{} NACK")):
        out.number("h", "cell x {}")
        out.number("h", "cell y {}")
        out.number("B", "part {}")
        out.number("B", "generation {}: a quiet part's nibble was 4")
    for _ in range(out.number("B", "{} WHOIS")):
        out.number("I", "entity {}")
    return out


# Snapshots of a zone with two players in one cell, whose columns are set by hand so that no rule shows.


class _Stage:
    def __init__(self) -> None:
        self.run = Stepper(2, npcs=0)
        self.run.join_all(120, spawn=(525.0, 525.0))
        zone, row = self.run.zone, self.run.connection(0)
        self.row = row
        rows = len(zone.arrays.sessions)
        self.arrays = zone.arrays._replace(
            cells=create_cells(0, 0, 20, 20, len(zone.world.entities)),
            viewers=create_viewers(rows),
            acks=new_acks(rows),
        )
        sessions = self.arrays.sessions
        sessions["active"][self.run.connection(1)] = 0
        sessions["state_version"][row] = 0
        zone.arrays.queues["applied"][row] = 500
        view_enter(self.arrays.viewers, row, EXAMPLE_CELL, EXAMPLE_CELL, 0)
        self.world = zone.world
        self.world.clock["tick"], self.world.clock["num_events"] = 3000, 0
        self.out = new_batch(8)
        self.key = self.run.clients.net.connections["receive_key"][0].tobytes()
        for name in (*GAME.own_fields, *GAME.private_fields):
            self.world.entities[name] = 0
        self.avatars = [self.run.entity_row(0), self.run.entity_row(1)]
        for k, entity in enumerate(self.avatars):
            self.world.entities["hp"][entity], self.world.entities["max_hp"][entity] = 80 - 20 * k, 100
            self.world.entities["qx"][entity] = (525 + 3 * k) * 1024
            self.world.entities["qy"][entity] = 525 * 1024

    def move(self) -> None:
        """Both walk east, and the first one hits the second."""
        columns, clock = self.world.entities, self.world.clock
        for entity in self.avatars:
            columns["qx"][entity] += 128
            columns["state"][entity] = 1
        if clock["tick"][0] % 12 == 0:
            event = self.world.events[int(clock["num_events"][0]) % len(self.world.events)]
            event["kind"], event["amount"] = GAME.event_kinds["hit"], 7
            event["source"], event["target"] = (columns["id"][entity] for entity in self.avatars)
            event["target_row"] = self.avatars[1]
            clock["num_events"][0] += 1

    def snapshot(self) -> bytes:
        """The next payload to the first player, who acknowledges everything."""
        self.world.clock["tick"][0] += 3
        encode_cells(Bundle(self.arrays))
        self.arrays.sessions["rate_credit_bytes"][self.row] = 4000
        count = int(assemble_slice(Bundle(self.arrays), self.out, 0, 0, 1, NOW_NS))
        datagram = self.out["data"][count - 1, : self.out["length"][count - 1]].tobytes()
        opened = decode_packet(datagram, self.key, protocol_id_of(GAME))
        assert opened is not None and opened[0] == 5
        on_acked(self.arrays.viewers, self.row, int.from_bytes(opened[2][1:3], "little"))
        return opened[2]


def _snapshots() -> list[Annotated]:
    stage = _Stage()
    busy = quiet = None
    for _ in range(120):
        stage.move()
        payload = stage.snapshot()
        flags = payload[INNER_HEADER_BYTES + 14]
        wanted = SNAPSHOT_OWN | SNAPSHOT_KEYFRAMES
        if payload[0] == KIND_SNAPSHOT and flags == wanted and stage.arrays.cells.zone["snapshot"][0] > 20:
            busy = payload
            break
    for _ in range(60):
        payload = stage.snapshot()
        if payload[0] == KIND_SNAPSHOT and payload[INNER_HEADER_BYTES + 14] == 0 and len(payload) < 48:
            quiet = payload
    assert busy is not None and quiet is not None
    return [
        _describe(Annotated("A snapshot with own state, a keyframe and a delta", busy)),
        _describe(Annotated("A snapshot in which nothing changed", quiet)),
    ]


def _describe(out: Annotated) -> Annotated:
    """A snapshot payload; knows what the stage can produce."""
    _header(out)
    out.number("I", "tick {}")
    out.number("I", "last input applied {}")
    out.number("b", "buffer hint {}")
    out.number("B", "dilation {} %")
    out.number("h", "view x {}")
    out.number("h", "view y {}")
    flags = out.data[out.at]
    names = {SNAPSHOT_OWN: "own", SNAPSHOT_PRIVATE: "private", SNAPSHOT_WHOIS: "whois", SNAPSHOT_KEYFRAMES: "keyframes"}
    out.take(1, "flags: tier 0" + "".join(f", {name}" for bit, name in names.items() if flags & bit))
    if flags & SNAPSHOT_OWN:
        out.number("B", "own state, version {}")
        record = np.frombuffer(out.data, GAME.own_dtype, 1, out.at)[0]
        for name in GAME.own_fields:
            size = GAME.own_dtype[name].itemsize
            out.take(size, f"  {name} {record[name]}")
    counts: dict[int, int] = {}
    if flags & SNAPSHOT_KEYFRAMES:
        for _ in range(out.number("B", "{} keyframe")):
            place = out.number("B", "  cell 12 of the view, part 0")
            out.number("B", "  generation {}")
            out.number("B", "  age {}")
            counts[place] = out.number("B", "  {} records")
            for _ in range(counts[place]):
                _describe_record(out, "  ")
    mask = struct.unpack_from("<I", out.data, out.at)[0]
    covered = [k for k in range(25) if mask >> k & 1]
    out.take(4, "coverage: cells " + ", ".join(str(k) for k in covered))
    quiet = int.from_bytes(out.data[out.at : out.at + (len(covered) + 7) // 8], "little")
    loud = [cell for k, cell in enumerate(covered) if not quiet >> k & 1]
    out.take((len(covered) + 7) // 8, "quiet: all" + "".join(f" but cell {cell}" for cell in loud))
    number = len(covered) - len(loud)
    nibbles = int.from_bytes(out.data[out.at : out.at + (number + 1) // 2], "little")
    named = [(k, nibbles >> 4 * n & 15) for n, k in enumerate(k for k in covered if k not in loud)]
    said = "".join(f"; cell {cell} is its keyframe of generation {n - 1} mod 15" for cell, n in named if n)
    out.take((number + 1) // 2, "generations: 0 is an empty part" + said)
    for _ in loud:
        _describe_delta(out)
    return out


def _describe_record(out: Annotated, indent: str) -> None:
    entity, x, y, heading, hp, state, kind = _record(out.data[out.at : out.at + 11])
    out.take(11, f"{indent}entity {entity} at {x}, {y}, heading {heading}, hp {hp}, state {state}, kind {kind}")


def _record(raw: bytes) -> tuple[int, ...]:
    xy = int.from_bytes(raw[4:7], "little")
    return (int.from_bytes(raw[:4], "little"), xy & 4095, xy >> 12, *raw[7:])


def _describe_delta(out: Annotated) -> None:
    first = out.data[out.at]
    assert first >> 6 == layouts.SECTION_DELTA
    out.take(1, f"a delta against generation {first & 63} mod 64")
    out.number("B", "  {} bytes")
    flags = out.number("B", "  flags {}")
    assert flags in (layouts.DELTA_CHANGED, layouts.DELTA_CHANGED | layouts.DELTA_EVENTS)
    bitmap = out.number("B", "  changed: bitmap {} over the keyframe's two records")
    changed = bitmap.bit_count()
    masks = out.number("B", "  masks")
    texts = ("position", "heading", "hit points and state")
    for field, size in ((0, 3), (1, 1), (2, 2)):
        for k in range(changed):
            if masks >> 3 * k & 1 << field:
                value = int.from_bytes(out.data[out.at : out.at + size], "little")
                shown = f"{value & 4095}, {value >> 12}" if field == 0 else f"{value & 255}, {value >> 8}"
                out.take(size, f"  {texts[field]} {shown}")
    if flags & layouts.DELTA_EVENTS:
        for _ in range(out.number("B", "  {} events")):
            number, kind, index, amount, source = struct.unpack_from("<BBBBH", out.data, out.at)
            text = f"  event {number}: kind {kind}, target is record {index}, amount {amount}, source {source}"
            out.take(6, text)


def bytes_block() -> str:
    """Section 11."""
    examples = [_request(), _sealed(), _inner_header(), *_reliable_blocks(), _input(), *_snapshots()]
    return "\n".join(str(example) for example in examples)


BLOCKS: dict[str, Callable[[], str]] = {"game": game_block, "numbers": numbers_block, "bytes": bytes_block}


def rebuilt(page: str) -> str:
    """The page with its made parts made anew. Raises ValueError if a mark is missing."""
    for name, block in BLOCKS.items():
        start, end = f"<!-- made: {name} -->\n", "<!-- end made -->"
        before, mark, rest = page.partition(start)
        _, end_mark, after = rest.partition(end)
        if not mark or not end_mark:
            raise ValueError(f"the page has no place for {name}")
        page = f"{before}{start}\n{block()}\n{end}{after}"
    return page


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(rebuilt(path.read_text(encoding="utf-8")), encoding="utf-8")
