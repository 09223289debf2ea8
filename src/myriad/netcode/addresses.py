"""Socket addresses as the four integers of a datagram, and as what they mean.

Responsible for: text to address and back, the raw socket address inside a `DATAGRAM`, and the network of an address
for rates and exemptions.
Not here: sockets and names of hosts (`runtime/`).

Invariant: an IPv4 address and the same one mapped into IPv6 mean the same host here (`high`, `low` are equal), so
limits and public addresses hold on dual-stack sockets too.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel, inner_kernel

FAMILY_IPV4 = 2
FAMILY_IPV6 = 10 if sys.platform == "linux" else 30
FAMILY_SHIFT = 0 if sys.platform == "linux" else 8  # BSD systems keep the length of the address in the first byte

_MAPPED = 0xFFFF_0000_0000
_LOW_32 = np.uint64(0xFFFF_FFFF)
_BYTE = np.uint64(0xFF)

NETWORK = np.dtype([("high", "<u8"), ("low", "<u8"), ("high_mask", "<u8"), ("low_mask", "<u8")], align=True)
"""A prefix of addresses: those whose masked halves equal `high` and `low`."""

ENDPOINT = np.dtype([("high", "<u8"), ("low", "<u8"), ("port", "<i8")], align=True)
"""One address with its port, in a form that compares."""


class Endpoint(NamedTuple):
    """An address and a port: the 128 bits of the (mapped) IPv6 address in two halves, the port 0..65535."""

    high: int
    low: int
    port: int

    @property
    def is_ipv4(self) -> bool:
        """True for IPv4 addresses, also mapped ones."""
        return self.high == 0 and self.low >> 32 == 0xFFFF

    def __str__(self) -> str:
        if self.is_ipv4:
            return f"{ipaddress.IPv4Address(self.low & 0xFFFF_FFFF)}:{self.port}"
        return f"[{ipaddress.IPv6Address(self.high << 64 | self.low)}]:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """The endpoint in "127.0.0.1:1337" or "[::1]:1337". Raises ValueError if it is no numeric address with a port."""
    host, separator, port_text = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not separator or not port_text.isdecimal() or int(port_text) > 65535 or (":" in host and not bracketed):
        raise ValueError(f"{text!r} is not an address with a port, such as 127.0.0.1:1337 or [::1]:1337")
    high, low = _halves(host[1:-1] if bracketed else host)
    return Endpoint(high, low, int(port_text))


def _halves(host: str) -> tuple[int, int]:
    address = ipaddress.ip_address(host)
    if address.version == 4:
        return 0, _MAPPED | int(address)
    return int(address) >> 64, int(address) & 0xFFFF_FFFF_FFFF_FFFF


def parse_networks(texts: tuple[str, ...]) -> npt.NDArray[np.void]:
    """NETWORK rows for prefixes such as "10.0.0.0/8". Raises ValueError if one is none."""
    rows = np.zeros(len(texts), NETWORK)
    for i, text in enumerate(texts):
        network = ipaddress.ip_network(text)
        bits = network.prefixlen + (96 if network.version == 4 else 0)
        mask = ((1 << bits) - 1) << (128 - bits)
        high, low = _halves(str(network.network_address))
        rows[i] = (high, low, mask >> 64, mask & 0xFFFF_FFFF_FFFF_FFFF)
    return rows


def endpoint_rows(endpoints: tuple[Endpoint, ...]) -> npt.NDArray[np.void]:
    """ENDPOINT rows for `endpoints`."""
    return np.array([tuple(endpoint) for endpoint in endpoints], ENDPOINT)


def to_words(endpoint: Endpoint) -> npt.NDArray[np.uint64]:
    """The raw socket address as a datagram carries it, u8[4]: IPv4 form for IPv4 addresses."""
    family = FAMILY_IPV4 if endpoint.is_ipv4 else FAMILY_IPV6
    if endpoint.is_ipv4:
        size, rest = 16, (endpoint.low & 0xFFFF_FFFF).to_bytes(4, "big")
    else:
        size, rest = 28, bytes(4) + endpoint.high.to_bytes(8, "big") + endpoint.low.to_bytes(8, "big")
    start = bytes([family, 0]) if FAMILY_SHIFT == 0 else bytes([size, family])
    raw = (start + endpoint.port.to_bytes(2, "big") + rest).ljust(32, b"\0")
    return np.frombuffer(raw, "<u8").astype(np.uint64)


def from_words(words: npt.NDArray[np.uint64]) -> Endpoint:
    """The endpoint that a datagram's address (u8[4]) means."""
    high, low, port = split_words(words[0], words[1], words[2], words[3])
    return Endpoint(int(high), int(low), int(port))


@inner_kernel
def _swap(word: np.uint64) -> np.uint64:
    swapped = np.uint64(0)
    for k in range(8):
        swapped |= ((word >> np.uint64(8 * k)) & _BYTE) << np.uint64(56 - 8 * k)
    return swapped


@bare_kernel
def split_words(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> tuple[np.uint64, np.uint64, int]:
    """(high, low, port) of a raw socket address; anything that is not IPv6 is read as IPv4."""
    port = int((((a >> np.uint64(16)) & _BYTE) << np.uint64(8)) | ((a >> np.uint64(24)) & _BYTE))
    if int((a >> np.uint64(FAMILY_SHIFT)) & _BYTE) == FAMILY_IPV6:
        return _swap(b), _swap(c), port
    return np.uint64(0), np.uint64(_MAPPED) | (_swap(a) & _LOW_32), port


@bare_kernel
def network_of(high: np.uint64, low: np.uint64) -> np.uint64:
    """What a rate is kept by: the /24 of an IPv4 address, the /56 of an IPv6 one, never 0."""
    if high == np.uint64(0) and (low >> np.uint64(32)) == np.uint64(0xFFFF):
        return (low >> np.uint64(8)) | np.uint64(1 << 63)
    return (high >> np.uint64(8)) | np.uint64(1 << 62)


@bare_kernel
def in_networks(networks: npt.NDArray[np.void], high: np.uint64, low: np.uint64) -> bool:
    """True if the address lies in any of the NETWORK rows."""
    for i in range(len(networks)):
        if (high & networks["high_mask"][i]) == networks["high"][i] and (low & networks["low_mask"][i]) == networks[
            "low"
        ][i]:
            return True
    return False
