"""`myriad warm` compiles group by group, tells how far it is, and says in one line what does not compile."""

from __future__ import annotations

import subprocess

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
