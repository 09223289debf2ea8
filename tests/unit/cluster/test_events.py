"""Global events begin once, end once, greet those who come late, and come back after a restart."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myriad.cluster.events import MAX_RUNNING, Events, GlobalEvent, decode_event, encode_event
from myriad.wire.layouts import CONTROL_EVENT, EVENT_ENDED, EVENT_STARTED

FEAST = GlobalEvent(7, "feast", "Eat and drink")
RAID = GlobalEvent(8, "raid", "", ends_ms=5000)

STARTED = {event.number: encode_event(EVENT_STARTED, event) for event in (FEAST, RAID)}
ENDED = {event.number: encode_event(EVENT_ENDED, event) for event in (FEAST, RAID)}


def control(phase: int, event: GlobalEvent) -> bytes:
    """By the document: u8 6, u8 phase, u32 event, u8 length, name, text."""
    head = bytes([CONTROL_EVENT, phase]) + struct.pack("<I", event.number)
    return head + bytes([len(event.name)]) + event.name.encode() + event.text.encode()


def test_an_event_is_announced_once_when_it_begins_and_once_when_it_ends() -> None:
    events = Events()
    assert [events.hear(STARTED[7], 0) for _ in range(2)] == [[control(EVENT_STARTED, FEAST)], []]
    assert list(events.running) == [FEAST]
    assert [events.hear(ENDED[7], 0) for _ in range(2)] == [[control(EVENT_ENDED, FEAST)], []]
    assert list(events.running) == []


def test_an_event_that_has_ended_does_not_begin_again() -> None:
    events = Events()
    events.hear(ENDED[7], 0)
    assert events.hear(STARTED[7], 0) == []
    assert events.running == ()


def test_who_comes_late_is_told_what_runs_and_nothing_else() -> None:
    events = Events()
    for body in (STARTED[7], STARTED[8], ENDED[7]):
        events.hear(body, 0)
    assert events.greetings() == [control(EVENT_STARTED, RAID)]


def test_an_event_with_a_duration_ends_by_itself_and_is_announced_then() -> None:
    events = Events()
    events.hear(STARTED[8], 0)
    events.hear(STARTED[7], 0)
    assert events.expire(4999) == []
    assert events.expire(5000) == [control(EVENT_ENDED, RAID)]
    assert events.running == (FEAST,) and events.expire(10**15) == []
    assert events.hear(ENDED[8], 6000) == []


def test_an_event_whose_time_was_over_before_it_was_heard_never_begins() -> None:
    events = Events()
    assert events.hear(STARTED[8], 5000) == []
    assert events.running == ()


def test_a_listener_that_starts_anew_knows_what_runs_from_all_the_bus_has_kept_or_from_another() -> None:
    kept = [STARTED[7], STARTED[8], ENDED[8]]
    first, second, third = Events(), Events(), Events()
    for body in kept:
        first.hear(body, 0)
    for body in kept:
        second.hear(body, 9000)
    for body in first.bodies():
        third.hear(body, 9000)
    assert first.running == second.running == third.running == (FEAST,)


def test_more_events_than_a_client_can_be_told_of_are_refused_and_counted() -> None:
    events = Events()
    for number in range(MAX_RUNNING + 1):
        events.hear(encode_event(EVENT_STARTED, GlobalEvent(number, "one", "")), 0)
    assert (len(events.running), events.num_refused) == (MAX_RUNNING, 1)


@pytest.mark.parametrize(
    "event",
    [
        GlobalEvent(1, "", "text"),
        GlobalEvent(1, "n" * 65, "text"),
        GlobalEvent(1, "a\nb", "text"),
        GlobalEvent(1, "name", "t" * 501),
        GlobalEvent(1, "name", "a\0b"),
    ],
)
def test_an_event_that_cannot_be_shown_is_refused_with_a_sentence(event: GlobalEvent) -> None:
    with pytest.raises(ValueError, match="an event is"):
        encode_event(EVENT_STARTED, event)


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda rest: STARTED[7][:5] + rest))
def test_bad_bytes_are_counted_and_change_nothing(body: bytes) -> None:
    events = Events()
    if decode_event(body) is None:
        assert events.hear(body, 0) == []
        assert (events.num_malformed, events.running) == (1, ())


@given(
    st.integers(0, 2**32 - 1),
    st.text("abcäß ", min_size=1, max_size=20),
    st.text("xyz€ !", max_size=90),
    st.integers(0, 2**63),
    st.sampled_from([EVENT_STARTED, EVENT_ENDED]),
)
def test_an_event_comes_over_the_bus_as_it_was(number: int, name: str, text: str, ends_ms: int, phase: int) -> None:
    event = GlobalEvent(number, name, text, ends_ms)
    assert decode_event(encode_event(phase, event)) == (phase, event)
