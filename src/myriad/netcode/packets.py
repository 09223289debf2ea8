"""netcode 1.02 packets: the outer header, and encryption in place.

Layout of every packet but the connection request (all little-endian):
  u8 prefix: type | number of sequence bytes << 4 · sequence, 1-8 bytes, high zero bytes left out ·
  body encrypted with ChaCha20-Poly1305 (IETF) · 16 bytes of tag.
The associated data is "NETCODE 1.02\\0" · u64 protocol id · u8 prefix; the nonce, four zero bytes and the u64
sequence.
Bodies: denied and disconnect 0 bytes · challenge and response u64 challenge sequence, 300 bytes challenge token ·
keep-alive u32 client index, u32 max clients · payload 1-1200 bytes.
The connection request is plain: u8 0 · version (13) · u64 protocol id · u64 expiry · nonce (24) · private data (1024).

Responsible for: shapes, sealing and opening of packets inside a batch.
Not here: who may send what when (`handshake.py`, `server.py`, `client.py`).

Invariant: nothing changes in a connection unless the packet authenticated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core import native
from myriad.core.errors import (
    DROP_PACKET_DECRYPT,
    DROP_PACKET_REPLAYED,
    DROP_PACKET_SHORT,
    DROP_PACKET_SIZE,
    DROP_PACKET_TYPE,
)
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.netcode.connection import RECEIVE_KEY_AT, RECEIVE_NONCE_AT, SEND_KEY_AT, SEND_NONCE_AT, constant
from myriad.netcode.replay import mark_received, was_received
from myriad.wire.datagram import DATAGRAM, MAX_PAYLOAD_BYTES, Batch

VERSION = b"NETCODE 1.02\0"
REQUEST = constant(0)
DENIED = constant(1)
CHALLENGE = constant(2)
RESPONSE = constant(3)
KEEP_ALIVE = constant(4)
PAYLOAD = constant(5)
DISCONNECT = constant(6)

TAG_BYTES = 16
MIN_PACKET_BYTES = 18
REQUEST_BYTES = 1078
CHALLENGE_TOKEN_BYTES = 300
CHALLENGE_BODY_BYTES = constant(8 + CHALLENGE_TOKEN_BYTES)
KEEP_ALIVE_BODY_BYTES = constant(8)
NO_BODY = constant(0)

AD_BYTES = len(VERSION) + 8 + 1
AD_STRIDE = 24
DATA_AT = DATAGRAM.fields["data"][1]  # type: ignore[index]
AUTHENTIC = -1
"""What opening a packet returns when it is genuine; anything else is the reason to drop it."""

aead_encrypt = native.declare(
    "crypto_aead_chacha20poly1305_ietf_encrypt",
    "i32",
    "p",
    "p",
    "p",
    "u64",
    "p",
    "u64",
    "p",
    "p",
    "p",
    library="libsodium",
)
aead_decrypt = native.declare(
    "crypto_aead_chacha20poly1305_ietf_decrypt",
    "i32",
    "p",
    "p",
    "p",
    "p",
    "u64",
    "p",
    "u64",
    "p",
    "p",
    library="libsodium",
)


def associated_data(protocol_id: int) -> npt.NDArray[np.uint8]:
    """The associated data of every prefix byte under `protocol_id`: u1[256, 24], row = prefix, 22 bytes used."""
    table = np.zeros((256, AD_STRIDE), np.uint8)
    table[:, :21] = np.frombuffer(VERSION + protocol_id.to_bytes(8, "little"), np.uint8)
    table[:, 21] = np.arange(256)
    return table


@inner_kernel
def data_pointer(batch: Batch, i: int, at: int) -> int:
    """Address of byte `at` of the data of `batch[i]`."""
    return int(batch.ctypes.data + i * batch.itemsize + DATA_AT + at)


@bare_kernel
def record_pointer(records: npt.NDArray[np.void], row: int, at: int) -> int:
    """Address of byte `at` of a structured array's record."""
    return int(records.ctypes.data + row * records.itemsize + at)


@inner_kernel
def ad_pointer(ad: npt.NDArray[np.uint8], prefix: int) -> int:
    """Address of the associated data for a prefix byte."""
    return int(ad.ctypes.data + prefix * AD_STRIDE)


@inner_kernel
def count_sequence_bytes(sequence: np.uint64) -> int:
    """How many bytes (1..8) the header needs for `sequence`."""
    count = 1
    rest = sequence >> np.uint64(8)
    while rest != np.uint64(0):
        rest = rest >> np.uint64(8)
        count += 1
    return count


@bare_kernel
def check_shape(batch: Batch, i: int, allowed_types: int) -> int:
    """AUTHENTIC if type (bit mask `allowed_types`) and size of `batch[i]` can be right, else the reason to drop it.

    For packets of type 1 and up, of at least one byte. Reads one cache line, changes nothing.
    """
    length = int(batch["length"][i])
    if length < MIN_PACKET_BYTES:
        return DROP_PACKET_SHORT
    prefix = int(batch["data"][i, 0])
    kind = prefix & 15
    num_bytes = prefix >> 4
    if ((allowed_types >> kind) & 1) == 0 or num_bytes < 1 or num_bytes > 8:
        return DROP_PACKET_TYPE
    body = length - 1 - num_bytes - TAG_BYTES
    if body < 0:
        return DROP_PACKET_SHORT
    if kind == PAYLOAD:
        fits = 1 <= body <= MAX_PAYLOAD_BYTES
    elif kind == KEEP_ALIVE:
        fits = body == KEEP_ALIVE_BODY_BYTES
    elif kind in (CHALLENGE, RESPONSE):
        fits = body == CHALLENGE_BODY_BYTES
    else:
        fits = body == 0
    return AUTHENTIC if fits else DROP_PACKET_SIZE


@inner_kernel
def read_sequence(batch: Batch, i: int, num_bytes: int) -> np.uint64:
    """The sequence in the header of `batch[i]`, `num_bytes` (1..8) long."""
    data = batch["data"]
    sequence = np.uint64(0)
    for k in range(num_bytes):
        sequence |= np.uint64(data[i, 1 + k]) << np.uint64(8 * k)
    return sequence


@bare_kernel
def open_packet(connections: npt.NDArray[np.void], row: int, batch: Batch, i: int, ad: npt.NDArray[np.uint8]) -> int:
    """Decrypt `batch[i]` in place with the keys of `connections[row]`: AUTHENTIC, or the reason to drop it.

    The shape was checked. Keep-alive, payload and disconnect packets pass the replay window, which moves only after
    the packet has authenticated. The body is then at 1 + the number of sequence bytes.
    """
    prefix = int(batch["data"][i, 0])
    header = 1 + (prefix >> 4)
    sequence = read_sequence(batch, i, prefix >> 4)
    replayable = (prefix & 15) >= KEEP_ALIVE
    if replayable and was_received(connections, row, sequence):
        return DROP_PACKET_REPLAYED
    connections["receive_sequence"][row] = sequence
    body = data_pointer(batch, i, header)
    size = int(batch["length"][i]) - header
    nonce = record_pointer(connections, row, RECEIVE_NONCE_AT)
    key = record_pointer(connections, row, RECEIVE_KEY_AT)
    failed = aead_decrypt(body, 0, 0, body, size, ad_pointer(ad, prefix), AD_BYTES, nonce, key) != 0
    connections["receive_sequence"][row] = 0  # scratch: a dropped packet leaves no trace
    if failed:
        return DROP_PACKET_DECRYPT
    if replayable:
        mark_received(connections, row, sequence)
    return AUTHENTIC


@bare_kernel
def seal_body(
    batch: Batch,
    i: int,
    kind: int,
    body_bytes: int,
    ad: npt.NDArray[np.uint8],
    sequence: np.uint64,
    nonce: int,
    key: int,
) -> None:
    """Encrypt the body of `batch[i]` in place and write header and length; `nonce` and `key` are pointers.

    The body lies at 1 + `count_sequence_bytes(sequence)`; `nonce` points at the 12 bytes for `sequence`.
    """
    num_bytes = count_sequence_bytes(sequence)
    prefix = kind | (num_bytes << 4)
    data = batch["data"]
    data[i, 0] = prefix
    for k in range(num_bytes):
        data[i, 1 + k] = np.uint8((sequence >> np.uint64(8 * k)) & np.uint64(0xFF))
    body = data_pointer(batch, i, 1 + num_bytes)
    aead_encrypt(body, 0, body, int(body_bytes), ad_pointer(ad, prefix), AD_BYTES, 0, nonce, key)
    batch["length"][i] = 1 + num_bytes + body_bytes + TAG_BYTES


@inner_kernel
def seal_packet(
    connections: npt.NDArray[np.void],
    row: int,
    batch: Batch,
    i: int,
    kind: int,
    body_bytes: int,
    ad: npt.NDArray[np.uint8],
    now_ns: int,
) -> None:
    """Encrypt the body of `batch[i]` in place as the next packet of `connections[row]`, addressed to its peer.

    The body lies at `body_offset(connections, row)`. Advances the send sequence and the time of the last packet.
    """
    sequence = connections["send_sequence"][row]
    nonce = record_pointer(connections, row, SEND_NONCE_AT)
    key = record_pointer(connections, row, SEND_KEY_AT)
    seal_body(batch, i, kind, body_bytes, ad, sequence, nonce, key)
    connections["send_sequence"][row] = sequence + np.uint64(1)
    connections["last_send_ns"][row] = now_ns
    set_address(batch, i, connections["address"], row)
    batch["row"][i] = row


@inner_kernel
def set_address(batch: Batch, i: int, addresses: npt.NDArray[np.uint64], row: int) -> None:
    """Address `batch[i]` to `addresses[row]`."""
    target = batch["address"]
    for k in range(4):
        target[i, k] = addresses[row, k]


@bare_kernel
def body_offset(connections: npt.NDArray[np.void], row: int) -> int:
    """Where in a datagram's data the body of the row's next packet belongs (2..9)."""
    return 1 + count_sequence_bytes(connections["send_sequence"][row])
