"""A zone's thread ends when asked, and keeps what made it fail."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from myriad.core.phases import PhaseTimer
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import open_udp
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_loop import ZoneLoop
from myriad.runtime.zone_thread import ZoneThread
from tests.processes.small_zone import SmallZone


class Running:
    """A small zone on a real socket and thread, and a player's socket."""

    def __init__(self, *, fallback: bool = False) -> None:
        clock = RealClock()
        self.port = UdpPort(open_udp("127.0.0.1", 0), fallback=fallback)
        self.zone = SmallZone(ZoneSite("zone-1", (), PhaseTimer(clock.now_ns)))
        self.loop = ZoneLoop(self.zone, self.port, clock, tick_hz=60)
        self.failed = threading.Event()
        self.thread = ZoneThread("zone-1", self.loop, self.port, self.failed.set)
        self.player = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.player.settimeout(10)
        self.player.connect(("127.0.0.1", self.port.endpoint.port))

    def until(self, text: bytes) -> None:
        while self.player.recv(100) != text:
            pass


@pytest.fixture(params=[False, True], ids=["mmsg", "fallback"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    found = Running(fallback=request.param)
    yield found
    found.thread.stop()
    if found.thread.running:
        found.thread.join(5)
    found.player.close()
    found.port.close()


def test_a_player_is_served_and_told_at_the_end(running: Running) -> None:
    running.thread.start()
    running.player.send(b"join")
    running.until(b"20")
    running.thread.stop()
    running.until(b"bye")
    assert running.thread.join(2)
    assert running.thread.failure is None
    traffic = running.port.traffic()
    assert traffic.num_received == 1
    assert traffic.num_received_bytes == 4
    assert traffic.num_sent >= 21
    assert running.loop.measures.cpu_ns > 0


def test_an_idle_zone_stops_at_once_although_it_sleeps(running: Running) -> None:
    running.thread.start()
    running.loop.call(lambda: None).result(timeout=5)
    running.thread.stop()
    assert running.thread.join(0.9)


def test_a_zone_that_fails_is_logged_and_its_players_are_told(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.thread.start()
    running.player.send(b"join")
    running.until(b"3")
    with caplog.at_level(logging.ERROR):
        running.player.send(b"fail")
        running.until(b"bye")
        assert running.failed.wait(5)
    assert isinstance(running.thread.failure, RuntimeError)
    assert [(vars(line)["fields"], line.exc_info is not None) for line in caplog.records] == [
        ({"zone": "zone-1", "layer": 0}, True)
    ]
    with pytest.raises(RuntimeError, match="stopped"):
        running.loop.call(lambda: None)


def test_commands_are_answered_while_the_zone_sleeps(running: Running) -> None:
    running.thread.start()
    assert [running.loop.call(partial(abs, -n)).result(timeout=5) for n in range(50)] == list(range(50))
