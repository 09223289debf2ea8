"""What every bus does whatever carries it: bounds, stamps, calm."""

from __future__ import annotations

import pytest

from myriad.bus import open_bus
from myriad.bus.port import MAX_BODY_BYTES, MAX_WAITING
from myriad.bus.store_bus import StoreBus
from myriad.cluster.requests import Post, PostRow
from myriad.core.errors import StartupError
from tests.unit.bus.posts import MemoryPosts


def test_a_full_queue_refuses_what_comes_last_and_delivers_all_it_took_in_order() -> None:
    posts = MemoryPosts()
    bus = StoreBus(posts)
    posts.down = True
    taken = [bus.publish("talk", b"%d" % number) for number in range(MAX_WAITING + 10)]
    assert taken == [True] * MAX_WAITING + [False] * 10
    assert bus.poll() == []
    posts.down = False
    assert [int(body) for _, body in bus.poll()] == list(range(MAX_WAITING))
    assert (bus.num_waiting, bus.numbers()["refused"]) == (0, 10)


@pytest.mark.parametrize(
    ("topic", "body"),
    [("talk", bytes(MAX_BODY_BYTES + 1)), ("", b"x"), ("t" * 65, b"x")],
    ids=["body", "none", "topic"],
)
def test_a_message_beyond_the_limits_is_refused_and_does_not_stand_in_the_way(topic: str, body: bytes) -> None:
    posts = MemoryPosts()
    bus = StoreBus(posts)
    assert not bus.publish(topic, body)
    assert (bus.num_waiting, posts.rows) == (0, [])
    bus.publish("talk", b"next")
    assert bus.poll() == [("talk", b"next")]


def test_a_message_without_a_stamp_is_counted_and_heard_by_nobody() -> None:
    posts = MemoryPosts()
    bus = StoreBus(posts)
    bus.poll()
    posts.execute([Post("talk", b"short")])
    assert bus.poll() == []
    assert bus.numbers()["malformed"] == 1


def test_a_message_that_a_carrier_has_twice_is_heard_once() -> None:
    posts = MemoryPosts()
    bus = StoreBus(posts)
    bus.publish("talk", b"hello")
    assert bus.poll() == [("talk", b"hello")]
    posts.rows.append(PostRow(2, "talk", posts.rows[0].body))
    assert bus.poll() == []
    assert bus.numbers()["repeated"] == 1


def test_a_message_that_a_carrier_took_only_at_the_second_attempt_is_not_lost_behind_a_later_one() -> None:
    posts = MemoryPosts()
    writer, reader = StoreBus(posts), StoreBus(posts)
    for body in (b"one", b"two"):
        writer.publish("talk", body)
    writer.poll()
    first, second = (row.body for row in posts.rows)
    posts.rows = []
    reader.poll()
    for body in (second, first, second):
        posts.execute([Post("talk", body)])
    assert reader.poll() == [("talk", b"two"), ("talk", b"one")]


def test_no_url_is_the_store_and_an_unknown_one_is_one_clear_line() -> None:
    assert isinstance(open_bus("", MemoryPosts()), StoreBus)
    with pytest.raises(StartupError, match="begins with neither redis://"):
        open_bus("http://127.0.0.1", MemoryPosts())
