"""Samples of what a process does, taken from outside by py-spy.

Responsible for: running py-spy for a while, and one line that says why if it could not.
Not here: what the samples mean (`profile/stacks.py`).

Invariants: the process that is looked at is not stopped, unless native frames are wanted: those cannot be read
otherwise. Only the process that is started here is ended here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

_START_S: Final = 0.2
"""About what py-spy needs before its first sample."""
_END_S: Final = 20.0
_PERMISSION: Final = ("permission denied", "operation not permitted", "os error 1)", "os error 13)")


class Samples(NamedTuple):
    """What py-spy wrote: folded stacks, one a line; or, without them, the one line that says why."""

    folded: str
    problem: str = ""


class Sampler:
    """One run of py-spy."""

    def __init__(self, pid: int, seconds: float, rate_hz: int, *, native: bool = False, program: str = "") -> None:
        """Begins. `native` adds frames of C libraries, and stops the process for each sample."""
        self._folder = tempfile.TemporaryDirectory(prefix="myriad-profile-")
        self._file = Path(self._folder.name) / "stacks"
        self._seconds = seconds
        self._pid = pid
        self._process: subprocess.Popen[str] | None = None
        self._program = program or find_program()
        if self._program:
            duration = str(max(1, round(seconds - _START_S)))
            self._process = subprocess.Popen(
                [
                    self._program, "record", "--pid", str(pid), "--duration", duration, "--rate", str(rate_hz),
                    "--format", "raw", "--output", str(self._file), "--threads", "--full-filenames",
                    "--native" if native else "--nonblocking",
                ],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            )  # fmt: skip

    def finish(self) -> Samples:
        """Waits for its end."""
        try:
            return self._finish()
        finally:
            self._folder.cleanup()

    def stop(self) -> None:
        """Ends it at once, without samples."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._folder.cleanup()

    def _finish(self) -> Samples:
        if self._process is None:
            return Samples("", "py-spy is not installed")
        try:
            errors = self._process.communicate(timeout=self._seconds + _END_S)[1]
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return Samples("", "py-spy did not end in time")
        if self._process.returncode != 0 or not self._file.exists():
            return Samples("", _why(errors, self._pid))
        return Samples(self._file.read_text(encoding="utf-8", errors="replace"))


def find_program() -> str:
    """py-spy: the one beside this Python, else one on the path; "" if there is none."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy") or ""


def _why(errors: str, pid: int) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if any(word in errors.lower() for word in _PERMISSION):
        return f"this user may not trace process {pid}"
    return f"py-spy failed: {lines[-1] if lines else 'it said nothing'}"
