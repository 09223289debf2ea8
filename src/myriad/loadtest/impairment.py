"""A bad network at the client's side, and other things that go wrong, as one asks for them.

Responsible for: the text form of an impairment (loss, delay, jitter, duplicates, reordering) and of chaos.
Not here: what becomes of datagrams (`loadtest/delay_queue.py`), killing (`loadtest/chaos.py`). Nothing here needs a
kernel, so `--help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass

from myriad.core.errors import StartupError


@dataclass(frozen=True)
class Impairment:
    """What the network does to each datagram, both ways. Percentages 0..100, times in ms one way."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    dup: float = 0.0
    reorder: float = 0.0

    @property
    def any(self) -> bool:
        """False if datagrams pass untouched."""
        return any((self.loss, self.delay, self.jitter, self.dup, self.reorder))


def parse_impairment(text: str) -> Impairment:
    """Reads `loss=5,delay=50,jitter=20,dup=1,reorder=1` (any subset, any order; empty: none).

    Raises StartupError with one line for an unknown name, a value that is no number or out of range.
    """
    values: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = item.partition("=")
        if name not in ("loss", "delay", "jitter", "dup", "reorder"):
            raise StartupError(f"--impair: unknown name {name!r} (known: loss, delay, jitter, dup, reorder)")
        try:
            values[name] = float(value)
        except ValueError:
            raise StartupError(f"--impair: {name} needs a number, not {value!r}") from None
        highest = 10_000.0 if name in ("delay", "jitter") else 100.0
        if not 0.0 <= values[name] <= highest:
            raise StartupError(f"--impair: {name} must be 0 to {highest:g}, not {value}")
    return Impairment(**values)


_KILL_HOST = "kill-host"


def parse_chaos(text: str) -> float:
    """Reads `kill-host=10s` (empty: nothing, 0): seconds between two kills. Raises StartupError with one line."""
    if not text:
        return 0.0
    name, _, value = text.partition("=")
    try:
        seconds = float(value.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if name != _KILL_HOST or not 1.0 <= seconds <= 3600.0:
        raise StartupError(f"--chaos: {text!r} is not {_KILL_HOST}= and seconds from 1 to 3600, such as kill-host=10s")
    return seconds
