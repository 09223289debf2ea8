"""Global events: what goes on in the whole world for a while, announced to every player.

Responsible for: which events run, what players are told when one begins, ends or when they come in late, and the bytes
on the bus.
Not here: what an event does to the game; the bus, which keeps this topic, so that whoever starts anew hears it from the
beginning.

On the bus: `u8 phase (1 started, 2 ended) · u32 event · u64 when it ends (Unix ms, 0: open) · u8 length, name · text`.

Invariants: an event begins once and ends once for a listener, whatever comes how often; once ended it stays so. Bad
bytes are counted and change nothing. Memory is bounded.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from typing import Final, NamedTuple

from myriad.wire.layouts import CONTROL_EVENT, EVENT_ENDED, EVENT_STARTED

TOPIC: Final = "event"
"""Of events on the bus."""
MAX_RUNNING: Final = 64
MAX_NAME_BYTES: Final = 64
MAX_TEXT_BYTES: Final = 500
_MAX_ENDED: Final = 4096

_HEAD: Final = struct.Struct("<BIQ")


class GlobalEvent(NamedTuple):
    """`number` is random, so that two of one name are two events; `ends_ms` is Unix time in ms, 0 for an open end."""

    number: int
    name: str
    text: str
    ends_ms: int = 0


def encode_event(phase: int, event: GlobalEvent) -> bytes:
    """What to publish under TOPIC: `event` has EVENT_STARTED or EVENT_ENDED.

    Raises ValueError with a sentence if name or text is empty, too long or cannot be printed.
    """
    name, text = event.name.encode(), event.text.encode()
    if not 0 < len(name) <= MAX_NAME_BYTES or not event.name.isprintable():
        raise ValueError(f"the name of an event is 1 to {MAX_NAME_BYTES} bytes of printable text")
    if len(text) > MAX_TEXT_BYTES or not event.text.isprintable():
        raise ValueError(f"the text of an event is at most {MAX_TEXT_BYTES} bytes of printable text")
    return _HEAD.pack(phase, event.number, event.ends_ms) + bytes([len(name)]) + name + text


def decode_event(body: bytes) -> tuple[int, GlobalEvent] | None:
    """Phase and event, or None if `body` is not what `encode_event` makes."""
    try:
        phase, number, ends_ms = _HEAD.unpack_from(body)
        at = _HEAD.size + 1
        end = at + body[at - 1]
        event = GlobalEvent(number, body[at:end].decode(), body[end:].decode(), ends_ms)
        return (phase, event) if phase in (EVENT_STARTED, EVENT_ENDED) and encode_event(phase, event) == body else None
    except (struct.error, IndexError, ValueError):
        return None


class Events:
    """The events of a world, as one listener of the bus knows them. Times are Unix time in ms."""

    def __init__(self) -> None:
        self.num_malformed = 0
        self.num_refused = 0
        """Events that were one too many."""
        self._running: dict[int, GlobalEvent] = {}
        self._ended: OrderedDict[int, None] = OrderedDict()

    @property
    def running(self) -> tuple[GlobalEvent, ...]:
        """Those that go on, oldest first."""
        return tuple(self._running.values())

    def hear(self, body: bytes, now_ms: int) -> list[bytes]:
        """Something from the bus; returns control messages for all players."""
        heard = decode_event(body)
        if heard is None:
            self.num_malformed += 1
            return []
        phase, event = heard
        if phase == EVENT_ENDED:
            return self._end(event.number)
        return self._start(event, now_ms)

    def expire(self, now_ms: int) -> list[bytes]:
        """Ends the events whose time is over; returns control messages for all players. Call it every second or so."""
        over = [event.number for event in self._running.values() if _is_over(event, now_ms)]
        return [message for number in over for message in self._end(number)]

    def greetings(self) -> list[bytes]:
        """Control messages for a player who has just come in."""
        return [_control(EVENT_STARTED, event) for event in self._running.values()]

    def bodies(self) -> list[bytes]:
        """What another listener has to hear to know what this one knows, as from the bus."""
        return [encode_event(EVENT_STARTED, event) for event in self._running.values()]

    def _start(self, event: GlobalEvent, now_ms: int) -> list[bytes]:
        if event.number in self._running or event.number in self._ended or _is_over(event, now_ms):
            return []
        if len(self._running) >= MAX_RUNNING:
            self.num_refused += 1
            return []
        self._running[event.number] = event
        return [_control(EVENT_STARTED, event)]

    def _end(self, number: int) -> list[bytes]:
        self._ended[number] = None
        if len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)
        event = self._running.pop(number, None)
        return [] if event is None else [_control(EVENT_ENDED, event)]


def _is_over(event: GlobalEvent, now_ms: int) -> bool:
    return 0 < event.ends_ms <= now_ms


def _control(phase: int, event: GlobalEvent) -> bytes:
    name = event.name.encode()
    return struct.pack("<BBIB", CONTROL_EVENT, phase, event.number, len(name)) + name + event.text.encode()
