"""`myriad bench`: run a named scenario with real processes, and write down what the machine carries."""

from __future__ import annotations

from typing import Annotated

import typer

from myriad.bench.options import BenchOptions
from myriad.bench.scenarios import SCENARIOS
from myriad.cli.flags import with_settings

_NAMES = "; ".join(f"{one.name}: {one.sentence}" for one in SCENARIOS)


@with_settings(BenchOptions, from_environment=False)
def run(options: BenchOptions, name: Annotated[str, typer.Argument(metavar="NAME", help=_NAMES)]) -> int:
    """Measure a scenario: server, load test and yardsticks as real processes; writes a capacity file and its page."""
    from pathlib import Path

    from rich.console import Console
    from rich.markup import escape

    from myriad.bench.capacity import write_capacity
    from myriad.bench.page import capacity_page, headline_rows
    from myriad.bench.run import run_scenario
    from myriad.bench.scenarios import find_scenario
    from myriad.core.errors import EXIT_FAILED, EXIT_OK, StartupError

    scenario = find_scenario(name)
    json = Path(options.json or f"bench-{name}.json")
    html = Path(options.html) if options.html else json.with_suffix(".html")
    for flag, file in (("--json", json), ("--html", html)):
        if not file.absolute().parent.is_dir():
            raise StartupError(f"{flag}: there is no folder {file.absolute().parent}")
    console = Console()
    capacity = run_scenario(
        scenario, options, lambda text: console.print(escape(text), highlight=False, soft_wrap=True)
    )
    write_capacity(json, capacity)
    html.write_text(capacity_page(capacity), encoding="utf-8")
    for label, value in headline_rows(capacity):
        console.print(f"{label}: {escape(value)}", highlight=False, soft_wrap=True)
    console.print(escape(f"{json}, {html}"), highlight=False, soft_wrap=True)
    return EXIT_OK if capacity.valid else EXIT_FAILED
