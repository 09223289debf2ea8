"""Byte for byte what the C reference implementation of netcode 1.02 produced, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from myriad.netcode import packets, server, server_arrays, tokens
from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.netcode.connection import CONNECTION, SEND_KEY_AT, SEND_NONCE_AT
from myriad.wire.datagram import new_batch
from tests.reference import netcode_oracle as oracle

pytestmark = pytest.mark.without_jit

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "netcode-1.02-vectors.json").read_text())


def body_of(vector: dict[str, Any]) -> bytes:
    if "payload" in vector:
        return bytes.fromhex(vector["payload"])
    if "challenge_token" in vector:
        return int(vector["challenge_sequence"], 16).to_bytes(8, "little") + bytes.fromhex(vector["challenge_token"])
    if "client_index" in vector:
        return int(vector["client_index"]).to_bytes(4, "little") + int(vector["max_clients"]).to_bytes(4, "little")
    return b""


def test_the_vectors_cover_every_packet_type() -> None:
    assert {vector["type"] for vector in VECTORS["packets"]} == {1, 2, 3, 4, 5, 6}
    assert len(VECTORS["tokens"]) == 4
    assert len(VECTORS["challenge_tokens"]) == 3


@pytest.mark.parametrize("vector", VECTORS["packets"], ids=lambda v: f"type{v['type']}-{v['sequence']}")
def test_packet_is_sealed_as_the_reference_does(vector: dict[str, Any]) -> None:
    connections = np.zeros(1, CONNECTION)
    connections["send_key"][0] = np.frombuffer(bytes.fromhex(vector["key"]), np.uint8)
    connections["send_sequence"] = int(vector["sequence"], 16)
    batch = new_batch(1)
    body = body_of(vector)
    at = packets.body_offset(connections, 0)
    batch["data"][0, at : at + len(body)] = np.frombuffer(body, np.uint8)
    ad = packets.associated_data(int(vector["protocol_id"], 16))
    nonce = packets.record_pointer(connections, 0, SEND_NONCE_AT)
    key = packets.record_pointer(connections, 0, SEND_KEY_AT)
    sequence = connections["send_sequence"][0]
    packets.seal_body(batch, 0, int(vector["type"]), len(body), ad, sequence, nonce, key)
    assert batch["data"][0, : batch["length"][0]].tobytes().hex() == vector["packet"]


@pytest.mark.parametrize("vector", VECTORS["packets"], ids=lambda v: f"type{v['type']}-{v['sequence']}")
def test_packet_of_the_reference_opens(vector: dict[str, Any]) -> None:
    connections = np.zeros(1, CONNECTION)
    connections["receive_key"][0] = np.frombuffer(bytes.fromhex(vector["key"]), np.uint8)
    packet = bytes.fromhex(vector["packet"])
    batch = new_batch(1)
    batch["data"][0, : len(packet)] = np.frombuffer(packet, np.uint8)
    batch["length"] = len(packet)
    assert packets.check_shape(batch, 0, 1 << int(vector["type"])) == packets.AUTHENTIC
    ad = packets.associated_data(int(vector["protocol_id"], 16))
    assert packets.open_packet(connections, 0, batch, 0, ad) == packets.AUTHENTIC
    at = 1 + (packet[0] >> 4)
    assert batch["data"][0, at : len(packet) - 16].tobytes() == body_of(vector)
    replayable = int(vector["type"]) >= 4
    assert int(connections["newest"][0]) == (int(vector["sequence"], 16) if replayable else 0)


@pytest.mark.parametrize("vector", VECTORS["packets"][:6], ids=lambda v: f"type{v['type']}")
def test_oracle_agrees_with_the_reference(vector: dict[str, Any]) -> None:
    key, protocol_id = bytes.fromhex(vector["key"]), int(vector["protocol_id"], 16)
    sequence = int(vector["sequence"], 16)
    packet = oracle.encode_packet(int(vector["type"]), body_of(vector), key, protocol_id, sequence)
    assert packet.hex() == vector["packet"]
    assert oracle.decode_packet(packet, key, protocol_id) == (vector["type"], sequence, body_of(vector))


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: f"{len(v['addresses'])}-servers")
def test_token_reads_and_writes_as_the_reference_does(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["token"])
    token = tokens.read_token(raw)
    assert token.protocol_id == int(vector["protocol_id"], 16)
    assert token.timeout_s == vector["timeout_seconds"]
    assert [str(endpoint) for endpoint in token.servers] == vector["addresses"]
    assert tokens.write_token(token) == raw


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: f"{len(v['addresses'])}-servers")
def test_private_part_opens_and_seals_as_the_reference_does(vector: dict[str, Any]) -> None:
    token = tokens.read_token(bytes.fromhex(vector["token"]))
    key = bytes.fromhex(vector["private_key"])
    private = tokens.open_private(token.private_data, key, token.protocol_id, token.expires_s, token.nonce)
    assert private.client_id == int(vector["client_id"], 16)
    assert private.timeout_s == vector["timeout_seconds"]
    assert private.servers == token.servers
    assert private.user_data == bytes.fromhex(vector["user_data"])
    assert private.client_to_server_key == token.client_to_server_key
    assert private.server_to_client_key == token.server_to_client_key
    sealed = tokens.seal_private(private, key, token.protocol_id, token.expires_s, token.nonce)
    assert sealed == token.private_data


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: f"{len(v['addresses'])}-servers")
def test_every_server_named_by_a_reference_token_challenges_its_request(vector: dict[str, Any]) -> None:
    token = tokens.read_token(bytes.fromhex(vector["token"]))
    for own in vector["addresses"]:
        arrays = server_arrays.new_server(
            private_key=bytes.fromhex(vector["private_key"]),
            protocol_id=token.protocol_id,
            own=(parse_endpoint(own),),
            random_bytes=bytes(range(160)),
            limits=server_arrays.ServerLimits(max_clients=2, max_pending=2, max_tokens=4),
        )
        request = tokens.request_packet(token)
        batch = new_batch(1)
        batch["data"][0, : len(request)] = np.frombuffer(request, np.uint8)
        batch["length"] = len(request)
        batch["address"][0] = to_words(parse_endpoint("192.0.2.1:5000"))
        payloads = np.zeros(1, server_arrays.PAYLOAD_RECORD)
        assert server.receive(arrays, batch, 1, 1, token.created_s, payloads) == 0
        assert arrays.state["num_replies"][0] == 1, arrays.drops
        reply = arrays.replies["data"][0, : arrays.replies["length"][0]].tobytes()
        opened = oracle.decode_packet(reply, token.server_to_client_key, token.protocol_id)
        assert opened is not None
        kind, sequence, body = opened
        assert (kind, sequence, body[:8]) == (2, 1 << 63, bytes(8))
        challenge = tokens.open_challenge(body[8:], 0, arrays.state["challenge_key"][0].tobytes())
        assert challenge == (int(vector["client_id"], 16), bytes.fromhex(vector["user_data"]))
        timeout_ns = int(arrays.connections["timeout_ns"][2])
        assert timeout_ns == vector["timeout_seconds"] * 1_000_000_000


@pytest.mark.parametrize("vector", VECTORS["challenge_tokens"], ids=lambda v: str(v["sequence"]))
def test_challenge_token_is_the_references(vector: dict[str, Any]) -> None:
    key, sequence = bytes.fromhex(vector["key"]), int(vector["sequence"], 16)
    client_id, user_data = int(vector["client_id"], 16), bytes.fromhex(vector["user_data"])
    assert tokens.seal_challenge(client_id, user_data, sequence, key).hex() == vector["encrypted"]
    assert tokens.open_challenge(bytes.fromhex(vector["encrypted"]), sequence, key) == (client_id, user_data)
