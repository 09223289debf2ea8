"""`myriad load-test`: fill a zone with real clients and measure what each of them gets."""

from __future__ import annotations

from myriad.cli.flags import with_settings
from myriad.cli.late_imports import late_imports
from myriad.loadtest.options import LoadOptions


@with_settings(LoadOptions, from_environment=False)
def run(options: LoadOptions) -> int:
    """Fill a running zone with simulated players and measure what each of them gets."""
    from pathlib import Path

    with late_imports():
        import msgspec
        from rich.console import Console

        from emberdale.game import GAME
        from myriad.core.errors import EXIT_FAILED, EXIT_OK, StartupError
        from myriad.loadtest.display import ProgressDisplay, show_result
        from myriad.loadtest.run import run_load_test

    if options.json not in ("", "-") and not Path(options.json).absolute().parent.is_dir():
        raise StartupError(f"--json: there is no folder {Path(options.json).absolute().parent}")
    console = Console(stderr=options.json == "-")
    with ProgressDisplay(console) as display:
        result, complaints = run_load_test(options, GAME, display)
    show_result(console, result, complaints)
    if options.json:
        text = msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n"
        if options.json == "-":
            print(text, end="", flush=True)
        else:
            Path(options.json).write_text(text, encoding="utf-8")
    return EXIT_OK if result["served"] else EXIT_FAILED
