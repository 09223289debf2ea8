"""The replay window: which of the last 256 sequence numbers of a connection have been received.

Responsible for: asking, and marking after a packet has authenticated.
Not here: decryption (`packets.py`), which decides whether to mark.

Invariants: only `mark_received` changes the window, and only authenticated packets are marked, so a forged sequence
moves nothing. Distances are differences of u64 taken the safe way round, never sums, so the end of the range is no
special case.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel

WINDOW_SIZE = 256
_SIZE = np.uint64(WINDOW_SIZE)
_ONE = np.uint64(1)


@bare_kernel
def was_received(connections: npt.NDArray[np.void], row: int, sequence: np.uint64) -> bool:
    """True if `sequence` was received before or is older than the window."""
    newest = connections["newest"][row]
    if sequence > newest:
        return False
    if newest - sequence >= _SIZE:
        return True
    word = int((sequence >> np.uint64(6)) & np.uint64(3))
    return bool((connections["window"][row, word] >> (sequence & np.uint64(63))) & _ONE)


@bare_kernel
def mark_received(connections: npt.NDArray[np.void], row: int, sequence: np.uint64) -> None:
    """Note that the packet with `sequence` authenticated; the caller has asked `was_received` first."""
    window = connections["window"]
    newest = connections["newest"][row]
    if sequence > newest:
        gap = sequence - newest
        if gap >= _SIZE:
            for word in range(4):
                window[row, word] = np.uint64(0)
        else:
            for step in range(1, int(gap)):
                skipped = newest + np.uint64(step)
                window[row, int((skipped >> np.uint64(6)) & np.uint64(3))] &= ~(_ONE << (skipped & np.uint64(63)))
        connections["newest"][row] = sequence
    window[row, int((sequence >> np.uint64(6)) & np.uint64(3))] |= _ONE << (sequence & np.uint64(63))
