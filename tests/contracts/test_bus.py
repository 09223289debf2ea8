"""What zones may rely on, whichever bus they have: the store's or Redis's, with the real servers behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from myriad.bus import Bus, open_bus
from myriad.bus.redis_bus import RedisBus
from myriad.cluster.requests import Answer, Request
from myriad.storage.port import Store, StoreUnavailable
from tests.contracts.store_places import Place
from tests.services import RedisServer, redis_server
from tests.unit.bus.posts import MemoryPosts


class Carrier(Protocol):
    def open(self) -> Bus: ...

    def stop(self) -> None: ...

    def start(self) -> None: ...

    def lose_the_answer(self, bus: Bus) -> None:
        """Polls `bus` while the carrier takes what it is sent, but its answer does not arrive."""


class Line:
    """The way to a store, which may be cut before or after the store has done its work."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.down = False
        self.dies_after = False

    def execute(self, requests: list[Request], /) -> list[Answer]:
        if self.down:
            raise StoreUnavailable("cut before")
        answers = self._store.execute(requests)
        if self.dies_after:
            raise StoreUnavailable("cut after")
        return answers


class StoreCarrier:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._lines: list[Line] = []
        self._down = False

    def open(self) -> Bus:
        line = Line(self._place.open())
        line.down = self._down
        self._lines.append(line)
        return open_bus("", line)

    def stop(self) -> None:
        self._set_down(True)

    def start(self) -> None:
        self._set_down(False)

    def _set_down(self, down: bool) -> None:
        self._down = down
        for line in self._lines:
            line.down = down

    def lose_the_answer(self, bus: Bus) -> None:
        for line in self._lines:
            line.dies_after = True
        assert bus.poll() == []
        for line in self._lines:
            line.dies_after = False


class RedisCarrier:
    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def open(self) -> Bus:
        return open_bus(self._server.url, MemoryPosts())

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def lose_the_answer(self, bus: Bus) -> None:
        self._server.pause()
        assert bus.poll() == []
        self._server.resume()


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Carrier]:
    if request.param == "redis":
        with redis_server(durable=True) as server:
            yield RedisCarrier(server)
        return
    if request.param == "sqlite":
        place = Place("sqlite", str(tmp_path / "world.sqlite3"))
    else:
        place = Place("postgres", request.getfixturevalue("postgres").new_world())
    yield StoreCarrier(place)
    place.close()


def bodies(bus: Bus) -> list[bytes]:
    return [body for _, body in bus.poll()]


def test_every_reader_hears_every_message_once_in_order_its_own_included(carrier: Carrier) -> None:
    ends = [carrier.open() for _ in range(3)]
    heard: list[list[bytes]] = [bodies(end) for end in ends]
    for number in range(600):
        ends[0].publish("talk", b"%d" % number)
    for end, so_far in zip(ends, heard, strict=True):
        so_far += bodies(end) + bodies(end)
    assert heard == [[b"%d" % number for number in range(600)]] * 3


def test_topics_and_bodies_arrive_as_they_were_given(carrier: Carrier) -> None:
    bus = carrier.open()
    messages = [("talk", b""), ("event", bytes(range(256))), ("talk", bytes(4096)), ("tälk", b"\0\xff")]
    for topic, body in messages:
        assert bus.publish(topic, body)
    assert sorted(bus.poll()) == sorted(messages)


def test_a_new_reader_hears_kept_topics_from_the_beginning_and_nothing_else_of_the_past(carrier: Carrier) -> None:
    writer = carrier.open()
    for topic, body in (("event", b"one"), ("talk", b"old"), ("event", b"two")):
        writer.publish(topic, body)
    writer.poll()
    reader = carrier.open()
    assert reader.poll() == [("event", b"one"), ("event", b"two")]
    writer.publish("talk", b"new")
    writer.poll()
    assert reader.poll() == [("talk", b"new")]


def test_an_outage_raises_nothing_and_loses_and_doubles_nothing(carrier: Carrier) -> None:
    writer, reader = carrier.open(), carrier.open()
    for bus in (writer, reader):
        bus.poll()
    writer.publish("talk", b"before, unread")
    writer.poll()
    carrier.stop()
    for number in range(3):
        assert writer.publish("talk", b"during %d" % number)
        assert writer.poll() == [] and reader.poll() == []
    assert (writer.num_waiting, writer.up, reader.up) == (3, False, False)
    carrier.start()
    assert bodies(writer) == [b"during 0", b"during 1", b"during 2"]
    assert bodies(reader) == [b"before, unread", b"during 0", b"during 1", b"during 2"]
    assert (writer.num_waiting, writer.up, reader.up) == (0, True, True)
    assert bodies(writer) + bodies(reader) == []


def test_a_bus_may_be_opened_while_its_carrier_is_down(carrier: Carrier) -> None:
    carrier.stop()
    bus = carrier.open()
    bus.publish("talk", b"early")
    assert bus.poll() == []
    carrier.start()
    assert bodies(bus) == [b"early"]


def test_a_message_whose_answer_was_lost_is_sent_again_and_heard_once(carrier: Carrier) -> None:
    writer, reader = carrier.open(), carrier.open()
    for bus in (writer, reader):
        bus.poll()
    writer.publish("talk", b"once")
    carrier.lose_the_answer(writer)
    writer.publish("talk", b"then")
    assert bodies(writer) == [b"once", b"then"]
    assert bodies(reader) == [b"once", b"then"]


def test_close_sends_what_waits_and_a_closed_end_disturbs_no_other(carrier: Carrier) -> None:
    writer, reader = carrier.open(), carrier.open()
    for bus in (writer, reader):
        bus.poll()
    writer.publish("talk", b"last words")
    writer.close()
    assert bodies(reader) == [b"last words"]


def test_closing_while_the_carrier_is_down_raises_nothing(carrier: Carrier) -> None:
    bus = carrier.open()
    bus.poll()
    carrier.stop()
    bus.publish("talk", b"in vain")
    bus.close()
    assert bus.num_waiting == 1


def test_a_redis_that_forgot_everything_is_told_the_kept_messages_again_and_nobody_hears_them_twice() -> None:
    with redis_server() as server:
        ends = [RedisBus(server.url) for _ in range(2)]
        ends[0].publish("event", b"feast")
        assert [bodies(end) for end in ends] == [[b"feast"], [b"feast"]]
        server.stop()
        assert [bodies(end) for end in ends] == [[], []]
        server.start()
        assert [bodies(end) for end in ends] == [[], []]
        assert RedisBus(server.url).poll() == [("event", b"feast")]
        ends[1].publish("talk", b"on we go")
        assert [bodies(end) for end in (ends[1], ends[0])] == [[b"on we go"], [b"on we go"]]
