"""Opening sockets: what cannot be opened is told in one line."""

from __future__ import annotations

import socket

import pytest

from myriad.core.errors import StartupError
from myriad.runtime.endpoints import (
    endpoint_of,
    is_loopback,
    open_pair,
    open_tcp,
    open_udp,
    own_endpoints,
    parse_public_address,
    resolve,
)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_pair_has_one_number_for_udp_and_tcp(host: str) -> None:
    udp, tcp = open_pair(host, 0)
    with udp, tcp:
        assert endpoint_of(udp).port == endpoint_of(tcp).port > 0
        assert not udp.getblocking()


def test_a_taken_udp_port_is_told_in_one_line() -> None:
    with open_udp("127.0.0.1", 0) as taken, pytest.raises(StartupError, match=r"^UDP port \d+ on 127.0.0.1 is taken"):
        open_pair("127.0.0.1", endpoint_of(taken).port)


def test_a_taken_tcp_port_is_told_in_one_line() -> None:
    with open_tcp("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(StartupError, match=r"^TCP port \d+ on 127.0.0.1 is taken"):
            open_pair("127.0.0.1", endpoint_of(taken).port)


def test_an_address_of_another_machine_is_told_in_one_line() -> None:
    with pytest.raises(StartupError, match=r"^bind: this machine has no address 192\.0\.2\.1$"):
        open_udp("192.0.2.1", 0)


@pytest.mark.parametrize("wrong", ["no such host!", "256.1.1.1", "::g"])
def test_what_is_neither_address_nor_name_is_told_in_one_line(wrong: str) -> None:
    with pytest.raises(StartupError, match=r"^bind: .* is neither an IP address nor a known host name$"):
        resolve(wrong)


def test_public_addresses_are_read_with_and_without_port() -> None:
    assert str(parse_public_address("198.51.100.7", 1337)) == "198.51.100.7:1337"
    assert str(parse_public_address("198.51.100.7:99", 1337)) == "198.51.100.7:99"
    assert str(parse_public_address("2001:db8::1", 1337)) == "[2001:db8::1]:1337"
    assert str(parse_public_address("[2001:db8::1]:99", 1337)) == "[2001:db8::1]:99"
    with pytest.raises(StartupError, match="between 1 and 65535"):
        parse_public_address("198.51.100.7:0", 1337)


def test_a_socket_bound_to_everything_knows_the_machines_own_addresses() -> None:
    with open_udp("0.0.0.0", 0) as sock:
        port = endpoint_of(sock).port
        assert f"127.0.0.1:{port}" in [str(own) for own in own_endpoints(sock)]
    with open_udp("::", 0) as sock:
        own = [str(own) for own in own_endpoints(sock)]
        assert any(text.startswith("[::1]:") for text in own)
        assert any(text.startswith("127.0.0.1:") for text in own)


def test_a_socket_bound_to_all_ipv6_addresses_takes_ipv4_too() -> None:
    with open_udp("::", 0) as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", endpoint_of(sock).port))
        sock.setblocking(True)
        sock.settimeout(5)
        assert sock.recvfrom(10)[0] == b"x"


def test_loopback_is_recognised() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
