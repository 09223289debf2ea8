"""`myriad warm` compiles group by group, tells how far it is, and says in one line what does not compile; it imports
whatever a command imports late."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from myriad.cli import main, warm


def test_every_group_is_compiled_in_a_process_of_its_own_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from myriad.runtime.warm import SERVER_GROUPS

    compiled: list[str] = []

    def compile_group(name: str) -> str:
        compiled.append(name)
        return name

    monkeypatch.setattr("myriad.cli.kernels.host_groups", lambda: SERVER_GROUPS)
    monkeypatch.setattr(warm, "_compile_group", compile_group)
    assert main.run(["warm", "--host"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "/" in line.split(" (")[0][:14]]
    assert sorted(compiled) == sorted(name for name, _ in SERVER_GROUPS)
    assert [line.split(" ")[2] for line in told] == [name for name, _ in SERVER_GROUPS]


def test_an_unknown_group_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["warm", "--group", "nothing"]) == 2
    assert "no kernel group 'nothing'" in capsys.readouterr().err


def test_a_group_that_does_not_compile_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nTypingError: no such kernel\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    assert main.run(["warm", "--host"]) == 2
    assert capsys.readouterr().err.strip().endswith("do not compile: TypingError: no such kernel")


def late_imports_of(command: str) -> set[str]:
    """Modules that functions of the command's module import."""
    tree = ast.parse((Path(main.__file__).parent / f"{command}.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    imports = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in imports if node.module is not None}


@pytest.mark.parametrize("command", ["world", "server", "gateway", "relay", "ctl", "top", "load_test"])
def test_what_a_command_imports_late_is_imported_when_warming(command: str) -> None:
    modules = warm.HOST_MODULES + (warm.OTHER_MODULES if command == "load_test" else ())
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert late_imports_of(command) - set(done.stdout.split()) == set()
