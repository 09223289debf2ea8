"""One avatar a character, one connection an avatar, and nothing gained by changing connections."""

from __future__ import annotations

from myriad.sim.input_queue import MAX_BUCKET
from myriad.zone.avatars import NOBODY, Avatar, Avatars


def test_a_newer_session_takes_the_avatar_over_and_the_older_connection_has_none() -> None:
    avatars = Avatars()
    avatar = Avatar(7, 1, "Ada", 3, connection=4)
    avatars.add(avatar)
    avatars.connect(avatar, 9, 2)
    assert avatars.of_connection(4) is None and avatars.of_connection(9) is avatar
    assert (len(avatars), avatars.num_connected, avatar.session) == (1, 1, 2)


def test_an_avatar_without_a_connection_expires_after_it_has_lingered_and_not_before() -> None:
    avatars = Avatars()
    avatar = Avatar(7, 1, "Ada", 3, connection=4)
    avatars.add(avatar)
    assert avatars.expired(10**18) == []
    avatars.disconnect(avatar, 500)
    assert (avatars.num_connected, avatar.connection) == (0, NOBODY)
    assert avatars.expired(499) == [] and avatars.expired(500) == [avatar]
    avatars.connect(avatar, 5, 3)
    assert avatars.expired(10**18) == []


def test_a_removed_avatar_is_found_by_nothing() -> None:
    avatars = Avatars()
    avatar = Avatar(7, 1, "Ada", 3, connection=4)
    avatars.add(avatar)
    avatars.remove(avatar)
    assert avatars.of_character(7) is None and avatars.of_connection(4) is None and len(avatars) == 0


def test_time_to_make_up_for_belongs_to_the_avatar() -> None:
    avatars = Avatars()
    avatar = Avatar(7, 1, "Ada", 3, connection=4)
    assert avatar.bucket == MAX_BUCKET
    avatars.add(avatar)
    avatar.bucket = 2
    avatars.disconnect(avatar, 0)
    avatars.connect(avatar, 9, 2)
    assert avatar.bucket == 2
