from __future__ import annotations

from myriad.cluster.links import MAX_STRANGERS, Links
from myriad.cluster.peer_link import NS_PER_MS, PeerLink, Side
from myriad.cluster.peer_messages import Talk, encode
from myriad.cluster.requests import Directory, HostId, LeaseRow, ZoneKey, ZoneLoad
from myriad.core.errors import (
    DROP_PEER_DECRYPT,
    DROP_PEER_MALFORMED,
    DROP_PEER_OVERFLOW,
    DROP_PEER_UNKNOWN,
    DROP_REASONS,
)
from tests.unit.cluster.town import MAP, SE, SW

SECRET = bytes(32)
LAYER = ZoneKey("sw", 1)
NOW_NS = 10**9


def lease(key: ZoneKey, epoch: int = 5, state: str = "running") -> LeaseRow:
    load = ZoneLoad(state=state)
    return LeaseRow(key, epoch, HostId("h", "", 1), f"{key}:{epoch}", b"", 1, 10**6, 10, load)


def links(key: ZoneKey = SW) -> tuple[Links, list[int]]:
    drops = [0] * len(DROP_REASONS)
    made = Links(key, MAP, SECRET, drops)
    made.start(3)
    return made, drops


def packet(source: Side, target: Side, body: bytes = b"hello") -> bytes:
    link = PeerLink(source, target, SECRET)
    link.send(encode(Talk(body)))
    return link.packets(NOW_NS)[0]


OWN = Side(1, 0, 3)


def preferred(made: Links, *rows: LeaseRow) -> set[str]:
    """Where greetings go."""
    made.set_directory(Directory(rows, 0), NOW_NS)
    return {endpoint for endpoint, _ in made.take_packets(NOW_NS)}


def test_a_layer_prefers_the_same_layer_of_a_neighbour_and_else_the_first() -> None:
    made, _ = links(LAYER)
    assert preferred(made, lease(SE)) == {"se:5"}
    made, _ = links(LAYER)
    assert preferred(made, lease(SE), lease(ZoneKey("se", 1)), lease(ZoneKey("se", 2))) == {"se/1:5"}
    made, _ = links(SW)
    assert preferred(made, lease(SE), lease(ZoneKey("se", 1))) == {"se:5"}


def test_a_layer_that_ends_is_not_preferred() -> None:
    made, _ = links(LAYER)
    assert preferred(made, lease(SE), lease(ZoneKey("se", 1), state="draining")) == {"se:5"}


def test_a_new_epoch_is_learnt_from_its_first_good_packet_and_the_old_one_is_not_heard_any_more() -> None:
    made, drops = links()
    made.set_directory(Directory((lease(SE),), 0), NOW_NS)
    old = packet(Side(2, 0, 5), OWN)
    assert made.receive(packet(Side(2, 0, 6), OWN), "new", NOW_NS) == SE
    assert made.take_messages(SE) == [Talk(b"hello")]
    assert made.epoch_of(SE) == 6
    assert made.take_restarted() == [SE]
    assert made.receive(old, "old", NOW_NS) is None
    assert drops[DROP_PEER_UNKNOWN] == 1
    assert made.send(SE, Talk(b"back"))
    assert [endpoint for endpoint, _ in made.take_packets(NOW_NS)] == ["new"]


def test_a_new_epoch_in_the_directory_begins_the_link_anew() -> None:
    made, _ = links()
    made.set_directory(Directory((lease(SE),), 0), NOW_NS)
    made.receive(packet(Side(2, 0, 5), OWN), "se:5", NOW_NS)
    assert made.is_heard(SE, NOW_NS)
    made.set_directory(Directory((lease(SE, 6),), 0), NOW_NS)
    assert made.take_restarted() == [SE]
    assert not made.is_heard(SE, NOW_NS)


def test_a_forged_packet_of_a_new_epoch_changes_nothing() -> None:
    made, drops = links()
    made.set_directory(Directory((lease(SE),), 0), NOW_NS)
    forged = packet(Side(2, 0, 6), OWN)[:-1] + b"\0"
    assert made.receive(forged, "thief", NOW_NS) is None
    assert drops[DROP_PEER_DECRYPT] == 1
    assert made.epoch_of(SE) == 5
    assert made.take_restarted() == []


def test_few_packets_of_unknown_epochs_are_tried_between_two_readings_of_the_directory() -> None:
    made, drops = links()
    forged = packet(Side(2, 0, 6), OWN)[:-1] + b"\0"
    for _ in range(MAX_STRANGERS + 10):
        made.receive(forged, "thief", NOW_NS)
    assert drops[DROP_PEER_DECRYPT] == MAX_STRANGERS
    assert drops[DROP_PEER_OVERFLOW] == 10
    made.set_directory(Directory((), 0), NOW_NS)
    assert made.receive(packet(Side(2, 0, 6), OWN), "se", NOW_NS) == SE


def test_packets_for_another_epoch_from_nowhere_or_without_form_are_dropped() -> None:
    made, drops = links()
    assert made.receive(packet(Side(2, 0, 5), OWN._replace(epoch=2)), "se", NOW_NS) is None
    assert made.receive(packet(Side(77, 0, 5), OWN), "nowhere", NOW_NS) is None
    assert made.receive(packet(OWN._replace(epoch=9), OWN), "myself", NOW_NS) is None
    assert drops[DROP_PEER_UNKNOWN] == 2
    assert made.receive(b"\xff", "se", NOW_NS) is None
    assert drops[DROP_PEER_MALFORMED] == 1
    assert made.neighbours(NOW_NS) == {}
    assert made.take_packets(NOW_NS) == []


def test_a_zone_that_is_no_neighbour_can_be_talked_to_and_one_that_nobody_runs_cannot() -> None:
    made, _ = links()
    away = ZoneKey("ne", 7)
    made.set_directory(Directory((lease(away),), 0), NOW_NS)
    assert not made.send(SE, Talk(b"hello"))
    assert made.send(away, Talk(b"hello"))
    assert [endpoint for endpoint, _ in made.take_packets(NOW_NS)] == ["ne/7:5"]


def test_whoever_was_not_heard_for_1_5_s_is_not_there() -> None:
    made, _ = links()
    made.set_directory(Directory((lease(SE),), 0), NOW_NS)
    made.receive(packet(Side(2, 0, 5), OWN), "se:5", NOW_NS)
    assert made.neighbour("se", NOW_NS + 1499 * NS_PER_MS) == SE
    assert made.neighbour("se", NOW_NS + 1500 * NS_PER_MS) is None
