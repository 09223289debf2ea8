"""py-spy as a process: what it writes, and one line that says why if it writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from myriad.runtime.profile import sampling
from myriad.runtime.profile.sampling import Sampler, Samples


def program(folder: Path, script: str) -> str:
    file = folder / "py-spy"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def sample(folder: Path, script: str, *, native: bool = False) -> Samples:
    return Sampler(os.getpid(), 1.0, 100, native=native, program=program(folder, script)).finish()


def test_what_it_writes_is_handed_on(tmp_path: Path) -> None:
    found = sample(tmp_path, 'while [ "$1" != --output ]; do shift; done; echo "a;b 3" > "$2"')
    assert found == Samples("a;b 3\n")


@pytest.mark.parametrize(("native", "flag"), [(False, "--nonblocking"), (True, "--native")])
def test_the_process_is_stopped_only_for_native_frames(tmp_path: Path, native: bool, flag: str) -> None:
    found = sample(tmp_path, 'all="$*"; while [ "$1" != --output ]; do shift; done; echo "$all" > "$2"', native=native)
    assert flag in found.folded
    assert ("--nonblocking" in found.folded) is not native


@pytest.mark.parametrize(
    "errors",
    [
        "Permission Denied: Try running again with elevated permissions by going 'sudo env ...'",
        "Error: Failed to open process: Operation not permitted (os error 1)",
    ],
)
def test_without_the_right_to_trace_one_line_says_so(tmp_path: Path, errors: str) -> None:
    found = sample(tmp_path, f'echo "{errors}" >&2; exit 1')
    assert found == Samples("", f"this user may not trace process {os.getpid()}")


def test_another_failure_is_told_in_its_own_last_line(tmp_path: Path) -> None:
    assert sample(tmp_path, "echo first >&2; echo last >&2; exit 3").problem == "py-spy failed: last"
    assert sample(tmp_path, "exit 3").problem == "py-spy failed: it said nothing"


def test_without_py_spy_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "find_program", lambda: "")
    assert Sampler(os.getpid(), 1.0, 100).finish().problem == "py-spy is not installed"


def test_it_is_locked_and_found_beside_python() -> None:
    assert Path(sampling.find_program()).name == "py-spy"
