"""Addresses: whose request it is, and where a token sends its client.

Responsible for: the client's address, also behind a proxy; what limits are kept by; the servers in a token; where the
relay is; whether the gateway may listen where it is told to.
Not here: limits themselves (`rate_limits.py`), sockets (`runtime/`).

Invariants: behind a proxy nobody is taken for a neighbour on this machine; a password never crosses a network in the
clear unless somebody said that a proxy does TLS.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.netcode.addresses import Endpoint, parse_endpoint
from myriad.runtime.endpoints import is_loopback, new_endpoint, parse_public_address

_ZONE_PORT: Final = 1
"""Stands for the zone's own port in a public address without one: no zone can have it."""
_ANY_HOST: Final = (0, 0xFFFF_0000_0000)
"""Lower halves of :: and 0.0.0.0, where a socket takes what comes to any address of its machine."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Client(NamedTuple):
    """Who asks: None if nobody knows."""

    address: Address | None

    @property
    def is_local(self) -> bool:
        """True for a program on this machine."""
        return self.address is not None and self.address.is_loopback

    @property
    def network(self) -> str:
        """What its requests are counted by: the address, or the /64 of an IPv6 one."""
        if isinstance(self.address, ipaddress.IPv6Address):
            return str(ipaddress.IPv6Address(int(self.address) >> 64 << 64)) + "/64"
        return str(self.address)

    def is_in(self, networks: Iterable[Network]) -> bool:
        """True if it lies in one of them."""
        return self.address is not None and any(self.address in network for network in networks)


def client_of(peer: str | None, forwarded_for: str | None, *, behind_proxy: bool) -> Client:
    """Who asks, from the connection's other end and what a proxy says of its own: the last address in the header."""
    text = (forwarded_for or "").rpartition(",")[2].strip() if behind_proxy else peer
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return Client(None)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return Client(mapped or address)


def parse_prefixes(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a setting. Raises StartupError."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise StartupError(f"http_exempt_prefixes: {error}") from None


class TokenServers:
    """Which servers a token names."""

    def __init__(self, public_addresses: Iterable[str]) -> None:
        """As the setting; names are resolved here, once. Raises StartupError."""
        self._public = tuple(parse_public_address(text, _ZONE_PORT) for text in public_addresses)

    def of(self, endpoint: str, local_host: str) -> tuple[Endpoint, ...]:
        """For the zone at `endpoint`, asked for by a request that came to this machine's `local_host`."""
        bound = parse_endpoint(endpoint)
        if self._public:
            return self.public_of(bound)
        if bound.high == 0 and bound.low in _ANY_HOST:
            return (new_endpoint(local_host, bound.port),)
        return (bound,)

    def public_of(self, bound: Endpoint) -> tuple[Endpoint, ...]:
        """The public addresses of the zone bound at `bound`, none without that setting."""
        return tuple(
            server._replace(port=bound.port) if server.port == _ZONE_PORT else server for server in self._public
        )


def relay_url(settings: Settings, host: str) -> str:
    """Where the relay is for who asked the gateway as `host` (the header, with or without a port)."""
    if settings.relay_url:
        return settings.relay_url
    try:
        name = urlsplit(f"//{host}").hostname or "127.0.0.1"
    except ValueError:  # whoever sent such a header cannot be helped
        name = "127.0.0.1"
    scheme = "wss" if settings.tls_certificate or settings.behind_proxy else "ws"
    port = settings.relay_port or settings.http_port + 1
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}/v1/relay"


def is_private(settings: Settings, bind: str) -> bool:
    """True if only programs of this machine reach the gateway."""
    return is_loopback(bind) and not settings.behind_proxy


def check_exposure(settings: Settings, bind: str) -> None:
    """Whether the gateway may listen on `bind` (a numeric address). Raises StartupError with one line if not."""
    if settings.tls_certificate:
        _check_certificate(settings)
    elif not is_loopback(bind) and not settings.behind_proxy:
        raise StartupError(
            f"bind: on {bind} passwords would travel in the clear; give tls_certificate and tls_key, or behind_proxy"
        )


def _check_certificate(settings: Settings) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (OSError, ssl.SSLError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise StartupError(f"tls_certificate and tls_key cannot be used: {reason}") from None
