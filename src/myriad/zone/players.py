"""Who comes to a zone, plays there and goes: connections and avatars, joined.

Responsible for: letting connections in, opening and closing sessions, avatars that linger, and the counts of all that.
Not here: who owns a character (`zone/world_part.py`), packets (`netcode/`), messages but the welcome (`zone/chat.py`).

Invariants: a connection has at most one avatar; a session row is active exactly while its connection has an avatar; a
connection without one is let in, waits for the store or a handoff, or is ended at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from myriad.core.log_lines import Lines
from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.netcode.acks import reset_acks
from myriad.netcode.reliable import Inbox, reset_reliable
from myriad.netcode.server import Joined, Left, disconnect
from myriad.netcode.server_arrays import LEFT_DISCONNECTED
from myriad.replication.viewers import view_enter
from myriad.sim.columns import FROZEN
from myriad.sim.input_queue import reset_queue
from myriad.wire.datagram import Batch
from myriad.wire.layouts import CELL_UNITS, UNITS_PER_M
from myriad.wire.token_data import TokenData, unpack_token_data
from myriad.zone import messages
from myriad.zone.arrays import ZoneArrays
from myriad.zone.avatars import NOBODY, Avatar, Avatars
from myriad.zone.chat import Talk
from myriad.zone.farewells import Farewells
from myriad.zone.overload import RUNGS, OverloadLadder
from myriad.zone.sessions import SESSION
from myriad.zone.trade import Trades

NS_PER_S = 1_000_000_000

_LOG = Lines(__name__)


ATTENTION_HZ = 10
"""So often the slow lane looks at what is due by time, who is near a border, and shows neighbours theirs: who sees that
stands a cell or more away, and clients draw 100 ms behind. What comes in is looked at in the next tick."""


class Outbox:
    """The datagrams that a zone sends at the end of its turn: `batch[:used]`."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.used = 0
        self._handed_over = False

    def hand_over(self) -> tuple[Batch, int]:
        """The datagrams to send now; valid until the next `begin`."""
        self._handed_over = True
        return self.batch, self.used

    def begin(self) -> None:
        """Before anything is written: what was handed over makes room, what was not stays."""
        if self._handed_over:
            self._handed_over = False
            self.used = 0


class Ownership(Protocol):
    """Who decides whether a character may play here, where zones form a world (`zone/world_part.py`)."""

    def joined(self, connection: int, data: TokenData, now_ns: int) -> bool:
        """Somebody has come. True: its avatar is here and takes the connection. False: the connection waits for the
        store or a handoff, or was ended during the call."""
        ...

    def caller_left(self, connection: int, data: TokenData, now_ns: int) -> None:
        """A connection that waited has ended."""
        ...

    def gone(self, avatar: Avatar, now_ns: int) -> None:
        """The player of `avatar` has left for good; its last state is to be kept, and then it is taken out."""
        ...

    def detached(self, avatar: Avatar, now_ns: int) -> None:
        """Nobody plays `avatar` for now."""
        ...

    def attached(self, avatar: Avatar) -> None:
        """`avatar` is played through its connection from now on."""
        ...

    def forgotten(self, avatar: Avatar) -> None:
        """`avatar` is no longer the zone's."""
        ...


class Players:
    """Everybody in one zone."""

    def __init__(
        self,
        name: str,
        game: Game,
        arrays: ZoneArrays,
        settings: Settings,
        *,
        avatars: Avatars,
        talk: Talk,
        trades: Trades,
        inbox: Inbox,
        ladder: OverloadLadder,
        out: Outbox,
    ) -> None:
        self.avatars = avatars
        self.ownership: Ownership | None = None
        """None: the zone stands alone, and whoever has a token plays."""
        self.greetings: Callable[[], list[bytes]] = list
        """Control messages for everybody who comes in, after the welcome."""
        self.retired: dict[int, int] = {}
        """Connections whose avatars departed, and until when they are kept in silence (ns)."""
        self.waiting: dict[int, TokenData] = {}
        """By connection: those who are let in once their character is the zone's."""
        self.farewells = Farewells(arrays)
        self.num_joins = 0
        self.num_leaves = {"disconnected": 0, "timed_out": 0, "kicked": 0, "superseded": 0, "departed": 0, "refused": 0}
        self._name = name
        self._game = game
        self._arrays = arrays
        self._settings = settings
        self._talk = talk
        self._trades = trades
        self._inbox = inbox
        self._ladder = ladder
        self._out = out

    # Coming.

    def join(self, joined: Joined, now_ns: int) -> None:
        """A connection is authentic: it plays, waits or is ended."""
        self.retired.pop(joined.row, None)
        data = unpack_token_data(joined.user_data)
        if data is None or not self._admit(joined.row, data, now_ns):
            self.end_connection(joined.row, now_ns)

    def _admit(self, connection: int, data: TokenData, now_ns: int) -> bool:
        if self.ownership is not None:
            self.waiting[connection] = data
            if not self.ownership.joined(connection, data, now_ns):
                return True
            self.waiting.pop(connection, None)
        avatar = self.avatars.of_character(data.character)
        if avatar is not None:
            return self._take_over(avatar, connection, data.session, now_ns)
        if data.passage or self.ownership is not None:
            return False
        avatar = self._spawn(data, connection)
        if avatar is None:
            return False
        self.open_session(avatar, 0, now_ns)
        return True

    def _take_over(self, avatar: Avatar, connection: int, session: int, now_ns: int) -> bool:
        """The newest session wins; a frozen avatar is nobody's to take until its handoff is decided.

        Another session is somebody else, and whoever played before is told so, or both would take the avatar from each
        other for ever. The same session has lost its connection. A zone that stands alone cannot tell the two apart.

        Inputs are numbered through the life of the avatar: were they to begin again, those of an older session that
        comes back could be applied a second time.
        """
        if avatar.frozen:
            return False
        if avatar.connection != NOBODY:
            self.num_leaves["superseded"] += 1
            if self.ownership is None or session == avatar.session:
                self.drop_connection(avatar.connection, now_ns)
            else:
                self._bid_farewell(avatar, now_ns)
        last_input = avatar.last_input
        self._game.attach(self._arrays.world, avatar.entity_row, connection)
        self.avatars.connect(avatar, connection, session)
        self.open_session(avatar, last_input, now_ns)
        return True

    def _bid_farewell(self, avatar: Avatar, now_ns: int) -> None:
        """The connection of `avatar` is told that somebody else plays on, and then ended."""
        row = avatar.connection
        self._part(avatar, now_ns)
        self._talk.tell(row, messages.goodbye(messages.SUPERSEDED))
        self.farewells.begin(row, now_ns)
        self._say_farewells(now_ns)

    def _say_farewells(self, now_ns: int) -> None:
        self._out.used, over = self.farewells.say(self._out.batch, self._out.used, now_ns)
        for row in over:
            self.end_connection(row, now_ns)

    def _spawn(self, data: TokenData, connection: int) -> Avatar | None:
        x, y = (None, None) if data.spawn is None else (data.spawn[0] / UNITS_PER_M, data.spawn[1] / UNITS_PER_M)
        row = self._game.spawn_player(self._arrays.world, data.character, connection, data.name, x, y)
        if row < 0:
            return None
        avatar = Avatar(data.character, data.session, data.name, row, connection)
        self.avatars.add(avatar)
        return avatar

    def enter(self, avatar: Avatar, now_ns: int) -> None:
        """`avatar`, which stands in the world already, is in the zone; with a connection it plays at once."""
        self.avatars.add(avatar)
        if avatar.connection == NOBODY:
            self.avatars.disconnect(avatar, now_ns + int(self._settings.linger_s * NS_PER_S))
            self._game.detach(self._arrays.world, avatar.entity_row)
            return
        self.waiting.pop(avatar.connection, None)
        self.open_session(avatar, avatar.last_input, now_ns)

    def open_session(self, avatar: Avatar, last_input: int, now_ns: int) -> None:
        """The connection of `avatar` plays from now on; `last_input` is the last one that was applied to it."""
        row, entity = avatar.connection, avatar.entity_row
        arrays, entities = self._arrays, self._arrays.world.entities
        self.num_joins += 1
        reset_acks(arrays.acks, row, 0, 0)
        reset_reliable(arrays.reliable, row, 0, 0)
        self._inbox.forget(row)
        view_enter(
            arrays.viewers, row, int(entities["qx"][entity]) // CELL_UNITS, int(entities["qy"][entity]) // CELL_UNITS, 0
        )
        arrays.sessions[row] = np.zeros((), SESSION)
        arrays.sessions["entity_row"][row] = entity
        arrays.sessions["rate_kbit"][row] = self._settings.rate_kbit_start
        arrays.sessions["active"][row] = 1
        reset_queue(arrays.queues, row, entity, last_input)
        arrays.queues["bucket"][row] = avatar.bucket
        self._talk.begin(avatar.character, now_ns)
        welcome = messages.welcome(
            avatar.character, self._settings.tick_hz, self._settings.snapshot_hz, last_input, self._name
        )
        self._talk.tell(row, welcome)
        for body in self.greetings():
            self._talk.tell(row, body)
        _LOG.info("%s joined", avatar.name, character=avatar.character, session=avatar.session)
        if self.ownership is not None:
            self.ownership.attached(avatar)
        if self._ladder.rung:
            rung = RUNGS[self._ladder.rung]
            self._talk.tell(row, messages.load_notice(self._ladder.rung, rung.dilation, rung.name))

    # Going.

    def left(self, left: Left, now_ns: int) -> None:
        """A connection has ended."""
        self.retired.pop(left.row, None)  # its row may be another's soon
        self.farewells.forget(left.row)
        data = self.waiting.pop(left.row, None)
        if data is not None and self.ownership is not None:
            self.ownership.caller_left(left.row, data, now_ns)
        avatar = self.avatars.of_connection(left.row)
        if avatar is None:
            return
        self._close_session(avatar, now_ns)
        reason = "disconnected" if left.reason == LEFT_DISCONNECTED else "timed_out"
        self.num_leaves[reason] += 1
        _LOG.info("%s left", avatar.name, character=avatar.character, session=avatar.session, reason=reason)
        if left.reason == LEFT_DISCONNECTED:
            self.remove(avatar, now_ns)

    def expire(self, now_ns: int) -> None:
        """Avatars that have lingered long enough leave, and so do connections that were told goodbye."""
        if self.farewells:
            self._say_farewells(now_ns)
        if self.avatars.num_connected < len(self.avatars):
            for avatar in self.avatars.expired(now_ns):
                if not avatar.frozen:
                    self.remove(avatar, now_ns)

    def remove(self, avatar: Avatar, now_ns: int) -> None:
        """The player of `avatar` has left for good."""
        if self.ownership is not None:
            self.ownership.gone(avatar, now_ns)
        else:
            self.take_out(avatar)

    def take_out(self, avatar: Avatar) -> None:
        """`avatar` is no longer in the world."""
        self.forget(avatar)
        self._game.remove(self._arrays.world, avatar.entity_row)

    def forget(self, avatar: Avatar) -> None:
        """`avatar` is no longer the zone's; its row is the caller's."""
        self.avatars.remove(avatar)
        if self.ownership is not None:
            self.ownership.forgotten(avatar)
        self._talk.end(avatar.character)
        self._trades.gone(avatar.character)

    def let_go(self, avatar: Avatar, until_ns: int) -> None:
        """The connection of a departing avatar, if it has one, goes on without one, in silence, until `until_ns`."""
        row = avatar.connection
        if row != NOBODY:
            self._quiet(row)
            self._forget_words(row)
            self.avatars.disconnect(avatar, 0)
            self.retired[row] = until_ns

    def end_retired(self, now_ns: int) -> None:
        """Ends those connections whose silence has lasted long enough."""
        for row in [row for row, until_ns in self.retired.items() if until_ns <= now_ns]:
            del self.retired[row]
            self.end_connection(row, now_ns)

    def drop_connection(self, row: int, now_ns: int) -> None:
        """End a connection from this side; its avatar lingers."""
        avatar = self.avatars.of_connection(row)
        if avatar is not None:
            self._close_session(avatar, now_ns)
        self.end_connection(row, now_ns)

    def end_connection(self, row: int, now_ns: int) -> None:
        """End a connection that has no avatar."""
        self.waiting.pop(row, None)
        self._out.used = int(disconnect(self._arrays.server, row, self._out.batch, self._out.used, now_ns))

    def freeze(self, avatar: Avatar) -> None:
        """Nothing happens to `avatar` from now on; what its player sends waits at the client."""
        self._trades.cancel(avatar.character)
        avatar.frozen = True
        world = self._arrays.world
        world.entities["flags"][avatar.entity_row] |= FROZEN
        world.inputs["count"][avatar.entity_row] = 0
        if avatar.connection != NOBODY:
            avatar.last_input = int(self._arrays.queues["applied"][avatar.connection])
            self._arrays.queues["entity_row"][avatar.connection] = -1

    def thaw(self, avatar: Avatar) -> None:
        """`avatar` goes on."""
        avatar.frozen = False
        self._arrays.world.entities["flags"][avatar.entity_row] &= ~np.uint8(FROZEN)
        if avatar.connection != NOBODY:
            self._arrays.queues["entity_row"][avatar.connection] = avatar.entity_row

    def _close_session(self, avatar: Avatar, now_ns: int) -> None:
        """The avatar lingers without a connection from now on."""
        row = avatar.connection
        self._part(avatar, now_ns)
        self._forget_words(row)

    def _part(self, avatar: Avatar, now_ns: int) -> None:
        """As `_close_session`, but what waits to be told to the connection is kept."""
        row = avatar.connection
        self._trades.cancel(avatar.character)
        avatar.last_input = int(self._arrays.queues["applied"][row])
        avatar.bucket = int(self._arrays.queues["bucket"][row])
        self._quiet(row)
        self.avatars.disconnect(avatar, now_ns + int(self._settings.linger_s * NS_PER_S))
        self._game.detach(self._arrays.world, avatar.entity_row)
        if self.ownership is not None:
            self.ownership.detached(avatar, now_ns)

    def _quiet(self, row: int) -> None:
        arrays = self._arrays
        arrays.sessions["active"][row] = 0
        arrays.sessions["entity_row"][row] = -1
        reset_queue(arrays.queues, row, -1, 0)
        self._inbox.forget(row)

    def _forget_words(self, row: int) -> None:
        """What waits to be told to a connection is not told any more."""
        reset_reliable(self._arrays.reliable, row, 0, 0)
