"""Bringing players back whose connection was lost: fresh tokens from the gateway.

Responsible for: finding who is lost, asking for tokens, many by one request, and when whom it happened to.
Not here: connecting with a token (`loadtest/travel.py`), how long it took (`loadtest/journeys.py`).

Invariants: a player is lost when it heard nothing for 500 ms or its connection ended; one that waits at another zone
already has 500 ms more to be made welcome there. HTTP is spoken on a thread of its own.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import numpy.typing as npt

from myriad.client.session import GRACE_NS, SILENCE_NS
from myriad.loadtest.crew import Crew
from myriad.loadtest.places import Places
from myriad.loadtest.swarm import PLAYING
from myriad.loadtest.travel import Travel
from myriad.netcode.client_arrays import DISCONNECTED
from myriad.runtime.login import Answer, FrontDoorError, Gateway, PlayGrant, Refused, Wait

LOOK_S = 0.05
MANY = 100
"""Players asked for by one request."""

NOT_PLAYING = "not_playing"
"""The gateway's word for a player that is not in the world."""

WELCOME_NS = 5_000_000_000
"""A player that was not made welcome so long after it began is lost, too."""


class Losses:
    """When players were lost. Use it on the swarm's thread."""

    def __init__(self, crew: Crew, travel: Travel) -> None:
        number = len(crew.swarm.plan)
        self.since_ns: npt.NDArray[np.int64] = np.zeros(number, np.int64)
        """Since when each is lost, 0: it is not."""
        self.last_ns: npt.NDArray[np.int64] = np.zeros(number, np.int64)
        """When each was lost last, seen so."""
        self._ask_ns: npt.NDArray[np.int64] = np.zeros(number, np.int64)
        self._crew = crew
        self._travel = travel

    def find(self, now_ns: int) -> list[int]:
        """Players for whom a token should be asked now."""
        clients, plan = self._crew.swarm.clients, self._crew.swarm.plan
        row = plan["row"]
        state, sessions = clients.net.clients["state"], clients.sessions
        welcome = sessions["joined"][row] == 1
        silent = now_ns - clients.net.connections["last_receive_ns"][row] > SILENCE_NS
        late = now_ns - sessions["started_ns"][row] > WELCOME_NS
        ended = (state[row] <= DISCONNECTED) & (sessions["started_ns"][row] > 0)
        lost = (plan["stage"] == PLAYING) & (ended | np.where(welcome, silent, late))
        self.since_ns = np.where(lost, np.where(self.since_ns == 0, now_ns, self.since_ns), 0)
        self.last_ns = np.where(lost, now_ns, self.last_ns)
        waiting = (state > DISCONNECTED) & (sessions["joined"] == 0)
        waiting[row] = False
        began_ns = np.where(waiting, sessions["started_ns"], 0).reshape(-1, len(plan)).max(0)
        patient = (began_ns > 0) & (now_ns <= np.maximum(self.since_ns, began_ns) + GRACE_NS)
        wanted = lost & ~patient & (now_ns >= self._ask_ns)
        return [int(player) for player in np.flatnonzero(wanted)]

    def postpone(self, player: int, until_ns: int) -> None:
        """Do not ask for this one before that time."""
        self._ask_ns[player] = until_ns


class Returns:
    """Asks for tokens on a thread of its own; use it in a `with` block."""

    def __init__(
        self, crew: Crew, travel: Travel, gateway: Gateway, names: list[str], sessions: list[str], places: Places
    ) -> None:
        """`sessions[player]` is what the player was given when it began. Who is not in the world any more, or has not
        come into it yet, begins again at its start."""
        self.losses = Losses(crew, travel)
        self.problems: list[str] = []
        """Why somebody could not be brought back, each once."""
        self._crew = crew
        self._travel = travel
        self._gateway = gateway
        self._names = names
        self._sessions = sessions
        self._places = places
        self._players = {name: player for player, name in enumerate(names)}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="returns", daemon=True)

    def __enter__(self) -> Returns:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            lost = self._crew.call(lambda: self.losses.find(time.monotonic_ns()))
            for first in range(0, len(lost), MANY):
                self._bring_back(lost[first : first + MANY])

    def _bring_back(self, players: list[int]) -> None:
        try:
            answers = self._ask(players)
        except FrontDoorError as error:
            self._note(str(error))
            return
        again: list[tuple[int, float]] = []
        found: list[tuple[int, bytes]] = []
        for answer in answers:
            player = self._players[answer.name]
            match answer:
                case PlayGrant():
                    self._sessions[player] = answer.session
                    found.append((player, answer.token))
                case Wait():
                    again.append((player, answer.retry_s))
                case Refused():
                    self._note(f"{answer.name}: {answer.why}")
                    again.append((player, 1.0))
        self._crew.call(lambda: self._connect(found, again))

    def _ask(self, players: list[int]) -> list[Answer]:
        names, sessions = self._names, self._sessions
        answers = self._gateway.resume_many([names[one] for one in players], [sessions[one] for one in players])
        left = [one for one in answers if isinstance(one, Refused) and one.code == NOT_PLAYING]
        if left:
            starts = [self._places.starts[self._players[one.name]] for one in left]
            again = self._gateway.play_many([one.name for one in left], [(float(x), float(y)) for x, y in starts])
            answers = [one for one in answers if one not in left] + again
        return answers

    def _connect(self, found: list[tuple[int, bytes]], again: list[tuple[int, float]]) -> None:
        now_ns = time.monotonic_ns()
        still_lost = set(self.losses.find(now_ns))
        for player, token in found:
            if player in still_lost:  # it may have been made welcome while the gateway was asked
                self._travel.come_back(player, token)
        for player, wait_s in again:
            self.losses.postpone(player, now_ns + int(wait_s * 1e9))

    def _note(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < 10:
            self.problems.append(problem)
