"""Who comes in by the gateway, who leaves, and how a zone begins and ends."""

from __future__ import annotations

from dataclasses import replace

from myriad.cluster.peer_link import NS_PER_MS
from myriad.cluster.requests import AWAY, PLAYING, Claim, Cut, Departure, FindArrivals, RenewLease
from tests.unit.cluster.town import NE, RECORD_BYTES, SE, SW, Town


def test_a_player_is_installed_when_the_store_has_given_its_character() -> None:
    town = Town(SW)
    ann = town.create("ann")
    assert not town.members[SW].player_joined(1, ann, 77, "ann", False, town.now_ns)
    assert town.folk[SW].here == {}
    town.run(20)
    assert town.folk[SW].players == {ann: 1}
    assert town.folk[SW].here[ann].session == 77
    assert town.row(ann).presence == PLAYING


def test_a_character_that_is_here_takes_its_player_without_a_claim() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    assert town.members[SW].player_joined(2, ann, 78, "ann", False, town.now_ns)
    town.run(20)
    assert town.folk[SW].diary == [f"install {ann}"]
    assert town.folk[SW].refused == {}


def test_a_character_that_plays_elsewhere_or_does_not_exist_is_refused() -> None:
    town = Town(SW, SE)
    ann = town.enter(SE, "ann")
    for connection, character in ((1, ann), (2, 999)):
        assert not town.members[SW].player_joined(connection, character, 77, "x", False, town.now_ns)
    town.run(20)
    assert town.folk[SW].refused == {1: "elsewhere", 2: "unknown"}
    assert town.folk[SW].here == {}
    assert town.row(ann).owner == SE


def test_one_claim_is_under_way_and_of_several_players_the_last_plays() -> None:
    town = Town(SW)
    ann = town.create("ann")
    town.hold = lambda request: isinstance(request, Claim)
    for connection, session in ((1, 77), (2, 78), (3, 79)):
        town.members[SW].player_joined(connection, ann, session, "ann", False, town.now_ns)
        town.run(20)
    assert town.folk[SW].refused == {1: "superseded", 2: "superseded"}
    town.answer_held()
    town.run(20)
    assert town.folk[SW].players == {ann: 3}
    assert town.row(ann).session == 79


def test_a_player_who_goes_before_the_answer_leaves_an_avatar_that_nobody_plays() -> None:
    town = Town(SW)
    ann = town.create("ann")
    town.hold = lambda request: isinstance(request, Claim)
    town.members[SW].player_joined(1, ann, 77, "ann", False, town.now_ns)
    town.run(20)
    town.members[SW].caller_left(1, ann, town.now_ns)
    town.answer_held()
    assert town.folk[SW].players == {ann: -1}


def test_who_leaves_for_good_is_away_once_it_is_written_and_only_then_claimed_anew() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    hop = town.row(ann).hop
    town.hold = lambda request: isinstance(request, Cut)
    town.members[SW].player_left(ann, True, town.now_ns)
    assert town.folk[SW].here == {}
    town.members[SW].player_joined(2, ann, 78, "ann", False, town.now_ns)
    town.run(50)
    assert town.folk[SW].here == {}
    assert (town.row(ann).presence, town.row(ann).hop) == (AWAY, hop + 1)
    town.answer_held()
    town.run(20)
    assert town.folk[SW].here[ann].hop == hop + 2
    assert town.folk[SW].players == {ann: 2}


def test_a_full_zone_refuses_the_player_keeps_the_character_and_takes_it_in_when_there_is_room() -> None:
    town = Town(SW)
    ann = town.create("ann")
    town.folk[SW].room = 0
    town.members[SW].player_joined(1, ann, 77, "ann", False, town.now_ns)
    town.run(1000)
    assert town.folk[SW].refused == {1: "full"}
    assert town.row(ann).presence == PLAYING
    town.folk[SW].room = 1
    town.run(600)
    assert town.folk[SW].players == {ann: -1}


def test_what_the_store_gave_us_unseen_is_found_within_10_s() -> None:
    town = Town(SW)
    ann = town.create("ann")
    town.ask(Claim(SW, town.members[SW].epoch, ann, 77))
    town.run(11_000)
    assert ann in town.folk[SW].here


def test_a_stale_search_brings_back_nobody_who_has_left() -> None:
    town = Town(SW)
    town.hold = lambda request: isinstance(request, FindArrivals)
    ann = town.create("ann")
    town.ask(Claim(SW, town.members[SW].epoch, ann, 77))
    town.run(10_500)  # the search has seen ann; its answer is late
    town.members[SW].player_joined(1, ann, 77, "ann", False, town.now_ns)
    town.run(20)
    town.members[SW].player_left(ann, True, town.now_ns)
    town.run(50)
    town.answer_held()
    town.run(50)
    assert town.folk[SW].here == {}
    assert town.row(ann).presence == AWAY


def test_a_zone_that_begins_anew_finds_its_residents_with_the_newer_record() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    town.folk[SW].here[ann] = replace(town.folk[SW].here[ann], record=b"newest!!", last_input=41)
    town.run(400)
    assert town.row(ann).record is None
    town.start(SW, town.kill(SW))
    assert town.folk[SW].here[ann].record == b"newest!!"
    assert town.folk[SW].here[ann].last_input == 41


def test_an_older_cut_does_not_replace_the_record_that_a_character_arrived_with() -> None:
    town = Town(SW, SE)
    ann = town.enter(SW, "ann")
    town.run(400)  # SW's newest cut has ann under this hop
    away = _departure(town, ann, b"crossing")
    member = town.members[SW]
    town.ask(Cut(SW, member.epoch, 999, 1, "8 bytes", b"", b"", departures=(away,)))
    back = replace(away, transfer=2, hop=away.hop + 1, target=SW, target_epoch=member.epoch, record=b"came back")
    town.ask(
        Cut(SE, town.members[SE].epoch, 999, 1, "8 bytes", b"", b"", departures=(replace(back, record=b"and back"),))
    )
    town.start(SW, town.kill(SW))
    assert town.folk[SW].here[ann].record == b"and back"


def _departure(town: Town, character: int, record: bytes) -> Departure:
    row = town.row(character)
    return Departure(1, character, row.hop, SE, town.members[SE].epoch, 0.0, 0.0, record, 0, 77)


def test_a_drained_zone_has_written_everybody_and_takes_nobody() -> None:
    town = Town(SW)
    people = [town.enter(SW, f"p{i}", connection=i) for i in range(3)]
    member = town.members[SW]
    member.drain(town.now_ns)
    assert not town.members[SW].drained
    assert not member.player_joined(9, town.create("late"), 77, "late", False, town.now_ns)
    assert town.folk[SW].refused == {9: "draining"}
    town.run(100)
    assert town.members[SW].drained
    assert town.folk[SW].here == {}
    for character in people:
        assert town.row(character).presence == AWAY
        assert town.row(character).record == bytes(RECORD_BYTES)


def test_a_draining_zone_writes_away_whoever_its_last_claim_brings() -> None:
    town = Town(SW)
    ann = town.create("ann")
    town.hold = lambda request: isinstance(request, Claim)
    town.members[SW].player_joined(1, ann, 77, "ann", False, town.now_ns)
    town.run(20)
    town.members[SW].drain(town.now_ns)
    town.run(50)
    assert not town.members[SW].drained
    town.answer_held()
    town.run(50)
    assert town.members[SW].drained
    assert town.row(ann).presence == AWAY


def test_without_the_store_a_zone_plays_until_its_deadline_and_confirms_nothing() -> None:
    town = Town(SW)
    town.enter(SW, "ann")
    town.run(400)
    confirmed = list(town.folk[SW].confirmed)
    town.down = True
    town.run(1000)
    assert town.members[SW].may_speak(town.now_ns)
    assert town.folk[SW].confirmed == confirmed
    cuts = town.folk[SW].num_cuts
    town.run(2000)
    assert not town.members[SW].may_speak(town.now_ns)
    assert town.folk[SW].num_cuts == cuts
    town.down = False
    town.run(600)
    assert town.members[SW].may_speak(town.now_ns)
    assert len(town.folk[SW].confirmed) > len(confirmed)


def test_a_silent_zone_asks_for_nothing_but_its_lease_and_sends_no_packet() -> None:
    town = Town(SW, SE)
    member = town.members[SW]
    late_ns = town.now_ns + 5000 * NS_PER_MS
    member.poll(late_ns)
    member.send_talk(SE, b"hello")
    member.tick_ended(late_ns)
    assert [type(request) for _, request in member.take_requests()] == [RenewLease]
    assert member.take_packets(late_ns) == []


def test_a_fenced_zone_is_silent_for_good() -> None:
    town = Town(SW)
    town.enter(SW, "ann")
    old = town.members[SW]
    town.start(SW, town.kill(SW))
    late_ns = town.now_ns + 500 * NS_PER_MS
    old.poll(late_ns)
    for number, request in old.take_requests():
        old.answer(number, town.ask(request), late_ns)
    assert old.fenced
    assert not old.may_speak(late_ns)
    old.urgent()
    old.poll(late_ns)
    old.tick_ended(late_ns)
    assert old.take_requests() == []
    assert old.take_packets(late_ns) == []


def test_an_empty_zone_writes_once_that_it_is_empty_and_then_nothing() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    town.members[SW].player_left(ann, True, town.now_ns)
    town.run(1000)
    cuts = town.folk[SW].num_cuts
    town.run(2000)
    assert town.folk[SW].num_cuts == cuts
    town.members[SW].urgent()
    town.run(20)
    assert town.folk[SW].num_cuts == cuts + 1


def test_effects_talk_and_border_blocks_reach_the_other_zone() -> None:
    town = Town(SW, SE, NE)
    member = town.members[SW]
    assert set(member.neighbours(town.now_ns)) == {"se", "ne"}
    assert member.send_effect(SE, b"boo") and member.send_talk(NE, b"hello") and member.send_border(SE, b"who")
    town.run(20)
    assert town.folk[SE].effects == [(SW, b"boo")]
    assert town.folk[NE].talk == [(SW, b"hello")]
    assert town.folk[SE].borders == [(SW, b"who")]


def test_border_blocks_are_wanted_as_long_as_somebody_says_so() -> None:
    town = Town(SW, SE)
    for _ in range(5):
        town.members[SE].want_border(SW, True, town.now_ns)
        town.run(500)
        assert town.members[SW].border_wanted_by(town.now_ns) == (SE,)
    town.members[SE].want_border(SW, False, town.now_ns)
    town.run(20)
    assert town.members[SW].border_wanted_by(town.now_ns) == ()
    town.members[SE].want_border(SW, True, town.now_ns)
    town.run(20)
    town.run(3100)
    assert town.members[SW].border_wanted_by(town.now_ns) == ()
