"""Every attack on the connection that WIRE.md names: dropped, counted under its reason, and nothing else changed."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from nacl import bindings

from myriad.netcode import client_arrays, server, server_arrays, tokens
from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.server_arrays import ServerLimits
from myriad.wire.datagram import MAX_PACKET_BYTES, new_batch
from tests.protocol.netcode_pair import MS, OWN, PROTOCOL_ID, Datagram, Pair, client_endpoint
from tests.reference import netcode_oracle as oracle

pytestmark = pytest.mark.without_jit

STRANGER = parse_endpoint("192.0.2.77:7777")
FORGERY_MARKS = ("rates", "state.busy_until_ns", "state.decrypts_left")
"""What a forged request may change: the limits of its network and of all, and this tick's budget."""

CORPUS = json.loads((Path(__file__).parents[1] / "corpus" / "netcode.json").read_text())


def keys(pair: Pair, row: int = 0) -> tuple[bytes, bytes]:
    """(client to server, server to client) of a connected client."""
    connections = pair.clients.connections
    return connections["send_key"][row].tobytes(), connections["receive_key"][row].tobytes()


def assert_server_drops(pair: Pair, datagram: Datagram, reason: str, but: tuple[str, ...] = ()) -> None:
    before, drops = pair.server_state(but=but), pair.drops().get(reason, 0)
    total = sum(pair.drops().values())
    assert pair.give_server(datagram) == [], "something was answered"
    assert pair.drops().get(reason, 0) == drops + 1, pair.drops()
    assert sum(pair.drops().values()) == total + 1
    assert pair.server_state(but=but) == before


def changed(data: bytes, at: int, flip: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["name"])
def test_a_known_hostile_packet_changes_nothing_wherever_it_comes_from(entry: dict[str, str]) -> None:
    pair = Pair(2)
    pair.connect(0)
    pair.give_server(pair.request(pair.token(), client_endpoint(1)))
    data = bytes.fromhex(entry["hex"])
    for source in (STRANGER, client_endpoint(0), client_endpoint(1)):
        before = pair.server_state(but=FORGERY_MARKS)
        assert pair.give_server(Datagram(source, OWN, data)) == []
        assert pair.server_state(but=FORGERY_MARKS) == before
    assert pair.drops()[entry["reason"]] >= 1
    assert sum(pair.drops().values()) == 3
    clients = pair.client_state()
    for row in (0, 1):
        pair.give_client(row, Datagram(OWN, client_endpoint(row), data))
    assert pair.client_state() == clients
    assert sum(pair.client_drops().values()) == 2


def test_requests_are_refused_for_the_cheapest_reason() -> None:
    pair = Pair()
    good = pair.request(pair.token(), STRANGER)

    def request(data: bytes) -> Datagram:
        return Datagram(STRANGER, OWN, data)

    assert_server_drops(pair, request(good.data[:-1]), "request_size")
    assert_server_drops(pair, request(good.data + b"\0"), "request_size")
    assert_server_drops(pair, request(changed(good.data, 12)), "request_version")
    assert_server_drops(pair, request(changed(good.data, 14)), "request_protocol")
    expired = good.data[:22] + struct.pack("<Q", pair.wall_s) + good.data[30:]
    assert_server_drops(pair, request(expired), "request_expired")
    assert_server_drops(pair, request(changed(good.data, 26)), "request_decrypt", FORGERY_MARKS)
    other = pair.request(pair.token(servers=(parse_endpoint("203.0.113.5:1338"),)), STRANGER)
    assert_server_drops(pair, other, "request_address", ("state.decrypts_left",))
    assert len(pair.give_server(good)) == 1


@pytest.mark.parametrize("kind", ["count zero", "count 33", "address type"])
def test_an_authentic_but_malformed_private_part_is_refused(kind: str) -> None:
    pair = Pair()
    token = tokens.read_token(pair.token())
    plain = bytearray(1008)
    plain[12:16] = struct.pack("<I", {"count zero": 0, "count 33": 33, "address type": 2}[kind])
    servers = b"\x01" + bytes([203, 0, 113, 5]) + struct.pack("<H", 1337)
    plain[16 : 16 + 33 * 7] = servers * 33
    if kind == "address type":
        plain[16 + 7] = 3
    public = oracle.VERSION + struct.pack("<QQ", PROTOCOL_ID, token.expires_s)
    sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(plain), public, token.nonce, bytes(range(32)))
    request = Datagram(STRANGER, OWN, tokens.request_packet(token._replace(private_data=sealed)))
    assert_server_drops(pair, request, "request_address", ("state.decrypts_left",))


def test_every_flipped_byte_of_a_request_is_noticed() -> None:
    pair = Pair(
        limits=ServerLimits(max_clients=4, max_pending=4, max_tokens=8, decrypts_per_tick=10_000),
        exempt=("192.0.2.0/24",),
    )
    good = pair.request(pair.token(), STRANGER)
    before = pair.server_state(but=("state.decrypts_left",))
    for at in range(len(good.data)):
        assert pair.give_server(Datagram(STRANGER, OWN, changed(good.data, at, 1 << at % 8))) == []
    assert pair.server_state(but=("state.decrypts_left",)) == before
    assert sum(pair.drops().values()) == 1078


@pytest.mark.parametrize("kind", [3, 4, 5, 6])
def test_flips_and_truncations_of_every_packet_to_the_server_change_nothing(kind: int) -> None:
    pair = Pair()
    if kind == 3:
        pair.start()
        pair.network = lambda datagram: [datagram] if len(datagram.data) in (1078, 333) else []
        pair.step(1)
        body = pair.clients.clients["challenge"][0].tobytes()
    else:
        pair.connect()
        body = {4: bytes(8), 5: b"payload of some length", 6: b""}[kind]
    upward, _ = keys(pair)
    packet = oracle.encode_packet(kind, body, upward, PROTOCOL_ID, 300)
    before = pair.server_state(but=("state.decrypts_left",))
    for size in range(len(packet)):
        pair.arrays.state["decrypts_left"] = 9
        assert pair.give_server(Datagram(client_endpoint(0), OWN, packet[:size])) == []
    for at in range(len(packet)):
        for flip in (1, 0x80, 0xFF):
            pair.arrays.state["decrypts_left"] = 9
            if changed(packet, at, flip)[0] != 0:
                assert pair.give_server(Datagram(client_endpoint(0), OWN, changed(packet, at, flip))) == []
    assert pair.server_state(but=("state.decrypts_left",)) == before
    pair.give_server(Datagram(client_endpoint(0), OWN, packet))
    assert pair.server_state(but=("state.decrypts_left",)) != before


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 6])
def test_flips_and_truncations_of_every_packet_to_a_client_change_nothing(kind: int) -> None:
    pair = Pair()
    if kind in (1, 2):
        pair.start()
        body = bytes(308) if kind == 2 else b""
    else:
        pair.connect()
        body = {4: bytes(8), 5: b"payload of some length", 6: b""}[kind]
    _, downward = keys(pair)
    packet = oracle.encode_packet(kind, body, downward, PROTOCOL_ID, 300)
    before = pair.client_state()
    for size in range(len(packet)):
        pair.give_client(0, Datagram(OWN, client_endpoint(0), packet[:size]))
    for at in range(len(packet)):
        for flip in (1, 0x80, 0xFF):
            pair.give_client(0, Datagram(OWN, client_endpoint(0), changed(packet, at, flip)))
    pair.give_client(0, Datagram(STRANGER, client_endpoint(0), packet))
    assert pair.client_state() == before
    pair.now_ns += MS
    pair.give_client(0, Datagram(OWN, client_endpoint(0), packet))
    assert pair.client_state() != before


def test_a_packet_from_another_port_is_unknown() -> None:
    pair = Pair()
    pair.connect()
    packet = pair.from_client(b"mine")
    source = packet.source._replace(port=packet.source.port + 1)
    assert_server_drops(pair, packet._replace(source=source), "unknown_address")
    pair.give_server(packet)
    assert pair.server_got == [(0, b"mine")]


def test_a_replayed_packet_is_dropped() -> None:
    pair = Pair()
    pair.connect()
    first, second = pair.from_client(b"first"), pair.from_client(b"second")
    pair.give_server(second, first)
    for packet in (first, second):
        assert_server_drops(pair, packet, "packet_replayed")
    assert pair.server_got == [(0, b"second"), (0, b"first")]


def test_a_forged_huge_sequence_does_not_poison_the_window() -> None:
    pair = Pair()
    pair.connect()
    for sequence in ((1 << 64) - 1, 1 << 63, 1 << 32, 100_000):
        forged = oracle.encode_packet(5, b"forged", bytes(32), PROTOCOL_ID, sequence)
        assert_server_drops(pair, Datagram(client_endpoint(0), OWN, forged), "packet_decrypt")
    pair.give_server(pair.from_client(b"honest"))
    assert pair.server_got == [(0, b"honest")]


def test_the_window_holds_up_to_the_last_sequence() -> None:
    pair = Pair()
    pair.connect()
    upward, _ = keys(pair)
    last = (1 << 64) - 1
    for sequence in (last - 1, last, last - 255, last - 100):
        packet = oracle.encode_packet(5, b"late", upward, PROTOCOL_ID, sequence)
        pair.give_server(Datagram(client_endpoint(0), OWN, packet))
        assert_server_drops(pair, Datagram(client_endpoint(0), OWN, packet), "packet_replayed")
    assert len(pair.server_got) == 4
    for sequence in (last - 256, 0, 5):
        packet = oracle.encode_packet(5, b"old", upward, PROTOCOL_ID, sequence)
        assert_server_drops(pair, Datagram(client_endpoint(0), OWN, packet), "packet_replayed")


def test_types_that_never_go_to_a_server_are_dropped() -> None:
    pair = Pair()
    pair.connect()
    upward, _ = keys(pair)
    for kind, size in ((1, 0), (2, 308), (7, 8), (15, 8)):
        packet = oracle.encode_packet(kind, bytes(size), upward, PROTOCOL_ID, 900 + kind)
        reason = "packet_short" if len(packet) < 18 else "packet_type"
        assert_server_drops(pair, Datagram(client_endpoint(0), OWN, packet), reason)


def test_a_payload_of_the_wrong_size_is_dropped_before_it_is_decrypted() -> None:
    pair = Pair()
    pair.connect()
    upward, _ = keys(pair)
    for kind, size in ((5, 1201), (5, 0), (4, 7), (4, 9), (6, 1), (3, 307)):
        packet = oracle.encode_packet(kind, bytes(size), upward, PROTOCOL_ID, 70_000)
        assert_server_drops(pair, Datagram(client_endpoint(0), OWN, packet), "packet_size")


def test_oversized_and_empty_datagrams_are_counted() -> None:
    pair = Pair()
    assert_server_drops(pair, Datagram(STRANGER, OWN, bytes(MAX_PACKET_BYTES + 1)), "oversized")
    assert_server_drops(pair, Datagram(STRANGER, OWN, b""), "empty")


def test_a_late_response_of_a_connected_client_is_ignored() -> None:
    pair = Pair()
    pair.start()
    seen: list[Datagram] = []
    pair.network = lambda datagram: seen.append(datagram) or [datagram]  # type: ignore[func-returns-value]
    pair.step(3)
    (response,) = [d for d in seen if d.target == OWN and d.data[0] & 15 == 3]
    assert_server_drops(pair, response, "response_unexpected")


def test_random_bytes_of_every_length_are_never_answered() -> None:
    pair = Pair()
    pair.connect()
    before = pair.server_state(but=FORGERY_MARKS)
    rounds = 2000
    for k in range(rounds):
        data = pair.random.randbytes(pair.random.choice((0, 1, 17, 18, 25, 333, 1078, 1078, 1225, 1300)))
        if k % 3 == 0 and len(data) == 1078:
            data = bytes([0]) + oracle.VERSION + struct.pack("<QQ", PROTOCOL_ID, pair.wall_s + 30) + data[30:]
        source = pair.random.choice((STRANGER, client_endpoint(0)))
        assert pair.give_server(Datagram(source, OWN, data)) == []
    assert pair.server_state(but=FORGERY_MARKS) == before
    assert sum(pair.drops().values()) == rounds


def forged_request(pair: Pair, k: int) -> bytes:
    public = oracle.VERSION + struct.pack("<QQ", PROTOCOL_ID, pair.wall_s + 30)
    return bytes([0]) + public + pair.random.randbytes(1048) if k >= 0 else b""


def test_a_flood_with_valid_prefixes_costs_no_more_decryptions_than_the_budget() -> None:
    pair = Pair(limits=ServerLimits(max_clients=4, max_pending=4, max_tokens=8, decrypts_per_tick=16))
    pair.connect()
    num_ticks = 60
    for tick in range(num_ticks):
        pair.step()
        flood = [
            Datagram(parse_endpoint(f"100.{k % 200}.{tick}.7:9"), OWN, forged_request(pair, k)) for k in range(100)
        ]
        assert pair.give_server(*flood, pair.from_client(bytes([tick]))) == []
    assert pair.server_got == [(0, bytes([tick])) for tick in range(num_ticks)]
    drops = pair.drops()
    assert drops["request_decrypt"] <= 16 * num_ticks
    assert sum(drops.values()) == 100 * num_ticks


def test_one_network_that_fails_too_often_is_not_decrypted_for_a_while() -> None:
    limits = ServerLimits(
        max_clients=4,
        max_pending=8,
        max_tokens=16,
        decrypts_per_tick=500,
        failures_per_network_hz=10,
        failures_per_network_burst=5,
    )
    pair = Pair(limits=limits)
    flood = [Datagram(parse_endpoint(f"192.0.2.{k}:9"), OWN, forged_request(pair, k)) for k in range(100)]
    pair.give_server(*flood)
    assert pair.drops() == {"request_decrypt": 5, "request_rate": 95}
    assert pair.give_server(pair.request(pair.token(), parse_endpoint("192.0.2.200:9"))) == []
    assert len(pair.give_server(pair.request(pair.token(), parse_endpoint("192.0.3.200:9")))) == 1
    pair.now_ns += 101 * MS
    assert len(pair.give_server(pair.request(pair.token(), parse_endpoint("192.0.2.200:9")))) == 1


def test_ipv6_networks_are_limited_by_their_first_56_bits() -> None:
    limits = ServerLimits(max_clients=4, max_pending=8, max_tokens=16, failures_per_network_burst=3)
    pair = Pair(limits=limits)
    flood = [Datagram(parse_endpoint(f"[2001:db8:1:{k:x}::{k}]:9"), OWN, forged_request(pair, k)) for k in range(20)]
    pair.give_server(*flood)
    assert pair.drops() == {"request_decrypt": 3, "request_rate": 17}
    assert len(pair.give_server(pair.request(pair.token(), parse_endpoint("[2001:db8:1:100::1]:9")))) == 1


def test_exempt_networks_are_not_limited() -> None:
    limits = ServerLimits(max_clients=4, max_pending=8, max_tokens=16, failures_per_network_burst=3)
    pair = Pair(limits=limits, exempt=("192.0.2.0/24", "2001:db8::/32"))
    for source in ("192.0.2.9:9", "[2001:db8::9]:9", "[::ffff:192.0.2.9]:9"):
        pair.give_server(*[Datagram(parse_endpoint(source), OWN, forged_request(pair, k)) for k in range(10)])
    assert pair.drops() == {"request_decrypt": 30}


def test_failures_of_all_networks_together_are_limited() -> None:
    limits = ServerLimits(
        max_clients=4, max_pending=8, max_tokens=16, decrypts_per_tick=500, failures_hz=100, failures_burst=20
    )
    pair = Pair(limits=limits)
    flood = [Datagram(parse_endpoint(f"10.{k}.0.1:9"), OWN, forged_request(pair, k)) for k in range(200)]
    pair.give_server(*flood)
    assert pair.drops() == {"request_decrypt": 20, "request_rate": 180}


def test_honest_requests_use_up_no_limit() -> None:
    limits = ServerLimits(max_clients=4, max_pending=64, max_tokens=64, failures_per_network_burst=1)
    pair = Pair(limits=limits)
    for k in range(40):
        assert len(pair.give_server(pair.request(pair.token(), parse_endpoint(f"192.0.2.9:{1000 + k}")))) == 1
        pair.arrays.state["decrypts_left"] = 9


def test_a_replayed_request_costs_a_lookup_not_a_decryption() -> None:
    pair = Pair()
    request = pair.request(pair.token(), client_endpoint(0))
    assert len(pair.give_server(request)) == 1
    before = pair.server_state()
    pair.give_server(*[request._replace(source=parse_endpoint(f"10.0.0.{k}:9")) for k in range(100)])
    assert pair.drops() == {"token_used": 100}
    assert pair.server_state() == before


def test_more_answers_than_fit_are_not_begun() -> None:
    limits = ServerLimits(max_clients=64, max_pending=64, max_tokens=64, max_replies=4)
    pair = Pair(limits=limits)
    requests = [pair.request(pair.token(), parse_endpoint(f"10.0.0.1:{k}")) for k in range(1, 11)]
    assert len(pair.give_server(*requests)) == 4
    assert pair.drops() == {"slow_lane_full": 6}
    assert pair.arrays.state["free_history"][0] == 60
    assert len(pair.give_server(*requests[4:8])) == 4


def test_no_place_for_another_challenged_address_leaves_the_rest_alone() -> None:
    pair = Pair(limits=ServerLimits(max_clients=4, max_pending=2, max_tokens=16))
    requests = [pair.request(pair.token(), parse_endpoint(f"10.0.0.1:{k}")) for k in range(1, 4)]
    assert len(pair.give_server(*requests)) == 2
    assert pair.drops() == {"slow_lane_full": 1}
    assert len(pair.give_server(*requests[:2])) == 2


def test_a_connected_client_is_served_whatever_the_flood() -> None:
    pair = Pair()
    pair.connect()
    for tick in range(50):
        pair.step()
        noise = [
            Datagram(client_endpoint(0), OWN, oracle.encode_packet(5, b"x" * 40, bytes(32), PROTOCOL_ID, k))
            for k in range(50)
        ]
        pair.give_server(*noise, pair.from_client(bytes([tick])))
    assert len(pair.server_got) == 50
    assert pair.state() == client_arrays.CLIENT_CONNECTED


def test_receive_lists_payloads_in_order_of_arrival() -> None:
    pair = Pair(3)
    for row in range(3):
        pair.connect(row)
    packets = [pair.from_client(bytes([k]), k % 3) for k in range(9)]
    batch = new_batch(16)
    for i, packet in enumerate(packets):
        batch["data"][i, : len(packet.data)] = np.frombuffer(packet.data, np.uint8)
        batch["length"][i] = len(packet.data)
        batch["address"][i] = pair.arrays.connections["address"][i % 3]
    payloads = np.zeros(16, server_arrays.PAYLOAD_RECORD)
    assert server.receive(pair.arrays, batch, 9, pair.now_ns, pair.wall_s, payloads) == 9
    assert payloads["row"][:9].tolist() == [0, 1, 2] * 3
    assert payloads["datagram"][:9].tolist() == list(range(9))
    assert payloads["length"][:9].tolist() == [1] * 9
