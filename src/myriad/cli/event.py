"""`myriad event`: global events of a running world, over its bus."""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from myriad.cli.flags import with_settings
from myriad.core.errors import MyriadError, StartupError
from myriad.core.settings import Settings, table

if TYPE_CHECKING:
    from myriad.bus import Bus
    from myriad.cluster.events import Events, GlobalEvent

_OTHERS: Final = tuple(row.name for row in table(Settings) if row.name not in ("data", "store", "bus"))
_MAX_MINUTES: Final = 30 * 24 * 60


class Action(enum.StrEnum):
    """What to do."""

    START = "start"
    END = "end"
    LIST = "list"


@with_settings(Settings, without=_OTHERS)
def run(
    settings: Settings,
    action: Annotated[Action, typer.Argument(help="Start one, end those of a name, or list those that run.")],
    name: Annotated[str, typer.Argument(help="What it is called, for start and end.")] = "",
    text: Annotated[str, typer.Option(help="What players are told about it.")] = "",
    minutes: Annotated[
        float | None, typer.Option(help="It ends by itself after so long.", min=0.01, max=_MAX_MINUTES)
    ] = None,
) -> int:
    """Start and end events in a running world: announced to every player, and to those who come in later."""
    if (action is Action.LIST) == bool(name):
        raise StartupError("usage: myriad event start NAME, myriad event end NAME, myriad event list")
    with _open_bus(settings) as bus:
        events = _running(bus)
        match action:
            case Action.START:
                print(_start(bus, events, name, text, minutes))
            case Action.END:
                print(_end(bus, events, name))
            case Action.LIST:
                print("\n".join(map(_line, events.running)) or "no event runs")
    return 0


@contextmanager
def _open_bus(settings: Settings) -> Iterator[Bus]:
    """The world's bus; the store is opened only if that is what carries it."""
    import os

    from myriad.bus import open_bus
    from myriad.storage.port import open_store

    store = None
    if not settings.bus:
        where = settings.store or settings.data
        store = open_store(where, wall_ms=_now_ms, random_bytes=os.urandom, create=False)
    bus = open_bus(settings.bus, store)
    try:
        yield bus
    finally:
        bus.close()
        if store is not None:
            store.close()


def _running(bus: Bus) -> Events:
    """What runs, from all that the bus has kept."""
    from myriad.cluster.events import TOPIC, Events

    events = Events()
    while messages := _poll(bus):
        for topic, body in messages:
            if topic == TOPIC:
                events.hear(body, _now_ms())
    events.expire(_now_ms())
    return events


def _start(bus: Bus, events: Events, name: str, text: str, minutes: float | None) -> str:
    import secrets

    from myriad.cluster.events import GlobalEvent
    from myriad.wire.layouts import EVENT_STARTED

    if any(event.name == name for event in events.running):
        raise StartupError(f"an event called {name} runs already")
    ends_ms = 0 if minutes is None else _now_ms() + round(minutes * 60_000)
    event = GlobalEvent(secrets.randbits(32), name, text, ends_ms)
    _publish(bus, EVENT_STARTED, event)
    return f"started {_line(event)}"


def _end(bus: Bus, events: Events, name: str) -> str:
    from myriad.wire.layouts import EVENT_ENDED

    found = [event for event in events.running if event.name == name]
    if not found:
        raise StartupError(f"no event called {name} runs")
    for event in found:
        _publish(bus, EVENT_ENDED, event)
    return f"ended {name}"


def _publish(bus: Bus, phase: int, event: GlobalEvent) -> None:
    from myriad.cluster.events import TOPIC, encode_event

    try:
        body = encode_event(phase, event)
    except ValueError as error:
        raise StartupError(str(error)) from None
    bus.publish(TOPIC, body)
    _poll(bus)


def _poll(bus: Bus) -> list[tuple[str, bytes]]:
    messages = bus.poll()
    if not bus.up:
        raise MyriadError(f"the bus cannot be reached: {bus.last_failure}")
    return messages


def _line(event: GlobalEvent) -> str:
    left_s = max(0, event.ends_ms - _now_ms()) / 1000
    end = f"ends in {left_s / 60:.1f} min" if event.ends_ms else "no end set"
    return f"{event.name} ({end}){': ' if event.text else ''}{event.text}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
