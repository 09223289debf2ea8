"""`myriad event` beside a world that is running, over each bus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from myriad.bus import Bus, open_bus
from myriad.cli import main
from myriad.cluster.events import TOPIC, Events, GlobalEvent, encode_event
from myriad.core.errors import EXIT_CANNOT_START
from myriad.storage.port import open_store
from myriad.wire.layouts import EVENT_STARTED
from tests.services import redis_server


class World:
    """A host's bus, and what its players are told."""

    def __init__(self, bus: Bus, flags: list[str]) -> None:
        self.bus = bus
        self.flags = flags
        self.events = Events()
        self.told: list[bytes] = []
        self.listen()

    def listen(self) -> list[GlobalEvent]:
        for topic, body in self.bus.poll():
            assert topic == TOPIC
            self.told += self.events.hear(body, time.time_ns() // 1_000_000)
        return list(self.events.running)

    def command(self, *arguments: str) -> int:
        return main.run(["event", *arguments, *self.flags])


@pytest.fixture(params=["store", "redis"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        if request.param == "redis":
            url = stack.enter_context(redis_server()).url
            bus, flags = open_bus(url, None), ["--bus", url]
        else:
            store = open_store(tmp_path, wall_ms=lambda: time.time_ns() // 1_000_000, random_bytes=bytes)
            stack.callback(store.close)
            bus, flags = open_bus("", store), ["--data", str(tmp_path)]
        stack.callback(bus.close)
        yield World(bus, flags)


def test_an_event_is_started_listed_and_ended(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.command("list") == 0
    assert capsys.readouterr().out == "no event runs\n"
    assert world.command("start", "feast", "--text", "Eat and drink") == 0
    (event,) = world.listen()
    assert (event.name, event.text, event.ends_ms) == ("feast", "Eat and drink", 0)
    assert world.command("start", "raid", "--minutes", "90") == 0
    capsys.readouterr()
    assert world.command("list") == 0
    assert capsys.readouterr().out == "feast (no end set): Eat and drink\nraid (ends in 90.0 min)\n"
    assert world.command("end", "feast") == 0
    assert [event.name for event in world.listen()] == ["raid"]
    assert [message[1] for message in world.told] == [1, 1, 2]


def test_an_event_ends_by_itself_after_its_minutes(world: World) -> None:
    before_ms = time.time_ns() // 1_000_000
    world.command("start", "raid", "--minutes", "2")
    (event,) = world.listen()
    assert before_ms + 120_000 <= event.ends_ms <= time.time_ns() // 1_000_000 + 120_000


def test_a_world_that_starts_later_knows_what_runs(world: World) -> None:
    world.command("start", "feast")
    world.command("start", "raid")
    world.command("end", "feast")
    world.listen()
    assert [event.name for event in world.events.running] == ["raid"]


def test_all_of_one_name_end_together(world: World) -> None:
    for number in (1, 2):
        world.bus.publish(TOPIC, encode_event(EVENT_STARTED, GlobalEvent(number, "feast", "")))
    assert len(world.listen()) == 2
    assert world.command("end", "feast") == 0
    assert world.listen() == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["end", "raid"], "no event called raid runs"),
        (["start", "feast"], "an event called feast runs already"),
        (["start", "x" * 65], "the name of an event is 1 to 64 bytes of printable text"),
        (["start"], "usage: myriad event start NAME, myriad event end NAME, myriad event list"),
        (["list", "feast"], "usage: myriad event start NAME, myriad event end NAME, myriad event list"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    world: World, arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.command("start", "feast")
    before = world.listen()
    capsys.readouterr()
    assert world.command(*arguments) == EXIT_CANNOT_START
    assert capsys.readouterr() == ("", f"myriad: {line}\n")
    assert world.listen() == before


def test_a_bus_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["event", "list", "--bus", f"unix://{tmp_path}/none.sock"]) == EXIT_CANNOT_START
    assert capsys.readouterr().err.startswith("myriad: the bus cannot be reached: ")
    assert main.run(["event", "list", "--data", str(tmp_path / "none")]) == EXIT_CANNOT_START
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "none").exists()
