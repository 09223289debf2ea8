"""The load balancer: room, layers, promises, the queue and its fairness."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from myriad.cluster.login_queue import FORGET_S, PROMISE_S
from myriad.cluster.placement import (
    MAX_LAYERS,
    LoadBalancer,
    Place,
    QueueFull,
    Waiting,
    choose_layer,
    missing_layer,
    room_in,
)
from myriad.cluster.requests import LeaseRow, ZoneKey
from tests.unit.cluster.lease_rows import S, lease, view


def balancer(*rows: LeaseRow, max_online: int = 1000, max_waiting: int = 100) -> LoadBalancer:
    made = LoadBalancer(max_online=max_online, max_waiting=max_waiting)
    made.observe(view(rows), 0)
    return made


def placed(made: LoadBalancer, character: int, zone: str = "a", now_ns: int = 0) -> ZoneKey | None:
    answer = made.place(character, zone, now_ns)
    return answer.row.key if isinstance(answer, Place) else None


def waiting(made: LoadBalancer, character: int, zone: str = "a", now_ns: int = 0) -> Waiting:
    answer = made.place(character, zone, now_ns)
    assert isinstance(answer, Waiting), answer
    return answer


def test_room_is_capacity_without_those_connected_and_those_on_their_way() -> None:
    assert room_in(lease("a", connected=3), 2) == 5
    assert room_in(lease("a", connected=12), 0) == 0
    assert room_in(lease("a", state="draining"), 0) == 0


def test_the_lowest_layer_with_room_is_chosen() -> None:
    layers = [lease("a", 0, connected=10), lease("a", 1, connected=9), lease("a", 2)]
    assert choose_layer(layers, lambda key: 0) == layers[1]
    assert choose_layer(layers, lambda key: 1) == layers[2]
    assert choose_layer(layers, lambda key: 99) is None


def test_the_layer_that_is_missing_is_the_lowest_that_does_not_run() -> None:
    assert missing_layer("a", []) == ZoneKey("a", 0)
    assert missing_layer("a", [lease("a", 0), lease("a", 2)]) == ZoneKey("a", 1)
    assert missing_layer("a", [lease("a", layer) for layer in range(MAX_LAYERS)]) is None
    assert missing_layer("a", [lease("a", 0, state="draining")]) == ZoneKey("a", 0)


def test_a_zone_with_room_takes_players_up_to_its_capacity_and_no_more() -> None:
    made = balancer(lease("a", connected=7))
    assert [placed(made, character) for character in range(1, 5)] == [ZoneKey("a")] * 3 + [None]


def test_who_asks_again_does_not_take_a_second_place() -> None:
    made = balancer(lease("a", connected=8))
    for _ in range(5):
        assert placed(made, 1) == ZoneKey("a")
    assert placed(made, 2) == ZoneKey("a")
    assert placed(made, 3) is None
    assert placed(made, 1) == ZoneKey("a"), "its place is still kept for it"


def test_a_promise_ends_when_its_player_arrives_or_after_some_seconds() -> None:
    made = balancer(lease("a", connected=8))
    assert placed(made, 1) and placed(made, 2)
    made.observe(view([lease("a", connected=9)], S), S)
    assert len(made.promises) == 1 and made.promises.find(1) is None
    assert placed(made, 3, now_ns=S) is None
    made.observe(view([lease("a", connected=9)], 6 * S), round(PROMISE_S * S))
    assert len(made.promises) == 0


def test_a_restarted_zone_counts_from_nothing() -> None:
    made = balancer(lease("a", connected=8))
    assert placed(made, 1) and placed(made, 2)
    made.observe(view([lease("a", connected=1, epoch=2)], S), S)
    assert len(made.promises) == 1


def test_a_full_zone_sends_players_to_another_layer_and_wants_one_if_none_runs() -> None:
    made = balancer(lease("a", connected=10), lease("a", 1))
    assert placed(made, 1) == ZoneKey("a", 1)
    made = balancer(lease("a", connected=10))
    told = waiting(made, 1)
    assert told.wanted == ZoneKey("a", 1) and told.position == 1 and told.why == "the zone is full"


def test_a_zone_that_does_not_run_is_wanted_and_soon_asked_for_again() -> None:
    told = waiting(balancer(), 1)
    assert told.wanted == ZoneKey("a", 0) and told.why == "the zone is starting" and told.retry_s < 1


def test_a_draining_layer_takes_nobody() -> None:
    made = balancer(lease("a", state="draining"))
    assert waiting(made, 1).wanted == ZoneKey("a", 0)
    assert made.place_of(ZoneKey("a"), 0) is None


def test_above_max_online_players_wait_although_zones_have_room() -> None:
    made = balancer(lease("a", connected=4), lease("b"), max_online=6)
    assert placed(made, 1) and placed(made, 2, "b")
    told = waiting(made, 3)
    assert told.wanted is None and told.why == "the world is full" and told.position == 1
    assert waiting(made, 4, "b").position == 2, "whoever waits for the world waits in one line"


def test_who_returns_into_its_avatar_never_waits() -> None:
    made = balancer(lease("a", connected=12), max_online=1)
    waiting(made, 1)
    place = made.place_of(ZoneKey("a"), 0)
    assert place is not None and place.row.key == ZoneKey("a")
    assert made.place_of(ZoneKey("b"), 0) is None


def test_those_who_wait_are_called_in_the_order_in_which_they_came() -> None:
    made = balancer(lease("a", connected=10))
    for character in (5, 3, 9, 1):
        waiting(made, character)
    made.observe(view([lease("a", connected=8)], S), S)
    assert placed(made, 9, now_ns=S) is None and placed(made, 1, now_ns=S) is None
    assert placed(made, 3, now_ns=S) and placed(made, 5, now_ns=S)
    assert waiting(made, 9, now_ns=S).position == 1 and waiting(made, 1, now_ns=S).position == 2


def test_nobody_who_comes_overtakes_those_who_wait() -> None:
    made = balancer(lease("a", connected=10))
    waiting(made, 1)
    waiting(made, 2)
    made.observe(view([lease("a", connected=9)], S), S)
    assert placed(made, 3, now_ns=S) is None, "the one place is kept for who waits longest"
    assert placed(made, 1, now_ns=S)
    made.observe(view([lease("a", connected=9)], S), 2 * S)
    assert placed(made, 3, now_ns=2 * S) is None


def test_a_full_zone_keeps_nobody_from_another() -> None:
    made = balancer(lease("a", connected=10), lease("b"))
    waiting(made, 1)
    assert placed(made, 2, "b") == ZoneKey("b")


def test_an_entry_whose_client_stops_asking_is_forgotten_with_the_place_that_was_kept() -> None:
    made = balancer(lease("a", connected=10))
    waiting(made, 1)
    waiting(made, 2)
    made.observe(view([lease("a", connected=9)], S), S)
    gone = round((FORGET_S - 1) * S)
    waiting(made, 2, now_ns=gone)
    later = round(FORGET_S * S)
    made.observe(view([lease("a", connected=9)], later), later)
    assert made.queue.find(1) is None
    assert placed(made, 2, now_ns=later)
    assert len(made.queue) == 0 and made.queue.reserved.total() == 0


def test_the_queue_is_bounded_and_a_refusal_changes_nothing() -> None:
    made = balancer(max_waiting=2)
    waiting(made, 1)
    waiting(made, 2)
    assert isinstance(made.place(3, "a", 0), QueueFull)
    assert len(made.queue) == 2 and made.queue.find(3) is None
    assert waiting(made, 1).position == 1


def test_an_estimate_follows_the_pace_of_the_last_minute() -> None:
    made = balancer(lease("a", connected=10, capacity=10))
    for character in range(1, 9):
        assert waiting(made, character).estimate_s is None
    made.observe(view([lease("a", connected=8)], S), S)
    assert waiting(made, 8, now_ns=S).position == 6
    assert waiting(made, 8, now_ns=S).estimate_s == 180.0, "two a minute"


def test_a_layer_that_dies_after_the_call_gives_the_place_in_the_queue_back() -> None:
    made = balancer(lease("a", connected=10))
    waiting(made, 1)
    waiting(made, 2)
    made.observe(view([lease("a", connected=9)], S), S)
    made.observe(view([], 2 * S), 2 * S)
    assert waiting(made, 1, now_ns=2 * S).wanted == ZoneKey("a")
    made.observe(view([lease("a", connected=9, epoch=2)], 3 * S), 3 * S)
    assert placed(made, 2, now_ns=3 * S) is None
    assert placed(made, 1, now_ns=3 * S)


def test_who_wants_to_go_elsewhere_waits_there_anew() -> None:
    made = balancer()
    waiting(made, 1)
    waiting(made, 2, "b")
    assert waiting(made, 1, "b").position == 2
    assert len(made.queue) == 2


@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from("ab"), st.booleans()), max_size=120), st.integers(1, 12))
def test_no_zone_and_not_the_world_ever_gets_more_than_it_holds(
    steps: list[tuple[int, str, bool]], max_online: int
) -> None:
    """Players come, ask, arrive; zones of four places each. Whoever was promised a place arrives at the next look."""
    made = LoadBalancer(max_online=max_online, max_waiting=4)
    inside: dict[int, ZoneKey] = {}
    now_ns = 0

    def look() -> None:
        rows = [
            lease(zone, layer, capacity=4, connected=list(inside.values()).count(ZoneKey(zone, layer)))
            for zone, layer in (("a", 0), ("a", 1), ("b", 0))
        ]
        made.observe(view(rows, now_ns), now_ns)

    look()
    for character, zone, leaves in steps:
        now_ns += S // 4
        if character in inside:
            if leaves:
                del inside[character]
                look()
            continue
        key = placed(made, character, zone, now_ns)
        if key is not None:
            inside[character] = key
        if leaves:
            look()
        assert len(made.queue) <= 4
        assert len(inside) <= max_online
        assert all(list(inside.values()).count(key) <= 4 for key in inside.values())
