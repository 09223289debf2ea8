"""Members of a few zones with a store in memory, stepped by hand: no loss and no delay but what a test makes."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from myriad.cluster.member import Member, MemberSettings
from myriad.cluster.peer_link import NS_PER_MS
from myriad.cluster.records import RESIDENT_HEAD, pack_residents
from myriad.cluster.requests import (
    AccountRow,
    AcquireLease,
    Answer,
    CharacterRow,
    CreateAccount,
    CreateCharacter,
    Directory,
    FindCharacter,
    HostId,
    LeaseGranted,
    ReadDirectory,
    Request,
    ZoneKey,
    ZoneState,
)
from myriad.cluster.residents import CutBody, Leaving
from myriad.core.errors import DROP_REASONS
from myriad.game.world_map import WorldMap, ZoneArea
from myriad.storage.sqlite import open_sqlite

MAP = WorldMap(
    [
        ZoneArea("sw", 1, 0, 0, 100, 100),
        ZoneArea("se", 2, 100, 0, 100, 100),
        ZoneArea("nw", 3, 0, 100, 100, 100),
        ZoneArea("ne", 4, 100, 100, 100, 100),
    ]
)
SW, SE, NW, NE = (ZoneKey(name) for name in ("sw", "se", "nw", "ne"))
RECORD_BYTES = 8


class Folk:
    """Residents as a diary: who is here, and what was done to whom."""

    def __init__(self) -> None:
        self.here: dict[int, CharacterRow] = {}
        self.frozen: set[int] = set()
        self.players: dict[int, int] = {}
        self.offers: dict[int, dict[str, bytes]] = {}
        self.walls: list[tuple[int, str]] = []
        self.refused: dict[int, str] = {}
        self.confirmed: list[int] = []
        self.effects: list[tuple[ZoneKey, bytes]] = []
        self.talk: list[tuple[ZoneKey, bytes]] = []
        self.borders: list[tuple[ZoneKey, bytes]] = []
        self.diary: list[str] = []
        self.room = 1000
        self.num_cuts = 0

    def load(self, state: ZoneState | None, residents: tuple[CharacterRow, ...]) -> None:
        for row in residents:
            self.here[row.character] = row

    def cut(self) -> CutBody:
        self.num_cuts += 1
        heads = np.zeros(len(self.here), RESIDENT_HEAD)
        records = np.zeros((len(self.here), RECORD_BYTES), np.uint8)
        for place, row in enumerate(self.here.values()):
            heads[place] = (row.character, row.hop, row.session, row.last_input)
            records[place] = np.frombuffer(row.record or bytes(RECORD_BYTES), np.uint8)
        return CutBody(self.num_cuts, "8 bytes", pack_residents(heads, records), b"", (), ())

    def committed(self, cut: int) -> None:
        self.confirmed.append(cut)

    def install(self, row: CharacterRow, connection: int) -> bool:
        if len(self.here) >= self.room:
            return False
        assert row.character not in self.here
        self.here[row.character] = row
        self.players[row.character] = connection
        self.diary.append(f"install {row.character}")
        return True

    def freeze(self, character: int) -> Leaving:
        self.frozen.add(character)
        self.diary.append(f"freeze {character}")
        return self._leaving(character)

    def thaw(self, character: int) -> None:
        self.frozen.remove(character)
        self.diary.append(f"thaw {character}")

    def depart(self, character: int, target: ZoneKey) -> None:
        self._remove(character)
        self.diary.append(f"depart {character}")

    def take_out(self, character: int) -> Leaving:
        leaving = self._leaving(character)
        self._remove(character)
        self.diary.append(f"take out {character}")
        return leaving

    def _remove(self, character: int) -> None:
        del self.here[character]
        self.frozen.discard(character)
        self.players.pop(character, None)
        self.offers.pop(character, None)

    def _leaving(self, character: int) -> Leaving:
        row = self.here[character]
        return Leaving(row.x, row.y, row.record or bytes(RECORD_BYTES), row.last_input, row.session)

    def offer_passage(self, character: int, target: ZoneKey, token: bytes) -> None:
        offers = self.offers.setdefault(character, {})
        offers.pop(target.zone, None)
        if token:
            offers[target.zone] = token

    def tell_wall(self, character: int, target: ZoneKey) -> None:
        self.walls.append((character, target.zone))

    def make_token(self, character: int, name: str, session: int) -> bytes:
        return f"{character} {name} {session}".encode().ljust(2048, b"\0")

    def refuse(self, connection: int, reason: str) -> None:
        self.refused[connection] = reason

    def receive_effect(self, source: ZoneKey, body: bytes) -> None:
        self.effects.append((source, body))

    def receive_talk(self, source: ZoneKey, body: bytes) -> None:
        self.talk.append((source, body))

    def receive_border(self, source: ZoneKey, body: bytes, now_ns: int) -> None:
        self.borders.append((source, body))


class Town:
    def __init__(self, *keys: ZoneKey, max_residents: int = 100) -> None:
        self.now_ms = 1000
        self.down = False
        """The store does not answer."""
        self.hold: Callable[[Request], bool] = lambda request: False
        """Requests that get no answer for now, although they are carried out at once."""
        self.silent: set[ZoneKey] = set()
        """Zones whose packets nobody gets."""
        self.members: dict[ZoneKey, Member] = {}
        self.folk: dict[ZoneKey, Folk] = {}
        self._settings = MemberSettings(2000, 400 * NS_PER_MS, 300 * NS_PER_MS, max_residents)
        self._chance = random.Random(1)
        self._hosts = 0
        self._host_of: dict[ZoneKey, str] = {}
        self._held: list[tuple[Member, int, Answer]] = []
        self.store = open_sqlite(":memory:", wall_ms=lambda: 10**12 + self.now_ms, random_bytes=self._chance.randbytes)
        for key in keys:
            self.start(key)
        self.run(600)

    @property
    def now_ns(self) -> int:
        return self.now_ms * NS_PER_MS

    def ask(self, request: Request) -> Answer:
        return self.store.execute([request])[0]

    def start(self, key: ZoneKey, dead_host: str = "") -> Member:
        """A zone begins, in a host of its own; `dead_host` is known to have ended."""
        self._hosts += 1
        name = self._host_of[key] = f"{key} {self._hosts}"
        granted = self.ask(AcquireLease(key, HostId(name, "", 1), 2000, str(key), name.encode(), 1, 10, "", dead_host))
        assert isinstance(granted, LeaseGranted)
        folk = self.folk[key] = Folk()
        member = self.members[key] = Member(
            key,
            MAP,
            self.store.secret(),
            folk,
            self._settings,
            random_bytes=self._chance.randbytes,
            drops=[0] * len(DROP_REASONS),
        )
        member.start(granted, self.now_ns, self.now_ns)
        return member

    def kill(self, key: ZoneKey) -> str:
        """The zone is gone; the name of its host."""
        del self.members[key]
        return self._host_of[key]

    def run(self, duration_ms: int, *, at: dict[ZoneKey, dict[int, tuple[float, float]]] | None = None) -> None:
        """Steps of 10 ms; `at` are the places of characters, told in every step."""
        for _ in range(duration_ms // 10):
            self.now_ms += 10
            for key, places in (at or {}).items():
                for character, (x, y) in places.items():
                    if character in self.folk[key].here:
                        self.members[key].player_at(character, x, y, self.now_ns)
            self._step()

    def _step(self) -> None:
        directory = self.ask(ReadDirectory())
        assert isinstance(directory, Directory)
        for member in list(self.members.values()):
            if not self.down and self.now_ms % 500 == 0:
                member.set_directory(directory, self.now_ns)
            member.poll(self.now_ns)
            member.tick_ended(self.now_ns)
            self._carry(member)

    def _carry(self, member: Member) -> None:
        for number, request in member.take_requests():
            answer = None if self.down else self.ask(request)
            if answer is not None and self.hold(request):
                self._held.append((member, number, answer))
            else:
                member.answer(number, answer, self.now_ns)
        for endpoint, packet in member.take_packets(self.now_ns):
            for other in list(self.members.values()):
                if str(other.key) == endpoint and not self.silent & {member.key, other.key}:
                    other.receive_peer(packet, str(member.key), self.now_ns)

    def answer_held(self) -> None:
        """What was held is answered now."""
        held, self._held = self._held, []
        self.hold = lambda request: False
        for member, number, answer in held:
            member.answer(number, answer, self.now_ns)

    # Characters.

    def create(self, name: str, x: float = 50.0, y: float = 50.0, owner: ZoneKey = SW) -> int:
        account = self.ask(CreateAccount(name, None))
        assert isinstance(account, AccountRow)
        row = self.ask(CreateCharacter(account.account, name, owner, x, y))
        assert isinstance(row, CharacterRow)
        return row.character

    def row(self, character: int) -> CharacterRow:
        row = self.ask(FindCharacter(character))
        assert isinstance(row, CharacterRow)
        return row

    def enter(self, key: ZoneKey, name: str, connection: int = 1, session: int = 77) -> int:
        """A new character that plays in `key`."""
        character = self.create(name, owner=key)
        assert not self.members[key].player_joined(connection, character, session, name, False, self.now_ns)
        self.run(20)
        assert self.folk[key].players[character] == connection
        return character
