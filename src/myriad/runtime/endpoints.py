"""Opening sockets, and where they are bound.

Responsible for: binding UDP and TCP sockets with one clear line when that fails, and turning names of hosts and bound
sockets into endpoints.
Not here: what travels through the sockets (`runtime/sockets.py`, `runtime/http_server.py`), the bytes of addresses
(`netcode/addresses.py`).

Invariants: sockets are non-blocking, and only one bound to `::` takes both families; a UDP port is never shared.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import socket
import struct
import sys

from myriad.core.errors import StartupError
from myriad.netcode.addresses import Endpoint, parse_endpoint

_SEND_BUFFER_BYTES = 4 << 20
_PAIR_ATTEMPTS = 32
_GET_INTERFACE_ADDRESS = 0x8915  # SIOCGIFADDR


def is_loopback(host: str) -> bool:
    """True for a numeric address that only this machine reaches."""
    return ipaddress.ip_address(host).is_loopback


def resolve(host: str, setting: str = "bind") -> str:
    """`host` as a numeric address. Raises StartupError, naming `setting`, if it is none and no name for one."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise StartupError(f"{setting}: {host!r} is neither an IP address nor a known host name") from None
    return str(found[0][4][0])


def parse_public_address(text: str, default_port: int) -> Endpoint:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address; names are resolved. Raises StartupError if wrong."""
    host, port = text, str(default_port)
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise StartupError(f"public_addresses: {text!r} has no port between 1 and 65535")
    return new_endpoint(resolve(host, "public_addresses"), int(port))


def new_endpoint(host: str, port: int) -> Endpoint:
    """The endpoint of a numeric `host`, with or without an IPv6 scope."""
    host = host.partition("%")[0]
    return parse_endpoint(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def open_udp(host: str, port: int, receive_buffer_bytes: int = 4 << 20) -> socket.socket:
    """A bound non-blocking UDP socket; port 0 takes any free one. Raises StartupError with one line."""
    sock = _new_socket(host, socket.SOCK_DGRAM)
    for option, size in ((socket.SO_RCVBUF, receive_buffer_bytes), (socket.SO_SNDBUF, _SEND_BUFFER_BYTES)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, size)
        except OSError:  # macOS refuses what Linux would reduce: the default buffer still works
            continue
    _bind(sock, host, port, "UDP")
    return sock


def open_tcp(host: str, port: int) -> socket.socket:
    """A bound, not yet listening, non-blocking TCP socket; port 0 takes any free one. Raises StartupError."""
    sock = _new_socket(host, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _bind(sock, host, port, "TCP")
    return sock


def open_pair(host: str, port: int, receive_buffer_bytes: int = 4 << 20) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on the same port number; port 0 looks for a number that is free for both."""
    for attempt in range(_PAIR_ATTEMPTS):
        udp = open_udp(host, port, receive_buffer_bytes)
        try:
            return udp, open_tcp(host, udp.getsockname()[1])
        except StartupError:
            udp.close()
            if port != 0 or attempt == _PAIR_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def endpoint_of(sock: socket.socket) -> Endpoint:
    """Where a socket is bound."""
    name = sock.getsockname()
    return new_endpoint(str(name[0]), int(name[1]))


def own_endpoints(sock: socket.socket) -> tuple[Endpoint, ...]:
    """Every endpoint of this machine at which a bound socket is reached: one, unless it is bound to all addresses."""
    bound = endpoint_of(sock)
    host = str(sock.getsockname()[0])
    if host == "0.0.0.0":
        hosts = _machine_hosts(socket.AF_INET)
    elif host == "::":
        hosts = [*_machine_hosts(socket.AF_INET6), *_machine_hosts(socket.AF_INET)]
    else:
        return (bound,)
    return tuple(dict.fromkeys(new_endpoint(found, bound.port) for found in hosts))


def reachable_endpoint(sock: socket.socket, public_addresses: tuple[str, ...] = ()) -> str:
    """host:port at which others reach a bound socket: the first public address if there are any."""
    own = own_endpoints(sock)
    if public_addresses:
        return str(parse_public_address(public_addresses[0], own[0].port))
    beyond = [one for one in own if not is_loopback(str(one).rpartition(":")[0].strip("[]"))]
    return str((beyond or own)[0])


def _machine_hosts(family: socket.AddressFamily) -> list[str]:
    """Numeric addresses of this machine, loopback first: by its interfaces on Linux, by its name elsewhere."""
    found = ["127.0.0.1"] if family == socket.AF_INET else ["::1"]
    with contextlib.suppress(OSError):
        found += [str(item[4][0]) for item in socket.getaddrinfo(socket.gethostname(), None, family)]
    if sys.platform != "linux":
        return found
    if family == socket.AF_INET6:
        with contextlib.suppress(OSError), open("/proc/net/if_inet6", encoding="ascii") as file:
            found += [str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0]))) for line in file]
        return found
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        for _index, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            with contextlib.suppress(OSError):  # an interface without an IPv4 address
                answer = fcntl.ioctl(probe.fileno(), _GET_INTERFACE_ADDRESS, request)
                found.append(str(ipaddress.IPv4Address(answer[20:24])))
    return found


def _new_socket(host: str, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, kind)
    except OSError as error:
        raise StartupError(f"this machine cannot open a socket for {host}: {error.strerror}") from None
    sock.setblocking(False)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if ipaddress.ip_address(host).is_unspecified else 1)
    return sock


def _bind(sock: socket.socket, host: str, port: int, protocol: str) -> None:
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        where = f"{protocol} port {port} on {host}"
        if error.errno == errno.EADDRINUSE:
            raise StartupError(f"{where} is taken by another program; choose another port") from None
        if error.errno == errno.EACCES:
            raise StartupError(f"{where} may not be opened by this user; choose a port above 1023") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise StartupError(f"bind: this machine has no address {host}") from None
        raise StartupError(f"{where} cannot be opened: {error.strerror}") from None
