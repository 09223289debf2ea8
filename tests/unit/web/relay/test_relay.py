"""What the relay does with browsers' messages, zones' datagrams and time; a real netcode server at the other end."""

from __future__ import annotations

import pytest

from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.client_arrays import INVALID_TOKEN, TIMED_OUT
from myriad.web.relay.messages import FOREIGN, ROWS, TOO_OFTEN, UNREACHABLE
from myriad.web.relay.player import CLOSE_GOING, CLOSE_LATER, CLOSE_MALFORMED, CLOSE_POLICY
from tests.protocol.netcode_pair import MS, OWN, from_batch
from tests.unit.web.relay.relay_town import CONTROL, SNAPSHOT, FakeWire, Town

CONNECTING, CONNECTED, ENDED = 1, 2, 3
FOREIGN_SERVER = parse_endpoint("192.0.2.66:1337")


def states(wire: FakeWire) -> list[int]:
    return [state for _, state, _ in wire.states]


def test_a_token_of_a_zone_connects_and_payloads_go_both_ways() -> None:
    town = Town()
    player, wire = town.connect()
    assert states(wire) == [CONNECTING, CONNECTED]
    town.say(player, b"\1\0from the browser")
    town.pass_time(0.1)
    assert town.zone.server_got == [(0, b"from the browser")]
    town.from_zone(SNAPSHOT)
    assert wire.payloads == [(0, SNAPSHOT)]


def test_a_second_row_is_another_connection_of_the_same_browser() -> None:
    town = Town()
    player, wire = town.connect()
    town.open(player, 3)
    town.pass_time(0.3)
    assert town.zone.server.num_clients == 2
    town.say(player, b"\1\3three")
    town.say(player, b"\1\0zero")
    town.pass_time(0.1)
    assert sorted(town.zone.server_got) == [(0, b"zero"), (1, b"three")]
    town.from_zone(CONTROL, 1)
    assert wire.payloads == [(3, CONTROL)]


def test_a_row_that_is_in_use_begins_anew() -> None:
    town = Town()
    player, wire = town.connect()
    town.open(player)
    town.pass_time(0.4)
    assert states(wire) == [CONNECTING, CONNECTED, CONNECTING, CONNECTED]
    assert town.zone.server.num_clients == 1


def test_close_tells_the_zone_at_once_and_the_port_is_given_back() -> None:
    town = Town()
    player, wire = town.connect()
    town.say(player, b"\2\0")
    town.pass_time(0.1)
    assert town.zone.server.num_clients == 0
    assert town.ports.dialled == {}
    assert states(wire)[-1] == CONNECTED  # who closes is not told


def test_a_browser_that_is_gone_leaves_the_zone_and_its_slot_is_free() -> None:
    town = Town()
    players = [town.connect()[0] for _ in range(4)]
    assert town.relay.is_full
    town.relay.leave(players[1], town.now_ns)
    town.relay.leave(players[1], town.now_ns)
    town.pass_time(0.1)
    assert town.zone.server.num_clients == 3
    town.say(players[1], b"\1\0x")
    again, _ = town.enter()
    assert (again.slot, town.relay.is_full) == (1, True)


def test_connections_stay_while_nothing_is_said_and_end_when_the_zone_is_silent() -> None:
    town = Town()
    _, wire = town.connect()
    town.pass_time(20)
    assert states(wire)[-1] == CONNECTED
    assert town.zone.server.num_clients == 1
    town.zone.network = lambda datagram: ()
    town.pass_time(9)
    assert wire.states[-1] == (0, ENDED, TIMED_OUT)
    assert town.ports.dialled == {}


def test_the_last_payload_comes_before_the_word_that_the_connection_ended() -> None:
    town = Town()
    _, wire = town.connect()
    goodbye = town.zone.from_server(CONTROL)
    ends = [one for batch, count in town.zone.server.close_all(town.now_ns) for one in from_batch(batch, count, OWN)]
    town.hear(*goodbye, *ends)
    assert wire.heard[-2:] == [b"\1\0" + CONTROL, bytes([0, 0, ENDED, 0])]


def test_nothing_is_sent_to_servers_that_the_directory_does_not_name() -> None:
    town = Town()
    player, wire = town.enter()
    town.open(player, 1, town.zone.token(servers=(FOREIGN_SERVER,)))
    town.pass_time(3)
    assert wire.states == [(1, CONNECTING, 0), (1, ENDED, FOREIGN)]
    assert (town.ports.dialled, town.relay.totals["datagrams_up"]) == ({}, 0)
    assert town.relay.drops["foreign"] == 1


def test_of_a_token_with_several_servers_only_those_of_the_directory_are_tried() -> None:
    town = Town()
    player, wire = town.enter()
    town.open(player, 0, town.zone.token(servers=(FOREIGN_SERVER, OWN)))
    assert town.ports.dialled == {0: OWN}
    town.pass_time(0.3)
    assert states(wire) == [CONNECTING, CONNECTED]


def test_the_next_server_of_a_token_is_dialled_when_the_first_is_silent() -> None:
    town = Town()
    silent = parse_endpoint("203.0.113.9:1400")
    town.read(str(silent), str(OWN))
    player, wire = town.enter()
    town.open(player, 0, town.zone.token(servers=(silent, OWN), timeout_s=1))
    assert town.ports.dialled == {0: silent}
    town.pass_time(1.5)
    assert (town.ports.dialled, states(wire)) == ({0: OWN}, [CONNECTING, CONNECTED])


def test_a_token_waits_a_moment_for_a_directory_that_names_its_zone() -> None:
    town = Town()
    town.read()
    player, wire = town.enter()
    town.open(player)
    town.pass_time(0.5)
    assert states(wire) == [CONNECTING]
    town.read(str(OWN))
    town.pass_time(0.3)
    assert states(wire) == [CONNECTING, CONNECTED]


def test_what_was_opened_and_left_is_not_dialled_later() -> None:
    town = Town()
    town.read()
    player, _ = town.enter()
    town.open(player)
    town.relay.leave(player, town.now_ns)
    closing, _ = town.enter()
    town.open(closing)
    town.say(closing, b"\2\0")
    town.read(str(OWN))
    assert town.ports.dialled == {}


@pytest.mark.parametrize("token", [bytes(2048), b"NETCODE 1.02\0" + bytes(range(256)) * 7 + bytes(243)])
def test_bytes_that_are_no_token_end_the_row_alone(token: bytes) -> None:
    town = Town()
    player, wire = town.connect()
    town.open(player, 2, token)
    town.pass_time(0.1)
    assert wire.states[-2:] == [(2, CONNECTING, 0), (2, ENDED, INVALID_TOKEN)]
    assert (town.relay.drops["bad_token"], town.zone.server.num_clients, wire.closed) == (1, 1, None)


def test_without_a_port_the_browser_is_told() -> None:
    town = Town()
    town.ports.refuses = True
    player, wire = town.enter()
    town.open(player)
    town.pass_time(0.1)
    assert wire.states[-1] == (0, ENDED, UNREACHABLE)
    assert town.relay.drops["no_port"] == 1


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\1",
        b"\1\0",
        b"\1\4x",
        b"\1\0" + bytes(1201),
        b"\0\0" + bytes(2047),
        b"\0\0" + bytes(2049),
        b"\2\0x",
        b"\3\0x",
        b"\xff" * 40,
    ],
)
def test_a_malformed_message_ends_its_browser_and_touches_nobody_else(message: bytes) -> None:
    town = Town()
    _, other = town.connect()
    player, wire = town.connect()
    town.say(player, message)
    town.pass_time(0.1)
    assert (wire.closed, other.closed) == (CLOSE_MALFORMED, None)
    assert (town.relay.drops["malformed"], town.relay.ends["malformed"]) == (1, 1)
    assert town.zone.server.num_clients == 1
    town.from_zone(SNAPSHOT)
    assert other.payloads == [(0, SNAPSHOT)]


def test_payloads_for_a_row_that_is_not_connected_are_dropped_and_counted() -> None:
    town = Town()
    player, wire = town.connect()
    town.say(player, b"\1\1to nobody")
    town.pass_time(0.1)
    assert (int(town.relay.arrays.counts[2]), town.zone.server_got, wire.closed) == (1, [], None)


def test_more_payloads_at_once_than_a_batch_holds_all_go_out() -> None:
    town = Town(messages_per_s=1000)
    player, _ = town.connect()
    for number in range(300):
        town.say(player, b"\1\0" + number.to_bytes(2, "big"))
    assert len(town.take_sent()) == 300


def test_a_browser_that_sends_too_much_is_cut_off_and_then_let_go() -> None:
    town = Town(messages_per_s=20, flood_per_s=100)
    player, wire = town.connect()
    town.pass_time(1.1)
    for _ in range(60):
        town.say(player, b"\1\0x")
    town.pass_time(0.1)
    assert len(town.zone.server_got) == 20
    assert (town.relay.drops["flood"], wire.closed) == (40, None)
    for _ in range(60):
        town.say(player, b"\1\0x")
    assert wire.closed == CLOSE_POLICY


def test_connections_of_an_address_are_limited_and_others_go_on() -> None:
    town = Town(exempt=(), opens_per_min=3)
    player, wire = town.enter("198.18.5.5")
    for _ in range(4):
        town.open(player)
    assert wire.states[-1] == (0, ENDED, TOO_OFTEN)
    other, heard = town.enter("198.18.5.6")
    town.open(other)
    assert states(heard) == [CONNECTING]


def test_web_sockets_of_an_address_are_limited_too() -> None:
    town = Town(exempt=(), opens_per_min=2)
    for _ in range(2):
        town.enter("2001:db8::1")
    wire = FakeWire()
    assert town.relay.enter(wire, "2001:db8::2", None, town.now_ns) is None  # the same /64
    assert (wire.closed, town.relay.ends["too_often"]) == (CLOSE_LATER, 1)


def test_who_comes_when_it_is_full_is_asked_to_come_later() -> None:
    town = Town()
    for _ in range(4):
        town.enter()
    wire = FakeWire()
    assert town.relay.enter(wire, None, None, town.now_ns) is None
    assert wire.closed == CLOSE_LATER


def test_a_browser_without_a_connection_is_let_go_after_a_while() -> None:
    town = Town()
    _, idle = town.enter()
    _, busy = town.connect()
    town.pass_time(11)
    assert (idle.closed, busy.closed) == (CLOSE_GOING, None)
    assert len(town.relay.players) == 1


def test_of_a_slow_browser_the_newest_snapshot_of_each_row_waits_and_others_in_order_within_a_bound() -> None:
    town = Town(waiting_bytes=100)
    player, wire = town.connect()
    town.relay.pause(player, town.now_ns)
    before = len(wire.heard)
    for number in range(50):
        town.from_zone(SNAPSHOT + bytes([number]))
        town.from_zone(CONTROL + bytes([number]))
    assert len(wire.heard) == before
    assert player.waiting is not None
    assert player.waiting.num_bytes <= 100 + 20
    town.relay.resume(player)
    assert wire.payloads == [
        *((0, CONTROL + bytes([number])) for number in range(8)),
        (0, SNAPSHOT + bytes([49])),
    ]
    assert (town.relay.drops["old_snapshots"], town.relay.drops["slow_payloads"]) == (49, 42)


def test_a_browser_that_is_slow_again_keeps_what_waits() -> None:
    town = Town()
    player, wire = town.connect()
    town.relay.pause(player, town.now_ns)
    for number in range(3):
        town.from_zone(CONTROL + bytes([number]))
    sends = wire.send

    def send_one(message: bytes | memoryview) -> None:
        sends(message)
        town.relay.pause(player, town.now_ns)

    wire.send = send_one  # type: ignore[method-assign]
    town.relay.resume(player)
    assert wire.payloads == [(0, CONTROL + bytes([0]))]
    town.relay.resume(player)
    town.relay.resume(player)
    assert [payload[-1] for _, payload in wire.payloads] == [0, 1, 2]


def test_a_browser_that_reads_nothing_for_long_is_let_go() -> None:
    town = Town()
    player, wire = town.connect()
    town.relay.pause(player, town.now_ns)
    town.pass_time(9)
    closed = [wire.closed]
    town.pass_time(3)
    closed.append(wire.closed)
    assert (closed, town.relay.ends["slow"]) == ([None, CLOSE_LATER], 1)
    assert town.zone.server.num_clients == 0


def test_what_waited_for_a_row_is_gone_when_it_begins_anew() -> None:
    town = Town()
    player, wire = town.connect()
    town.relay.pause(player, town.now_ns)
    town.from_zone(CONTROL)
    town.from_zone(SNAPSHOT)
    town.open(player)
    town.relay.resume(player)
    assert wire.payloads == []
    assert wire.states[-1] == (0, CONNECTING, 0)


def test_datagrams_that_are_not_authentic_change_nothing() -> None:
    town = Town()
    _, wire = town.connect()
    (genuine,) = town.zone.from_server(SNAPSHOT)
    town.hear(genuine._replace(data=genuine.data[:-1] + b"!"), genuine._replace(data=b"\x15" * 60), genuine)
    town.hear(genuine)  # a repeated one
    assert wire.payloads == [(0, SNAPSHOT)]
    assert int(town.relay.arrays.net.drops.sum()) == 3


def test_at_the_end_everybody_is_let_go() -> None:
    town = Town()
    wires = [town.connect()[1] for _ in range(2)]
    town.relay.stop(town.now_ns)
    town.pass_time(0.1)
    assert [wire.closed for wire in wires] == [CLOSE_GOING] * 2
    assert (town.zone.server.num_clients, town.relay.players) == (0, [])


def test_time_is_that_of_the_caller() -> None:
    town = Town()
    player, _ = town.connect()
    assert max(town.relay.arrays.net.connections["last_send_ns"][:ROWS]) <= town.now_ns
    assert town.now_ns - player.alive_ns <= 1000 * MS
