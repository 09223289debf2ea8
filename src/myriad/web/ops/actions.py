"""What operators do: each action, carried out, and told among the events with who asked for it.

Responsible for: carrying actions out, and a sentence about what became of each.
Not here: who may (`access.py`), what a zone does with an order (`zone/orders.py`), starting and ending zones (the
supervisor).

Invariants: nothing is said to be done that was only asked for; a ban is in the store before anybody is sent away, so
that nobody comes back in between.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from myriad.cluster.events import TOPIC as EVENT_TOPIC
from myriad.cluster.events import GlobalEvent, encode_event
from myriad.cluster.orders import MAX_REASON_BYTES, Kick, Notice, Order, encode_order
from myriad.cluster.orders import TOPIC as ORDER_TOPIC
from myriad.cluster.requests import (
    PLAYING,
    AccountRow,
    BanAccount,
    CharacterRow,
    Characters,
    FindAccount,
    FindCharacter,
    ListCharacters,
    UnbanAccount,
    ZoneKey,
)
from myriad.runtime.control import SupervisorSilent
from myriad.web.gateway.ports import StorePort
from myriad.web.ops import messages
from myriad.web.ops.messages import Action, Done
from myriad.web.ops.operations import Operations
from myriad.web.refusals import Refusal
from myriad.wire.layouts import EVENT_ENDED, EVENT_STARTED

KICKED: Final = "an operator ended the session"
LOOK_AGAIN_S: Final = 0.15
ORDER_AGAIN: Final = 7
"""After so many looks in vain the order is given again: the character may have gone over to another zone."""
LOOKS: Final = 30
LONGEST_S: Final = 366 * 100 * 86400.0


class Actions:
    """See above."""

    def __init__(self, operations: Operations, store: StorePort) -> None:
        self._operations = operations
        self._store = store

    async def carry_out(self, action: Action, by: str) -> Done:
        """Raises Refusal if it cannot be done, StoreUnavailable if the store is needed and does not answer."""
        match action:
            case messages.Announce():
                text, key = self._announce(action)
            case messages.Kick():
                text, key = await self._kick(action)
            case messages.Ban():
                text, key = await self._ban(action, by), None
            case messages.Unban():
                text, key = await self._unban(action.name), None
            case messages.Drain(zone, layer):
                text, key = await self._command("drain", ZoneKey(zone, layer), by)
            case messages.RestartZone(zone, layer):
                text, key = await self._command("restart", ZoneKey(zone, layer), by)
            case messages.StartZone(zone):
                text, key = await self._command("start", ZoneKey(zone), by)
            case messages.StartEvent():
                text, key = self._start_event(action), None
            case messages.StopEvent(event):
                text, key = self._stop_event(event), None
        self._operations.log.note(self._operations.wall(), "action", f"{by}: {text}", key=key)
        return Done(True, text)

    # Players.

    def _announce(self, action: messages.Announce) -> tuple[str, ZoneKey | None]:
        zone = action.zone or ""
        if zone and zone not in self._operations.gateway.world.map.by_name:
            raise Refusal(404, "no_zone", f"there is no zone {zone}")
        text = " ".join(action.text.split())
        self._order(Notice(secrets.randbits(63), zone, text))
        where = f"to {zone}" if zone else "to the whole world"
        return f"announced {where}: {text}", ZoneKey(zone) if zone else None

    async def _kick(self, action: messages.Kick) -> tuple[str, ZoneKey | None]:
        if (action.name is None) == (action.character is None):
            raise Refusal(400, "bad_request", "kick by name or by character")
        who = action.name if action.name is not None else f"character {action.character}"
        playing = [row for row in await self._characters(action) if row.presence == PLAYING]
        if not playing:
            raise Refusal(404, "not_here", f"{who} is not in the world")
        await self._send_away(playing, action.reason or KICKED)
        names = " and ".join(row.name for row in playing)
        because = f": {action.reason}" if action.reason else ""
        return f"sent {names} away{because}", playing[0].owner

    async def _characters(self, action: messages.Kick) -> list[CharacterRow]:
        """The character of that number or name, else those of the account of that name."""
        wish = FindCharacter(character=action.character or 0, name=action.name or "")
        found = await self._store.ask(wish)
        if isinstance(found, CharacterRow) and found.presence == PLAYING:
            return [found]
        account = await self._store.ask(FindAccount(action.name)) if action.name else None
        return await self._all_of(account) if isinstance(account, AccountRow) else []

    async def _all_of(self, account: AccountRow) -> list[CharacterRow]:
        listed = await self._store.ask(ListCharacters(account.account))
        return list(listed.rows) if isinstance(listed, Characters) else []

    async def _send_away(self, playing: list[CharacterRow], reason: str) -> None:
        """Returns once the store says that they are gone. Raises Refusal if it does not in time."""
        waiting = {row.character: row.hop for row in playing}
        reason = _cut(reason, MAX_REASON_BYTES)
        for look in range(LOOKS):
            if look % ORDER_AGAIN == 0:
                for character in waiting:
                    self._order(Kick(character, reason))
            await asyncio.sleep(LOOK_AGAIN_S)
            for character, hop in list(waiting.items()):
                row = await self._store.ask(FindCharacter(character=character))
                # Two hops on: away, and back again already.
                if not isinstance(row, CharacterRow) or row.presence != PLAYING or row.hop >= hop + 2:
                    del waiting[character]
            if not waiting:
                return
        raise Refusal(503, "not_confirmed", "it was ordered, but the zone has not said that the player is gone", 1.0)

    async def _ban(self, action: messages.Ban, by: str) -> str:
        now_s = self._operations.wall()
        if action.until_s is not None and not now_s < action.until_s < now_s + LONGEST_S:
            raise Refusal(400, "bad_request", "until_s is a moment to come, as seconds since 1970")
        account = await self._account(action.name)
        until_ms = round(action.until_s * 1000) if action.until_s is not None else 0
        reason = _cut(" ".join(action.reason.split()), MAX_REASON_BYTES)
        await self._store.ask(BanAccount(account.account, until_ms, reason, by))
        banned = AccountRow(account.account, account.name, None, True, until_ms, reason)
        playing = [row for row in await self._all_of(account) if row.presence == PLAYING]
        if playing:
            await self._send_away(playing, banned.ban_text)
        return f"banned: {banned.ban_text}"

    async def _unban(self, name: str) -> str:
        account = await self._account(name)
        await self._store.ask(UnbanAccount(account.account))
        return f"{account.name} may play again" if account.banned else f"{account.name} was not banned"

    async def _account(self, name: str) -> AccountRow:
        """Of that name, or of the character of that name."""
        found = await self._store.ask(FindAccount(name))
        if not isinstance(found, AccountRow):
            character = await self._store.ask(FindCharacter(name=name)) if name else None
            if isinstance(character, CharacterRow):
                found = await self._store.ask(FindAccount(account=character.account))
        if not isinstance(found, AccountRow):
            raise Refusal(404, "no_such_player", f"there is no account and no character called {name}")
        return found

    def _order(self, order: Order) -> None:
        try:
            self._operations.sources.publish(ORDER_TOPIC, encode_order(order))
        except ValueError as error:
            raise Refusal(400, "bad_request", str(error)) from None

    # Zones.

    async def _command(self, what: str, key: ZoneKey, by: str) -> tuple[str, ZoneKey]:
        if key.zone not in self._operations.gateway.world.map.by_name:
            raise Refusal(404, "no_zone", f"there is no zone {key.zone}")
        if not self._operations.sources.supervised:
            raise Refusal(
                409, "unsupervised", "no supervisor runs this world: start and stop the zone's process by hand"
            )
        message = {"type": "command", "what": what, "zone": key.zone, "layer": key.layer, "by": by}
        try:
            answer = await self._operations.sources.command(message)
        except SupervisorSilent as error:
            raise Refusal(503, "not_confirmed", str(error), 1.0) from None
        if not answer["ok"]:
            raise Refusal(409, "not_now", answer["text"])
        return answer["text"], key

    # Events.

    def _start_event(self, action: messages.StartEvent) -> str:
        if action.seconds is not None and not 0 < action.seconds < LONGEST_S:
            raise Refusal(400, "bad_request", "seconds is how long the event lasts")
        if action.name in self._operations.running_events().values():
            raise Refusal(409, "runs_already", f"an event called {action.name} runs already")
        ends_ms = 0 if action.seconds is None else round((self._operations.wall() + action.seconds) * 1000)
        text = " ".join(action.text.split())
        self._publish_event(EVENT_STARTED, GlobalEvent(secrets.randbits(32), action.name, text, ends_ms))
        return f"started the event {action.name}"

    def _stop_event(self, number: int) -> str:
        name = self._operations.running_events().get(number)
        if name is None:
            raise Refusal(404, "no_event", "no such event runs")
        self._publish_event(EVENT_ENDED, GlobalEvent(number, name, ""))
        return f"stopped the event {name}"

    def _publish_event(self, phase: int, event: GlobalEvent) -> None:
        try:
            self._operations.sources.publish(EVENT_TOPIC, encode_event(phase, event))
        except ValueError as error:
            raise Refusal(400, "bad_request", str(error)) from None


def _cut(text: str, size: int) -> str:
    """What fits into `size` bytes."""
    return text.encode(errors="replace")[:size].decode(errors="ignore")
