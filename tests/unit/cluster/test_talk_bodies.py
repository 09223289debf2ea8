"""Talk as bytes: there and back, and nothing but None for what is not well formed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myriad.cluster.requests import ZoneKey
from myriad.cluster.talk_bodies import (
    Nearby,
    Outcome,
    Said,
    Spoken,
    Whisper,
    decode_peer_talk,
    decode_said,
    decode_spoken,
    encode_heard,
    encode_peer_talk,
    encode_said,
)
from myriad.wire.layouts import CHAT_HEARD, CHAT_NEARBY, CHAT_SAY, CHAT_TELL, CHAT_WHISPER, CHAT_WORLD, CHAT_ZONE

printable = st.characters(categories=("L", "N", "P", "S"), include_characters=" ")
names = st.text(printable, max_size=6)
keys = st.builds(ZoneKey, names, st.integers(0, 255))
said = st.builds(
    Said,
    keys,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    names,
    st.text(printable, min_size=1, max_size=50),
)
places = st.floats(allow_nan=False, allow_infinity=False)
peer_talk = (
    st.builds(Nearby, places, places, said)
    | st.builds(Whisper, st.integers(0, 255), names, said)
    | st.builds(Outcome, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.booleans())
)


@given(said)
def test_what_is_said_comes_over_the_bus_as_it_was(one: Said) -> None:
    assert decode_said(encode_said(one)) == one


@given(peer_talk)
def test_what_goes_to_another_zone_arrives_as_it_was(talk: Nearby | Whisper | Outcome) -> None:
    assert decode_peer_talk(encode_peer_talk(talk)) == talk


@given(st.binary(max_size=80))
def test_arbitrary_bytes_raise_nothing(body: bytes) -> None:
    for decode in (decode_said, decode_peer_talk, decode_spoken):
        decode(body)
    for kind in range(4):
        decode_peer_talk(bytes([kind]) + body)


@given(peer_talk, st.data())
def test_a_message_cut_short_is_never_taken_for_a_longer_one(
    talk: Nearby | Whisper | Outcome, data: st.DataObject
) -> None:
    body = encode_peer_talk(talk)
    shorter = decode_peer_talk(body[: data.draw(st.integers(0, len(body) - 1))])
    assert shorter != talk


@pytest.mark.parametrize(
    ("body", "spoken"),
    [
        (bytes([CHAT_SAY, CHAT_ZONE]) + b"hi", Spoken(CHAT_ZONE, "", "hi")),
        (bytes([CHAT_SAY, CHAT_NEARBY]) + b"hi", Spoken(CHAT_NEARBY, "", "hi")),
        (bytes([CHAT_SAY, CHAT_WORLD]) + "grüß".encode(), Spoken(CHAT_WORLD, "", "grüß")),
        (bytes([CHAT_TELL, 3]) + b"Adahello", Spoken(CHAT_WHISPER, "Ada", "hello")),
        (bytes([CHAT_SAY, CHAT_ZONE]) + b"x" * 200, Spoken(CHAT_ZONE, "", "x" * 200)),
    ],
)
def test_players_may_say_it(body: bytes, spoken: Spoken) -> None:
    assert decode_spoken(body) == spoken


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes([CHAT_SAY]),
        bytes([CHAT_SAY, CHAT_ZONE]),
        bytes([CHAT_SAY, CHAT_WHISPER]) + b"hi",
        bytes([CHAT_HEARD, CHAT_ZONE]) + b"hi",
        bytes([CHAT_SAY, CHAT_ZONE]) + b"x" * 201,
        bytes([CHAT_SAY, CHAT_ZONE]) + b"\xff",
        bytes([CHAT_SAY, CHAT_ZONE]) + b"a\nb",
        bytes([CHAT_TELL, 0]) + b"hello",
        bytes([CHAT_TELL, 3]) + b"Ad",
        bytes([CHAT_TELL, 3]) + b"Ada",
        bytes([CHAT_TELL, 25]) + b"A" * 25 + b"hello",
        bytes([CHAT_TELL, 1]) + b"\xffhello",
    ],
)
def test_players_may_not_say_it(body: bytes) -> None:
    assert decode_spoken(body) is None


def test_a_place_that_is_no_number_is_refused() -> None:
    body = encode_peer_talk(Nearby(0.0, 0.0, Said(ZoneKey("a"), 1, 1, 1, "Ada", "hi")))
    assert decode_peer_talk(body[:1] + struct.pack("<dd", float("nan"), 0.0) + body[17:]) is None


def test_a_player_hears_scope_speaker_name_and_text() -> None:
    assert encode_heard(CHAT_WORLD, 0x01020304, "Ada", "hi") == bytes([2, 2, 4, 3, 2, 1, 3]) + b"Adahi"
