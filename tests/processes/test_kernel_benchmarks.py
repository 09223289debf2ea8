"""The benchmarks of kernels run: each once, with few players, and nothing is timed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.processes.programs import ROOT

FILE = "benchmarks/kernels/bench_zone.py"


def test_each_benchmark_of_a_kernel_runs_once() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", FILE,
            "--benchmark-disable", "--players", "20", "--npcs", "20",
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    number = (ROOT / FILE).read_text().count("\ndef test_")
    assert passed is not None
    assert int(passed[1]) == number >= 9
