"""From a request to a session: the state machines of both ends, tokens, and what the server refuses."""

from __future__ import annotations

import random

import pytest

from myriad.netcode import client, client_arrays, tokens
from myriad.netcode.addresses import parse_endpoint
from myriad.netcode.server import Joined, Left
from myriad.netcode.server_arrays import LEFT_DISCONNECTED, LEFT_TIMED_OUT, ServerLimits
from myriad.wire.datagram import new_batch
from tests.protocol.netcode_pair import MS, OWN, TICK_NS, Datagram, Pair, client_endpoint, from_batch, straight

pytestmark = pytest.mark.without_jit

ELSEWHERE = parse_endpoint("192.0.2.77:7777")


def first_of(pair: Pair, token: bytes, source: object = None) -> list[Datagram]:
    return pair.give_server(pair.request(token, client_endpoint(0) if source is None else source))  # type: ignore[arg-type]


def test_a_client_joins_with_its_client_id_and_user_data() -> None:
    pair = Pair()
    user_data = bytes(range(256))
    pair.start(token=pair.token(client_id=77, user_data=user_data))
    pair.step(3)
    assert pair.state() == client_arrays.CLIENT_CONNECTED
    assert pair.changes == [Joined(0, 77, user_data)]
    assert pair.server.num_clients == 1
    assert pair.clients.clients["client_index"][0] == 0
    assert pair.clients.clients["max_clients"][0] == 8


def test_payloads_travel_both_ways() -> None:
    pair = Pair()
    pair.connect()
    pair.give_server(pair.from_client(b"up"), pair.from_client(bytes(1200)))
    pair.give_client(0, *pair.from_server(b"down"), *pair.from_server(b"x" * 1200))
    assert pair.server_got == [(0, b"up"), (0, bytes(1200))]
    assert pair.client_got == [(0, b"down"), (0, b"x" * 1200)]


def test_until_the_client_has_spoken_each_payload_follows_a_keep_alive() -> None:
    pair = Pair()
    pair.start()
    pair.step(1)
    pair.network = lambda datagram: [datagram] if datagram.target == OWN else []
    pair.step(8)
    assert [len(d.data) for d in pair.from_server(b"early")] == [1 + 1 + 8 + 16, 1 + 1 + 5 + 16]
    pair.network = straight
    pair.step(20)
    assert pair.arrays.connections["confirmed"][0] == 1
    assert len(pair.from_server(b"later")) == 1


def test_the_first_keep_alive_may_be_lost() -> None:
    pair = Pair()
    pair.start()
    pair.step(1)
    pair.network = lambda datagram: [datagram] if datagram.target == OWN else []
    pair.step(8)
    assert pair.server.num_clients == 1
    assert pair.state() == client_arrays.SENDING_RESPONSE
    pair.network = straight
    pair.step(8)
    assert pair.state() == client_arrays.CLIENT_CONNECTED


@pytest.mark.parametrize("seed", range(4))
def test_eight_clients_connect_through_loss_duplication_and_reordering(seed: int) -> None:
    pair = Pair(8, seed)
    network = random.Random(seed)
    held: list[Datagram] = []

    def lossy(datagram: Datagram) -> list[Datagram]:
        out = [datagram] * network.choice((0, 0, 1, 1, 1, 1, 2))
        if network.random() < 0.2:
            held.append(datagram)
            return []
        if held and network.random() < 0.3:
            out.append(held.pop(0))
        return out

    pair.network = lossy
    for row in range(8):
        pair.start(row)
    pair.step(300)
    assert [pair.state(row) for row in range(8)] == [client_arrays.CLIENT_CONNECTED] * 8
    assert sorted(change.row for change in pair.changes) == list(range(8))
    assert all(isinstance(change, Joined) for change in pair.changes)


def test_idle_ends_keep_each_other_alive_ten_times_a_second() -> None:
    pair = Pair()
    pair.connect()
    seen: list[Datagram] = []
    pair.network = lambda datagram: seen.append(datagram) or [datagram]  # type: ignore[func-returns-value]
    pair.step(20_000 * MS // TICK_NS)
    up = sum(1 for datagram in seen if datagram.target == OWN)
    down = len(seen) - up
    assert 160 <= up <= 200
    assert 160 <= down <= 200
    assert pair.state() == client_arrays.CLIENT_CONNECTED


def test_a_silent_client_times_out_after_its_token_says() -> None:
    pair = Pair()
    pair.start(token=pair.token(timeout_s=3))
    pair.step(10)
    assert pair.server.num_clients == 1
    pair.network = lambda datagram: [] if datagram.target == OWN else [datagram]
    pair.step(2_900 * MS // TICK_NS)
    assert pair.server.num_clients == 1
    pair.step(300 * MS // TICK_NS)
    assert pair.server.num_clients == 0
    assert pair.changes[-1] == Left(0, pair.changes[0].client_id, LEFT_TIMED_OUT)


def test_a_client_that_hears_nothing_times_out() -> None:
    pair = Pair()
    pair.start(token=pair.token(timeout_s=3))
    pair.step(10)
    pair.network = lambda datagram: []
    pair.step(3_100 * MS // TICK_NS)
    assert pair.state() == client_arrays.TIMED_OUT


def test_a_negative_timeout_never_ends_a_session() -> None:
    pair = Pair()
    pair.start(token=pair.token(timeout_s=-1))
    pair.step(10)
    pair.network = lambda datagram: []
    pair.step(2000)
    assert pair.state() == client_arrays.CLIENT_CONNECTED
    assert pair.server.num_clients == 1


def test_a_leaving_client_says_so_ten_times_and_one_is_enough() -> None:
    pair = Pair()
    pair.connect()
    out = new_batch(16)
    used = client.client_disconnect(pair.clients, 0, out, 0, pair.now_ns)
    assert used == 10
    sent = from_batch(out, used)
    pair.give_server(sent[6])
    assert pair.server.take_changes() == [Left(0, pair.changes[0].client_id, LEFT_DISCONNECTED)]
    before = pair.server_state()
    pair.give_server(*sent)
    assert pair.server_state() == before
    assert pair.drops()["unknown_address"] == 10


def test_a_client_told_to_leave_is_disconnected_and_its_row_is_free() -> None:
    pair = Pair(2)
    pair.connect(0)
    pair.connect(1)
    told = [(out.copy(), used) for out, used in pair.server.close_all(pair.now_ns)]
    assert sum(used for _, used in told) == 20
    for out, used in told[:1]:
        for datagram in from_batch(out, used, OWN):
            pair.give_client([client_endpoint(0), client_endpoint(1)].index(datagram.target), datagram)
    assert [pair.state(0), pair.state(1)] == [client_arrays.DISCONNECTED] * 2
    assert pair.server.num_clients == 0
    pair.connect(0)


def test_a_row_is_not_reused_before_its_leaving_was_noticed() -> None:
    pair = Pair(2, limits=ServerLimits(max_clients=1, max_pending=4, max_tokens=16))
    pair.connect(0)
    out = new_batch(16)
    used = client.client_disconnect(pair.clients, 0, out, 0, pair.now_ns)
    pair.give_server(*from_batch(out, used))
    second = pair.request(pair.token(), client_endpoint(1))
    pair.give_server(second)
    assert pair.drops()["server_full"] == 1
    pair.server.take_changes()
    assert len(pair.give_server(second)) == 1
    assert pair.drops()["server_full"] == 1


def test_a_full_server_denies_and_the_client_tries_its_next_server() -> None:
    pair = Pair(2, limits=ServerLimits(max_clients=1, max_pending=4, max_tokens=16))
    pair.connect(0)
    pair.start(1)
    pair.step(2)
    assert pair.state(1) == client_arrays.CONNECTION_DENIED
    pair.start(1, pair.token(servers=(OWN, ELSEWHERE)))
    pair.step(1)
    assert pair.state(1) == client_arrays.SENDING_REQUEST
    assert pair.clients.clients["server"][1] == 1
    assert pair.drops()["server_full"] == 2


def test_a_client_tries_all_servers_of_its_token_in_turn() -> None:
    pair = Pair()
    pair.start(token=pair.token(servers=(ELSEWHERE, OWN), timeout_s=2))
    pair.step(1_900 * MS // TICK_NS)
    assert pair.state() == client_arrays.SENDING_REQUEST
    pair.step(300 * MS // TICK_NS)
    assert pair.state() == client_arrays.CLIENT_CONNECTED
    assert pair.clients.clients["server"][0] == 1


def test_requests_and_responses_that_nobody_answers_time_out() -> None:
    pair = Pair()
    pair.network = lambda datagram: []
    pair.start(token=pair.token(timeout_s=2))
    pair.step(2_100 * MS // TICK_NS)
    assert pair.state() == client_arrays.REQUEST_TIMED_OUT
    pair = Pair()
    pair.start(token=pair.token(timeout_s=2))
    pair.network = lambda datagram: [datagram] if len(datagram.data) in (1078, 333) else []
    pair.step(2_300 * MS // TICK_NS)
    assert pair.state() == client_arrays.RESPONSE_TIMED_OUT


def test_a_token_that_expires_while_connecting_ends_the_attempt() -> None:
    pair = Pair()
    pair.network = lambda datagram: []
    pair.start(token=pair.token(life_s=3, timeout_s=60))
    pair.step(3_100 * MS // TICK_NS)
    assert pair.state() == client_arrays.TOKEN_EXPIRED


def test_a_damaged_token_is_refused_by_the_client() -> None:
    pair = Pair()
    for damaged in (b"", bytes(2048), pair.token()[:-1], b"X" + pair.token()[1:]):
        pair.start(token=damaged)
        assert pair.state() == client_arrays.INVALID_TOKEN
    token = tokens.read_token(pair.token())
    backwards = tokens.write_token(token._replace(created_s=token.expires_s + 1))
    pair.start(token=backwards)
    assert pair.state() == client_arrays.INVALID_TOKEN


def test_a_token_opens_one_session_ever() -> None:
    pair = Pair()
    token = pair.start()
    pair.step(4)
    assert pair.server.num_clients == 1
    out = new_batch(16)
    used = client.client_disconnect(pair.clients, 0, out, 0, pair.now_ns)
    pair.give_server(*from_batch(out, used))
    pair.server.take_changes()
    before = pair.server_state()
    assert first_of(pair, token) == []
    assert first_of(pair, token, ELSEWHERE) == []
    assert pair.drops()["token_used"] == 2
    assert pair.server_state() == before


def test_a_token_raced_from_a_second_address_is_refused() -> None:
    pair = Pair()
    token = pair.token()
    assert len(first_of(pair, token)) == 1
    before = pair.server_state()
    assert first_of(pair, token, ELSEWHERE) == []
    assert pair.drops() == {"token_used": 1}
    assert pair.server_state() == before
    assert len(first_of(pair, token)) == 1


def test_a_token_stays_bound_to_its_address_after_the_challenge_was_forgotten() -> None:
    pair = Pair()
    token = pair.token()
    first_of(pair, token)
    pair.step(10_100 * MS // TICK_NS)
    assert pair.arrays.state["free_pending"][0] == 8
    assert first_of(pair, token, ELSEWHERE) == []
    assert pair.drops() == {"token_used": 1}
    assert len(first_of(pair, token)) == 1


def test_a_full_history_refuses_and_forgets_only_expired_tokens() -> None:
    pair = Pair(limits=ServerLimits(max_clients=4, max_pending=64, max_tokens=3))
    used = [pair.token(life_s=20) for _ in range(3)]
    sources = [parse_endpoint(f"192.0.2.1:{5000 + k}") for k in range(5)]
    for token, source in zip(used, sources, strict=False):
        assert len(first_of(pair, token, source)) == 1
    fresh = pair.token()
    before = pair.server_state(but=("state.decrypts_left", "state.next_sweep_s"))
    assert first_of(pair, fresh, sources[3]) == []
    assert pair.drops() == {"history_full": 1}
    assert pair.server_state(but=("state.decrypts_left", "state.next_sweep_s")) == before
    pair.step(20_100 * MS // TICK_NS)
    assert len(first_of(pair, fresh, sources[3])) == 1
    assert first_of(pair, used[0], sources[0]) == []
    assert pair.drops()["request_expired"] == 1


def test_a_clock_set_back_revives_no_token() -> None:
    pair = Pair()
    token = pair.start(token=pair.token(life_s=5))
    pair.step(4)
    out = new_batch(16)
    pair.give_server(*from_batch(out, client.client_disconnect(pair.clients, 0, out, 0, pair.now_ns)))
    pair.step(6_000 * MS // TICK_NS)
    assert pair.arrays.state["free_history"][0] == 64
    pair.start_ns += 6_000 * MS
    assert first_of(pair, token) == []
    assert pair.drops()["request_expired"] == 1


def test_a_token_does_not_survive_a_restart_of_the_server() -> None:
    before = Pair()
    token = before.token(private_key=bytes(32))
    assert first_of(before, token) == []
    assert before.drops() == {"request_decrypt": 1}


def test_a_connected_client_id_and_address_are_not_connected_twice() -> None:
    pair = Pair(2)
    pair.start(0, pair.token(client_id=5))
    pair.step(4)
    assert first_of(pair, pair.token()) == []
    assert first_of(pair, pair.token(client_id=5), client_endpoint(1)) == []
    assert pair.drops() == {"request_connected": 2}


def test_a_second_token_from_a_challenged_address_replaces_the_first() -> None:
    pair = Pair()
    first_of(pair, pair.token())
    pair.connect()
    assert pair.arrays.state["free_pending"][0] == 8


def test_a_challenge_answered_with_another_clients_challenge_token_is_refused() -> None:
    pair = Pair(2)
    pair.start(0)
    pair.start(1)
    pair.network = lambda datagram: [datagram] if len(datagram.data) in (1078, 333) else []
    pair.step(1)
    pair.clients.clients["challenge"][1] = pair.clients.clients["challenge"][0]
    pair.network = lambda datagram: [datagram] if datagram.source == client_endpoint(1) else []
    pair.step(8)
    assert pair.server.num_clients == 0
    assert set(pair.drops()) == {"response_challenge"}


def test_the_answer_is_smaller_than_the_question() -> None:
    pair = Pair()
    (challenge,) = first_of(pair, pair.token())
    assert len(challenge.data) == 333


def test_challenges_and_denials_never_repeat_a_sequence_and_start_at_two_to_the_63() -> None:
    pair = Pair(limits=ServerLimits(max_clients=1, max_pending=4, max_tokens=16))
    token = pair.token()
    answers = [first_of(pair, token)[0] for _ in range(3)]
    sequences = [int.from_bytes(answer.data[1:9], "little") for answer in answers]
    assert sequences == [1 << 63, (1 << 63) + 1, (1 << 63) + 2]
    assert len({answer.data[9:] for answer in answers}) == 3


def test_a_client_goes_on_numbering_when_it_tries_its_next_server() -> None:
    pair = Pair()
    pair.start(token=pair.token(servers=(OWN, OWN), timeout_s=1))
    pair.network = lambda datagram: [datagram] if len(datagram.data) in (1078, 333) else []
    pair.step(1_300 * MS // TICK_NS)
    assert pair.clients.clients["server"][0] == 1
    assert pair.clients.connections["send_sequence"][0] > 0
