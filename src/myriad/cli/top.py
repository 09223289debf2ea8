"""`myriad top`: a running world at a glance, in a terminal."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from myriad.core.errors import MyriadError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from myriad.cli.ops_client import OpsClient

_URL: Final = "http://127.0.0.1:8080"
_FILE_WIDTH: Final = 200
_EVENTS: Final = 8
_OTHER_LINES: Final = 8
"""Lines beside zones and events: totals, headings, rests."""
_FEWEST_ZONES: Final = 3


def run(
    url: Annotated[str, typer.Option(help="The gateway's address.")] = _URL,
    token: Annotated[str, typer.Option(help="Its setting ops_token; default: MYRIAD_OPS_TOKEN.")] = "",
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2, max=60)] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Print one picture and end.")] = False,
) -> None:
    """Watch a running world: totals, zones by load, what happened. Ctrl-C ends it."""
    from contextlib import closing

    from rich.console import Console

    from myriad.cli.ops_client import OpsClient

    console = Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
    with closing(OpsClient(url, token or os.environ.get("MYRIAD_OPS_TOKEN", ""))) as client:
        frame = _Frame(client)
        if once:
            console.print(frame.look(console.width, None))
        else:
            _watch(frame, console, every)


def _watch(frame: _Frame, console: Console, every_s: float) -> None:
    """Until Ctrl-C."""
    from rich.live import Live

    first = frame.look(*console.size)
    try:
        with Live(first, console=console, screen=console.is_terminal, auto_refresh=False) as live:
            while True:
                time.sleep(every_s)
                live.update(frame.try_look(*console.size), refresh=True)
    except KeyboardInterrupt:
        return


class _Frame:
    """One picture after the other."""

    def __init__(self, client: OpsClient) -> None:
        self._client = client
        self._events: list[dict[str, Any]] = []
        self._newest = 0
        self._last: RenderableType = ""

    def look(self, width: int, height: int | None) -> RenderableType:
        """Asks, and draws in so many columns and lines (None: as many as it takes). Raises MyriadError."""
        from rich.console import Group

        from myriad.cli.ops_tables import event_line, load_of, totals_lines, zones_table

        world = self._client.world()
        self._take_events()
        totals = totals_lines(world)
        rows = sorted(world["zones"], key=lambda row: -load_of(row, world["tick_hz"]))
        shown = len(rows)
        if height is not None:
            shown = max(_FEWEST_ZONES, height - _EVENTS - _OTHER_LINES - len(totals))
        more = [f"… and {len(rows) - shown} more zones"] if len(rows) > shown else []
        events: list[Any] = [event_line(event) for event in reversed(self._events)] or ["nothing happened yet"]
        processes = _processes_line(world)
        self._last = Group(*totals, processes, "", zones_table(rows[:shown], width), *more, "", *events)
        return self._last

    def try_look(self, width: int, height: int) -> RenderableType:
        """The same; if the gateway does not answer, what was seen last, and that line."""
        from rich.console import Group
        from rich.text import Text

        try:
            return self.look(width, height)
        except MyriadError as error:
            return Group(Text(str(error), "bold red"), self._last)

    def _take_events(self) -> None:
        found = self._client.events(self._newest)
        if found["newest"] < self._newest:  # another gateway: it numbers anew
            found = self._client.events()
        self._newest = found["newest"]
        self._events = [*self._events, *found["events"]][-_EVENTS:]


def _processes_line(world: dict[str, Any]) -> Any:
    from rich.text import Text

    from myriad.cli.ops_tables import fixed, size

    line = Text()
    for one in [world["gateway"], world["relay"], *world["hosts"]]:
        if one is not None:
            line.append(" · " if line else "")
            line.append(one["name"], "" if one["up"] else "bold red")
            line.append(f" {fixed(one['cpu_cores'], 2)} {size(one['rss_bytes'])}" if one["up"] else " is down")
    return line
