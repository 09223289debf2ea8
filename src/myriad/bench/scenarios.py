"""The scenarios of `myriad bench`, as data.

Responsible for: what each scenario runs, on which cores, how its runs follow each other, what every client must get.
Not here: doing it (`bench/run.py`, `bench/plans.py`).

Invariant: a scenario is a row; nothing elsewhere asks for one by its name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from myriad.core.errors import StartupError
from myriad.core.settings import Settings, table

ONCE = "once"
"""One run."""
STEPS = "steps"
"""More and more players until somebody gets too little; the capacity file tells the largest step that was served."""
WAVES = "waves"
"""The same players come and go again and again, until the time is over."""
VARIANTS = "variants"
"""Once as it is, and once with each of the thread settings, for each number of players."""
OVERLOAD = "overload"
"""Half as many again as the machine can serve, then half of what it can, on the same server."""

SHARED, APART = "shared", "apart"

THREAD_SETTINGS: Final[Mapping[str, str]] = {
    "receive_thread": "on",
    "send_threads": "2",
    "encode_threads": "2",
    "step_threads": "2",
}
"""The settings by which a zone uses more threads, and what they are when they are on."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row."""

    name: str
    sentence: str
    clients: int
    seconds: float = 30.0
    """Of one window; of all waves together."""
    zones: int = 0
    """Of a world; 0: one zone that stands alone."""
    server: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Settings besides the defaults, by name."""
    load: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Flags of the load test besides the defaults, by name; "on" for one without a value."""
    pinning: str = SHARED
    plan: str = ONCE
    least_hz: float = 19.0
    """Snapshots a second that every client must get."""
    watches_ladder: bool = False
    """Whether the overload ladder is looked at each second."""
    more_clients: tuple[int, ...] = ()
    """Of VARIANTS: further numbers of players."""


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        name="zone",
        sentence="500 players and 500 NPCs all over one zone.",
        clients=500,
        pinning=APART,
    ),
    Scenario(
        name="myriad",
        sentence="10,000 players and 10,000 NPCs all over a world of twenty zones.",
        clients=10_000,
        seconds=60.0,
        zones=20,
        load={"party": "1"},
    ),
    Scenario(
        name="crowd",
        sentence="5,000 players in one zone.",
        clients=5_000,
        pinning=APART,
        least_hz=10.0,
        watches_ladder=True,
    ),
    Scenario(
        name="battle",
        sentence="1,200 players in one square of 100 m, all fighting.",
        clients=1_200,
        pinning=APART,
        load={"spread": "square", "square_share": "1.0", "fight": "on"},
        watches_ladder=True,
    ),
    Scenario(
        name="soak",
        sentence="1,000 players join a world of four zones, travel and leave, again and again for an hour.",
        clients=1_000,
        seconds=3600.0,
        zones=4,
        load={"travel": "0.3"},
        plan=WAVES,
    ),
    Scenario(
        name="overload",
        sentence="Half as many players again as one zone can serve, then half of that number.",
        clients=0,
        seconds=20.0,
        pinning=APART,
        plan=OVERLOAD,
        watches_ladder=True,
    ),
    Scenario(
        name="threads",
        sentence="One zone with 500 and with 5,000 players, with each of the thread settings off and on.",
        clients=500,
        more_clients=(5_000,),
        seconds=15.0,
        plan=VARIANTS,
        least_hz=10.0,
    ),
    Scenario(
        name="limit",
        sentence="More and more players all over a world of twenty zones, until one gets too little.",
        clients=1_000,
        seconds=15.0,
        zones=20,
        load={"party": "1"},
        plan=STEPS,
    ),
    Scenario(
        name="wide",
        sentence="A world of 200 zones, a player in each of twenty of them, the others asleep.",
        clients=20,
        seconds=15.0,
        zones=200,
        server={"hibernate_after_s": "10"},
        load={"party": "1", "warm_up_s": "120"},
    ),
)


def find_scenario(name: str) -> Scenario:
    """The row of a name. Raises StartupError that lists all of them."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise StartupError(f"there is no scenario {name!r}; there are {', '.join(one.name for one in SCENARIOS)}")


def thread_settings(settings: type[Any] = Settings) -> dict[str, str]:
    """Those of `THREAD_SETTINGS` that the table of settings has."""
    known = {setting.name for setting in table(settings)}
    return {name: value for name, value in THREAD_SETTINGS.items() if name in known}


def room_for(clients: int, zones: int) -> dict[str, str]:
    """Settings that let so many players into so many zones (0: one) with a quarter to spare, and no layer opens."""
    defaults = Settings()
    each = -(-clients // max(zones, 1))
    players = min(max(each + each // 4, defaults.max_players), 8000)
    found = {
        "max_players": players,
        "max_connections": min(max(2 * players, defaults.max_connections), 8192),
        "max_entities": max(defaults.max_entities, 2 * players),
    }
    if zones:
        found["max_online"] = max(defaults.max_online, clients + clients // 4)
    return {name: str(value) for name, value in found.items() if getattr(defaults, name) != value}
