"""Messages from anybody in a world to all who listen: what zones may rely on, whatever carries them.

Responsible for: the queue of what is to be published, hearing each message once, and staying calm while the carrier
(the store, Redis) is down.
Not here: the carriers (`store_bus.py`, `redis_bus.py`), what messages mean (`cluster/talk.py`, `cluster/events.py`).

Invariants: the messages of one publisher and topic arrive in order and once, although a carrier may have been asked
twice for one whose outcome was unknown: each is stamped with its publisher's random number and a count, and a reader
knows the newest of them. (If a carrier took a later message but not an earlier one, the earlier comes after it.)
`publish` does no input or output and may be called from any thread, all else from one; nothing here raises because a
carrier is down.
"""

from __future__ import annotations

import logging
import os
import struct
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Sequence
from threading import Lock
from typing import Final, NamedTuple

from myriad.cluster import events
from myriad.cluster.window import Window

_LOG = logging.getLogger(__name__)

KEPT_TOPICS: Final = frozenset({events.TOPIC})
"""Topics whose messages a new reader hears from the beginning; of all others only what comes after its first poll."""
KEPT_DAYS: Final = 30
"""How long messages of kept topics can be heard."""

MAX_WAITING: Final = 4096
"""Messages that wait for the carrier; more are refused."""
MAX_BODY_BYTES: Final = 4096
MAX_TOPIC_BYTES: Final = 64
SENT_AT_ONCE: Final = 256
_MAX_LINES: Final = 4096

_STAMP: Final = struct.Struct("<QQ")


class Letter(NamedTuple):
    """A message as carriers have it: `body` begins with the publisher's number and its count."""

    topic: str
    body: bytes


class Bus(ABC):
    """One end of a world's bus."""

    def __init__(self) -> None:
        self.last_failure = ""
        """What the carrier said when it last failed."""
        self._publisher = int.from_bytes(os.urandom(8), "little")
        self._count = 0
        self._waiting: deque[Letter] = deque()
        self._queue = Lock()
        self._heard: OrderedDict[tuple[int, str], Window] = OrderedDict()
        self._began = False
        self._up = False
        self._published = self._received = self._refused = self._repeated = self._malformed = self._failures = 0

    @property
    def up(self) -> bool:
        """True if the last poll reached the carrier."""
        return self._up

    @property
    def num_waiting(self) -> int:
        """Messages that no carrier has taken yet."""
        return len(self._waiting)

    def publish(self, topic: str, body: bytes) -> bool:
        """Queue a message for everybody, this end included; the next poll sends it. False if it cannot be taken."""
        with self._queue:
            fits = len(body) <= MAX_BODY_BYTES and 0 < len(topic.encode()) <= MAX_TOPIC_BYTES
            if not fits or len(self._waiting) >= MAX_WAITING:
                self._refused += 1
                return False
            self._count += 1
            self._waiting.append(Letter(topic, _STAMP.pack(self._publisher, self._count) + body))
            return True

    def poll(self) -> list[tuple[str, bytes]]:
        """Send what waits, and return what came since the last time: (topic, body), each once, in a topic's order."""
        try:
            if not self._up:
                self._begin(again=self._began)
                self._began = True
            self._send_waiting()
            letters = self._read()
        except Exception as error:  # whatever a carrier's library raises: zones play on without it
            self._fail(error)
            return []
        if not self._up:
            self._up = True
            _LOG.info("the bus is up")
        return [(letter.topic, letter.body[_STAMP.size :]) for letter in letters if self._is_new(letter)]

    def close(self) -> None:
        """Try once more to send what waits, then let the carrier go."""
        try:
            if self._began:
                self._send_waiting()
        except Exception as error:  # as in poll
            self._fail(error)
        self._disconnect()

    def numbers(self) -> dict[str, int]:
        """What it did so far, for metrics."""
        return {
            "up": int(self._up),
            "waiting": len(self._waiting),
            "published": self._published,
            "received": self._received,
            "refused": self._refused,
            "repeated": self._repeated,
            "malformed": self._malformed,
            "failures": self._failures,
        }

    @abstractmethod
    def _begin(self, again: bool) -> None:
        """Find out from where to read; `again` after an outage: go on where it was. May raise anything."""

    @abstractmethod
    def _send(self, letters: Sequence[Letter]) -> None:
        """Hand letters over, in order. May raise anything; then all of them are sent again."""

    @abstractmethod
    def _read(self) -> list[Letter]:
        """What came after what was read before. May raise anything; then nothing counts as read."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Let go of what was opened here."""

    def _send_waiting(self) -> None:
        while letters := [self._waiting[i] for i in range(min(len(self._waiting), SENT_AT_ONCE))]:
            self._send(letters)
            for _ in letters:
                self._waiting.popleft()
            self._published += len(letters)

    def _is_new(self, letter: Letter) -> bool:
        if len(letter.body) < _STAMP.size:
            self._malformed += 1
            return False
        publisher, count = _STAMP.unpack_from(letter.body)
        line = (publisher, letter.topic)
        window = self._heard.setdefault(line, Window())
        self._heard.move_to_end(line)
        if len(self._heard) > _MAX_LINES:
            self._heard.popitem(last=False)
        new = window.accept(0, count)
        self._received += new
        self._repeated += not new
        return new

    def _fail(self, error: Exception) -> None:
        if self._up or not self._failures:
            _LOG.warning("the bus is down, messages wait: %s", error)
        self._up = False
        self.last_failure = str(error)
        self._failures += 1
