"""The client's idea of server time: which tick the server is at, and how many input-ticks are due.

Responsible for: the estimate of the server's tick from the ticks of snapshots, its jitter, the tick that inputs aim
at, and the pace of inputs (the buffer hint makes it run up to 2 % faster or slower).
Not here: where `now` comes from; the numbers of inputs (`client/inputs.py`).

Invariants: the estimate never jumps for an error below `SNAP_S`, it is drawn in by a tenth of each error; inputs are
paced by the client's own clock, so that what came late is made up for, up to `MAX_DUE_TICKS` at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from myriad.core.kernel import bare_kernel

CLOCK = np.dtype(
    [
        ("tick", "<f8"),  # estimated server tick at at_ns; fractional, unwrapped
        ("at_ns", "<i8"),
        ("jitter_ticks", "<f8"),  # standard deviation of the arrival of snapshots, smoothed
        ("rate_hz", "<f8"),  # ticks a second: tick_hz × dilation
        ("rtt_ns", "<i8"),
        ("owed_ticks", "<f8"),  # input-ticks due but not yet taken
        ("paced_ns", "<i8"),  # until when owed_ticks is counted
        ("num_samples", "<i8"),
    ],
    align=True,
)

SNAP_S = 0.25
GAIN = 0.1
HINT_GAIN = 0.02
MAX_DUE_TICKS = 30

Clocks = npt.NDArray[np.void]
"""(clients,) `CLOCK`."""


@bare_kernel
def start_clock(clocks: Clocks, row: int, now_ns: int, tick_hz: float) -> None:
    """Begins one client's clock anew: nothing known of the server, no input-tick owed."""
    clocks["tick"][row] = 0.0
    clocks["at_ns"][row] = now_ns
    clocks["jitter_ticks"][row] = 0.0
    clocks["rate_hz"][row] = tick_hz
    clocks["rtt_ns"][row] = 0
    clocks["owed_ticks"][row] = 0.0
    clocks["paced_ns"][row] = now_ns
    clocks["num_samples"][row] = 0


@bare_kernel
def carry_pace(clocks: Clocks, former: int, row: int) -> None:
    """Input-ticks go on being due for `row` as they were for `former`."""
    clocks["owed_ticks"][row] = clocks["owed_ticks"][former]
    clocks["paced_ns"][row] = clocks["paced_ns"][former]


@bare_kernel
def observe_tick(clocks: Clocks, row: int, tick: int, now_ns: int, rtt_ns: int, rate_hz: float) -> None:
    """Takes in the tick (u32) of a snapshot that came just now; `rate_hz` is tick_hz × dilation / 100.

    The server is at `tick` plus the time the datagram was under way, half the round trip.
    """
    number = int(clocks["num_samples"][row])
    elapsed_s = (now_ns - int(clocks["at_ns"][row])) / 1e9
    expected = float(clocks["tick"][row]) + elapsed_s * float(clocks["rate_hz"][row])
    seen = tick + rtt_ns / 2e9 * rate_hz
    error = seen - expected
    if error < -2147483648.0:
        error += 4294967296.0  # the u32 tick wrapped; the estimate goes on counting
    if number == 0 or abs(error) > SNAP_S * rate_hz:
        clocks["tick"][row] = seen if number == 0 else expected + error
    else:
        clocks["tick"][row] = expected + GAIN * error
        variance = float(clocks["jitter_ticks"][row]) ** 2
        clocks["jitter_ticks"][row] = np.sqrt(variance + GAIN * (error * error - variance))
    clocks["at_ns"][row] = now_ns
    clocks["rate_hz"][row] = rate_hz
    clocks["rtt_ns"][row] = rtt_ns
    clocks["num_samples"][row] = number + 1


@bare_kernel
def server_tick(clocks: Clocks, row: int, now_ns: int) -> float:
    """The tick (fractional) that the server is estimated to be at now."""
    elapsed_s = (now_ns - int(clocks["at_ns"][row])) / 1e9
    return float(clocks["tick"][row]) + elapsed_s * float(clocks["rate_hz"][row])


@bare_kernel
def target_tick(clocks: Clocks, row: int, now_ns: int) -> float:
    """The tick that an input made now aims at: RTT/2 under way, with 2 sigma of jitter and one tick in hand."""
    half_trip = int(clocks["rtt_ns"][row]) / 2e9 * float(clocks["rate_hz"][row])
    return server_tick(clocks, row, now_ns) + half_trip + 2.0 * float(clocks["jitter_ticks"][row]) + 1.0


@bare_kernel
def take_due_ticks(clocks: Clocks, row: int, now_ns: int, buffer_hint: int) -> int:
    """How many input-ticks are to be made now (0..MAX_DUE_TICKS); they count as made.

    `buffer_hint`: input-ticks that wait at the server minus those it wants. Above zero the client slows down, below
    it hurries, by 2 % at most (0.2 % for each tick). After a long pause the rest is let go.
    """
    elapsed_s = (now_ns - int(clocks["paced_ns"][row])) / 1e9
    pace = -0.002 * buffer_hint
    pace = min(max(pace, -HINT_GAIN), HINT_GAIN)
    owed = float(clocks["owed_ticks"][row]) + elapsed_s * float(clocks["rate_hz"][row]) * (1.0 + pace)
    due = int(owed + 1e-6)
    if due > MAX_DUE_TICKS:
        due = MAX_DUE_TICKS
        owed = float(due)
    clocks["owed_ticks"][row] = owed - due
    clocks["paced_ns"][row] = now_ns
    return due
