"""Pages of `docs/` that are made from tables in the code: `python -m myriad.cli.documents docs` writes them.

Responsible for: settings.md, errors.md and metrics.md.
Not here: the tables (`core/settings.py`, `core/errors.py`, `core/metrics.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from myriad.core.errors import DROP_REASONS, EXIT_CANNOT_START, EXIT_FAILED, EXIT_OK
from myriad.core.metrics import PAGES as METRIC_PAGES
from myriad.core.metrics import Metric, rows_of
from myriad.core.settings import FILE_VARIABLE, Setting, Settings, table

_MADE: Final = "\n\nThis page is made from the code by `make docs`.\n\n"


def settings_page() -> str:
    """docs/settings.md."""
    rows = [(f"`{row.name}`", row.unit, _value(row.default), _range(row), row.sentence) for row in table(Settings)]
    return (
        "# Settings"
        + _MADE
        + "A value comes from the first of these that has it: the flag (`tick_hz` is `--tick-hz`), the environment\n"
        + "(`MYRIAD_TICK_HZ`), the TOML file (`tick_hz = 60`) named by `--settings` or `"
        + FILE_VARIABLE
        + "`, the default.\n"
        + "Lists are comma-separated in flags and environment. `myriad world` calls `http_port` `--port`.\n\n"
        + _table(("Setting", "Unit", "Default", "Allowed", "Meaning"), rows)
    )


def errors_page() -> str:
    """docs/errors.md."""
    codes = [
        (f"{EXIT_OK}", "It did what was asked."),
        (f"{EXIT_FAILED}", "It ran, but what it was asked to show did not hold (a load test with unserved clients)."),
        (f"{EXIT_CANNOT_START}", "It could not start as asked; one line on standard error says why."),
    ]
    reasons = [(f"{number}", f"`{reason.name}`", reason.sentence) for number, reason in enumerate(DROP_REASONS)]
    return (
        "# Errors"
        + _MADE
        + "## Exit codes\n\n"
        + _table(("Code", "Meaning"), codes)
        + "\n## Drop reasons\n\n"
        + "Whatever comes in and cannot be used is dropped, changes nothing, and is counted under one of these names\n"
        + "in `myriad_drops_total{reason=…}` and in `/v1/zone`.\n\n"
        + _table(("Number", "Reason", "Meaning"), reasons)
    )


def metrics_page() -> str:
    """docs/metrics.md."""
    parts = [
        "# Metrics",
        _MADE,
        "Every process has a page `GET /metrics` in Prometheus' text format. How to scrape them, a dashboard for\n"
        "Grafana and rules for alerts are in [ops/](../ops/README.md). The label `layer` is 0 where a zone runs once;\n"
        "`peer` is one of a zone's neighbours; values of the others are few, and nobody chooses them.\n",
    ]
    told: set[Metric] = set()
    for page in METRIC_PAGES:
        own = [row for row in rows_of(page) if len(row.pages) == 1]
        parts += [f"\n## {page.capitalize()}\n\n{_ABOUT_PAGES[page]}\n\n", _metric_table(own)]
        told.update(own)
    shared = [row for page in METRIC_PAGES for row in rows_of(page) if row not in told]
    parts += ["\n## More than one\n\nOn the pages named.\n\n", _metric_table(list(dict.fromkeys(shared)), pages=True)]
    return "".join(parts)


_ABOUT_PAGES: Final = {
    "host": "At the HTTP address of each host (`front_door` in `GET /v1/world`), for all zones that it runs. A zone\n"
    "that stands alone has no more than those up to `myriad_hidden_by_crowd`.",
    "gateway": "At the gateway's own port: what people and the world see of it, and all zones by the directory.",
    "relay": "At the relay's own port.",
}


def _metric_table(rows: Iterable[Metric], pages: bool = False) -> str:
    head = ("Metric", "Kind", "Unit", "Labels", *(("Pages",) if pages else ()), "Meaning")
    lines = [
        (
            f"`{row.name}`",
            row.kind,
            row.unit,
            ", ".join(row.labels),
            *((", ".join(row.pages),) if pages else ()),
            row.sentence,
        )
        for row in rows
    ]
    return _table(head, lines)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, tuple) else f"{value}"


def _range(row: Setting) -> str:
    if row.choices:
        return ", ".join(row.choices)
    if row.minimum is None:
        return {"bool": "on, off", "list": "list"}.get(row.kind, "")
    return f"{_limit(row.minimum)} to {_limit(row.maximum)}" if row.maximum is not None else f"from {row.minimum:g}"


def _limit(value: float) -> str:
    return "2⁶³−1" if value == 2**63 - 1 else f"{value:g}" if value < 1e5 else f"{value:.0f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    for name, page in PAGES.items():
        (Path(sys.argv[1]) / name).write_text(page(), encoding="utf-8")
