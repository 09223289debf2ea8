"""How often a network may fail to authenticate, in bounded memory.

Responsible for: the limit per network (/24 or /56) and the limit over all, both in failures per second with a burst.
Not here: what counts as a failure (`handshake.py`).

Invariants: only failures use up a limit, so honest clients never do. A network's record is one number, the time when
its limit will be unused again; the table has a fixed size, and a set that is full forgets the network that is nearest
to unused (the limit over all holds whatever is forgotten).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel
from myriad.netcode.address_index import hash_key

RATE = np.dtype([("network", "<u8"), ("busy_until_ns", "<i8")], align=True)
NUM_WAYS = 4
_ZERO = np.uint64(0)


@bare_kernel
def is_limited(
    rates: npt.NDArray[np.void], seeds: npt.NDArray[np.int64], network: np.uint64, now_ns: int, allowance_ns: int
) -> bool:
    """True if `network` has failed so often that its limit is used up; `allowance_ns` = burst / rate."""
    first = (hash_key(seeds, network, _ZERO, _ZERO, _ZERO) % (len(rates) // NUM_WAYS)) * NUM_WAYS
    for at in range(first, first + NUM_WAYS):
        if rates["network"][at] == network:
            return int(rates["busy_until_ns"][at]) - now_ns >= allowance_ns
    return False


@bare_kernel
def note_failure(
    rates: npt.NDArray[np.void], seeds: npt.NDArray[np.int64], network: np.uint64, now_ns: int, cost_ns: int
) -> None:
    """Count one failure of `network`; `cost_ns` = 1 s / rate."""
    first = (hash_key(seeds, network, _ZERO, _ZERO, _ZERO) % (len(rates) // NUM_WAYS)) * NUM_WAYS
    chosen = first
    for at in range(first, first + NUM_WAYS):
        if rates["network"][at] == network:
            chosen = at
            break
        if rates["busy_until_ns"][at] < rates["busy_until_ns"][chosen]:
            chosen = at
    if rates["network"][chosen] != network:
        rates["network"][chosen] = network
        rates["busy_until_ns"][chosen] = now_ns
    busy = int(rates["busy_until_ns"][chosen])
    rates["busy_until_ns"][chosen] = (busy if busy > now_ns else now_ns) + cost_ns
