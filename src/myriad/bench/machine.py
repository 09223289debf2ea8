"""Facts of the machine, the versions and the sources that a measurement belongs to.

Responsible for: asking them, on Linux; elsewhere what Python knows.
Not here: the form (`bench/capacity.py`).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from myriad.bench.capacity import Machine

LIBRARIES: Final = ("numpy", "numba", "llvmlite", "PyNaCl", "msgspec", "uvloop")
SOURCES: Final = Path(__file__).parents[3]
"""The folder of the clone, if it is one."""


def available_cores() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def machine_facts() -> Machine:
    """All of them, now."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(available_cores()),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        load_before=round(os.getloadavg()[0], 2),
        versions={"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES},
        commit=_git("rev-parse", "HEAD"),
        changed=bool(_git("status", "--porcelain", "--untracked-files=no")),
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _git(*arguments: str) -> str:
    """What git says of the sources, "" where it says nothing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(SOURCES), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
