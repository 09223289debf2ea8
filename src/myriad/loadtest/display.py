"""What a person sees of a load test: progress while it runs, a table at the end.

Responsible for: the look, on a terminal and in a file.
Not here: any figure (`loadtest/report.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from myriad.loadtest.report import summary_rows

LINE_EVERY_S = 5.0
"""Where nobody watches a terminal, one line at most this often."""


class ProgressDisplay:
    """Progress on a terminal as bars, elsewhere as lines; use it in a `with` block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._task: TaskID | None = None
        self._name = ""
        self._total = 1.0
        self._next_line_s = 0.0

    def __enter__(self) -> ProgressDisplay:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def stage(self, text: str, total: float) -> None:
        """A new stage begins, which goes from 0 to `total`."""
        self._name, self._total = text, total
        self._next_line_s = 0.0
        if self._console.is_terminal:
            self._task = self._bars.add_task(text, total=total, note="")

    def progress(self, done: float, text: str = "") -> None:
        """How far the stage is."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, note=text)
            return
        now_s = time.monotonic()
        if now_s >= self._next_line_s or done >= self._total:
            self._next_line_s = now_s + LINE_EVERY_S
            self._console.print(f"{self._name}: {done:.0f} of {self._total:.0f} {text}".rstrip(), highlight=False)


def show_result(console: Console, result: Mapping[str, Any], complaints: list[str]) -> None:
    """Prints the table, the verdict, and what was wrong."""
    table = Table(title=f"{result['clients']} clients, {result['seconds']:.0f} s", show_header=False)
    for label, value in summary_rows(result):
        table.add_row(label, escape(value))
    console.print(table)
    for complaint in complaints:
        console.print(escape(complaint), highlight=False)
    if not result["valid"]:
        console.print(f"[red]not valid:[/red] {escape(result['reason'])}", highlight=False)
    for sentence in result["unserved"]:
        console.print(f"[red]not served:[/red] {escape(sentence)}", highlight=False)
    if result["served"]:
        console.print("[green]every client was served[/green]", highlight=False)
