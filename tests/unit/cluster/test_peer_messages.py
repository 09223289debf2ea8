from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from myriad.cluster.peer_messages import (
    Activate,
    Activated,
    Denied,
    Effect,
    Granted,
    Message,
    Ready,
    Reserve,
    Talk,
    WantBorder,
    Withdraw,
    decode,
    encode,
)

numbers = some.integers(0, 2**32 - 1)
long_numbers = some.integers(0, 2**64 - 1)
names = some.text(max_size=20)
places = some.floats(allow_nan=False)
bodies = some.binary(max_size=200)
messages: some.SearchStrategy[Message] = some.one_of(
    some.builds(Reserve, numbers, long_numbers, names),
    some.builds(Granted, numbers, bodies),
    some.builds(Denied, numbers, names),
    some.builds(Ready, numbers),
    some.builds(Withdraw, numbers),
    some.builds(
        Activate,
        long_numbers,
        numbers,
        numbers,
        numbers,
        long_numbers,
        long_numbers,
        places,
        places,
        names,
        names,
        bodies,
    ),
    some.builds(Activated, long_numbers, numbers),
    some.builds(Effect, bodies),
    some.builds(Talk, bodies),
    some.builds(WantBorder, some.booleans()),
)


@given(messages)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@given(some.binary(max_size=120))
def test_any_bytes_are_a_message_or_none(raw: bytes) -> None:
    message = decode(raw)
    if message is not None and not isinstance(message, Activate):  # whose numbers may be NaN
        assert encode(message) == raw


@given(messages, some.data())
def test_a_message_cut_short_is_never_taken_for_another_kind(message: Message, data: some.DataObject) -> None:
    raw = encode(message)
    short = decode(raw[: data.draw(some.integers(0, len(raw) - 1))])
    assert short is None or type(short) is type(message)
