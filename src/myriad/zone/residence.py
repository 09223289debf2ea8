"""A zone's characters as its member of the world handles them: the port `cluster/residents.py` over a zone's arrays.

Responsible for: cuts, and characters that are loaded, installed, frozen, taken out or handed over.
Not here: when any of that happens (`cluster/member.py`), sessions (`players.py`), what neighbours see (`border.py`).

Invariant: a character stands in `cut` from the moment it is installed to the moment it departs or is taken out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from myriad.cluster.records import RESIDENT_HEAD, pack_residents
from myriad.cluster.requests import CharacterRow, ZoneKey, ZoneState
from myriad.cluster.residents import CutBody, Leaving
from myriad.core.errors import StartupError
from myriad.game.game import Game
from myriad.sim.columns import GHOST, UNITS_PER_M
from myriad.sim.rows import find_row, free_row
from myriad.sim.world import World
from myriad.wire.token_data import TokenData
from myriad.zone import messages
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import NOBODY, Avatar
from myriad.zone.border import Border
from myriad.zone.chat import Talk
from myriad.zone.confirming import Confirming
from myriad.zone.players import Players

ARRIVAL_BUCKET = 10
"""Input-ticks that one who arrives may make up for: those that waited while it was handed over."""
SILENT_NS = 1_000_000_000
"""How long the connection of one who departed is kept, unheard and unsaid, so that its end cannot overtake the welcome
on the other one."""


class Hearers(Protocol):
    """Who gets what neighbours say and do, and hears of those who come and go (`zone/world_part.py`)."""

    def effect(self, source: ZoneKey, body: bytes) -> None:
        """See `Residents.receive_effect`."""
        ...

    def talk(self, source: ZoneKey, body: bytes) -> None:
        """See `Residents.receive_talk`."""
        ...

    def goes(self, character: int, connection: int, target: ZoneKey) -> None:
        """A character is another zone's now; its connection row (-1: none) is about to be let go."""
        ...

    def comes(self, character: int) -> None:
        """A character has come in."""
        ...


class Residence:
    """The characters of one zone. Implements `cluster.residents.Residents`."""

    def __init__(
        self,
        game: Game,
        arrays: ZoneArrays,
        *,
        players: Players,
        talk: Talk,
        border: Border,
        confirming: Confirming,
        hearers: Hearers,
        passage_token: Callable[[int, str, int], bytes],
    ) -> None:
        """`passage_token(character, name, session)` makes a token for a passage into this zone."""
        self.now_ns = 0
        """Set by the owner before each round of calls."""
        self._game = game
        self._arrays = arrays
        self._players = players
        self._talk = talk
        self._border = border
        self._confirming = confirming
        self._hearers = hearers
        self._passage_token = passage_token
        self._neighbour_index = {area.name: index for index, area in enumerate(border.neighbours)}

    @property
    def _world(self) -> World:
        return self._arrays.world

    # What is written and read.

    def load(self, state: ZoneState | None, residents: tuple[CharacterRow, ...]) -> None:
        """Brings back what the zone held when it last wrote."""
        if state is not None and self._game.load_ground(self._world, state.ground, state.layout):
            raise StartupError("max_entities is too small for what lies on the zone's ground: raise it")
        for row in residents:
            if not self.install(row, NOBODY):
                raise StartupError(f"{row.name} cannot be loaded: raise max_entities, or its record is of another game")

    def cut(self) -> CutBody:
        """Everything as it stands now."""
        avatars = list(self._players.avatars)
        rows = np.array([avatar.entity_row for avatar in avatars], np.intp)
        heads = np.zeros(len(avatars), RESIDENT_HEAD)
        heads["character"] = [avatar.character for avatar in avatars]
        heads["hop"] = [avatar.hop for avatar in avatars]
        heads["session"] = [avatar.session for avatar in avatars]
        heads["last_input"] = [self._last_input(avatar) for avatar in avatars]
        saved = self._game.save_rows(self._world, rows)
        records = saved.view(np.uint8).reshape(len(avatars), saved.dtype.itemsize)
        held = self._game.count_assets(self._world)
        entries = self._confirming.take()
        return CutBody(
            tick=int(self._world.clock["tick"][0]),
            layout=self._game.layout,
            residents=pack_residents(heads, records),
            ground=self._game.save_ground(self._world),
            entries=entries,
            totals=tuple((int(asset), int(held[asset])) for asset in np.flatnonzero(held)),
        )

    def committed(self, cut: int) -> None:
        """What was in the oldest cut taken is durable."""
        self._confirming.committed()

    # Characters.

    def install(self, row: CharacterRow, connection: int) -> bool:
        """The character is this zone's now."""
        if self._players.avatars.of_character(row.character) is not None:
            return True
        data = self._players.waiting.get(connection)
        if data is None or data.character != row.character:
            connection = NOBODY
        try:
            entity_row = self._enter_world(row, connection, data)
        except ValueError:  # its record is not one of this game: the store keeps it as it is
            return False
        if entity_row < 0:
            return False
        self._players.enter(
            Avatar(
                row.character,
                row.session,
                row.name,
                entity_row,
                connection,
                last_input=row.last_input,
                bucket=ARRIVAL_BUCKET,
                hop=row.hop,
            ),
            self.now_ns,
        )
        self._hearers.comes(row.character)
        return True

    def _enter_world(self, row: CharacterRow, connection: int, data: TokenData | None) -> int:
        world = self._world
        ghost = int(find_row(world, row.character))
        if ghost >= 0:
            if int(world.entities["flags"][ghost]) & GHOST == 0:
                return -1
            free_row(world, ghost)
        x: float | None = None
        y: float | None = None
        if data is not None and data.spawn is not None and not data.passage:
            x, y = data.spawn[0] / UNITS_PER_M, data.spawn[1] / UNITS_PER_M
        if row.record is None:
            return self._game.spawn_player(
                world, row.character, connection, row.name, row.x if x is None else x, row.y if y is None else y
            )
        return self._game.restore(world, row.character, connection, row.name, row.record, row.layout, x, y)

    def freeze(self, character: int) -> Leaving:
        """It stands still from now on."""
        avatar = self._avatar(character)
        self._players.freeze(avatar)
        return self._leaving(avatar)

    def thaw(self, character: int) -> None:
        """It goes on where it was frozen."""
        avatar = self._players.avatars.of_character(character)
        if avatar is not None:
            self._players.thaw(avatar)

    def depart(self, character: int, target: ZoneKey) -> None:
        """It is another zone's now; its row goes on as a ghost where the zone is a neighbour."""
        avatar = self._avatar(character)
        self._hearers.goes(character, avatar.connection, target)
        self._players.let_go(avatar, self.now_ns + SILENT_NS)
        self._players.forget(avatar)
        self._players.num_leaves["departed"] += 1
        index = self._neighbour_index.get(target.zone)
        if index is None:
            self._game.remove(self._world, avatar.entity_row)
        else:
            self._border.keep_as_ghost(avatar.entity_row, index, self.now_ns)

    def take_out(self, character: int) -> Leaving:
        """Its player has left."""
        avatar = self._avatar(character)
        leaving = self._leaving(avatar)
        if avatar.connection != NOBODY:
            self._players.drop_connection(avatar.connection, self.now_ns)
        self._players.take_out(avatar)
        return leaving

    def _avatar(self, character: int) -> Avatar:
        avatar = self._players.avatars.of_character(character)
        if avatar is None:
            raise KeyError(f"character {character} is not in the zone")
        return avatar

    def _leaving(self, avatar: Avatar) -> Leaving:
        entities = self._world.entities
        row = avatar.entity_row
        record = self._game.save_rows(self._world, np.array([row], np.intp)).tobytes()
        return Leaving(
            float(entities["x"][row]), float(entities["y"][row]), record, self._last_input(avatar), avatar.session
        )

    def _last_input(self, avatar: Avatar) -> int:
        if avatar.connection == NOBODY or avatar.frozen:
            return avatar.last_input
        return int(self._arrays.queues["applied"][avatar.connection])

    # What players are told.

    def offer_passage(self, character: int, target: ZoneKey, token: bytes) -> None:
        """Tells the player of a token, or that it is withdrawn."""
        self._tell(character, messages.passage(target.zone, token))

    def tell_wall(self, character: int, target: ZoneKey) -> None:
        """Tells the player that it cannot go on."""
        self._tell(character, messages.wall(target.zone))

    def _tell(self, character: int, body: bytes) -> None:
        avatar = self._players.avatars.of_character(character)
        if avatar is not None and avatar.connection != NOBODY:
            self._talk.tell(avatar.connection, body)

    def make_token(self, character: int, name: str, session: int) -> bytes:
        """A token for a passage into this zone."""
        return self._passage_token(character, name, session)

    def refuse(self, connection: int, reason: str) -> None:
        """Ends a connection whose character may not play here."""
        if connection in self._players.waiting:
            self._players.num_leaves["refused"] += 1
            self._players.end_connection(connection, self.now_ns)

    # Neighbours.

    def receive_effect(self, source: ZoneKey, body: bytes) -> None:
        """A neighbour's entity did something to one of ours."""
        self._hearers.effect(source, body)

    def receive_talk(self, source: ZoneKey, body: bytes) -> None:
        """Something said in another zone."""
        self._hearers.talk(source, body)

    def receive_border(self, source: ZoneKey, body: bytes, now_ns: int) -> None:
        """The newest state of a neighbour's entities near our border."""
        index = self._neighbour_index.get(source.zone)
        if index is not None:
            self._border.receive(index, body, now_ns)
