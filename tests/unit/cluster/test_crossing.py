"""Characters on their way from zone to zone."""

from __future__ import annotations

from dataclasses import replace

from myriad.cluster.requests import AWAY, Cut, ReleaseLease, ZoneKey
from tests.unit.cluster.town import NE, NW, SE, SW, Town

NEAR = (85.0, 50.0)
BEYOND = (102.5, 50.0)
FAR = (65.0, 50.0)


def ready_to_cross() -> tuple[Town, int]:
    """A character of SW near SE, its player connected there as well (connection 9)."""
    town = Town(SW, SE)
    ann = town.enter(SW, "ann")
    town.run(100, at={SW: {ann: NEAR}})
    assert not town.members[SE].player_joined(9, ann, 77, "ann", True, town.now_ns)
    town.run(20, at={SW: {ann: NEAR}})
    return town, ann


def test_within_20_m_of_a_border_the_player_is_offered_a_passage() -> None:
    town = Town(SW, SE)
    ann = town.enter(SW, "ann")
    town.run(100, at={SW: {ann: (79.0, 50.0)}})
    assert town.folk[SW].offers == {}
    town.run(50, at={SW: {ann: (81.0, 50.0)}})
    assert town.folk[SW].offers[ann]["se"] == town.folk[SE].make_token(ann, "ann", 77)
    assert town.members[SE].numbers(town.now_ns).reservations == 1


def test_at_30_m_the_passage_is_withdrawn_and_whoever_waits_for_it_is_sent_away() -> None:
    town, ann = ready_to_cross()
    town.run(50, at={SW: {ann: (75.0, 50.0)}})
    assert "se" in town.folk[SW].offers[ann]
    town.run(50, at={SW: {ann: FAR}})
    assert town.folk[SW].offers[ann] == {}
    assert town.folk[SE].refused == {9: "withdrawn"}
    assert town.members[SE].numbers(town.now_ns).reservations == 0


def test_who_is_not_reported_any_more_is_withdrawn() -> None:
    town, ann = ready_to_cross()
    town.run(2200)
    assert town.folk[SW].offers[ann] == {}
    assert town.members[SE].numbers(town.now_ns).reservations == 0


def test_2_m_beyond_the_border_it_goes_over_with_its_waiting_player() -> None:
    town, ann = ready_to_cross()
    before = town.row(ann)
    town.run(50, at={SW: {ann: (101.9, 50.0)}})
    assert ann in town.folk[SW].here
    town.run(50, at={SW: {ann: BEYOND}})
    assert town.folk[SW].here == {}
    assert town.folk[SE].players == {ann: 9}
    row = town.row(ann)
    assert (row.owner, row.hop) == (SE, before.hop + 1)
    assert town.folk[SE].here[ann].hop == row.hop
    assert town.folk[SE].here[ann].name == "ann"
    assert town.members[SW].numbers(town.now_ns).handoffs_done == 1
    assert len(town.members[SW].take_gaps()) == 1


def test_a_character_is_frozen_only_once_its_cut_can_be_taken() -> None:
    town, ann = ready_to_cross()
    town.hold = lambda request: isinstance(request, Cut)
    town.members[SW].urgent()
    town.run(50, at={SW: {ann: NEAR}})
    town.run(50, at={SW: {ann: BEYOND}})
    assert town.folk[SW].frozen == set()
    town.answer_held()
    town.run(20, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SE].here


def test_while_the_outcome_is_unknown_it_stays_frozen_and_the_same_cut_is_asked_for_again() -> None:
    town, ann = ready_to_cross()
    town.members[SW].player_at(ann, *BEYOND, town.now_ns)
    town.members[SW].tick_ended(town.now_ns)
    [(number, cut)] = town.members[SW].take_requests()
    assert isinstance(cut, Cut)
    town.ask(cut)  # it takes place, but nobody hears of it
    town.members[SW].answer(number, None, town.now_ns)
    town.run(100)
    assert town.folk[SW].frozen == {ann}
    town.run(200)
    assert ann not in town.folk[SW].here
    assert town.folk[SE].players[ann] == 9
    assert town.row(ann).hop == town.folk[SE].here[ann].hop


def test_a_target_that_began_anew_meanwhile_gets_nobody_and_the_character_goes_on_here() -> None:
    town, ann = ready_to_cross()
    town.members[SW].player_at(ann, *BEYOND, town.now_ns)
    town.members[SW].tick_ended(town.now_ns)
    town.start(SE, town.kill(SE))
    town.run(50)
    assert town.folk[SW].diary[-1] == f"thaw {ann}"
    assert town.row(ann).owner == SW
    assert town.folk[SE].here == {}
    assert town.members[SW].numbers(town.now_ns).handoffs_failed == 1


def test_a_target_whose_lease_was_given_back_gets_nobody() -> None:
    town, ann = ready_to_cross()
    town.ask(ReleaseLease(SE, town.members[SE].epoch))
    town.run(50, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SW].here
    assert town.row(ann).owner == SW


def test_a_player_who_does_not_connect_over_there_goes_over_after_3_s() -> None:
    town = Town(SW, SE)
    ann = town.enter(SW, "ann")
    town.run(2900, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SW].here
    town.run(300, at={SW: {ann: BEYOND}})
    assert town.folk[SE].players == {ann: -1}


def test_a_neighbour_that_is_not_there_is_a_wall_and_the_player_is_told_now_and_then() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    town.run(500, at={SW: {ann: NEAR}})
    assert town.folk[SW].walls == []
    town.run(2900, at={SW: {ann: (100.5, 50.0)}})
    assert town.folk[SW].walls == [(ann, "se")]
    town.run(200, at={SW: {ann: (100.5, 50.0)}})
    assert town.folk[SW].walls == [(ann, "se")] * 2
    assert ann in town.folk[SW].here


def test_beyond_the_world_there_is_no_wall_to_tell_of() -> None:
    town = Town(SW)
    ann = town.enter(SW, "ann")
    town.run(100, at={SW: {ann: (-3.0, 50.0)}})
    assert town.folk[SW].walls == []


def test_a_neighbour_that_falls_silent_takes_its_offer_with_it() -> None:
    town, ann = ready_to_cross()
    town.silent.add(SE)
    town.run(1700, at={SW: {ann: NEAR}})
    assert town.folk[SW].offers[ann] == {}
    town.run(100, at={SW: {ann: BEYOND}})
    assert town.folk[SW].walls == [(ann, "se")]
    town.silent.clear()
    town.run(1000, at={SW: {ann: NEAR}})
    assert "se" in town.folk[SW].offers[ann]


def test_a_full_neighbour_refuses_and_is_a_wall() -> None:
    town = Town(SW, SE, max_residents=2)
    for i in range(2):
        town.enter(SE, f"b{i}", connection=20 + i)
    ann = town.enter(SW, "ann")
    town.run(500, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SW].here
    assert town.folk[SW].walls == [(ann, "se")]


def test_a_draining_neighbour_refuses_and_withdraws_what_it_granted() -> None:
    town, ann = ready_to_cross()
    town.members[SE].drain(town.now_ns)
    town.run(50, at={SW: {ann: NEAR}})
    assert town.folk[SW].offers[ann] == {}
    assert town.folk[SE].refused == {9: "draining"}
    town.run(1500, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SW].here
    assert town.members[SE].drained


def test_there_and_back_needs_4_m_so_nobody_bounces() -> None:
    town, ann = ready_to_cross()
    town.run(50, at={SW: {ann: BEYOND}})
    assert town.row(ann).owner == SE
    for x in (99.0, 101.0, 98.5, 102.0):
        town.run(300, at={SE: {ann: (x, 50.0)}, SW: {ann: (x, 50.0)}})
    assert town.row(ann).owner == SE
    assert town.members[SE].numbers(town.now_ns).handoffs_done == 0


def test_at_a_corner_three_neighbours_are_asked_and_the_one_stood_in_is_gone_to() -> None:
    town = Town(SW, SE, NW, NE)
    ann = town.enter(SW, "ann")
    town.run(100, at={SW: {ann: (95.0, 95.0)}})
    assert set(town.folk[SW].offers[ann]) == {"se", "nw", "ne"}
    for connection, key in enumerate((SE, NW, NE), 30):
        town.members[key].player_joined(connection, ann, 77, "ann", True, town.now_ns)
    town.run(50, at={SW: {ann: (102.5, 101.0)}})
    assert town.folk[NE].players == {ann: 32}
    assert town.folk[SE].refused == {30: "withdrawn"}
    assert town.folk[NW].refused == {31: "withdrawn"}
    assert all(town.members[key].numbers(town.now_ns).reservations == 0 for key in (SE, NW, NE))


def test_what_a_dead_source_handed_over_is_found_in_the_store() -> None:
    town, ann = ready_to_cross()
    town.members[SW].player_at(ann, *BEYOND, town.now_ns)
    town.members[SW].tick_ended(town.now_ns)
    [(_, cut)] = town.members[SW].take_requests()
    town.ask(cut)
    town.kill(SW)
    town.run(4000)
    assert town.folk[SE].players == {ann: 9}


def test_a_reservation_of_a_source_that_stays_silent_ends() -> None:
    town, _ = ready_to_cross()
    town.kill(SW)
    town.run(17_000)
    assert town.members[SE].numbers(town.now_ns).reservations == 0
    assert town.folk[SE].refused == {9: "withdrawn"}


def test_a_source_that_begins_anew_frees_what_it_had_reserved() -> None:
    town, _ = ready_to_cross()
    town.start(SW, town.kill(SW))
    town.run(2500)
    assert town.members[SE].numbers(town.now_ns).reservations == 0
    assert town.folk[SE].refused == {9: "withdrawn"}


def test_an_activation_that_comes_after_the_player_claimed_changes_nothing() -> None:
    town, ann = ready_to_cross()
    town.members[SW].player_at(ann, *BEYOND, town.now_ns)
    town.members[SW].tick_ended(town.now_ns)
    [(number, cut)] = town.members[SW].take_requests()
    answer = town.ask(cut)
    assert not town.members[SE].player_joined(40, ann, 78, "ann", False, town.now_ns)
    town.run(50)
    assert town.folk[SE].players == {ann: 40}
    assert town.folk[SE].refused == {9: "superseded"}
    town.members[SW].answer(number, answer, town.now_ns)
    town.run(50)
    assert town.folk[SE].diary == [f"install {ann}"]
    assert town.folk[SW].here == {}


def test_a_passage_of_another_session_than_the_one_that_plays_is_refused() -> None:
    town, ann = ready_to_cross()
    assert town.members[SW].player_joined(5, ann, 78, "ann", False, town.now_ns)
    town.folk[SW].here[ann] = replace(town.folk[SW].here[ann], session=78)
    town.run(50, at={SW: {ann: BEYOND}})
    assert town.folk[SE].players == {ann: -1}
    assert town.folk[SE].refused == {9: "superseded"}


def test_a_hundred_cross_in_one_cut_and_all_arrive_within_half_a_second() -> None:
    town = Town(SW, SE, max_residents=300)
    crowd = {town.enter(SW, f"p{i}", connection=100 + i): i for i in range(100)}
    town.run(300, at={SW: dict.fromkeys(crowd, NEAR)})
    for character, i in crowd.items():
        assert "se" in town.folk[SW].offers[character]
        town.members[SE].player_joined(500 + i, character, 77, f"p{i}", True, town.now_ns)
    town.run(100, at={SW: dict.fromkeys(crowd, NEAR)})
    town.run(500, at={SW: dict.fromkeys(crowd, BEYOND)})
    assert town.folk[SW].here == {}
    assert town.folk[SE].players == {character: 500 + i for character, i in crowd.items()}
    assert len(town.members[SW].take_gaps()) == 100


def test_a_layer_hands_over_to_the_first_layer_where_it_has_no_own_and_takes_nobody_twice() -> None:
    layer = ZoneKey("sw", 1)
    town = Town(SW, layer, SE)
    ann = town.enter(layer, "ann")
    town.run(100, at={layer: {ann: NEAR}})
    town.members[SE].player_joined(9, ann, 77, "ann", True, town.now_ns)
    town.run(50, at={layer: {ann: BEYOND}})
    assert town.folk[SE].players == {ann: 9}
    assert town.folk[layer].here == {}
    assert town.members[SW].numbers(town.now_ns).residents == 0
    town.run(100, at={SE: {ann: (97.0, 50.0)}})
    town.members[SW].player_joined(9, ann, 77, "ann", True, town.now_ns)
    town.run(100, at={SE: {ann: (97.0, 50.0)}})
    assert town.row(ann).owner == SW


def test_a_player_who_comes_while_its_avatar_is_frozen_is_refused_and_tries_again() -> None:
    town, ann = ready_to_cross()
    town.hold = lambda request: isinstance(request, Cut)
    town.run(20, at={SW: {ann: BEYOND}})
    assert town.folk[SW].frozen == {ann}
    assert not town.members[SW].player_joined(60, ann, 90, "ann", False, town.now_ns)
    assert town.folk[SW].refused == {60: "crossing"}
    town.answer_held()
    town.run(20)
    assert town.folk[SE].players == {ann: 9}


def test_who_leaves_for_good_while_it_is_frozen_leaves_here_only_if_it_stays() -> None:
    town, ann = ready_to_cross()
    town.members[SW].player_at(ann, *BEYOND, town.now_ns)
    town.members[SW].tick_ended(town.now_ns)
    town.members[SW].player_left(ann, True, town.now_ns)
    assert town.folk[SW].frozen == {ann}
    town.start(SE, town.kill(SE))
    town.run(100)
    assert town.folk[SW].diary[-2:] == [f"thaw {ann}", f"take out {ann}"]
    assert town.row(ann).presence == AWAY
