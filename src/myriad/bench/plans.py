"""How the runs of a scenario follow each other, one function for each kind of plan.

Responsible for: which runs there are, which of them tells most, and what only several runs can show: a limit, memory
that does not grow, recovery from an overload.
Not here: a run (`bench/run.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Protocol

import msgspec

from myriad.bench.capacity import Run
from myriad.bench.options import BenchOptions
from myriad.bench.scenarios import ONCE, OVERLOAD, STEPS, THREAD_SETTINGS, VARIANTS, WAVES, Scenario, thread_settings
from myriad.bench.server import BenchServer
from myriad.core.errors import MyriadError

STEP: Final = 1.4
CLOSE_ENOUGH: Final = 1.08
"""A limit is found when the most players that were served and the fewest that were not are so near each other."""
MAX_STEPS: Final = 12
ROUND_TO: Final = 50
FIRST_OVERLOADED: Final = 1_000
"""Where the search for one zone's limit begins."""

WAVE_S: Final = 60.0
MAX_GROWTH: Final = 0.02
OVERLOADED: Final = 1.5
RECOVERY_S: Final = 60.0
STARVING_HZ: Final = 1.0


class Bench(Protocol):
    """What a plan has in its hands: see `bench/run.py`."""

    scenario: Scenario
    options: BenchOptions
    seconds: float
    clients: int
    notes: list[str]

    def server(self, clients: int, settings: Mapping[str, str] | None = None) -> AbstractContextManager[BenchServer]:
        """A new server with room for so many."""
        ...

    def measure(self, server: BenchServer, clients: int, label: str, seconds: float = 0.0) -> Run:
        """One load test."""
        ...


class Outcome(NamedTuple):
    """What a plan came to: all runs, the one that tells most, what only all of them show, why that does not hold."""

    runs: list[Run]
    telling: Run
    reason: str = ""
    memory_growth: float | None = None
    recovered_s: float | None = None


def once(bench: Bench) -> Outcome:
    """One run."""
    with bench.server(bench.clients) as server:
        run = bench.measure(server, bench.clients, bench.scenario.name)
    return Outcome([run], run)


def numbers_to_try(start: int) -> Generator[int, bool, None]:
    """Numbers of players, from `start` on upwards by `STEP`, then halves; `send` tells whether the last was served.

    It ends when the most that were and the fewest that were not are close.
    """
    number, most, fewest = start, 0, 0
    for _ in range(MAX_STEPS):
        served = yield number
        if served:
            most = number
        else:
            fewest = number
        if fewest and fewest <= max(most * CLOSE_ENOUGH, most + ROUND_TO):
            return
        hoped = (most + fewest) / 2 if fewest else number * STEP
        number = max(round(hoped / ROUND_TO) * ROUND_TO, 1)
        if number in (most, fewest):
            return


def find_limit(bench: Bench, start: int, seconds: float) -> list[Run]:
    """Runs with more and more players, each against a new server."""
    runs: list[Run] = []
    tries = numbers_to_try(start)
    number = next(tries)
    while True:
        try:
            with bench.server(number) as server:
                runs.append(bench.measure(server, number, f"{number} players", seconds))
            served = runs[-1].valid
        except MyriadError as error:
            bench.notes.append(f"{number} players: {error}")
            served = False
        try:
            number = tries.send(served)
        except StopIteration:
            return runs


def largest_served(runs: list[Run]) -> Run | None:
    """The run with the most players that was valid."""
    return max((run for run in runs if run.valid), key=lambda run: run.players, default=None)


def steps(bench: Bench) -> Outcome:
    """The limit; the largest run that was served tells, or the smallest of all if none was."""
    runs = find_limit(bench, bench.clients, bench.seconds)
    if not runs:
        raise MyriadError("; ".join(bench.notes))
    return Outcome(runs, largest_served(runs) or min(runs, key=lambda run: run.players))


def waves(bench: Bench) -> Outcome:
    """Everybody comes and goes until the time is over; the worst run tells. The second wave's memory is the measure:
    in the first one everything is there for the first time."""
    runs: list[Run] = []
    until_s = time.monotonic() + bench.seconds
    wave_s = min(WAVE_S, bench.seconds / 3)
    with bench.server(bench.clients) as server:
        while len(runs) < 3 or time.monotonic() < until_s:
            runs.append(bench.measure(server, bench.clients, f"wave {len(runs) + 1}", wave_s))
    telling = min(runs, key=lambda run: (run.valid, float(run.load_test["snapshots_per_client_hz"]["min"])))
    growth = round(runs[-1].memory_bytes / max(runs[1].memory_bytes, 1) - 1, 4)
    reason = f"memory grew by {growth:.1%} from the second wave to the last" if growth > MAX_GROWTH else ""
    return Outcome(runs, telling, reason, memory_growth=growth)


def variants(bench: Bench) -> Outcome:
    """Everything off, then each of the thread settings on, for each number of players."""
    available = thread_settings()
    missing = [name for name in THREAD_SETTINGS if name not in available]
    if missing:
        bench.notes.append(f"no such settings: {', '.join(missing)}" if available else "no thread settings exist yet")
    numbers = [bench.clients] if bench.options.clients else [bench.clients, *bench.scenario.more_clients]
    cases = [{}, *({name: value} for name, value in available.items())]
    runs = []
    for number in numbers:
        for case in cases:
            label = ", ".join(f"{name} = {value}" for name, value in case.items()) or "one thread"
            with bench.server(number, case) as server:
                runs.append(bench.measure(server, number, f"{number} players, {label}"))
    return Outcome(runs, runs[0])


def overload(bench: Bench) -> Outcome:
    """Half as many again as are served, then, on the same server, half of what is served.

    It held if the server ran on, everybody kept the connection and got something, the ladder was climbed and left
    again, and the lighter load was served in full.
    """
    runs: list[Run] = []
    served = bench.options.clients
    if not served:
        runs = find_limit(bench, FIRST_OVERLOADED, min(bench.seconds, 10.0))
        best = largest_served(runs)
        if best is None:
            raise MyriadError("no number of players was served, so none is too many")
        served = best.players
    number = round(served * OVERLOADED)
    with bench.server(number) as server:
        heavy = bench.measure(server, number, f"overload, {number} players")
        recovered_s = time_until_normal(server)
        light = bench.measure(server, max(served // 2, 1), "after it")
    found = find_overload_faults(heavy, light, recovered_s)
    heavy = msgspec.structs.replace(heavy, valid=True, reason="")  # what an overload must show is another matter
    return Outcome([*runs, heavy, light], heavy, "; ".join(found), recovered_s=recovered_s)


def time_until_normal(server: BenchServer) -> float | None:
    """Seconds until no zone stands on the ladder any more; None if that takes too long."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + RECOVERY_S:
        if server.load_level() == 0:
            return round(time.monotonic() - began_s, 1)
        time.sleep(0.2)
    return None


def find_overload_faults(heavy: Run, light: Run, recovered_s: float | None) -> list[str]:
    """What an overload must show and did not, one sentence each."""
    result = heavy.load_test
    found = []
    if result["connected"] < result["clients"]:
        found.append(f"{result['clients'] - result['connected']} clients lost their connection")
    if result["snapshots_per_client_hz"]["min"] < STARVING_HZ:
        found.append(f"a client starved: {result['snapshots_per_client_hz']['min']:.2f} snapshots a second")
    if not heavy.highest_load_level:
        found.append("the ladder was not climbed, so it was no overload")
    if recovered_s is None:
        found.append(f"the ladder was not left within {RECOVERY_S:g} s")
    if not light.valid:
        found.append(f"after it: {light.reason}")
    return found


PLANS: Final[dict[str, Callable[[Bench], Outcome]]] = {
    ONCE: once,
    STEPS: steps,
    WAVES: waves,
    VARIANTS: variants,
    OVERLOAD: overload,
}
