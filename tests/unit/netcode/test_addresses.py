"""Addresses as text, as raw socket addresses, and as networks."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from myriad.netcode.addresses import (
    from_words,
    in_networks,
    network_of,
    parse_endpoint,
    parse_networks,
    split_words,
    to_words,
)

pytestmark = pytest.mark.without_jit


@pytest.mark.parametrize("text", ["127.0.0.1:1337", "255.255.255.255:65535", "[::1]:1", "[2001:db8::7]:40000"])
def test_an_endpoint_survives_text_and_words(text: str) -> None:
    endpoint = parse_endpoint(text)
    assert str(endpoint) == text
    assert from_words(to_words(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text", ["", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:5", "[::1]", "1.2.3.4:-1", "[::1]:x"]
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_endpoint(text)


def test_words_are_the_bytes_of_the_systems_own_socket_address() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.bind((host, 0))
            port = one.getsockname()[1]
        words = to_words(parse_endpoint(f"{host}:{port}" if family == socket.AF_INET else f"[{host}]:{port}"))
        raw = words.tobytes()
        assert int.from_bytes(raw[2:4], "big") == port
        packed = socket.inet_pton(family, host)
        assert raw[4:8] == packed if family == socket.AF_INET else raw[8:24] == packed
        assert raw[0] == family


def test_a_mapped_address_is_the_same_host() -> None:
    plain, mapped = parse_endpoint("192.0.2.9:5"), parse_endpoint("[::ffff:192.0.2.9]:5")
    assert plain == mapped
    raw = bytes([10, 0, 0, 5]) + bytes(4) + bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 9]) + bytes(8)
    assert from_words(np.frombuffer(raw, np.uint64)) == plain


def test_networks_group_by_24_and_56_bits() -> None:
    def network(text: str) -> int:
        words = to_words(parse_endpoint(text))
        high, low, _ = split_words(words[0], words[1], words[2], words[3])
        return int(network_of(high, low))

    assert network("192.0.2.1:1") == network("192.0.2.255:9") != network("192.0.3.1:1")
    assert network("[2001:db8:1:7f::1]:1") == network("[2001:db8:1:1::2]:1") != network("[2001:db8:1:100::1]:1")
    assert network("0.0.0.0:1") != 0


def test_prefixes_contain_their_addresses() -> None:
    rows = parse_networks(("10.0.0.0/8", "2001:db8::/33", "192.0.2.7/32"))

    def inside(text: str) -> bool:
        endpoint = parse_endpoint(text)
        return bool(in_networks(rows, np.uint64(endpoint.high), np.uint64(endpoint.low)))

    assert inside("10.255.0.1:1")
    assert inside("[2001:db8:7fff::1]:1")
    assert inside("192.0.2.7:1")
    assert not inside("11.0.0.1:1")
    assert not inside("[2001:db8:8000::1]:1")
    assert not inside("192.0.2.8:1")
    assert not in_networks(parse_networks(()), np.uint64(0), np.uint64(1))
    with pytest.raises(ValueError, match="has host bits set"):
        parse_networks(("10.0.0.1/8",))
