"""What a client of a real zone sent and received, payload by payload, with what Python's client made of each.

Records `Stepper` and `WorldStepper` clients. A capture is a list of steps, in order:

    {"ms", "down": row, "payload", "after"}  a payload came; afterwards the connection's state in words has this hash
    {"ms", "up": row, "payload"}             a payload left
    {"push": [buttons, direction, magnitude, heading, ticks, intent, argument]}  inputs were made
    {"tell": channel, "payload"}             a message was queued

`own` and `zone` say, where they are, what is predicted of the avatar afterwards, and in which zone it is. Payloads are
base64. The words that are hashed are `words_of`; `browser_words.js` writes the same ones.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from nacl import bindings

import tests.scenarios.stepper as stepper_module
from emberdale.game import GAME
from myriad.client import player as player_module
from myriad.client.arrays import Clients
from myriad.client.inputs import push_input
from myriad.client.player import Player
from myriad.client.receiving import receive_datagram
from myriad.netcode.addresses import to_words
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.replication.view_listing import VISIBLE, part_digest, visible_entities
from myriad.wire.layouts import CHANNEL_CHAT
from tests.scenarios.stepper import SERVER_WORDS, Stepper, Weather, put
from tests.scenarios.world_stepper import Walker, WorldStepper

VERSION = b"NETCODE 1.02\0"
PAYLOAD = 5
TAG_BYTES = 16
_OUT = np.zeros(4096, VISIBLE)


def fnv(text: str) -> str:
    """FNV-1a, 32 bits, of UTF-8."""
    found = 0x811C9DC5
    for byte in text.encode():
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{found:08x}"


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Counted(NamedTuple):
    """Counters of a row, which go on when a connection begins there anew."""

    sections: int = 0
    undecodable: int = 0
    events: int = 0


NOTHING_COUNTED = Counted()


def counted(clients: Clients, row: int) -> Counted:
    view = clients.views.views[row]
    return Counted(int(view["sections"]), int(view["undecodable"]), int(view["num_events"]))


def words_of(clients: Clients, row: int, since: Counted) -> str:
    """All that a connection knows, in words that are the same in every language."""
    state, views = clients.states[row], clients.views
    lines = ["head " + ",".join(str(int(state[f])) for f in ("tick", "last_input", "buffer_hint", "dilation"))]
    lines.append("own " + (state["own"][: GAME.own_dtype.itemsize].tobytes().hex() if state["has_own"] else ""))
    private = state["private"][: GAME.private_dtype.itemsize].tobytes().hex() if state["has_private"] else ""
    lines.append("private " + private)
    view = views.views[row]
    for y in range(int(view["view_y"]) - 2, int(view["view_y"]) + 3):
        for x in range(int(view["view_x"]) - 2, int(view["view_x"]) + 3):
            for number in range(8):
                tick, digest = (int(v) for v in part_digest(views, row, x, y, number))
                if tick >= 0 and view["has_tick"]:
                    lines.append(f"part {x},{y},{number} {tick} {digest:016x}")
    count = int(visible_entities(views, row, int(state["tick"]), _OUT))
    fields = ("id", "tick", "qx", "qy", "cell_x", "cell_y", "heading", "hp", "state", "kind", "lingering")
    lines += sorted("sees " + ",".join(str(int(one[f])) for f in fields) for one in _OUT[:count])
    for k in range(int(view["num_nacks"])):
        asked = (int(view[f][k]) for f in ("nack_x", "nack_y", "nack_part", "nack_generation"))
        lines.append("asks " + ",".join(map(str, asked)))
    now = counted(clients, row)
    lines.append(f"sections {now.sections - since.sections},{now.undecodable - since.undecodable}")
    for k in range(max(since.events, now.events - 8), now.events):
        event = views.events[row, k % 64]
        lines.append("event " + ",".join(str(int(event[f])) for f in ("tick", "kind", "target", "amount", "source")))
    return "\n".join(lines)


class Tape:
    """What is recorded of one player."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.last_words = ""

    def down(
        self, clients: Clients, row: int, ms: float, raw: bytes, opened: np.ndarray, since: Counted = NOTHING_COUNTED
    ) -> None:
        """`raw` came to `row` and was taken in; `opened` is what became of it; `since` as it began there."""
        if raw[0] & 15 != PAYLOAD or clients.net.clients["state"][row] != CLIENT_CONNECTED:
            return
        start = 1 + (raw[0] >> 4)
        payload = opened[start : len(raw) - TAG_BYTES].tobytes()
        self.last_words = words_of(clients, row, since)
        step = {"ms": ms, "down": row, "payload": encoded(payload), "after": fnv(self.last_words)}
        self.steps.append(step)

    def up(self, clients: Clients, row: int, ms: float, raw: bytes) -> None:
        """`row` sends `raw`."""
        if raw[0] & 15 != PAYLOAD:
            return
        size = raw[0] >> 4
        protocol = int(clients.net.clients["request"][row][14:22].view("<u8")[0]).to_bytes(8, "little")
        key = clients.net.connections["send_key"][row].tobytes()
        nonce = bytes(4) + int.from_bytes(raw[1 : 1 + size], "little").to_bytes(8, "little")
        associated = VERSION + protocol + raw[:1]
        payload = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(raw[1 + size :], associated, nonce, key)
        self.steps.append({"ms": ms, "up": row, "payload": encoded(payload)})


class TapedStepper(Stepper):
    """A zone whose client 0 is recorded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tape = Tape()
        self.began_ns = self.now_ns

    @property
    def ms(self) -> float:
        return (self.now_ns - self.began_ns) / 1e6

    def say(self, row: int, scope: int, text: str) -> None:
        super().say(row, scope, text)
        if row == 0:
            body = bytes([1, scope]) + text.encode()
            self.tape.steps.append({"tell": CHANNEL_CHAT, "payload": encoded(body)})

    def _send_up(self, row: int, used: int) -> None:
        if row == 0:
            for i in range(used):
                raw = self._out["data"][i, : self._out["length"][i]].tobytes()
                self.tape.up(self.clients, 0, self.ms, raw)
        super()._send_up(row, used)

    def _deliver_down(self) -> None:
        batch, count = self.zone.outgoing
        for i in range(count):
            row = self._rows[tuple(int(w) for w in batch["address"][i])]
            self._fly(False, row, batch["data"][i, : batch["length"][i]].tobytes())
        for row, raw in self._arrived(False):
            put(self._in, 0, raw, SERVER_WORDS)
            outcome = int(receive_datagram(self.clients, row, self._in, 0, self.now_ns))
            if row == 0 and outcome != 0:
                self.tape.down(self.clients, 0, self.ms, raw, self._in["data"][0])
            if self.clients.reliable.state["num_inbox"][0]:
                self.inbox.take()


def storm(seed: int, weather: Weather, ticks: int) -> dict[str, Any]:
    """Twelve players and animals in one place, in some weather; who is seen walks, runs, fights and talks."""
    world = TapedStepper(12, seed=seed, npcs=60, weather=weather)
    tape = world.tape

    def push(queues: Any, row: int, *given: int) -> int:
        if row == 0:
            tape.steps.append({"push": list(given)})
        return int(push_input(queues, row, *given))

    with patch.object(stepper_module, "push_input", push):
        dice = np.random.default_rng(seed)
        for row in range(12):
            world.join(row, spawn=(500.0 + row % 4, 500.0 + row // 4))
        for tick in range(ticks):
            for row in range(12):
                if dice.random() < 0.03:
                    world.hold(
                        row, int(dice.integers(0, 256)), int(dice.choice((0, 120, 255))), int(dice.integers(0, 2))
                    )
            if tick > 200 and tick % 40 == 0:
                near = [int(one["id"]) for one in world.visible(0) if int(one["id"]) < 1 << 24]
                for row in range(12):
                    world.act(row, 1, int(dice.choice(near)) if near else 0)
                world.say(tick // 40 % 12, int(dice.integers(0, 2)), f"at {tick} ✓")
            world.step()
    assert world.num_joined == 12
    return {"name": f"storm {seed}", "tick_hz": 60, "steps": tape.steps, "last": tape.last_words}


class TapedWorld(WorldStepper):
    """A world whose first walker is recorded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tape = Tape()
        self.counted: dict[tuple[int, int], Counted] = {}
        super().__init__(*args, **kwargs)
        self.began_ns = self.now_ns

    def _run_walker(self, walker: Walker, arrived: Any) -> None:
        if walker is not self.walkers[0]:
            super()._run_walker(walker, arrived)
            return
        ms = (self.now_ns - self.began_ns) / 1e6
        player, clients = walker.player, walker.player._arrays
        for row, (number, address) in list(walker.ports.items()):
            since = self.counted.setdefault((row, number), counted(clients, row))
            for sender, raw in arrived.get(address, []):
                put(self._out, 0, raw, to_words(sender))
                player.receive(self._out, 1, self.now_ns, row)
                self.tape.down(clients, row, ms, raw, self._out["data"][0], since)
                self._note(player)
        super()._run_walker(walker, {})

    def _send(self, source: Any, target: Any, raw: bytes) -> None:
        walker = self.walkers[0] if self.walkers else None
        if walker is not None:
            for row, (_, address) in walker.ports.items():
                if address == source:
                    ms = (self.now_ns - self.began_ns) / 1e6
                    self.tape.up(walker.player._arrays, row, ms, raw)
        super()._send(source, target, raw)

    def _note(self, player: Player) -> None:
        """What is predicted after what came."""
        if player.ready:
            self.tape.steps[-1]["own"] = own_words(player)
            self.tape.steps[-1]["zone"] = player.zone


def own_words(player: Player) -> str:
    return ",".join(str(player.own[field]) for field in ("qx", "qy", "heading", "state", "stamina"))


def journey(seed: int, loss: float, y: float) -> dict[str, Any]:
    """A player runs over a border and comes back, and its friend watches."""
    world = TapedWorld(["zone-1", "zone-2"], seed=seed, npcs=40)
    tape = world.tape
    players: list[Any] = []

    def push(queues: Any, row: int, *given: int) -> int:
        if players and queues is players[0]._arrays.queues:
            tape.steps.append({"push": list(given)})
        return int(push_input(queues, row, *given))

    with patch.object(player_module, "push_input", push):
        ada = world.join("Ada", 990, y)
        players.append(ada.player)
        tell = ada.player._tell

        def tell_too(channel: int, body: bytes) -> bool:
            tape.steps.append({"tell": channel, "payload": encoded(body)})
            return tell(channel, body)

        ada.player._tell = tell_too  # type: ignore[method-assign]
        bob = world.join("Bob", 1004, y)
        assert world.wait_until(lambda: ada.player.ready and bob.player.ready, 300)
        world.loss = loss
        ada.player.walk(0.0, run=True)
        bob.player.walk(0.25)
        ada.player.say("over there, and " + "on " * 60 + "✓")
        assert world.wait_until(lambda: ada.player.zone == "zone-2" and ada.player.position[0] > 1006, 1500)
        ada.player.act("attack", bob.player.id)
        ada.player.walk(0.5)
        assert world.wait_until(lambda: ada.player.zone == "zone-1" and ada.player.position[0] < 994, 1500)
        ada.player.stop()
        world.loss = 0.0
        world.run(60)
    return {"name": f"journey {seed}", "tick_hz": 60, "steps": tape.steps, "last": tape.last_words}
