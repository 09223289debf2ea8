"""Zones of a world and their players: what must hold when they walk, fight, talk and trade across borders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from myriad.cluster.requests import (
    PLAYING,
    Audit,
    AuditReport,
    CharacterRow,
    FindCharacter,
    TakeWanted,
    Wanted,
    ZoneKey,
)
from myriad.game import CHARACTER, COINS, GHOST, NPC, VOID, note_movement
from myriad.netcode.server import Left
from myriad.netcode.server_arrays import LEFT_DISCONNECTED
from myriad.sim.rows import find_row
from myriad.wire.layouts import UNITS_PER_M
from tests.scenarios.world_stepper import WORLD, Walker, WorldStepper, zone_map

COIN_ITEM_REASON = 1


def clear_row() -> int:
    """A y (metres) at which one can walk from 940 to 1060 through zone-1 and zone-2."""
    west, east = zone_map("zone-1"), zone_map("zone-2")
    for y in range(100, 900, 2):
        free = []
        for tiles, start, end in ((west, 940, 1006), (east, 994, 1060)):
            line = (y - tiles.origin_y) // 2
            columns = slice((start - tiles.origin_x) // 2, (end - tiles.origin_x) // 2)
            free.append(not tiles.solid[line - 3 : line + 4, columns].any())
        if all(free):
            return y + 1
    raise AssertionError("no way leads from zone-1 to zone-2")


Y = clear_row()


def enter(world: WorldStepper, name: str, x: float, y: float = Y) -> Walker:
    walker = world.join(name, x, y)
    assert world.wait_until(lambda: walker.player.ready, 300), f"{name} is not let in"
    return walker


def owner_of(world: WorldStepper, walker: Walker) -> CharacterRow:
    row = world.store.execute([FindCharacter(character=walker.character)])[0]
    assert isinstance(row, CharacterRow)
    return row


def audit(world: WorldStepper) -> AuditReport:
    report = world.store.execute([Audit()])[0]
    assert isinstance(report, AuditReport)
    return report


def give_coins(world: WorldStepper, zone: str, walker: Walker, amount: int) -> None:
    arrays = world.zones[zone].world
    row = int(find_row(arrays, walker.character))
    arrays.entities["coins"][row] += amount
    assert note_movement(arrays, COINS, amount, VOID, 0, CHARACTER, walker.character, COIN_ITEM_REASON)


def own_rows(world: WorldStepper, walker: Walker) -> list[str]:
    """Zones in which the character is simulated."""
    found = []
    for name, zone in world.zones.items():
        row = int(find_row(zone.world, walker.character))
        if row >= 0 and not int(zone.world.entities["flags"][row]) & GHOST:
            found.append(name)
    return found


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_a_player_walks_over_the_border_without_a_jump_and_with_its_things(loss: float) -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=3)
    ada = enter(world, "Ada", 985)
    give_coins(world, "zone-1", ada, 30)
    world.run(60)
    world.loss = loss
    ada.player.walk(0.0)
    last_x, largest_step = ada.player.position[0], 0.0
    for _ in range(1200):
        world.step()
        x = ada.player.position[0]
        largest_step = max(largest_step, abs(x - last_x))
        last_x = x
        assert len(own_rows(world, ada)) <= 1
        if ada.player.zone == "zone-2" and x > 1012:
            break
    assert ada.player.zone == "zone-2", ada.player.position
    assert largest_step < 0.5
    world.loss = 0.0
    world.run(120)
    assert ada.player.private["coins"] == 30
    row = owner_of(world, ada)
    assert row.owner.zone == "zone-2" and row.presence == PLAYING
    assert audit(world).balanced, audit(world).problems
    queues = world.zones["zone-2"].arrays.queues
    assert int(queues["late"].sum()) == 0 if not loss else True


def test_a_row_that_its_departed_player_gave_up_is_not_ended_under_the_next_one() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=19)
    ada = enter(world, "Ada", 997)
    ada.player.walk(0.0)
    zone = world.zones["zone-1"]
    assert world.wait_until(lambda: bool(zone.players.retired), 600)
    (row,) = zone.players.retired
    zone.players.left(Left(row, 0, LEFT_DISCONNECTED), world.now_ns)
    assert not zone.players.retired
    world.run(90)
    assert int(zone.arrays.server.connections["confirmed"][row]) == 1  # whoever has the row now still has it


def test_going_back_and_forth_at_a_border_does_not_ping_pong() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=4)
    ada = enter(world, "Ada", 997)
    for turn in range(12):
        ada.player.walk(0.0 if turn % 2 == 0 else 0.5)
        world.run(45)  # a metre and a bit to and fro, around the border
    crossings = sum(int(str(zone.part.status()["handoffs"])) for zone in world.zones.values())
    assert crossings <= 1


def test_a_group_that_crosses_together_arrives_whole_and_none_twice() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=5)
    group = [world.join(f"walker {n}", 988 + n % 5, Y - 2 + n // 5 % 5) for n in range(25)]
    assert world.wait_until(lambda: all(one.player.ready for one in group), 600)
    world.run(120)
    for one in group:
        one.player.walk(0.0)
    assert world.wait_until(lambda: all(one.player.zone == "zone-2" for one in group), 1500)
    world.run(60)
    assert all(own_rows(world, one) == ["zone-2"] for one in group)
    assert all(owner_of(world, one).owner.zone == "zone-2" for one in group)


def test_a_hundred_who_cross_within_a_second_all_arrive_within_half_a_second() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=16)
    group = [world.join(f"walker {n}", 996 + n % 4, Y - 2 + n // 4 % 5) for n in range(100)]
    assert world.wait_until(lambda: all(one.player.ready for one in group), 1200)
    world.run(90)  # until all have a passage
    for one in group:
        one.player.walk(0.0)
    beyond: dict[int, int] = {}
    arrived: dict[int, int] = {}
    for _ in range(600):
        world.step()
        for one in group:
            if one.player.position[0] >= 1002:
                beyond.setdefault(one.character, world.ticks)
            if one.player.zone == "zone-2":
                arrived.setdefault(one.character, world.ticks)
        if len(arrived) == len(group):
            break
    assert len(arrived) == len(group)
    assert max(arrived[one] - beyond.get(one, arrived[one]) for one in arrived) <= 30
    world.run(60)
    assert all(own_rows(world, one) == ["zone-2"] for one in group)
    assert world.zones["zone-1"].part.status()["handoffs"] == 100


def test_a_player_goes_around_the_corner_of_four_zones() -> None:
    world = WorldStepper(["zone-1", "zone-2", "zone-3", "zone-4"], seed=17)
    ada = enter(world, "Ada", 990, 990)
    seen = [ada.player.zone]
    ways: tuple[tuple[float, Callable[[float, float], bool]], ...] = (
        (0.0, lambda x, y: x > 1008),
        (0.25, lambda x, y: y > 1008),
        (0.5, lambda x, y: x < 992),
        (0.75, lambda x, y: y < 992),
    )
    for direction, there in ways:
        ada.player.walk(direction)
        for _ in range(600):
            world.step()
            assert len(own_rows(world, ada)) <= 1
            if ada.player.zone != seen[-1]:
                seen.append(ada.player.zone)
            if there(*ada.player.position):
                break
    assert seen == ["zone-1", "zone-2", "zone-4", "zone-3", "zone-1"]


def test_a_neighbours_entities_are_seen_and_named_across_the_border() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=6)
    ada, bob = enter(world, "Ada", 985), enter(world, "Bob", 1015)
    world.run(240)
    seen = {entity.id: entity for entity in ada.player.entities()}
    assert seen[bob.character].name == "Bob"
    assert abs(seen[bob.character].x - 1015) < 1
    assert ada.character in {entity.id for entity in bob.player.entities()}


def test_an_attack_across_the_border_is_judged_by_the_owner() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=7)
    ada, bob = enter(world, "Ada", 999.4), enter(world, "Bob", 1000.6)
    world.run(900)  # until nobody is protected any more
    zone = world.zones["zone-2"].world
    row = int(find_row(zone, bob.character))
    before = int(zone.entities["hp"][row])
    for _ in range(40):
        ada.player.attack(bob.character)
        world.run(30)
    hurt = int(zone.entities["hp"][int(find_row(zone, bob.character))])
    assert hurt < before
    ghost = int(find_row(world.zones["zone-1"].world, bob.character))
    assert int(world.zones["zone-1"].world.entities["flags"][ghost]) & GHOST


def test_a_neighbour_that_is_down_is_a_wall_with_a_message() -> None:
    world = WorldStepper(["zone-1"], seed=8)
    ada = enter(world, "Ada", 990)
    ada.player.walk(0.0)
    world.run(900)
    assert ada.player.zone == "zone-1"
    assert ada.player.position[0] < 1006.5
    assert ada.player.wall == "zone-2"
    ada.player.walk(0.5)
    world.run(120)
    assert ada.player.position[0] < 1004


def test_a_zone_that_sleeps_is_wanted_when_a_player_comes_near() -> None:
    world = WorldStepper(["zone-1"], seed=15)
    enter(world, "Ada", 600)
    assert world.store.execute([TakeWanted()])[0] == Wanted(())
    enter(world, "Bob", 900)
    world.run(60)
    assert world.store.execute([TakeWanted()])[0] == Wanted((ZoneKey("zone-2"),))


def test_talk_crosses_borders() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=9)
    ada, bob = enter(world, "Ada", 985), enter(world, "Bob", 1015)
    world.run(120)
    ada.player.say("near", scope="nearby")
    ada.player.say("world", scope="world")
    ada.player.whisper("Bob", "secret")
    ada.player.whisper("Nobody", "lost")
    world.run(240)
    assert sorted(chat.text for chat in bob.player.chats) == ["near", "secret", "world"]
    assert any("Nobody" in chat.text for chat in ada.player.chats)


@pytest.mark.parametrize("late", ["zone-1", "zone-2"])
def test_world_chat_is_heard_once_by_a_player_who_crosses_meanwhile(late: str) -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=18)
    world.late_ears[late] = 25
    ada, bob = enter(world, "Ada", 996), enter(world, "Bob", 700, 300)
    ada.player.walk(0.0)
    said = [f"message {k}" for k in range(5)]
    for text, ticks in zip(said, (70, 20, 14, 14, 14), strict=True):  # she is handed over at about 115
        world.run(ticks)
        bob.player.say(text, scope="world")
    world.run(120)
    assert ada.player.zone == "zone-2"
    assert [chat.text for chat in bob.player.chats] == said
    assert sorted(chat.text for chat in ada.player.chats) == said


def test_what_was_confirmed_is_there_after_a_zone_died() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=10)
    ada = enter(world, "Ada", 900)
    give_coins(world, "zone-1", ada, 12)
    assert world.wait_until(lambda: ada.player.confirmed.get(COINS) == 12, 120)
    dead = world.kill_zone("zone-1")
    world.run(30)
    zone = world.start_zone("zone-1", dead)
    assert owner_of(world, ada).epoch <= zone.part.member.epoch == 2
    ada.player.resume(world.token("zone-1", ada), world.now_ns)
    assert world.wait_until(lambda: ada.player.ready and ada.player.private["coins"] == 12, 300)
    assert ada.player.private["ledger_serial"] >= ada.player.confirmed_serial
    assert audit(world).balanced


def test_what_became_durable_while_its_player_was_away_is_confirmed_on_its_return() -> None:
    world = WorldStepper(["zone-1"], seed=20)
    ada = enter(world, "Ada", 900)
    zone = world.zones["zone-1"]
    avatar = zone.avatars.of_character(ada.character)
    assert avatar is not None
    zone.players.drop_connection(avatar.connection, world.now_ns)
    give_coins(world, "zone-1", ada, 7)
    world.run(60)
    assert COINS not in ada.player.confirmed
    ada.player.resume(world.token("zone-1", ada), world.now_ns)
    assert world.wait_until(lambda: ada.player.confirmed.get(COINS) == 7, 300)


def test_nothing_is_confirmed_while_the_store_is_silent() -> None:
    world = WorldStepper(["zone-1"], seed=11, store_ticks=1)
    ada = enter(world, "Ada", 900)
    world.store_ticks = 10**9
    give_coins(world, "zone-1", ada, 5)
    world.run(180)
    assert ada.player.private["coins"] == 5
    assert COINS not in ada.player.confirmed


def test_a_zone_whose_lease_is_over_neither_hears_nor_speaks() -> None:
    world = WorldStepper(["zone-1"], seed=12)
    ada = enter(world, "Ada", 900)
    world.store_ticks = 10**9
    world.run(700)  # 11.7 s: past the lease's 10 s
    zone = world.zones["zone-1"]
    tick = int(zone.world.clock["tick"][0])
    ada.player.walk(0.0)
    for _ in range(60):
        world.step()
        assert zone.outgoing[1] == 0
    assert int(zone.world.clock["tick"][0]) == tick


def test_two_players_trade_and_the_store_knows_it() -> None:
    world = WorldStepper(["zone-1"], seed=13)
    ada, bob = enter(world, "Ada", 900), enter(world, "Bob", 902)
    give_coins(world, "zone-1", ada, 40)
    world.run(30)
    ada.player.ask_trade(bob.character)
    world.run(20)
    bob.player.ask_trade(ada.character)
    world.run(20)
    ada.player.offer((COINS, 15))
    world.run(20)
    ada.player.confirm()
    world.run(20)
    bob.player.confirm()
    assert world.wait_until(lambda: bob.player.confirmed.get(COINS) == 15, 120)
    assert ada.player.confirmed.get(COINS) == 25
    report = audit(world)
    assert report.balanced and report.held == {COINS: 40}


def test_who_leaves_is_away_with_its_record_and_comes_back_with_it() -> None:
    world = WorldStepper(["zone-1"], seed=14)
    ada = enter(world, "Ada", 900)
    give_coins(world, "zone-1", ada, 9)
    ada.player.walk(0.0)
    world.run(60)
    ada.player.stop()
    world.run(30)
    x = ada.player.position[0]
    zone = world.zones["zone-1"]
    zone.drain(world.now_ns)
    assert world.wait_until(lambda: zone.drained, 300)
    row = owner_of(world, ada)
    assert row.presence != PLAYING and abs(row.x - x) < 1.5
    restored = WORLD.create_zone("zone-1", capacity=64, seed=1, num_npcs=0)
    assert row.record is not None
    at = WORLD.restore(restored, ada.character, -1, "Ada", row.record, row.layout)
    assert restored.entities["coins"][at] == 9
    assert np.all(restored.entities["flags"][:at] & NPC == 0)
    assert abs(int(restored.entities["qx"][at]) / UNITS_PER_M - row.x) < 1.5
