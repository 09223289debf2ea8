"""What operators order: notices reach players, who is sent away is told why and kept, a zone starts anew unharmed."""

from __future__ import annotations

import pytest

from myriad.client.messages import Chat
from myriad.cluster.orders import TOPIC, Kick, Notice, Order, encode_order
from myriad.cluster.requests import AWAY, PLAYING, CharacterRow, FindCharacter
from myriad.wire.layouts import CHAT_NOTICE
from tests.scenarios.test_world import Y, enter, give_coins, own_rows, owner_of
from tests.scenarios.world_stepper import Walker, WorldStepper


def order(world: WorldStepper, given: Order) -> None:
    world.posts.append((TOPIC, encode_order(given)))


def notices(walker: Walker) -> list[str]:
    heard = [message for message in walker.player.chats if isinstance(message, Chat)]
    return [message.text for message in heard if message.scope == CHAT_NOTICE]


def test_a_notice_reaches_everybody_once_or_those_in_one_zone() -> None:
    world = WorldStepper(["zone-1", "zone-2"])
    ada, bob = enter(world, "Ada", 500), enter(world, "Bob", 1500)
    order(world, Notice(1, "", "the market opens"))
    order(world, Notice(2, "zone-2", "mind the wolves"))
    world.run(60)
    assert notices(ada) == ["the market opens"]
    assert notices(bob) == ["the market opens", "mind the wolves"]


def test_a_kicked_player_is_told_why_then_gone_and_kept() -> None:
    world = WorldStepper(["zone-1", "zone-2"])
    ada, bob = enter(world, "Ada", 500), enter(world, "Bob", 510)
    give_coins(world, "zone-1", ada, 30)
    order(world, Kick(ada.character, "advertising"))
    assert world.wait_until(lambda: ada.player.farewell == "advertising", 60)
    assert world.wait_until(lambda: owner_of(world, ada).presence == AWAY, 120)
    assert own_rows(world, ada) == []
    assert owner_of(world, bob).presence == PLAYING and bob.player.connected
    record = owner_of(world, ada).record
    assert record is not None
    assert world.zones["zone-1"].players.num_leaves["kicked"] == 1


def test_a_kick_finds_one_who_goes_over_in_that_moment() -> None:
    world = WorldStepper(["zone-1", "zone-2"], seed=3, store_ticks=10)
    ada = enter(world, "Ada", 997)
    ada.player.walk(0.0)
    avatars = world.zones["zone-1"].avatars

    def frozen() -> bool:
        avatar = avatars.of_character(ada.character)
        return avatar is not None and avatar.frozen

    assert world.wait_until(frozen, 600)
    order(world, Kick(ada.character, "enough"))
    assert world.wait_until(lambda: owner_of(world, ada).presence == AWAY, 240)
    assert owner_of(world, ada).owner.zone == "zone-2"
    assert own_rows(world, ada) == []


def test_a_kick_of_somebody_who_is_not_there_is_forgotten() -> None:
    world = WorldStepper(["zone-1"])
    character = world.create_character("Eve", 500, Y)
    order(world, Kick(character, "too late"))
    world.run(120)
    row = world.store.execute([FindCharacter(character=character)])[0]
    assert isinstance(row, CharacterRow) and row.presence == AWAY


@pytest.mark.parametrize("body", [b"", b"\x93", encode_order(Kick(1, "x")) + b"\0", b"\x92\xa4kick\x01"])
def test_what_is_no_order_changes_nothing(body: bytes) -> None:
    world = WorldStepper(["zone-1"])
    ada = enter(world, "Ada", 500)
    world.posts.append((TOPIC, body))
    world.run(60)
    assert ada.player.connected and notices(ada) == []
    assert world.zones["zone-1"].part.orders.num_malformed == 1


def test_a_suspended_zone_is_silent_written_to_the_last_tick_and_its_players_are_there_when_it_starts_anew() -> None:
    world = WorldStepper(["zone-1", "zone-2"], store_ticks=7)
    ada = enter(world, "Ada", 500)
    ada.player.walk(0.25)
    world.run(40)
    zone = world.zones["zone-1"]
    zone.suspend(world.now_ns)
    tick = int(zone.world.clock["tick"][0])
    row = int(zone.avatars.of_character(ada.character).entity_row)  # type: ignore[union-attr]
    place = (float(zone.world.entities["x"][row]), float(zone.world.entities["y"][row]))
    assert world.wait_until(lambda: zone.drained, 60)
    assert int(zone.world.clock["tick"][0]) == tick
    assert not zone.outgoing[1]
    dead = world.kill_zone("zone-1")
    again = world.start_zone("zone-1", dead)
    avatar = again.avatars.of_character(ada.character)
    assert avatar is not None
    entities = again.world.entities
    assert (float(entities["x"][avatar.entity_row]), float(entities["y"][avatar.entity_row])) == place
    assert owner_of(world, ada).presence == PLAYING


def test_a_zone_from_above_shows_players_by_name_and_everybody_in_their_cell() -> None:
    world = WorldStepper(["zone-1"], npcs=40)
    ada = enter(world, "Ada", 500)
    world.run(60)
    seen = world.zones["zone-1"].look_from_above()()
    (player,) = seen["players"]
    assert (player["name"], player["character"], player["connected"]) == ("Ada", ada.character, True)
    entities = seen["view"]["entities"]
    assert len({len(column) for column in entities.values()}) == 1
    place = entities["id"].index(ada.character)
    assert (entities["player"][place], entities["name"][place], entities["hp"][place]) == (True, "Ada", 1.0)
    assert abs(entities["x"][place] - ada.player.position[0]) < 1
    cells = {(x, y): number for x, y, number in seen["view"]["cells"]}
    assert sum(cells.values()) == len(entities["id"])
    assert (int(entities["x"][place] // 50), int(entities["y"][place] // 50)) in cells
    assert seen["kinds"]["1"]
