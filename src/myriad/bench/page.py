"""The page of a capacity file: verdict, figures and plots in one HTML file that needs nothing else.

Responsible for: what is shown of it and in which words. Not here: how plots are drawn (`bench/plots.py`), how it looks
(`page.html`), the figures (`bench/capacity.py`).

Invariant: all texts of a file are shown as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from myriad.bench.capacity import Capacity, Run, Yardstick
from myriad.bench.plots import bars, lines, number, stack

_PAGE: Final = Path(__file__).with_name("page.html")
_TITLE, _CONTENT = "<!-- title -->", "<!-- content -->"


def headline_rows(capacity: Capacity) -> list[tuple[str, str]]:
    """What a person wants to know first: label and value."""
    result = capacity.load_test
    snapshots, down = result["snapshots_per_client_hz"], result["down_bytes_per_client_s"]
    rows = [
        ("verdict", "valid" if capacity.valid else f"not valid: {capacity.reason}"),
        ("players", f"{result['connected']:,} of {capacity.players:,}, {_place(capacity.zones)}"),
        ("in view", "p50 {p50:.0f}, max {max:.0f} players".format(**capacity.players_in_view)),
        ("snapshots/s per client", "min {min:.2f}, p1 {p1:.2f}, p50 {p50:.2f}".format(**snapshots)),
        ("down per client", f"p50 {down['p50'] * 8 / 1000:.1f}, max {down['max'] * 8 / 1000:.1f} kbit/s"),
        ("server", f"{capacity.cpu_cores:.3f} cores, {capacity.memory_bytes / 1e6:.0f} MB, {_processes(capacity)}"),
        ("ready after", f"{capacity.started_s:.1f} s"),
        (
            "per client and snapshot",
            f"{capacity.us_per_client_snapshot:.2f} µs{_times(capacity.ratio_to_floor, 'floor')}",
        ),
        (
            "players per core",
            f"{capacity.players_per_core:,.0f}{_times(capacity.ratio_to_naive, 'naive')}"
            f"{_times(capacity.ratio_to_naive_aoi, 'its sister')}",
        ),
        ("tick lateness", f"p99 {capacity.tick_lateness_p99_ms:.2f}, p99.9 {capacity.tick_lateness_p999_ms:.2f} ms"),
        ("generator", f"{result['generator_cpu_cores']:.3f} cores"),
    ]
    if capacity.highest_load_level is not None:
        rows.append(("overload ladder", f"rung {capacity.highest_load_level} at most"))
    if capacity.recovered_s is not None:
        rows.append(("recovered after", f"{capacity.recovered_s:.1f} s"))
    if capacity.memory_growth is not None:
        rows.append(("memory grew", f"{capacity.memory_growth:.2%}"))
    return rows + [("note", note) for note in capacity.notes]


def capacity_page(capacity: Capacity) -> str:
    """The whole page."""
    title = f"myriad bench {capacity.scenario}, {capacity.began_at}"
    word = "valid" if capacity.valid else "invalid"
    content = [
        f"<h1>{escape(capacity.scenario)}: {escape(capacity.sentence)}</h1>",
        f"<p>{escape(capacity.began_at)}, {capacity.took_s:.0f} s; <code>{escape(capacity.command)}</code></p>",
        f'<p class="{word}">{escape(headline_rows(capacity)[0][1])}</p>',
        _table(headline_rows(capacity)[1:]),
        *_comparison(capacity),
        _part("CPU by phase", stack(capacity.cpu_by_phase, "cores")),
        *_course(capacity),
        *_runs(capacity.runs),
        _part("Machine", _table(_machine_rows(capacity))),
        f"<details><summary>The whole file</summary><pre>{escape(_text(capacity))}</pre></details>",
    ]
    page = _PAGE.read_text(encoding="utf-8").replace(_TITLE, escape(title))
    return page.replace(_CONTENT, "\n".join(content))


def _comparison(capacity: Capacity) -> list[str]:
    rows = [("Myriad", capacity.us_per_client_snapshot, capacity.players_per_core)]
    for label, yardstick in (("naive", capacity.naive), ("naive, area of interest", capacity.naive_aoi)):
        if yardstick is not None:
            rows.append((_named(label, yardstick), yardstick.us_per_client_update, yardstick.players_per_core))
    floor_us = capacity.load_test["floor_us_per_datagram"]
    return [
        _part(
            "CPU per client and update",
            bars([*((label, cost) for label, cost, _ in rows), ("floor (bare sockets)", floor_us)], "µs"),
        ),
        _part("Players per core at 20 Hz", bars([(label, players) for label, _, players in rows], "")),
    ]


def _course(run: Run) -> list[str]:
    """The run second by second."""
    samples = run.samples
    found = [
        _part(
            "CPU over time, in cores",
            lines(
                {
                    "server": [(one.at_s, one.server_cores) for one in samples],
                    "load test": [(one.at_s, one.generator_cores) for one in samples],
                },
                "",
                "s",
            ),
        ),
        _part("Memory over time", lines({"": [(one.at_s, one.rss_bytes / 1e6) for one in samples]}, "MB", "s")),
    ]
    levels = [(one.at_s, float(one.load_level)) for one in samples if one.load_level is not None]
    return found + ([_part("Rung of the overload ladder", lines({"": levels}, "", "s"))] if levels else [])


def _runs(runs: Sequence[Run]) -> list[str]:
    """All runs side by side."""
    if not runs:
        return []
    head = ("run", "snapshots/s, min", "cores", "MB", "µs per snapshot", "late p99, ms", "verdict")
    rows = [
        (
            run.label,
            f"{run.load_test['snapshots_per_client_hz']['min']:.2f}",
            f"{run.cpu_cores:.3f}",
            f"{run.memory_bytes / 1e6:.0f}",
            f"{run.us_per_client_snapshot:.2f}",
            f"{run.tick_lateness_p99_ms:.2f}",
            run.reason or "valid",
        )
        for run in runs
    ]
    lowest = [(run.label, float(run.load_test["snapshots_per_client_hz"]["min"])) for run in runs]
    memory = [(float(k + 1), run.memory_bytes / 1e6) for k, run in enumerate(runs)]
    return [
        _part("All runs", _table(rows, head)),
        _part("Snapshots a second of the client that got fewest", bars(lowest, "")),
        _part("Memory at the end of each run", lines({"": memory}, "MB", "runs")),
    ]


def _machine_rows(capacity: Capacity) -> list[tuple[str, str]]:
    machine = capacity.machine
    changed = ", changed" if machine.changed else ""
    return [
        ("processor", f"{machine.cpu}, {machine.cores} cores, {machine.memory_bytes / 1e9:.0f} GB"),
        ("system", f"{machine.kernel}; load before: {machine.load_before}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items())),
        ("sources", f"{machine.commit}{changed}"),
        ("cores", f"server {capacity.server_cpus}, load test {capacity.generator_cpus}"),
        ("settings", ", ".join(f"{name} = {value}" for name, value in capacity.settings.items()) or "the defaults"),
    ]


def _named(label: str, yardstick: Yardstick) -> str:
    return f"{label} ({yardstick.clients})"


def _place(zones: int) -> str:
    return f"{zones} zones" if zones else "one zone"


def _processes(run: Run) -> str:
    return f"{len(run.processes)} process{'es' if len(run.processes) != 1 else ''}"


def _times(ratio: float | None, what: str) -> str:
    return "" if ratio is None else f"; {number(ratio)} × {what}"


def _part(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}" if content else ""


def _table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    lines_of = [f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"] if head else []
    for first, *rest in rows:
        lines_of.append(f"<tr><th>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>")
    return f'<div class="wide"><table>{"".join(lines_of)}</table></div>'


def _text(capacity: Capacity) -> str:
    return msgspec.json.format(msgspec.json.encode(capacity), indent=2).decode()
