"""Connect tokens and challenge tokens of netcode 1.02, as Python values.

Layout of a connect token (2048 bytes, little-endian, zero padded):
  "NETCODE 1.02\\0" · u64 protocol id · u64 created · u64 expires (unix seconds) · nonce (24) · private data (1024,
  encrypted) · i32 timeout in seconds · u32 number of servers · servers · client-to-server key (32) ·
  server-to-client key (32)
Private data before encryption (1008 bytes, zero padded; the tag makes it 1024):
  u64 client id · i32 timeout · u32 number of servers · servers · both keys · user data (256)
Server: u8 1 · 4 bytes · u16 port (IPv4), or u8 2 · 8 × u16, each little-endian · u16 port (IPv6).
Challenge token before encryption (284 bytes, zero padded; the tag makes it 300): u64 client id · user data (256).

Responsible for: making tokens (the front door, tests) and reading the public part (clients).
Not here: the server's reading of a request and its challenges, which are kernels (`handshake.py`).

Invariant: pure functions; time and randomness are arguments.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from nacl import bindings, exceptions

from myriad.netcode.addresses import Endpoint
from myriad.netcode.packets import CHALLENGE_TOKEN_BYTES, REQUEST, VERSION

TOKEN_BYTES = 2048
PRIVATE_BYTES = 1024
KEY_BYTES = 32
NONCE_BYTES = 24
USER_DATA_BYTES = 256
MAX_SERVERS = 32
RANDOM_BYTES = 8 + NONCE_BYTES + 2 * KEY_BYTES
"""Randomness that one token takes: client id, nonce, two keys."""

_TAG_BYTES = 16
_PUBLIC = struct.Struct("<13sQQQ24s1024si")
_IPV4 = 1
_IPV6 = 2


class TokenError(ValueError):
    """The bytes are no valid token."""


class PrivateToken(NamedTuple):
    """What only the front door and the server read. `client_id` u64; `timeout_s` i32, negative for never; keys 32
    bytes each; `user_data` 256 bytes."""

    client_id: int
    timeout_s: int
    servers: tuple[Endpoint, ...]
    client_to_server_key: bytes
    server_to_client_key: bytes
    user_data: bytes


class ConnectToken(NamedTuple):
    """What a client reads from its token; `private_data` stays sealed. Times in unix seconds."""

    protocol_id: int
    created_s: int
    expires_s: int
    nonce: bytes
    private_data: bytes
    timeout_s: int
    servers: tuple[Endpoint, ...]
    client_to_server_key: bytes
    server_to_client_key: bytes


def _write_servers(servers: tuple[Endpoint, ...]) -> bytes:
    if not 1 <= len(servers) <= MAX_SERVERS:
        raise TokenError(f"a token names 1 to {MAX_SERVERS} servers, not {len(servers)}")
    parts = [len(servers).to_bytes(4, "little")]
    for server in servers:
        if server.is_ipv4:
            parts.append(bytes([_IPV4]) + (server.low & 0xFFFF_FFFF).to_bytes(4, "big"))
        else:
            groups = struct.unpack(">8H", struct.pack(">QQ", server.high, server.low))
            parts.append(bytes([_IPV6]) + struct.pack("<8H", *groups))
        parts.append(server.port.to_bytes(2, "little"))
    return b"".join(parts)


def _read_servers(raw: bytes, at: int) -> tuple[tuple[Endpoint, ...], int]:
    (count,) = struct.unpack_from("<I", raw, at)
    at += 4
    if not 1 <= count <= MAX_SERVERS:
        raise TokenError(f"the token names {count} servers")
    servers = []
    for _ in range(count):
        kind = raw[at]
        if kind == _IPV4:
            high, low = 0, 0xFFFF << 32 | int.from_bytes(raw[at + 1 : at + 5], "big")
            at += 5
        elif kind == _IPV6:
            high, low = struct.unpack(">QQ", struct.pack(">8H", *struct.unpack_from("<8H", raw, at + 1)))
            at += 17
        else:
            raise TokenError(f"the token has an address of unknown type {kind}")
        servers.append(Endpoint(high, low, int.from_bytes(raw[at : at + 2], "little")))
        at += 2
    return tuple(servers), at


def seal_private(private: PrivateToken, private_key: bytes, protocol_id: int, expires_s: int, nonce: bytes) -> bytes:
    """The 1024 encrypted bytes of the private part. Raises TokenError if a field does not fit."""
    keys = private.client_to_server_key + private.server_to_client_key
    if len(keys) != 2 * KEY_BYTES or len(private.user_data) != USER_DATA_BYTES:
        raise TokenError("keys have 32 bytes each, user data 256")
    head = struct.pack("<Qi", private.client_id, private.timeout_s)
    plain = (head + _write_servers(private.servers) + keys + private.user_data).ljust(PRIVATE_BYTES - _TAG_BYTES, b"\0")
    public = VERSION + struct.pack("<QQ", protocol_id, expires_s)
    return bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, public, nonce, private_key)


def open_private(sealed: bytes, private_key: bytes, protocol_id: int, expires_s: int, nonce: bytes) -> PrivateToken:
    """The private part of a token. Raises TokenError if it is forged, damaged or malformed."""
    public = VERSION + struct.pack("<QQ", protocol_id, expires_s)
    try:
        plain = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, public, nonce, private_key)
    except exceptions.CryptoError as error:
        raise TokenError("the private part does not authenticate") from error
    client_id, timeout_s = struct.unpack_from("<Qi", plain)
    servers, at = _read_servers(plain, 12)
    upward, downward = plain[at : at + 32], plain[at + 32 : at + 64]
    return PrivateToken(client_id, timeout_s, servers, upward, downward, plain[at + 64 : at + 64 + USER_DATA_BYTES])


def make_token(
    *,
    private_key: bytes,
    protocol_id: int,
    now_s: int,
    life_s: int,
    timeout_s: int,
    servers: tuple[Endpoint, ...],
    user_data: bytes,
    random_bytes: bytes,
) -> bytes:
    """A connect token, 2048 bytes, valid for `life_s` seconds from `now_s` (unix).

    `random_bytes` are RANDOM_BYTES of fresh secure randomness: client id, nonce and both keys. Raises TokenError if a
    field does not fit.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise TokenError(f"a token takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    nonce = random_bytes[8:32]
    private = PrivateToken(
        int.from_bytes(random_bytes[:8], "little"),
        timeout_s,
        servers,
        random_bytes[32:64],
        random_bytes[64:96],
        user_data,
    )
    expires_s = now_s + life_s
    sealed = seal_private(private, private_key, protocol_id, expires_s, nonce)
    return write_token(
        ConnectToken(
            protocol_id, now_s, expires_s, nonce, sealed, timeout_s, servers, random_bytes[32:64], random_bytes[64:96]
        )
    )


def write_token(token: ConnectToken) -> bytes:
    """The 2048 bytes of `token`. Raises TokenError if it names no or too many servers."""
    head = _PUBLIC.pack(
        VERSION, token.protocol_id, token.created_s, token.expires_s, token.nonce, token.private_data, token.timeout_s
    )
    keys = token.client_to_server_key + token.server_to_client_key
    return (head + _write_servers(token.servers) + keys).ljust(TOKEN_BYTES, b"\0")


def read_token(raw: bytes) -> ConnectToken:
    """The public part of a connect token. Raises TokenError if size, version, servers or times are wrong."""
    if len(raw) != TOKEN_BYTES:
        raise TokenError(f"a connect token has {TOKEN_BYTES} bytes, not {len(raw)}")
    version, protocol_id, created_s, expires_s, nonce, private_data, timeout_s = _PUBLIC.unpack_from(raw)
    if version != VERSION:
        raise TokenError("the token is of another netcode version")
    if created_s > expires_s:
        raise TokenError("the token was made after it expires")
    servers, at = _read_servers(raw, _PUBLIC.size)
    return ConnectToken(
        protocol_id,
        created_s,
        expires_s,
        nonce,
        private_data,
        timeout_s,
        servers,
        raw[at : at + 32],
        raw[at + 32 : at + 64],
    )


def request_packet(token: ConnectToken) -> bytes:
    """The connection request, 1078 bytes, that a client sends for `token`."""
    public = struct.pack("<QQ", token.protocol_id, token.expires_s)
    return bytes([REQUEST]) + VERSION + public + token.nonce + token.private_data


def seal_challenge(client_id: int, user_data: bytes, sequence: int, key: bytes) -> bytes:
    """A challenge token, 300 bytes."""
    plain = (client_id.to_bytes(8, "little") + user_data).ljust(CHALLENGE_TOKEN_BYTES - _TAG_BYTES, b"\0")
    return bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
        plain, None, bytes(4) + sequence.to_bytes(8, "little"), key
    )


def open_challenge(sealed: bytes, sequence: int, key: bytes) -> tuple[int, bytes]:
    """(client id, user data) of a challenge token. Raises TokenError if it does not authenticate."""
    try:
        plain = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
            sealed, None, bytes(4) + sequence.to_bytes(8, "little"), key
        )
    except exceptions.CryptoError as error:
        raise TokenError("the challenge token does not authenticate") from error
    return int.from_bytes(plain[:8], "little"), plain[8 : 8 + USER_DATA_BYTES]
