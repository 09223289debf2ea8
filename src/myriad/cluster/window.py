"""Which numbered messages of one sender were received before.

Responsible for: taking each number once, whatever the order.
Not here: whose numbers they are.

Invariants: memory is 1,024 bits; a number too old to be remembered counts as received.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 1024


class Window:
    """The newest 1,024 numbers of one sender under its newest epoch."""

    def __init__(self) -> None:
        self._epoch = 0
        self._newest = 0
        self._heard = 0
        """Bit n: number `newest - n` was heard."""

    def accept(self, epoch: int, number: int) -> bool:
        """True for a number that was not heard before; then it is."""
        if epoch < self._epoch:
            return False
        if epoch > self._epoch:
            self._epoch, self._newest, self._heard = epoch, number, 0
        if number > self._newest:
            self._heard = (self._heard << min(number - self._newest, WINDOW)) & ((1 << WINDOW) - 1)
            self._newest = number
        age = self._newest - number
        if age >= WINDOW or self._heard >> age & 1:
            return False
        self._heard |= 1 << age
        return True
