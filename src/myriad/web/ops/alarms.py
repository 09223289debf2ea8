"""What deserves a line among the events although nobody did it: trouble that begins, and trouble that is over.

Responsible for: when the store, the ledger or a zone's lateness begins or ceases to be trouble.
Not here: the page's judgement of the moment, processes (the supervisor tells of them).

Invariant: each trouble is told once when it begins and once when it is over; it has to last for `LASTS_NS`, and to be
gone for as long.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from myriad.cluster.requests import ZoneKey

NS_PER_S: Final = 1_000_000_000
LATE_MS: Final = 33.0
LASTS_NS: Final = 4 * NS_PER_S


class Trouble(NamedTuple):
    """Something that may be wrong: with a zone, or (None) with the world."""

    what: str
    key: ZoneKey | None = None


class Told(NamedTuple):
    """A line to be told."""

    key: ZoneKey | None
    text: str


class Alarms:
    """See above."""

    def __init__(self) -> None:
        self._on: set[Trouble] = set()
        self._since_ns: dict[Trouble, int] = {}
        """Since when each has been other than what was told."""

    def observe(self, wrong: dict[Trouble, str], known: set[Trouble], now_ns: int) -> list[Told]:
        """`wrong`: what is wrong now, in words; `known`: of what anything is known now, other troubles stay as they
        are."""
        told = []
        for trouble in known | set(wrong):
            is_on, is_wrong = trouble in self._on, trouble in wrong
            if is_on == is_wrong:
                self._since_ns.pop(trouble, None)
                continue
            if now_ns - self._since_ns.setdefault(trouble, now_ns) < LASTS_NS:
                continue
            del self._since_ns[trouble]
            if is_wrong:
                self._on.add(trouble)
                told.append(Told(trouble.key, wrong[trouble]))
            else:
                self._on.discard(trouble)
                told.append(Told(trouble.key, f"{trouble.what}: all is well again"))
        return told
