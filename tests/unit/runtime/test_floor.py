"""The floor counts what it sent and received, and nothing is cheaper than nothing."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from myriad.runtime.endpoints import open_udp
from myriad.runtime.floor import measure_floor


def test_the_floor_is_measured_on_the_given_sockets() -> None:
    with ExitStack() as stack:
        socks = [stack.enter_context(open_udp("127.0.0.1", 0, 1 << 20)) for _ in range(20)]
        fds = [sock.fileno() for sock in socks]
        floor = measure_floor(fds, [100, 900, 1300], snapshot_hz=50, input_hz=20, input_bytes=60, seconds=0.8)
        assert floor.num_sent == floor.num_delivered == 20 * 20
        assert 20 < floor.num_received <= 20 * 8  # a late sender is not waited for
        assert 0 < floor.send_us < 1000
        assert 0 < floor.receive_us < 1000
        assert floor.per_snapshot_us(0.5) == pytest.approx(floor.send_us + 0.5 * floor.receive_us)


def test_a_connected_socket_is_freed_from_its_peer_first() -> None:
    with open_udp("127.0.0.1", 0) as server, open_udp("127.0.0.1", 0) as sock:
        sock.connect(server.getsockname())
        floor = measure_floor([sock.fileno()], [100], snapshot_hz=50, input_hz=50, input_bytes=60, seconds=0.2)
        assert floor.num_sent == floor.num_delivered == 5
        assert 0 < floor.num_received <= 5


def test_a_floor_without_sockets_or_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure_floor([], [1], snapshot_hz=20, input_hz=10, input_bytes=1)
