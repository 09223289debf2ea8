"""No client moves, fights, carries or looks back beyond the rules, whatever its inputs say."""

from __future__ import annotations

import time

import numpy as np
import pytest

from emberdale.data import load_items
from emberdale.game import GAME
from myriad.client.inputs import start_inputs
from myriad.sim.columns import HISTORY_TICKS
from myriad.sim.input_queue import MAX_BUCKET, reset_queue
from myriad.zone.inputs import allowed_rewind
from tests.scenarios.hostile import Entry, Hostile, input_body, small_settings

RUN_MPS = 5.6
ROUNDING_M = 2 / 1024  # a tick
OPEN_FIELD = (500.0, 700.0)
RUN_EAST = Entry(64)


def joined(number: int = 1, **settings: object) -> Hostile:
    run = Hostile(number, settings=small_settings(**settings))
    run.join_all(60, spawn=OPEN_FIELD)
    run.mute = set(range(number))
    return run


def position(run: Hostile, row: int) -> np.ndarray:
    entity = run.zone.world.entities[run.entity_row(row)]
    return np.array([entity["x"], entity["y"]])


def endless_stamina(run: Hostile) -> None:
    run.zone.world.entities["stamina"][run.entity_row(0)] = 10_000


def applied(run: Hostile, row: int = 0) -> int:
    return int(run.zone.arrays.queues["applied"][run.connection(row)])


def forged_numbers(rng: np.random.Generator, at: int) -> int:
    """A newest number that may be anything: a little ahead, far ahead, behind, half the space away."""
    return int(
        rng.choice([at + 1, at + 64, at + 128, at + 129, at - 1, at - 500, at + 2**31 - 1, at + 2**31, at + 2**31 + 1,
                    int(rng.integers(0, 2**32))])
    ) & 0xFFFFFFFF  # fmt: skip


@pytest.mark.parametrize("start", [0, 2**31 - 40, 2**32 - 40])
def test_a_flood_of_forged_inputs_moves_no_farther_than_speed_times_server_time(start: int) -> None:
    run, rng = joined(), np.random.default_rng(7)
    reset_queue(run.zone.arrays.queues, run.connection(0), run.entity_row(0), start)
    path, here = 0.0, position(run, 0)
    ticks = 240
    for tick in range(ticks):
        endless_stamina(run)
        at = applied(run)
        direction = int(rng.integers(0, 4)) * 64  # back and forth: the length of the way counts
        hold = Entry(64, direction=direction)
        for _ in range(8):
            run.send_input(0, input_body(forged_numbers(rng, at), [hold, hold]))
            run.send_input(0, input_body(at + 128, [hold, hold]))
        run.step()
        there = position(run, 0)
        path, here = path + float(np.hypot(*(there - here))), there
        assert path <= (tick + 1 + MAX_BUCKET) * (RUN_MPS / 60 + ROUNDING_M)
    assert path > ticks * RUN_MPS / 60 * 0.4  # it did run
    drops = run.drops()
    assert drops["input_flood"] > 1000 and drops["input_repeated"] > 1000 and drops["input_late"] > 1000


def test_a_number_half_the_space_away_costs_nothing_and_is_refused() -> None:
    run = joined()
    queues, row = run.zone.arrays.queues, run.connection(0)
    run.send_input(0, input_body(applied(run) + 100, [Entry(64), Entry(36)]))  # newest is ahead of applied
    newest, before = int(queues["newest"][row]), run.drops()["input_flood"]
    started = time.perf_counter()
    for number in range(newest + 2**31 - 120, newest + 2**31 + 20):
        run.send_input(0, input_body(number, [Entry(1)]))
    assert int(queues["newest"][row]) == newest
    assert run.drops()["input_flood"] >= before + 100
    assert time.perf_counter() - started < 5.0  # each used to fill two thousand million gaps


def test_gaps_count_as_standing_and_never_as_time_to_run() -> None:
    run = joined()
    start = position(run, 0)
    for _ in range(12):
        run.send_input(0, input_body(applied(run) + 20, [Entry(1)]))  # 19 of 20 were never sent
        run.run(20)
    gone = float(np.hypot(*(position(run, 0) - start)))
    assert 0 < gone <= 13 * (RUN_MPS / 60 + ROUNDING_M)


def test_inputs_go_on_across_the_wrap_of_their_numbers() -> None:
    run = Hostile(1)
    run.join_all(60, spawn=OPEN_FIELD)
    for number in (2**32 - 30, 2**31 - 30):
        reset_queue(run.zone.arrays.queues, run.connection(0), run.entity_row(0), number)
        start_inputs(run.clients.queues, 0, number)
        run.hold(0, 0)
        start = position(run, 0)
        run.run(90)
        assert (applied(run) - number) & 0xFFFFFFFF > 60
        assert position(run, 0)[0] - start[0] > 3.0


def test_taking_the_own_avatar_over_again_and_again_gives_no_time_to_make_up_for() -> None:
    run = Hostile(2)
    run.join(0, "Ada", OPEN_FIELD)
    run.run(30)
    path, here, ticks, player = 0.0, position(run, 0), 0, 0
    for _ in range(12):
        player = 1 - player
        run.join(player, "Ada")
        for _ in range(12):
            if run.clients.sessions["joined"][player] and run.zone.avatars.num_connected:
                run.zone.world.entities["stamina"][run.entity_row(player)] = 10_000
                run.send_input(player, input_body(applied(run, player) + 128, [RUN_EAST, RUN_EAST]))
            run.step()
            ticks += 1
            there = position(run, player) if run.clients.sessions["joined"][player] else here
            path, here = path + float(np.hypot(*(there - here))), there
    assert run.zone.status()["leaves"]["superseded"] == 12  # type: ignore[index]
    assert path <= (ticks + MAX_BUCKET) * (RUN_MPS / 60 + ROUNDING_M)


def test_cooldowns_hold_under_attacks_in_every_input() -> None:
    run = joined(2)
    entities, attacker, victim = run.zone.world.entities, run.entity_row(0), run.entity_row(1)
    entities["protected_tick"] = 0
    entities["hp"][victim] = entities["max_hp"][victim] = 60_000
    strike = Entry(1, buttons=2, magnitude=0, intent=1, argument=int(entities["id"][victim]))
    ticks = 400
    for _ in range(ticks):
        for _ in range(3):
            run.send_input(0, input_body(applied(run) + 32, [strike] * 32))
        run.step()
    allowed = ticks / 60 / 1.0 + 1  # a blow a second with bare hands
    assert 3 <= GAME.counter(run.zone.world, "attacks") <= allowed
    assert entities["hp"][attacker] == 100


def test_nothing_out_of_reach_is_hit_or_taken_whatever_ids_are_named() -> None:
    run = joined(2)
    world = run.zone.world
    entities, far = world.entities, run.entity_row(1)
    entities["protected_tick"] = 0
    for name, value in (("x", 520.0), ("qx", 520 * 1024)):
        entities[name][far] = value
    rng, victim = np.random.default_rng(3), int(entities["id"][far])
    targets = [victim, 0, 1, 2**32 - 1, int(entities["id"][run.entity_row(0)]), 1 << 25, (1 << 25) - 1]
    before = entities[far].tobytes()
    for _ in range(150):
        wants = [
            Entry(1, magnitude=0, intent=int(rng.choice([1, 2])), argument=int(rng.choice(targets))) for _ in range(2)
        ]
        run.send_input(0, input_body(applied(run) + 2, wants))
        run.step()
    assert entities[far].tobytes() == before
    assert GAME.counter(world, "attacks") == GAME.counter(world, "pickups") == 0
    assert GAME.counter(world, "refused") >= 140


def test_an_inventory_is_neither_multiplied_nor_overrun_by_forged_arguments() -> None:
    run = joined()
    world = run.zone.world
    me = run.entity_row(0)
    stacks = load_items(60)[0]["max_stack"]
    world.entities["slot_item"][me, :3] = [2, 5, 7]
    world.entities["slot_count"][me, :3] = [min(9, stacks[2]), min(9, stacks[5]), 1]
    rng = np.random.default_rng(11)

    def owned(item: int) -> int:
        lying = (world.entities["flags"] == 8) & (world.entities["kind"] == 128 + item)
        mine = world.entities["slot_item"][me] == item
        return int(world.entities["amount"][lying].sum() + world.entities["slot_count"][me][mine].sum())

    before, place = {item: owned(item) for item in (5, 7)}, position(run, 0)
    for _ in range(500):
        slot = int(rng.choice([0, 1, 2, 19, 20, 255]))
        count = int(rng.choice([0, 1, 5, 255, 256, 2**24 - 1]))
        argument = int(rng.choice([slot | count << 8, 0, int(rng.integers(0, 2**32))]))
        wants = [Entry(1, magnitude=0, intent=int(rng.integers(2, 7)), argument=argument)] * 2
        run.send_input(0, input_body(applied(run) + 2, wants))
        run.step()
        counts, items = world.entities["slot_count"][me], world.entities["slot_item"][me]
        assert (counts <= stacks[items]).all() and ((items == 0) == (counts == 0)).all()
    assert {item: owned(item) for item in (5, 7)} == before
    assert GAME.counter(world, "drops") > 5 and GAME.counter(world, "pickups") > 5
    assert np.array_equal(position(run, 0), place)


@pytest.mark.parametrize("rtt_ms", [0, 20, 100, 400, 5000])
def test_a_forged_render_time_looks_back_no_farther_than_the_round_trip_explains(rtt_ms: int) -> None:
    for claimed in range(256):
        ticks = int(allowed_rewind(claimed, rtt_ms * 1_000_000, 60))
        assert 0 <= ticks <= min((rtt_ms / 2 + 150) * 60 / 1000, 250 * 60 / 1000, HISTORY_TICKS - 1)
        assert ticks <= rtt_ms * 60 / 1000 + claimed
    assert int(allowed_rewind(0, 0, 60)) == 0
    assert int(allowed_rewind(255, 10**12, 240)) <= HISTORY_TICKS - 1


def test_a_blow_lands_where_the_attacker_saw_its_victim_and_not_where_it_was_long_ago() -> None:
    run = joined(2)
    entities, victim = run.zone.world.entities, run.entity_row(1)
    for back, lands in ((0, False), (6, True), (255, False)):
        run.run(120)  # cooldown, and a history of standing still
        entities["protected_tick"] = 0
        away = 520.0
        steps = 8 if lands or back == 0 else 40  # ticks since the victim left
        for name in ("x", "qx"):
            entities[name][victim] = away if name == "x" else away * 1024
        run.run(steps - 3)
        before = GAME.counter(run.zone.world, "attacks")
        blow = Entry(1, magnitude=0, intent=1, argument=int(entities["id"][victim]))
        run.send_input(0, input_body(applied(run) + 1, [blow], render_back=9 if lands else back))
        run.run(3)
        assert (GAME.counter(run.zone.world, "attacks") > before) == lands, back
        for name in ("x", "qx"):
            entities[name][victim] = OPEN_FIELD[0] if name == "x" else OPEN_FIELD[0] * 1024
