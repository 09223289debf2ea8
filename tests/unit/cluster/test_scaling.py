"""The scaling policy: one rule at a time."""

from __future__ import annotations

from myriad.cluster.requests import LeaseRow, ZoneKey
from myriad.cluster.scaling import (
    AddLayer,
    Decision,
    Hibernate,
    MergeLayer,
    ScalingLimits,
    ScalingPolicy,
    Start,
    choose_host,
)
from tests.unit.cluster.lease_rows import S, lease

A, B = ZoneKey("a"), ZoneKey("b")
LIMITS = ScalingLimits()


def policy(limits: ScalingLimits = LIMITS, always: tuple[ZoneKey, ...] = ()) -> ScalingPolicy:
    return ScalingPolicy(limits, always)


def run(
    made: ScalingPolicy, rows: list[LeaseRow], seconds: int, start_s: int = 1, wanted: tuple[ZoneKey, ...] = ()
) -> list[Decision]:
    """The decisions of so many seconds in which nothing else happens."""
    return [one for second in range(start_s, start_s + seconds) for one in made.decide(rows, wanted, second * S)]


def test_a_wanted_zone_starts_once_while_it_is_starting() -> None:
    made = policy()
    first, *more = run(made, [], 10, wanted=(A,))
    assert isinstance(first, Start) and first.key == A and "wants" in first.reason
    assert more == []
    assert run(made, [lease("a")], 5, 11, wanted=(A,)) == []


def test_a_zone_that_does_not_come_up_is_started_again_ever_later_and_then_left() -> None:
    made = policy()
    made.decide([], [A], S)
    times = [second for second in range(2, 1000) if made.decide([], [], second * S)]
    assert times == [16, 46, 106]
    assert made.num_starting == 0
    assert made.decide([], [A], 1001 * S) == [Start(A, "somebody wants to go there")]


def test_zones_where_players_start_always_run() -> None:
    made = policy(always=(A, B))
    assert [one.key for one in run(made, [], 3)] == [A, B]
    assert run(made, [lease("a"), lease("b")], 300, 4) == []


def test_a_zone_that_ended_without_being_told_to_starts_again() -> None:
    made = policy()
    run(made, [lease("a", connected=5), lease("a", 1, connected=5)], 3)
    decided = run(made, [], 3, 4)
    assert [(type(one), one.key) for one in decided] == [(Start, A), (AddLayer, ZoneKey("a", 1))]
    assert all("ended" in one.reason for one in decided)


def test_a_zone_that_was_drained_by_somebody_does_not_start_again() -> None:
    made = policy()
    run(made, [lease("a"), lease("b", state="draining")], 3)
    assert run(made, [lease("a")], 3, 4) == []


def test_an_empty_zone_sleeps_after_its_time_and_a_want_in_between_begins_it_anew() -> None:
    made = policy()
    rows = [lease("a", connected=1), lease("b")]
    assert run(made, rows, 50) == []
    made.decide(rows, [B], 51 * S)
    assert run(made, rows, 59, 52) == []
    (decision,) = run(made, rows, 50, 111)
    assert decision == Hibernate(B, "nobody has been there for 60 s")


def test_a_zone_with_players_never_sleeps_not_even_with_lingering_ones() -> None:
    assert run(policy(), [lease("a", connected=1), lease("b", players=1)], 600) == []


def test_the_last_zone_never_sleeps() -> None:
    made = policy()
    assert len(run(made, [lease("a"), lease("b")], 600)) == 9, "the same one, again each time it does not end"
    assert {one.key for one in run(made, [lease("a"), lease("b")], 600, 601)} == {A}
    assert run(policy(), [lease("a")], 600) == []


def test_nothing_sleeps_where_that_is_switched_off() -> None:
    assert run(policy(LIMITS._replace(hibernate_after_s=0)), [lease("a"), lease("b")], 600) == []


def test_a_layer_is_added_at_four_fifths_and_not_before() -> None:
    steady = [lease("a", connected=79, capacity=100)]
    made = policy()
    assert run(made, steady, 100) == []
    (decision,) = run(made, [lease("a", connected=80, capacity=100)], 3, 101)
    assert decision == AddLayer(ZoneKey("a", 1), "80 players are connected, of 100 at most")


def test_a_zone_that_fills_quickly_gets_a_layer_ahead_of_need() -> None:
    made = policy()
    decided = [made.decide([lease("a", connected=10 + 3 * s, capacity=100)], [], s * S) for s in range(1, 24)]
    (decision,) = [one for decisions in decided for one in decisions]
    assert isinstance(decision, AddLayer) and "soon" in decision.reason


def test_those_who_waited_for_a_zone_are_no_growth() -> None:
    made = policy()
    assert run(made, [lease("a", capacity=100)], 3) == []
    assert run(made, [lease("a", connected=70, capacity=100)], 60, 4) == []


def test_a_zone_that_slept_does_not_sleep_again_at_once() -> None:
    made = policy()
    rows = [lease("a", connected=1), lease("b")]
    assert len(run(made, rows, 61)) == 1
    run(made, rows[:1], 10, 62)
    assert run(made, rows, 59, 72) == []


def test_a_zone_that_stays_late_gets_a_layer_unless_the_machine_is_at_its_end() -> None:
    rows = [lease("a", connected=50, capacity=100, lateness_ms=50, cores=1.5)]
    (decision,) = run(policy(), rows, 12)
    assert isinstance(decision, AddLayer) and "late" in decision.reason
    assert run(policy(LIMITS._replace(cores=1.5)), rows, 60) == []
    assert run(policy(), [lease("a", connected=5, capacity=100, lateness_ms=50)], 60) == [], "a start is no overload"


def test_a_layer_is_merged_when_the_others_would_be_half_empty_for_a_while() -> None:
    made = policy()
    rows = [lease("a", connected=40, capacity=100), lease("a", 1, connected=10, capacity=100)]
    assert run(made, rows, 60) == []
    (decision,) = run(made, rows, 5, 61)
    assert decision == MergeLayer(ZoneKey("a", 1), "50 players are connected, and the other layers take 100")
    draining = [rows[0], lease("a", 1, connected=5, capacity=100, state="draining")]
    assert run(made, draining, 30, 66) == []
    assert run(made, [lease("a", connected=50, capacity=100)], 30, 96) == []


def test_the_layer_with_the_fewest_players_is_merged_but_never_the_first() -> None:
    rows = [lease("a", layer, connected=connected, capacity=100) for layer, connected in enumerate((0, 30, 10, 20))]
    (decision,) = run(policy(), rows, 62)
    assert isinstance(decision, MergeLayer) and decision.key == ZoneKey("a", 2)


def test_players_who_move_because_of_a_merge_are_no_growth() -> None:
    made = policy()
    rows = [lease("a", capacity=100), lease("a", 1, connected=49, capacity=100)]
    assert len(run(made, rows, 62)) == 1
    assert run(made, [lease("a", capacity=100), lease("a", 1, capacity=100, state="draining")], 2, 63) == []
    assert run(made, [lease("a", connected=49, capacity=100)], 60, 65) == []


def test_layers_are_not_merged_above_half_nor_soon_after_one_was_added() -> None:
    rows = [lease("a", connected=41, capacity=100), lease("a", 1, connected=10, capacity=100)]
    assert run(policy(), rows, 600) == []
    made = policy()
    (added,) = run(made, [lease("a", connected=85, capacity=100)], 3)
    assert isinstance(added, AddLayer)
    small = [lease("a", connected=10, capacity=100), lease("a", 1, capacity=100)]
    assert run(made, small, 110, 4) == []
    assert len(run(made, small, 20, 114)) == 1


def test_load_that_swings_around_a_threshold_changes_nothing_after_the_first_layer() -> None:
    made = policy()
    decided: list[Decision] = []
    layers = 1
    for second in range(1, 1200):
        connected = 78 + (second // 7 % 2) * 4
        rows = [lease("a", layer, connected=connected if layer == 0 else 0, capacity=100) for layer in range(layers)]
        new = made.decide(rows, [], second * S)
        layers += sum(isinstance(one, AddLayer) for one in new)
        decided += new
    assert [type(one) for one in decided] == [AddLayer]


def test_no_more_zones_run_and_start_than_hosts_take_nor_more_layers_than_allowed() -> None:
    made = policy(LIMITS._replace(max_hosts=2, zones_per_host=2))
    decided = run(made, [lease("a")], 1, wanted=tuple(ZoneKey(name) for name in "bcdefg"))
    assert [str(one.key) for one in decided] == ["b", "c", "d"]
    made = policy(LIMITS._replace(max_layers=2))
    full = [lease("a", layer, connected=10) for layer in range(2)]
    assert run(made, full, 30, wanted=(ZoneKey("a", 2),)) == []


def test_a_zone_starts_on_the_host_that_has_least_to_do_then_on_a_new_one() -> None:
    limits = ScalingLimits(zones_per_host=2, max_hosts=3)
    assert choose_host({"x": 1, "y": 1}, {"x": 0.5, "y": 0.2}, limits) == "y"
    assert choose_host({"x": 1, "y": 2}, {"x": 0.9, "y": 0.2}, limits) == "x"
    assert choose_host({"x": 2, "y": 2}, {}, limits) == ""
    assert choose_host({"x": 2, "y": 2, "z": 2}, {}, limits) is None
    assert choose_host({}, {}, limits) == ""
