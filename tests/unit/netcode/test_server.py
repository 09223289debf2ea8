"""What the server's kernels promise beyond the protocol: lookup, fairness, fixed layouts, cheap idleness."""

from __future__ import annotations

import random

import numpy as np
import pytest

from myriad.netcode import server, server_arrays
from myriad.netcode.addresses import to_words
from myriad.netcode.connection import CONNECTION, RECEIVE_NONCE_AT, SEND_NONCE_AT
from myriad.netcode.server_arrays import ServerLimits
from myriad.wire.datagram import new_batch
from tests.protocol.netcode_pair import MS, OWN, Datagram, Pair, client_endpoint, from_batch

pytestmark = pytest.mark.without_jit


def test_a_sequence_follows_the_four_zero_bytes_of_its_nonce() -> None:
    fields = CONNECTION.fields
    assert fields is not None
    assert fields["send_sequence"][1] == SEND_NONCE_AT + 4
    assert fields["receive_sequence"][1] == RECEIVE_NONCE_AT + 4
    state = server_arrays.SERVER.fields
    assert state is not None
    for name in ("global", "challenge", "opened"):
        assert state[f"{name}_sequence"][1] == state[f"{name}_zero"][1] + 4


def test_find_knows_connected_and_challenged_addresses_only() -> None:
    pair = Pair(2)
    pair.connect(0)
    pair.give_server(pair.request(pair.token(), client_endpoint(1)))

    def find(row: int) -> int:
        words = to_words(client_endpoint(row))
        return int(server.find(pair.arrays, words[0], words[1], words[2], words[3]))

    assert find(0) == 0
    assert find(1) == 8, "challenged only: beyond the client rows"
    assert find(2) == -1


def test_keep_alives_that_do_not_fit_come_first_next_time() -> None:
    pair = Pair(6)
    for row in range(6):
        pair.connect(row)
    pair.now_ns += 500 * MS
    told: list[int] = []
    for _ in range(3):
        out = new_batch(2)
        used = server.poll(pair.arrays, pair.now_ns, pair.wall_s, out, 0)
        told += out["row"][:used].tolist()
        pair.now_ns += 10 * MS
    assert told == [0, 1, 2, 3, 4, 5]


def test_poll_appends_and_leaves_what_is_there() -> None:
    pair = Pair()
    pair.connect()
    pair.now_ns += 500 * MS
    out = new_batch(4)
    out["data"][0] = 7
    assert server.poll(pair.arrays, pair.now_ns, pair.wall_s, out, 1) == 2
    assert (out["data"][0] == 7).all()
    assert out["row"][1] == 0


def test_rows_are_filled_from_the_lowest() -> None:
    pair = Pair(4)
    for row in range(4):
        pair.connect(row)
    assert [change.row for change in pair.changes] == [0, 1, 2, 3]
    assert pair.arrays.state["num_rows"][0] == 4


def test_a_disconnected_row_holds_nothing_of_its_client() -> None:
    pair = Pair()
    pair.connect()
    out = new_batch(16)
    assert server.disconnect(pair.arrays, 0, out, 0, pair.now_ns) == 10
    assert pair.arrays.connections[0].tobytes() == bytes(CONNECTION.itemsize)
    assert pair.arrays.user_data[0].tobytes() == bytes(256)
    assert server.disconnect(pair.arrays, 0, out, 0, pair.now_ns) == 0, "it is gone already"
    assert pair.server.take_changes() == []


@pytest.mark.parametrize(
    "wrong",
    [{"private_key": bytes(31)}, {"random_bytes": bytes(159)}, {"own": ()}, {"exempt": ("10.0.0.1/8",)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_wrong_arguments_make_no_server(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {
        "private_key": bytes(32),
        "protocol_id": 1,
        "own": (OWN,),
        "random_bytes": bytes(160),
        "limits": ServerLimits(max_clients=1, max_pending=1, max_tokens=1),
    }
    server_arrays.new_server(**right)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"."):
        server_arrays.new_server(**{**right, **wrong})  # type: ignore[arg-type]


def test_no_key_and_sequence_is_used_twice_in_either_direction() -> None:
    pair = Pair(4, limits=ServerLimits(max_clients=3, max_pending=4, max_tokens=64))
    chance = random.Random(5)
    used: set[tuple[bytes, bytes]] = set()
    count = 0

    def record(datagram: Datagram) -> list[Datagram]:
        nonlocal count
        row = [client_endpoint(k) for k in range(4)].index(
            datagram.target if datagram.source == OWN else datagram.source
        )
        kind, size = datagram.data[0] & 15, datagram.data[0] >> 4
        if kind > 0:
            field = "receive_key" if datagram.source == OWN else "send_key"
            key = pair.clients.connections[field][row].tobytes()
            sequence = datagram.data[1 : 1 + size].ljust(8, b"\0")
            assert (key, sequence) not in used
            used.add((key, sequence))
            count += 1
        return [datagram] if chance.random() < 0.7 else []

    pair.network = record
    for step in range(600):
        if step % 150 == 0:  # 2.4 s: the session before has timed out
            for row in range(4):
                pair.start(row, pair.token(timeout_s=1))
        pair.step()
        for row in np.flatnonzero(pair.clients.clients["state"] == 3).tolist():
            record(pair.from_client(b"up", row))
        for change in range(int(pair.arrays.state["num_rows"][0])):
            if pair.arrays.connections["state"][change] == 2:
                target = pair.from_server(b"down", change)
                for datagram in target:
                    row = [client_endpoint(k) for k in range(4)].index(datagram.target)
                    if pair.clients.connections["receive_key"][row].tobytes() == (
                        pair.arrays.connections["send_key"][change].tobytes()
                    ):
                        record(datagram)
    assert count > 2000


def test_an_idle_server_says_nothing() -> None:
    pair = Pair()
    before = pair.server_state(but=("state.next_scan_ns", "state.next_sweep_s"))
    out = new_batch(4)
    for _ in range(100):
        pair.now_ns += 16 * MS
        assert server.poll(pair.arrays, pair.now_ns, pair.wall_s, out, 0) == 0
    assert from_batch(out, 0) == []
    assert pair.server_state(but=("state.next_scan_ns", "state.next_sweep_s")) == before
