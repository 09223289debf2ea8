"""A zone without the engine: characters with a purse in a dictionary, behind the same port as the real one.

Every method of the port begins and ends with `self._step(name)`, where a run may let the process die.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from myriad.cluster.member import Member
from myriad.cluster.records import RESIDENT_HEAD, pack_residents
from myriad.cluster.requests import (
    HOLDER_CHARACTER,
    HOLDER_GROUND,
    VOID,
    CharacterRow,
    Holder,
    LedgerEntry,
    ZoneKey,
    ZoneState,
)
from myriad.cluster.residents import CutBody, Leaving
from tests.simulation.beings import ASSETS, COINS, LAYOUT, REACH_M, SHELLS, WORLD, Archive, Being, Chain
from tests.simulation.referee import Referee
from tests.simulation.timeline import NS_PER_S, Timeline
from tests.simulation.wires import Down, Gone, Input, Snapshot, Token, Up, Wait

SPEED_M = 2.5
"""A step of one input."""
INPUTS_PER_TICK = 3
TIMEOUT_S = 1.5
LINGER_S = 1.5
_PURSE = struct.Struct("<qq")
_NUMBER = struct.Struct("<Q")


@dataclass(slots=True)
class Seat:
    token: Token
    client: str
    heard_ns: int
    queue: dict[int, Input] = field(default_factory=dict)


class ToyZone:
    def __init__(
        self,
        key: ZoneKey,
        address: str,
        timeline: Timeline,
        archive: Archive,
        referee: Referee,
        *,
        new_number: Callable[[], int],
        send: Callable[[str, Down], None],
        step: Callable[[str], None],
        max_beings: int,
    ) -> None:
        self.key = key
        self.address = address
        self.member: Member
        self.dead = False
        self.beings: dict[int, Being] = {}
        self._area = WORLD.by_name[key.zone]
        self._ground_holder = Holder(HOLDER_GROUND, self._area.number * 256 + key.layer)
        self._timeline = timeline
        self._archive = archive
        self._referee = referee
        self._new_number = new_number
        self._send = send
        self._step = step
        self.max_beings = max_beings
        self._ground = [0, 0]
        self._hops: dict[int, int] = {}
        self._frozen: set[int] = set()
        self._seats: dict[int, Seat] = {}
        self._used: set[int] = set()
        self._players: dict[int, int] = {}
        """Connection by character."""
        self._alone_since: dict[int, int] = {}
        self._offers: dict[int, dict[str, Token]] = {}
        self._entries: list[LedgerEntry] = []
        self._left: list[tuple[int, Chain | None]] = []
        self._promised: list[tuple[int, Chain | None]] = []
        self._ticks = 0

    @property
    def label(self) -> str:
        return f"{self.address} (epoch {self.member.epoch})"

    def plays(self, character: int) -> bool:
        here = character in self.beings and character not in self._frozen
        return here and not self.dead and self.member.may_speak(self._timeline.now_ns)

    # What the loop calls.

    def receive(self, up: Up) -> None:
        token, now_ns = up.token, self._timeline.now_ns
        if token.address != self.address:
            return
        seat = self._seats.get(token.number)
        if seat is None:
            if token.number in self._used:
                return
            self._used.add(token.number)
            seat = self._seats[token.number] = Seat(token, up.client, now_ns)
            if self.member.player_joined(
                token.number, token.character, token.session, f"c{token.character}", token.passage, now_ns
            ):
                self._sit(token.number)
        seat.heard_ns = now_ns
        if self._players.get(token.character) == token.number:
            for one in up.inputs:
                seat.queue.setdefault(one.number, one)

    def tick(self) -> None:
        self._ticks += 1
        now_ns = self._timeline.now_ns
        self._time_out(now_ns)
        for character, connection in list(self._players.items()):
            if character not in self._frozen:
                self._apply_some(character, self._seats[connection])
        for character in [c for c in self.beings if c not in self._frozen]:
            being = self.beings[character]
            self.member.player_at(character, being.x, being.y, now_ns)
        if self._ticks % 20 == 0:
            for key in self.member.neighbours(now_ns).values():
                self.member.send_effect(key, _NUMBER.pack(self._new_number()))
        self.member.tick_ended(now_ns)
        if self._ticks % 2 == 0:
            self._tell_all()

    def _tell_all(self) -> None:
        for number, seat in self._seats.items():
            character = seat.token.character
            being = self.beings.get(character)
            if being is not None and self._players.get(character) == number:
                offers = tuple(self._offers.get(character, {}).values())
                self._send(seat.client, Snapshot(number, being.last_input, being.x, being.y, offers))
            else:
                self._send(seat.client, Wait(number))

    def _time_out(self, now_ns: int) -> None:
        for number, seat in list(self._seats.items()):
            if now_ns - seat.heard_ns < TIMEOUT_S * NS_PER_S:
                continue
            del self._seats[number]
            character = seat.token.character
            if self._players.get(character) == number:
                self._unseat(character)
                self.member.player_left(character, False, now_ns)
            else:
                self.member.caller_left(number, character, now_ns)
        for character, since_ns in list(self._alone_since.items()):
            if now_ns - since_ns >= LINGER_S * NS_PER_S and character not in self._frozen:
                self.member.player_left(character, True, now_ns)

    # Connections.

    def _sit(self, connection: int) -> None:
        token = self._seats[connection].token
        before = self._players.get(token.character)
        if before is not None and before != connection:
            self._dismiss(before)
        self._players[token.character] = connection
        self._alone_since.pop(token.character, None)
        self._offers.pop(token.character, None)
        self.beings[token.character] = self.beings[token.character]._replace(session=token.session)

    def _dismiss(self, connection: int) -> None:
        seat = self._seats.pop(connection, None)
        if seat is not None:
            self._send(seat.client, Gone(connection))

    def _unseat(self, character: int) -> int | None:
        self._offers.pop(character, None)
        if character in self.beings:
            self._alone_since[character] = self._timeline.now_ns
        return self._players.pop(character, None)

    # The game.

    def _apply_some(self, character: int, seat: Seat) -> None:
        last = self.beings[character].last_input
        for number in sorted(number for number in seat.queue if number > last)[:INPUTS_PER_TICK]:
            self._apply(character, seat.queue[number])
        last = self.beings[character].last_input
        seat.queue = {number: one for number, one in seat.queue.items() if number > last}

    def _apply(self, character: int, one: Input) -> None:
        being = self.beings[character]
        self._referee.apply(character, being, one.number)
        x, y = self._clamped(being.x + one.dx * SPEED_M, being.y + one.dy * SPEED_M)
        self.beings[character] = being._replace(
            x=x,
            y=y,
            last_input=one.number,
            inputs=Chain(being.inputs, one.number, one.ident),
            restored=None if being.restored is None else being.restored | {being.session},
        )
        self._do(character, one.deed)

    def _clamped(self, x: float, y: float) -> tuple[float, float]:
        """Up to 6 m into a neighbour, not at all beyond the world."""
        area = self._area
        x = min(max(x, area.x - REACH_M, 0.0), area.east + REACH_M, 199.9)
        y = min(max(y, area.y - REACH_M, 0.0), area.north + REACH_M, 199.9)
        return x, y

    def _do(self, character: int, deed: str) -> None:
        coins, shells = self.beings[character].purse
        me = Holder(HOLDER_CHARACTER, character)
        if deed == "mint":
            self._move(COINS, VOID, me)
        elif deed == "find":
            self._move(SHELLS, VOID, me)
        elif deed == "drop" and coins:
            self._move(COINS, me, self._ground_holder)
        elif deed == "pick" and self._ground[COINS]:
            self._move(COINS, self._ground_holder, me)
        elif deed == "burn" and shells:
            self._move(SHELLS, me, VOID)
        elif deed == "trade" and coins:
            self._trade(character)

    def _trade(self, character: int) -> None:
        """A coin for a shell, both or nothing."""
        for other, being in self.beings.items():
            if other != character and other not in self._frozen and being.purse[SHELLS]:
                self._move(COINS, Holder(HOLDER_CHARACTER, character), Holder(HOLDER_CHARACTER, other))
                self._move(SHELLS, Holder(HOLDER_CHARACTER, other), Holder(HOLDER_CHARACTER, character))
                return

    def _move(self, asset: int, source: Holder, target: Holder) -> None:
        number = self._new_number()
        self._entries.append(LedgerEntry(asset, 1, source, target, 1))
        for holder, amount in ((source, -1), (target, 1)):
            if holder.kind == HOLDER_GROUND:
                self._ground[asset] += amount
            elif holder.kind == HOLDER_CHARACTER:
                being = self.beings[holder.id]
                purse = list(being.purse)
                purse[asset] += amount
                entries = Chain(being.entries, being.serial + 1, number)
                self.beings[holder.id] = being._replace(purse=(purse[0], purse[1]), entries=entries)
        self.member.urgent()

    # The port.

    def load(self, state: ZoneState | None, residents: tuple[CharacterRow, ...]) -> None:
        if state is not None:
            self._ground = list(_PURSE.unpack(state.ground))
        for row in residents:
            self._enter(row, loaded=True)

    def cut(self) -> CutBody:
        self._step("cut")
        heads = np.zeros(len(self.beings), RESIDENT_HEAD)
        records = b""
        sums = list(self._ground)
        for place, (character, being) in enumerate(self.beings.items()):
            heads[place] = (character, self._hops[character], being.session, being.last_input)
            records += self._archive.record(being)
            for asset in ASSETS:
                sums[asset] += being.purse[asset]
        entries, self._entries = tuple(self._entries), []
        self._promised = [*self._left, *((character, being.entries) for character, being in self.beings.items())]
        self._left = []
        return CutBody(
            tick=self._ticks,
            layout=LAYOUT,
            residents=pack_residents(heads, np.frombuffer(records, np.uint8).reshape(len(heads), _NUMBER.size)),
            ground=_PURSE.pack(*self._ground),
            entries=entries,
            totals=tuple((asset, sums[asset]) for asset in ASSETS if sums[asset]),
        )

    def committed(self, cut: int) -> None:
        self._step("committed")
        for character, entry in self._promised:
            self._referee.confirm(character, entry)
        self._promised = []
        self._step("confirmed")

    def install(self, row: CharacterRow, connection: int) -> bool:
        self._step("install")
        if len(self.beings) >= self.max_beings:
            return False
        self._enter(row, loaded=False)
        if connection in self._seats:
            self._sit(connection)
        self._step("installed")
        return True

    def _enter(self, row: CharacterRow, *, loaded: bool) -> None:
        being = Being(row.x, row.y) if row.record is None else self._archive.being(row.record)
        self._hops[row.character] = row.hop
        being = being._replace(session=row.session, restored=frozenset() if loaded else being.restored)
        if being.last_input != row.last_input:
            raise AssertionError(f"record and row of {row.character} name different inputs")
        if row.character in self.beings:
            raise AssertionError(f"character {row.character} entered twice")
        self.beings[row.character] = being
        self._alone_since[row.character] = self._timeline.now_ns
        speaks = self.member.may_speak(self._timeline.now_ns)
        self._referee.installed(row.character, row.hop, being, loaded=loaded, speaks=speaks)

    def freeze(self, character: int) -> Leaving:
        self._step("freeze")
        self._frozen.add(character)
        return self._leaving(character)

    def thaw(self, character: int) -> None:
        self._frozen.discard(character)
        self._referee.one_owner(character)

    def depart(self, character: int, target: ZoneKey) -> None:
        self._step("depart")
        connection = self._unseat(character)
        if connection is not None:
            del self._seats[connection]
        self._remove(character)
        self._step("departed")

    def take_out(self, character: int) -> Leaving:
        self._step("take_out")
        leaving = self._leaving(character)
        self._left.append((character, self.beings[character].entries))
        connection = self._unseat(character)
        if connection is not None:
            self._dismiss(connection)
        self._remove(character)
        return leaving

    def _remove(self, character: int) -> None:
        del self.beings[character]
        self._frozen.discard(character)
        self._alone_since.pop(character, None)

    def _leaving(self, character: int) -> Leaving:
        being = self.beings[character]
        return Leaving(being.x, being.y, self._archive.record(being), being.last_input, being.session)

    def offer_passage(self, character: int, target: ZoneKey, token: bytes) -> None:
        self._step("offer")
        offers = self._offers.setdefault(character, {})
        offers.pop(target.zone, None)
        if token:
            offers[target.zone] = self._archive.tokens[_NUMBER.unpack_from(token)[0]]

    def tell_wall(self, character: int, target: ZoneKey) -> None:
        pass

    def make_token(self, character: int, name: str, session: int) -> bytes:
        self._step("token")
        number = self._new_number()
        self._archive.tokens[number] = Token(number, self.address, self.key, character, session, True)
        return _NUMBER.pack(number).ljust(2048, b"\0")

    def refuse(self, connection: int, reason: str) -> None:
        self._dismiss(connection)

    def receive_effect(self, source: ZoneKey, body: bytes) -> None:
        self._referee.effect(str(source), str(self.key), _NUMBER.unpack(body)[0])

    def receive_talk(self, source: ZoneKey, body: bytes) -> None:
        pass

    def receive_border(self, source: ZoneKey, body: bytes, now_ns: int) -> None:
        pass
