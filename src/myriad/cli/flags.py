"""Rows of a settings table as flags of a command.

Responsible for: giving a command one long option per row, and the checked settings when it runs.
Not here: the rows and how values are found (`core/settings.py`).

Use: a command is a function whose first parameter is the settings; its other parameters become options of its own:

    @with_settings(Settings, without=("http_port",))
    def run(settings: Settings, quiet: Annotated[bool, typer.Option(help="...")] = False) -> int | None: ...
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from myriad.core import settings as settings_module
from myriad.core.settings import Setting, parse

T = TypeVar("T")


def with_settings(
    kind: type[T],
    *,
    without: tuple[str, ...] = (),
    renamed: Mapping[str, str] | None = None,
    from_environment: bool = True,
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Gives a command every row of `kind` as a flag, except those in `without`; `renamed` maps names to other flags.

    The flags come before environment (left out if not `from_environment`), the file of `--settings`, and defaults.
    """
    rows = [row for row in settings_module.table(kind) if row.name not in without]
    names = {row.name: row.flag for row in rows} | dict(renamed or {})

    def decorate(run: Callable[..., int | None]) -> Callable[..., int | None]:
        @wraps(run)
        def with_flags(*, settings: Path | None = None, **options: Any) -> int | None:
            given = {row: options.pop(row.name) for row in rows}
            flags = {row.name: parse(row, given[row], names[row.name]) for row in rows if given[row] is not None}
            loaded = settings_module.load(kind, flags, os.environ if from_environment else {}, settings)
            cache = getattr(loaded, "kernel_cache", "")
            if cache:  # must be known before the first kernel is imported
                os.environ["MYRIAD_KERNEL_CACHE"] = cache
            return run(loaded, **options)

        hints = get_type_hints(run, include_extras=True)
        own = [p.replace(annotation=hints[p.name]) for p in list(inspect.signature(run).parameters.values())[1:]]
        flags = [_parameter(row, names[row.name]) for row in rows]
        file = inspect.Parameter("settings", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_FILE)
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + flags + [file]
        with_flags.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
        with_flags.__annotations__ = {p.name: p.annotation for p in parameters}
        return with_flags

    return decorate


_FILE = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file with settings.")]


def _parameter(row: Setting, flag: str) -> inspect.Parameter:
    """An option that passes on text, so that a wrong value is refused the same way whatever its source."""
    default = _text(row)
    help_text = row.sentence + (f" [default: {default}]" if default else "")
    annotation: object
    if row.kind == "bool":
        declared = f"{flag}/--no-{flag.removeprefix('--')}"
        annotation = Annotated[bool | None, typer.Option(declared, help=help_text, show_default=False)]
    else:
        metavar = "|".join(row.choices) or row.kind.upper()
        annotation = Annotated[str | None, typer.Option(flag, help=help_text, show_default=False, metavar=metavar)]
    return inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _text(row: Setting) -> str:
    """The default as a person writes it, with its unit; "" for none."""
    if isinstance(row.default, tuple):
        return ",".join(row.default)
    value = {True: "on", False: "off"}.get(row.default) if isinstance(row.default, bool) else str(row.default)
    return f"{value} {row.unit}".strip() if value else ""
