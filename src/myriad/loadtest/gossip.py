"""Numbered messages between players of different zones: does each arrive?

Responsible for: who whispers to whom, who speaks to the world and who listens, and which messages were lost.
Not here: the bots' small talk (`loadtest/bots.py`), events (`loadtest/travel.py`).

Invariants: a message counts from when the speaker's zone has taken it, that is, acknowledged it; before, it may go down
with the connection. It is not judged if its speaker or hearer was lost around that time, for talk is not promised to
outlive a zone. Everything runs on the swarm's thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from myriad.client import messages
from myriad.client.messages import Chat, Message
from myriad.loadtest.crew import Crew
from myriad.loadtest.returns import Losses
from myriad.loadtest.travel import Travel
from myriad.netcode.reliable import push
from myriad.wire.layouts import CHANNEL_CHAT

MAX_PAIRS = 64
MAX_LISTENERS = 16
WHISPER_EVERY_NS = 2_000_000_000
"""For each pair."""

WORLD_EVERY_NS = 1_000_000_000
"""For all together."""

MARK = "#"
LATE_NS = 5_000_000_000
"""A message that has not been heard so long after it was taken is lost."""


@dataclass
class Said:
    """One message."""

    speaker: int
    row: int
    end: int
    """The number of its channel's fragment after it."""
    waiting: set[int]
    """Who has not heard it."""
    said_ns: int
    taken_ns: int = 0
    hearers: set[int] = field(default_factory=set)


class Gossip:
    """See above."""

    def __init__(self, crew: Crew, travel: Travel, losses: Losses, names: list[str], seed: int) -> None:
        self.num_sent = 0
        """Messages that a zone took and that could be judged, for each hearer one."""
        self.num_lost = 0
        self._crew = crew
        self._travel = travel
        self._losses = losses
        self._names = names
        self._rng = np.random.default_rng(seed)
        self._pairs: list[tuple[int, int]] = []
        self._listeners: list[int] = []
        self._said: dict[int, Said] = {}
        self._number = 0
        self._next_whisper_ns = 0
        self._next_world_ns = 0
        travel.listeners.append(self._hear)

    def begin(self, now_ns: int) -> None:
        """Chooses who speaks to whom: pairs from different zones, and listeners from everywhere."""
        shuffled = self._rng.permutation(len(self._names)).tolist()
        zones = self._travel.zone_of
        by_zone = sorted(shuffled, key=lambda player: zones[player])
        half = len(by_zone) // 2
        pairs = [pair for pair in zip(by_zone[:half], by_zone[half:], strict=False) if zones[pair[0]] != zones[pair[1]]]
        self._pairs = [pairs[k] for k in self._rng.permutation(len(pairs))[:MAX_PAIRS].tolist()]
        self._listeners = shuffled[:MAX_LISTENERS]
        self._crew.swarm.mail.listens[self._listeners] = 1
        self._next_whisper_ns = self._next_world_ns = now_ns

    def talk(self, now_ns: int) -> None:
        """Says what is due, and judges what was said a while ago."""
        if self._pairs and now_ns >= self._next_whisper_ns:
            self._next_whisper_ns += WHISPER_EVERY_NS // len(self._pairs)
            speaker, hearer = self._pairs[self._number % len(self._pairs)]
            self._say(speaker, {hearer}, messages.whisper(self._names[hearer], self._text()), now_ns)
        if self._pairs and now_ns >= self._next_world_ns:
            self._next_world_ns += WORLD_EVERY_NS
            speaker = self._pairs[int(self._rng.integers(len(self._pairs)))][0]
            hearers = set(self._listeners) - {speaker}
            self._say(speaker, hearers, messages.say("world", self._text()), now_ns)
        self.judge(now_ns)

    @property
    def is_waiting(self) -> bool:
        """True while something that was said has yet to be judged."""
        return bool(self._said)

    def _text(self) -> str:
        return f"{MARK}{self._number}"

    def _say(self, speaker: int, hearers: set[int], body: bytes, now_ns: int) -> None:
        clients, row = self._crew.swarm.clients, self._travel.row(speaker)
        self._number += 1
        if self._losses.since_ns[speaker] or not clients.sessions["joined"][row]:
            return
        if push(clients.reliable, row, CHANNEL_CHAT, np.frombuffer(body, np.uint8).copy(), len(body)):
            end = int(clients.reliable.channels["next"][row, CHANNEL_CHAT])
            self._said[self._number - 1] = Said(speaker, row, end, set(hearers), now_ns, hearers=hearers)

    def _hear(self, player: int, message: Message) -> None:
        if isinstance(message, Chat) and message.text.startswith(MARK) and message.text[1:].isdecimal():
            said = self._said.get(int(message.text[1:]))
            if said is not None:
                said.waiting.discard(player)

    def judge(self, now_ns: int) -> None:
        """Counts what was said long enough ago, or was heard by everybody."""
        for number, said in list(self._said.items()):
            if said.taken_ns == 0:
                if self._is_taken(said):
                    said.taken_ns = now_ns
                elif self._travel.row(said.speaker) != said.row or now_ns - said.said_ns > LATE_NS:
                    del self._said[number]
            if said.taken_ns and (not said.waiting or now_ns - said.taken_ns > LATE_NS):
                self._count(said)
                del self._said[number]

    def _is_taken(self, said: Said) -> bool:
        first = int(self._crew.swarm.clients.reliable.channels["first"][said.row, CHANNEL_CHAT])
        return (first - said.end) & 0xFFFF < 0x8000

    def _count(self, said: Said) -> None:
        for hearer in said.hearers:
            lost_ns = max(int(self._losses.last_ns[who]) for who in (said.speaker, hearer))
            if lost_ns >= said.said_ns - LATE_NS:
                continue
            self.num_sent += 1
            self.num_lost += hearer in said.waiting
