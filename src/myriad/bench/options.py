"""Flags of `myriad bench`: one documented row each.

Responsible for: names, units, defaults and ranges. Not here: what they do (`bench/run.py`), the scenarios
(`bench/scenarios.py`).
"""

from __future__ import annotations

import dataclasses

from myriad.core.errors import StartupError
from myriad.core.settings import Settings, row, table


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What one run of a benchmark does, checked."""

    json: str = row("", "", "Where the capacity file goes; empty: bench-NAME.json.")
    html: str = row("", "", "Where its page goes; empty: beside the capacity file.")
    seconds: float = row(0.0, "s", "Length of each measured window; 0: the scenario's.", 0, 86400)
    clients: int = row(0, "clients", "Simulated players; 0: the scenario's.", 0, 19_500)
    zones: int = row(-1, "zones", "Zones of the world, 0 for one zone that stands alone; -1: the scenario's.", -1, 4096)
    zones_per_host: int = row(10, "zones", "Zones that one process runs.", 1, 256)
    pinning: str = row(
        "scenario",
        "",
        "Cores of server and generator: the same for both, or the last one for the generator and the others for the"
        " server.",
        choices=("scenario", "shared", "apart"),
    )
    set: tuple[str, ...] = row((), "", "Settings of the server besides the scenario's: name=value,...")
    yardstick_s: float = row(
        18.0, "s", "Time for each of the naive servers, in the same run; 0: they are not measured.", 0, 600
    )
    seed: int = row(1, "", "Seed of the players' behaviour.", 0, 2**31 - 1)

    def __post_init__(self) -> None:
        """Raises StartupError for settings that do not exist."""
        _ = self.settings

    @property
    def settings(self) -> dict[str, str]:
        """Those of `set`, by name. Raises StartupError."""
        known = {setting.name for setting in table(Settings)}
        found = {}
        for item in self.set:
            name, equals, value = item.partition("=")
            name = name.strip().replace("-", "_")
            if not equals or name not in known:
                raise StartupError(f"--set: {item!r} is not name=value of a setting")
            found[name] = value.strip()
        return found
