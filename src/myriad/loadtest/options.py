"""Flags of the load test: one documented row each.

Responsible for: names, units, defaults and ranges.
Not here: what they do (`loadtest/run.py`), the command line (`cli/load_test.py`).
"""

from __future__ import annotations

import dataclasses

from myriad.core.errors import StartupError
from myriad.core.settings import row
from myriad.loadtest.impairment import parse_chaos, parse_impairment

MAX_CONNECTIONS = 19_500
"""A socket a player, two for a traveller; and some descriptors for the rest of the program."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What one run of the load test does, checked."""

    clients: int = row(500, "clients", "Simulated players, each with a UDP socket of its own.", 1, 20000)
    host: str = row("127.0.0.1", "", "Address or name of the server.")
    port: int = row(1337, "", "Port of the zone: UDP for the game, TCP for its front door.", 1, 65535)
    world: str = row("", "", "A whole world instead of one zone: its gateway's address, such as http://127.0.0.1:8080.")
    travel: float = row(
        0.0,
        "",
        "Share of the players who start within 50 m of a border between zones and keep crossing it (0 to 1).",
        0,
        1,
    )
    data: str = row(
        "",
        "",
        "Folder of that world's state, so that the load test can start an event in it and have it audited at the end.",
    )
    chaos: str = row(
        "",
        "",
        "What goes wrong meanwhile: kill-host=10s kills a random host of the world every ten seconds.",
    )
    seconds: float = row(
        30.0, "s", "Length of the measured window, which begins when every client is in place.", 1, 86400
    )
    input_hz: int = row(10, "Hz", "Input packets a second from each client.", 1, 60)
    spread: str = row(
        "uniform",
        "",
        "Where players start and stay: everywhere, or most of them inside one square of 100 m.",
        choices=("uniform", "square"),
    )
    square_share: float = row(0.6, "", "With --spread square: the share of the players inside of it (0 to 1).", 0, 1)
    fight: bool = row(False, "", "Players go for each other, and rest hardly ever.")
    party: int = row(
        5, "players", "Those of a world who start and hunt together; 1: each anywhere in its zone.", 1, 100
    )
    impair: str = row(
        "",
        "",
        "A bad network at the clients' side, both ways: loss=5,delay=50,jitter=20,dup=1,reorder=1"
        " (per cent; delay and jitter in ms, one way).",
    )
    impair_stop: float = row(
        0.0,
        "s",
        "Ends the impairment this long after the window began and measures when views agree again; 0: never.",
        0,
    )
    json: str = row("", "", "File for the result as JSON; - for standard output.")
    seed: int = row(1, "", "Seed of the players' behaviour and of the impairment.", 0, 2**31 - 1)
    warm_up_s: float = row(60.0, "s", "Time in which every client must be in place.", 1, 600)
    logins_at_once: int = row(8, "", "Login requests under way at the same time.", 1, 64)
    floor: bool = row(False, "", "After the run, measure what bare sockets cost for the same traffic.")

    def __post_init__(self) -> None:
        """Raises StartupError where two values contradict each other or the impairment makes no sense."""
        parse_impairment(self.impair)
        kills = parse_chaos(self.chaos) > 0
        if not self.world and (self.travel or kills):
            raise StartupError("--travel and --chaos need --world")
        if self.world and (self.spread != "uniform" or self.impair_stop > 0):
            raise StartupError("--spread and --impair-stop are for one zone, not for --world")
        if self.world and self.clients + round(self.clients * self.travel) > MAX_CONNECTIONS:
            raise StartupError(f"--clients: at most {MAX_CONNECTIONS}, and each traveller counts twice")
        if self.impair_stop >= self.seconds:
            raise StartupError(f"--impair-stop {self.impair_stop:g} must lie within the window of {self.seconds:g} s")
        if self.impair_stop > 0 and not self.impair:
            raise StartupError("--impair-stop needs --impair")
