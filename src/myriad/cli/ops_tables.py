"""A world in a terminal: tables of zones, processes, players and events.

Responsible for: what `myriad ctl` and `myriad top` print.
Not here: asking (`ops_client.py`).

Invariants: what is not known is a dash, never a 0; text that came from players is shown, not interpreted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

Row = dict[str, Any]

_STATES: Final = {"running": "green", "hibernating": "dim", "restarting": "bold red", "draining": "yellow"}
_KINDS: Final = {"crash": "bold red", "hang": "bold red", "alarm": "yellow", "restart": "yellow", "action": "cyan"}
_UNKNOWN: Final = "–"
LATE_MS: Final = 33.0
"""Two ticks: a zone that is later is late."""
WIDE: Final = 116
"""Columns of a terminal in which a zone's whole line has room."""


def name_of(row: Row) -> str:
    """zone-3, or zone-3/1 for a layer."""
    return f"{row['zone']}/{row['layer']}" if row["layer"] else str(row["zone"])


def load_of(row: Row, tick_hz: int) -> float:
    """How busy a zone is, 1 is full: by the time of its ticks, its CPU or its players, whichever is most."""
    shares = (
        (row["tick_p99_ms"] or 0.0) * tick_hz / 1000,
        row["cpu_cores"] or 0.0,
        row["connected"] / row["capacity"] if row["capacity"] else 0.0,
    )
    return max(shares)


_ZONE_COLUMNS: Final[tuple[tuple[str, Any, bool, Callable[[Row], Any]], ...]] = (
    ("zone", "left", True, lambda row: name_of(row)),
    (
        "state",
        "left",
        True,
        lambda row: Text("held down" if row["held"] else row["state"], _STATES.get(row["state"], "")),
    ),
    ("players", "right", True, lambda row: str(row["players"])),
    ("connected", "right", False, lambda row: f"{row['connected']}/{row['capacity']}" if row["capacity"] else _UNKNOWN),
    ("NPCs", "right", False, lambda row: whole(row["npcs"])),
    ("tick p50", "right", False, lambda row: fixed(row["tick_p50_ms"])),
    ("p99 ms", "right", True, lambda row: fixed(row["tick_p99_ms"])),
    ("late", "right", True, lambda row: _late(row["late_p99_ms"])),
    ("CPU", "right", True, lambda row: fixed(row["cpu_cores"], 2)),
    ("down/s", "right", True, lambda row: size(row["down_bytes_s"])),
    ("up/s", "right", False, lambda row: size(row["up_bytes_s"])),
    ("snap/s", "right", True, lambda row: whole(row["snapshots_s"])),
    ("rung", "right", False, lambda row: whole(row["ladder"])),
    ("host", "left", True, lambda row: row["host"] or _UNKNOWN),
)
"""Heading, how it stands, whether it is there in a narrow terminal too, and what is in it."""


def zones_table(rows: Sequence[Row], width: int) -> Table:
    """A line for each zone and layer, in a terminal of `width` columns."""
    columns = [column for column in _ZONE_COLUMNS if column[2] or width >= WIDE]
    table = _table(*((heading, justify) for heading, justify, _, _ in columns))
    for row in rows:
        table.add_row(*(show(row) for _, _, _, show in columns))
    return table


def _late(late_ms: float | None) -> Text:
    return Text(fixed(late_ms), "bold red" if late_ms is not None and late_ms > LATE_MS else "")


def processes_table(world: Row) -> Table:
    """A line for each process."""
    table = _table(
        ("process", "left"),
        ("state", "left"),
        ("pid", "right"),
        ("CPU", "right"),
        ("memory", "right"),
        ("starts", "right"),
        ("zones", "left"),
    )
    for one in [world["gateway"], world["relay"], *world["hosts"]]:
        if one is not None:
            state = Text("up", "green") if one["up"] else Text("down", "bold red")
            numbers = (fixed(one["cpu_cores"], 2), size(one["rss_bytes"]), whole(one["starts"]))
            table.add_row(one["name"], state, str(one["pid"] or _UNKNOWN), *numbers, ", ".join(one["zones"]))
    return table


def totals_lines(world: Row) -> list[Text]:
    """Everything added up, the store and the ledger, and the world events that run."""
    totals, ledger, store = world["totals"], world["ledger"], world["store"]
    states = [row["state"] for row in world["zones"]]
    lines = [
        Text(
            f"{totals['players']:.0f} players, {totals['connected']:.0f} connected of {totals['capacity']:.0f} · "
            f"{states.count('running')} of {len(states)} zones run · {totals['cpu_cores']:.2f} cores · "
            f"{totals['snapshots_s']:.0f} snapshots/s · {size(totals['down_bytes_s'])}/s down, "
            f"{size(totals['up_bytes_s'])}/s up"
        ),
        Text("store ")
        .append(*(("answers", "green") if store["up"] else ("does not answer", "bold red")))
        .append(f", {fixed(store['lag_ms'])} ms to commit · ledger ")
        .append(*_ledger(ledger))
        .append(f" · {sum(border['handoffs_min'] for border in world['borders']):.0f} handoffs/min"),
    ]
    for event in world["game_events"]:
        left = "" if event["until_s"] is None else f", {max(0.0, event['until_s'] - world['now']) / 60:.1f} min left"
        lines.append(Text(f"event {event['name']} ({event['event']}{left}) {event['text']}"))
    return lines


def _ledger(ledger: Row) -> tuple[str, str]:
    if ledger["balanced"] is None:
        return "not audited yet", "dim"
    return ("balanced", "green") if ledger["balanced"] else (f"{ledger['problems']} things do not add up", "bold red")


def event_line(event: Row) -> Text:
    """One line about what happened."""
    when = time.strftime("%H:%M:%S", time.localtime(event["at"]))
    where = name_of(event) if event["zone"] else event["host"] or ""
    line = Text(f"{when} ").append(f"{event['kind']:<9}", _KINDS.get(event["kind"], ""))
    return line.append(f" {where + ' ' if where else ''}{event['text']}")


def phases_table(phases: Iterable[Row]) -> Table:
    """Where the time of a tick goes."""
    table = _table(("phase", "left"), ("p50 ms", "right"), ("p99 ms", "right"), ("most ms", "right"))
    for one in phases:
        table.add_row(one["phase"], *(fixed(one[name], 3) for name in ("p50_ms", "p99_ms", "max_ms")))
    return table


def players_table(players: Iterable[Row]) -> Table:
    """A line for each player."""
    table = _table(
        ("player", "left"), ("character", "right"), ("round trip ms", "right"), ("loss", "right"), ("place", "right")
    )
    for one in sorted(players, key=lambda player: player["name"].lower()):
        loss = _UNKNOWN if one["loss"] is None else f"{one['loss'] * 100:.1f} %"
        trip = fixed(one["rtt_ms"], 0) if one["connected"] else "away"
        table.add_row(Text(one["name"]), str(one["character"]), trip, loss, f"{one['x']:.0f}, {one['y']:.0f}")
    return table


def _table(*columns: tuple[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in columns:
        table.add_column(heading, justify=justify, no_wrap=True)
    return table


def whole(value: float | None) -> str:
    """A number of things."""
    return _UNKNOWN if value is None else f"{value:,.0f}"


def fixed(value: float | None, digits: int = 1) -> str:
    """A number with so many digits behind the point."""
    return _UNKNOWN if value is None else f"{value:.{digits}f}"


def size(value: float | None) -> str:
    """Bytes, in the unit that fits."""
    if value is None:
        return _UNKNOWN
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
