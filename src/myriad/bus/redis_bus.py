"""The bus through Redis: two streams, one for topics that are kept and one for all others.

Responsible for: writing and reading the streams, and going on after an outage, also of a Redis that forgot everything.
Not here: the queue and hearing once (`port.py`).

A world has a database of Redis for itself (the number at the end of the URL).

Invariants: reading goes on after the id seen last, so an outage loses nothing that Redis keeps; streams are bounded;
kept messages that Redis lost are written anew by whoever heard them, under their old stamps: nobody hears them twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from myriad.bus.port import KEPT_TOPICS, Bus, Letter

PASSING: Final = b"myriad:bus"
KEPT: Final = b"myriad:bus:kept"
_MAX_LENGTH: Final = {PASSING: 65_536, KEPT: 1024}
_START: Final = b"0-0"
_TIMEOUT_S: Final = 1.0
_PAGE: Final = 4096


class RedisBus(Bus):
    """One end of a bus through the Redis at `url`: redis://host:port/database, rediss://..., unix://path?db=...

    Raises ValueError if `url` cannot be one, ImportError if the extra `redis` is not installed.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._redis: Any = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # the next poll is the next attempt
        )
        self._after = {PASSING: _START, KEPT: _START}
        self._kept: deque[Letter] = deque(maxlen=_MAX_LENGTH[KEPT])

    def _begin(self, again: bool) -> None:
        if not again:
            newest = self._redis.execute_command("XREVRANGE", PASSING, "+", "-", "COUNT", 1)
            self._after[PASSING] = newest[0][0] if newest else _START
            return
        for stream, after in self._after.items():
            if after != _START and not self._redis.execute_command("XRANGE", stream, after, after):
                self._start_over(stream)

    def _start_over(self, stream: bytes) -> None:
        """What was read last is no longer in `stream`: all that is there now is to be read."""
        if stream == KEPT:
            self._send(self._kept)
        self._after[stream] = _START

    def _send(self, letters: Sequence[Letter]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for topic, body in letters:
            stream = _stream_of(topic)
            pipeline.execute_command("XADD", stream, "MAXLEN", "~", _MAX_LENGTH[stream], "*", "t", topic, "b", body)
        pipeline.execute()

    def _read(self) -> list[Letter]:
        streams = tuple(self._after)
        ids = [self._after[stream] for stream in streams]
        found = self._redis.execute_command("XREAD", "COUNT", _PAGE, "STREAMS", *streams, *ids)
        letters: list[Letter] = []
        for stream, entries in found or ():
            letters += [_letter(fields) for _, fields in entries]
            self._after[stream] = entries[-1][0]
        self._kept += [letter for letter in letters if letter.topic in KEPT_TOPICS]
        return letters

    def _disconnect(self) -> None:
        self._redis.close()


def _stream_of(topic: str) -> bytes:
    return KEPT if topic in KEPT_TOPICS else PASSING


def _letter(fields: dict[bytes, bytes]) -> Letter:
    """An entry of a stream; without a stamp, and so malformed, if somebody else wrote it."""
    return Letter(fields.get(b"t", b"").decode(errors="replace"), fields.get(b"b", b""))
