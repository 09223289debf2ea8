"""What the client's kernels promise beyond the protocol: many clients in one call, and bounded output."""

from __future__ import annotations

import numpy as np
import pytest

from myriad.netcode import client, client_arrays
from myriad.netcode.server_arrays import PAYLOAD_RECORD
from myriad.wire.datagram import new_batch
from tests.protocol.netcode_pair import MS, Pair, to_batch

pytestmark = pytest.mark.without_jit


def test_a_batch_for_many_clients_lists_their_payloads_in_order() -> None:
    pair = Pair(3)
    for row in range(3):
        pair.connect(row)
    rows = [2, 0, 1, 2]
    datagrams = [pair.from_server(bytes([k, row]), row)[-1] for k, row in enumerate(rows)]
    batch = to_batch(datagrams)
    batch["row"][:4] = rows
    batch["length"][2] -= 1
    payloads = np.zeros(4, PAYLOAD_RECORD)
    assert client.client_receive_batch(pair.clients, batch, 4, pair.now_ns, payloads) == 3
    assert payloads["row"][:3].tolist() == [2, 0, 2]
    assert payloads["datagram"][:3].tolist() == [0, 1, 3]
    for record in payloads[:3]:
        at, i = int(record["offset"]), int(record["datagram"])
        assert batch["data"][i, at : at + int(record["length"])].tobytes() == bytes([i, rows[i]])
    assert pair.client_drops() == {"packet_decrypt": 1}


def test_requests_go_out_ten_times_a_second() -> None:
    pair = Pair()
    sizes: list[int] = []
    pair.network = lambda datagram: sizes.append(len(datagram.data)) or []  # type: ignore[func-returns-value]
    pair.start()
    pair.step(125)
    assert set(sizes) == {1078}
    assert 17 <= len(sizes) <= 20


def test_a_full_batch_delays_but_forgets_nothing() -> None:
    pair = Pair(5)
    for row in range(5):
        pair.start(row)
    told: list[int] = []
    for _ in range(3):
        out = new_batch(2)
        used = client.client_poll(pair.clients, 0, 5, pair.now_ns, out, 0)
        told += out["row"][:used].tolist()
    assert told == [0, 1, 2, 3, 4]


def test_only_the_given_rows_are_polled() -> None:
    pair = Pair(5)
    for row in range(5):
        pair.start(row)
    out = new_batch(8)
    used = client.client_poll(pair.clients, 1, 3, pair.now_ns, out, 2)
    assert used == 4
    assert out["row"][2:4].tolist() == [1, 2]


def test_rows_do_not_touch_each_other() -> None:
    pair = Pair(3)
    for row in range(3):
        pair.connect(row)

    def others() -> list[bytes]:
        arrays = (pair.clients.clients, pair.clients.connections)
        return [array.view(np.uint8).reshape(3, -1)[[0, 2]].tobytes() for array in arrays]

    before = others()
    pair.now_ns += 500 * MS
    out = new_batch(16)
    client.client_poll(pair.clients, 1, 2, pair.now_ns, out, 0)
    client.client_disconnect(pair.clients, 1, out, 1, pair.now_ns)
    assert pair.state(1) == client_arrays.DISCONNECTED
    assert others() == before


def test_there_is_no_row_beyond_the_last() -> None:
    pair = Pair(1)
    with pytest.raises(IndexError, match="row 1"):
        pair.start(1)


def test_starting_again_forgets_the_session_before() -> None:
    pair = Pair()
    pair.connect()
    pair.start()
    assert pair.state() == client_arrays.SENDING_REQUEST
    assert pair.clients.clients["client_index"][0] == -1
    assert pair.clients.connections["send_sequence"][0] == 0
