"""How much each connection carries: rate and tier, judged from loss and round trip.

Responsible for: one judgement of every session per window. Not here: measuring (`netcode/acks.py`), what a tier leaves
out (`replication/`), how a rate limits a payload (`snapshots.py`).

Invariant: rates stay within their settings; a tier changes by one step a window at most.
"""

from __future__ import annotations

from myriad.core.bundle import Bundle, unbundle
from myriad.core.kernel import bare_kernel
from myriad.zone.arrays import ZoneArrays

WINDOW_S = 2
WORST_TIER = 2
CALM_WINDOWS = 3
MIN_SAMPLES = 10
SLOW_NS = 100_000_000
"""A round trip so much above its minimum means that queues are filling."""
RATE_STEP_KBIT = 16


@bare_kernel
def judge_pace(bundle: Bundle[ZoneArrays]) -> None:
    """Call it every `WINDOW_S` seconds: more than 5 % lost, or a slow round trip, lowers rate and tier; calm raises."""
    zone = unbundle(bundle)
    sessions = zone.sessions
    acks = zone.acks
    for row in range(sessions.shape[0]):
        if sessions["active"][row] == 0:
            continue
        acked = int(acks["num_acked"][row]) - int(sessions["seen_acked"][row])
        lost = int(acks["num_lost"][row]) - int(sessions["seen_lost"][row])
        sessions["seen_acked"][row] = acks["num_acked"][row]
        sessions["seen_lost"][row] = acks["num_lost"][row]
        lossy = acked + lost >= MIN_SAMPLES and lost * 20 > acked + lost
        slow = int(acks["rtt_ns"][row]) > int(acks["rtt_min_ns"][row]) + SLOW_NS
        tier = int(sessions["tier"][row])
        rate = int(sessions["rate_kbit"][row])
        if lossy or slow:
            sessions["calm_windows"][row] = 0
            tier = min(tier + 1, WORST_TIER)
            rate = rate * 3 // 4
        else:
            sessions["calm_windows"][row] += 1
            rate += RATE_STEP_KBIT
            if sessions["calm_windows"][row] >= CALM_WINDOWS and tier > 0:
                sessions["calm_windows"][row] = 0
                tier -= 1
        sessions["tier"][row] = tier
        zone.viewers.rows["tier"][row] = tier
        least, most = int(zone.pace["rate_kbit_min"][0]), int(zone.pace["rate_kbit_max"][0])
        sessions["rate_kbit"][row] = max(least, min(most, rate))
