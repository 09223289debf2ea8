"""The naive servers beside a run: measured by their own program, in the same run, on the same machine.

Responsible for: starting it and reading its figures. Not here: the servers (`benchmarks/naive/`), the floor, which the
load test measures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from myriad.bench.capacity import Yardstick
from myriad.bench.machine import SOURCES
from myriad.core.errors import MyriadError

KINDS: Final = ("everyone", "nearby")
"""The naive server, and its sister with an area of interest."""

_PROGRAM: Final = "benchmarks.naive.measure"
_PATIENCE_S: Final = 60.0


def measure_yardstick(kind: str, *, limit_s: float, sources: Path = SOURCES) -> Yardstick:
    """The most players that it serves, searched for so long. Raises MyriadError where it cannot be measured."""
    if not (sources / "benchmarks" / "naive").is_dir():
        raise MyriadError("the yardsticks are in a clone of the sources, and this is none")
    with tempfile.TemporaryDirectory(prefix="myriad-") as folder:
        file = Path(folder) / f"{kind}.json"
        flags = ["--kind", kind, "--limit-s", str(limit_s), "--json", str(file)]
        try:
            done = subprocess.run(
                [sys.executable, "-m", _PROGRAM, *flags],
                cwd=sources,
                capture_output=True,
                text=True,
                timeout=limit_s + _PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MyriadError(f"the yardstick {kind} did not end") from None
        if done.returncode != 0:
            raise MyriadError(f"the yardstick {kind} failed: {done.stderr.strip().splitlines()[-1:]}")
        return msgspec.json.decode(file.read_bytes(), type=Yardstick)
