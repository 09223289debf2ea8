"""Hosts as real processes, with the small zone: starting, refusing to start, serving, stopping."""

from __future__ import annotations

import http.client
import signal
import socket
from collections.abc import Iterator

import pytest

from myriad.runtime.endpoints import endpoint_of, open_pair, open_tcp, open_udp
from tests.processes.programs import Program

SMALL = "tests.processes.small_zone"
STOP_S = 2.0


@pytest.fixture
def player() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(20)
        yield sock


def join(player: socket.socket, program: Program) -> None:
    """Connects to the UDP port of the same number as HTTP's and waits for the first tick."""
    host, port = program.address.split(":")
    player.connect((host, int(port)))
    player.send(b"join")
    assert player.recv(100) == b"1"


def health(program: Program) -> list[int]:
    """The status of /healthz, nothing while the bound socket does not listen yet."""
    try:
        return [program.request("GET", "/healthz")[0]]
    except ConnectionRefusedError:
        assert program.process.poll() is None, program.errors()
        return []


def free_port() -> int:
    udp, tcp = open_pair("127.0.0.1", 0)
    with udp, tcp:
        return endpoint_of(udp).port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_host_within_two_seconds_and_players_are_told(
    player: socket.socket, number: signal.Signals
) -> None:
    with Program(SMALL, "server", "port=0").until_ready() as program:
        join(player, program)
        idle = http.client.HTTPConnection(program.address)  # an open connection does not hold it up
        idle.connect()
        code, seconds = program.end(number)
        assert code == 0, program.errors()
        assert seconds < STOP_S
        while player.recv(100) != b"bye":
            pass
        idle.close()


def test_health_is_503_until_a_player_can_join_and_the_address_comes_after_it_is_200() -> None:
    port = free_port()
    with Program(SMALL, "server", f"port={port}", "slow_start_s=1.5") as program:
        program.address = f"127.0.0.1:{port}"
        program.until_printed("warming")
        seen: list[int] = []
        while not seen or seen[-1] != 200:
            seen += health(program)
        assert set(seen) == {503, 200}
        assert program.until_printed(r"http://(\S+)$")[1] == program.address


def test_a_signal_ends_a_host_that_is_still_starting() -> None:
    port = free_port()
    with Program(SMALL, "server", f"port={port}", "slow_start_s=30") as program:
        program.address = f"127.0.0.1:{port}"
        program.until_printed("warming")
        while not health(program):
            pass
        code, seconds = program.end(signal.SIGTERM)
        assert code == 128 + signal.SIGTERM
        assert seconds < STOP_S


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_a_taken_port_is_one_line_and_exit_code_2(protocol: str) -> None:
    with (open_udp if protocol == "UDP" else open_tcp)("127.0.0.1", 0) as taken:
        if protocol == "TCP":
            taken.listen()
        port = endpoint_of(taken).port
        with Program(SMALL, "server", f"port={port}") as program:
            code, out, errors = program.result()
    assert code == 2
    assert out == ""
    assert errors == f"myriad: {protocol} port {port} on 127.0.0.1 is taken by another program; choose another port\n"


def test_an_unknown_zone_is_one_line_and_exit_code_2() -> None:
    with Program(SMALL, "server", "port=0", "zone=zone-9") as program:
        code, out, errors = program.result()
    assert (code, out) == (2, "")
    assert errors == "myriad: there is no zone zone-9; there are zone-1, zone-2, zone-3, zone-4\n"


def test_a_host_stops_by_itself_after_its_time() -> None:
    with Program(SMALL, "server", "port=0", "max_seconds=0.5") as program:
        code, out, errors = program.result()
    assert (code, errors) == (0, "")
    assert "http://127.0.0.1:" in out


def test_a_zone_that_fails_ends_its_host_with_code_1_after_telling_its_players(player: socket.socket) -> None:
    with Program(SMALL, "server", "port=0").until_ready() as program:
        join(player, program)
        player.send(b"fail")
        while player.recv(100) != b"bye":
            pass
        code, _, errors = program.result()
    assert code == 1
    assert "this tick was told to fail" in errors


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("fallback", ["off", "on"])
def test_a_server_serves_one_number_for_udp_and_http_on_ipv4_and_ipv6(host: str, fallback: str) -> None:
    with (
        Program(SMALL, "server", "port=0", f"bind={host}", f"fallback_sockets={fallback}").until_ready() as program,
        socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as player,
    ):
        port = int(program.address.rpartition(":")[2])
        player.settimeout(20)
        player.connect((host, port))
        player.send(b"join")
        assert [player.recv(100) for _ in range(5)] == [b"1", b"2", b"3", b"4", b"5"]
        status, login = program.request("POST", "/v1/login", {"name": "Ada", "spawn": [3, 4]})
        assert status == 200
        assert login["servers"] == [f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}"]
        status, zone = program.request("GET", "/v1/zone")
        assert (zone["players"], zone["datagrams_received"]) == (1, 1)
        assert zone["datagrams_sent"] >= 5
        assert zone["phases_ms"]["send"]["max"] > 0
        assert zone["histograms_ns"]["lateness"]["counts"]
        assert zone["memory_bytes"] > 0
        assert zone["cpu_seconds"] > 0


def test_a_world_on_another_port_takes_free_udp_ports_and_names_them() -> None:
    with Program(SMALL, "world", "http_port=0", "udp_port_base=0").until_ready() as program:
        udp = [line.rpartition(" ")[2] for line in program.lines if "takes players" in line]
        assert len(set(udp)) == 2
        for name, endpoint in zip(("zone-1", "zone-2"), udp, strict=True):
            status, login = program.request("POST", "/v1/login", {"name": "Ada", "zone": name})
            assert (status, login["servers"]) == (200, [endpoint])
        assert program.request("GET", "/v1/zone?zone=zone-2")[1]["zone"] == "zone-2"


def test_tokens_name_public_addresses_if_there_are_any() -> None:
    flags = ("port=0", "bind=0.0.0.0", "public_addresses=198.51.100.7,198.51.100.8:99")
    with Program(SMALL, "server", *flags).until_ready() as program:
        port = program.address.rpartition(":")[2]
        _, login = program.request("POST", "/v1/login", {"name": "Ada"})
        assert login["servers"] == [f"198.51.100.7:{port}", "198.51.100.8:99"]
        status, error = program.request("POST", "/v1/login", {"name": "Ada", "spawn": [1, 2]})
        assert (status, error["error"]["code"]) == (403, "not_allowed")


def test_a_wrong_setting_is_one_line_and_exit_code_2() -> None:
    with Program("myriad", "server", "--tick-hz", "sixty") as program:
        code, out, errors = program.result()
    assert (code, out) == (2, "")
    assert errors.count("\n") == 1
    assert "tick_hz" in errors
