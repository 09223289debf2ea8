"""What a tick costs Python does not depend on how many players there are: they are rows, never objects."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np

from myriad.client.inputs import push_input
from myriad.client.receiving import receive_datagrams
from myriad.client.sending import write_packet
from myriad.core.settings import Settings
from myriad.wire.datagram import new_batch
from tests.scenarios.stepper import SERVER_WORDS, TICK_NS, WALL_S, Stepper

ROOT = Path(__file__).parents[2]
TICKS = 600
PASSES = 6
PROFILED_TICKS = 120
WARM_TICKS = 120


class Course:
    """A zone with players who walk, whose packets are made outside of what is measured."""

    def __init__(self, number: int) -> None:
        settings = Settings(
            npcs=50, seed=3, max_connections=256, max_players=256, max_entities=1024, slice_clients=1,
            handshake_budget=256,
        )  # fmt: skip
        self.number = number
        self.run = Stepper(number, seed=3, settings=settings)
        self.run.join_all(120, spawn=(500.0, 500.0))
        self.client_of = np.full(256, -1, np.int32)
        for row in range(number):
            self.client_of[self.run.connection(row)] = row
        self.up, self.down = new_batch(256), new_batch(1024)

    def packets(self, tick: int) -> int:
        """Everybody's input packets of this tick, in `up`; returns how many."""
        run, used = self.run, 0
        for row in range(tick % 3, self.number, 3):
            push_input(run.clients.queues, row, 0, (row * 8 + tick // 60 * 64) & 255, 255, 0, 3, 0, 0)
            write_packet(run.clients, row, self.up, used, 6, 0, run.now_ns)
            self.up["address"][used] = run._addresses[row]
            used += 1
        return used

    def play(self, ticks: int, measured: Callable[[Callable[[], None]], None]) -> None:
        """So many ticks; `measured` is handed what the zone alone does in each."""
        run = self.run
        for tick in range(ticks):
            run.now_ns += TICK_NS
            used = self.packets(tick)
            now_ns = run.now_ns

            def zone_part(used: int = used, now_ns: int = now_ns) -> None:
                run.zone.receive(self.up, used, now_ns, WALL_S)
                run.zone.tick(now_ns)

            measured(zone_part)
            out, count = run.zone.outgoing
            self.down[:count] = out[:count]
            self.down["row"][:count] = self.client_of[out["row"][:count]]
            self.down["address"][:count] = SERVER_WORDS
            receive_datagrams(run.clients, self.down, count, now_ns)
            run.clients.reliable.state["num_inbox"] = 0


def cost(number: int) -> tuple[int, int]:
    """(blocks kept in 600 ticks, the quietest of six passes; calls in 120 ticks) with `number` players."""
    course = Course(number)
    course.play(WARM_TICKS, lambda part: part())
    calls = 0
    seen = np.zeros((PASSES, 2), np.int64)  # an array, because a number that is kept would be a block itself

    def count_calls(part: Callable[[], None]) -> None:
        def on_event(frame: FrameType, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(on_event)
        try:
            part()
        finally:
            sys.setprofile(None)

    gc.collect()
    gc.disable()
    try:
        course.play(WARM_TICKS, lambda part: part())  # a collection empties Python's lists of free objects
        # Around whole passes, not single ticks: what is made outside of the zone and given up inside, or the other way
        # round, comes out even.
        for k in range(PASSES):
            seen[k, 0] = sys.getallocatedblocks()
            course.play(TICKS, lambda part: part())
            seen[k, 1] = sys.getallocatedblocks()
        course.play(PROFILED_TICKS, count_calls)
    finally:
        gc.enable()
    status = course.run.zone.status()
    assert status["connections"] == number
    assert status["snapshots_sent"] >= number * (PASSES * TICKS // 3)  # type: ignore[operator]
    kept = seen[:, 1] - seen[:, 0]
    # What a zone keeps it keeps in every pass; what other threads of the test's process do shows in some.
    return int(kept[np.argmin(np.abs(kept))]), calls


def cost_alone(number: int) -> tuple[int, int]:
    """`cost` in a process of its own: other tests leave threads behind, and theirs would be counted too."""
    command = [sys.executable, "-m", "tests.properties.test_zone_allocation", str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    kept, calls = json.loads(done.stdout)
    return kept, calls


def test_allocated_blocks_and_calls_of_a_tick_are_equal_at_50_and_at_200_clients() -> None:
    few, many = cost_alone(50), cost_alone(200)
    print(few, many)
    assert few == many
    assert few[0] == 0
    assert few[1] < 200 * PROFILED_TICKS


if __name__ == "__main__":
    print(json.dumps(cost(int(sys.argv[1]))))
