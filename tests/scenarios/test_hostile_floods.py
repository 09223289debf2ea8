"""Floods of well-formed requests and readers that never acknowledge: bounded, counted, and nobody else's trouble."""

from __future__ import annotations

import logging
import sys

import numpy as np
import pytest

from myriad.client.arrays import Clients
from myriad.core.errors import DROP_REASONS
from myriad.netcode.client import client_disconnect, client_poll, client_receive
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.replication.cells import NACKS
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import CHANNEL_CHAT, CHAT_ZONE, KIND_CONTROL
from tests.scenarios.hostile import (
    PLACE,
    RELIABLE,
    Hostile,
    assert_slab_is_whole,
    block,
    input_body,
    leaves,
    small_settings,
)
from tests.scenarios.stepper import SERVER_WORDS, TICK_NS, WALL_S


def together(number: int, **settings: object) -> Hostile:
    run = Hostile(number, settings=small_settings(**settings))
    run.join_all(60, spawn=PLACE)
    return run


def snapshots(run: Hostile, row: int) -> int:
    return sum(client == row and payload[0] & 15 == 2 for client, payload in run.received)


def body(run: Hostile, **what: object) -> bytes:
    applied = int(run.zone.arrays.queues["applied"][run.connection(0)])
    return input_body(applied, **what)  # type: ignore[arg-type]


def test_a_flood_of_nacks_is_answered_at_a_bounded_rate_and_counted() -> None:
    run = together(2, npcs=20, max_entities=600)
    counters = run.zone.arrays.viewers.counters
    before, repairs = snapshots(run, 1), int(counters[NACKS])
    cell = int(PLACE[0]) // 50
    ticks = 120
    for tick in range(ticks):
        for k in range(40):
            generation = (tick + k) % 79
            run.send_input(0, body(run, nacks=[(cell + dx, cell, 0, generation) for dx in (-1, 0, 1, 9)]))
        run.step()
    assert run.drops()["nack_rate"] > ticks * 40 * 4 * 0.9
    assert int(counters[NACKS]) - repairs <= 40 + 2 * ticks // 3
    assert snapshots(run, 1) - before == ticks // 3
    assert run.largest_datagram <= 1200 + 25


def test_a_flood_of_whois_is_answered_at_most_once_a_snapshot_and_counted() -> None:
    run = together(2)
    victim = int(run.clients.sessions["entity_id"][1])
    run.received.clear()
    ticks = 120
    for _ in range(ticks):
        for _ in range(40):
            run.send_input(0, body(run, whois=[victim] * 4))
        run.step()
    answers = sum(payload.count(b"player 1") for client, payload in run.received if client == 0)
    assert 10 <= answers <= 20 + ticks // 3
    assert run.drops()["whois_rate"] > ticks * 40 * 4 * 0.9
    assert snapshots(run, 1) == ticks // 3


def test_a_chat_flood_is_cut_to_its_rate_and_does_not_silence_others() -> None:
    run = together(3)
    run.mute = {0}
    channels, connection = run.zone.arrays.reliable.channels, run.connection(0)
    run.say(1, CHAT_ZONE, "may I?")
    blocks = 0
    for tick in range(180):
        first = int(channels["expected"][connection, CHANNEL_CHAT])
        run.send_fragments(0, first, [b"\1\0spam"] * 150)
        run.step()
        if tick == 60:
            blocks = sys.getallocatedblocks()
        assert run.zone.arrays.reliable.state["num_inbox"][0] == 0
    heard = [data for row, data in run.heard if row == 2]
    assert any(data.endswith(b"may I?") for data in heard)
    assert sum(data.endswith(b"spam") for data in heard) <= 5 + 2 * 3
    assert run.drops()["chat_rate"] > 1000
    assert sys.getallocatedblocks() - blocks < 4000  # what the test itself keeps: payloads and chat
    assert run.zone.status()["connections"] == 3


def test_messages_that_never_end_and_nonsense_on_every_channel_cost_the_sender_its_connection_at_most() -> None:
    run = together(2)
    run.mute = {0}
    channels, connection = run.zone.arrays.reliable.channels, run.connection(0)
    for _ in range(60):
        for channel in range(3):
            first = int(channels["expected"][connection, channel])
            fragments = [(channel, 1 if channel else 0, (first + k) & 0xFFFF, b"x" * 70) for k in range(15)]
            run.strike([(0, run.header(0, KIND_CONTROL | RELIABLE) + block(fragments=fragments))])
        run.step()
    status = run.zone.status()
    assert status["connections"] == 1 and status["leaves"]["kicked"] == 1  # type: ignore[index]
    assert run.drops()["reliable_overflow"] >= 1 and run.drops()["reliable_malformed"] > 10
    assert_slab_is_whole(run)


def test_a_reader_that_never_acknowledges_fills_its_own_queue_only() -> None:
    run = together(3, chat_per_s=100.0)
    run.mute = {0}
    reliable, connection = run.zone.arrays.reliable, run.connection(0)
    for tick in range(400):
        run.send_input(0, body(run))  # alive, and never acknowledges anything
        if tick % 4 == 0:
            run.say(1, CHAT_ZONE, f"{tick} " + "x" * 100)
        run.step()
    queue = reliable.channels[connection, CHANNEL_CHAT]
    assert (int(queue["next"]) - int(queue["first"])) & 0xFFFF <= 64 and int(queue["queued_bytes"]) <= 8192
    assert int(reliable.state["chat_dropped"][0]) > 20
    assert len(reliable.slab) - int(reliable.state["num_free"][0]) <= 64 + 64 + 8
    assert_slab_is_whole(run)
    run.run(60)
    assert sum(row == 2 for row, _ in run.heard) == 100
    assert snapshots(run, 1) >= 130 and run.zone.status()["connections"] == 3


def test_a_reader_that_never_acknowledges_control_messages_is_disconnected_and_others_are_not() -> None:
    run = together(2)
    run.mute = {0}
    for tick in range(1200):
        run.send_input(0, body(run))
        run.step()
        if tick % 4 == 0:
            run.zone.talk.tell_all(b"\3\0\x64\0")
        if run.zone.status()["connections"] == 1:
            break
    assert run.zone.status()["leaves"]["kicked"] == 1  # type: ignore[index]
    assert run.zone.avatars.of_connection(run.connection(1)) is not None
    assert run.drops()["reliable_overflow"] == 1


def connected(clients: Clients) -> int:
    return int(np.count_nonzero(clients.net.clients["state"] == CLIENT_CONNECTED))


class Churn:
    """Many clients of a zone that only connect and leave, all rows in one call each tick."""

    def __init__(self, run: Hostile) -> None:
        self.run = run
        self.net = run.clients.net
        self.batch: Batch = new_batch(512)

    def up(self, used: int) -> None:
        """Hand `batch[:used]` of the clients to the zone."""
        for i in range(used):
            self.batch["address"][i] = self.run._addresses[int(self.batch["row"][i])]
        self.run.zone.receive(self.batch, used, self.run.now_ns, WALL_S)

    def step(self) -> None:
        run = self.run
        run.now_ns += TICK_NS
        self.up(int(client_poll(self.net, 0, run.number, run.now_ns, self.batch, 0)))
        (run.zone.poll if run.zone.idle else run.zone.tick)(run.now_ns)
        out, count = run.zone.outgoing
        for i in range(count):
            row = run._rows[tuple(int(word) for word in out["address"][i])]
            self.batch[0] = out[i]
            self.batch["address"][0] = SERVER_WORDS
            client_receive(self.net, row, self.batch, 0, run.now_ns)

    def leave_all(self) -> None:
        used = 0
        for row in range(self.run.number):
            used = int(client_disconnect(self.net, row, self.batch, used, self.run.now_ns))
        self.up(used)


def test_two_thousand_sessions_that_come_and_go_leave_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # pytest keeps every record that is made, and their blocks would be counted
    number, rounds = 40, 50
    run = Hostile(number, settings=small_settings(max_connections=64, max_players=64, handshake_budget=128))
    churn = Churn(run)
    addresses = {name: array.ctypes.data for name, array in leaves(run.zone.arrays)}
    blocks = rows = 0
    for turn in range(rounds):
        for row in range(number):
            run.join(row, f"visitor {(turn * 7 + row) % 120}", PLACE)
        for _ in range(5):
            churn.step()
        assert run.zone.status()["connections"] == number == connected(run.clients), turn
        churn.leave_all()
        churn.step()
        assert run.zone.idle and connected(run.clients) == 0
        if turn == 20:
            blocks, rows = sys.getallocatedblocks(), int(run.zone.world.clock["num_rows"][0])
    assert run.zone.status()["joins"] == number * rounds
    assert sys.getallocatedblocks() - blocks < 500
    assert int(run.zone.world.clock["num_rows"][0]) == rows == number
    server = run.zone.arrays.server
    assert int(server.state["free_clients"][0]) == 64 and int(server.state["num_rows"][0]) == number
    assert int(server.state["free_pending"][0]) == len(server.free_pending)
    assert np.count_nonzero(server.address_index["row"] >= 0) == 0
    assert (run.zone.arrays.sessions["active"] == 0).all() and (run.zone.arrays.queues["entity_row"] == -1).all()
    assert {name: array.ctypes.data for name, array in leaves(run.zone.arrays)} == addresses
    assert_slab_is_whole(run)


def test_everybody_joining_at_once_and_again_by_takeover_is_served_although_the_outgoing_batch_is_full() -> None:
    number = 60
    settings = small_settings(max_connections=128, max_players=128, handshake_budget=1024)
    run = Hostile(2 * number, settings=settings)
    for row in range(number):
        run.join(row, f"name {row}", PLACE)
    run.run(30)
    assert run.zone.status()["connections"] == number
    fullest = 0
    for row in range(number):
        run.join(number + row, f"name {row}")
    for _ in range(60):
        run.step()
        fullest = max(fullest, run.zone.outgoing[1])
    assert fullest >= 600  # ten redundant disconnects to each of them, and everything else
    status = run.zone.status()
    assert (status["connections"], status["players"]) == (number, number)
    run.received.clear()
    run.run(30)
    assert all(snapshots(run, number + row) >= 9 for row in range(number))


def test_a_full_zone_refuses_joins_and_serves_those_inside() -> None:
    run = Hostile(24, settings=small_settings(max_connections=16, max_players=16))
    for row in range(24):
        run.join(row, spawn=PLACE)
    run.run(60)
    assert run.zone.status()["connections"] == 16
    assert run.drops()["server_full"] >= 8
    run.received.clear()
    run.run(30)
    inside = {row for row, _ in run.received}
    assert len(inside) == 16 and all(snapshots(run, row) >= 9 for row in inside)


def test_a_closing_zone_tells_every_client_even_where_not_all_redundant_packets_fit() -> None:
    number = 100
    run = Hostile(number, settings=small_settings(max_connections=112, max_players=112, handshake_budget=64))
    run.join_all(60, spawn=PLACE)
    run.zone.close(run.now_ns)
    assert run.zone.outgoing[1] == 112 + 512
    run._deliver_down()
    assert connected(run.clients) == 0


def test_the_same_character_from_many_connections_is_one_avatar_of_the_newest() -> None:
    number = 12
    run = Hostile(number, settings=small_settings(max_connections=32, handshake_budget=64))
    for row in range(number):
        run.join(row, "Ada", PLACE)
    run.run(60)
    status = run.zone.status()
    assert (status["players"], status["connections"]) == (1, 1)
    assert connected(run.clients) == 1
    assert int(np.count_nonzero(run.zone.world.entities["id"])) == 1
    assert len(DROP_REASONS) == len(run.drops())
