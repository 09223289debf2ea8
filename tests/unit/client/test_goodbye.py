"""A goodbye ends a player's session for good, if it comes on the connection that the player plays through."""

from __future__ import annotations

from myriad.wire.layouts import CHANNEL_CONTROL, CONTROL_GOODBYE
from tests.unit.client.scripted_zone import Avatar
from tests.unit.client.test_passage import Journey, crossed

WORDS = b"somebody else plays this character now"
GOODBYE = bytes([CONTROL_GOODBYE, len(WORDS)]) + WORDS


def test_a_player_that_was_told_goodbye_asks_for_no_token_and_waits_nowhere() -> None:
    journey = Journey()
    row = journey.offer()
    journey.west.tell(0, CHANNEL_CONTROL, GOODBYE)
    journey.until(lambda: journey.player.farewell == WORDS.decode())
    journey.west.depart(0)
    journey.east.welcome(row, journey.avatar)
    journey.run(120)
    assert not journey.player.needs_token
    assert journey.player.zone == "west"


def test_a_goodbye_on_a_connection_that_only_waits_is_none_of_the_players_business() -> None:
    journey = Journey()
    row = journey.offer()
    journey.east.avatars[row], journey.east.waiting[row] = Avatar(), {}  # snapshots, but no welcome
    journey.east.tell(row, CHANNEL_CONTROL, GOODBYE)
    journey.run(60)
    assert journey.player._arrays.sessions["goodbye"].any(), "it came"
    assert journey.player.farewell == "" and journey.player.zone == "west"


def test_a_goodbye_on_the_connection_that_was_left_behind_is_not_heard() -> None:
    journey = Journey()
    row = journey.offer()
    crossed(journey, row, 6)
    journey.until(lambda: journey.player.zone == "east")
    journey.west.avatars[0] = journey.avatar  # it speaks once more
    journey.west.tell(0, CHANNEL_CONTROL, GOODBYE)
    journey.run(60)
    assert journey.player.farewell == "" and journey.player.ready
