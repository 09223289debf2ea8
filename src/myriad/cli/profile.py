"""`myriad profile`: what one running zone spends its time and memory on, as a table and as a flame graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from myriad.runtime.profile.stacks import Node

_RATE_HZ: Final = 250
_LEAST_COVERED: Final = 0.95
_WIDE: Final = 120
"""Columns of a terminal that has room for sentences."""


def run(
    zone: Annotated[str, typer.Option(help="Which one; zone-1/2 is layer 2 of zone-1.")] = "zone-1",
    seconds: Annotated[float, typer.Option(help="For how long.", min=1.0, max=3600.0)] = 60.0,
    url: Annotated[
        str, typer.Option(help="The world's gateway, or the front door of a zone that stands alone.")
    ] = "http://127.0.0.1:8080",
    json: Annotated[str, typer.Option(metavar="FILE", help="Writes all figures there; - for standard output.")] = "",
    html: Annotated[
        str, typer.Option(metavar="FILE", help="Writes the flame graph there. [default: profile-ZONE.html]")
    ] = "",
    flame: Annotated[bool, typer.Option(help="Whether to sample for a flame graph at all.")] = True,
    rate: Annotated[int, typer.Option(help="Samples a second.", min=1, max=1000)] = _RATE_HZ,
    native: Annotated[
        bool, typer.Option("--native", help="Show functions of C libraries too: stops the host for each sample.")
    ] = False,
) -> int:
    """Profile a running zone on this machine: CPU by kind of work, allocations, and a flame graph."""
    from rich.console import Console

    from myriad.core.errors import EXIT_OK, StartupError
    from myriad.runtime.profile.figures import figures_of
    from myriad.runtime.profile.sampling import Sampler
    from myriad.runtime.profile.session import find_target, run_profile

    page = Path(html or f"profile-{zone.replace('/', '-')}.html")
    for flag, file in (("--json", Path(json)), ("--html", page)):
        if not file.absolute().parent.is_dir():
            raise StartupError(f"{flag}: there is no folder {file.absolute().parent}")
    console = Console(stderr=json == "-")
    target = find_target(url, zone)
    console.print(f"profiling {zone} at {target.host}:{target.port} for {seconds:g} s", highlight=False)
    sampler = (lambda pid: Sampler(pid, seconds, rate, native=native)) if flame else None
    readings, samples = run_profile(target, seconds, sampler)
    tree, problem = _tree(samples.folded, readings.probe, zone), samples.problem
    if tree is not None and tree.value == 0:
        tree, problem = None, "the thread was never seen at work"
    figures = figures_of(zone, readings, tree)
    _show(console, figures)
    if tree is not None:
        _write_page(page, figures, tree)
        console.print(f"flame graph: {page}", highlight=False, markup=False, soft_wrap=True)
    elif flame:
        figures["no_samples_because"] = problem
        console.print(f"no flame graph: {problem}", highlight=False, markup=False, soft_wrap=True)
    _write_json(json, figures)
    return EXIT_OK


def _tree(folded: str, probe: Any, zone: str) -> Node | None:
    """The samples as a tree; None without any."""
    import emberdale
    import myriad
    from myriad.runtime.profile.stacks import kernel_names, tree_of

    if not folded:
        return None
    folders = [Path(folder) for package in (myriad, emberdale) for folder in package.__path__]
    return tree_of(folded, int(probe["thread"]), zone, kernel_names(folders))


def _write_page(file: Path, figures: dict[str, Any], tree: Node) -> None:
    from datetime import datetime

    from myriad.runtime.profile.flame import flame_page

    now = datetime.now().astimezone()
    file.write_text(flame_page(figures, tree, f"{figures['zone']}, {now:%Y-%m-%d %H:%M}"), encoding="utf-8")


def _write_json(name: str, figures: dict[str, Any]) -> None:
    import msgspec

    if not name:
        return
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2).decode() + "\n"
    if name == "-":
        print(text, end="", flush=True)
    else:
        Path(name).write_text(text, encoding="utf-8")


def _show(console: Console, figures: dict[str, Any]) -> None:
    from rich.table import Table

    cpu = figures["cpu"]
    work = Table(title=f"{figures['zone']}: {cpu['cores']:.3f} cores for {figures['seconds']:.1f} s")
    for heading in ("work", "share", "sampled", "ms", "µs per tick", "µs per snapshot"):
        work.add_column(heading, justify="left" if heading == "work" else "right")
    if console.width >= _WIDE:
        work.add_column("what it is", style="dim")
    for row in figures["work"]:
        sampled = "" if row["sampled_share"] is None else f"{row['sampled_share']:.1%}"
        work.add_row(
            row["work"], f"{row['share']:.1%}", sampled, f"{row['ms']:,.1f}",
            f"{row['us_per_tick']:,.1f}", f"{row['us_per_snapshot']:.2f}", row["what"],
        )  # fmt: skip
    console.print(work)
    summary = Table(show_header=False)
    for label, value in _summary(figures):
        summary.add_row(label, value)
    console.print(summary)
    if cpu["covered"] < _LEAST_COVERED:
        console.print(f"only {cpu['covered']:.1%} of the thread's CPU time is accounted for", highlight=False)


def _summary(figures: dict[str, Any]) -> list[tuple[str, str]]:
    cpu, players, ticks, gil = figures["cpu"], figures["players"], figures["ticks"], figures["gil_wait_ms"]
    waited, counted, outside = figures["waited_in_turns"], figures["allocations"], cpu["ms_by_operating_system"]
    seen = "its own clock" if outside is None else f"{outside:,.0f} ms by the operating system"
    allocated = "not counted: something else watches the allocator" if counted is None else (
        f"{counted['blocks_per_tick']:,.0f} blocks, {counted['bytes_per_tick']:,.0f} bytes per tick "
        f"(at most {counted['most_blocks_in_a_turn']:,} blocks)"
    )  # fmt: skip
    return [
        ("accounted for", f"{cpu['covered']:.1%} of the thread's CPU time: {cpu['ms']:,.0f} ms here, {seen}"),
        (
            "CPU",
            f"{cpu['us_per_client_s']:,.0f} µs per client and second, {cpu['us_per_snapshot']:.2f} µs per snapshot",
        ),
        ("players", f"{players['connected']:.0f} connected, {players['snapshots_per_client_hz']:.2f} snapshots/s each"),
        (
            "ticks",
            f"{ticks['number']:,} ({ticks['hz']:.1f}/s), {ticks['skipped']} skipped, "
            f"late p99 {ticks['lateness_ms']['p99']:.2f} ms",
        ),
        ("wait for the GIL when waking", f"p50 {gil['p50']:.3f}, p99 {gil['p99']:.3f}, max {gil['max']:.2f} ms"),
        ("wait for a core or the GIL in turns", f"{waited['share']:.1%} of their time, {waited['ms']:,.0f} ms"),
        ("allocations", allocated),
        ("garbage collections", str(figures["collections"])),
    ]
