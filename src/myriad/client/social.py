"""What a player has to do with others: talk, trade, and what the world tells it.

Responsible for: keeping what was heard, and saying things.
Not here: bytes (`client/messages.py`), delivery (`client/session.py`), entities in view (`client/sight.py`).

Invariant: what is kept is bounded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

from myriad.client import messages
from myriad.client.messages import Chat, Confirmed, Message, Trade, Wall, WorldEvent
from myriad.client.sight import Entity
from myriad.wire.layouts import CHANNEL_CHAT, CHANNEL_INVENTORY


class Social(ABC):
    """That side of a player."""

    def __init__(self) -> None:
        self.chats: deque[Chat] = deque(maxlen=256)
        """What was said lately, oldest first; take from its left what was read."""
        self.events: deque[WorldEvent] = deque(maxlen=64)
        """What began and ended world-wide lately, oldest first."""
        self.running: dict[int, WorldEvent] = {}
        """The events that go on now, by number."""
        self._before: dict[int, WorldEvent] = {}  # those that went on before the newest welcome
        self.confirmed: dict[int, int] = {}
        """What the server has promised: balance by asset (0: coins, 255: the level), as of `confirmed_serial`."""
        self.confirmed_serial = 0
        self.trade: Trade | None = None
        """The trade as it last stood."""
        self.wall = ""
        """The neighbouring zone that could not be entered last."""

    @abstractmethod
    def _tell(self, channel: int, body: bytes) -> bool:
        """Queues a message; false if too much waits to be sent."""

    def hear(self, message: Message | None) -> None:
        """Keeps what the server said."""
        match message:
            case Wall():
                self.wall = message.zone
            case WorldEvent():
                self._take_event(message)
            case Confirmed():
                self.confirmed[message.asset] = message.balance
                self.confirmed_serial = max(self.confirmed_serial, message.serial)
            case Trade():
                self.trade = message
            case Chat():
                self.chats.append(message)

    def arrive(self) -> None:
        """The player was made welcome in a zone: events that go on are told anew."""
        self.wall = ""
        self._before, self.running = self.running, {}

    def _take_event(self, event: WorldEvent) -> None:
        """Those that go on are told again after each welcome, which is no news."""
        known = self._before.pop(event.number, None) or self.running.pop(event.number, None)
        if event.started:
            self.running[event.number] = event
        if known is None or not event.started:
            self.events.append(event)

    def say(self, text: str, *, scope: str = "zone") -> bool:
        """Says something to the `zone`, to those `nearby` or to the `world`; false if too much waits to be sent.

        200 bytes at most. Raises KeyError for another scope.
        """
        return self._tell(CHANNEL_CHAT, messages.say(scope, text))

    def whisper(self, name: str, text: str) -> bool:
        """Says something to the player of that name alone, wherever in the world; false if too much waits."""
        return self._tell(CHANNEL_CHAT, messages.whisper(name, text))

    def ask_trade(self, partner: Entity | int) -> bool:
        """Asks a player close by to trade, or accepts that one's asking; `trade` shows what comes of it."""
        return self._tell(CHANNEL_INVENTORY, messages.ask_trade(id_of(partner)))

    def offer(self, *assets: tuple[int, int]) -> bool:
        """Puts (asset, amount) each into the open trade, instead of what was offered before."""
        return self._tell(CHANNEL_INVENTORY, messages.offer(assets))

    def confirm(self) -> bool:
        """Agrees to the trade as `trade` shows it; false if there is none."""
        return self.trade is not None and self._tell(CHANNEL_INVENTORY, messages.confirm(self.trade.version))

    def cancel(self) -> bool:
        """Ends the trade."""
        return self._tell(CHANNEL_INVENTORY, messages.cancel())

    def give(self, partner: Entity | int, asset: int, amount: int) -> bool:
        """Gives something to a player close by."""
        return self._tell(CHANNEL_INVENTORY, messages.give(id_of(partner), asset, amount))


def id_of(entity: Entity | int) -> int:
    """An entity's id, given either."""
    return entity if isinstance(entity, int) else entity.id
