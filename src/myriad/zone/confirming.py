"""What players are promised when a cut is durable: which movements of theirs cannot be lost any more.

Responsible for: reading a cut's ledger entries, the CONFIRMED messages that belong to it, and sending them when it is
committed.
Not here: the ledger itself (the game writes it, `storage/` keeps it), delivery (channel 1).

Invariant: nothing is confirmed before the cut with it is committed; cuts are committed in the order in which they were
taken.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from myriad.cluster.requests import HOLDER_CHARACTER, HOLDER_GROUND, Holder, LedgerEntry
from myriad.game.game import Game
from myriad.sim.world import World
from myriad.wire.layouts import ASSET_LEVEL
from myriad.zone import messages
from myriad.zone.avatars import Avatars
from myriad.zone.chat import Talk


class Confirming:
    """The promises of one zone."""

    def __init__(self, game: Game, world: World, avatars: Avatars, talk: Talk, ground: int) -> None:
        """`ground` is the id under which the store knows this zone's ground."""
        self.num_confirmed = 0
        self._game = game
        self._world = world
        self._avatars = avatars
        self._talk = talk
        self._ground = ground
        self._waiting: deque[list[tuple[int, int, bytes]]] = deque()
        self._owed: dict[int, dict[int, bytes]] = {}
        """By character without a connection, the newest promise for each asset."""

    @property
    def urgent(self) -> bool:
        """True if something happened to a character since the last cut that it must not lose."""
        count = int(self._world.clock["num_ledger"][0])
        if count == 0:
            return False
        rows = self._world.ledger[:count]
        return bool(np.any(rows["source_kind"] == HOLDER_CHARACTER) or np.any(rows["target_kind"] == HOLDER_CHARACTER))

    def take(self) -> tuple[LedgerEntry, ...]:
        """The entries since the last call, for a cut; what it confirms waits for `committed`."""
        count = int(self._world.clock["num_ledger"][0])
        rows = self._world.ledger[:count].tolist()
        self._world.clock["num_ledger"][0] = 0
        entries = []
        changed: dict[tuple[int, int], int] = {}
        for asset, reason, source_kind, target_kind, amount, source, target in rows:
            for kind, character in ((source_kind, source), (target_kind, target)):
                if kind == HOLDER_CHARACTER:
                    changed[character, asset] = reason
            if asset != ASSET_LEVEL:
                entries.append(
                    LedgerEntry(
                        asset, amount, self._holder(source_kind, source), self._holder(target_kind, target), reason
                    )
                )
        self._waiting.append(self._promises(changed))
        return tuple(entries)

    def committed(self) -> None:
        """The oldest cut taken is durable: its players are told, those of them who are here."""
        for character, asset, body in self._waiting.popleft() if self._waiting else ():
            avatar = self._avatars.of_character(character)
            if avatar is None:
                continue
            if avatar.connection >= 0:
                self._talk.tell_inventory(avatar.connection, body)
                self.num_confirmed += 1
            else:
                self._owed.setdefault(character, {})[asset] = body

    def pay(self, character: int, connection: int) -> None:
        """The player of `character` is there again, on `connection`: it is told what became durable meanwhile."""
        for body in self._owed.pop(character, {}).values():
            self._talk.tell_inventory(connection, body)
            self.num_confirmed += 1

    def forget(self, character: int) -> None:
        """`character` is no longer here."""
        self._owed.pop(character, None)

    def _holder(self, kind: int, character: int) -> Holder:
        return Holder(kind, self._ground if kind == HOLDER_GROUND else character)

    def _promises(self, changed: dict[tuple[int, int], int]) -> list[tuple[int, int, bytes]]:
        promises = []
        for (character, asset), reason in changed.items():
            avatar = self._avatars.of_character(character)
            if avatar is None:
                continue
            serial = int(self._world.entities["ledger_serial"][avatar.entity_row])
            balance = self._game.balance(self._world, avatar.entity_row, asset)
            promises.append((character, asset, messages.confirmed(serial, reason, asset, balance)))
        return promises
