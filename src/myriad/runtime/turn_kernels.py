"""The kernels of a zone's turns: whole ones while nobody needs Python, and both ends of the others.

A turn of sixty a second that takes a dozen calls from Python spends more on them than on an empty zone. So RUN sleeps,
receives, steps and sends by itself until something comes that only Python understands, or the slow lane is due. A turn
with Python in it is BEGIN (sleep, receive), then Python and the rules, then FINISH (encode, assemble, send).

They hold no machine code of what they call but sockets and clocks: the rest they know by its address.

Responsible for: those kernels, the clock readings between phases, and what of it is measured.
Not here: what calls them (`runtime/lean_turn.py`), when turns are due and what Python does in them
(`runtime/zone_loop.py`), the work itself (`runtime/sockets.py`, `zone/`).

Invariants: no batch is taken and none is sent at or after `speak_until_ns`, by a clock read right before; packets of
other zones are set aside in `peers`, and only their first byte is looked at here; a turn that was
woken early does nothing; a tick is the same whichever way it went.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.bundle import Bundle, unbundle
from myriad.core.errors import DROP_PEER_OVERFLOW
from myriad.core.histogram import Histogram, record
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.core.kernel_pointer import ask_at, call_at
from myriad.core.phases import (
    PHASE_ASSEMBLE,
    PHASE_ENCODE,
    PHASE_RECEIVE,
    PHASE_SEND,
    PHASE_SLOW,
    PHASE_STEP,
    PHASES,
)
from myriad.runtime.socket_records import CLOCK, WALL_CLOCK, SocketIo, read_clock_ns
from myriad.runtime.sockets import WOKEN, receive_datagrams, send_datagrams, wait
from myriad.runtime.zone_measures import record_phases
from myriad.sim.world import World
from myriad.wire.datagram import Batch
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE
from myriad.zone.arrays import ZoneArrays
from myriad.zone.zone import plan_tick

BEGIN, FINISH, RUN = range(3)
"""Parts of `turn_part`."""

CALLED = 1
"""Another thread has woken the sleeper."""
EARLY = 2
"""It is not yet time for the turn."""
NEEDED = 4
"""Something came that Python has to see at once: an answer of a handshake, a join, a leave, packets of peers that must
not wait, or so many messages that the inbox is half full."""
OPENED = 8
"""The tick was opened: inputs were handed out."""
ATTENTION = 16
"""The slow lane is due in this tick."""
PAUSED = 32
"""No turn has begun, since the one before was slow."""

TURN = np.dtype(
    [
        ("due_ns", "i8"),
        ("speak_until_ns", "i8"),
        ("now_ns", "i8"),  # when it began
        ("left_ns", "i8"),  # when the kernel ended, before the GIL was asked for
        ("spent_ns", "i8", (len(PHASES),)),
        ("gil_ns", "i8"),  # how long the GIL was waited for after BEGIN or RUN
        ("interval_ns", "i8"),
        ("slow_ns", "i8"),  # a turn that takes longer is for Python to look at
        ("working_since_ns", "i8"),  # when RUN woke last; 0 while it sleeps, or does not run
        ("start_ns", "i8"),  # when ticks were begun to be counted,
        ("done_ticks", "i8"),  # and how many were done since: see `core/clock.py`
        ("tick_hz", "i8"),
        ("catch_up_ticks", "i8"),
        ("receive_at", "i8"),  # addresses of the kernels that do the work
        ("open_at", "i8"),
        ("step_at", "i8"),
        ("encode_at", "i8"),
        ("assemble_at", "i8"),
        ("num_ticks", "i8"),  # that the latest RUN did
        ("busy_ns", "i8"),  # what those took
        ("turn_ns", "i8"),  # what the last of those took
        ("num_silenced", "i8"),
        ("num_receive_cut", "i8"),
        ("budget", "i4"),  # datagrams that a turn may take
        ("fd", "i4"),
        ("wake_fd", "i4"),
        ("used", "i4"),  # datagrams written into the outgoing batch
        ("may_open", "i4"),
        ("encodes", "i4"),  # what the tick shows: as `zone.zone.plan_show` says
        ("part", "i4"),
        ("num_parts", "i4"),
        ("num_slices", "i4"),
        ("num_peers", "i4"),  # packets of other zones that wait
        ("num_urgent", "i4"),  # of those that came in this turn, the ones that must not
        ("ticks_per_attention", "i4"),
        ("has_peers", "i4"),  # 1: packets of other zones are set aside
    ],
    align=True,
)
Turn = npt.NDArray[np.void]


class TurnArrays(NamedTuple):
    """What a loop's turns need besides the zone and the socket."""

    turn: Turn  # (1,) TURN
    lateness: Histogram
    phases: Histogram  # (phases, length)
    whole: Histogram
    gil_wait: Histogram
    batch: Batch  # what comes in
    peers: Batch  # of that, packets of other zones
    out: Batch  # what goes out


@inner_kernel
def _set_peers_aside(zone: ZoneArrays, turn: Turn, batch: Batch, count: int, peers: Batch) -> int:
    """Moves packets of other zones from `batch[:count]` to `peers`; returns how many are left, closed up."""
    left = 0
    for i in range(count):
        first = batch["data"][i, 0]
        if batch["length"][i] > 0 and first in (PEER_BYTE, CALM_PEER_BYTE):
            turn["num_urgent"][0] += 1 if first == PEER_BYTE else 0
            if turn["num_peers"][0] < len(peers):
                peers[turn["num_peers"][0]] = batch[i]
                turn["num_peers"][0] += 1
            else:
                zone.server.drops[DROP_PEER_OVERFLOW] += 1
            continue
        if left != i:
            batch[left] = batch[i]
        left += 1
    return left


@inner_kernel
def _receive(io: SocketIo, bundle: Bundle[ZoneArrays], arrays: TurnArrays) -> None:
    zone = unbundle(bundle)
    turn, batch, peers = arrays.turn, arrays.batch, arrays.peers
    now_ns = int(turn["now_ns"][0])
    end_ns = now_ns + int(turn["interval_ns"][0]) // 2
    wall_s = read_clock_ns(io, WALL_CLOCK) // 1_000_000_000
    if wall_s > zone.server.state["wall_s"][0]:
        zone.server.state["wall_s"][0] = wall_s
    fd, total = int(turn["fd"][0]), 0
    while True:
        count = int(receive_datagrams(fd, io, batch))
        clock_ns = read_clock_ns(io, CLOCK)
        if count > 0:
            if clock_ns < turn["speak_until_ns"][0]:
                left = _set_peers_aside(zone, turn, batch, count, peers) if turn["has_peers"][0] else count
                if left > 0:
                    call_at(turn["receive_at"][0], bundle, batch, left, now_ns, wall_s)
            else:
                turn["num_silenced"][0] += count
        total += count
        if count < len(batch):
            break
        if total >= turn["budget"][0] or read_clock_ns(io, CLOCK) >= end_ns:
            turn["num_receive_cut"][0] += 1
            break


@inner_kernel
def _begin(io: SocketIo, bundle: Bundle[ZoneArrays], arrays: TurnArrays, due_ns: int, used: int, may_open: bool) -> int:
    zone = unbundle(bundle)
    turn = arrays.turn
    now_ns = read_clock_ns(io, CLOCK)
    flags = 0
    if now_ns < due_ns:
        flags = CALLED if wait(-1, int(turn["wake_fd"][0]), io, due_ns - now_ns) & WOKEN else 0
        now_ns = read_clock_ns(io, CLOCK)
    turn["now_ns"][0] = now_ns
    turn["left_ns"][0] = now_ns
    turn["used"][0] = used
    turn["num_urgent"][0] = 0
    if now_ns < due_ns:
        return flags | EARLY
    turn["working_since_ns"][0] = now_ns
    record(arrays.lateness, now_ns - due_ns)
    _receive(io, bundle, arrays)
    server = zone.server.state
    came = server["num_replies"][0] + server["num_changes"][0] + turn["num_urgent"][0]
    if came > 0 or 2 * zone.reliable.state["num_inbox"][0] > len(zone.reliable.inbox):
        flags |= NEEDED
    elif may_open and now_ns < turn["speak_until_ns"][0]:  # inputs handed out in silence would be lost
        turn["used"][0] = ask_at(turn["open_at"][0], bundle, arrays.out, used, now_ns)
        flags |= OPENED
    turn["left_ns"][0] = read_clock_ns(io, CLOCK)
    turn["spent_ns"][0, PHASE_RECEIVE] = turn["left_ns"][0] - now_ns
    return flags


@inner_kernel
def _finish(
    io: SocketIo,
    bundle: Bundle[ZoneArrays],
    arrays: TurnArrays,
    used: int,
    show: tuple[bool, int, int],
    now_ns: int,
) -> int:
    """As FINISH of `turn_part`; returns when it was done."""
    turn, out = arrays.turn, arrays.out
    encodes, part, num_parts = show
    start_ns = read_clock_ns(io, CLOCK)
    encoded_ns = start_ns
    if encodes:
        call_at(turn["encode_at"][0], bundle)
        encoded_ns = read_clock_ns(io, CLOCK)
    assembled_ns = encoded_ns
    if part >= 0:
        used = ask_at(turn["assemble_at"][0], bundle, out, used, part, num_parts, now_ns)
        assembled_ns = read_clock_ns(io, CLOCK)
    sent_ns = assembled_ns
    if used > 0:
        if assembled_ns < turn["speak_until_ns"][0]:
            send_datagrams(int(turn["fd"][0]), io, out, 0, used)
        else:
            turn["num_silenced"][0] += used
        sent_ns = read_clock_ns(io, CLOCK)
    spent = turn["spent_ns"]
    spent[0, PHASE_ENCODE] = encoded_ns - start_ns
    spent[0, PHASE_ASSEMBLE] = assembled_ns - encoded_ns
    spent[0, PHASE_SEND] = sent_ns - assembled_ns
    record_phases(arrays.phases, spent[0])
    record(arrays.whole, sent_ns - turn["now_ns"][0])
    turn["left_ns"][0] = sent_ns
    return sent_ns


@inner_kernel
def _run(
    inward: SocketIo, outward: SocketIo, bundle: Bundle[ZoneArrays], world: Bundle[World], arrays: TurnArrays
) -> int:
    zone, turn = unbundle(bundle), arrays.turn
    tick = zone.world.clock["tick"]
    turn["num_ticks"][0] = 0
    turn["busy_ns"][0] = 0
    turn["turn_ns"][0] = 0
    flags = PAUSED
    while turn["turn_ns"][0] <= turn["slow_ns"][0]:
        turn["working_since_ns"][0] = 0
        due_ns = due_at(int(turn["start_ns"][0]), int(turn["done_ticks"][0]) + 1, int(turn["tick_hz"][0]))
        attention = (int(tick[0]) + 1) % int(turn["ticks_per_attention"][0]) == 0
        flags = int(_begin(inward, bundle, arrays, due_ns, 0, not attention))
        if attention:
            flags |= ATTENTION
        now_ns = int(turn["now_ns"][0])
        owed = (now_ns - turn["start_ns"][0]) * turn["tick_hz"][0] // 1_000_000_000 - turn["done_ticks"][0]
        if flags != OPENED or owed > turn["catch_up_ticks"][0]:
            break
        stepping_ns = read_clock_ns(inward, CLOCK)
        call_at(turn["step_at"][0], world)
        turn["spent_ns"][0, PHASE_STEP] = read_clock_ns(inward, CLOCK) - stepping_ns
        turn["spent_ns"][0, PHASE_SLOW] = 0
        show = plan_tick(zone, int(turn["num_slices"][0]))
        turn["turn_ns"][0] = _finish(outward, bundle, arrays, int(turn["used"][0]), show, now_ns) - now_ns
        turn["busy_ns"][0] += turn["turn_ns"][0]
        turn["done_ticks"][0] += 1
        turn["num_ticks"][0] += 1
        flags = PAUSED
    return flags


@bare_kernel
def turn_part(
    in_bundle: Bundle[SocketIo],
    out_bundle: Bundle[SocketIo],
    bundle: Bundle[ZoneArrays],
    world: Bundle[World],
    turn_bundle: Bundle[TurnArrays],
    which: int,
    used: int,
) -> int:
    """One part of a zone's turns; what goes in and comes out besides is in `turn`. `used` datagrams of `out` wait.

    BEGIN sleeps until `due_ns`, takes what has come, and opens the tick if `may_open` and nobody needs Python. Returns
    CALLED, EARLY, NEEDED and OPENED, added. Changes the zone, `turn` (now_ns, left_ns, spent_ns, used, num_peers,
    counters) and, if OPENED, `out` from `used` on.

    FINISH encodes the cells if `encodes`, writes the snapshots of slice `part` of `num_parts` (-1: none), sends `out`,
    and records the time of every phase of the turn that began at `now_ns`; `turn` has that of the others. Returns 0.

    RUN is whole turns of one tick each, until one needs Python, which is that of the slow lane at the latest. That one
    has begun as BEGIN begins it, and its flags come back, with ATTENTION if the slow lane is due; or PAUSED, if the
    last whole turn took longer than `slow_ns`. Ticks that are owed are run without a sleep; with more than
    `catch_up_ticks` of them the turn is Python's. Changes the zone, its world, and `turn` (num_ticks, busy_ns, turn_ns,
    done_ticks, and all that both ends change).
    """
    outward, arrays = unbundle(out_bundle), unbundle(turn_bundle)
    turn = arrays.turn
    if which == FINISH:
        show = (turn["encodes"][0] != 0, int(turn["part"][0]), int(turn["num_parts"][0]))
        _finish(outward, bundle, arrays, used, show, int(turn["now_ns"][0]))
        record(arrays.gil_wait, turn["gil_ns"][0])
        return 0
    inward = unbundle(in_bundle)
    if which == RUN:
        flags = int(_run(inward, outward, bundle, world, arrays))
    else:
        flags = int(_begin(inward, bundle, arrays, int(turn["due_ns"][0]), used, turn["may_open"][0] != 0))
    turn["working_since_ns"][0] = 0  # Python's part is the loop's to watch
    return flags


@inner_kernel
def due_at(start_ns: int, number: int, hz: int) -> int:
    """When tick `number` (>= 1) after `start_ns` is due: as `core.clock.FixedStep.next_due_ns`."""
    return start_ns + (number * 1_000_000_000 + hz - 1) // hz
