"""The turns of one zone over one port: the kernels of `runtime/turn_kernels.py` with their arrays.

Responsible for: making and keeping those arrays, and numbers as Python wants them.
Not here: the kernels, and when they are called (`runtime/zone_loop.py`).

Invariant: all calls come from the loop's thread, but `working_since_ns`, which any thread may read.
"""

from __future__ import annotations

import numpy as np

from myriad.core.bundle import Bundle
from myriad.core.clock import NS_PER_S, FixedStep
from myriad.core.kernel_pointer import address_of
from myriad.core.phases import PHASE_SLOW, PHASE_STEP
from myriad.runtime.turn_kernels import BEGIN, FINISH, RUN, TURN, TurnArrays, turn_part
from myriad.runtime.udp_port import UdpPort
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.runtime.zone_ports import LeanZone
from myriad.wire.datagram import new_batch
from myriad.zone.receiving import receive_batch
from myriad.zone.snapshots import assemble_slice, encode_cells
from myriad.zone.zone import open_tick

RECEIVE_BATCH = 256
_FOREVER_NS = 1 << 62


class LeanTurn:
    """The kernels with their arrays, for one zone and one port."""

    def __init__(
        self, zone: LeanZone, port: UdpPort, measures: ZoneMeasures, interval_ns: int, receive_budget: int
    ) -> None:
        self.zone = zone
        self._bundle, self._world = zone.bundle, zone.world_bundle
        self._in, self._out = port.bundles
        self._measures = measures
        self.peers = new_batch(RECEIVE_BATCH if zone.in_world else 1)
        turn = np.zeros(1, TURN)
        turn["fd"], turn["wake_fd"] = port.descriptors
        turn["interval_ns"] = interval_ns
        turn["budget"] = receive_budget
        turn["has_peers"] = zone.in_world
        turn["ticks_per_attention"] = zone.ticks_per_attention
        batch, out = new_batch(RECEIVE_BATCH), zone.outbox.batch
        turn["receive_at"] = address_of(receive_batch, self._bundle, batch, 0, 0, 0)
        turn["open_at"] = address_of(open_tick, self._bundle, out, 0, 0)
        turn["step_at"] = address_of(zone.game.step, self._world)
        turn["encode_at"] = address_of(encode_cells, self._bundle)
        turn["assemble_at"] = address_of(assemble_slice, self._bundle, out, 0, 0, 0, 0)
        self._arrays = Bundle(
            TurnArrays(
                turn, measures.lateness, measures.phases, measures.turn, measures.gil_wait, batch, self.peers, out
            )
        )
        self._turn = turn
        # Views of single numbers: reading one costs a third of reading a field of the record.
        self._due = turn["due_ns"]
        self._may_open = turn["may_open"]
        self._show = turn[["encodes", "part", "num_parts"]]
        self._speak = turn["speak_until_ns"]
        self._now = turn["now_ns"]
        self._left = turn["left_ns"]
        self._gil = turn["gil_ns"]
        self.spent_ns = turn["spent_ns"][0]
        """Of the newest turn, by phase."""
        self._used = turn["used"]
        self._num_peers = turn["num_peers"]
        self._working = turn["working_since_ns"]

    @property
    def runs_by_itself(self) -> bool:
        """True if `run` may be called: nobody wants to see every turn, and the zone needs no Python for quiet ticks."""
        return not self._measures.watched and self.zone.runs_by_itself

    def run(self, step: FixedStep, speak_until_ns: int, slow_ns: float) -> int:
        """Part RUN, counted in `step` and the measures. A turn of more than `slow_ns` is slow."""
        turn = self._turn
        self._speak[0] = speak_until_ns
        turn["start_ns"], turn["done_ticks"] = step.origin
        turn["tick_hz"] = step.hz
        turn["catch_up_ticks"] = step.catch_up_ticks
        turn["slow_ns"] = min(slow_ns, _FOREVER_NS)
        turn["num_slices"] = self.zone.num_slices
        came = self._call(RUN, 0)
        num_ticks = int(turn["num_ticks"][0])
        if num_ticks:
            step.took(num_ticks)
            self._measures.num_ticks += num_ticks
            self.zone.observe_load(turn["busy_ns"][0] / NS_PER_S, num_ticks / step.hz)
        return came

    @property
    def working_since_ns(self) -> int:
        """When `run` woke last; 0 while it sleeps or does not run. From any thread."""
        return int(self._working[0])

    @property
    def turn_ns(self) -> int:
        """What the last whole turn of the latest `run` took; 0 if there was none."""
        return int(self._turn["turn_ns"][0])

    def begin(self, due_ns: int, speak_until_ns: int, used: int, *, may_open: bool) -> int:
        """Part BEGIN; returns its flags."""
        self._due[0] = due_ns
        self._speak[0] = speak_until_ns
        self._may_open[0] = may_open
        return self._call(BEGIN, used)

    def _call(self, part: int, used: int) -> int:
        return int(turn_part(self._in, self._out, self._bundle, self._world, self._arrays, part, used))

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

    def finish(self, used: int, speak_until_ns: int, show: tuple[bool, int, int], spent: tuple[int, int, int]) -> None:
        """Part FINISH; `show` is (encodes, part, number of parts), `spent` nanoseconds for the GIL, in the slow lane
        and in the step."""
        self._speak[0] = speak_until_ns
        self._gil[0], self.spent_ns[PHASE_SLOW], self.spent_ns[PHASE_STEP] = spent
        self._show[0] = show
        self._call(FINISH, used)

    def note_counts(self) -> None:
        """Brings the counters of the measures up to date."""
        self._measures.num_silenced += int(self._turn["num_silenced"][0])
        self._measures.num_receive_cut += int(self._turn["num_receive_cut"][0])
        self._turn["num_silenced"] = self._turn["num_receive_cut"] = 0
