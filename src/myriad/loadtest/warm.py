"""Compiling the swarm's kernels before anybody waits for them.

Responsible for: calling each kernel that Python calls once, on a swarm in which nobody plays.
Not here: the kernels.

Invariant: the swarm is as it was afterwards.
"""

from __future__ import annotations

import time

import numpy as np

from myriad.client.inputs import push_input
from myriad.loadtest.bots import start_bot
from myriad.loadtest.measure import end_window
from myriad.loadtest.swarm import Swarm, run_swarm
from myriad.loadtest.truth import SAMPLE, sample_views
from myriad.netcode.reliable import push, reset_reliable
from myriad.wire.layouts import CHANNEL_CHAT


def warm_kernels(swarm: Swarm) -> None:
    """Runs the loop for no time, and what else Python calls on it, without effect."""
    run_swarm(swarm, 0)
    end_window(swarm.measures, time.monotonic_ns())
    sample_views(swarm.clients, np.zeros(0, np.int32), 0, np.zeros(1, SAMPLE), 0)
    push(swarm.clients.reliable, 0, CHANNEL_CHAT, swarm.chat, len(swarm.chat))
    reset_reliable(swarm.clients.reliable, 0, 0, 0)
    push_input(swarm.clients.queues, 0, 0, 0, 0, 0, 0, 0, 0)
    bot = swarm.bots.bots[:1].copy()
    start_bot(swarm.bots, 0, 0, 0, 0.0, 0.0, 1.0, 1.0)
    swarm.bots.bots[:1] = bot
