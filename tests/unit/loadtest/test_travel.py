"""The swarm's players between scripted zones: they go over with every input, are measured, and come back when lost."""

from __future__ import annotations

import struct
import time

from myriad.client.session import GRACE_NS, SILENCE_NS
from myriad.loadtest.journeys import HANDOFF, RETURN, begin_travels
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.wire.layouts import CHANNEL_CONTROL, CONTROL_EVENT, EVENT_STARTED
from tests.unit.client.scripted_zone import Avatar
from tests.unit.loadtest.journey_bench import Bench


def in_place(bench: Bench, player: int = 0) -> Avatar:
    """The player plays in west."""
    before = len(bench.west.zone.joined)
    bench.begin(player)
    bench.until(lambda: len(bench.west.zone.joined) > before)
    avatar = Avatar(500)
    bench.west.zone.welcome(bench.west.zone.joined[-1], avatar, entity=7 + player)
    bench.until(lambda: bench.crew.in_place[player] or avatar.last_input > 510)
    bench.pass_time(0.4)
    return avatar


def offered(bench: Bench, row: int = 0) -> int:
    """West offers the way east: the row on which the player waits there."""
    before = len(bench.east.zone.joined)
    bench.west.zone.offer(row, "east", bench.east.zone.token())
    bench.until(lambda: len(bench.east.zone.joined) > before)
    return bench.east.zone.joined[-1]


def test_a_player_goes_over_and_no_input_is_lost_or_doubled() -> None:
    with Bench(1) as bench:
        avatar = in_place(bench)
        begin_travels(bench.swarm.travels)
        row = offered(bench)
        assert int(bench.swarm.plan["row"][0]) == 0
        began_s = time.monotonic()
        bench.west.zone.depart(0)
        bench.pass_time(0.08)
        bench.east.zone.welcome(row, avatar)
        bench.until(lambda: int(bench.swarm.travels.num_gaps[HANDOFF - 1]) == 1)
        waited_s = time.monotonic() - began_s
        assert int(bench.swarm.plan["row"][0]) != 0
        bench.pass_time(0.5)
        assert bench.travel.zone_of == ["east"]
        players = bench.swarm.travels.players
        assert (int(players["handoffs"][0]), int(players["returns"][0])) == (1, 0)
        assert (int(players["inputs_lost"][0]), int(players["inputs_doubled"][0])) == (0, 0)
        gap_s = int(bench.swarm.travels.gaps[HANDOFF - 1, 0]) / 1e9
        assert 0.08 <= gap_s <= waited_s + 0.2
        numbers = bench.diary.numbers
        assert numbers == list(range(501, 501 + len(numbers)))
        assert {zone for zone, _, _ in bench.diary.applied} == {"west", "east"}


def test_what_the_former_zone_confirms_beyond_the_welcome_is_counted_as_doubled() -> None:
    with Bench(1) as bench:
        avatar = in_place(bench)
        begin_travels(bench.swarm.travels)
        row = offered(bench)
        behind = Avatar(avatar.last_input)
        behind.own[:] = avatar.own
        bench.east.zone.welcome(row, behind)  # and west goes on playing it
        bench.until(lambda: bench.travel.zone_of == ["east"])
        bench.until(lambda: int(bench.swarm.travels.players["inputs_doubled"][0]) > 0)


def test_a_next_zone_that_does_not_go_on_from_what_was_confirmed_has_lost_inputs() -> None:
    with Bench(1) as bench:
        avatar = in_place(bench)
        begin_travels(bench.swarm.travels)
        row = offered(bench)
        bench.west.zone.depart(0)
        bench.east.zone.welcome(row, Avatar(avatar.last_input - 20))
        bench.until(lambda: bench.travel.zone_of == ["east"])
        assert int(bench.swarm.travels.players["inputs_lost"][0]) >= 20


def test_an_offer_taken_back_closes_the_port_and_another_zone_s_stays() -> None:
    with Bench(1) as bench:
        in_place(bench)
        offered(bench)
        assert len(bench.sockets.ports) == 2
        bench.west.zone.offer(0, "north", bench.west.zone.token())
        bench.until(lambda: len(bench.sockets.ports) == 3)
        bench.west.zone.offer(0, "east", b"")
        bench.until(lambda: len(bench.sockets.ports) == 2)
        bench.pass_time(0.2)
        assert len(bench.sockets.ports) == 2


def test_silence_is_a_loss_and_a_token_brings_the_player_back_where_it_was() -> None:
    with Bench(2) as bench:
        avatar = in_place(bench)
        begin_travels(bench.swarm.travels)
        assert bench.losses.find(time.monotonic_ns()) == []
        bench.west.silent = True
        bench.until(lambda: bench.losses.find(time.monotonic_ns()) == [0])
        assert int(bench.losses.since_ns[0]) > 0
        bench.travel.come_back(0, bench.east.zone.token())
        assert bench.losses.find(time.monotonic_ns()) == [], "it waits now"
        bench.until(lambda: len(bench.east.zone.joined) == 1)
        bench.west.zone.depart(0)
        bench.east.zone.welcome(0, avatar)
        bench.until(lambda: int(bench.swarm.travels.num_gaps[RETURN - 1]) == 1)
        assert int(bench.swarm.travels.gaps[RETURN - 1, 0]) >= SILENCE_NS
        assert bench.losses.find(time.monotonic_ns()) == []
        assert bench.travel.num_failed == 0
        assert int(bench.swarm.travels.players["returns"][0]) == 1
        numbers = bench.diary.numbers
        assert numbers == list(range(501, 501 + len(numbers)))


def test_one_that_waits_elsewhere_has_half_a_second_more_and_then_the_handoff_has_failed() -> None:
    with Bench(1) as bench:
        in_place(bench)
        offered(bench)
        bench.west.silent = True
        bench.until(lambda: bench.losses.find(time.monotonic_ns()) == [] and int(bench.losses.since_ns[0]) > 0)
        since_ns = int(bench.losses.since_ns[0])
        bench.until(lambda: bench.losses.find(time.monotonic_ns()) == [0])
        assert time.monotonic_ns() >= since_ns + GRACE_NS
        bench.travel.come_back(0, bench.east.zone.token())
        assert bench.travel.num_failed == 1


def test_events_are_counted_once_and_told_to_the_player_concerned() -> None:
    with Bench(1) as bench:
        in_place(bench)
        event = struct.pack("<BBIB", CONTROL_EVENT, EVENT_STARTED, 9, 4) + b"fair" + b"x" * 600
        bench.west.zone.tell(0, CHANNEL_CONTROL, event)
        bench.west.zone.tell(0, CHANNEL_CONTROL, event)
        bench.until(lambda: bench.travel.events_seen == [{9}])
        assert bench.crew.num_connected == 1
        assert int(bench.swarm.clients.net.clients["state"][0]) == CLIENT_CONNECTED
