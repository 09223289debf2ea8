"""One link between two zones in two epochs: authenticated packets, reliable ordered messages, unreliable border blocks.

Packet (at most 1,200 bytes, little-endian):
  u8 0xFF or 0xFE · u16 source zone number · u8 source layer · u32 source epoch · u32 target epoch · u64 sequence · AEAD
ChaCha20-Poly1305 (IETF): nonce = 4 zero bytes and the sequence, associated data = the header, key = `peer_key`.
Plain text: u32 acknowledged fragment (0: none), then frames: u8 kind · u16 length · body
  0 FRAGMENT  u32 number (1, 2, ...) · u8 1 if the last of its message · at most 1,000 bytes
  1 BORDER    bytes
  2 RECEIVED  bits, lowest first: bit i says that fragment `acknowledged + 1 + i` has arrived as well
  3 HELLO     u64 the sender's time in ns: asks for an answer
  4 ECHO      u64 from the HELLO that it answers

A packet that holds nothing but border blocks and acknowledgements begins with 0xFE: it is calm, and may lie for
`CALM_NS` before it is taken.

Responsible for: all of that, resending, the round trip, and what is dropped.
Not here: which links there are and where their packets go (`links.py`), what messages mean (`peer_messages.py`).

Invariants: a packet that does not authenticate changes nothing, nor does one whose frames do not add up; (key,
sequence) never repeats, so a link lives as long as its pair of epochs; messages are delivered once and in order;
everything that waits is bounded. Fragments are numbered with 32 bits: at 1,000 a second that is 49 days of one epoch,
then `send` refuses.
"""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from nacl import bindings, exceptions

from myriad.core.errors import DROP_PEER_DECRYPT, DROP_PEER_MALFORMED, DROP_PEER_OVERFLOW, DROP_PEER_REPLAYED
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE

"""First byte of every packet between zones."""
MAX_PACKET_BYTES: Final = 1200
MAX_MESSAGE_BYTES: Final = 65536
MAX_FRAGMENT_BYTES: Final = 1000
WINDOW: Final = 256
"""Fragments under way at a time."""
MAX_QUEUED: Final = 4096
"""Fragments that wait or are under way."""
REPLAY_WINDOW: Final = 1024
SECRET_BYTES: Final = 32
NS_PER_MS: Final = 1_000_000
CALM_NS: Final = 100 * NS_PER_MS
"""How long the other side may leave a calm packet lying: as long as the slow lane of a zone rests."""
MIN_RTO_NS: Final = 50 * NS_PER_MS + CALM_NS
FIRST_RTT_NS: Final = 100 * NS_PER_MS
HELLO_NS: Final = 500 * NS_PER_MS
_BUSY_HELLO_NS: Final = 2_000 * NS_PER_MS

_HEADER = struct.Struct("<BHBIIQ")
_FRAME = struct.Struct("<BH")
_FRAGMENT = struct.Struct("<IB")
_ACKNOWLEDGED = struct.Struct("<I")
_STAMP = struct.Struct("<Q")
_TAG_BYTES = 16
HEADER_BYTES: Final = _HEADER.size
MAX_FRAMES_BYTES: Final = MAX_PACKET_BYTES - _HEADER.size - _TAG_BYTES - _ACKNOWLEDGED.size
MAX_BORDER_BYTES: Final = MAX_FRAMES_BYTES - _FRAME.size
"""A border block that fits one packet."""
_MAX_BORDER_BLOCKS = 64
_MAX_PACKETS = 64
"""Packets made at a time."""
_FRAGMENT_FRAME, _BORDER_FRAME, _RECEIVED_FRAME, _HELLO_FRAME, _ECHO_FRAME = range(5)
_LAST_NUMBER = (1 << 32) - 1
_LONGEST_WAIT = 4
"""A fragment waits at most 2**4 times the resend time."""


class Side(NamedTuple):
    """One end: a zone by number, its layer and its epoch."""

    zone: int
    layer: int
    epoch: int


class Header(NamedTuple):
    """What is readable of a packet before it is decrypted."""

    source: Side
    target_epoch: int
    sequence: int


def read_header(packet: bytes) -> Header | None:
    """The header of a packet between zones, None if it is none or not of a possible size."""
    if not HEADER_BYTES + _ACKNOWLEDGED.size + _TAG_BYTES <= len(packet) <= MAX_PACKET_BYTES:
        return None
    first, zone, layer, epoch, target_epoch, sequence = _HEADER.unpack_from(packet)
    return Header(Side(zone, layer, epoch), target_epoch, sequence) if first in (PEER_BYTE, CALM_PEER_BYTE) else None


def peer_key(secret: bytes, source: Side, target: Side) -> bytes:
    """The key (32 bytes) of packets from `source` to `target`; `secret` is the world's."""
    sides = struct.pack("<HBIHBI", *source, *target)
    return hashlib.blake2b(b"myriad peer" + sides, key=secret, digest_size=32).digest()


@dataclass(slots=True)
class _Fragment:
    number: int
    frame: bytes
    sent_ns: int = 0
    times: int = 0


class PeerLink:
    """This zone's end of a link."""

    def __init__(self, own: Side, other: Side, secret: bytes) -> None:
        self.own = own
        self.other = other
        self.heard_ns: int | None = None
        """When the last good packet came."""
        self.rtt_ns = 0
        """Smoothed round trip, 0 before it was measured."""
        self._seal_key = peer_key(secret, own, other)
        self._open_key = peer_key(secret, other, own)
        self._sequence = 0
        self._newest = 0
        self._replay_bits = 0
        self._queued: deque[_Fragment] = deque()
        self._under_way: dict[int, _Fragment] = {}
        self._last_number = 0
        self._acknowledged = 0
        self._received = 0
        self._early: dict[int, bytes] = {}
        self._partial: list[bytes] = []
        self._partial_bytes = 0
        self._messages: list[bytes] = []
        self._border_out: deque[bytes] = deque(maxlen=_MAX_BORDER_BLOCKS)
        self._borders: list[bytes] = []
        self._border_sequence = 0
        self._answer_due = False
        self._echo: bytes | None = None
        self._next_hello_ns: int | None = None
        self._hello_ns = 0

    # Sending.

    def send(self, message: bytes) -> bool:
        """Queue a reliable message. False, and nothing is queued, if it is too long or too much waits already."""
        parts = [message[at : at + MAX_FRAGMENT_BYTES] for at in range(0, len(message), MAX_FRAGMENT_BYTES)] or [b""]
        if len(message) > MAX_MESSAGE_BYTES or self.num_waiting + len(parts) > MAX_QUEUED:
            return False
        if self._last_number + len(parts) > _LAST_NUMBER:
            return False
        for i, part in enumerate(parts):
            self._last_number += 1
            body = _FRAGMENT.pack(self._last_number, i == len(parts) - 1) + part
            self._queued.append(_Fragment(self._last_number, _frame(_FRAGMENT_FRAME, body)))
        return True

    def send_border(self, block: bytes) -> bool:
        """Send a block once; False if it does not fit a packet. The oldest gives way if too many wait."""
        if len(block) > MAX_BORDER_BYTES:
            return False
        self._border_out.append(_frame(_BORDER_FRAME, block))
        return True

    def greet(self, now_ns: int) -> None:
        """Keep asking whether the other is there, until the next call of `rest`."""
        if self._next_hello_ns is None:
            self._next_hello_ns = now_ns

    def rest(self) -> None:
        """Do not ask any more; questions are answered all the same."""
        self._next_hello_ns = None

    @property
    def num_waiting(self) -> int:
        """Fragments not acknowledged yet."""
        return len(self._queued) + len(self._under_way)

    @property
    def rto_ns(self) -> int:
        """How long to wait for an acknowledgement, which may come in a calm packet."""
        return max((self.rtt_ns or FIRST_RTT_NS) * 5 // 4 + CALM_NS, MIN_RTO_NS)

    def packets(self, now_ns: int) -> list[bytes]:
        """What is to be sent now; what does not fit into 64 packets waits for the next call."""
        if self._is_quiet(now_ns):
            return []
        packets = []
        self._borders_greet(now_ns)
        frames, used = self._control_frames(now_ns)
        must_send = bool(frames) or self._answer_due
        for frame in self._due_frames(now_ns):
            if used + len(frame) > MAX_FRAMES_BYTES:
                packets.append(self._seal(frames))
                frames, used = [], 0
            frames.append(frame)
            used += len(frame)
        if frames or must_send:
            packets.append(self._seal(frames))
        self._answer_due = False
        return packets

    def _borders_greet(self, now_ns: int) -> None:
        """Border blocks that go out now say as well as a hello that this side is there; the round trip is measured now
        and then all the same."""
        if self._border_out and self._next_hello_ns is not None and now_ns < self._hello_ns + _BUSY_HELLO_NS:
            self._next_hello_ns = max(self._next_hello_ns, now_ns + HELLO_NS)

    def _is_quiet(self, now_ns: int) -> bool:
        """True if there is nothing to send: what most calls for most links find."""
        if self._border_out or self._under_way or self._queued or self._answer_due or self._echo is not None:
            return False
        return self._next_hello_ns is None or now_ns < self._next_hello_ns

    def _control_frames(self, now_ns: int) -> tuple[list[bytes], int]:
        frames = []
        if self._echo is not None:
            frames.append(_frame(_ECHO_FRAME, self._echo))
            self._echo = None
        if self._next_hello_ns is not None and now_ns >= self._next_hello_ns:
            frames.append(_frame(_HELLO_FRAME, _STAMP.pack(now_ns)))
            self._next_hello_ns = now_ns + HELLO_NS
            self._hello_ns = now_ns
        if self._early and (self._answer_due or frames):
            bits = sum(1 << (number - self._received - 1) for number in self._early)
            frames.append(_frame(_RECEIVED_FRAME, bits.to_bytes((bits.bit_length() + 7) // 8, "little")))
        return frames, sum(map(len, frames))

    def _due_frames(self, now_ns: int) -> list[bytes]:
        """Blocks, then fragments whose time is over, then new ones."""
        due = list(self._border_out)
        self._border_out.clear()
        room = _MAX_PACKETS * MAX_FRAMES_BYTES // 2 - sum(map(len, due))
        while self._queued and self._queued[0].number <= self._acknowledged + WINDOW:
            fragment = self._queued.popleft()
            self._under_way[fragment.number] = fragment
        rto_ns = self.rto_ns
        for fragment in self._under_way.values():
            if room <= 0:
                break
            wait_ns = rto_ns << min(fragment.times - 1, _LONGEST_WAIT) if fragment.times else 0
            if now_ns - fragment.sent_ns >= wait_ns:
                fragment.sent_ns = now_ns
                fragment.times += 1
                due.append(fragment.frame)
                room -= len(fragment.frame)
        return due

    def _seal(self, frames: list[bytes]) -> bytes:
        self._sequence += 1
        calm = all(frame[0] in (_BORDER_FRAME, _RECEIVED_FRAME) for frame in frames)
        header = _HEADER.pack(CALM_PEER_BYTE if calm else PEER_BYTE, *self.own, self.other.epoch, self._sequence)
        plain = b"".join((_ACKNOWLEDGED.pack(self._received), *frames))
        return header + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
            plain, header, _nonce(self._sequence), self._seal_key
        )

    # Receiving.

    def receive(self, packet: bytes, sequence: int, now_ns: int) -> int | None:
        """Take a packet with the header of the other side. Returns why it was dropped, None if it was not."""
        if self._was_received(sequence):
            return DROP_PEER_REPLAYED
        try:
            plain = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
                packet[HEADER_BYTES:], packet[:HEADER_BYTES], _nonce(sequence), self._open_key
            )
        except exceptions.CryptoError:
            return DROP_PEER_DECRYPT
        self._mark_received(sequence)
        frames = _read_frames(plain)
        acknowledged = int(_ACKNOWLEDGED.unpack_from(plain)[0])
        if frames is None or acknowledged > self._last_number:
            return DROP_PEER_MALFORMED
        self.heard_ns = now_ns
        self._forget_until(acknowledged)
        overflow = False
        for kind, body in frames:
            if kind == _FRAGMENT_FRAME:
                overflow |= not self._take_fragment(body)
            elif kind == _BORDER_FRAME:
                self._take_border(body, sequence)
            elif kind == _RECEIVED_FRAME:
                self._forget_some(acknowledged, body)
            elif kind == _HELLO_FRAME:
                self._echo = body
            else:
                self._measure(now_ns - int(_STAMP.unpack(body)[0]))
        return DROP_PEER_OVERFLOW if overflow else None

    def take_messages(self) -> list[bytes]:
        """Messages that are complete, in order."""
        taken, self._messages = self._messages, []
        return taken

    def take_borders(self) -> list[bytes]:
        """Border blocks that came, none older than one taken before."""
        taken, self._borders = self._borders, []
        return taken

    def _was_received(self, sequence: int) -> bool:
        behind = self._newest - sequence
        return sequence == 0 or behind >= REPLAY_WINDOW or (behind >= 0 and bool(self._replay_bits >> behind & 1))

    def _mark_received(self, sequence: int) -> None:
        ahead = sequence - self._newest
        if ahead > 0:
            kept = self._replay_bits << ahead if ahead < REPLAY_WINDOW else 0
            self._replay_bits = (kept | 1) & ((1 << REPLAY_WINDOW) - 1)
            self._newest = sequence
        else:
            self._replay_bits |= 1 << -ahead

    def _forget_until(self, acknowledged: int) -> None:
        for number in range(self._acknowledged + 1, acknowledged + 1):
            self._under_way.pop(number, None)
        self._acknowledged = max(self._acknowledged, acknowledged)

    def _forget_some(self, acknowledged: int, body: bytes) -> None:
        bits = int.from_bytes(body, "little")
        for number in list(self._under_way):
            if number > acknowledged and bits >> (number - acknowledged - 1) & 1:
                del self._under_way[number]

    def _take_fragment(self, body: bytes) -> bool:
        """False if it lies beyond the window."""
        number = int(_FRAGMENT.unpack_from(body)[0])
        self._answer_due = True
        if number <= self._received or number in self._early:
            return True
        if number > self._received + WINDOW:
            return False
        self._early[number] = body[_FRAGMENT.size - 1 :]
        whole = True
        while (following := self._early.pop(self._received + 1, None)) is not None:
            self._received += 1
            whole &= self._append(bool(following[0]), following[1:])
        return whole

    def _append(self, is_last: bool, part: bytes) -> bool:
        """False if a message was too long; it is left out."""
        self._partial_bytes += len(part)
        fits = self._partial_bytes <= MAX_MESSAGE_BYTES
        if fits:
            self._partial.append(part)
        if not is_last:
            return True
        if fits:
            self._messages.append(b"".join(self._partial))
        self._partial, self._partial_bytes = [], 0
        return fits

    def _take_border(self, body: bytes, sequence: int) -> None:
        if sequence >= self._border_sequence:
            self._border_sequence = sequence
            self._borders.append(body)
            del self._borders[:-_MAX_BORDER_BLOCKS]

    def _measure(self, rtt_ns: int) -> None:
        if rtt_ns >= 0:
            self.rtt_ns = rtt_ns if self.rtt_ns == 0 else self.rtt_ns + (rtt_ns - self.rtt_ns) // 8


def _nonce(sequence: int) -> bytes:
    return bytes(4) + sequence.to_bytes(8, "little")


def _frame(kind: int, body: bytes) -> bytes:
    return _FRAME.pack(kind, len(body)) + body


def _read_frames(plain: bytes) -> list[tuple[int, bytes]] | None:
    """All frames of a packet, None if anything in it does not add up."""
    frames = []
    at = _ACKNOWLEDGED.size
    while at < len(plain):
        if at + _FRAME.size > len(plain):
            return None
        kind, length = _FRAME.unpack_from(plain, at)
        at += _FRAME.size
        body = plain[at : at + length]
        if len(body) < length or not _is_well_formed(kind, body):
            return None
        frames.append((kind, body))
        at += length
    return frames


def _is_well_formed(kind: int, body: bytes) -> bool:
    if kind == _FRAGMENT_FRAME:
        fits = _FRAGMENT.size <= len(body) <= _FRAGMENT.size + MAX_FRAGMENT_BYTES
        return fits and _FRAGMENT.unpack_from(body)[0] > 0 and body[_FRAGMENT.size - 1] <= 1
    if kind in (_HELLO_FRAME, _ECHO_FRAME):
        return len(body) == _STAMP.size
    return kind == _BORDER_FRAME or (kind == _RECEIVED_FRAME and 0 < len(body) <= WINDOW // 8)
