"""Connect tokens as values: what is made reads back, what is damaged is refused."""

from __future__ import annotations

import struct

import pytest

from myriad.netcode import tokens
from myriad.netcode.addresses import Endpoint, parse_endpoint

KEY = bytes(range(32))
SERVERS = (parse_endpoint("127.0.0.1:1337"), parse_endpoint("[2001:db8::1]:1338"))


def make(
    servers: tuple[Endpoint, ...] = SERVERS, user_data: bytes = b"u" * 256, random_bytes: bytes = bytes(96)
) -> bytes:
    return tokens.make_token(
        private_key=KEY,
        protocol_id=7,
        now_s=1000,
        life_s=45,
        timeout_s=8,
        servers=servers,
        user_data=user_data,
        random_bytes=random_bytes,
    )


def test_a_made_token_reads_back() -> None:
    randomness = bytes(range(96))
    raw = make(random_bytes=randomness)
    token = tokens.read_token(raw)
    assert (token.protocol_id, token.created_s, token.expires_s, token.timeout_s) == (7, 1000, 1045, 8)
    assert token.servers == SERVERS
    private = tokens.open_private(token.private_data, KEY, 7, 1045, token.nonce)
    assert private.client_id == int.from_bytes(randomness[:8], "little")
    assert private.user_data == b"u" * 256
    assert (private.client_to_server_key, private.server_to_client_key) == (randomness[32:64], randomness[64:])
    assert (token.client_to_server_key, token.server_to_client_key) == (randomness[32:64], randomness[64:])
    assert tokens.write_token(token) == raw


def test_a_request_repeats_the_public_head_and_the_sealed_part() -> None:
    raw = make()
    request = tokens.request_packet(tokens.read_token(raw))
    assert len(request) == 1078
    assert request == b"\0" + raw[:21] + raw[29:37] + raw[37 : 37 + 24 + 1024]


@pytest.mark.parametrize("count", [0, 33])
def test_too_few_or_many_servers_make_no_token(count: int) -> None:
    with pytest.raises(tokens.TokenError, match="servers"):
        make(servers=SERVERS[:1] * count)


def test_thirty_two_servers_fit() -> None:
    assert tokens.read_token(make(servers=SERVERS[1:] * 32)).servers == SERVERS[1:] * 32


def test_wrong_sizes_make_no_token() -> None:
    with pytest.raises(tokens.TokenError):
        make(user_data=b"short")
    with pytest.raises(tokens.TokenError):
        make(random_bytes=bytes(95))


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, b"NETCODE 1.01\0", "version"),
        (21, struct.pack("<Q", 2000), "after it expires"),
        (1089, struct.pack("<I", 0), "0 servers"),
        (1089, struct.pack("<I", 33), "33 servers"),
        (1093, b"\0", "unknown type"),
        (1093, b"\3", "unknown type"),
    ],
)
def test_a_damaged_public_part_is_refused(at: int, value: bytes, words: str) -> None:
    raw = make()
    with pytest.raises(tokens.TokenError, match=words):
        tokens.read_token(raw[:at] + value + raw[at + len(value) :])


def test_a_token_of_another_size_is_refused() -> None:
    for size in (0, 2047, 2049):
        with pytest.raises(tokens.TokenError, match="2048"):
            tokens.read_token(bytes(size))


def test_the_private_part_is_bound_to_key_protocol_expiry_and_nonce() -> None:
    token = tokens.read_token(make())
    right = (token.private_data, KEY, 7, 1045, token.nonce)
    tokens.open_private(*right)
    for place, wrong in enumerate((token.private_data[:-1] + b"x", bytes(32), 8, 1046, b"n" * 24)):
        arguments = list(right)
        arguments[place] = wrong
        with pytest.raises(tokens.TokenError):
            tokens.open_private(*arguments)  # type: ignore[arg-type]


def test_a_challenge_is_bound_to_its_sequence_and_key() -> None:
    sealed = tokens.seal_challenge(9, b"d" * 256, 4, KEY)
    assert tokens.open_challenge(sealed, 4, KEY) == (9, b"d" * 256)
    for wrong in ((sealed, 5, KEY), (sealed, 4, bytes(32)), (sealed[:-1] + b"?", 4, KEY)):
        with pytest.raises(tokens.TokenError):
            tokens.open_challenge(*wrong)
