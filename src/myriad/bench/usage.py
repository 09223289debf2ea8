"""What processes cost, by what the operating system says of them.

Responsible for: CPU time and memory of a process and of all that it started. Linux alone; elsewhere all of it is 0.
Not here: which processes there are for what (`bench/server.py`).

Invariant: a process that has ended meanwhile counts as nothing, and is no error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """Of one process: CPU seconds so far, resident memory."""

    cpu_s: float
    rss_bytes: int


def usage_of(pid: int) -> Usage:
    """Of one process, all its threads."""
    fields = _stat(pid)
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE) if fields else Usage(0.0, 0)


def pss_bytes(pid: int) -> int:
    """Resident memory, pages that n processes share counted as an n-th; takes some milliseconds."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def family_of(pid: int) -> list[int]:
    """A process and everything that descends from it, itself first."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(sorted(children.get(one, ())))
    return found


def _stat(pid: int) -> list[str]:
    """The fields after the name; [] if it has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
