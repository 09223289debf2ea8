"""The program as a shell sees it: help without weight, one line for a failure, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer

from myriad.cli import main
from myriad.cli.flags import with_settings
from myriad.core.errors import EXIT_CANNOT_START, EXIT_FAILED, StartupError
from myriad.core.settings import Settings

seen: list[object] = []


@with_settings(Settings, without=("port",), renamed={"http_port": "--port"})
def command(settings: Settings, word: Annotated[str, typer.Option(help="What to say.")] = "hello") -> int | None:
    """Shows what it was given."""
    seen.append((settings, word))
    if word == "fail":
        return EXIT_FAILED
    if word == "refuse":
        raise StartupError("port 1337 is taken:\n stop what uses it")
    if word == "break":
        raise ZeroDivisionError
    if word == "stop":
        raise KeyboardInterrupt
    return None


@pytest.fixture(autouse=True)
def _shown(monkeypatch: pytest.MonkeyPatch) -> None:
    seen.clear()
    for name in ("MYRIAD_SETTINGS", "MYRIAD_KERNEL_CACHE", "MYRIAD_NPCS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(main.COMMANDS, "show", "module_of_this_test")
    monkeypatch.setitem(sys.modules, "module_of_this_test", SimpleNamespace(run=command))


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    program = "import sys; from myriad.cli.main import run; code = run(['--help']); print(*sys.modules); sys.exit(code)"
    source = str(Path(main.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": source}, capture_output=True, text=True, check=True
    )
    shown, _, loaded = done.stdout.rstrip().rpartition("\n")
    for name in main.COMMANDS.keys() - {"show"}:
        assert f"\n  {name} " in shown
    for heavy in ("numba", "numpy", "litestar", "uvicorn", "pydantic", "asyncio"):
        assert heavy not in loaded.split(), heavy


def test_every_setting_is_a_flag() -> None:
    assert main.run(["show", "--port", "9", "--view-digests", "--npcs=7", "--word", "x"]) == 0
    assert seen == [(Settings(http_port=9, view_digests=True, npcs=7), "x")]


def test_flags_come_before_the_environment_and_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text("npcs = 1\nseed = 1\ntick_hz = 120\n")
    monkeypatch.setenv("MYRIAD_NPCS", "2")
    monkeypatch.setenv("MYRIAD_SEED", "2")
    assert main.run(["show", "--settings", str(file), "--npcs", "3"]) == 0
    assert seen == [(Settings(npcs=3, seed=2, tick_hz=120), "hello")]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", "--port", "70000"], "myriad: http_port: 70000 from --port is above 65535\n"),
        (["show", "--word", "refuse"], "myriad: port 1337 is taken: stop what uses it\n"),
        (["show", "--qqq"], "myriad: No such option: --qqq\n"),
        (["nonsense"], "myriad: No such command 'nonsense'.\n"),
    ],
)
def test_a_failure_to_start_is_one_line_and_exit_code_2(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == EXIT_CANNOT_START
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line)


def test_the_result_of_a_command_is_the_exit_code() -> None:
    assert main.run(["show", "--word", "fail"]) == EXIT_FAILED
    assert main.run(["show", "--word", "stop"]) == main.EXIT_INTERRUPTED


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        main.run(["show", "--word", "break"])


def test_the_kernel_cache_is_known_before_any_kernel_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYRIAD_KERNEL_CACHE", "/somewhere")
    assert main.run(["show", "--kernel-cache", "/elsewhere"]) == 0
    assert os.environ["MYRIAD_KERNEL_CACHE"] == "/elsewhere"


def test_settings_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["settings"]) == 0
    assert "| `tick_hz` | Hz | 60 | 10 to 240 | Simulation steps a second. |" in capsys.readouterr().out
