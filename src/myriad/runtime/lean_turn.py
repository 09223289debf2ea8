"""Both ends of a zone's turn as one kernel each: sleep and receive; encode, assemble and send.

A turn of sixty a second that takes a dozen calls from Python spends more on them than on an empty zone. So what lies
between the rules and the operating system is two kernels, and Python has its say only where somebody needs it.

Responsible for: those kernels, the clock readings between phases, and what of it is measured.
Not here: when turns are due and what Python does in them (`runtime/zone_loop.py`), the work itself
(`runtime/sockets.py`, `zone/`).

Invariants: no batch is taken and none is sent at or after `speak_until_ns`, by a clock read right before; packets of
other zones are set aside in `peers`, and only their first byte is looked at here; a turn that was
woken early does nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.bundle import Bundle, unbundle
from myriad.core.errors import DROP_PEER_OVERFLOW
from myriad.core.histogram import Histogram, record
from myriad.core.kernel import bare_kernel, inner_kernel
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
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.runtime.zone_ports import LeanZone
from myriad.wire.datagram import Batch, new_batch
from myriad.wire.layouts import CALM_PEER_BYTE, PEER_BYTE
from myriad.zone.arrays import ZoneArrays
from myriad.zone.receiving import receive_batch
from myriad.zone.snapshots import assemble_slice, encode_cells
from myriad.zone.zone import open_tick

RECEIVE_BATCH = 256

CALLED = 1
"""Another thread has woken the sleeper."""
EARLY = 2
"""It is not yet time for the turn."""
NEEDED = 4
"""Something came that Python has to see: an answer of a handshake, a join, a leave, a message, packets of peers."""
OPENED = 8
"""The tick was opened: inputs were handed out."""

TURN = np.dtype(
    [
        ("due_ns", "i8"),
        ("speak_until_ns", "i8"),
        ("now_ns", "i8"),  # when it began
        ("left_ns", "i8"),  # when the kernel ended, before the GIL was asked for
        ("spent_ns", "i8", (len(PHASES),)),
        ("gil_ns", "i8"),  # how long the GIL was waited for after `begin_turn`
        ("interval_ns", "i8"),
        ("num_silenced", "i8"),
        ("num_receive_cut", "i8"),
        ("budget", "i4"),  # datagrams that a turn may take
        ("fd", "i4"),
        ("wake_fd", "i4"),
        ("used", "i4"),  # datagrams written into the outgoing batch
        ("num_peers", "i4"),  # packets of other zones that wait
        ("num_urgent", "i4"),  # of those that came in this turn, the ones that must not
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
                    receive_batch(bundle, batch, left, now_ns, wall_s)
            else:
                turn["num_silenced"][0] += count
        total += count
        if count < len(batch):
            break
        if total >= turn["budget"][0] or read_clock_ns(io, CLOCK) >= end_ns:
            turn["num_receive_cut"][0] += 1
            break


@bare_kernel
def begin_turn(
    io_bundle: Bundle[SocketIo],
    bundle: Bundle[ZoneArrays],
    turn_bundle: Bundle[TurnArrays],
    used: int,
    may_open: bool,
) -> int:
    """Sleeps until the turn is due, takes what has come, and opens the tick if `may_open` and nobody needs Python.

    Returns CALLED, EARLY, NEEDED and OPENED, added. Changes the zone, `turn` (now_ns, left_ns, spent_ns, used,
    num_peers, counters) and, if OPENED, `out` from `used` on.
    """
    io, zone, arrays = unbundle(io_bundle), unbundle(bundle), unbundle(turn_bundle)
    turn = arrays.turn
    now_ns = read_clock_ns(io, CLOCK)
    due_ns = int(turn["due_ns"][0])
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
    record(arrays.lateness, now_ns - due_ns)
    _receive(io, bundle, arrays)
    server = zone.server.state
    came = server["num_replies"][0] + server["num_changes"][0] + zone.reliable.state["num_inbox"][0]
    if came + turn["num_urgent"][0] > 0:
        flags |= NEEDED
    elif may_open and now_ns < turn["speak_until_ns"][0]:  # inputs handed out in silence would be lost
        turn["used"][0] = open_tick(bundle, arrays.out, used, now_ns)
        flags |= OPENED
    turn["left_ns"][0] = read_clock_ns(io, CLOCK)
    turn["spent_ns"][0, PHASE_RECEIVE] = turn["left_ns"][0] - now_ns
    return flags


@bare_kernel
def finish_turn(
    io_bundle: Bundle[SocketIo],
    bundle: Bundle[ZoneArrays],
    turn_bundle: Bundle[TurnArrays],
    used: int,
    encodes: bool,
    part: int,
    num_parts: int,
    now_ns: int,
) -> None:
    """Encodes the cells if `encodes`, writes the snapshots of slice `part` of `num_parts` (-1: none), sends `out`.

    Then records the time of every phase of the turn; `turn` has those of the others.
    """
    io, arrays = unbundle(io_bundle), unbundle(turn_bundle)
    turn, phases, out = arrays.turn, arrays.phases, arrays.out
    start_ns = read_clock_ns(io, CLOCK)
    encoded_ns = start_ns
    if encodes:
        encode_cells(bundle)
        encoded_ns = read_clock_ns(io, CLOCK)
    assembled_ns = encoded_ns
    if part >= 0:
        used = assemble_slice(bundle, out, used, part, num_parts, now_ns)
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
    for phase in range(spent.shape[1]):
        _record(phases[phase], spent[0, phase])
    record(arrays.gil_wait, turn["gil_ns"][0])
    _record(arrays.whole, sent_ns - turn["now_ns"][0])
    turn["left_ns"][0] = sent_ns


@inner_kernel
def _record(histogram: Histogram, spent_ns: int) -> None:
    if spent_ns > 0:
        record(histogram, spent_ns)


class LeanTurn:
    """The kernels with their arrays, for one zone and one port."""

    def __init__(
        self, zone: LeanZone, port: UdpPort, measures: ZoneMeasures, interval_ns: int, receive_budget: int
    ) -> None:
        self.zone = zone
        self._bundle = zone.bundle
        self._in, self._out = port.bundles
        self._measures = measures
        self.peers = new_batch(RECEIVE_BATCH if zone.in_world else 1)
        turn = np.zeros(1, TURN)
        turn["fd"], turn["wake_fd"] = port.descriptors
        turn["interval_ns"] = interval_ns
        turn["budget"] = receive_budget
        turn["has_peers"] = zone.in_world
        batch, out = new_batch(RECEIVE_BATCH), zone.outbox.batch
        self._arrays = Bundle(
            TurnArrays(
                turn, measures.lateness, measures.phases, measures.turn, measures.gil_wait, batch, self.peers, out
            )
        )
        self._turn = turn
        # Views of single numbers: reading one costs a third of reading a field of the record.
        self._due = turn["due_ns"]
        self._speak = turn["speak_until_ns"]
        self._now = turn["now_ns"]
        self._left = turn["left_ns"]
        self._gil = turn["gil_ns"]
        self.spent_ns = turn["spent_ns"][0]
        """Of the newest turn, by phase."""
        self._used = turn["used"]
        self._num_peers = turn["num_peers"]

    def begin(self, due_ns: int, speak_until_ns: int, used: int, *, may_open: bool) -> int:
        """As `begin_turn`."""
        self._due[0] = due_ns
        self._speak[0] = speak_until_ns
        return int(begin_turn(self._in, self._bundle, self._arrays, used, may_open))

    @property
    def now_ns(self) -> int:
        """When the turn began."""
        return int(self._now[0])

    @property
    def left_ns(self) -> int:
        """When the newest kernel ended."""
        return int(self._left[0])

    @property
    def used(self) -> int:
        """Datagrams in the outgoing batch after `begin`."""
        return int(self._used[0])

    def take_peers(self) -> int:
        """How many packets of other zones wait in `peers`, to be taken by the caller before the next turn."""
        count = int(self._num_peers[0])
        self._num_peers[0] = 0
        return count

    def finish(
        self, used: int, speak_until_ns: int, show: tuple[bool, int, int], spent: tuple[int, int, int], now_ns: int
    ) -> None:
        """As `finish_turn`; `show` is (encodes, part, number of parts), `spent` nanoseconds for the GIL, in the slow
        lane and in the step."""
        self._speak[0] = speak_until_ns
        self._gil[0], self.spent_ns[PHASE_SLOW], self.spent_ns[PHASE_STEP] = spent
        encodes, part, num_parts = show
        finish_turn(self._out, self._bundle, self._arrays, used, encodes, part, num_parts, now_ns)

    def note_counts(self) -> None:
        """Brings the counters of the measures up to date."""
        self._measures.num_silenced += int(self._turn["num_silenced"][0])
        self._measures.num_receive_cut += int(self._turn["num_receive_cut"][0])
        self._turn["num_silenced"] = self._turn["num_receive_cut"] = 0
