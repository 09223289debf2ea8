"""Going over to another zone, against zones that the test scripts: no input lost, none doubled, under loss too."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from myriad.client.player import SILENCE_NS, Player
from myriad.client.session import GRACE_NS, ROWS
from myriad.netcode.addresses import Endpoint, parse_endpoint, to_words
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import (
    CHANNEL_CHAT,
    CHANNEL_CONTROL,
    CHANNEL_INVENTORY,
    CONTROL_EVENT,
    CONTROL_WALL,
    EVENT_ENDED,
    EVENT_STARTED,
    TRADE_OPEN,
)
from tests.unit.client.scripted_zone import MEADOW_GAME, PROTOCOL_ID, TICK_NS, Avatar, Diary, ScriptedZone, meadow


class Journey:
    """A player, zones `west` and `east`, and the network between them."""

    def __init__(self, loss: float = 0.0, seed: int = 1) -> None:
        print("seed", seed)
        self.random = random.Random(seed)
        self.loss = loss
        self.now_ns = 1_000_000_000
        self.diary = Diary()
        self.west = ScriptedZone("west", "127.0.0.1:2001", self.diary, 1)
        self.east = ScriptedZone("east", "127.0.0.1:2002", self.diary, 2)
        self.north = ScriptedZone("north", "127.0.0.1:2003", self.diary, 3)
        self.dead: set[str] = set()
        self.player = Player(MEADOW_GAME, meadow("west"), PROTOCOL_ID, 60)
        self.sent: list[tuple[str, int, int]] = []
        """Zone, connection row and first byte of each datagram that the player sent."""
        self._out = new_batch(32)
        assert self.player.start(self.west.token(), self.now_ns)
        self.until(lambda: len(self.west.joined) > 0)
        self.avatar = Avatar(100)
        self.west.welcome(0, self.avatar)
        self.until(lambda: self.player.ready)

    def until(self, condition: object, ticks: int = 300) -> None:
        for _ in range(ticks):
            if callable(condition) and condition():
                return
            self.run(1)
        raise AssertionError("it never came to that")

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now_ns += TICK_NS
            count = self.player.update(self.now_ns, self._out)
            for zone in (self.west, self.east, self.north):
                self._up(zone, count)
                self._down(zone, zone.step(self.now_ns))

    def offer(self) -> int:
        """West offers the way east; the row at which the player waits there."""
        before = len(self.east.joined)
        self.west.offer(0, "east", self.east.token())
        self.until(lambda: len(self.east.joined) > before)
        return self.east.joined[-1]

    def _up(self, zone: ScriptedZone, count: int) -> None:
        up = new_batch(32)
        used = 0
        for i in range(count):
            if (self._out["address"][i] != to_words(zone.endpoint)).any():
                continue
            row = int(self._out["row"][i])
            self.sent.append((zone.name, row, int(self._out["data"][i, 0]) & 15))
            if self.random.random() >= self.loss and zone.name not in self.dead:
                up[used] = self._out[i]
                up["address"][used] = to_words(self._port(row))
                used += 1
        self._down(zone, zone.receive(up, used, self.now_ns))

    def _port(self, row: int) -> Endpoint:
        return parse_endpoint(f"127.0.0.1:{10000 + 100 * self.player.connections[row] + row}")

    def _down(self, zone: ScriptedZone, batches: list[tuple[Batch, int]]) -> None:
        if zone.name in self.dead:
            return
        for batch, count in batches:
            for i in range(count):
                for row in range(ROWS):
                    if (batch["address"][i] == to_words(self._port(row))).all() and self.random.random() >= self.loss:
                        one = new_batch(1)
                        one[0] = batch[i]
                        one["address"][0] = to_words(zone.endpoint)
                        self.player.receive(one, 1, self.now_ns, row)


def crossed(journey: Journey, row: int, gap_ticks: int) -> None:
    """West freezes and hands over; east goes on after a while."""
    journey.avatar.frozen = True
    journey.run(gap_ticks)
    journey.west.depart(0)
    journey.east.welcome(row, journey.avatar, entity=7)


@pytest.mark.parametrize(("loss", "seed"), [(0.0, 1), (0.05, 2), (0.2, 3), (0.2, 4)])
def test_no_input_is_lost_or_doubled_between_zones_and_prediction_goes_on(loss: float, seed: int) -> None:
    journey = Journey(loss, seed)
    player = journey.player
    player.walk(0.0)
    journey.run(40)
    row = journey.offer()
    journey.run(20)
    assert player.zone == "west"
    crossed(journey, row, 6)
    journey.until(lambda: player.zone == "east")
    assert player.ready
    before = player.position
    journey.run(60)
    assert player.position[0] > before[0] + 2.5, "it walks on"
    player.stop()
    journey.run(120)
    numbers = journey.diary.numbers
    assert numbers == list(range(101, 101 + len(numbers))), "each once, in order"
    zones = [zone for zone, _, _ in journey.diary.applied]
    assert zones == sorted(zones, reverse=True), "first west, then east"
    assert player._arrays.sessions["inputs_lost"].sum() == 0
    assert player.position[0] == int(journey.avatar.own["qx"][0]) / 1024, "prediction equals the zone to the bit"


def test_without_loss_the_prediction_is_never_corrected_on_the_way() -> None:
    journey = Journey()
    player = journey.player
    player.walk(0.1)
    journey.run(30)
    row = journey.offer()
    crossed(journey, row, 5)
    x = player.position[0]
    for _ in range(60):
        journey.run(1)
        assert player._avatar.last_error_m == 0.0
        assert x < player.position[0] < x + 0.2
        x = player.position[0]
    assert player.zone == "east"


def test_a_player_that_waits_sends_nothing_but_keep_alives_and_the_former_connection_falls_silent() -> None:
    journey = Journey()
    row = journey.offer()
    journey.sent.clear()
    journey.run(60)
    to_east = {kind for zone, _, kind in journey.sent if zone == "east"}
    assert to_east == {4}, "netcode's keep-alives"
    assert journey.east.payloads.get(row, 0) == 0
    crossed(journey, row, 3)
    journey.until(lambda: journey.player.zone == "east")
    journey.sent.clear()
    journey.run(60)
    assert {zone for zone, _, _ in journey.sent} == {"east"}
    assert journey.west.left == [], "no word of leaving"


def test_a_withdrawn_passage_is_forgotten_and_a_new_one_works() -> None:
    journey = Journey()
    journey.offer()
    journey.west.offer(0, "east", b"")
    journey.run(20)
    journey.sent.clear()
    journey.run(60)
    assert {zone for zone, _, _ in journey.sent} == {"west"}
    row = journey.offer()
    crossed(journey, row, 3)
    journey.until(lambda: journey.player.zone == "east")


@pytest.mark.parametrize("first", ["east", "north"])
def test_at_a_corner_a_player_waits_in_several_zones_and_the_one_that_welcomes_it_has_it(first: str) -> None:
    journey = Journey()
    player = journey.player
    journey.offer()
    journey.west.offer(0, "north", journey.north.token())
    journey.until(lambda: len(journey.north.joined) > 0)
    player.walk(0.0)
    journey.run(30)
    journey.west.depart(0)
    there, other = (journey.east, journey.north) if first == "east" else (journey.north, journey.east)
    there.welcome(0, journey.avatar)
    journey.until(lambda: player.zone == there.name)
    journey.sent.clear()
    player.stop()
    journey.run(60)
    assert {zone for zone, _, _ in journey.sent} == {there.name}, "nothing more to the others"
    assert journey.diary.numbers == list(range(101, 101 + len(journey.diary.numbers)))
    assert other.payloads == {}


def test_taking_one_offer_back_leaves_the_other() -> None:
    journey = Journey()
    row = journey.offer()
    journey.west.offer(0, "north", journey.north.token())
    journey.until(lambda: len(journey.north.joined) > 0)
    journey.west.offer(0, "north", b"")
    journey.run(20)
    crossed(journey, row, 3)
    journey.until(lambda: journey.player.zone == "east")


def test_back_and_forth_uses_a_fresh_port_each_time() -> None:
    journey = Journey()
    player = journey.player
    here, there, row = journey.west, journey.east, 0
    for turn in range(4):
        before = len(there.joined)
        here.offer(row, there.name, there.token())
        journey.until(lambda there=there, before=before: len(there.joined) > before)
        player.walk(0.0 if turn % 2 == 0 else 0.5)
        journey.run(10)
        here.depart(row)
        row = there.joined[-1]
        there.welcome(row, journey.avatar)
        journey.until(lambda there=there: player.zone == there.name)
        here, there = there, here
    assert sum(player.connections) == 5
    player.stop()
    journey.run(60)
    numbers = journey.diary.numbers
    assert numbers == list(range(101, 101 + len(numbers)))


def needs_token(player: Player) -> bool:
    return player.needs_token


def test_silence_while_a_passage_waits_gives_it_half_a_second_more_and_then_asks_for_a_token() -> None:
    journey = Journey()
    row = journey.offer()
    journey.dead.add("west")
    journey.run(int(SILENCE_NS / TICK_NS) + 2)
    assert not needs_token(journey.player), "it may still be made welcome"
    journey.run(int(GRACE_NS / TICK_NS) + 2)
    assert needs_token(journey.player)
    journey.east.welcome(row, journey.avatar)
    journey.until(lambda: journey.player.zone == "east")
    assert not needs_token(journey.player), "late is better than never"


def test_a_connection_that_ended_while_a_passage_waits_is_followed_by_the_welcome() -> None:
    journey = Journey()
    row = journey.offer()
    journey.player._arrays.net.clients["state"][0] = 0
    journey.run(5)
    assert not needs_token(journey.player)
    journey.west.depart(0)
    journey.east.welcome(row, journey.avatar)
    journey.until(lambda: journey.player.ready and journey.player.zone == "east")


def test_resuming_goes_on_with_the_inputs_that_were_not_confirmed() -> None:
    journey = Journey()
    player = journey.player
    player.walk(0.0)
    journey.run(30)
    journey.dead.add("west")
    journey.run(int(SILENCE_NS / TICK_NS) + 2)
    assert needs_token(player)
    avatar = journey.west.depart(0)
    assert player.resume(journey.east.token(), journey.now_ns)
    assert not needs_token(player)
    journey.until(lambda: len(journey.east.joined) > 0)
    journey.east.welcome(0, avatar)
    journey.until(lambda: player.zone == "east")
    player.stop()
    journey.run(240)
    numbers = journey.diary.numbers
    assert numbers == list(range(101, 101 + len(numbers)))


def test_a_zone_that_fell_back_to_an_older_state_goes_on_from_there() -> None:
    journey = Journey()
    player = journey.player
    player.walk(0.0)
    journey.run(90)
    journey.dead.add("west")
    journey.run(int(SILENCE_NS / TICK_NS) + 2)
    journey.west.depart(0)
    older = Avatar(120)
    player.resume(journey.east.token(), journey.now_ns)
    journey.until(lambda: len(journey.east.joined) > 0)
    journey.east.welcome(0, older)
    journey.until(lambda: player.zone == "east")
    assert int(player._arrays.sessions["inputs_lost"].sum()) > 0, "they are counted"
    start = int(older.own["qx"][0])
    journey.run(60)
    assert older.last_input > 150
    assert int(older.own["qx"][0]) > start, "what it does from now on counts"


def test_a_piece_of_a_long_message_is_not_taken_for_a_welcome() -> None:
    journey = Journey()
    looks_like_one = bytes([1]) + bytes(255)
    journey.west.tell(0, CHANNEL_CONTROL, bytes([200]) + bytes(255) + looks_like_one + looks_like_one[:40])
    journey.run(30)
    assert journey.player.id == 7
    assert int(journey.player._arrays.sessions["tick_hz"][0]) == 60


def test_walls_events_whispers_confirmations_and_trades_are_told() -> None:
    journey = Journey()
    player, tell = journey.player, journey.west.tell
    tell(0, CHANNEL_CONTROL, bytes([CONTROL_WALL, 4]) + b"east")
    tell(0, CHANNEL_CONTROL, struct.pack("<BBIB", CONTROL_EVENT, EVENT_STARTED, 9, 4) + b"fair" + b"A fair!")
    tell(0, CHANNEL_INVENTORY, struct.pack("<BIBBI", 1, 12, 3, 0, 250))
    tell(
        0,
        CHANNEL_INVENTORY,
        struct.pack("<BBIHB", 2, TRADE_OPEN, 8, 3, 2) + bytes([1]) + struct.pack("<BI", 0, 5) + b"\0",
    )
    tell(0, CHANNEL_CHAT, struct.pack("<BBIB", 2, 3, 8, 3) + b"Bob" + b"psst")
    tell(0, CHANNEL_CHAT, bytes([99, 1, 2]))
    tell(0, CHANNEL_CHAT, bytes([2, 1]))
    journey.run(20)
    assert player.wall == "east"
    assert [(event.name, event.started, event.text) for event in player.events] == [("fair", True, "A fair!")]
    assert player.confirmed == {0: 250}
    assert player.confirmed_serial == 12
    trade = player.trade
    assert trade is not None
    assert (trade.partner, trade.version, trade.confirmed, trade.partner_confirmed) == (8, 3, False, True)
    assert (trade.mine, trade.theirs) == (((0, 5),), ())
    assert [(chat.name, chat.text, chat.whispered) for chat in player.chats] == [("Bob", "psst", True)]


def test_an_event_that_goes_on_is_told_after_each_welcome_but_is_news_once() -> None:
    journey = Journey()
    player = journey.player
    fair = struct.pack("<BBIB", CONTROL_EVENT, EVENT_STARTED, 9, 4) + b"fair"
    over = struct.pack("<BBIB", CONTROL_EVENT, EVENT_ENDED, 9, 4) + b"fair"
    journey.west.tell(0, CHANNEL_CONTROL, fair)
    journey.run(10)
    row = journey.offer()
    crossed(journey, row, 3)
    journey.east.tell(row, CHANNEL_CONTROL, fair)
    journey.until(lambda: player.zone == "east" and bool(player.running))
    assert [event.started for event in player.events] == [True]
    journey.east.tell(row, CHANNEL_CONTROL, over)
    journey.run(10)
    assert [event.started for event in player.events] == [True, False]
    assert player.running == {}


def test_what_a_player_says_and_trades_goes_out_as_the_document_says() -> None:
    journey = Journey()
    player = journey.player
    assert not player.confirm(), "there is no trade"
    journey.west.tell(0, CHANNEL_INVENTORY, struct.pack("<BBIHB", 2, TRADE_OPEN, 8, 513, 0) + b"\0\0")
    journey.run(10)
    player.say("hello", scope="world")
    player.whisper("Bob", "psst")
    player.ask_trade(8)
    player.offer((0, 5), (2, 1))
    player.confirm()
    player.cancel()
    player.give(8, 2, 3)
    with pytest.raises(KeyError):
        player.say("hello", scope="moon")
    journey.run(30)
    said = [message.data for message in journey.west.messages if message.channel == CHANNEL_CHAT]
    traded = [message.data for message in journey.west.messages if message.channel == CHANNEL_INVENTORY]
    assert said == [bytes([1, 2]) + b"hello", bytes([3, 3]) + b"Bobpsst"]
    assert traded == [
        struct.pack("<BI", 1, 8),
        bytes([2, 2]) + struct.pack("<BIBI", 0, 5, 2, 1),
        struct.pack("<BH", 3, 513),
        bytes([4]),
        struct.pack("<BIBI", 5, 8, 2, 3),
    ]


def test_names_and_places_of_others_are_not_mixed_between_zones() -> None:
    journey = Journey()
    player = journey.player
    player._sight._num_listed = 1
    player._sight._listed[0] = np.zeros((), player._sight._listed.dtype)
    row = journey.offer()
    crossed(journey, row, 3)
    journey.until(lambda: player.zone == "east")
    journey.run(6)
    assert player.entities() == []
