"""The relay as a process: players through it, and what they see when others die, misbehave or do not read."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.client_arrays import DISCONNECTED
from myriad.netcode.tokens import RANDOM_BYTES, make_token
from myriad.runtime.login import Gateway, PlayGrant, Wait
from myriad.web.relay.messages import FOREIGN
from tests.processes.programs import Program
from tests.processes.relay_player import ENDED, RelayPlayer
from tests.processes.worlds import until
from tests.unit.web.test_gateway_addresses import CERTIFICATE, KEY

SMALL = ("--zones", "2", "--npcs", "40", "--port", "0", "--udp-port-base", "0")
GOING_AWAY, MALFORMED, TOO_BIG = 1001, 1002, 1009


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = str(tmp_path_factory.mktemp("world"))
    with Program("myriad", "world", *SMALL, "--data", data) as program:
        program.until_ready()
        yield program


@pytest.fixture(autouse=True)
def closed_accounts() -> Iterator[None]:
    """Connections to the gateway end with the test."""
    yield
    while ACCOUNTS:
        ACCOUNTS.pop().gateway.close()


class Account:
    """A guest at the gateway."""

    def __init__(self, world: Program, name: str) -> None:
        host, port = world.address.split(":")
        self.gateway = Gateway(host, int(port))
        self.gateway.login(name)
        ACCOUNTS.append(self)

    def play(self) -> PlayGrant:
        until_s = time.monotonic() + 20
        while isinstance(answer := self.gateway.play(), Wait):
            assert time.monotonic() < until_s
            time.sleep(answer.retry_s)
        return answer

    def resume(self, grant: PlayGrant) -> PlayGrant | None:
        answer = self.gateway.resume(grant.character, grant.session)
        return None if isinstance(answer, Wait) else answer


ACCOUNTS: list[Account] = []


def relay_of(world: Program) -> str:
    return str(world.request("GET", "/v1/world")[1]["relay"])


def pid_of(world: Program, process: str) -> int:
    try:
        return int(world.request("GET", "/v1/fleet")[1][process]["pid"] or 0)
    except (OSError, KeyError):
        return 0


def numbers(relay: str) -> dict[str, float]:
    """Its `/metrics`, by name with labels."""
    connection = http.client.HTTPConnection(relay.split("/")[2], timeout=5)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def enter(world: Program, name: str, **how: Any) -> tuple[RelayPlayer, Account, PlayGrant]:
    """A player in the world."""
    account = Account(world, name)
    player = RelayPlayer(relay_of(world), **how)
    assert " 101 " in player.answer
    grant = account.play()
    player.open(grant)
    assert player.wait_until(lambda: player.joined)
    return player, account, grant


def test_a_player_plays_through_the_relay_whose_address_the_gateway_tells(world: Program) -> None:
    player, _, _ = enter(world, "Ada", origin=f"http://{world.address}")
    with player:
        assert player.gets_snapshots(40, seconds=10)
        assert numbers(relay_of(world))["myriad_relay_connections"] == 1
    until(lambda: numbers(relay_of(world))["myriad_relay_players"] == 0)


def test_pages_of_other_hosts_may_not_use_it(world: Program) -> None:
    with RelayPlayer(relay_of(world), origin="http://elsewhere.example") as player:
        assert " 403 " in player.answer


def test_who_plays_the_same_character_elsewhere_sends_the_former_away_with_a_reason_and_then_its_connection(
    world: Program,
) -> None:
    former, account, grant = enter(world, "Twin")
    with former:
        assert former.gets_snapshots(5)
        newer, _, _ = enter(world, "Twin")
        with newer:
            assert former.wait_until(lambda: former.was_told_goodbye, 5)
            assert former.wait_until(lambda: (0, ENDED, 0) in former.states, 5)
            assert newer.gets_snapshots(20) and not newer.was_told_goodbye
            back = account.resume(grant)
            assert back is not None
            former.open(back)
            assert former.gets_snapshots(5), "who insists plays, and the newer one is told"
            assert newer.wait_until(lambda: newer.was_told_goodbye, 5)


def test_players_play_on_while_the_gateway_is_dead(world: Program) -> None:
    player, _, _ = enter(world, "Bob")
    with player:
        gateway = pid_of(world, "gateway")
        os.kill(gateway, signal.SIGKILL)
        assert player.gets_snapshots(30)
        assert player.wait_until(lambda: pid_of(world, "gateway") not in {0, gateway})
        assert player.gets_snapshots(10)


def test_nothing_is_sent_to_an_address_that_only_a_token_names(world: Program) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.settimeout(0.1)
        account = Account(world, "Cleo")
        grant = account.play()
        forged = make_token(
            private_key=bytes(32),
            protocol_id=int(grant.protocol["protocol_id"], 16),
            now_s=int(time.time()),
            life_s=40,
            timeout_s=8,
            servers=(parse_endpoint(f"127.0.0.1:{stranger.getsockname()[1]}"),),
            user_data=bytes(256),
            random_bytes=bytes(RANDOM_BYTES),
        )
        with RelayPlayer(relay_of(world)) as player:
            player.open(grant._replace(token=forged))
            assert player.wait_until(lambda: (0, ENDED, FOREIGN) in player.states)
            with pytest.raises(TimeoutError):
                stranger.recv(2000)
            player.open(grant)
            assert player.gets_snapshots()


@pytest.mark.parametrize(
    ("message", "kind", "first", "code"),
    [
        (b"\1\0", 2, 0x80, MALFORMED),
        (b"\7\0what is this", 2, 0x80, MALFORMED),
        (b"\0\0too short a token", 2, 0x80, MALFORMED),
        (bytes(4000), 2, 0x80, TOO_BIG),
        (b"text", 1, 0x80, MALFORMED),
        (b"\1\0in parts", 2, 0, MALFORMED),
        (b"an unknown frame", 3, 0x80, MALFORMED),
    ],
)
def test_what_no_browser_sends_ends_its_web_socket_and_touches_nobody_else(
    world: Program, message: bytes, kind: int, first: int, code: int
) -> None:
    other, _, _ = enter(world, "Eve")
    player, _, _ = enter(world, "Fay")
    with other, player:
        player.send(message, kind, first)
        assert player.wait_until(lambda: player.closed is not None)
        assert player.closed == code
        assert other.gets_snapshots()
        assert other.closed is None


def test_a_browser_that_never_reads_costs_bounded_memory_and_nobody_else_anything(world: Program) -> None:
    relay = relay_of(world)
    other, _, _ = enter(world, "Gil")
    player, _, _ = enter(world, "Hal", buffer_bytes=2048)
    with other, player:

        def lost(number: float) -> bool:
            player.act()  # it speaks, and does not listen
            told.update(numbers(relay))
            return told.get('myriad_relay_drops_total{reason="old_snapshots"}', 0) > number

        told: dict[str, float] = {}
        assert other.wait_until(lambda: lost(0), 60)
        assert told["myriad_relay_slow_players"] == 1
        memory = told["process_resident_memory_bytes"]
        assert other.wait_until(lambda: lost(100), 60)
        assert told["myriad_relay_waiting_bytes"] < 100_000
        assert told["process_resident_memory_bytes"] < memory + 4_000_000
        assert other.gets_snapshots()


def test_after_kill_9_of_its_host_a_player_comes_back_through_the_same_web_socket(world: Program) -> None:
    player, account, grant = enter(world, "Ida")
    with player:
        host = next(host for host in world.request("GET", "/v1/fleet")[1]["hosts"] if grant.zone in host["zones"])
        os.kill(host["pid"], signal.SIGKILL)
        again: list[PlayGrant] = []

        def is_back() -> bool:
            fleet = world.request("GET", "/v1/fleet")[1]
            if any(one["pid"] in {None, host["pid"]} or not one["zones"] for one in fleet["hosts"]):
                return False
            found = account.resume(grant)
            again.extend([found] if found is not None else [])
            return bool(again)

        assert player.wait_until(is_back)
        player.open(again[-1], row=1)
        assert player.gets_snapshots()


def test_after_kill_9_of_the_relay_another_is_there_at_its_port_and_takes_players_back(world: Program) -> None:
    player, account, grant = enter(world, "Jon")
    relay, pid = relay_of(world), pid_of(world, "relay")
    with player:
        os.kill(pid, signal.SIGKILL)
        assert player.wait_until(lambda: player.closed is not None)
    until(lambda: pid_of(world, "relay") not in {0, pid})
    assert relay_of(world) == relay
    with RelayPlayer(relay) as again:
        back = account.resume(grant)
        assert back is not None
        again.open(back)
        assert again.gets_snapshots()


def test_at_the_end_players_hear_that_their_zone_ended_before_the_relay_does(world: Program) -> None:
    player, _, _ = enter(world, "Kim")
    with player:
        world.process.send_signal(signal.SIGTERM)
        assert player.wait_until(lambda: player.closed is not None)
        assert (player.states[-1], player.closed) == ((0, ENDED, DISCONNECTED), GOING_AWAY)
    assert world.process.wait(20) == 0


def test_a_relay_that_was_started_by_hand_speaks_tls(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text(CERTIFICATE)
    (tmp_path / "key.pem").write_text(KEY)
    tls = ("--tls-certificate", str(tmp_path / "chain.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with Program("myriad", "relay", "--http-port", "0", "--data", str(tmp_path / "data"), *tls) as program:
        url = program.until_printed(r"(wss://\S+)")[1]
        context = ssl.create_default_context(cadata=CERTIFICATE)
        context.check_hostname = False
        with RelayPlayer(url, context=context) as player:
            assert " 101 " in player.answer
            player.send(b"")
        connection = http.client.HTTPSConnection(url.split("/")[2], timeout=5, context=context)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        assert program.end(signal.SIGTERM)[0] == 0
