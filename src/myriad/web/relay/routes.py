"""Where the relay may send datagrams: to the zones that the directory names, and nowhere else.

Responsible for: which servers of a token are zones of this world, and at which address this machine reaches them.
Not here: reading the directory (`runtime/store_thread.py`), tokens (`netcode/tokens.py`).

A token names a zone as its player sees it: by a public address, or, where a zone listens on every address of its
machine, by the one that the login came to. The relay dials the address in the directory.

Invariant: what a token says decides which zone of the directory is dialled, never an address.
"""

from __future__ import annotations

from collections.abc import Iterable

from myriad.cluster.requests import Directory
from myriad.netcode.addresses import Endpoint, parse_endpoint
from myriad.web.gateway.addresses import TokenServers

_ANY_HOSTS = frozenset({(0, 0), (0, 0xFFFF_0000_0000)})
_LOOPBACK_IPV4 = (0, 0xFFFF_7F00_0001)
_LOOPBACK_IPV6 = (0, 1)


class Routes:
    """By the newest directory."""

    def __init__(self, public_addresses: Iterable[str]) -> None:
        """As the setting; names are resolved here, once. Raises StartupError."""
        self._servers = TokenServers(public_addresses)
        self._named: dict[Endpoint, Endpoint] = {}
        self._any_host: dict[int, Endpoint] = {}
        self.num_zones = 0

    def update(self, directory: Directory) -> None:
        """Takes the newest rows instead of all before."""
        named: dict[Endpoint, Endpoint] = {}
        any_host: dict[int, Endpoint] = {}
        for row in directory.rows:
            bound = parse_endpoint(row.endpoint)
            if (bound.high, bound.low) in _ANY_HOSTS:
                dialled = any_host[bound.port] = _on_this_machine(bound)
            else:
                dialled = named[bound] = bound
            for server in self._servers.public_of(bound):
                named.setdefault(server, dialled)
        self._named, self._any_host, self.num_zones = named, any_host, len(directory.rows)

    def of(self, servers: Iterable[Endpoint]) -> list[Endpoint]:
        """Where to dial for a token's servers, in their order, those of other worlds left out."""
        found = (self._named.get(server) or self._any_host.get(server.port) for server in servers)
        return list(dict.fromkeys(dialled for dialled in found if dialled is not None))


def _on_this_machine(bound: Endpoint) -> Endpoint:
    high, low = _LOOPBACK_IPV4 if bound.is_ipv4 else _LOOPBACK_IPV6
    return Endpoint(high, low, bound.port)
