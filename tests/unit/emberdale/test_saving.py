"""Players and ground items outlive their zone."""

import numpy as np
import pytest

from emberdale.fields import STATE_DEAD
from emberdale.game import GAME
from emberdale.items import put_on_ground
from myriad.game import FROZEN, PLAYER, World, is_walkable, origin_units
from tests.unit.emberdale.arena import ITEMS, add_ghost, add_player, field, give, ticks

pytestmark = pytest.mark.without_jit

NOT_SAVED = {"client", "placed_tick", "private_version", "name_version", "flags"}


def seasoned(world: World, entity_id: int = 7) -> int:
    """A player of whom every saved column says something."""
    row = add_player(world, entity_id, 50.25, 60.5)
    for name, value in (
        ("heading", 777), ("hp", 66), ("state", 3), ("target", 99), ("stamina", 4321), ("coins", 12345),
        ("experience", 350), ("level", 3), ("max_hp", 110), ("ledger_serial", 17), ("kills", 4), ("deaths", 2),
        ("weapon", 6), ("attack_ready_tick", 450), ("timer_tick", 500), ("hurt_tick", 390), ("protected_tick", 600),
        ("action_ready_tick", 410),
    ):  # fmt: skip
        world.entities[name][row] = value
    give(world, row, "Rusty Dagger")
    give(world, row, "Apple", 7)
    world.clock["tick"] = 400
    return row


def saved(world: World, row: int) -> bytes:
    return GAME.save_rows(world, np.array([row])).tobytes()


def test_a_player_goes_on_in_another_zone_as_it_was() -> None:
    world, other = field(), field(seed=2)
    row = seasoned(world)
    other.clock["tick"] = 9000
    new = GAME.restore(other, 7, 12, "Ann", saved(world, row), GAME.layout)
    before, after = world.entities[row], other.entities[new]
    for name in GAME.saved_fields:
        if name in GAME.timer_fields:
            assert int(after[name]) - 9000 == int(before[name]) - 400, name
        else:
            assert np.array_equal(after[name], before[name]), name
    assert (after["x"], after["y"], after["client"], after["flags"]) == (50.25, 60.5, 12, PLAYER)
    assert after["placed_tick"] == 9000
    assert GAME.describe(other, new)[1] == b"Ann"
    assert other.clock["num_players"][0] == 1


def test_all_that_the_rules_keep_of_a_player_is_saved() -> None:
    kept = set(GAME.entity.names or ()) - {"id", "kind", "x", "y", "name", "name_length", "amount", "mode", "place"}
    kept -= {name for name in kept if name.startswith("step")} | NOT_SAVED
    assert kept == set(GAME.saved_fields)
    assert set(GAME.private_fields) <= set(GAME.saved_fields)


def test_many_rows_are_many_records() -> None:
    world = field()
    rows = [add_player(world, number + 1, 20 + number, 30) for number in range(40)]
    records = GAME.save_rows(world, np.array(rows[::-1]))
    assert records.dtype == GAME.saved_dtype
    assert (records["qx"] == world.entities["qx"][rows[::-1]]).all()


def test_old_timers_do_not_come_back_below_zero_or_as_new_ones() -> None:
    world, other = field(), field()
    row = seasoned(world)
    world.clock["tick"] = 10_000
    new = GAME.restore(other, 7, 0, "Ann", saved(world, row), GAME.layout)
    assert {int(other.entities[name][new]) for name in GAME.timer_fields} == {0}


def test_the_dead_are_dead_in_another_zone_for_as_long_as_was_left() -> None:
    world, other = field(), field()
    row = seasoned(world)
    world.entities["state"][row], world.entities["hp"][row] = STATE_DEAD, 0
    new = GAME.restore(other, 7, 0, "Ann", saved(world, row), GAME.layout)
    ticks(other, 99)
    assert other.entities["state"][new] == STATE_DEAD
    ticks(other, 1)
    assert other.entities["hp"][new] == 110


def test_where_it_is_put_counts_more_than_where_it_was() -> None:
    world, other = field(), field()
    new = GAME.restore(other, 7, 0, "Ann", saved(world, seasoned(world)), GAME.layout, 120.0, 130.5)
    assert (other.entities["x"][new], other.entities["y"][new]) == (120, 130.5)
    assert (other.entities["qx"][new], other.entities["qy"][new]) == (120 * 1024, 130.5 * 1024)


def test_where_nobody_can_stand_the_nearest_place_is_taken() -> None:
    world, solid = field(), np.zeros((100, 100), np.uint8)
    solid[20:40, 20:30] = 1
    other = field(solid=solid)
    new = GAME.restore(other, 7, 0, "Ann", saved(world, seasoned(world)), GAME.layout)
    assert is_walkable(solid, int(other.entities["qx"][new]), int(other.entities["qy"][new]), 384)


def test_an_own_ghost_makes_way() -> None:
    world, other = field(), field()
    add_ghost(other, 7, 48, 60)
    new = GAME.restore(other, 7, 0, "Ann", saved(world, seasoned(world)), GAME.layout)
    assert other.entities["flags"][new] == PLAYER
    assert np.count_nonzero(other.entities["id"]) == 1


def test_the_frozen_are_saved_as_they_are_and_come_back_unfrozen() -> None:
    world, other = field(), field()
    row = seasoned(world)
    record = saved(world, row)
    world.entities["flags"][row] |= FROZEN
    assert saved(world, row) == record
    new = GAME.restore(other, 7, 0, "Ann", record, GAME.layout)
    assert other.entities["flags"][new] == PLAYER


def test_a_record_from_before_levels_is_read_and_the_rest_is_as_for_a_newcomer() -> None:
    world, other = field(), field()
    row = seasoned(world)
    names = [name for name in GAME.saved_fields if name not in ("level", "experience", "stamina", "max_hp")]
    full = GAME.save_rows(world, np.array([row]))
    old = np.zeros(1, [(name, full.dtype[name]) for name in names])
    for name in names:
        old[name] = full[name]
    words = [word for word in GAME.layout.partition(";")[0].split() if word.partition(":")[0] in names]
    new = GAME.restore(other, 7, 0, "Ann", old.tobytes(), " ".join(words) + ";")
    entity = other.entities[new]
    assert (entity["level"], entity["experience"], entity["max_hp"], entity["stamina"]) == (1, 0, 100, 10000)
    assert (entity["coins"], entity["hp"], entity["ledger_serial"]) == (12345, 66, 17)


@pytest.mark.parametrize("record", [b"", b"abc", bytes(2 * 107)])
def test_what_is_no_record_is_refused_and_changes_nothing(record: bytes) -> None:
    world = field()
    with pytest.raises(ValueError):
        GAME.restore(world, 7, 0, "Ann", record, GAME.layout)
    assert not world.entities["id"].any()


def test_without_room_nobody_comes() -> None:
    world, other = field(), field(capacity=1)
    add_player(other, 3, 50, 50)
    before = other.entities.tobytes()
    assert GAME.restore(other, 7, 0, "Ann", saved(world, seasoned(world)), GAME.layout) == -1
    assert other.entities.tobytes() == before


def test_who_has_a_home_in_another_zone_gets_one_in_this() -> None:
    west = GAME.create_zone("zone-1", capacity=10, seed=1, num_npcs=0)
    east = GAME.create_zone("zone-2", capacity=10, seed=1, num_npcs=0)
    row = GAME.spawn_player(west, 7, 0, "Ann", 340.0, 500.0)
    record = saved(west, row)
    new = GAME.restore(east, 7, 0, "Ann", record, GAME.layout, 1002.0, 500.0)
    home = float(east.entities["home_x"][new]) / 1024, float(east.entities["home_y"][new]) / 1024
    assert home in {tuple(point) for point in GAME.read_map("zone-2", 60).spawn_points.tolist()}
    back = GAME.restore(west, 8, 0, "Bob", record, GAME.layout)
    assert west.entities["home_x"][back] == west.entities["home_x"][row]


def test_a_player_who_has_just_crossed_stands_where_it_was_in_both_zones() -> None:
    west = GAME.create_zone("zone-1", capacity=10, seed=1, num_npcs=0)
    east = GAME.create_zone("zone-2", capacity=10, seed=1, num_npcs=0)
    left, bottom = origin_units(east)
    for y in range(20, 980, 40):
        x, inside = 1002.5, is_walkable(east.solid, round(1002.5 * 1024) - left, y * 1024 - bottom, 384)
        rows = []
        for world in (west, east):
            row = GAME.spawn_player(world, 100 + y, 0, "Ann", x, float(y))
            rows.append((float(world.entities["x"][row]), float(world.entities["y"][row])))
            GAME.remove(world, row)
        assert not inside or rows == [(x, y)] * 2


def test_what_lies_on_the_ground_lies_there_again_with_the_time_it_had_left() -> None:
    world, other = field(), field()
    world.clock["tick"] = 1000
    put_on_ground(world, ITEMS["Apple"], 4, 51200, 51200, 1000)
    put_on_ground(world, ITEMS["Coins"], 300, 61440, 51200, 900)
    add_ghost(world, 900, 10, 10, 128 + ITEMS["Apple"], 8)
    add_player(world, 1, 50, 50)
    ground = GAME.save_ground(world)
    assert GAME.load_ground(other, ground, GAME.layout) == 0
    assert GAME.save_ground(other) == ground
    assert other.clock["num_items"][0] == 2
    assert other.entities["timer_tick"][:2].tolist() == [1 + 5400, 1 + 5300]
    assert np.array_equal(GAME.count_assets(other), GAME.count_assets(world))
    assert GAME.load_ground(field(), b"", GAME.layout) == 0


def test_ground_that_finds_no_row_is_said() -> None:
    world, other = field(), field(capacity=2)
    for _ in range(5):
        put_on_ground(world, ITEMS["Apple"], 4, 51200, 51200, 1)
    assert GAME.load_ground(other, GAME.save_ground(world), GAME.layout) == 3
    assert other.clock["num_items"][0] == 2
