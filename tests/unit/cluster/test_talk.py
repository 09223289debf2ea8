"""Who hears what in a world of zones: scopes, whispers that find their way, notices when they do not, nothing twice."""

from __future__ import annotations

import struct
from collections import deque

import pytest

from myriad.cluster.requests import AWAY, PLAYING, Answer, CharacterRow, NotFound, ZoneKey
from myriad.cluster.talk import (
    MAX_WAITING,
    OUTCOME_NS,
    TOPIC,
    Announce,
    Ask,
    Hear,
    Step,
    TalkRouter,
    Tell,
)
from myriad.cluster.talk_bodies import Outcome, Said, Whisper, encode_peer_talk, encode_said
from myriad.game.world_map import ZoneArea
from myriad.wire.layouts import CHAT_NEARBY, CHAT_NOTICE, CHAT_WHISPER, CHAT_WORLD, CHAT_ZONE

WEST, MIDDLE, EAST = ZoneKey("west"), ZoneKey("middle"), ZoneKey("east")
AREAS = {
    WEST: ZoneArea("west", 1, 0, 0, 1000, 1000),
    MIDDLE: ZoneArea("middle", 2, 1000, 0, 1000, 1000),
    EAST: ZoneArea("east", 3, 2000, 0, 1000, 1000),
}
ADA, BOB = 7, 8
NAMES = {"Ada": ADA, "Bob": BOB}


def heard(hear: Hear) -> tuple[int, int, str, str]:
    """(scope, speaker, name, text) of what players are given."""
    _, scope, speaker, length = struct.unpack_from("<BBIB", hear.body)
    return scope, speaker, hear.body[7 : 7 + length].decode(), hear.body[7 + length :].decode()


class Town:
    """Three zones in a row, their links, a bus and a store, all in this thread; what does not arrive is on purpose."""

    def __init__(self) -> None:
        self.players: dict[ZoneKey, set[str]] = {key: set() for key in AREAS}
        self.owners: dict[str, tuple[ZoneKey, int]] = {}
        self.store_is_up = True
        self.cut_off: set[ZoneKey] = set()
        self.heard: list[tuple[ZoneKey, Hear]] = []
        self.under_way: deque[tuple[ZoneKey, Step]] = deque()
        self.now_ns = 0
        self.num_told = 0
        self.routers = {key: self._router(key) for key in AREAS}
        neighbours = {WEST: [MIDDLE], MIDDLE: [WEST, EAST], EAST: [MIDDLE]}
        for key, router in self.routers.items():
            router.neighbours = [(other, AREAS[other]) for other in neighbours[key]]

    def _router(self, key: ZoneKey) -> TalkRouter:
        return TalkRouter(key, 1, lambda name: NAMES[name] if name in self.players[key] else None)

    def place(self, name: str, key: ZoneKey) -> None:
        self.players[key].add(name)
        self.owners[name] = (key, PLAYING)

    def row(self, name: str) -> Answer | None:
        if not self.store_is_up:
            return None
        if name not in self.owners:
            return NotFound()
        owner, presence = self.owners[name]
        return CharacterRow(NAMES[name], 1, name, owner, 1, presence, 1, 1, 0.0, 0.0, None, "", 0)

    def do(self, key: ZoneKey, steps: list[Step]) -> None:
        self.under_way.extend((key, step) for step in steps)

    def run(self) -> None:
        while self.under_way:
            self.step()

    def step(self) -> None:
        key, step = self.under_way.popleft()
        match step:
            case Hear():
                self.heard.append((key, step))
            case Tell(target, body):
                self.num_told += 1
                if target not in self.cut_off:
                    self.do(target, self.routers[target].receive(key, body))
            case Announce(topic, body):
                assert topic == TOPIC
                for other, router in self.routers.items():
                    self.do(other, router.hear(body))
            case Ask(ticket, request):
                self.do(key, self.routers[key].answer(ticket, self.row(request.name), self.now_ns))

    def whisper(self, key: ZoneKey, to: str, text: str = "psst") -> None:
        self.do(key, self.routers[key].whisper(ADA, "Ada", to, text, self.now_ns))

    def wait(self, ns: int) -> None:
        self.now_ns += ns
        for key, router in self.routers.items():
            self.do(key, router.poll(self.now_ns))
        self.run()

    def notices(self) -> list[tuple[ZoneKey, int, str]]:
        return [(key, one.character, heard(one)[3]) for key, one in self.heard if heard(one)[0] == CHAT_NOTICE]

    def whispers(self) -> list[tuple[ZoneKey, int, str]]:
        return [(key, one.character, heard(one)[3]) for key, one in self.heard if heard(one)[0] == CHAT_WHISPER]


# Scopes.


def test_zone_talk_stays_in_its_own_layer_of_the_zone() -> None:
    town = Town()
    town.do(MIDDLE, town.routers[MIDDLE].say(CHAT_ZONE, ADA, "Ada", "hello", 1001.0, 500.0))
    town.run()
    assert [(key, one.character, one.near) for key, one in town.heard] == [(MIDDLE, 0, None)]
    assert heard(town.heard[0][1]) == (CHAT_ZONE, ADA, "Ada", "hello")
    assert town.num_told == 0


def test_nearby_talk_reaches_neighbours_within_40_m_of_the_speaker_and_no_others() -> None:
    town = Town()
    for x, hearing in ((1040.0, {MIDDLE, WEST}), (1041.0, {MIDDLE}), (1960.0, {MIDDLE, EAST}), (1500.0, {MIDDLE})):
        town.heard.clear()
        town.do(MIDDLE, town.routers[MIDDLE].say(CHAT_NEARBY, ADA, "Ada", "hello", x, 500.0))
        town.run()
        assert {key for key, _ in town.heard} == hearing
        assert all(one.near == (x, 500.0) for _, one in town.heard)
        assert {heard(one) for _, one in town.heard} == {(CHAT_NEARBY, ADA, "Ada", "hello")}


def test_world_talk_goes_over_the_bus_and_every_zone_hears_it_once_its_own_included() -> None:
    town = Town()
    (announced,) = town.routers[WEST].say(CHAT_WORLD, ADA, "Ada", "hello", 0.0, 0.0)
    for _ in range(2):
        town.do(WEST, [announced])
        town.run()
    assert sorted(key for key, _ in town.heard) == sorted(AREAS)
    assert {heard(one) for _, one in town.heard} == {(CHAT_WORLD, ADA, "Ada", "hello")}
    assert all(router.num_repeated == 1 for router in town.routers.values())


# Whispers.


def test_a_whisper_within_the_zone_asks_nobody() -> None:
    town = Town()
    town.place("Bob", WEST)
    town.whisper(WEST, "Bob")
    town.run()
    assert town.whispers() == [(WEST, BOB, "psst")]
    assert (town.num_told, town.notices(), town.routers[WEST].num_waiting) == (0, [], 0)


def test_a_whisper_finds_any_zone_of_the_world_and_says_nothing_to_the_speaker() -> None:
    town = Town()
    town.place("Bob", EAST)
    town.whisper(WEST, "Bob")
    town.run()
    town.wait(OUTCOME_NS)
    assert town.whispers() == [(EAST, BOB, "psst")]
    assert heard(town.heard[0][1]) == (CHAT_WHISPER, ADA, "Ada", "psst")
    assert (town.notices(), town.routers[WEST].num_waiting) == ([], 0)


def test_a_whisper_to_one_who_has_just_moved_on_is_passed_on_once() -> None:
    town = Town()
    town.owners["Bob"] = (MIDDLE, PLAYING)
    town.whisper(WEST, "Bob")
    town.step()  # the store is asked, and names the middle zone
    town.place("Bob", EAST)
    town.run()
    town.wait(OUTCOME_NS)
    assert (town.whispers(), town.notices()) == ([(EAST, BOB, "psst")], [])


def test_a_whisper_to_one_who_has_come_to_the_speakers_own_zone_is_heard_there() -> None:
    town = Town()
    town.owners["Bob"] = (MIDDLE, PLAYING)
    town.whisper(WEST, "Bob")
    town.step()
    town.place("Bob", WEST)
    town.run()
    town.wait(OUTCOME_NS)
    assert (town.whispers(), town.notices()) == ([(WEST, BOB, "psst")], [])
    assert town.routers[WEST].num_waiting == 0


def test_a_whisper_is_not_passed_on_twice() -> None:
    town = Town()
    town.owners["Bob"] = (MIDDLE, PLAYING)
    town.whisper(WEST, "Bob")
    town.step()
    town.step()  # it arrives in the middle
    town.owners["Bob"] = (EAST, PLAYING)
    town.step()  # the middle asks, and passes it on
    town.step()  # it arrives in the east
    town.owners["Bob"] = (MIDDLE, PLAYING)
    town.run()
    assert (town.whispers(), town.notices()) == ([], [(WEST, ADA, "Bob is not here.")])


def test_a_whisper_waits_for_one_who_is_crossing_into_the_zone() -> None:
    town = Town()
    town.owners["Bob"] = (EAST, PLAYING)
    town.whisper(WEST, "Bob")
    town.run()
    assert town.heard == []
    town.place("Bob", EAST)
    town.wait(100_000_000)
    assert (town.whispers(), town.notices()) == ([(EAST, BOB, "psst")], [])


def test_the_speaker_is_told_once_when_nobody_is_there_to_hear() -> None:
    for owner in (None, (EAST, AWAY), (EAST, PLAYING), (WEST, PLAYING)):
        town = Town()
        if owner is not None:
            town.owners["Bob"] = owner
        town.whisper(WEST, "Bob")
        town.run()
        town.wait(OUTCOME_NS // 2)
        town.wait(OUTCOME_NS)
        assert (town.whispers(), town.notices()) == ([], [(WEST, ADA, "Bob is not here.")])
        assert [router.num_waiting for router in town.routers.values()] == [0, 0, 0]


@pytest.mark.parametrize("missing", ["the store", "the other zone", "the way back"])
def test_the_speaker_is_told_once_when_nobody_answers(missing: str) -> None:
    town = Town()
    town.owners["Bob"] = (EAST, PLAYING)
    town.store_is_up = missing != "the store"
    town.cut_off = {"the other zone": {EAST}, "the way back": {WEST}}.get(missing, set())
    town.whisper(WEST, "Bob")
    town.run()
    for _ in range(3):
        town.wait(OUTCOME_NS)
    assert (town.whispers(), town.notices()) == ([], [(WEST, ADA, "Bob cannot be reached now.")])
    assert [router.num_waiting for router in town.routers.values()] == [0, 0, 0]


def test_a_whisper_whose_speaker_was_told_that_nobody_heard_it_is_not_sent_after_all() -> None:
    town = Town()
    town.place("Bob", EAST)
    (ask,) = town.routers[WEST].whisper(ADA, "Ada", "Bob", "psst", 0)
    town.wait(OUTCOME_NS)
    town.do(WEST, [ask])
    town.run()
    assert (town.whispers(), town.notices()) == ([], [(WEST, ADA, "Bob cannot be reached now.")])


def test_whispers_that_wait_are_bounded_and_the_one_too_many_is_refused_with_a_notice() -> None:
    town = Town()
    router = town.routers[WEST]
    for _ in range(MAX_WAITING):
        router.whisper(ADA, "Ada", "Bob", "psst", 0)
    waiting = router.num_waiting
    (step,) = router.whisper(ADA, "Ada", "Bob", "psst", 0)
    assert isinstance(step, Hear) and heard(step) == (CHAT_NOTICE, 0, "", "Bob cannot be reached now.")
    (told,) = router.receive(EAST, encode_peer_talk(Whisper(0, "Bob", Said(EAST, 1, 1, BOB, "Bob", "psst"))))
    assert told == Tell(EAST, encode_peer_talk(Outcome(1, 1, False)))
    assert router.num_waiting == waiting


# Once, and only what may be.


def test_talk_from_another_zone_is_heard_once_however_often_it_comes() -> None:
    town = Town()
    town.place("Bob", EAST)
    body = encode_peer_talk(Whisper(0, "Bob", Said(WEST, 1, 5, ADA, "Ada", "psst")))
    for _ in range(3):
        town.do(EAST, town.routers[EAST].receive(WEST, body))
    town.run()
    assert town.whispers() == [(EAST, BOB, "psst")]
    assert town.routers[EAST].num_repeated == 2


def test_talk_of_an_epoch_that_is_over_is_not_heard() -> None:
    router = Town().routers[EAST]
    assert router.hear(encode_said(Said(WEST, 2, 1, ADA, "Ada", "new")))
    assert not router.hear(encode_said(Said(WEST, 1, 99, ADA, "Ada", "old")))
    assert router.hear(encode_said(Said(WEST, 2, 2, ADA, "Ada", "newer")))


def test_numbers_of_bus_and_links_do_not_hide_each_other() -> None:
    town = Town()
    town.place("Bob", EAST)
    router = town.routers[EAST]
    assert router.receive(WEST, encode_peer_talk(Whisper(0, "Bob", Said(WEST, 1, 5000, ADA, "Ada", "psst"))))
    assert router.hear(encode_said(Said(WEST, 1, 3, ADA, "Ada", "slow bus")))


def test_bad_bytes_and_words_in_anothers_name_are_counted_and_change_nothing() -> None:
    town = Town()
    town.place("Bob", EAST)
    router = town.routers[EAST]
    forged = encode_peer_talk(Whisper(0, "Bob", Said(MIDDLE, 1, 5, ADA, "Ada", "psst")))
    for source, body in ((WEST, b""), (WEST, b"\x01abc"), (WEST, b"\xff" * 40), (WEST, forged)):
        assert router.receive(source, body) == []
    assert router.hear(b"nonsense") == []
    assert (router.num_malformed, router.num_waiting, router.num_repeated) == (5, 0, 0)
    assert router.receive(MIDDLE, forged)


def test_an_outcome_of_an_older_epoch_closes_no_whisper() -> None:
    router = TalkRouter(WEST, 2, lambda name: None)
    router.whisper(ADA, "Ada", "Bob", "psst", 0)
    waiting = router.num_waiting
    assert router.receive(EAST, encode_peer_talk(Outcome(1, 1, False))) == []
    assert router.num_waiting == waiting
    assert len(router.receive(EAST, encode_peer_talk(Outcome(2, 1, False)))) == 1
