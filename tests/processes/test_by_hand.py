"""A world of which each process was started by hand, on one data folder; and processes that were paused."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.programs import Program
from tests.processes.worlds import SMALL, join, plays, until

SHORT_LEASE = ("lease_ttl_s=2", "lease_renew_s=0.3")


@pytest.fixture
def player() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        yield sock


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def server(folder: Path, zone: str, *flags: str) -> Program:
    return Program(SMALL, "server", "port=0", f"zone={zone}", f"data={folder}", *flags)


def udp_of(program: Program) -> str:
    return program.address  # the same number as HTTP's


def test_servers_and_gateway_on_one_folder_are_one_world_and_the_end_of_one_leaves_the_others_alone(
    stack: ExitStack, tmp_path: Path, player: socket.socket
) -> None:
    first, second = (stack.enter_context(server(tmp_path, zone)) for zone in ("zone-1", "zone-2"))
    gateway = stack.enter_context(Program(SMALL, "gateway", "http_port=0", f"data={tmp_path}"))
    for program in (first, second, gateway):
        program.until_ready()
    until(lambda: len(gateway.request("GET", "/v1/world")[1]["zones"]) == 2)
    zones = gateway.request("GET", "/v1/world")[1]["zones"]
    assert {key: zone["pid"] for key, zone in zones.items()} == {
        "zone-1": first.process.pid,
        "zone-2": second.process.pid,
    }
    assert zones["zone-1"]["endpoint"] == zones["zone-1"]["door"] == first.address
    join(player, udp_of(second))
    first.process.kill()
    assert plays(player)
    again = stack.enter_context(server(tmp_path, "zone-1")).until_ready()  # the holder is known to be dead: at once

    def is_taken_over() -> bool:
        zone = gateway.request("GET", "/v1/world")[1]["zones"].get("zone-1")
        return zone is not None and zone["pid"] == again.process.pid

    until(is_taken_over)
    assert gateway.request("GET", "/v1/world")[1]["zones"]["zone-2"] == zones["zone-2"]
    assert plays(player)


def test_a_zone_that_runs_already_is_one_line_that_names_who_has_it_and_exit_code_2(
    stack: ExitStack, tmp_path: Path
) -> None:
    first = stack.enter_context(server(tmp_path, "zone-1")).until_ready()
    code, out, errors = stack.enter_context(server(tmp_path, "zone-1")).result()
    assert (code, "http://" in out) == (2, False)
    assert errors.splitlines()[-1] == (
        f"myriad: zone-1 runs already: process {first.process.pid} on {socket.gethostname()} has it"
    )
    assert first.request("GET", "/healthz")[0] == 200


def test_a_stopped_server_gives_its_zone_back_at_once(stack: ExitStack, tmp_path: Path) -> None:
    for _ in range(2):
        program = stack.enter_context(server(tmp_path, "zone-1")).until_ready()
        code, seconds = program.end(signal.SIGTERM)
        assert (code, seconds < 3) == (0, True)


def test_a_server_that_was_paused_beyond_its_lease_neither_talks_nor_writes(
    stack: ExitStack, tmp_path: Path, player: socket.socket
) -> None:
    zombie = stack.enter_context(server(tmp_path, "zone-1", *SHORT_LEASE)).until_ready()
    join(player, udp_of(zombie))
    assert plays(player)
    zombie.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # beyond its lease: what is tested is the passing of real time
    heir = stack.enter_context(server(tmp_path, "zone-1", *SHORT_LEASE)).until_ready()
    heard(player)
    zombie.process.send_signal(signal.SIGCONT)
    until(lambda: "fenced" in zombie.errors())
    assert heard(player) == []
    until(lambda: zombie.request("GET", "/healthz")[0] == 503)
    join(player, udp_of(heir))
    assert zombie.process.poll() is None
    heir.end(signal.SIGTERM)
    until(lambda: "epoch=3" in zombie.errors())  # nobody has the zone any more, so it may have it again


def heard(player: socket.socket) -> list[bytes]:
    """What has come to the player so far."""
    found = []
    player.setblocking(False)
    try:
        while True:
            found.append(player.recv(100))
    except (BlockingIOError, ConnectionError):
        return found
    finally:
        player.settimeout(1)


def test_a_gateway_needs_tls_or_a_proxy_to_be_heard_beyond_this_machine(tmp_path: Path) -> None:
    with Program("myriad", "gateway", "--port", "0", "--data", str(tmp_path), "--bind", "0.0.0.0") as program:
        code, out, errors = program.result()
    assert (code, out) == (2, "")
    assert errors.count("\n") == 1
    assert "tls_certificate" in errors
    assert not os.listdir(tmp_path)
