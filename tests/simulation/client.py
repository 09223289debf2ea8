"""A player: sends numbered inputs until they are confirmed, follows passages, and resumes after 500 ms of silence."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.beings import SIDE_M
from tests.simulation.timeline import NS_PER_S, Timeline
from tests.simulation.wires import Down, Gone, Input, Snapshot, Token, Up

STEP_S = 0.1
SILENT_S = 0.5
PATIENCE_S = 1.2
"""How long a token of the gateway is tried."""
DEEDS = ("", "", "", "", "mint", "find", "drop", "pick", "burn", "trade")
MAX_PENDING = 64
NEAR_BORDERS_M = (SIDE_M - 45.0, SIDE_M + 45.0)
"""Where players like to be: around the corner where all zones meet."""


class Client:
    def __init__(
        self,
        name: str,
        character: int,
        timeline: Timeline,
        *,
        new_number: Callable[[], int],
        send: Callable[[str, Up], None],
        play: Callable[[Client, bool], None],
    ) -> None:
        """`send` takes the address of a process; `play` asks the gateway for a token: a new session, or the old one."""
        self.name = name
        self.character = character
        self.session = 0
        self.stopped = False
        self.quiet = False
        """It goes where it goes, but does nothing that the ledger would know."""
        self._timeline = timeline
        self._new_number = new_number
        self._send = send
        self._play = play
        self._main: Token | None = None
        self._offers: dict[int, Token] = {}
        self._heard_ns = 0
        self._played_ns = -NS_PER_S
        self._patience_s = SILENT_S
        self._asking = False
        self._pending: list[Input] = []
        self._last_number = 0
        self._x = self._y = 0.0
        self._goal = (0.0, 0.0)

    @property
    def playing(self) -> bool:
        return self._timeline.now_ns - self._played_ns < 0.4 * NS_PER_S

    def login(self) -> None:
        self._ask(new_session=True)
        self._step()

    def stop(self) -> None:
        self.stopped = True

    def _step(self) -> None:
        if self.stopped:
            return
        self._timeline.after(STEP_S, self._step)
        silent_s = (self._timeline.now_ns - self._heard_ns) / NS_PER_S
        if not self._asking and (self._main is None or silent_s > self._patience_s):
            self._ask(new_session=False)
        if self._main is None:
            return
        if self.playing and len(self._pending) < MAX_PENDING:
            self._pending.append(self._next_input())
        self._send(self._main.address, Up(self._main, self.name, tuple(self._pending)))
        for offer in self._offers.values():
            self._send(offer.address, Up(offer, self.name, ()))

    def _next_input(self) -> Input:
        self._last_number += 1
        chance = self._timeline.chance
        gx, gy = self._goal
        if abs(gx - self._x) + abs(gy - self._y) < 8 or chance.random() < 0.02:
            self._goal = (chance.uniform(*NEAR_BORDERS_M), chance.uniform(*NEAR_BORDERS_M))
        dx, dy = (max(-1.0, min(1.0, goal - at)) for goal, at in ((gx, self._x), (gy, self._y)))
        deed = "" if self.quiet else chance.choice(DEEDS)
        return Input(self._last_number, self._new_number(), dx, dy, deed)

    def _ask(self, *, new_session: bool) -> None:
        self._asking = True
        self._play(self, new_session)

    def take_token(self, token: Token | None) -> None:
        """What the gateway answered."""
        self._asking = False
        if token is not None:
            self._main = token
            self._offers = {}
            self._heard_ns = self._timeline.now_ns
            self._patience_s = PATIENCE_S

    def receive(self, down: Down) -> None:
        if self.stopped:
            return
        now_ns = self._timeline.now_ns
        if self._main is not None and down.token == self._main.number:
            self._heard_ns = now_ns
            if isinstance(down, Gone):
                self._main = None
            elif isinstance(down, Snapshot):
                self._play_on(down)
        elif down.token in self._offers:
            if isinstance(down, Snapshot):
                self._main = self._offers[down.token]
                self._heard_ns = now_ns
                self._play_on(down)
            elif isinstance(down, Gone):
                del self._offers[down.token]

    def _play_on(self, snapshot: Snapshot) -> None:
        self._played_ns = self._timeline.now_ns
        self._patience_s = SILENT_S
        self._x, self._y = snapshot.x, snapshot.y
        self._last_number = max(self._last_number, snapshot.last_input)
        self._pending = [one for one in self._pending if one.number > snapshot.last_input]
        self._offers = {offer.number: offer for offer in snapshot.offers}
