"""One zone with networked players on a virtual clock: what players and operators rely on."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.wire.layouts import CHAT_HEARD, CHAT_NEARBY, CHAT_ZONE
from myriad.zone.overload import RUNGS
from tests.scenarios.stepper import Stepper, Weather

PLACE = (500.0, 500.0)


def test_players_join_see_each_other_and_walk() -> None:
    run = Stepper(3)
    run.join_all(spawn=PLACE)
    ids = {int(i) for i in run.clients.sessions["entity_id"]}
    assert len(ids) == 3
    for row in range(3):
        assert ids <= {int(e) for e in run.visible(row)["id"]}
    start = run.own(0, "qx")
    run.hold(0, 0)
    run.run(60)
    run.hold(0, 0, 0)
    run.run(12)
    assert run.own(0, "qx") != start
    assert run.own(0, "qx") == int(run.zone.world.entities["qx"][run.entity_row(0)])


@pytest.mark.parametrize(
    "weather",
    [
        Weather(),
        Weather(loss=0.05, duplicate=0.01, delay_ticks=3, jitter_ticks=2),
        Weather(loss=0.3, duplicate=0.1, delay_ticks=5, jitter_ticks=8),
    ],
    ids=["calm", "impaired", "storm"],
)
def test_what_a_client_sees_of_a_cell_at_a_tick_is_what_the_cell_held(weather: Weather) -> None:
    seed = 5
    run = Stepper(24, seed=seed, npcs=60, weather=weather)
    run.join_all(420, spawn=PLACE)
    rng = np.random.default_rng(seed)
    total = 0
    for turn in range(30):
        for row in range(24):
            run.hold(row, int(rng.integers(0, 256)), int(rng.integers(0, 2)) * 255, int(rng.integers(0, 2)))
        run.run(20)
        compared, wrong, _ = run.check_views()
        assert wrong == 0, f"seed {seed}, turn {turn}"
        total += compared
    assert total > 3000
    run.weather = Weather()
    run.run(90)
    compared, wrong, stale = run.check_views()
    assert (wrong, stale) == (0, 0) and compared > 100
    assert run.largest_datagram <= 1200 + 25


def test_a_client_that_disconnects_takes_its_avatar_along_at_once() -> None:
    run = Stepper(2)
    run.join_all(spawn=PLACE)
    run.leave(0)
    run.run(4)
    assert run.zone.status()["players"] == 1


def test_a_lost_client_lingers_and_its_name_takes_the_avatar_over() -> None:
    run = Stepper(2, settings=Settings(npcs=0, timeout_s=1.0, linger_s=2.0, max_connections=64, max_players=64))
    run.join_all(spawn=PLACE)
    run.weather = Weather(loss=1.0)
    run.run(90)
    status = run.zone.status()
    assert (status["players"], status["connections"]) == (2, 0)
    run.weather = Weather()
    entity = run.clients.sessions["entity_id"][0]
    run.join(0, spawn=(100.0, 100.0))
    run.run(60)
    assert run.clients.sessions["entity_id"][0] == entity and run.own(0, "qx") > 300 * 1024
    run.run(120)
    assert run.zone.status()["players"] == 1  # the other one has lingered long enough


def test_the_same_character_twice_is_one_avatar_and_the_newer_session_has_it() -> None:
    run = Stepper(2)
    run.join(0, "Ada", spawn=PLACE)
    run.run(60)
    run.join(1, "Ada", spawn=PLACE)
    run.run(60)
    status = run.zone.status()
    assert (status["players"], status["connections"]) == (1, 1)
    assert run.clients.sessions["entity_id"][0] == run.clients.sessions["entity_id"][1]


def test_what_a_zone_told_of_itself_is_half_a_second_old_at_most_whether_or_not_it_is_idle() -> None:
    run = Stepper(1)
    for num_players in (0, 1):
        run.run(45)
        told = run.zone.told
        assert told is not None and run.now_ns - told[0] <= 550_000_000
        assert told[1].keys() == run.zone.status().keys()
        assert told[1]["players"] == num_players
        if num_players == 0:
            run.join_all()


def test_an_empty_zone_is_idle_and_does_not_tick() -> None:
    def is_idle() -> bool:
        return run.zone.idle

    run = Stepper(1)
    assert is_idle()
    tick = run.zone.status()["tick"]
    run.run(30)
    assert run.zone.status()["tick"] == tick
    run.join_all(30)
    assert not is_idle()
    run.leave(0)
    run.run(5)
    assert is_idle()


def test_zone_chat_reaches_everyone_and_nearby_chat_those_near_exactly_once_under_loss() -> None:
    run = Stepper(3, weather=Weather(loss=0.2, duplicate=0.1, jitter_ticks=4), npcs=0)
    run.join(0, "near one", (500.0, 500.0))
    run.join(1, "near two", (505.0, 500.0))
    run.join(2, "far away", (800.0, 800.0))
    run.run(300)
    run.say(0, CHAT_ZONE, "hello all")
    run.say(0, CHAT_NEARBY, "hello you")
    run.run(300)
    said = [(row, data[0], data[1], data.split(b"near one")[-1]) for row, data in run.heard]
    assert sorted(said) == [
        (0, CHAT_HEARD, CHAT_ZONE, b"hello all"),
        (0, CHAT_HEARD, CHAT_NEARBY, b"hello you"),
        (1, CHAT_HEARD, CHAT_ZONE, b"hello all"),
        (1, CHAT_HEARD, CHAT_NEARBY, b"hello you"),
        (2, CHAT_HEARD, CHAT_ZONE, b"hello all"),
    ]


def test_a_player_who_talks_too_much_is_cut_and_counted() -> None:
    run = Stepper(2, npcs=0)
    run.join_all(spawn=PLACE)
    for number in range(20):
        run.say(0, CHAT_ZONE, f"{number}")
    run.run(60)
    drops = run.zone.status()["drops"]
    assert isinstance(drops, dict)
    assert drops["chat_rate"] >= 12
    assert sum(row == 1 for row, _ in run.heard) <= 8


def test_players_fight_and_the_dead_come_back() -> None:
    run = Stepper(2, npcs=0)
    run.join(0, "attacker", (300.0, 300.0))
    run.join(1, "victim", (301.0, 300.0))
    run.run(400)  # longer than the protection of those who have just come
    victim = int(run.clients.sessions["entity_id"][1])
    counters = run.zone.status()["game"]
    for _ in range(200):
        run.act(0, GAME.intents["attack"], victim)
        run.run(15)
        counters = run.zone.status()["game"]
        assert isinstance(counters, dict)
        if counters["deaths"]:
            break
    assert isinstance(counters, dict) and counters["deaths"] == 1 and counters["hits"] > 1
    run.run(60 * 30)
    assert run.own(1, "hp") > 0


def test_encoded_bytes_do_not_depend_on_the_number_of_clients() -> None:
    encoded = []
    for watchers in (2, 12):
        run = Stepper(watchers, npcs=80, seed=3)
        run.join_all(120, spawn=(20.0, 20.0))
        run.zone.world.entities["flags"][[run.entity_row(row) for row in range(watchers)]] |= (
            1  # hidden: only NPCs count
        )
        before = int(run.zone.arrays.cells.counters[0])
        run.run(300)
        encoded.append(int(run.zone.arrays.cells.counters[0]) - before)
    assert encoded[0] > 1000
    assert abs(encoded[0] - encoded[1]) <= encoded[0] * 0.1


def test_the_ladder_slows_far_cells_npcs_and_time_in_order_and_players_are_told() -> None:
    run = Stepper(2)
    run.join_all(spawn=PLACE)
    seen = []
    for _ in range(600):
        run.step()
        run.zone.observe_load(0.03, 1 / 60)
        state = (
            int(run.zone.arrays.pace["replication_level"][0]),
            int(run.zone.world.clock["npc_stride"][0]),
            int(run.zone.arrays.pace["dilation"][0]),
        )
        if state not in seen:
            seen.append(state)
    assert seen == [(rung.replication_level, rung.npc_stride, rung.dilation) for rung in RUNGS]
    assert run.clients.states["dilation"][0] == 50
    assert run.clients.sessions["load_rung"][0] == len(RUNGS) - 1
    tick = run.zone.status()["tick"]
    run.run(60)
    assert run.zone.status()["tick"] == int(str(tick)) + 30


def test_the_same_seed_and_inputs_give_the_same_bytes() -> None:
    def play() -> tuple[int, bytes]:
        run = Stepper(4, seed=9, npcs=40, weather=Weather(loss=0.1, jitter_ticks=2))
        run.join_all(300, spawn=PLACE)
        run.hold(1, 100)
        run.run(120)
        return run.sent_bytes, run.zone.world.entities.tobytes()

    assert play() == play()


def test_who_joins_and_leaves_is_logged_with_character_and_session(caplog: pytest.LogCaptureFixture) -> None:
    run = Stepper(1)
    with caplog.at_level(logging.INFO, "myriad.zone"):
        run.join_all(spawn=PLACE)
        run.leave(0)
        run.run(30)
    joined, left = [vars(line)["fields"] for line in caplog.records if line.name == "myriad.zone.players"]
    assert joined["character"] == left["character"] > 0
    assert joined["session"] == left["session"] and len(left["session"]) == 16
    assert left["reason"] == "disconnected"
