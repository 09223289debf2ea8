"""The program `myriad`: finds the command, runs it, and turns errors into one line and an exit code.

Responsible for: the list of commands and what the shell sees of a failure.
Not here: the commands themselves, one file each beside this one.

A command is a module with a function `run` (options by Typer's rules, or by `cli/flags.py`) whose docstring is its help
and whose result is the exit code (None is 0); one of several commands has a Typer `app` instead. At its top it imports
nothing that takes time, so that `--help` is quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from myriad.core.errors import EXIT_CANNOT_START, EXIT_OK, MyriadError

COMMANDS: Final[dict[str, str]] = {
    "world": "myriad.cli.world",
    "server": "myriad.cli.server",
    "gateway": "myriad.cli.gateway",
    "relay": "myriad.cli.relay",
    "load-test": "myriad.cli.load_test",
    "bench": "myriad.cli.bench",
    "profile": "myriad.cli.profile",
    "ctl": "myriad.cli.ctl",
    "top": "myriad.cli.top",
    "event": "myriad.cli.event",
    "audit": "myriad.cli.audit",
    "settings": "myriad.cli.settings",
    "warm": "myriad.cli.warm",
}
"""Every command and its module, in the order of `--help`."""

EXIT_INTERRUPTED: Final = 130
"""What a shell expects of a program that Ctrl-C ended."""


class Commands(TyperGroup):
    """The commands of `COMMANDS`, imported when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of them, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name])
        single = getattr(module, "app", None)  # a command of several commands
        if single is None:
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(cmd_name)(module.run)
        command = typer.main.get_command(single)
        command.name = cmd_name
        return command


app = typer.Typer(cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def _program() -> None:
    """Myriad: a server for massively multiplayer real-time worlds."""


def run(arguments: list[str] | None = None) -> int:
    """Runs one command line (default: the program's own) and returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        result = typer.main.get_command(app).main(given or ["--help"], prog_name="myriad", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        line = _line_for_a_person(error)
        if line is None:
            raise
        print(f"myriad: {line}", file=sys.stderr, flush=True)
        return EXIT_CANNOT_START
    return result if isinstance(result, int) else EXIT_OK


def _line_for_a_person(error: Exception) -> str | None:
    """The one line that explains `error`, or None if it is a fault of this program, which deserves its traceback."""
    if isinstance(error, MyriadError):
        return " ".join(str(error).split())
    explain = getattr(error, "format_message", None)  # Typer's own: an unknown option, a missing argument
    return " ".join(explain().split()) if explain is not None else None


def main() -> NoReturn:
    """Entry point of the console script."""
    sys.exit(run())
