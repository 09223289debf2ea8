"""netcode 1.02 written once more, slowly, from the document: what the kernels are compared with.

Imports nothing of the project. Names follow the standard.
"""

from __future__ import annotations

import struct

from nacl import bindings, exceptions

VERSION = b"NETCODE 1.02\0"


def associated_data(protocol_id: int, prefix: int) -> bytes:
    return VERSION + struct.pack("<Q", protocol_id) + bytes([prefix])


def nonce_of(sequence: int) -> bytes:
    return bytes(4) + struct.pack("<Q", sequence)


def encode_packet(kind: int, body: bytes, key: bytes, protocol_id: int, sequence: int) -> bytes:
    sequence_bytes = sequence.to_bytes(max(1, (sequence.bit_length() + 7) // 8), "little")
    prefix = kind | len(sequence_bytes) << 4
    sealed = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
        body, associated_data(protocol_id, prefix), nonce_of(sequence), key
    )
    return bytes([prefix]) + sequence_bytes + sealed


def decode_packet(packet: bytes, key: bytes, protocol_id: int) -> tuple[int, int, bytes] | None:
    """(type, sequence, body) or None if it does not authenticate."""
    prefix = packet[0]
    count = prefix >> 4
    sequence = int.from_bytes(packet[1 : 1 + count], "little")
    try:
        body = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
            packet[1 + count :], associated_data(protocol_id, prefix), nonce_of(sequence), key
        )
    except exceptions.CryptoError:
        return None
    return prefix & 15, sequence, body


class ReplayOracle:
    """The rules of the replay window over Python's own integers and a set."""

    def __init__(self, size: int = 256) -> None:
        self.size = size
        self.newest = 0
        self.received: set[int] = set()

    def was_received(self, sequence: int) -> bool:
        return sequence + self.size <= self.newest or sequence in self.received

    def mark(self, sequence: int) -> None:
        self.received.add(sequence)
        self.newest = max(self.newest, sequence)
