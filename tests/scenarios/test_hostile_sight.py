"""What a client is sent: nothing of what is hidden or another's, the same bytes as its neighbours, never too much."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.client.inputs import start_inputs
from myriad.core.bundle import Bundle
from myriad.netcode.acks import reset_acks
from myriad.netcode.reliable import reset_reliable
from myriad.sim.columns import HIDDEN, NPC
from myriad.sim.input_queue import reset_queue
from myriad.wire.layouts import (
    CHANNEL_CHAT,
    CHAT_ZONE,
    FLAG_RELIABLE,
    KEYFRAME_HEADER_BYTES,
    RECORD_BYTES,
    SNAPSHOT_KEYFRAMES,
    SNAPSHOT_OWN,
    SNAPSHOT_PRIVATE,
    SNAPSHOT_WHOIS,
)
from tests.scenarios.hostile import PLACE, Hostile, input_body, small_settings
from tests.scenarios.stepper import Weather

GHOST_ID = 0x5EC2E7A1
COINS = 0x7BADC0DE


def ghosts(run: Hostile, number: int, first: int, x: float = PLACE[0], y: float = PLACE[1]) -> list[int]:
    """Rows of players without a client, spread over the cell of (x, y)."""
    rng = np.random.default_rng(first & 0xFFFF)
    rows = []
    for k in range(number):
        at = (x // 50 * 50 + float(rng.uniform(1, 49)), y // 50 * 50 + float(rng.uniform(1, 49)))
        rows.append(int(GAME.spawn_player(run.zone.world, first + k, -1, f"ghost {k}", *at)))
    assert min(rows, default=0) >= 0
    return rows


def wander(run: Hostile, rows: list[int], rng: np.random.Generator) -> None:
    """Everything about `rows` changes a little, as nobody's inputs would."""
    entities = run.zone.world.entities
    for name in ("x", "y"):
        step = rng.integers(-200, 201, len(rows))
        low = int(PLACE[0]) // 50 * 50 * 1024
        units = np.clip(entities[f"q{name}"][rows] + step, low + 1024, low + 49 * 1024)
        entities[f"q{name}"][rows] = units
        entities[name][rows] = units / 1024
    entities["heading"][rows] = rng.integers(0, 65536, len(rows))
    entities["hp"][rows] = rng.integers(1, 100, len(rows))


def run_of(payload: bytes) -> bytes:
    """The shared part of a snapshot payload: everything behind the keyframes."""
    at = 9
    if payload[0] & FLAG_RELIABLE:
        acks = payload[at]
        at += 1 + 3 * acks
        fragments = payload[at]
        at += 1
        for _ in range(fragments):
            at += 5 + int.from_bytes(payload[at + 3 : at + 5], "little")
    flags = payload[at + 14]
    at += 15
    at += 1 + GAME.own_dtype.itemsize if flags & SNAPSHOT_OWN else 0
    at += 1 + GAME.private_dtype.itemsize if flags & SNAPSHOT_PRIVATE else 0
    if flags & SNAPSHOT_WHOIS:
        count = payload[at]
        at += 1
        for _ in range(count):
            at += 6 + payload[at + 5]
    if flags & SNAPSHOT_KEYFRAMES:
        count = payload[at]
        at += 1
        for _ in range(count):
            at += KEYFRAME_HEADER_BYTES + RECORD_BYTES * payload[at + 3]
    return payload[at:]


def test_what_is_hidden_is_in_no_byte_of_any_client_and_in_no_answer() -> None:
    run = Hostile(5, npcs=12)
    rows = ghosts(run, 6, GHOST_ID)
    for row in range(3):
        run.join(row, spawn=PLACE)
    run.run(90)
    secret = [struct.pack("<I", GHOST_ID + k) for k in range(6)]
    assert any(secret[0] in payload for _, payload in run.received)  # visible so far
    entities, rng = run.zone.world.entities, np.random.default_rng(2)
    entities["flags"][rows] |= HIDDEN
    run.run(3)  # the snapshot that is being assembled
    run.received.clear()
    for row in (3, 4):  # newcomers, who are sent every keyframe
        run.join(row, spawn=PLACE)
    for tick in range(300):
        wander(run, rows, rng)
        if tick % 3 == 0:
            for row in range(3):
                applied = int(run.zone.arrays.queues["applied"][run.connection(row)])
                asked = [GHOST_ID + (tick + k) % 6 for k in range(4)]
                run.send_input(row, input_body(applied, whois=asked))
        run.step()
    assert {row for row, _ in run.received} == {0, 1, 2, 3, 4}
    for row, payload in run.received:
        assert not any(word in payload for word in secret), row
        assert b"ghost" not in payload, row
    entities["flags"][rows] &= 255 - HIDDEN
    run.run(30)
    assert any(secret[0] in payload for row, payload in run.received if row == 4)


def test_what_a_player_owns_is_sent_to_that_player_alone() -> None:
    run = Hostile(4)
    run.join_all(30, spawn=PLACE)
    run.zone.world.entities["coins"][run.entity_row(0)] = COINS
    run.zone.world.entities["private_version"][run.entity_row(0)] += 1
    run.run(60)
    assert {row for row, payload in run.received if struct.pack("<I", COINS) in payload} == {0}


def test_neighbours_are_sent_byte_identical_sections() -> None:
    run = Hostile(6, npcs=30)
    rows = ghosts(run, 20, 1 << 20)
    run.join_all(60, spawn=PLACE)
    rng = np.random.default_rng(4)
    run.run(90)
    run.received.clear()
    for _ in range(120):
        wander(run, rows, rng)
        run.step()
    by_tick: dict[int, list[bytes]] = {}
    for _, payload in run.received:
        if not payload[0] & FLAG_RELIABLE:
            by_tick.setdefault(int.from_bytes(payload[9:13], "little"), []).append(run_of(payload))
    assert len(by_tick) == 40
    assert all(len(runs) == 6 and len(set(runs)) == 1 for runs in by_tick.values())
    assert min(len(runs[0]) for runs in by_tick.values()) > 20


@pytest.mark.parametrize("rate_kbit", [32, 200])
def test_payloads_fit_for_any_number_of_entities_in_one_cell(rate_kbit: int) -> None:
    settings = small_settings(
        max_entities=800, rate_kbit_min=32, rate_kbit_start=rate_kbit, rate_kbit_max=rate_kbit, view_digests=True
    )
    run = Hostile(2, settings=settings)
    run.join_all(60, spawn=PLACE)
    rng, rows, present = np.random.default_rng(6), [], 0
    for target in (1, 40, 63, 64, 65, 128, 300, 512, 600):
        rows += ghosts(run, target - present, (1 << 20) + present)
        present = target
        for _ in range(24):
            wander(run, rows, rng)
            run.step()
        assert run.largest_datagram <= 1200 + 25, target
        compared, wrong, _ = run.check_views()
        assert wrong == 0 and compared > 0, target
    assert run.zone.status()["hidden_by_crowd"] > 0  # type: ignore[operator]
    for row in rows:
        GAME.remove(run.zone.world, row)
    run.run(60)
    assert run.check_views()[1] == 0
    assert not run.clients.sessions["num_malformed"].any()


def test_a_head_of_maximal_size_leaves_room_for_the_view_at_the_lowest_rate() -> None:
    settings = small_settings(rate_kbit_min=32, rate_kbit_start=32, rate_kbit_max=32, chat_per_s=100.0)
    run = Hostile(3, settings=settings)
    run.join_all(60, spawn=PLACE)
    zone = run.zone
    zone.arrays = zone.arrays._replace(  # a game whose own and private states are as long as they may be
        own_plan=np.array([[0, 64]], np.int32), private_plan=np.array([[0, 112], [0, 112]], np.int32)
    )
    zone._bundle = Bundle(zone.arrays)
    names = [int(i) for i in run.clients.sessions["entity_id"]] * 2
    entity = run.entity_row(0)
    for tick in range(120):
        zone.world.entities["coins"][entity] = tick
        zone.world.entities["private_version"][entity] = tick & 0xFF
        applied = int(zone.arrays.queues["applied"][run.connection(0)])
        run.send_input(0, input_body(applied, whois=names[:4]))
        run.say(1, CHAT_ZONE, "x" * 190)
        run.step()
    assert 512 < max(len(payload) for row, payload in run.received if row == 0) <= 1200
    assert int(zone.arrays.pace["num_snapshots"][0]) >= 3 * 40


@pytest.mark.parametrize(
    "weather", [Weather(), Weather(loss=0.1, duplicate=0.05, jitter_ticks=3)], ids=["calm", "storm"]
)
def test_all_counters_pass_their_wrap_without_a_wrong_view_or_a_lost_message(weather: Weather) -> None:
    run = Hostile(3, seed=8, settings=small_settings(npcs=30, max_entities=600, view_digests=True), npcs=30)
    arrays, clients = run.zone.arrays, run.clients
    arrays.cells.zone["snapshot"] = 2**16 - 80
    for name in ("laid_out_at", "announced_at"):
        arrays.cells.cells[name] = 2**16 - 1080
    arrays.cells.cells["generation"] = 250
    arrays.cells.cells["event_number"] = 250
    run.zone.world.clock["num_events"] = 2**32 - 3
    run.zone.world.clock["tick"] = 2**31 - 100
    run.zone.world.entities["timer_tick"] += 2**31 - 101  # NPCs rest as long as before
    run.join_all(60, spawn=PLACE)
    for row in range(3):
        connection = run.connection(row)
        reset_acks(arrays.acks, connection, 65500, 65510)
        reset_acks(clients.acks, row, 65510, 65500)
        reset_reliable(arrays.reliable, connection, 65533, 65530)
        reset_reliable(clients.reliable, row, 65530, 65533)
        reset_queue(arrays.queues, connection, run.entity_row(row), 2**32 - 50)
        start_inputs(clients.queues, row, 2**32 - 50)
        for connections, at in ((arrays.server.connections, connection), (clients.net.connections, row)):
            connections["send_sequence"][at] = 2**32 - 40
    run.run(6)
    run.weather = weather
    rng, start = np.random.default_rng(9), run.own(0, "qx")
    for turn in range(30):
        for row in range(3):
            run.hold(row, int(rng.integers(0, 256)), 255, 1)
        if turn % 3 == 0:
            run.say(0, CHAT_ZONE, f"{turn}")
        run.run(12)
        compared, wrong, _ = run.check_views()
        assert wrong == 0 and compared > 0, turn
    run.weather = Weather()
    run.held = dict.fromkeys(range(3), (0, 0, 0))
    run.run(90)
    assert run.check_views()[1:] == (0, 0)
    assert [data.split(b"player 0")[-1] for row, data in run.heard if row == 2] == [b"%d" % t for t in range(0, 30, 3)]
    for row in range(3):
        connection = run.connection(row)
        assert int(arrays.acks["next_sequence"][connection]) < 1000 or weather.loss
        assert int(arrays.queues["applied"][connection]) < 1000
        assert int(clients.acks["newest"][row]) < 30000
    assert int(arrays.reliable.channels["expected"][run.connection(0), CHANNEL_CHAT]) < 100
    assert int(arrays.cells.zone["snapshot"][0]) > 2**16 and int(run.zone.world.clock["tick"][0]) > 2**31
    assert run.own(0, "qx") != start and not clients.sessions["num_malformed"].any()
    assert (run.zone.world.entities["flags"] & NPC).any()
