"""A bad network at the client's side: loss, delay, jitter, duplicates and reordering.

Responsible for: the text form of an impairment.
Not here: what becomes of datagrams (`loadtest/delay_queue.py`). Nothing here needs a kernel, so `--help` is quick.
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
