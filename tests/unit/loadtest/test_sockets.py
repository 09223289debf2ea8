"""The swarm's sockets: kernels send and receive on loopback, by epoll and by its fallback."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.loadtest.sockets import (
    HAS_EPOLL,
    Sockets,
    count_kernel_drops,
    monotonic_ns,
    receive_one,
    send_one,
    wait_readable,
)

WAYS = [False, True] if HAS_EPOLL else [False]


@pytest.mark.parametrize("epoll", WAYS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_datagrams_go_out_and_come_back_by_the_right_client(host: str, epoll: bool) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))
        server.settimeout(5)
        with Sockets(5, host, server.getsockname()[1], epoll=epoll) as swarm:
            arrays = swarm.arrays
            buf = np.zeros(64, np.uint8)
            for row in range(5):
                buf[:3] = (7, row, 9)
                assert send_one(int(arrays.fds[row]), buf, 3) == 3
            heard = {}
            for _ in range(5):
                data, address = server.recvfrom(100)
                heard[address[1]] = data
                server.sendto(data * 2, address)
            assert [heard[port] for port in swarm.ports] == [bytes((7, row, 9)) for row in range(5)]
            got: dict[int, bytes] = {}
            while len(got) < 5:
                count = wait_readable(arrays, 5000)
                assert count > 0
                for k in range(count):
                    fd = int(arrays.ready[k])
                    length = receive_one(fd, buf)
                    got[int(arrays.row_of_fd[fd])] = bytes(buf[:length])
            assert got == {row: bytes((7, row, 9)) * 2 for row in range(5)}
            assert wait_readable(arrays, 0) == 0
            assert receive_one(int(arrays.fds[0]), buf) == -1


def test_an_oversized_datagram_shows_its_length() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with Sockets(1, "127.0.0.1", server.getsockname()[1]) as swarm:
            server.sendto(b"x" * 2000, ("127.0.0.1", swarm.ports[0]))
            assert wait_readable(swarm.arrays, 5000) == 1
            assert receive_one(int(swarm.arrays.fds[0]), np.zeros(100, np.uint8)) == 2000


def test_the_clock_of_kernels_is_python_s() -> None:
    import time

    with Sockets(1, "127.0.0.1", 9) as swarm:
        before = time.monotonic_ns()
        now = monotonic_ns(swarm.arrays)
        assert before <= now <= time.monotonic_ns()


def test_an_unknown_host_is_one_line() -> None:
    with pytest.raises(StartupError, match=r"^cannot find host 'no\.such\.host\.invalid'[^\n]*$"):
        Sockets(1, "no.such.host.invalid", 1)


def test_drops_are_read_from_the_system_s_table_by_port() -> None:
    table = "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops\n"
    for port, drops in ((0x539, 7), (0x53A, 5), (0x53B, 0)):
        table += f"10: 0100007F:{port:04X} 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 1 2 0000 {drops}\n"
    assert count_kernel_drops({0x53A, 0x53B}, table) == 5
    assert count_kernel_drops({0x539, 0x53A}, table) == 12
    assert count_kernel_drops(set()) == 0
