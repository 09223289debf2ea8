"""The bus through the store: where reading begins, how far it goes at once, and how long posts live."""

from __future__ import annotations

from myriad.bus.store_bus import StoreBus
from myriad.cluster.requests import Answer, Done, Request
from tests.unit.bus.posts import MemoryPosts


def test_posts_of_kept_topics_live_for_a_month_and_others_for_a_minute() -> None:
    posts = MemoryPosts()
    bus = StoreBus(posts)
    bus.publish("event", b"feast")
    bus.publish("talk", b"hello")
    bus.poll()
    assert posts.lives_ms == [30 * 86_400_000, 60_000]


def test_a_reader_far_behind_catches_up_in_one_poll_and_asks_for_pages_of_bounded_size() -> None:
    posts = MemoryPosts()
    writer, reader = StoreBus(posts), StoreBus(posts)
    reader.poll()
    for number in range(3000):
        writer.publish("talk", b"%d" % number)
    writer.poll()
    posts.num_calls = 0
    assert [int(body) for _, body in reader.poll()] == list(range(3000))
    assert posts.num_calls == 3


def test_a_store_that_answers_nonsense_counts_as_one_that_is_down() -> None:
    class Nonsense:
        def execute(self, requests: list[Request], /) -> list[Answer]:
            return [Done() for _ in requests]

    bus = StoreBus(Nonsense())
    bus.publish("talk", b"hello")
    assert bus.poll() == []
    assert (bus.num_waiting, bus.numbers()["failures"], bus.up) == (1, 1, False)
